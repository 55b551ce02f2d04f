"""Signals: what counting costs one row, and whether every language counts what NumPy does.

    python benchmarks/signals.py [--rows 100000] [--calls 4000] [--languages python,java,go,cpp] [--repeat 3]

The cost: the 39-column pipeline of `latency.py`, packed, with and without signals (65 of them), by `skc_runtime` and
as a bare session call; calls of all subjects take turns. With an observer alone, and with none: what they cost, and how
many blocks of memory a call leaves behind. Every other language measures itself in the same way, with the ONNX Runtime
of the conformance suite: one process, both artifacts, and their calls in turns.

The counts: records of hostile values (nulls, NaN, infinities, unknown and long categories, wrong types, missing keys,
values that a policy of `error` refuses), each served alone by the executors of tests/conformance, compared with a count
in NumPy that knows nothing of skc: sets of training values, bounds and patterns.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import languages as programs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import results
from latency import PIPELINE, bare
from tables import make_table

import skc
from skc.rows.sampling import to_blocks

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "conformance"), str(ROOT / "tests")]
LARGEST_OVERHEAD = 1.20
ROUNDS = 7
NO_LIBRARY = Path(skc_runtime.__file__).parent / "none" / "of" / "it"  # for Python, which brings its own


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="hostile records")
    parser.add_argument("--calls", type=int, default=4_000, help="timed calls of each subject in each round")
    parser.add_argument("--languages", default="python,java,go,cpp")
    parser.add_argument("--repeat", type=int, default=3, help="processes of each other language")
    results.add_flag(parser)
    arguments = parser.parse_args()
    languages = arguments.languages.split(",")
    is_right, ratios = True, dict[str, float]()
    if arguments.calls:
        ratios = cost(arguments.calls)
        others = [language for language in languages if language != "python"]
        ratios |= cost_elsewhere(others, arguments.calls, arguments.repeat)
        is_right = all(ratio <= LARGEST_OVERHEAD for name, ratio in ratios.items() if "signals / without" in name)
    if arguments.rows:
        is_right &= counts(arguments.rows, languages)
    results.save(arguments.json, ratios)
    return 0 if is_right else 1


# the cost


def cost(calls: int) -> dict[str, float]:
    table = make_table(20_000)
    record = record_of(table)
    with tempfile.TemporaryDirectory() as folder:
        subjects = {}
        loaded = {}
        for name, has_signals in (("plain", False), ("signals", True)):
            out = Path(folder) / name
            compiled(table, out, signals=has_signals)
            loaded[name] = skc_runtime.load(out)
        loaded["observer"] = skc_runtime.load(Path(folder) / "plain", observer=lambda call: None)
        for name, transformer in loaded.items():
            subjects[name] = lambda transformer=transformer: transformer.transform_record(record)
        for name in ("plain", "signals"):
            artifact = skc.artifact.read(Path(folder) / name, replay=False)
            feeds = feeds_of(artifact, record)
            subjects[f"{name}, bare"] = bare(artifact.files["model.onnx"], feeds)
        times = measured(subjects, calls)
        signals = loaded["signals"].manifest.signals
    print(
        f"one row of 39 columns, {0 if signals is None else len(signals.columns)} signals; medians of {ROUNDS} rounds"
    )
    for name, taken in times.items():
        print(f"  {name:<16}{statistics.median(taken) * 1e6:>8.1f} µs")
    ratios = {name: ratio(times[name], times["plain"]) for name in ("signals", "observer")}
    ratios["signals, bare"] = ratio(times["signals, bare"], times["plain, bare"])
    for name, found in ratios.items():
        print(f"  {name:<16}{found:>8.3f} × without (median of paired rounds)")
    left = blocks_left(subjects["plain"])
    print(f"  blocks of memory that a call without signals and observer leaves behind: {left:.3f}")
    return {f"{name} / without, one row": found for name, found in ratios.items()}


def cost_elsewhere(languages: list[str], calls: int, repeat: int) -> dict[str, float]:
    """The ratio of every other language: the median over its processes."""
    if not languages:
        return {}
    environment, table = programs.environment_of_all(), make_table(20_000)
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "pipeline.yaml").write_text(PIPELINE)
        pq.write_table(table, folder / "rows.parquet")
        (folder / "record.json").write_text(json.dumps(record_of(table)))
        options: tuple[tuple[str, ...], ...] = (("plain",), ("signals", "--signals"))
        artifacts = [programs.compiled(folder, name, environment, *more) for name, *more in options]
        for language in languages:
            given = ("signals", *map(str, artifacts), str(folder / "record.json"), str(calls))
            runs = [programs.measured(language, given, environment) for _ in range(repeat)]
            plain_us = [run["plain"]["p50_us"] for run in runs]
            found = statistics.median(run["signals"]["p50_us"] / run["plain"]["p50_us"] for run in runs)
            print(f"  {language:<8}{min(plain_us):>8.1f} µs without signals, {found:.3f} × with")
            ratios[f"signals / without, one row, {language}"] = found
    return ratios


def record_of(table: pa.Table) -> dict[str, Any]:
    return {name: table[name][7].as_py() for name in table.column_names}


def compiled(table: pa.Table, out: Path, *, signals: bool) -> None:
    (out.parent / "pipeline.yaml").write_text(PIPELINE)
    pq.write_table(table, out.parent / "rows.parquet")
    skc.compile(out.parent / "pipeline.yaml", out.parent / "rows.parquet", out, signals=signals, verify=False)


def feeds_of(artifact: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    from skc.equality.sides import feeds

    return feeds(artifact.manifest, to_blocks(artifact.pipeline.inputs, [record]))


def measured(subjects: Mapping[str, Callable[[], Any]], calls: int) -> dict[str, list[float]]:
    """Seconds a call, by subject and round: in each round the subjects take turns, a hundred calls at a time."""
    for call in subjects.values():
        for _ in range(500):
            call()
    gc.disable()
    found: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        best: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(max(calls // 100, 1)):
            for name, call in subjects.items():
                started = time.process_time()
                for _ in range(100):
                    call()
                best[name].append((time.process_time() - started) / 100)
        for name, taken in best.items():
            found[name].append(statistics.median(taken))
    gc.enable()
    return found


def ratio(a: list[float], b: list[float]) -> float:
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def blocks_left(call: Callable[[], Any]) -> float:
    """Blocks of memory allocated and not released, a call."""
    before = sys.getallocatedblocks()
    for _ in range(1000):
        call()
    return (sys.getallocatedblocks() - before) / 1000


# the counts

HOSTILE = """
skc: 1
name: hostile
inputs:
  payment: {type: string, nullable: true, null_values: ["", "n/a"]}
  zone: {type: string, nullable: true}
  fare: {type: float64, nullable: true}
  tip: {type: float64, nullable: true, null_values: [-1]}
  seats: int64
  when: string
  hour: {type: int64, nullable: true}
