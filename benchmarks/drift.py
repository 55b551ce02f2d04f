"""False alarms of drift detectors on windows without drift, and which of nine planted causes they find.

`python benchmarks/drift.py [--windows 125] [--evidently 10]` prints two tables. Clean windows are rows of the law of
examples/rides (seven columns, and the ages of a time and a date), compared with 3,733 others, of another month; each
has a training sample of its own. An alarm is a finding in any column, of the inputs, their ages, the outputs of a
pipeline over them or of what its steps met. The textbook detector alarms for PSI > 0.1 with shares clipped at 1e-10, or
p < 0.05 of Kolmogorov and Smirnov. Evidently runs with its defaults, on fewer windows, if it is installed (`pip install
evidently "pandas<3"`).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import results
from skewed_rides import PLANTED, training, week

from skc.data.engine import ARROW, Column
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import DriftScales, ProfileOptions
from skc.output_values import OutputGraph, graph_profile, output_graph
from skc.profile.ages import Ages
from skc.profile.document import ColumnProfile, Profile
from skc.profile.scales import DEFAULTS
from skc.skew.compare import compare, compare_ages
from skc.skew.counting import Bins, Count, Counted, tallies_of
from skc.skew.effects import Compared, Tally
from skc.skew.freezing import freeze
from skc.skew.judging import judge
from skc.skew.outputs import CountedStep
from skc.skew.parts import WHOLE, Divide
from skc.skew.steps import step_of
from skc_runtime.kinds import DAY_US, DType

SIZES = (20, 50, 100, 200, 500, 1_000, 10_000, 100_000)
TRAINING = 3733
NUMBERS = ("passengers", "distance_km", "fare")
ZONES = [f"zone {k}" for k in range(10)]
DRIVERS = [f"driver {k}" for k in range(11)]
TYPES: Mapping[str, DType] = {
    "zone": "string",
    "driver": "string",
    "passengers": "int64",
    "distance_km": "float64",
    "fare": "float64",
    "payment": "string",
    "night": "bool",
}
TIMES: Mapping[str, DType] = {"now": "timestamp", "booked": "timestamp", "joined": "date"}
MONTH = 30 * DAY_US
PIPELINE = """\
skc: 1
name: rides
inputs:
  zone: {type: string, nullable: true}
  driver: string
  passengers: {type: int64, nullable: true}
  distance_km: float64
  fare: {type: float64, nullable: true}
  payment: {type: string, nullable: true}
  night: bool
features:
  amounts: {from: [distance_km, fare], apply: [{impute: {strategy: median}}, log1p, standard_scale]}
  fare_per_km: {expr: "fare / max(distance_km, 0.1)", apply: [{impute: {strategy: median}}, {quantile_bin: {bins: 8}}]}
  rate: {expr: "fare / max(distance_km, 0.1)"}
  people:
    from: passengers
    apply: [{impute: {strategy: most_frequent}}, {cast: {to: float64}}, {minmax_scale: {clip: true}}]
  paid: {from: payment, apply: [{one_hot: {min_frequency: 100, unknown: infrequent}}]}
  where: {from: zone, apply: [{vocabulary: {top_k: 8, oov_buckets: 2}}]}
  who: {from: driver, apply: [{hash_bucket: {buckets: 32}}]}
outputs:
  x: {features: [amounts, fare_per_km, rate, people, paid, night], dtype: float32}
  ids: {features: [where, who], dtype: int64}
