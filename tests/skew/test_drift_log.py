"""`skc drift LOG ARTIFACT`: requests as a runtime logged them, with what the pipeline hides, refusals and samples."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sharing import Share
from skewed_rides import PLANTED, RIDES, week

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.skew.features import FullFeatures
from skc.skew.report import DriftReport
from skc_runtime import RecordError
from skc_runtime.manifest import OutputSpec

DAY = 86_400_000_000
BEGIN = 1_763_000_000_000_000 // DAY * DAY


def make(folder: Path) -> None:
    """Two artifacts of the rides, of which one hides the driver and the zone."""
    folder.mkdir()
    text = (RIDES / "pipeline.yaml").read_text(encoding="utf-8")
    shutil.copy(RIDES / "data.csv", folder)
    (folder / "open.yaml").write_text(text, encoding="utf-8")
    (folder / "hiding.yaml").write_text(text + "log: {omit: [driver], hash: [zone]}\n", encoding="utf-8")
    for name in ("open", "hiding"):
        skc.compile(folder / f"{name}.yaml", out=folder / name, rows=0, verify=False)


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("rides-logged", make)


def serve(artifact: Path, log: Path, rows: pa.Table, **options: Any) -> None:
    """Serve every row, a minute after the other, and log it."""
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(log, transformer, on_full="wait", **options) as opened,
    ):
        for k, record in enumerate(rows.to_pylist()):
            features = error = None
            try:
                features = transformer.transform_record(record)
            except RecordError as refused:
                error = refused
            prediction = None if error else 0.25
            opened.add(f"r{k}", record, features, error=error, time_us=BEGIN + k * 60_000_000, prediction=prediction)


def levels(report: DriftReport) -> dict[str, str]:
    """Of the columns that requests have."""
    return {column.name: column.verdict for column in report.columns if not column.is_computed}


def test_a_log_is_compared_as_the_table_of_its_requests(home: Path, tmp_path: Path) -> None:
    rows = PLANTED["another case"][0](PLANTED["5 % of look-ups time out"][0](week()))
    serve(home / "open", tmp_path / "log", rows)
    of_log, of_table = (skc.drift(data, home / "open") for data in (tmp_path / "log", rows))
    assert [c.name for c in of_log.found] == ["payment", "fare"]
    for one, other in zip(of_log.columns, of_table.columns, strict=True):
        assert one.tally == other.tally
        assert one.compared is not None
        assert other.compared is not None
        assert one.compared.statistics == other.compared.statistics
        if one.is_computed:
            assert one.compared.effects == other.compared.effects
            continue
        assert one.compared.effects[:-1] == other.compared.effects
        assert one.compared.effects[-1].measure == "refused"
    assert [c.name for c in of_log.columns].count("ids.driver") == 1
    for file in (tmp_path / "log").iterdir():  # as a shipper of logs leaves it
        (tmp_path / "packed").mkdir()
        (tmp_path / "packed" / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert skc.drift(tmp_path / "packed", home / "open").to_json() == of_log.to_json()


def test_windows_and_predictions_of_a_log(home: Path, tmp_path: Path) -> None:
    serve(home / "open", tmp_path / "log", week())
    scores = pa.table({"prediction": [k / 1000 for k in range(1000)]})
    options: dict[str, Any] = {"prediction": "prediction", "reference": scores, "window": "1d", "by": "time_us"}
    report = skc.drift(tmp_path / "log", home / "open", **options)
    assert [c.name for c in report.found] == ["prediction"]
    assert [(part.rows, part.found) for part in report.parts] == [(1267, ("prediction",))]


def test_what_a_pipeline_hides_is_not_watched(home: Path, tmp_path: Path) -> None:
    rows = PLANTED["one zone only"][0](week())
    serve(home / "hiding", tmp_path / "log", rows, salt="s")
    report = skc.drift(tmp_path / "log", home / "hiding")
    assert levels(report) | {"zone": "", "driver": ""} == dict.fromkeys(levels(report), "ok") | {
        "zone": "",
        "driver": "",
    }
    assert (levels(report)["zone"], levels(report)["driver"]) == ("not watched", "not watched")


def test_refused_requests_are_a_finding_of_their_input(home: Path, tmp_path: Path) -> None:
    rows = week().to_pylist()
    for k in range(0, len(rows), 20):
        rows[k] = {**rows[k], "fare": "14,50"}
    for record in rows:
        record.pop("driver")  # a column that no request has: refused too, since it is not nullable
    table = rows[:]
    with skc_runtime.load(home / "open") as transformer, skc_runtime.Log.open(tmp_path / "log", transformer) as log:
        for k, record in enumerate(table):
            try:
                transformer.transform_record({**record, "driver": "Ana"})
                log.add(f"r{k}", record, None, time_us=BEGIN + k)
            except RecordError as error:
                log.add(f"r{k}", record, error=error, time_us=BEGIN + k)
    report = skc.drift(tmp_path / "log", home / "open")
    found = {column.name: column for column in report.found}
    assert found["driver"].is_missing
    fare = found["fare"].judged.findings[0]
    assert (fare.effect.measure, fare.level) == ("refused", "moderate")
    assert fare.text == "5.1 % of the requests were refused for it"


def test_a_sample_has_every_refusal_but_is_not_biased_by_them(home: Path, tmp_path: Path) -> None:
    rows = week().to_pylist()
    with (
        skc_runtime.load(home / "open") as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, sample=0.5, on_full="wait") as log,
    ):
        for k, record in enumerate(rows):
            if k % 20 == 0:
                try:
                    transformer.transform_record({**record, "pickup": "soon"})
                except RecordError as error:
                    log.add(f"r{k}", {**record, "pickup": "soon"}, error=error)
            else:
                log.add(f"r{k}", record, transformer.transform_record(record))
    report = skc.drift(tmp_path / "log", home / "open")
    assert 450 < report.rows < 750
    (pickup,) = report.found
    assert pickup.name == "pickup"
    assert pickup.judged.findings[0].effect.value == pytest.approx(0.05, abs=0.006)


def test_a_log_of_another_pipeline_is_refused(home: Path, tmp_path: Path) -> None:
    serve(home / "open", tmp_path / "log", week().slice(0, 3))
    text = (home / "open.yaml").read_text(encoding="utf-8").replace("top_k: 8", "top_k: 7")
    (home / "changed.yaml").write_text(text, encoding="utf-8")
    skc.compile(home / "changed.yaml", out=home / "changed", rows=0, verify=False, force=True)
    with pytest.raises(SkcError, match="is of the pipeline") as error:
        skc.drift(tmp_path / "log", home / "changed")
    assert error.value.code == "SKC604"


@pytest.mark.parametrize("name", ["open", "hiding"])
def test_features_in_full_are_compared_as_they_were_served(home: Path, tmp_path: Path, name: str) -> None:
    """The service changes a feature after the artifact: no input and nothing that is recomputed shows it."""
    with (
        skc_runtime.load(home / name) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait", features="full", salt="s") as log,
    ):
        columns = transformer.manifest.outputs[0].columns
        (place,) = [k for k, column in enumerate(columns) if "distance" in column]
        for k, record in enumerate(week().to_pylist()):
            features = transformer.transform_record(record)
            features["x"][..., place] *= 3
            log.add(f"r{k}", record, features, time_us=BEGIN + k)
    report = skc.drift(tmp_path / "log", home / name)
    assert [column.name for column in report.found] == [f"x.{columns[place]}"]
    assert (report.outputs_served, report.not_computed) == (report.rows, ())
    assert f"outputs as served in {report.rows:,} requests" in skc.render(report)
    assert f"Outputs as served in {report.rows:,} requests" in skc.render(report, "html")


def test_requests_without_full_features_are_recomputed(home: Path, tmp_path: Path) -> None:
    serve(home / "open", tmp_path / "some", week(), features="digest", full_every=7)
    serve(home / "open", tmp_path / "none", week(), features="digest", full_every=0)
    some, none = (skc.drift(tmp_path / log, home / "open") for log in ("some", "none"))
    assert some.outputs_served is not None
    assert 100 < some.outputs_served < some.rows / 5
    assert none.outputs_served is None
    assert [column.tally for column in some.columns] == [column.tally for column in none.columns]


def test_features_that_are_not_whole_are_not_taken_as_served() -> None:
    specs = [OutputSpec("x", "float32", ("a",), (True,), None), OutputSpec("i", "int64", ("b",), (True,), None)]
    features = FullFeatures.of(specs, [])
    logged: list[Any] = [None, {"x": [1e300], "i": ["3"]}, {"x": ["NaN"], "i": ["9"]}, {"x": [0.1], "i": ["z"]}]
    logged += [{"x": "ab12", "i": "ff"}, {"x": [0.1], "i": ["9"]}, {"x": [1.0, 2.0], "i": ["1"]}]
    marker, x, i = (column.to_pylist() for column in features.columns(logged))
    assert marker == [False, True, True, False, False, True, False]
    assert x == [None, float("inf"), None, None, None, float(np.float32(0.1)), None]
    assert i == [None, 3, 9, None, None, 9, None]
    assert features.count == 3


HIDDEN = """\
skc: 1
name: hidden
inputs: {a: float64, s: string}
features:
  twice: {expr: "a * 2"}
  id: {from: s, apply: [{vocabulary: {top_k: 4}}]}
