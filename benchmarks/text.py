"""What each op on text costs, for one row and for 100,000, beside Polars' own expression, in one run.

    python benchmarks/text.py [--rows 100000] [--repeat 5] [--ops strip,parse_number]

Each op is a pipeline of its own over one column of texts as people write them. ONNX Runtime and Polars have one thread
each. `one row` is a call of the session with one text and `rows` with all of them, which includes reading Python's
strings and making new ones: `through` is a pipeline that does nothing else. Polars starts and ends with its own column.
`ratio` is `rows` against Polars, and `same` the share of rows where the two agree: Polars lowers, normalises and splits
like Unicode and Rust, and skc like Python. `pip install polars`. The fastest of `repeat` counts. The machine counts:
quote ratios.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("POLARS_MAX_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import skc_runtime  # noqa: E402, F401, I001  # before ONNX Runtime
import onnxruntime  # noqa: E402
import op_harness as harness  # noqa: E402  # found by the line above
import polars as pl  # noqa: E402  # after the number of its threads
import results  # noqa: E402

from skc.lower import lower  # noqa: E402
from skc.ops import OPS  # noqa: E402

TEXTS = (
    " Private",
    "19.5M",
    "10,000+",
    "$4.99",
    "7.47%",
    "$962,498.36 ",
    "Köln-Mülheim",
    "New  York\t",
    "İstanbul ß",
    "",
)
NUMBERS = ("19.5M", "201k", "4.99", "962,498.36", "-1,000,000", "0.5", "123456")
Expression = Callable[[Any], Any]
COLUMN = "s"


def cleaned(column: Any) -> Any:
    """A number with groups and a unit, as Polars has to read it."""
    digits = column.str.replace_all(",", "").str.replace_all("[kM]", "")
    factor = pl.when(column.str.ends_with("M")).then(1e6).when(column.str.ends_with("k")).then(1e3).otherwise(1.0)
    return digits.cast(pl.Float64) * factor


# By op its parameters, the same in Polars, and what texts it is given.
BOUND = {"longest": 1000}
OP_OF = {"through": "concat"}
CASES: dict[str, tuple[dict[str, Any], Expression, tuple[str, ...]]] = {
    "through": ({}, lambda s: s, TEXTS),
    "strip": ({}, lambda s: s.str.strip_chars(), TEXTS),
    "parse_number": ({"thousands": ",", "multipliers": {"k": 1e3, "M": 1e6}}, cleaned, NUMBERS),
    "lower": (BOUND, lambda s: s.str.to_lowercase(), TEXTS),
    "upper": (BOUND, lambda s: s.str.to_uppercase(), TEXTS),
    "casefold": (BOUND, lambda s: s.str.to_lowercase(), TEXTS),
    "strip_accents": (BOUND, lambda s: s.str.normalize("NFKD").str.replace_all(r"\p{M}", ""), TEXTS),
    "normalize_text": ({"form": "NFKC"}, lambda s: s.str.normalize("NFKC"), TEXTS),
    "collapse_spaces": ({}, lambda s: s.str.replace_all(r"\s+", " ").str.strip_chars(), TEXTS),
    "replace": ({"text": ",", "by": ""}, lambda s: s.str.replace_all(",", "", literal=True), TEXTS),
    "substring": ({"start": 1, "length": 3}, lambda s: s.str.slice(1, 3), TEXTS),
    "split": (
        {"delimiter": "-", "part": 1, "missing": "empty"},
        lambda s: s.str.split("-").list.get(1, null_on_oob=True).fill_null(""),
        TEXTS,
    ),
    "length": ({}, lambda s: s.str.len_chars(), TEXTS),
    "concat": ({"prefix": "<", "suffix": ">"}, lambda s: pl.concat_str([pl.lit("<"), s, pl.lit(">")]), TEXTS),
    "starts_with": ({"text": "$"}, lambda s: s.str.starts_with("$"), TEXTS),
    "ends_with": ({"text": "%"}, lambda s: s.str.ends_with("%"), TEXTS),
    "contains": ({"text": "York"}, lambda s: s.str.contains("York", literal=True), TEXTS),
    "matches": ({"pattern": "[0-9,.]+[+%]?"}, lambda s: s.str.contains(r"\A[0-9,.]+[+%]?\z"), TEXTS),
    "map": (
        {"values": {text: i for i, text in enumerate(TEXTS)}},
        lambda s: s.replace_strict({text: i for i, text in enumerate(TEXTS)}, return_dtype=pl.Int64),
        TEXTS,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--ops", default=",".join(CASES))
    results.add_flag(parser)
    given = parser.parse_args()
    print(f"{'op':<16} {'nodes':>5} {'one row, µs':>12} {'rows, ms':>9} {'Polars, ms':>11} {'ratio':>6} {'same':>7}")
    names = given.ops.split(",")
    ratios = {f"{name}, to Polars": measured(name, given.rows, given.repeat) for name in names}
    results.save(given.json, ratios)


def measured(name: str, rows: int, repeat: int) -> float:
    """Print the line of one op; its ratio to Polars."""
    params, expression, pool = CASES[name]
    texts = random.Random(0).choices(pool, k=rows)
    lowered = lower(harness.fit(harness.build(OPS[OP_OF.get(name, name)], params, {COLUMN: "string"}), []), "columns")
    session = loaded(lowered.model.SerializeToString())
    array = np.array(texts, dtype=object)[:, None]
    one = fastest(lambda: session.run(None, {COLUMN: array[:1]}), 200 * repeat)
    many = fastest(lambda: session.run(None, {COLUMN: array}), repeat)
    frame = pl.DataFrame({COLUMN: texts})
    theirs = fastest(lambda: frame.select(expression(pl.col(COLUMN))), repeat)
    ours = session.run(["out"], {COLUMN: array})[0][:, 0].tolist()
    polars = frame.select(expression(pl.col(COLUMN))).to_series().to_list()
    same = sum(a == b for a, b in zip(ours, polars, strict=True)) / rows
    times = f"{one * 1e6:>12.1f} {many * 1e3:>9.1f} {theirs * 1e3:>11.1f} {many / theirs:>6.1f}"
    print(f"{name:<16} {len(lowered.model.graph.node):>5} {times} {same:>7.1%}")
    return many / theirs


def loaded(model: bytes) -> onnxruntime.InferenceSession:
    """A session as the runtimes have it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def fastest(call: Callable[[], Any], repeat: int) -> float:
    """Seconds."""
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
