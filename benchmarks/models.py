"""One row of pipelines with a model, from Python: p50 and p99 beside scikit-learn and skl2onnx, in one run.

    python benchmarks/models.py [--calls 2000]

Churn: 5 numeric columns (median, scale), 5 categorical (one-hot), logistic regression. Forest: the numeric columns and
100 trees. Compared: scikit-learn on a DataFrame of one row; skl2onnx's export in float32, bare; skc with both
signatures, as a bare session call and through `skc_runtime`; and a graph that does nothing. Quote ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skc

sys.path.insert(0, str(Path(__file__).parent))
import results
from latency import Subject, bare, empty_graph, measure, tensors

NUMBERS = [f"n{k}" for k in range(5)]
WORDS = [f"c{k}" for k in range(5)]
ROWS = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000, help="timed calls of each subject")
    results.add_flag(parser)
    arguments = parser.parse_args()
    rows, target = make_rows()
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    churn = make_pipeline(ColumnTransformer([("n", numbers, NUMBERS), ("c", words, WORDS)]), LogisticRegression())
    forest = make_pipeline(SimpleImputer(), RandomForestClassifier(100, random_state=0))
    ratios: dict[str, float] = {}
    for name, model, columns in (("churn", churn, [*NUMBERS, *WORDS]), ("forest", forest, NUMBERS)):
        ratios |= compare(name, model.fit(rows[columns], target), rows[columns], arguments.calls)
    results.save(arguments.json, ratios)


def make_rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers with gaps, words of 10 categories each, and a target that depends on both."""
    random = np.random.default_rng(0)
    numbers = random.lognormal(3, 1, (ROWS, len(NUMBERS)))
    words = random.integers(0, 10, (ROWS, len(WORDS)))
    target = (numbers[:, 0] / 20 + words[:, 0] + random.normal(0, 1, ROWS) > 6).astype(int)
    numbers[random.random(numbers.shape) < 0.05] = np.nan
    frame = pd.DataFrame(numbers, columns=NUMBERS)
    return frame.assign(**{name: [f"w{i}" for i in words[:, k]] for k, name in enumerate(WORDS)}), target


def compare(name: str, model: Any, rows: pd.DataFrame, calls: int) -> dict[str, float]:
    """Print one table; its ratios to skl2onnx."""
    row = rows.iloc[[7]]
    record = {key: None if value != value else value for key, value in row.iloc[0].to_dict().items()}
    subjects: dict[str, Subject] = {"empty graph, bare": empty_graph()}
    with tempfile.TemporaryDirectory() as folder:
        for signature in ("columns", "packed"):
            out = Path(folder) / signature
            skc.compile(model, rows.iloc[:500], out, signature=signature, rows=200)
            transformer = skc_runtime.load(out)
            subjects[f"skc {signature}, bare"] = bare(
                (out / "model.onnx").read_bytes(), tensors(transformer.manifest, record)
            )
            subjects[f"skc {signature}, skc_runtime"] = lambda t=transformer: t.transform(record)
    types = [(key, StringTensorType([None, 1]) if key in WORDS else FloatTensorType([None, 1])) for key in rows.columns]
    if WORDS[0] not in rows.columns:
        types = [("x", FloatTensorType([None, rows.shape[1]]))]
        feeds = {"x": row.to_numpy(dtype=np.float32)}
    else:
        feeds = {
            key: np.array([[row.iloc[0][key]]], dtype=object if key in WORDS else np.float32) for key in rows.columns
        }
    exported = to_onnx(model, initial_types=types, target_opset=20, options={id(model): {"zipmap": False}})
    subjects["skl2onnx, bare"] = bare(exported.SerializeToString(), feeds)
    subjects["scikit-learn"] = lambda: model.predict_proba(row)
    timings = measure(subjects, calls)
    p50 = {subject: float(np.percentile(values, 50)) / 1000 for subject, values in timings.items()}
    print(f"\n{name}\n{'subject':<28}{'p50 µs':>10}{'p99 µs':>10}{'x empty':>10}{'x skl2onnx':>12}")
    for subject, values in timings.items():
        p99 = float(np.percentile(values, 99)) / 1000
        ratios = p50[subject] / p50["empty graph, bare"], p50[subject] / p50["skl2onnx, bare"]
        print(f"{subject:<28}{p50[subject]:>10.1f}{p99:>10.1f}{ratios[0]:>10.2f}{ratios[1]:>12.3f}")
    return {f"{name}: {subject}, to skl2onnx": p50[subject] / p50["skl2onnx, bare"] for subject in timings}


if __name__ == "__main__":
    main()
