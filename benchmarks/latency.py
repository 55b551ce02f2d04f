"""One row, from Python: p50 and p99 of the 39-column pipeline against its peers, in one run.

    python benchmarks/latency.py [--rows 200000] [--calls 4000]

13 float and 26 string columns: impute + standard_scale, and a vocabulary. Compared: skc's two signatures, as a bare
session call with the tensors ready and through `skc_runtime`; skl2onnx's export of the scikit-learn equivalent;
scikit-learn itself; and a graph that does nothing, which is what a call costs. A second pipeline has 1,000 float
columns (impute, standard_scale), packed. Calls of all subjects take turns, so
that a busy moment of the machine hits them alike; quote ratios.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import results
from tables import NUMBERS, STRINGS, make_table

import skc

PIPELINE = f"""
skc: 1
name: latency
inputs:
{"".join(f"  {n}: {{type: float64, nullable: true}}{chr(10)}" for n in NUMBERS)}
{"".join(f"  {s}: {{type: string, nullable: true}}{chr(10)}" for s in STRINGS)}
features:
  numbers: {{from: {{type: float64}}, apply: [impute, standard_scale]}}
  strings: {{from: {{type: string}}, apply: [vocabulary]}}
outputs:
  x: {{features: [numbers], dtype: float32}}
  ids: {{features: [strings], dtype: int64}}
"""
WIDE = 1_000
Subject = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="rows to fit on")
    parser.add_argument("--calls", type=int, default=4_000, help="timed calls of each subject")
    results.add_flag(parser)
    arguments = parser.parse_args()
    table = make_table(arguments.rows)
    record = {name: table[name][7].as_py() for name in table.column_names}
    subjects = {"empty graph, bare": empty_graph()}
    with tempfile.TemporaryDirectory() as folder:
        subjects |= skc_subjects(Path(folder), table, record)
        subjects |= wide_subjects(Path(folder))
    subjects |= peers(table, record)
    timings = measure(subjects, arguments.calls)
    results.save(arguments.json, report(timings))


def session(model: bytes) -> onnxruntime.InferenceSession:
    """The options skc_runtime uses, for everyone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def bare(model: bytes, feeds: dict[str, np.ndarray]) -> Subject:
    """One session call with the tensors ready."""
    ready = session(model)
    return lambda: ready.run(None, feeds)


def empty_graph() -> Subject:
    return bare(empty_model(), {"x": np.zeros((1, 13))})


