"""What is fitted in Postgres has the plan that DuckDB gives; what is not is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import op_harness
import pyarrow as pa
import pytest

import skc
from skc import cli
from skc.data.postgres.engine import open_postgres
from skc.fit import fit
from skc.ir import Input
from skc.ops import OPS

PIPELINE = """\
skc: 1
name: rides
inputs:
  fare: {type: float64, nullable: true}
  zone: {type: string, nullable: true}
features:
  scaled: {from: fare, apply: [standard_scale]}
  ids: {from: zone, apply: [{vocabulary: {top_k: 4}}]}
outputs:
  features: {features: [scaled, ids], dtype: float64}
"""
ZONES = ["a", "ä", "Z", "z", "", None, "\U0001f600", "\uffff"]
RIDES = pa.table(
    {
        "fare": pa.array([None, 0.1, -0.0, float("nan"), 1e-300, 5e-324, 1e15, 1 / 3] * 50, pa.float64()),
        "zone": pa.array(ZONES * 50),
    }
)


@pytest.fixture
def rides(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yaml"
    path.write_text(PIPELINE)
    return path


def test_the_plan_and_the_profile_are_the_same_to_the_byte(rides: Path, stored: Any, tmp_path: Path) -> None:
    skc.compile(rides, RIDES, tmp_path / "a")
    assert cli.run(["compile", str(rides), "--data", stored(RIDES), "-o", str(tmp_path / "b")]) == 0
    for name in ("plan.json", "profile.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


FITTED = [
    (name, k)
    for name, op in OPS.items()
    for k, case in enumerate(op.cases)
    if case.refused is None and case.state is None and case.fit
]


@pytest.mark.parametrize(("name", "k"), FITTED)
def test_every_op_has_the_same_state(name: str, k: int, stored: Any) -> None:
    case = OPS[name].cases[k]
    made = op_harness.build(OPS[name], case.params, case.columns, None, case.target)
    declared = [*made.inputs, *([made.data.target] if made.data and made.data.target else [])]
    table = pa.table({i.name: pa.array([row[j] for row in case.fit], stored_type(i)) for j, i in enumerate(declared)})
    other = fit(made, stored(table), open_engine=open_postgres)
    assert other.pipeline == fit(made, table).pipeline


def stored_type(i: Input) -> pa.DataType:
    return {"float64": pa.float64(), "float32": pa.float32(), "bool": pa.bool_(), "string": pa.string()}.get(
        i.dtype, pa.int64()
    )


AGED = """\
skc: 1
name: tickets
data: {event_time: seen_at}
inputs:
  opened_at: {type: timestamp, nullable: true, null_values: [0]}
  born: date
outputs:
  x: {features: [born], dtype: int64}
"""


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_ages_are_those_of_duckdb_at_moments_with_and_without_a_zone(
    stored: Any, tmp_path: Path, zone: str | None
) -> None:
    opened = [None, 0, 1, *range(10**15, 10**15 + 197 * 3_600_000_000, 3_600_000_000)]
    table = pa.table(
        {
            "opened_at": pa.array(opened, pa.timestamp("us", "UTC")),
            "born": pa.array([k % 97 - 50 for k in range(200)], pa.date32()),
            "seen_at": pa.array([None, *(10**15 + k * 10**10 for k in range(199))], pa.timestamp("us", zone)),
        }
    )
    (tmp_path / "pipeline.yaml").write_text(AGED)
    skc.compile(tmp_path / "pipeline.yaml", table, tmp_path / "a", rows=0, verify=False)
    kind = "timestamp" if zone is None else "timestamptz"
    where = stored(table, f"opened_at timestamptz, born date, seen_at {kind}")
    data = ["--data", where, "--engine", "postgres"]
    assert cli.run(["compile", str(tmp_path / "pipeline.yaml"), *data, "-o", str(tmp_path / "b"), "--rows", "0"]) == 0
    (one, other) = ((tmp_path / name / "profile.json").read_bytes() for name in "ab")
    assert one == other
    assert b'"ages":{"columns":[{' in one