"""
Detector = Callable[[pa.Table, pa.Table], bool]


def rides(source: np.random.Generator, rows: int, month: int = 0) -> pa.Table:
    """Rows of the law of examples/rides/generate.py, with times of a month."""
    distance = np.round(np.exp(source.normal(1.1, 0.8, rows)), 2)
    fare = np.round(3.5 + 2.1 * distance + source.random(rows) * 4, 2)
    weights = np.array([30, 20, 15, 10, 8, 6, 4, 3, 2, 2]) / 100

    now = month * MONTH + source.integers(0, MONTH, rows)
    booked = now - (source.lognormal(0, 1, rows) * 3.6e9).astype(np.int64)
    joined = (now // DAY_US - source.integers(0, 3000, rows)).astype(np.int32)

    def column(values: Any, nulls: float) -> pa.Array:
        return pa.array(values, mask=source.random(rows) < nulls)

    return pa.table(
        {
            "zone": column(source.choice(ZONES, rows, p=weights), 0.03),
            "driver": column(source.choice(DRIVERS, rows), 0),
            "passengers": column(source.choice([1, 2, 3, 4, 6], rows, p=[0.7, 0.15, 0.08, 0.05, 0.02]), 0.05),
            "distance_km": column(distance, 0),
            "fare": column(fare, 0.05),
            "payment": column(source.choice(["card", "cash", "app", "voucher"], rows, p=[0.6, 0.25, 0.14, 0.01]), 0.05),
            "night": column(source.random(rows) < 1 / 3, 0),
            "now": pa.array(now, pa.timestamp("us", "UTC")),
            "booked": pa.array(booked, pa.timestamp("us", "UTC"), mask=source.random(rows) < 0.05),
            "joined": pa.array(joined, pa.date32()),
        }
    )


def tallies(profiles: Sequence[ColumnProfile], served: pa.RecordBatch) -> tuple[Tally, ...]:
    """What `skc drift` counts, without an engine."""
    bins = tuple(Bins(Column(c.name, c.dtype, c.name), c) for c in profiles)
    counted: Counted = Count(bins, Divide())(served)
    parts = zip(bins, counted.counts[WHOLE], counted.examples, strict=True)
    return tuple(one.tally(counted.rows[WHOLE], counts, examples) for one, counts, examples in parts)


def skc_alarms(reference: pa.Table, served: pa.Table) -> bool:
    profile = freeze(reference, None, ProfileOptions(), 1)
    batch = as_engine(served, [c.name for c in profile.columns], {**TYPES, **TIMES})
    pairs = [
        (column, profile.rows, tally)
        for column, tally in zip(profile.columns, tallies(profile.columns, batch), strict=True)
    ]
    computed, steps = outputs(reference, served)
    compared = [compare(column, rows, tally, (None, None)) for column, rows, tally in [*pairs, *computed]]
    compared += ages(profile, batch)
    judged = judge([(DEFAULTS, c.effects) for c in [*compared, *steps]])
    return any(one.findings for one in judged)


def as_engine(table: pa.Table, names: Sequence[str], types: Mapping[str, DType]) -> pa.RecordBatch:
    """Columns as an engine gives them."""
    columns = [table[n].cast(pa.int32()) if types[n] == "date" else table[n] for n in names]
    schema = pa.schema([(name, ARROW[types[name]]) for name in names])
    return pa.table(columns, list(names)).cast(schema).combine_chunks().to_batches()[0]


def ages(profile: Profile, served: pa.RecordBatch) -> list[Compared]:
    """The ages on both sides, where there is a `now`."""
    if profile.ages is None:
        return []
    known = profile.ages.columns
    names = [one.column.name for one in known]
    values, moment = [Column(n, TIMES[n], n) for n in names], Column(profile.ages.moment, "timestamp", "now")
    aged = Ages(tuple(values), moment, tuple(one.in_days for one in known))(served.select([*names, moment.name]))
    counted = tallies([one.column for one in known], aged)
    return [compare_ages(one, profile.ages.rows, tally, None) for one, tally in zip(known, counted, strict=True)]


@cache
def graph() -> OutputGraph:
    """The outputs of the example's pipeline, but for those of the pick-up, fitted once."""
    pipeline, _ = read_pipeline_text(PIPELINE, "pipeline.yaml")
    found = output_graph(fit(pipeline, rides(np.random.default_rng(7), TRAINING)).pipeline, set(TYPES))
    assert found is not None
    return found


def outputs(reference: pa.Table, served: pa.Table) -> tuple[list[tuple[ColumnProfile, int, Tally]], list[Compared]]:
    """The output columns on both sides, and what steps met."""
    before, after = (as_engine(table, list(TYPES), TYPES) for table in (reference, served))
    profile = graph_profile(graph(), before, ProfileOptions())
    bins = tuple(Bins(Column(one.label, one.column.dtype, one.label), one.column) for one in profile.columns)
    computed = graph()(after.select([column.name for column in graph().reads]))
    counted = Count(bins, Divide())(computed.columns)
    pairs = zip(profile.columns, tallies_of(bins, counted, WHOLE), strict=True)
    steps = [
        CountedStep(kind, before.rows, profile.rows + profile.refused, {WHOLE: (n, len(served))})
        for kind, before, n in zip(graph().steps, profile.steps, computed.met.sum(axis=0).tolist(), strict=True)
        if kind.kind != "null"
    ]
    columns = [(one.column, profile.rows, tally) for one, tally in pairs]
    return columns, [step_of(step, DriftScales()).compared for step in steps]


