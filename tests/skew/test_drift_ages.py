"""Ages of times: frozen in the profile, compared in `skc drift`, or named as not compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from memory_engine import open_memory
from sharing import Share
from state_parts import fitted_on, parts_of, states_of
from unheld_engine import open_unheld

import skc
import skc_runtime
from skc.data.duckdb.engine import open_duckdb
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import ProfileOptions
from skc.profile.document import AgesProfile, dumps, loads
from skc.skew.report import ColumnDrift, DriftReport
from skc_runtime.errors import SkcRuntimeError

PIPELINE = """\
skc: 1
name: tickets
data: {event_time: seen_at}
inputs:
  opened_at: {type: timestamp, nullable: true, null_values: [0]}
  born: {type: date, nullable: true}
  n: float64
outputs:
  x: {features: [n], dtype: float64}
"""
WITH_NOW = """\
skc: 1
name: tickets
inputs:
  opened_at: {type: timestamp, nullable: true}
  now: timestamp
features:
  open: {from: [opened_at, now], apply: [{elapsed: {unit: hours}}, {impute: {strategy: median}}]}
  hour: {from: opened_at, apply: [{datetime_part: {part: hour}}]}
outputs:
  x: {features: [open], dtype: float64}
  t: {features: [hour], dtype: float64}
