"""A batch: 100,000 rows of 39 columns through skc_runtime, from tables of several libraries, beside Polars, in one run.

    python benchmarks/batch.py [--rows 100000] [--repeat 5]

The pipeline of latency.py (13 numbers: impute, standard_scale; 26 strings: a vocabulary), signature packed. Polars
computes the same as lazy expressions (fill_null, arithmetic, replace_strict), on all cores. `ready tensors` is ONNX
Runtime alone, on tensors that are made already, in chunks of 4,096 rows on a thread for each core: what skc_runtime
cannot be faster than. Subjects take turns, and the fastest of each counts; `cpu` is the
processor time of all threads, which a busy machine distorts less. The machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import results
from latency import PIPELINE, session
from tables import NUMBERS, STRINGS, make_table

import skc
from skc_runtime.agreement import agree
from skc_runtime.chunks import cuts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    results.add_flag(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        subjects = make_subjects(Path(name), arguments.rows)
        best = dict.fromkeys(subjects, (float("inf"), float("inf")))
        for _ in range(arguments.repeat):
            for subject, call in subjects.items():
                started, used = time.perf_counter(), time.process_time()
                call()
                took = time.perf_counter() - started, time.process_time() - used
                best[subject] = min(best[subject][0], took[0]), min(best[subject][1], took[1])
    peer, peer_cpu = best["polars expressions"]
    print(f"{'subject':<30}{'ms':>10}{'x Polars':>10}{'rows/s':>12}{'cpu ms':>10}{'x Polars':>10}")
    for subject, (seconds, cpu) in best.items():
        rate = f"{seconds / peer:>10.2f}{arguments.rows / seconds:>12,.0f}"
        print(f"{subject:<30}{1000 * seconds:>10.0f}{rate}{1000 * cpu:>10.0f}{cpu / peer_cpu:>10.2f}")
    results.save(arguments.json, {f"{subject}, to Polars": seconds / peer for subject, (seconds, _) in best.items()})


def make_subjects(folder: Path, rows: int) -> dict[str, Callable[[], Any]]:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    table = make_table(max(rows, 200_000))
    skc.compile(folder / "pipeline.yaml", table, folder / "artifact", signature="packed", verify=False, profile=False)
    table = table.slice(0, rows)
    pq.write_table(table, folder / "rows.parquet")
    transformer = skc_runtime.load(folder / "artifact")
    frame, polars = table.to_pandas(), pl.from_arrow(table)
    encoded = pa.table({n: table[n].dictionary_encode() if n in STRINGS else table[n] for n in table.column_names})
    assert isinstance(polars, pl.DataFrame)
    features = transformer.transform(table)
    expressions = polars_expressions(folder / "artifact", polars)
    expected = expressions.collect()
    for names, output in ((STRINGS, "ids"), (NUMBERS, "x")):
        if not agree(expected.select(names).to_numpy(), features[output], False).all():
            raise SystemExit(f"Polars computes another {output}")
    return {
        "polars expressions": expressions.collect,
        "ready tensors": ready(transformer, folder / "artifact" / "model.onnx", table),
        "from Arrow": lambda: transformer.transform(table),
        "from Arrow dictionaries": lambda: transformer.transform(encoded),
        "from Polars": lambda: transformer.transform(polars),
        "from pandas": lambda: transformer.transform(frame),
        "from Parquet": lambda: transformer.transform(pq.read_table(folder / "rows.parquet")),
    }


def polars_expressions(artifact: Path, frame: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """What the artifact learned, as expressions of Polars."""
    from skc import plan

    steps = {step.op: step for step in plan.loads((artifact / "plan.json").read_bytes()).steps}
    fill, scale, ids = (steps[op].state for op in ("impute", "standard_scale", "vocabulary"))
    numbers = [
        ((pl.col(name).fill_null(fill.value[k]) - scale.mean[k]) / scale.scale[k]).cast(pl.Float32)
        for k, name in enumerate(NUMBERS)
    ]
    strings = []
    for k, name in enumerate(STRINGS):
        first, keys = ids.first_id[k], list(ids.keys[k])
        numbered = pl.col(name).replace_strict(
            pl.Series(keys, dtype=pl.String),
            pl.Series(range(first, first + len(keys)), dtype=pl.Int64),
            default=first - 1,
            return_dtype=pl.Int64,
        )
        strings.append(pl.when(pl.col(name).is_null()).then(0).otherwise(numbered).alias(name))
    return frame.lazy().select(*numbers, *strings)


def ready(transformer: Any, model: Path, table: pa.Table) -> Callable[[], Any]:
    """ONNX Runtime alone."""
    marshaller = transformer._marshaller
    batch = marshaller.request(table, "error")
    run = session(model.read_bytes()).run
    chunks = [marshaller.feeds(batch, chunk) for chunk in cuts(batch.rows, batch.longest(), batch.lengths)]

    def call() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda feeds: run(None, feeds), chunks))

    return call


if __name__ == "__main__":
    main()