features:
  payment: {from: payment, apply: [{one_hot: {unknown: zeros, null: zeros}}]}
  zone: {from: zone, apply: [vocabulary]}
  fare: {from: fare, apply: [{impute: {strategy: median}}, minmax_scale]}
  tip: {from: tip, apply: [{clip: {min: 0, max: 10}}, {impute: {strategy: mean}}]}
  seats: {from: seats, apply: [{ordinal: {unknown: value, unknown_value: -1}}]}
  month: {from: when, apply: [{parse_datetime: {format: "%Y-%m-%d", invalid: null}}, {datetime_part: {part: month}}]}
  hour: {from: hour, apply: [{one_hot: {unknown: error, null: zeros}}]}
outputs:
  x: {features: [payment, fare, tip, seats, month, hour], dtype: float64}
  ids: {features: [zone], dtype: int64}
"""
PAYMENTS, ZONES, SEATS, HOURS = ("card", "cash", "app"), tuple("abcdefgh"), (1, 2, 4), tuple(range(24))
LONG, WIDE = "z" * 3000, "\N{GRINNING FACE}"
DAYS = (
    "2024-01-02",
    "1969-12-31",
    "2024-02-29",
    "2023-02-29",
    "2024-13-01",
    "",
    " 2024-01-02",
    "2024-1-2",
    "soon",
    WIDE,
)
VALID = re.compile(r"(19|20)\d\d-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])")
LEAST, GREATEST = 0.5, 80.0  # of fares in training
WRONG = {"list": []}  # a cell that no input accepts


def training_rows() -> Iterator[dict[str, Any]]:
    for i in range(240):
        yield {
            "payment": PAYMENTS[i % 3],
            "zone": ZONES[i % 8],
            "fare": LEAST + (GREATEST - LEAST) * (i % 24) / 23,
            "tip": float(i % 7),
            "seats": SEATS[i % 3],
            "when": f"2024-{i % 12 + 1:02}-02",
            "hour": HOURS[i % 24],
        }


def hostile_columns(rows: int) -> dict[str, Any]:
    """Values by input, as NumPy arrays of objects; `WRONG` is of a type that the input refuses, `...` is missing."""
    random = np.random.default_rng(14)

    def chosen(usual: Any, strange: Any, share: float = 0.2) -> Any:
        usual, strange = (np.array([*values, None], dtype=object)[:-1] for values in (usual, strange))
        is_strange = random.random(rows) < share
        column = np.where(
            is_strange, strange[random.integers(len(strange), size=rows)], usual[random.integers(len(usual), size=rows)]
        )
        kind = random.random(rows)
        column[kind < 0.0005] = None
        return column

    fares = random.uniform(LEAST, GREATEST, 64).tolist()
    edges = [LEAST, GREATEST, np.nextafter(LEAST, 1), np.nextafter(GREATEST, 0)]
    far = [-1.0, 0.0, 80.1, 1e308, -1e308, np.inf, -np.inf, 5e-324, 0.49, np.nan, None]
    columns = {
        "payment": chosen(PAYMENTS, ["Card", "card ", "", "n/a", "N/A", "crypto", LONG, WIDE, None, "0:card"]),
        "zone": chosen(ZONES, ["A", "", "i", "aa", LONG, WIDE, None, "1:a"]),
        "fare": chosen([*fares, *map(float, edges)], far),
        "tip": chosen(
            [0.0, -0.0, 10.0, 3.5, -1.0], [np.nextafter(10.0, 11), -5e-324, np.inf, -np.inf, -1.5, np.nan, None]
        ),
        "seats": chosen(SEATS, [0, 3, -1, 2**63 - 1, -(2**63), 5]),
        "when": chosen(DAYS[:3], DAYS[3:]),
        "hour": chosen(HOURS, [None]),
    }
    columns["hour"][random.random(rows) < 0.01] = 24
    for name in columns:
        columns[name][random.random(rows) < 0.002] = WRONG
    for name in ("seats", "when"):
        columns[name][random.random(rows) < 0.002] = ...
        columns[name][random.random(rows) < 0.001] = None
    return columns


def numpy_counts(columns: Mapping[str, Any]) -> tuple[int, Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Rows served; refusals by code and input; signals by kind and input."""
    rows = len(columns["fare"])
    refused: Counter[tuple[str, str]] = Counter()
    is_left = np.ones(rows, dtype=bool)
    codes = []
    for name, column in columns.items():
        codes.append((name, "wrong-type", np.array([v is WRONG for v in column])))
        if name in ("seats", "when"):
            codes.append((name, "missing-key", np.array([v is ... for v in column])))
            codes.append((name, "null", np.array([v is None for v in column])))
    codes.append(("hour", "unknown-category", np.array([v == 24 for v in columns["hour"]])))
    for name, code, mask in codes:  # the first input in order, then the graph
        refused[code, name] += int((mask & is_left).sum())
        is_left &= ~mask
    served = {name: column[is_left] for name, column in columns.items()}
    floats = {
        name: np.array([np.nan if v is None else v for v in served[name]], dtype=np.float64) for name in ("fare", "tip")
    }
    tip, fare = np.where(floats["tip"] == -1, np.nan, floats["tip"]), floats["fare"]
    texts = {
        "payment": np.array([None if v in (None, "", "n/a") else v for v in served["payment"]], dtype=object),
        "zone": served["zone"],
    }
    found: dict[tuple[str, str], Any] = {
        ("null", "payment"): np.equal(texts["payment"], None),
        ("null", "zone"): np.equal(texts["zone"], None),
        ("null", "fare"): np.isnan(fare),
        ("null", "tip"): np.isnan(tip),
        ("null", "hour"): np.equal(served["hour"], None),
        ("unknown", "payment"): ~np.isin(texts["payment"].astype(str), [*PAYMENTS, "None"]),
        ("unknown", "zone"): ~np.isin(texts["zone"].astype(str), [*ZONES, "None"]),
        ("unknown", "seats"): ~np.isin(served["seats"].astype(np.int64), SEATS),
        ("outside", "fare"): (fare < LEAST - 1e-6) | (fare > GREATEST + 1e-6),
        ("clipped", "tip"): (tip < 0) | (tip > 10),
        ("invalid", "when"): np.array([not is_date(v) for v in served["when"]]),
    }
    return (
        int(is_left.sum()),
        +refused,
        Counter({place: int(mask.sum()) for place, mask in found.items() if mask.any()}),
    )