"""
SCHEMAS = Path(__file__).parents[2] / "schemas"
HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 20_000 * DAY
LATER = 200 * DAY
NEVER = 10**6


def rows(n: int, seed: int, *, older: int = 0, start: int = BEGIN) -> pa.Table:
    """Tickets that were seen a few hours after they were opened, within 30 days; `older` microseconds more."""
    source = np.random.default_rng(seed)
    seen = start + source.integers(0, 30 * DAY, n)
    opened = seen - (source.gamma(3, 1, n) * HOUR).astype(np.int64) - older
    born = (seen // DAY - source.integers(6000, 30_000, n)).astype(np.int32)
    return pa.table(
        {
            "opened_at": pa.array(opened, pa.timestamp("us", "UTC"), mask=source.random(n) < 0.05),
            "born": pa.array(born, pa.date32(), mask=source.random(n) < 0.1),
            "n": source.random(n),
            "seen_at": pa.array(seen, pa.timestamp("us", "UTC")),
        }
    )


def with_now(table: pa.Table) -> pa.Table:
    return table.select(["opened_at", "seen_at"]).rename_columns(["opened_at", "now"])


def compiled(folder: Path, text: str, data: Any, name: str) -> Path:
    (folder / f"{name}.yaml").write_text(text)
    skc.compile(folder / f"{name}.yaml", data, folder / name, rows=0, verify=False)
    return folder / name


def make(folder: Path) -> None:
    folder.mkdir()
    compiled(folder, PIPELINE, rows(3000, 1), "event")
    compiled(folder, WITH_NOW, with_now(rows(3000, 1)), "now")
    compiled(folder, PIPELINE.replace("data: {event_time: seen_at}\n", ""), rows(3000, 1), "none")


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("drift-ages", make)


def ages_of(artifact: Path) -> AgesProfile | None:
    return loads((artifact / "profile.json").read_bytes()).ages


def by_name(report: DriftReport) -> dict[str, ColumnDrift]:
    return {column.name: column for column in report.columns}


def reasons(report: DriftReport) -> dict[str, str]:
    return {one.name: one.reason for one in report.ages_not_compared}


def test_the_ages_of_a_profile_are_what_numpy_computes(home: Path) -> None:
    table = rows(3000, 1)
    ages = ages_of(home / "event")
    assert ages is not None
    assert ages.moment == "seen_at"
    assert [(one.column.name, one.in_days) for one in ages.columns] == [("opened_at", False), ("born", True)]
    seen = np.array(table["seen_at"].cast(pa.int64()))
    opened = np.array(table["opened_at"].cast(pa.int64()).fill_null(NEVER))
    born = np.array(table["born"].cast(pa.int32()).fill_null(NEVER)).astype(np.int64)
    known = (seen - opened)[opened != NEVER], (seen // DAY - born)[born != NEVER] * DAY
    for one, expected in zip(ages.columns, known, strict=True):
        numbers = one.column.numbers
        assert numbers is not None
        assert one.column.categories is None
        assert one.column.nulls == 3000 - len(expected)
        assert (numbers.low, numbers.high) == (expected.min(), expected.max())
        assert numbers.mean == pytest.approx(expected.mean(), rel=1e-12)
        ranks = [-(-k * len(expected) // 100) - 1 for k in range(1, 100)]
        assert numbers.edges == tuple(np.unique(np.sort(expected)[ranks]))
        inside = np.bincount(np.searchsorted(numbers.edges, expected), minlength=len(numbers.counts))
        assert numbers.counts == tuple(inside)


def test_the_ages_are_the_same_for_every_order_and_engine() -> None:
    text = PIPELINE.replace("null_values: [0]", "null_values: [7]")
    pipeline, _ = read_pipeline_text(text, "pipeline.yaml")
    table = rows(500, 3)
    for name, kind in (("opened_at", pa.int64()), ("seen_at", pa.int64())):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    days = pa.array(table["born"].cast(pa.int32()).to_pylist(), pa.int64())
    table = table.set_column(table.column_names.index("born"), "born", days)
    other = table.take(pa.array(np.random.default_rng(4).permutation(500)))
    written = set()
    for data in (table, other):
        for engine in (open_duckdb, open_unheld):
            profile = fit(pipeline, data, profile=ProfileOptions(), open_engine=engine).profile
            assert profile is not None
            assert profile.ages is not None
            written.add(dumps(profile))
    now, _ = read_pipeline_text(WITH_NOW, "pipeline.yaml")
    renamed = table.select(["opened_at", "seen_at"]).rename_columns(["opened_at", "now"])
    profiles = {
        dumps(profile)
        for engine in (open_duckdb, open_memory, open_unheld)
        if (profile := fit(now, renamed, profile=ProfileOptions(), open_engine=engine).profile) is not None
    }
    assert (len(written), len(profiles)) == (1, 1)
    assert b'"ages"' in profiles.pop()


def test_a_later_time_of_the_year_is_no_drift(home: Path) -> None:
    for artifact, table in (("event", rows(2000, 2, start=BEGIN + LATER)), ("now", with_now(rows(2000, 2)))):
        report = skc.drift(table, home / artifact)
        assert not report.is_drifted, report.verdict()
        assert by_name(report)["age of opened_at"].verdict == "ok"
        assert reasons(report) == {}
    assert report.age_moments == ("now", "now")


def test_times_of_another_zone_are_found_and_named(home: Path) -> None:
    report = skc.drift(rows(2000, 2, older=8 * HOUR, start=BEGIN + LATER), home / "event")
    (found,) = report.found
    assert (found.name, found.role, found.verdict) == ("age of opened_at", "age", "severe")
    assert "the ages of `opened_at` moved, 8.0" in found.text
    assert "h older by the median (2.6" in found.text
    assert by_name(report)["age of born"].verdict == "ok"
    text = skc.render(report)
    assert "age of opened_at: severe\n  how old `opened_at` was at the moment of each row\n" in text
    assert "to 1.1 h … above 5.14 h" in text
    assert "\nages at `seen_at`\n" in text
    younger = skc.drift(rows(2000, 2, older=-HOUR), home / "event").found[0]
    assert "min younger by the median" in younger.text


def test_an_output_that_is_an_age_is_part_of_the_finding_of_the_age(home: Path) -> None:
    report = skc.drift(with_now(rows(2000, 2, older=8 * HOUR)), home / "now")
    (found,) = report.found
    assert found.name == "age of opened_at"
    assert [name for name, _ in found.followers] == ["x.open"]
    assert by_name(report)["x.open"].follows == ("age of opened_at",)
    # An input that drifts itself comes first.
    table = with_now(rows(2000, 2, older=8 * HOUR))
    lost = pc.if_else(pa.array(np.arange(2000) % 2 == 0), None, table["opened_at"])
    report = skc.drift(table.set_column(0, "opened_at", lost), home / "now")
    (found,) = report.found
    assert found.name == "opened_at"
    assert by_name(report)["age of opened_at"].follows == ("opened_at",)


def test_the_report_is_as_the_schema_says_in_every_format(home: Path) -> None:
    schema = json.loads((SCHEMAS / "skew-report.v1.schema.json").read_text())
    of_profile = json.loads((SCHEMAS / "profile.v1.schema.json").read_text())
    for name in ("event", "now", "none"):
        jsonschema.validate(json.loads((home / name / "profile.json").read_text()), of_profile)
    for report in (
        skc.drift(rows(2000, 2, older=8 * HOUR), home / "event"),
        skc.drift(rows(2000, 2), home / "none"),
        skc.drift(rows(2000, 2).drop_columns(["seen_at"]), home / "event"),
    ):
        document = json.loads(skc.render(report, "json"))
        jsonschema.validate(document, schema)
    assert document["age_moments"] is None
    assert {one["reason"] for one in document["ages_not_compared"]} == {"no-moment"}
    found = skc.drift(rows(2000, 2, older=8 * HOUR), home / "event")
    for kind in ("html", "junit", "github"):
        assert "older by the median" in skc.render(found, kind)
    assert "ages at `seen_at`" in skc.render(found, "html")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop_columns(["seen_at"]), {"opened_at": "no-moment", "born": "no-moment"}),
        (lambda t: t.drop_columns(["opened_at"]), {"opened_at": "missing"}),
        (lambda t: _changed(t, "seen_at", pc.cast(t["seen_at"], pa.date32())), {"opened_at": "no-moment"}),
        (lambda t: _changed(t, "seen_at", pa.array(np.ones(len(t)))), {"opened_at": "no-moment", "born": "no-moment"}),
        (lambda t: t.rename_columns(["opened_at", "born", "n", "time_us"]), {}),
        (lambda t: _changed(t, "seen_at", pc.cast(t["seen_at"], pa.timestamp("ns"))), {}),
        (lambda t: _changed(t, "seen_at", pc.strftime(t["seen_at"], "%Y-%m-%dT%H:%M:%S")), {}),
    ],
)
def test_ages_that_cannot_be_compared_are_named(
    home: Path, change: Callable[[pa.Table], pa.Table], expected: dict[str, str]
) -> None:
    report = skc.drift(change(rows(2000, 2)), home / "event")
    assert reasons(report) == expected
    compared = {f"age of {name}" for name in ("opened_at", "born") if name not in expected}
    assert {column.name for column in report.columns if column.role == "age"} == compared
    assert all(by_name(report)[name].verdict == "ok" for name in compared)
    text = skc.render(report)
    assert ("ages not compared of" in text) == bool(expected)
    assert all(f"`{name}`" in text for name in expected)


def _changed(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def test_what_training_does_not_know_is_said(home: Path, tmp_path: Path) -> None:
    report = skc.drift(rows(2000, 2), home / "none")
    assert reasons(report) == {"opened_at": "not-frozen", "born": "not-frozen"}
    assert b'"ages"' not in (home / "none" / "profile.json").read_bytes()
    line = (
        "ages not compared of `opened_at`, `born`: training has no moment of its rows; declare `event_time` of `data`"
    )
    assert line in skc.render(report)
    empty = rows(300, 1)
    lost = _changed(empty, "seen_at", pa.array([None] * 300, pa.timestamp("us", "UTC")))
    artifact = compiled(tmp_path, PIPELINE, lost, "lost")
    assert reasons(skc.drift(rows(2000, 2), artifact)) == {"opened_at": "no-values", "born": "no-values"}
    local = PIPELINE.replace("null_values: [0]", "timezone: Europe/Paris, ambiguous: earliest, nonexistent: 'null'")
    naive = _changed(empty, "opened_at", pc.cast(empty["opened_at"], pa.timestamp("us")))
    artifact = compiled(tmp_path, local, naive, "local")
    later = rows(2000, 2)
    naive = _changed(later, "opened_at", pc.cast(later["opened_at"], pa.timestamp("us")))
    report = skc.drift(naive, artifact)
    assert reasons(report) == {"opened_at": "local-time"}
    assert by_name(report)["age of born"].verdict == "ok"


def test_what_the_profile_leaves_out_has_no_age(tmp_path: Path) -> None:
    left_out = compiled(tmp_path, PIPELINE + "profile: {omit: [born]}\n", rows(500, 1), "born")
    ages = ages_of(left_out)
    assert ages is not None
    assert [one.column.name for one in ages.columns] == ["opened_at"]
    assert reasons(skc.drift(rows(500, 2), left_out)) == {}
    text = WITH_NOW + "profile: {omit: [now]}\n"
    artifact = compiled(tmp_path, text, with_now(rows(500, 1)), "now")
    assert ages_of(artifact) is None
    unbounded = compiled(tmp_path, PIPELINE + "profile: {bounds: false}\n", rows(500, 1), "unbounded")
    bounds = ages_of(unbounded)
    assert bounds is not None
    assert all(one.column.categories is None for one in bounds.columns), "few as they are, they are numbers"
    assert all(one.column.numbers and one.column.numbers.low is None for one in bounds.columns)


def serve(artifact: Path, log: Path, table: pa.Table, times: list[int], **options: Any) -> None:
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(log, transformer, on_full="wait", **options) as opened,
    ):
        for k, record in enumerate(table.to_pylist()):
            opened.add(f"r{k}", record, transformer.transform_record(record), time_us=times[k])


def test_requests_of_a_log_have_the_time_of_the_request(home: Path, tmp_path: Path) -> None:
    for older, found in ((0, []), (8 * HOUR, ["age of opened_at"])):
        table = rows(600, 5, older=older, start=BEGIN + LATER)
        times = table["seen_at"].cast(pa.int64()).to_pylist()
        serve(home / "event", tmp_path / f"log{older}", table.drop_columns(["seen_at"]), times)
        report = skc.drift(tmp_path / f"log{older}", home / "event")
        assert [column.name for column in report.found] == found
        assert report.age_moments == ("seen_at", "time_us")
    assert "ages at `seen_at` in training, at `time_us` in serving" in skc.render(report)
    table = with_now(rows(600, 5, older=8 * HOUR))
    serve(home / "now", tmp_path / "now", table, [0] * 600)
    report = skc.drift(tmp_path / "now", home / "now")
    assert report.age_moments == ("now", "now")
    assert [column.name for column in report.found] == ["age of opened_at"]


def test_a_log_that_hides_a_time_hides_its_age(home: Path, tmp_path: Path) -> None:
    for hidden, expected in (
        ("opened_at", {"opened_at": "hidden"}),
        ("now", {"opened_at": "hidden"}),
    ):
        text = WITH_NOW + f"log: {{omit: [{hidden}]}}\n"
        artifact = compiled(tmp_path, text, with_now(rows(500, 1)), hidden)
        table = with_now(rows(300, 5))
        serve(artifact, tmp_path / f"log-{hidden}", table, [BEGIN] * 300)
        assert reasons(skc.drift(tmp_path / f"log-{hidden}", artifact)) == expected


def test_moments_that_are_dates_are_compared_by_whole_days(tmp_path: Path) -> None:
    """Else every request would be half a day older than the training rows."""
    table = rows(3000, 1)
    for name, kind in (("date", pa.date32()), ("text", pa.string())):
        moments = pc.cast(pc.floor_temporal(table["seen_at"], unit="day"), pa.date32()).cast(kind)
        artifact = compiled(tmp_path, PIPELINE, _changed(table, "seen_at", moments), name)
        ages = ages_of(artifact)
        assert ages is not None
        assert all(one.in_days for one in ages.columns)
        served = rows(3000, 2)
        served = served.drop_columns(["seen_at"]).append_column("time_us", served["seen_at"].cast(pa.int64()))
        assert not skc.drift(served, artifact).found
        older = _changed(served, "time_us", pc.add(served["time_us"], 3 * DAY))
        assert [column.name for column in skc.drift(older, artifact).found] == ["age of opened_at"]


def test_windows_and_groups_compare_ages_too(home: Path) -> None:
    table = rows(3000, 2)
    late = pc.greater_equal(table["seen_at"].cast(pa.int64()), BEGIN + 20 * DAY)
    older = pc.if_else(
        late, pc.subtract(table["opened_at"].cast(pa.int64()), 8 * HOUR), table["opened_at"].cast(pa.int64())
    )
    table = _changed(table, "opened_at", older.cast(pa.timestamp("us", "UTC")))
    report = skc.drift(table, home / "event", window="10d", by="seen_at")
    found = {part.label: part.found for part in report.parts}
    assert list(found.values()) == [(), (), ("age of opened_at",)]


def test_thresholds_name_ages(home: Path, tmp_path: Path) -> None:
    served = rows(2000, 2, older=8 * HOUR)
    (tmp_path / "off.yaml").write_text("columns: {age of opened_at: false}\n")
    report = skc.drift(served, home / "event", thresholds=tmp_path / "off.yaml")
    assert by_name(report)["age of opened_at"].verdict == "not watched"
    (tmp_path / "input.yaml").write_text("columns: {opened_at: false}\n")
    report = skc.drift(served, home / "event", thresholds=tmp_path / "input.yaml")
    assert "age of opened_at" not in by_name(report)
    assert not report.found
    (tmp_path / "own.yaml").write_text("columns: {opened_at: false, age of opened_at: {psi: {minor: 0.1}}}\n")
    report = skc.drift(served, home / "event", thresholds=tmp_path / "own.yaml")
    assert [column.name for column in report.found] == ["age of opened_at"]
    (tmp_path / "typo.yaml").write_text("columns: {age of opened: false}\n")
    with pytest.raises(SkcError) as caught:
        skc.drift(served, home / "event", thresholds=tmp_path / "typo.yaml")
    assert caught.value.code == "SKC104"
    assert caught.value.diagnostics[0].hint == "did you mean `age of opened_at`?"


def test_a_moment_that_training_does_not_have_is_refused_at_its_place(tmp_path: Path) -> None:
    for change in (
        lambda t: t.drop_columns(["seen_at"]),
        lambda t: _changed(t, "seen_at", pa.array(np.ones(len(t)))),
        lambda t: _changed(t, "seen_at", pa.array(["noon"] * len(t))),
    ):
        with pytest.raises(SkcError) as caught:
            compiled(tmp_path, PIPELINE, change(rows(200, 1)), "artifact")
        assert caught.value.code == "SKC623"
    (tmp_path / "p.yaml").write_text(PIPELINE)
    table = rows(200, 1).drop_columns(["seen_at"])
    with pytest.raises(SkcError) as caught:
        skc.compile(tmp_path / "p.yaml", table, tmp_path / "out", rows=0, verify=False)
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert span.line == 3
    # Nothing needs it without a profile.
    skc.compile(tmp_path / "p.yaml", table, tmp_path / "out", rows=0, verify=False, profile=False)


def test_a_where_by_the_moment_selects_the_same_rows(tmp_path: Path) -> None:
    """The moment is read as an input would be, beside the inputs: the plan must not notice."""
    where = "seen_at < '2024-10-20' AND seen_at - INTERVAL 1 DAY < TIMESTAMP '2024-10-19'"
    text = PIPELINE.replace("event_time: seen_at", f'event_time: seen_at, where: "{where}"')
    text = text.replace("features: [n]", "features: [scaled]").replace(
        "outputs:", "features:\n  scaled: {from: n, apply: [standard_scale]}\noutputs:"
    )
    table = rows(1000, 1)
    naive = _changed(table, "seen_at", pc.cast(table["seen_at"], pa.timestamp("us")))
    pa.csv.write_csv(naive, tmp_path / "rows.csv")
    kept = int(pc.sum(pc.less(table["seen_at"].cast(pa.int64()), 20016 * DAY)).as_py())
    for name, data in (("utc", table), ("naive", naive), ("csv", tmp_path / "rows.csv")):
        own = text.replace(", null_values: [0]", "").replace("seen_at - INTERVAL 1 DAY < TIMESTAMP ", "seen_at > ")
        (tmp_path / "p.yaml").write_text(own.replace("2024-10-19", "1970-01-01") if name == "csv" else text)
        plans = []
        for profile in (True, False):
            out = tmp_path / f"{name}{profile}"
            skc.compile(tmp_path / "p.yaml", data, out, rows=0, verify=False, profile=profile)
            plans.append((out / "plan.json").read_bytes())
        assert plans[0] == plans[1], name
        frozen = loads((tmp_path / f"{name}True" / "profile.json").read_bytes())
        assert frozen.rows == kept, name
        assert frozen.ages is not None


def test_any_table_can_be_frozen_with_its_ages(home: Path, tmp_path: Path) -> None:
    frozen = skc.write_profile(rows(2000, 1), tmp_path / "frozen.json", home / "event")
    assert frozen.ages is not None
    report = skc.drift(rows(2000, 2, older=8 * HOUR), tmp_path / "frozen.json")
    assert [column.name for column in report.found] == ["age of opened_at"]
    without = skc.write_profile(rows(2000, 1).drop_columns(["seen_at"]), tmp_path / "without.json", home / "event")
    assert without.ages is None
    natural = skc.write_profile(with_now(rows(2000, 1)), tmp_path / "natural.json")
    assert natural.ages is not None
    assert natural.ages.moment == "now"


def test_states_that_are_merged_have_the_ages_at_an_input() -> None:
    table = rows(500, 3)
    seconds = pc.multiply(pc.divide(table["opened_at"].cast(pa.int64()), DAY), DAY)  # so that values repeat
    table = _changed(table, "opened_at", seconds)
    for name in ("seen_at", "born"):
        moments = pa.array(table[name].cast(pa.int64() if name == "seen_at" else pa.int32()).to_pylist(), pa.int64())
        table = _changed(table, name, moments)
    for text, data in ((WITH_NOW, with_now(table)), (PIPELINE, table)):
        pipeline, _ = read_pipeline_text(text, "pipeline.yaml")
        whole = fit(pipeline, data, profile=ProfileOptions()).profile
        merged = fitted_on(*states_of(pipeline, parts_of(data, 3), ProfileOptions())).profile
        assert whole is not None
        assert whole.ages is not None
        assert merged == (whole if text == WITH_NOW else replace(whole, ages=None))


def test_a_profile_whose_ages_are_damaged_is_refused(home: Path) -> None:
    document = json.loads((home / "event" / "profile.json").read_text())
    assert dumps(loads(json.dumps(document).encode())) == (home / "event" / "profile.json").read_bytes()

    def damaged(change: Callable[[dict[str, Any]], object]) -> bytes:
        copy = json.loads(json.dumps(document))
        change(copy["ages"])
        return json.dumps(copy).encode()

    for change in (
        lambda ages: ages.pop("moment"),
        lambda ages: ages["columns"][0].pop("in_days"),
        lambda ages: ages["columns"][0].pop("numbers"),
        lambda ages: ages["columns"][0].update(type="timestamp"),
        lambda ages: ages["columns"][0].update(nulls=3001),
        lambda ages: ages.update(more=1),
    ):
        with pytest.raises((SkcError, SkcRuntimeError)) as caught:
            loads(damaged(change))
        assert isinstance(caught.value, SkcError)
        assert caught.value.code == "SKC401"
