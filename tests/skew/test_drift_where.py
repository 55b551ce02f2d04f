"""Training rows before `where`: counted in the profile, and the share that `where` excludes compared in `skc drift`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import skc
from skc import cli
from skc.diagnostics import SkcError
from skc.profile.document import BeforeWhere, dumps, loads
from skc.skew.report import ColumnDrift, DriftReport

PIPELINE = """\
skc: 1
name: fares
data: {where: 'fare > 0 AND zone IS NOT NULL'}
inputs:
  fare: {type: float64, nullable: true, null_values: [-1.0]}
  zone: string
  at: timestamp
  seats: {type: int64, nullable: true}
outputs:
  x: {features: [fare], dtype: float64}
"""
SCHEMAS = Path(__file__).parents[2] / "schemas"
DAY = 86_400_000_000


def rows(n: int, seed: int, *, free: float = 0.1, lost: float = 0.05) -> pa.Table:
    """A share of `free` fares is 0 and 2 % are −1, which is null; a share of `lost` zones is null."""
    source = np.random.default_rng(seed)
    fare = source.lognormal(2, 0.5, n)
    fare[source.random(n) < free] = 0.0
    fare[source.random(n) < 0.02] = -1.0
    return pa.table(
        {
            "fare": fare,
            "zone": pa.array(source.choice(["n", "s"], n), mask=source.random(n) < lost),
            "at": pa.array(source.integers(0, DAY, n), pa.timestamp("us", "UTC")),
            "seats": pa.array(source.integers(0, 4, n), mask=source.random(n) < 0.1),
        }
    )


def compiled(folder: Path, data: Any, text: str = PIPELINE, name: str = "artifact") -> Path:
    (folder / "pipeline.yaml").write_text(text)
    skc.compile(folder / "pipeline.yaml", data, folder / name, rows=0, verify=False)
    return folder / name


def before_of(artifact: Path) -> BeforeWhere:
    profile = loads((artifact / "profile.json").read_bytes())
    assert profile.before is not None
    assert loads(dumps(profile)) == profile
    return profile.before


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("where"), rows(3000, 1))


def by_name(report: DriftReport) -> dict[str, ColumnDrift]:
    return {column.name: column for column in report.columns}


def test_rows_before_where_are_counted_as_numpy_counts_them(artifact: Path) -> None:
    table, before = rows(3000, 1), before_of(artifact)
    fare = table["fare"].to_numpy()
    assert (before.rows, before.where) == (3000, "fare > 0 AND zone IS NOT NULL")
    found = {one.name: one for one in before.columns}
    assert found["fare"].nulls == np.count_nonzero(fare == -1)
    assert found["fare"].zeros == np.count_nonzero(fare == 0)
    assert (found["fare"].low, found["fare"].high) == (0.0, fare.max())
    assert found["zone"].nulls == table["zone"].null_count
    assert found["zone"].zeros is None
    assert (found["seats"].nulls, found["seats"].high) == (table["seats"].null_count, 3)
    selected = pc.sum(pc.and_(pc.greater(table["fare"], 0), pc.is_valid(table["zone"]))).as_py()
    profile = loads((artifact / "profile.json").read_bytes())
    assert profile.rows == selected < 3000
    schema = json.loads((SCHEMAS / "profile.v1.schema.json").read_text())
    jsonschema.validate(json.loads((artifact / "profile.json").read_text()), schema)


def test_the_counts_are_the_same_for_every_form_of_the_rows(tmp_path: Path) -> None:
    table = rows(400, 2, lost=0)  # a text that is null is not one in CSV
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=37)
    whole = pc.floor_temporal(table["at"], unit="second")
    exact = table.set_column(2, "at", whole)
    text = table.set_column(2, "at", pc.strftime(exact["at"].cast(pa.timestamp("s", "UTC")), "%Y-%m-%dT%H:%M:%SZ"))
    pa.csv.write_csv(text, tmp_path / "rows.csv")
    forms: dict[str, Any] = {
        "parquet": tmp_path / "rows.parquet",
        "shuffled": table.take(pa.array(np.random.default_rng(3).permutation(400))),
        "table": table,
    }
    profiles = {(compiled(tmp_path, data, name=name) / "profile.json").read_bytes() for name, data in forms.items()}
    assert len(profiles) == 1
    of_text = compiled(tmp_path, tmp_path / "rows.csv", name="csv") / "profile.json"
    of_exact = compiled(tmp_path, exact, name="exact") / "profile.json"
    assert of_text.read_bytes() == of_exact.read_bytes()


def test_what_is_left_out_of_a_profile_is_left_out_before_where(tmp_path: Path) -> None:
    text = PIPELINE + "profile: {omit: [zone], bounds: false}\n"
    before = before_of(compiled(tmp_path, rows(300, 4), text))
    assert before.where is None  # it names zone
    assert [one.name for one in before.columns] == ["fare", "at", "seats"]
    assert {(one.low, one.high) for one in before.columns} == {(None, None)}
    assert "data/where" not in by_name(skc.drift(rows(300, 4), tmp_path / "artifact"))


def test_without_where_there_is_nothing_before_it(tmp_path: Path) -> None:
    text = PIPELINE.replace("data: {where: 'fare > 0 AND zone IS NOT NULL'}\n", "")
    whole = compiled(tmp_path, rows(300, 4, lost=0), text)
    assert loads((whole / "profile.json").read_bytes()).before is None
    assert b'"before_where":null' in (whole / "profile.json").read_bytes()


def test_excluded_rows_are_read_by_the_same_rules(tmp_path: Path) -> None:
    """Nulls that an input may not have are counted; a value that is not of its type is refused, wherever it is."""
    lines = ["fare,zone,at,seats", *(f"{k % 3},n,2025-11-0{k % 9 + 1}T00:00:00Z,2" for k in range(90)), "0,,,"]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    before = before_of(compiled(tmp_path, tmp_path / "rows.csv"))
    assert {one.name: one.nulls for one in before.columns} == {"fare": 0, "zone": 0, "at": 1, "seats": 1}
    (tmp_path / "rows.csv").write_text("\n".join([*lines, "0,n,yesterday,2"]) + "\n")
    with pytest.raises(SkcError) as refused:
        compiled(tmp_path, tmp_path / "rows.csv", name="other")
    assert refused.value.code == "SKC206"


def test_a_share_that_moves_is_a_finding_and_an_input_that_moves_it_explains_it(artifact: Path) -> None:
    clean = by_name(skc.drift(rows(2000, 5), artifact))
    assert (clean["data/where"].verdict, clean["data/where"].inputs) == ("ok", ("fare", "zone"))
    report = skc.drift(rows(2000, 6, free=0.4), artifact)
    moved = by_name(report)["data/where"]
    assert (moved.verdict, moved.follows) == ("severe", ("fare", "zone"))
    text = str(report.to_json())
    assert "`where` of training excludes" in text
    schema = json.loads((SCHEMAS / "skew-report.v1.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(report.to_json())), schema)


def test_a_share_that_no_input_shows_is_a_finding_of_its_own(tmp_path: Path) -> None:
    """Rows where two inputs no longer belong together, each of them as before."""
    text = PIPELINE.replace("fare > 0 AND zone IS NOT NULL", "fare > seats")
    source = np.random.default_rng(7)
    seats = source.integers(1, 100, 3000)
    table = (
        rows(3000, 8, free=0, lost=0)
        .set_column(0, "fare", pa.array(seats + 0.5))
        .set_column(3, "seats", pa.array(seats))
    )
    made = compiled(tmp_path, table, text)
    report = skc.drift(table.set_column(3, "seats", pa.array(source.permutation(seats))), made)
    assert [column.name for column in report.found] == ["data/where"]
    assert "rows that `where` of training excludes, by `fare`, `seats`, none of which drifted" in str(cli_text(report))


def cli_text(report: DriftReport) -> str:
    from skc.reports.render import render

    return render(report, "text")


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("\"at\" < TIMESTAMPTZ '1970-01-02 00:00:00+00'", lambda t: t),
        ("made < 5", lambda t: t.append_column("made", pa.array([9] * len(t)))),
    ],
)
def test_a_cut_by_time_or_by_another_column_is_said_and_not_judged(
    where: str, change: Callable[[pa.Table], pa.Table], tmp_path: Path
) -> None:
    text = PIPELINE.replace("'fare > 0 AND zone IS NOT NULL'", json.dumps(where))
    training = rows(600, 9, lost=0).append_column("made", pa.array([1, 2, 3, 4, 5, 6] * 100))
    made = compiled(tmp_path, training, text)
    later = rows(600, 10, lost=0)
    later = later.set_column(
        2, "at", pa.array(later["at"].cast(pa.int64()).to_numpy() + DAY, pa.timestamp("us", "UTC"))
    )
    report = skc.drift(change(later), made)
    assert by_name(report)["data/where"].verdict == "ok"
    assert not report.found
    assert "`where` of training excludes 100.0 % of the rows" in cli_text(report)
    (tmp_path / "own.yaml").write_text("columns: {data/where: {excluded: {minor: 0.1, moderate: 0.2, severe: 0.9}}}\n")
    own = skc.drift(change(later), made, thresholds=tmp_path / "own.yaml")
    assert [column.name for column in own.found] == ["data/where"]


def test_rows_that_lack_a_column_of_where_are_not_judged_by_it(artifact: Path) -> None:
    report = skc.drift(rows(500, 11).drop_columns(["zone"]), artifact)
    assert "data/where" not in by_name(report)
    assert [column.name for column in report.found] == ["fare", "zone"]


def test_a_finding_says_what_training_was_before_where(artifact: Path) -> None:
    report = skc.drift(rows(2000, 6, free=0.4), artifact)
    fare = by_name(report)["fare"]
    assert fare.before is not None
    share = (fare.before.zeros or 0) / (fare.rows_before - fare.before.nulls)
    assert f" % null, {100 * share:.1f} % zero, values from 0.0 to " in cli_text(report)
    page = report.to_json()["columns"][0]["before_where"]
    assert page == {"rows": 3000, "nulls": fare.before.nulls, "zeros": fare.before.zeros, "infinite": 0}


def test_a_log_is_judged_by_where_as_the_table_of_its_requests(artifact: Path, tmp_path: Path) -> None:
    import skc_runtime

    served = rows(500, 12, lost=0)
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait") as log,
    ):
        for k, record in enumerate(served.to_pylist()):
            log.add(f"r{k}", record, transformer.transform_record(record), time_us=k)
    of_log, of_table = (by_name(skc.drift(data, artifact))["data/where"] for data in (tmp_path / "log", served))
    assert of_log.compared == of_table.compared


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda before: before.update(rows=1, columns=[]), "were selected from fewer"),
        (lambda before: before["columns"][0].update(nulls=3001), "more than the 3000 rows"),
        (lambda before: before["columns"][0]["numbers"].update(infinite=[1]), "two counts"),
        (lambda before: before.update(more=1), "more"),
    ],
)
def test_damage_is_refused(change: Callable[[Any], Any], words: str, artifact: Path) -> None:
    document = json.loads((artifact / "profile.json").read_text())
    change(document["before_where"])
    with pytest.raises(SkcError) as refused:
        loads(json.dumps(document).encode())
    assert refused.value.code == "SKC401"
    assert words in str(refused.value)


def test_the_command_shows_it(artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(rows(1000, 13), tmp_path / "rows.parquet")
    assert cli.run(["drift", str(tmp_path / "rows.parquet"), str(artifact)]) == 1
    assert "`where` of training excludes" in capsys.readouterr().out
    assert cli.run(["drift", str(tmp_path / "rows.parquet"), str(artifact), "--format", "html"]) == 1
    assert "of training excludes" in capsys.readouterr().out