def empty_model() -> bytes:
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        "empty",
        [value("x", onnx.TensorProto.DOUBLE, ["N", 13])],
        [value("y", onnx.TensorProto.DOUBLE, ["N", 13])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


def skc_subjects(folder: Path, table: pa.Table, record: dict[str, Any]) -> dict[str, Subject]:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    pq.write_table(table, folder / "rows.parquet")
    subjects: dict[str, Subject] = {}
    for signature in ("columns", "packed"):
        out = folder / signature
        skc.compile(folder / "pipeline.yaml", str(folder / "rows.parquet"), out, signature=signature, verify=False)
        transformer = skc_runtime.load(out)
        feeds = tensors(transformer.manifest, record)
        subjects[f"skc {signature}, bare"] = bare((out / "model.onnx").read_bytes(), feeds)
        subjects[f"skc {signature}, skc_runtime"] = lambda t=transformer: t.transform(record)
    return subjects


def wide_subjects(folder: Path) -> dict[str, Subject]:
    """One row of many floats, packed."""
    names = [f"n{k:04}" for k in range(WIDE)]
    values = np.random.default_rng(0).lognormal(size=(WIDE, 2_000))
    inputs = "".join(f"  {name}: {{type: float64, nullable: true}}\n" for name in names)
    (folder / "wide.yaml").write_text(
        f"skc: 1\nname: wide\ninputs:\n{inputs}features:\n"
        "  numbers: {from: {type: float64}, apply: [impute, standard_scale]}\n"
        "outputs:\n  x: {features: [numbers], dtype: float32}\n"
    )
    table = pa.table(dict(zip(names, values, strict=True)))
    skc.compile(folder / "wide.yaml", table, folder / "wide", signature="packed", verify=False, profile=False)
    record = dict(zip(names, values[:, 7].tolist(), strict=True))
    transformer = skc_runtime.load(folder / "wide")
    return {
        "1,000 columns, bare": bare(
            (folder / "wide" / "model.onnx").read_bytes(), tensors(transformer.manifest, record)
        ),
        "1,000 columns, skc_runtime": lambda: transformer.transform(record),
    }


def tensors(manifest: Any, record: dict[str, Any]) -> dict[str, np.ndarray]:
    """The input tensors of one record."""
    dtypes = {"float64": np.float64, "string": object, "bool": np.bool_}
    made = {t.name: np.zeros((1, t.width), dtype=dtypes[t.dtype]) for t in manifest.tensors}
    for value in manifest.inputs:
        given = record[value.name]
        missing = np.nan if value.type == "float64" else ""
        made[value.tensor][0, value.column] = missing if given is None else given
        if value.valid is not None:
            made[value.valid.tensor][0, value.valid.column] = given is not None
    return made


def peers(table: pa.Table, record: dict[str, Any]) -> dict[str, Subject]:
    import pandas as pd
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    frame = table.to_pandas(strings_to_categorical=False).astype(dict.fromkeys(STRINGS, object))
    frame[STRINGS] = frame[STRINGS].where(frame[STRINGS].notna(), "<missing>")
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = ColumnTransformer(
        [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS), ("strings", encoder, STRINGS)]
    ).fit(frame)
    types = [(n, FloatTensorType([None, 1])) for n in NUMBERS] + [(s, StringTensorType([None, 1])) for s in STRINGS]
    exported = to_onnx(model, initial_types=types, target_opset=20)
    feeds: dict[str, np.ndarray] = {
        n: np.array([[np.nan if record[n] is None else record[n]]], dtype=np.float32) for n in NUMBERS
    }
    feeds |= {s: np.array([["<missing>" if record[s] is None else record[s]]], dtype=object) for s in STRINGS}
    row = pd.DataFrame([{k: v if v is not None else np.nan for k, v in record.items()}])
    row[STRINGS] = row[STRINGS].astype(object).where(row[STRINGS].notna(), "<missing>")
    return {
        "skl2onnx, bare": bare(exported.SerializeToString(), feeds),
        "scikit-learn": lambda: model.transform(row),
    }


def measure(subjects: dict[str, Subject], calls: int) -> dict[str, np.ndarray]:
    """Nanoseconds of each call; subjects take turns in rounds, a slow one gets fewer calls."""
    rounds = 20
    timings: dict[str, list[int]] = {name: [] for name in subjects}
    for call in subjects.values():
        for _ in range(20):
            call()
    gc.disable()
    for _ in range(rounds):
        for name, call in subjects.items():
            share = calls // rounds if name != "scikit-learn" else max(1, calls // rounds // 40)
            for _ in range(share):
                start = time.perf_counter_ns()
                call()
                timings[name].append(time.perf_counter_ns() - start)
    gc.enable()
    return {name: np.array(values) for name, values in timings.items()}


def report(timings: dict[str, np.ndarray]) -> dict[str, float]:
    """Print the table; each p50 as a ratio to that of the empty graph, and to the bare call."""
    p50 = {name: float(np.percentile(values, 50)) / 1000 for name, values in timings.items()}
    empty, peer = p50["empty graph, bare"], p50["skl2onnx, bare"]
    print(f"{'subject':<28}{'p50 µs':>10}{'p99 µs':>10}{'x empty':>10}{'x skl2onnx':>12}")
    for name, values in timings.items():
        p99 = float(np.percentile(values, 99)) / 1000
        print(f"{name:<28}{p50[name]:>10.1f}{p99:>10.1f}{p50[name] / empty:>10.2f}{p50[name] / peer:>12.3f}")
    ratios = {f"{name}, to an empty graph": value / empty for name, value in p50.items()}
    ratios["skc packed, bare, to skl2onnx"] = p50["skc packed, bare"] / peer
    for signature in ("columns", "packed"):
        ratios[f"skc {signature}, skc_runtime to bare"] = (
            p50[f"skc {signature}, skc_runtime"] / p50[f"skc {signature}, bare"]
        )
        added = p50[f"skc {signature}, skc_runtime"] - p50[f"skc {signature}, bare"]
        share = added / p50[f"skc {signature}, bare"]
        print(f"skc_runtime adds {added:.1f} µs to {signature}: {share:.2f} of the bare call")
    return ratios


if __name__ == "__main__":
    main()