def textbook_alarms(reference: pa.Table, served: pa.Table) -> bool:
    for name in TYPES:
        one, other = (np.array(t[name].drop_null().to_pylist()) for t in (reference, served))
        if not len(other):
            return True
        if name in NUMBERS:
            edges = np.unique(np.quantile(one, np.linspace(0, 1, 11)))
            edges[0], edges[-1] = -np.inf, np.inf
            p, q = (np.histogram(side, edges)[0] / len(side) for side in (one, other))
            if stats.ks_2samp(one, other).pvalue < 0.05:
                return True
        else:
            values = np.unique(np.concatenate([one, other]))
            p, q = (np.array([(side == v).mean() for v in values]) for side in (one, other))
        p, q = np.clip(p, 1e-10, None), np.clip(q, 1e-10, None)
        if float(np.sum((q - p) * np.log(q / p))) > 0.1:
            return True
    return False


def evidently_alarms() -> Detector | None:
    """Evidently's DataDriftPreset; None where it is not installed."""
    try:
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset
    except ImportError:
        return None

    def alarms(reference: pa.Table, served: pa.Table) -> bool:
        categorical = [name for name in TYPES if name not in NUMBERS]
        definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=categorical)
        frames = [table.select(definition_columns(categorical)).to_pandas() for table in (reference, served)]
        for frame in frames:
            frame[categorical] = frame[categorical].astype(object).where(frame[categorical].notna(), None).astype(str)
        data = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
        result = Report([DataDriftPreset(columns=definition_columns(categorical))]).run(data[1], data[0]).dict()
        first = result["metrics"][0]["value"]
        return bool(first["count"] > 0)

    return alarms


def definition_columns(categorical: list[str]) -> list[str]:
    return [*NUMBERS, *categorical]


def false_alarms(detectors: Mapping[str, tuple[Detector, int]]) -> dict[str, float]:
    """Print the alarms by size of the window; the share of windows with one, by detector."""
    source = np.random.default_rng(14)
    print(f"{'rows of a window':>18}" + "".join(f"{name:>22}" for name in detectors))
    totals = {name: [0, 0] for name in detectors}
    for size in SIZES:
        alarms = dict.fromkeys(detectors, 0)
        for k in range(max(windows for _, windows in detectors.values())):
            reference, served = rides(source, TRAINING), rides(source, size, 1 + k % 12)
            for name, (detector, windows) in detectors.items():
                alarms[name] += k < windows and detector(reference, served)
        cells = [f"{alarms[name]} of {windows}" for name, (_, windows) in detectors.items()]
        print(f"{size:>18,}" + "".join(f"{cell:>22}" for cell in cells), flush=True)
        for name, (_, windows) in detectors.items():
            totals[name][0] += alarms[name]
            totals[name][1] += windows
    shares = [f"{n} of {total} ({n / total:.1%})" for n, total in totals.values()]
    print(f"{'all':>18}" + "".join(f"{share:>22}" for share in shares))
    return {f"{name}: clean windows with an alarm": n / total for name, (n, total) in totals.items()}


def planted(detectors: Mapping[str, tuple[Detector, int]]) -> None:
    names = list(TYPES)
    reference = training().select(names)
    print(f"\n{'cause':>28}" + "".join(f"{name:>12}" for name in detectors))
    for cause, plant in {"a clean week": lambda table: table, **{c: p for c, (p, _) in PLANTED.items()}}.items():
        served = plant(week()).select(names)
        found = ["found" if detector(reference, served) else "-" for detector, _ in detectors.values()]
        print(f"{cause:>28}" + "".join(f"{word:>12}" for word in found), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--windows", type=int, default=125, help="of every size")
    parser.add_argument("--evidently", type=int, default=10, help="windows of every size for Evidently")
    results.add_flag(parser)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    detectors: dict[str, tuple[Detector, int]] = {
        "skc": (skc_alarms, arguments.windows),
        "textbook": (textbook_alarms, arguments.windows),
    }
    other = evidently_alarms()
    if other is not None and arguments.evidently:
        detectors["Evidently"] = (other, arguments.evidently)
    started = time.process_time()
    planted(detectors)
    shares = false_alarms(detectors)
    print(f"{time.process_time() - started:.0f} CPU s")
    results.save(arguments.json, shares)


if __name__ == "__main__":
    main()