def is_date(text: str) -> bool:
    if VALID.fullmatch(text) is None:
        return False
    year, month, day = map(int, text.split("-"))
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= (29 if month == 2 and is_leap else 28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)


def counts(rows: int, languages: list[str]) -> bool:
    from executors import LANGUAGES, Executor

    library = NO_LIBRARY if languages == ["python"] else programs.library()
    columns = hostile_columns(rows)
    wanted = numpy_counts(columns)
    refused = sum(wanted[1].values())
    print(f"{rows:,} hostile records: {wanted[0]:,} served, {refused:,} refused; NumPy counts {dict(wanted[2])}")
    records = [{name: cell(columns[name][i]) for name in columns} for i in range(rows)]
    is_right = True
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pipeline.yaml").write_text(HOSTILE)
        (Path(folder) / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in training_rows()))
        out = Path(folder) / "artifact"
        skc.compile(Path(folder) / "pipeline.yaml", Path(folder) / "rows.jsonl", out, signals=True)
        for language in languages:
            started = time.perf_counter()
            with Executor(LANGUAGES[language], library, {}) as executor:
                text = served(executor, out, records)
            is_equal = read(text) == wanted
            is_right &= is_equal
            print(f"  {language:<8}{'equal' if is_equal else 'NOT EQUAL':<10}{time.perf_counter() - started:>8.1f} s")
            if not is_equal:
                print("   ", difference(read(text), wanted))
    return is_right


