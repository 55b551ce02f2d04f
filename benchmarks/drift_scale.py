"""What `skc drift` of many rows takes: processor time and the largest resident set, which must not grow with them.

    python benchmarks/drift_scale.py [--rows 1000000 3000000 10000000] [--categories 10000000] [--gigabytes 1 20]
        [--kinds log full parquet distinct plain]

A log of the rides example (10 columns with their facts, digests of features), one with `full` features, which are then
compared as they were served, the same rows as Parquet, and a Parquet file of one column of texts that are all
different. `plain` is for size: files of 1 GB without dictionaries or
compression, each a hard link to one and the same, so that 20 GB are read in full and take 1 GB of the disk. Each
comparison runs in a process of its own; files are made before, and removed. The peaks of the last and the first size
of one run are compared: their ratio is kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import results

RIDES = Path(__file__).parents[1] / "examples" / "rides"
PART = 250_000
DISTINCT = """\
skc: 1
name: distinct
inputs: {s: string}
features: {h: {from: s, apply: [{hash_bucket: {buckets: 64}}]}}
outputs: {h: {features: [h], dtype: int64}}
"""
RUN = "import sys, skc; r = skc.drift(sys.argv[1], sys.argv[2]); print(r.rows, len(r.found))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--categories", type=int, default=10_000_000)
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=["log", "full", "parquet", "distinct", "plain"],
        default=["log", "full", "parquet", "distinct"],
    )
    parser.add_argument("--gigabytes", type=int, nargs="+", default=[1, 20])
    results.add_flag(parser)
    given = parser.parse_args()
    ratios: dict[str, float] = {}
    print(f"{'':28}{'rows':>12}{'findings':>10}{'CPU s':>10}{'peak':>10}{'file':>10}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rides, distinct = folder / "rides", folder / "distinct"
        compiled(RIDES / "pipeline.yaml", None, rides)
        (folder / "distinct.yaml").write_text(DISTINCT)
        for kind in given.kinds:
            artifact = distinct if kind == "distinct" else rides
            sizes = [given.categories // 10, given.categories] if kind == "distinct" else given.rows
            sizes = given.gigabytes if kind == "plain" else sizes
            if kind == "distinct":
                (texts,) = written_texts(folder, 100_000, "training")
                compiled(folder / "distinct.yaml", texts, distinct)
            peaks = [measured(kind, n, folder, artifact) for n in sizes]
            noun = "GB" if kind == "plain" else "rows"
            ratios[f"{kind}: peak of {sizes[-1]:,} {noun}, to that of {sizes[0]:,}"] = peaks[-1] / peaks[0]
    results.save(given.json, ratios)


def measured(kind: str, size: int, folder: Path, artifact: Path) -> int:
    """The peak in bytes of comparing so many rows, or gigabytes; prints it."""
    writers = {
        "log": written_log,
        "full": written_log,
        "parquet": written_rides,
        "distinct": written_texts,
        "plain": written_links,
    }
    files = writers[kind](folder, size, kind)
    data = files[0] if len(files) == 1 else files[0].parent / "*.parquet"
    command = [sys.executable, "-c", RUN, str(data), str(artifact)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        printed = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"skc drift of {data} failed")
    seen, found = printed.split()[-2:]
    if printed.count("\n") > 1:
        print(printed[:300])
    peak, cpu = usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime
    read = sum(file.stat().st_size for file in files)
    print(
        f"{kind:28}{int(seen):>12,}{found:>10}{cpu:>10.1f}{peak / 1e6:>7.0f} MB{read / 1e6:>7.0f} MB",
        flush=True,
    )
    for file in files:
        file.unlink()
    return peak


def compiled(pipeline: Path, data: Path | None, out: Path) -> None:
    import skc

    skc.compile(pipeline, None if data is None else str(data), out, rows=0, verify=False)


def written_rides(folder: Path, rows: int, name: str) -> list[Path]:
    """The rows of the example, over and over, in another order each time."""
    import numpy as np
    import pyarrow.parquet as pq

    table, source, file = training(), np.random.default_rng(1), folder / f"{name}.parquet"
    with pq.ParquetWriter(file, table.schema) as writer:
        for start in range(0, rows, PART):
            writer.write_table(table.take(source.integers(0, len(table), min(PART, rows - start))))
    return [file]


def written_links(folder: Path, gigabytes: int, name: str) -> list[Path]:
    """So many files of a gigabyte each, which are one on the disk."""
    import numpy as np
    import pyarrow.parquet as pq

    table, source, here = training(), np.random.default_rng(1), folder / name
    here.mkdir(exist_ok=True)
    first, *others = [here / f"part-{k:03}.parquet" for k in range(gigabytes)]
    with pq.ParquetWriter(first, table.schema, compression="none", use_dictionary=False) as writer:
        while first.stat().st_size < 10**9:
            writer.write_table(table.take(source.integers(0, len(table), PART)))
    for other in others:
        other.hardlink_to(first)
    return [first, *others]


def written_log(folder: Path, rows: int, name: str) -> list[Path]:
    """A log as a runtime writes it: the lines of the example's rows, over and over, with other numbers and ids."""
    import skc_runtime

    file, table = folder / f"{name}.jsonl", training()
    log = folder / "one"
    with (
        skc_runtime.load(folder / "rides") as transformer,
        skc_runtime.Log.open(
            log, transformer, on_full="wait", features="full" if name == "full" else "digest"
        ) as opened,
    ):
        for k, record in enumerate(table.to_pylist()):
            opened.add(f"r{k}", record, transformer.transform_record(record), time_us=k)
    header, *lines, _ = next(log.iterdir()).read_text().splitlines()
    rests = [line.split(",", 2)[2] for line in lines]
    with file.open("w") as out:
        out.write(header + "\n")
        for start in range(0, rows, PART):
            numbers = range(start + 1, min(start + PART, rows) + 1)
            out.writelines(f'{{"n":{n},"id":"r{n}",{rests[n % len(rests)]}\n' for n in numbers)
        out.write(f'{{"end":true,"n":{rows},"logged":{rows},"dropped":0,"sampled_out":0}}\n')
    for part in log.iterdir():
        part.unlink()
    log.rmdir()
    return [file]


def written_texts(folder: Path, rows: int, name: str) -> list[Path]:
    """Texts of which no two are equal."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / f"{name}.parquet"
    with pq.ParquetWriter(file, pa.schema([("s", pa.string())])) as writer:
        for start in range(0, rows, PART):
            numbers = range(start, min(start + PART, rows))
            writer.write_table(pa.table({"s": [f"{name} {n * 2_654_435_761 % 2**32:010}" for n in numbers]}))
    return [file]


def training() -> Any:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from skewed_rides import training as rows

    return rows()


if __name__ == "__main__":
    main()