outputs:
  x: {features: [twice], dtype: float64}
  i: {features: [id], dtype: int64}
log: {HIDE: [a, s]}
"""


@pytest.mark.parametrize("hide", ["omit", "hash"])
def test_a_log_that_hides_every_input_is_compared_by_what_was_served_or_refused(tmp_path: Path, hide: str) -> None:
    source = np.random.default_rng(1)
    table = pa.table({"a": source.random(600), "s": source.choice(list("abc"), 600)})
    (tmp_path / "hidden.yaml").write_text(HIDDEN.replace("HIDE", hide))
    artifact = tmp_path / "artifact"
    skc.compile(tmp_path / "hidden.yaml", table, artifact, rows=0, verify=False)
    serve(artifact, tmp_path / "full", table, features="full", salt="s")
    report = skc.drift(tmp_path / "full", artifact, window="5h", by="time_us")
    assert {column.name: column.verdict for column in report.columns} == {
        "a": "not watched", "s": "not watched", "x.twice": "ok", "i.id": "ok"
    }  # fmt: skip
    assert (report.rows, report.outputs_served, [part.rows for part in report.parts]) == (600, 600, [300, 300])
    assert not report.is_drifted
    assert [
        one.tally and one.tally.rows for one in skc.drift(tmp_path / "full", artifact).columns if one.is_computed
    ] == [600, 600]
    serve(artifact, tmp_path / "digest", table, salt="s")
    for options in ({}, {"window": "5h", "by": "time_us"}):
        with pytest.raises(SkcError, match="the log shows none of the inputs `a`, `s`") as error:
            skc.drift(tmp_path / "digest", artifact, **options)
        assert error.value.code == "SKC625"
    for log in ("full", "digest"):
        replayed = skc.replay(tmp_path / log, artifact)
        assert replayed.is_equal
        assert "not recomputed, because the log hides `a`, `s`: `x: twice`, `i: id`" in skc.render(replayed)


def test_windows_and_groups_compare_outputs_as_they_were_served(home: Path, tmp_path: Path) -> None:
    """From one day on the service changes a feature after the artifact."""
    rows = week().slice(0, 1200)
    with (
        skc_runtime.load(home / "open") as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait", features="full") as log,
    ):
        columns = transformer.manifest.outputs[0].columns
        (place,) = [k for k, column in enumerate(columns) if "distance" in column]
        for k, record in enumerate(rows.to_pylist()):
            features = transformer.transform_record(record)
            features["x"][..., place] *= 3 if k >= 600 else 1
            log.add(f"r{k}", record, features, time_us=BEGIN + (k // 600) * DAY, key="late" if k >= 600 else "early")
    by_day = skc.drift(tmp_path / "log", home / "open", window="1d", by="time_us")
    by_key = skc.drift(tmp_path / "log", home / "open", group="key")
    for report in (by_day, by_key):
        assert [(part.rows, part.found) for part in report.parts] == [(600, ()), (600, (f"x.{columns[place]}",))]
        assert report.outputs_served == 1200