def served(executor: Any, artifact: Path, records: list[Any]) -> str:
    """The text after every record was served alone, in portions."""
    requests: list[dict[str, Any]] = [{"do": "load", "artifact": str(artifact), "replay": "exact"}]
    for start in range(0, len(records), 5000):
        requests.append({"do": "rows", "rows": records[start : start + 5000]})
        requests.append({"do": "threads", "threads": 1, "rounds": 0})  # each once, for what is wanted
    *_, last = executor.ask_all([*requests, {"do": "signals"}])
    text: str = last["signals"]
    return text


def cell(value: Any) -> Any:
    """A value as tests/conformance/README.md writes it."""
    if value is ...:
        return {"missing": True}
    if isinstance(value, int | np.integer):
        return {"int": str(value)}
    if isinstance(value, float):
        special = {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value)
        special = "NaN" if value != value else "-0.0" if value == 0 and np.signbit(value) else special
        return {"float": special or float(value)}
    return value


SAMPLE = re.compile(r"(\w+)\{(.*)\} (\d+)$")


def read(text: str) -> tuple[int, Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """What was counted, as `numpy_counts` has it."""
    rows, refused, signals = 0, Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for line in text.splitlines():
        match = SAMPLE.match(line)
        if match is None:
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
        if match[1] == "skc_rows_total":
            rows = int(match[3])
        if match[1] == "skc_refused_total":
            refused[labels["code"], labels["input"]] += int(match[3])
        if match[1] == "skc_step_total":
            signals[labels["kind"], labels["input"]] += int(match[3])
    return rows, +refused, +signals


def difference(a: Any, b: Any) -> str:
    parts = [f"rows {a[0]} {b[0]}"] if a[0] != b[0] else []
    for x, y in zip(a[1:], b[1:], strict=True):
        parts += [f"{place}: {x[place]} for {y[place]}" for place in {*x, *y} if x[place] != y[place]]
    return "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
