"""Output columns in the profile and in `skc drift`: what was computed, what moved first, what cannot be computed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sharing import Share
from skewed_rides import PLANTED, RIDES, training, week

import skc
import skc_runtime
from skc.artifact import assemble, read
from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import Column
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import DataSource, Input, ProfileOptions
from skc.profile import PROFILE
from skc.profile.document import OutputsProfile, loads
from skc.skew.outputs import count_outputs
from skc.skew.parts import WHOLE, Divide, Part
from skc.skew.report import ColumnDrift, DriftReport

from memory_engine import open_memory  # isort: skip
from unheld_engine import open_unheld  # isort: skip

SCHEMAS = Path(__file__).parents[2] / "schemas"
CLIPPED = "bounded/1:clip bounded clipped"
PIPELINE = """\
skc: 1
name: both
inputs:
  a: {type: float64, nullable: true}
  b: float64
  k: {type: string, nullable: true}
  at: timestamp
  then: timestamp
features:
  ratio: {expr: a / b}
  bounded: {expr: a / b, apply: [{clip: {min: 0.5, max: 2}}]}
  kind: {from: k, apply: [{one_hot: {unknown: error}}]}
  hour: {from: at, apply: [{datetime_part: {part: hour, timezone: UTC}}]}
  age: {from: [then, at], apply: [{elapsed: {unit: seconds}}]}
  copy: {from: k, apply: [{impute: {strategy: constant, value: none}}]}
outputs:
  x: {features: [ratio, kind, age, bounded], dtype: float32}
  t: {features: [hour], dtype: int64}
  s: {features: [copy], dtype: string}
"""


def rows(n: int, seed: int, *, shuffled: bool = False, hours: int = 24, kinds: str = "abc") -> pa.Table:
    """`b` is near `a`; a row in 20 has no `a`. Times of the first hours of a day, `then` up to a minute before."""
    source = np.random.default_rng(seed)
    a = source.lognormal(0, 1, n)
    b = a * source.lognormal(0, 0.1, n)
    if shuffled:
        source.shuffle(b)
    at = source.integers(0, hours * 3_600_000_000, n)
    return pa.table(
        {
            "a": pa.array(a, mask=source.random(n) < 0.05),
            "b": b,
            "k": pa.array(source.choice(list(kinds), n), mask=source.random(n) < 0.1),
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "then": pa.array(at - source.integers(0, 60_000_000, n), pa.timestamp("us", "UTC")),
        }
    )


def make(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(folder / "pipeline.yaml", rows(3000, 1), folder / "artifact", rows=0, verify=False)
    skc.compile(RIDES / "pipeline.yaml", out=folder / "rides", rows=0, verify=False)


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("drift-outputs", make)


def outputs_of(artifact: Path) -> OutputsProfile:
    outputs = loads((artifact / "profile.json").read_bytes()).outputs
    assert outputs is not None
    return outputs


def by_name(report: DriftReport) -> dict[str, ColumnDrift]:
    return {column.name: column for column in report.columns}


def test_the_outputs_of_a_profile_are_what_a_runtime_computes_for_the_training_rows(home: Path) -> None:
    outputs = outputs_of(home / "artifact")
    assert (outputs.rows, outputs.refused) == (3000, 0)
    with skc_runtime.load(home / "artifact") as transformer:
        served = transformer.transform(rows(3000, 1))
        names = {o.name: o.columns for o in transformer.manifest.outputs}
    assert [one.label for one in outputs.columns] == [f"{o}.{c}" for o, columns in names.items() for c in columns]
    for one in outputs.columns:
        values = served[one.output][:, names[one.output].index(one.column.name)]
        if one.column.dtype == "string":
            assert one.column.categories is not None
            assert dict(one.column.categories.counts) == Counter(values.tolist())
            continue
        present = values[~np.isnan(values)].astype(np.float64) if values.dtype.kind == "f" else values
        numbers = one.column.numbers
        assert numbers is not None
        assert one.column.nulls == len(values) - len(present)
        assert one.column.distinct == len(np.unique(present))
        assert (numbers.low, numbers.high) == (present.min(), present.max())
        assert numbers.zeros == np.count_nonzero(present == 0)
        assert numbers.mean == pytest.approx(present.mean(), rel=1e-12)
        ranks = [-(-k * len(present) // 100) - 1 for k in range(1, 100)]
        assert numbers.edges == tuple(np.unique(np.sort(present)[ranks]))
        inside = np.bincount(np.searchsorted(numbers.edges, present), minlength=len(numbers.counts))
        assert numbers.counts == tuple(inside)


def test_the_profile_of_outputs_is_the_same_for_every_order_and_engine() -> None:
    pipeline, _ = read_pipeline_text(PIPELINE, "pipeline.yaml")
    table = rows(500, 3)
    for name in ("at", "then"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.int64()))
    other = table.take(pa.array(np.random.default_rng(4).permutation(500)))
    profiles = set()
    for data in (table, other):
        for engine in (open_duckdb, open_memory, open_unheld):
            fitted = fit(pipeline, data, profile=ProfileOptions(), open_engine=engine)
            made = assemble(fitted.pipeline, profile=fitted.profile, profile_rows=fitted.profile_rows)
            profiles.add(made.files[PROFILE])
    assert len(profiles) == 1
    assert loads(profiles.pop()).outputs is not None


def test_what_needs_an_input_that_is_left_out_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE + "profile: {omit: [a]}\n")
    skc.compile(tmp_path / "pipeline.yaml", rows(500, 1), tmp_path / "artifact", rows=0, verify=False)
    labels = [one.label for one in outputs_of(tmp_path / "artifact").columns]
    assert "x.ratio" not in labels
    assert {"x.age", "t.hour", "s.copy"} < set(labels)


def test_rows_that_are_refused_have_no_outputs_and_are_counted(home: Path, tmp_path: Path) -> None:
    report = skc.drift(rows(1000, 5, kinds="abcz"), home / "artifact")
    column = by_name(report)["x.age"]
    assert column.tally is not None
    known = pc.sum(pc.not_equal(rows(1000, 5, kinds="abcz")["k"], "z").fill_null(True)).as_py()
    assert column.tally.rows == known < 1000


def test_what_steps_met_is_counted_as_numpy_counts_it(home: Path) -> None:
    served = rows(1000, 5, kinds="abcz")
    known = np.array([k != "z" for k in served["k"].to_pylist()])
    a = np.array(served["a"].fill_null(np.nan))
    ratio = a / np.array(served["b"])
    counted = {
        "bounded/1:clip bounded clipped": ((ratio < 0.5) | (ratio > 2))[known],
        "kind/0:one_hot k unknown-category": ~known,
    }
    report = by_name(skc.drift(served, home / "artifact"))
    for name, met in counted.items():
        column = report[name]
        assert column.compared is not None
        (effect,) = column.compared.effects
        assert (effect.after, effect.rows) == (met.sum() / len(met), len(met)), name
    frozen = {(step.step, step.kind): step.rows for step in outputs_of(home / "artifact").steps}
    training_rows = rows(3000, 1)
    ratio = np.array(training_rows["a"].fill_null(np.nan)) / np.array(training_rows["b"])
    assert frozen["bounded/1:clip", "clipped"] == ((ratio < 0.5) | (ratio > 2)).sum()
    assert frozen["inputs/k", "null"] == training_rows["k"].null_count if ("inputs/k", "null") in frozen else True
    assert frozen["kind/0:one_hot", "unknown-category"] == 0
    assert report["kind/0:one_hot k unknown-category"].verdict == "severe"


def test_an_input_and_what_follows_it_are_one_finding(home: Path) -> None:
    for cause, (plant, columns) in PLANTED.items():
        report = skc.drift(plant(week()), home / "rides")
        assert {column.name for column in report.found} == columns, cause
        followed = {name for column in report.found for name, _ in column.followers}
        assert followed == {c.name for c in report.columns if c.follows}
    report = skc.drift(PLANTED["miles for kilometres"][0](week()), home / "rides")
    (found,) = report.found
    assert [name for name, _ in found.followers] == ["x.amounts.distance_km", "x.fare_per_km"]
    assert by_name(report)["x.fare_per_km"].follows == ("distance_km",)
    assert by_name(report)["x.fare_per_km"].inputs == ("distance_km", "fare")


def test_a_clean_week_has_no_finding_in_any_output(home: Path) -> None:
    report = skc.drift(week(), home / "rides")
    assert {column.verdict for column in report.columns} == {"ok"}
    assert [column.role for column in report.computed].count("output") == 15
    assert not skc.drift(training(), home / "rides").is_drifted


def test_an_output_that_moves_while_its_inputs_do_not_is_a_finding_of_its_own(home: Path) -> None:
    report = skc.drift(rows(2000, 6, shuffled=True), home / "artifact")
    clipped = "bounded/1:clip bounded clipped"
    found = {column.name: column for column in report.found}
    assert set(found) == {"x.ratio", clipped}
    assert (found["x.ratio"].role, found["x.ratio"].follows, found["x.ratio"].inputs) == ("output", (), ("a", "b"))
    assert (found[clipped].role, found[clipped].followers) == ("step", (("x.bounded", "severe"),))
    assert by_name(report)["x.bounded"].follows == (clipped,)
    assert not skc.drift(rows(2000, 6), home / "artifact").is_drifted


def test_what_comes_from_one_instant_moves_with_the_calendar_and_an_age_does_not(home: Path) -> None:
    report = skc.drift(rows(2000, 7, hours=3), home / "artifact")
    assert not report.found
    hour = by_name(report)["t.hour"].compared
    assert hour is not None
    assert [effect.measure for effect in hour.effects] == ["nulls"]
    stale = rows(2000, 7)
    old = pc.subtract(stale["then"].cast(pa.int64()), 7_200_000_000).cast(pa.timestamp("us", "UTC"))
    report = skc.drift(stale.set_column(4, "then", old), home / "artifact")
    assert [(column.name, column.inputs) for column in report.found] == [("x.age", ("at", "then"))]


def without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([name])


def test_outputs_that_lack_an_input_are_named_and_not_computed(home: Path) -> None:
    report = skc.drift(without("a")(rows(500, 8)), home / "artifact")
    assert [column.name for column in report.found] == ["a"]
    assert report.not_computed == ("x.ratio", "x.bounded")
    assert json.loads(json.dumps(report.to_json()))["not_computed"] == ["x.ratio", "x.bounded"]


def test_an_input_that_is_not_watched_silences_what_is_computed_from_it(home: Path, tmp_path: Path) -> None:
    served = rows(2000, 6, shuffled=True)
    (tmp_path / "quiet.yaml").write_text("columns: {a: false}\n")
    report = skc.drift(served, home / "artifact", thresholds=tmp_path / "quiet.yaml")
    assert by_name(report)["x.ratio"].verdict == "not watched"
    (tmp_path / "named.yaml").write_text("columns: {a: false, x.ratio: {psi: {minor: 0.1}}}\n")
    report = skc.drift(served, home / "artifact", thresholds=tmp_path / "named.yaml")
    assert [column.name for column in report.found] == ["x.ratio"]
    assert by_name(report)[CLIPPED].verdict == "not watched"


def scales(minor: float) -> dict[str, float]:
    return {"minor": minor, "moderate": 10, "severe": 10}


def test_thresholds_of_outputs_and_steps_stand_in_the_pipeline_and_in_a_file(home: Path, tmp_path: Path) -> None:
    served = rows(2000, 6, shuffled=True)
    before = by_name(skc.drift(served, home / "artifact"))
    assert (before["x.ratio"].verdict, before[CLIPPED].verdict) == ("severe", "severe")
    never = {"psi": False, "jsd": False, "outside": False}
    columns = {"x.ratio": never, "x.kind.k_a": False, CLIPPED: {"steps": False}}
    (tmp_path / "pipeline.yaml").write_text(PIPELINE + f"drift: {json.dumps({'columns': columns})}\n")
    skc.compile(tmp_path / "pipeline.yaml", rows(3000, 1), tmp_path / "artifact", rows=0, verify=False)
    found = by_name(skc.drift(served, tmp_path / "artifact"))
    assert [found[name].verdict for name in ("x.ratio", CLIPPED, "x.kind.k_a")] == ["ok", "ok", "not watched"]
    assert found["x.kind.k_b"].verdict == "ok"
    (tmp_path / "own.yaml").write_text(json.dumps({"columns": {CLIPPED: {"steps": scales(0.01)}}}))
    found = by_name(skc.drift(served, tmp_path / "artifact", thresholds=tmp_path / "own.yaml"))
    assert (found[CLIPPED].verdict, found["x.ratio"].verdict) == ("minor", "ok")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("x.ratoi", "x.ratio"), ("x.kind.k_d", "x.kind.k"), ("bounded/1:clip bounded clippd", CLIPPED), ("y.ratio", None)],
)
def test_a_threshold_of_what_there_is_not_is_refused(name: str, meant: str | None, tmp_path: Path) -> None:
    text = PIPELINE + f"drift: {{columns: {json.dumps({name: False})}}}\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    with pytest.raises(SkcError) as refused:
        skc.compile(tmp_path / "pipeline.yaml", rows(300, 1), tmp_path / "artifact", rows=0, verify=False)
    assert refused.value.code == "SKC104"
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.span is not None
    assert diagnostic.span.line == text.count("\n")
    if meant is not None:
        assert diagnostic.hint is not None
        assert meant in diagnostic.hint


def test_a_rule_about_a_share_of_the_columns_counts_those_of_requests(home: Path) -> None:
    served = PLANTED["two columns swapped"][0](week())
    assert not skc.drift(served, home / "rides", fail_on=["columns>0.25"]).broken
    assert skc.drift(served, home / "rides", fail_on=["columns>0.2"]).broken == ("columns>0.2: 2 of 8 columns (25%)",)


def test_outputs_and_steps_are_compared_by_window_and_group(home: Path) -> None:
    """In the second hour and group, `a` and `b` no longer belong together; in the third, `a` itself moved."""
    moved = rows(2000, 12, hours=1)
    moved = moved.set_column(0, "a", pc.multiply(moved["a"], 4.0))
    parts = [rows(2000, 10, hours=1), rows(2000, 11, hours=1, shuffled=True), moved, rows(50, 13, hours=1)]
    served = pa.concat_tables(parts).append_column("hour", pa.array(np.repeat([1, 2, 3, 4], [2000, 2000, 2000, 50])))
    report = skc.drift(served, home / "artifact", group="hour")
    assert [part.verdict for part in report.parts] == ["ok", "severe", "severe", "too few rows"]
    assert [set(part.found) for part in report.parts] == [set(), {"x.ratio", CLIPPED}, {"a"}, set()]
    second, third = ({column.name: column for column in report.parts[k].columns} for k in (1, 2))
    assert second["x.bounded"].follows == (CLIPPED,)
    assert third["x.ratio"].follows == third[CLIPPED].follows == ("a",)
    assert "x.kind.k_a" not in second  # it has no finding in any part
    alone = skc.drift(parts[1], home / "artifact")
    assert set(report.parts[1].found) == {column.name for column in alone.found}
    schema = json.loads((SCHEMAS / "skew-report.v1.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(report.to_json())), schema)
    rules = skc.drift(served, home / "artifact", group="hour", fail_on=["severe"])
    named = {message.split(": ")[2] for message in rules.broken if message.startswith("severe: 3: ")}
    assert named == {"a"}


def test_windows_of_outputs_are_those_of_the_rows_that_were_served(home: Path) -> None:
    """A group whose rows are all refused has rows and what its steps met, and no outputs."""
    served = pa.concat_tables([rows(500, 14), rows(500, 15, kinds="z")])
    served = served.set_column(2, "k", pa.array(served["k"].to_pylist()[:500] + ["z"] * 500))
    report = skc.drift(
        served.append_column("side", pa.array(["left"] * 500 + ["right"] * 500)), home / "artifact", group="side"
    )
    left, right = report.parts
    assert (left.rows, right.rows) == (500, 500)
    assert left.found == ()
    assert right.found == ("k",)
    refused = {column.name: column for column in right.columns}["kind/0:one_hot k unknown-category"]
    assert (refused.verdict, refused.follows) == ("severe", ("k",))


def test_parts_of_the_profile_are_counted_as_each_alone(home: Path) -> None:
    served = pa.concat_tables([rows(700, seed, shuffled=seed == 22) for seed in (21, 22, 23)])
    grouped = served.append_column("side", pa.array(np.repeat(["p", "q", "r"], 700)))
    pipeline, outputs = read(home / "artifact").pipeline, outputs_of(home / "artifact")
    inputs = {i.name for i in pipeline.inputs}
    with open_duckdb(1, "1GB") as engine:
        source, _ = resolve(grouped, None)
        side = Input("side", "string")
        table = engine.load(source, (*pipeline.inputs, side), DataSource())
        divided = count_outputs(table, pipeline, outputs, inputs, Divide(group=Column("side", "string", "side")))
        for k, name in enumerate("pqr"):
            part = Part(group=name, has_group=True)
            with open_duckdb(1, "1GB") as other:
                source, _ = resolve(served.slice(700 * k, 700), None)
                alone = count_outputs(
                    other.load(source, pipeline.inputs, DataSource()), pipeline, outputs, inputs, Divide()
                )
            for one, whole in zip(divided.columns, alone.columns, strict=True):
                assert replace(one.tallies[part], examples=()) == replace(whole.tallies[WHOLE], examples=())
            for step, met in zip(divided.steps, alone.steps, strict=True):
                assert step.serving[part] == met.serving[WHOLE]
        assert any(step.serving[WHOLE][0] for step in divided.steps)
