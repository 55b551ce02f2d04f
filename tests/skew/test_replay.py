"""`skc replay LOG ARTIFACT`: what was served is computed again, and what differs is found, whatever the log is like."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted_skew import NOISE, PLANTED, Planted
from served_rides import BEGIN, EACH, write_log
from sharing import Share
from skewed_rides import PLANTED as OF_REQUESTS
from skewed_rides import RIDES, rides

import skc
import skc_runtime
from skc import artifact as artifacts
from skc import cli
from skc.diagnostics import SkcError
from skc.skew.replay.hidden import hidden_by
from skc.skew.replay.report import ReplayReport
from skc.skew.replay.sample import Spread
from skc_runtime import Transformer

ROWS = rides().to_pylist()[:1200]


def make(folder: Path) -> None:
    """Artifacts of the rides: as it is, ones that hide inputs, and ones with another scaler."""
    folder.mkdir()
    text = (RIDES / "pipeline.yaml").read_text(encoding="utf-8")
    shutil.copy(RIDES / "data.csv", folder)
    texts = {
        "open": text,
        "hiding": text + "log: {omit: [driver], hash: [zone]}\n",
        "hiding_fare": text + "log: {omit: [fare]}\n",
        "other": text.replace("log1p, standard_scale", "log1p, robust_scale"),
        "third": text.replace("log1p, standard_scale", "log1p, max_abs_scale"),
    }
    for name, one in texts.items():
        (folder / f"{name}.yaml").write_text(one, encoding="utf-8")
        skc.compile(folder / f"{name}.yaml", out=folder / name, rows=0, verify=False)


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("rides-replayed", make)


@pytest.fixture(scope="module")
def transformer(home: Path) -> Transformer:
    return skc_runtime.load(home / "open")


def differing(report: ReplayReport) -> dict[str, int]:
    return {column.column: column.differing for column in report.columns if column.differing}


@pytest.mark.parametrize("features", ["digest", "full", "none"])
def test_a_clean_log_has_no_difference(features: Any, home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS, features=features)
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert report.is_equal
    assert report.requests == len(ROWS)
    assert [output.digests for output in report.outputs] == [len(ROWS) * (features == "digest")] * 2
    assert [column.rows for column in report.columns] == [len(ROWS)] * 15 * (features == "full")
    assert report.without_features == len(ROWS) * (features == "none")


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_in_its_columns_and_named(
    name: str, home: Path, transformer: Transformer, tmp_path: Path
) -> None:
    report = replayed(PLANTED[name], home, transformer, tmp_path)
    assert set(differing(report)) == PLANTED[name].columns
    for column in report.found:
        assert column.reason is not None, skc.render(report)
        assert any(words in column.reason.text for words in PLANTED[name].words), skc.render(report)


def replayed(planted: Planted, home: Path, transformer: Transformer, folder: Path) -> ReplayReport:
    write_log(folder / "log.jsonl", transformer, ROWS, own=planted.own(transformer))
    return skc.replay(folder / "log.jsonl", home / "open")


def test_noise_is_found_and_not_named(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    report = replayed(NOISE, home, transformer, tmp_path)
    assert differing(report) == {"amounts.fare": len(ROWS) // 3}
    assert report.found[0].reason is None
    assert "not explained" in skc.render(report)


def test_a_single_bit_is_found(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    def own(features: Mapping[str, Any], records: Any) -> Mapping[str, Any]:
        changed = features["x"].copy()
        changed[7, 0] = np.nextafter(changed[7, 0], np.float32(9))
        return {**features, "x": changed}

    write_log(tmp_path / "log.jsonl", transformer, ROWS, own=own)
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    (column,) = report.found
    assert (column.column, column.differing, column.worst_ulp) == ("amounts.distance_km", 1, 1)
    assert [example.id for example in column.examples] == ["r7"]
    assert skc.replay(tmp_path / "log.jsonl", home / "open", tolerance="1e-6").is_equal


def test_a_digest_tells_the_request_but_not_the_column(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS)
    damaged = (tmp_path / "log.jsonl").read_text(encoding="utf-8").replace('"fare":12.73,', '"fare":12.74,', 1)
    (tmp_path / "log.jsonl").write_text(damaged, encoding="utf-8")
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert [(output.output, output.differing) for output in report.found_by_digest] == [("x", 1)]
    assert report.differing == 1
    assert "log with features=full, or full_every" in skc.render(report)


def test_the_command_of_an_example_shows_the_same_value(
    home: Path, transformer: Transformer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    report = replayed(PLANTED["rounded to 2 decimals"], home, transformer, tmp_path)
    (column,) = report.found
    assert column.examples[0].reproduce is not None
    program, *arguments = shlex.split(column.examples[0].reproduce)
    assert program == "skc"
    assert cli.run([*arguments, "--format", "json"]) == cli.EQUAL
    shown = json.loads(capsys.readouterr().out)
    values = {value["column"]: value["got"] for value in shown["outputs"]}
    assert values["amounts.fare"] == column.examples[0].recomputed


def test_what_a_log_hides_is_listed_and_the_rest_compared(home: Path, tmp_path: Path) -> None:
    with skc_runtime.load(home / "hiding") as transformer:
        write_log(tmp_path / "digest.jsonl", transformer, ROWS, salt=b"s")
        write_log(tmp_path / "full.jsonl", transformer, ROWS, salt=b"s", features="full", first=5000)
    report = skc.replay(tmp_path / "digest.jsonl", home / "hiding")
    assert report.is_equal
    assert report.not_recomputed is not None
    assert report.not_recomputed.inputs == ("zone", "driver")
    assert report.not_recomputed.columns == ("ids: zone", "ids: driver")
    assert [(output.digests, output.untold) for output in report.outputs] == [(len(ROWS), 0), (0, len(ROWS))]
    text = skc.render(report)
    assert "not recomputed, because the log hides `zone`, `driver`: `ids: zone`, `ids: driver`" in text
    both = skc.replay([tmp_path / "digest.jsonl", tmp_path / "full.jsonl"], home / "hiding")
    assert both.is_equal
    assert [column.output for column in both.columns] == ["x"] * 13


def test_features_in_full_are_compared_beside_what_is_hidden(home: Path, tmp_path: Path) -> None:
    """Half of the columns of an output depend on the input that is left out."""
    with skc_runtime.load(home / "hiding_fare") as transformer:
        planted = PLANTED["two columns swapped"]
        write_log(tmp_path / "log.jsonl", transformer, ROWS, own=planted.own(transformer))
    report = skc.replay(tmp_path / "log.jsonl", home / "hiding_fare")
    assert set(differing(report)) == {"amounts.distance_km"}
    assert report.not_recomputed is not None
    assert report.not_recomputed.columns == ("x: amounts.fare", "x: fare_per_km")


def test_a_refusal_for_a_hidden_input_cannot_be_made_again(home: Path, tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS[:10]]
    rows[3] |= {"fare": "14,50"}
    with skc_runtime.load(home / "hiding_fare") as transformer:
        write_log(tmp_path / "log.jsonl", transformer, rows)
    report = skc.replay(tmp_path / "log.jsonl", home / "hiding_fare")
    assert report.is_equal, skc.render(report)
    assert (report.refused, report.unknown) == (1, 1)


GAP = """\
skc: 1
name: gap
inputs: {a: float64, b: float64}
features:
  gap: {expr: a - b, apply: [log1p]}
  own: {from: a, apply: [log1p]}
outputs: {out: {features: [gap, own], dtype: float64}}
log: {omit: [b]}
"""


def test_a_step_behind_a_hidden_input_says_nothing_of_a_refusal(tmp_path: Path) -> None:
    """A hidden input has another value when the request is computed again: `gap` may refuse that, and may not refuse
    what it refused in serving. What `own` refuses is compared.
    """
    (tmp_path / "gap.yaml").write_text(GAP)
    skc.compile(tmp_path / "gap.yaml", pa.table({"a": [5.0, 7.0], "b": [1.0, 2.0]}), tmp_path / "gap", verify=False)
    stand_in = hidden_by(artifacts.read(tmp_path / "gap"), frozenset({"b"})).stand_in["b"]
    assert stand_in > 0
    only_then = [{"a": -0.5, "b": -9.0}, {"a": -1.0, "b": -2.0}]  # a - stand_in < -1 is refused
    only_now = [{"a": 3.0, "b": 30.0}]
    rows = [{"a": 5.0, "b": 1.0}, *only_then, *only_now, {"a": -2.0, "b": -9.0}]
    with skc_runtime.load(tmp_path / "gap") as transformer:
        write_log(tmp_path / "log.jsonl", transformer, rows, features="full")
    report = skc.replay(tmp_path / "log.jsonl", tmp_path / "gap")
    assert report.is_equal, skc.render(report)
    assert (report.requests, report.refused, report.unknown, report.differing) == (5, 2, 3, 0)
    assert [(column.column, column.rows) for column in report.columns] == [("own", 1)]
    text = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(text.replace('"a":-0.5', '"a":-1.5'))  # which `own` refuses
    report = skc.replay(tmp_path / "log.jsonl", tmp_path / "gap")
    assert [(one.served, one.recomputed, one.rows) for one in report.refusals] == [
        ("served", "invalid-value at `own/0:log1p`, `a`", 1)
    ]


def test_refusals_are_compared_by_code_and_place(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS[:60]]
    rows[3] |= {"fare": "14,50"}
    rows[7] |= {"pickup": "yesterday"}
    rows[9] |= {"passengers": True, "night": None}
    del rows[11]["distance_km"]
    write_log(tmp_path / "log.jsonl", transformer, rows)
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert report.is_equal, skc.render(report)
    assert report.refused == 4
    text = (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    text = text.replace('{"code":"wrong-type","input":"fare"}', '{"code":"null","input":"fare"}')
    text = text.replace('"pickup":"yesterday"', '"pickup":"2025-11-11 07:59:17"')
    (tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert {(one.served, one.recomputed): one.rows for one in report.refusals} == {
        ("null at `fare`", "wrong-type at `fare`"): 1,
        ("invalid-value at `pickup_at/0:parse_datetime`, `pickup`", "served"): 1,
    }
    assert report.differing == 2


def test_a_request_that_is_refused_now_was_served(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    """Other rows of its batch are compared all the same."""
    write_log(tmp_path / "log.jsonl", transformer, ROWS)
    text = (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    text = text.replace('"pickup":"2025-11-11 07:59:17"', '"pickup":"7:59"', 1)
    (tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert [(one.served, one.recomputed.split(" ")[0]) for one in report.refusals] == [("served", "invalid-value")]
    assert report.outputs[0].digests == len(ROWS) - 1


def test_what_a_log_cannot_show_again_is_counted(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    with skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait") as log:
        for k, request in enumerate([{**ROWS[0], "tip": 1.0}, None, ROWS[1] | {"fare": [1]}]):
            try:
                transformer.transform_record(request)  # type: ignore[arg-type]  # as a caller may do
            except skc_runtime.RecordError as error:
                log.add(str(k), request, error=error, time_us=k)
    report = skc.replay(tmp_path / "log", home / "open")
    assert (report.requests, report.refused, report.unknown, report.differing) == (3, 3, 3, 0)
    assert "3 requests cannot be made again" in skc.render(report)


def test_a_log_of_another_plan_is_refused_with_both_hashes(
    home: Path, transformer: Transformer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:20])
    assert cli.run(["replay", str(tmp_path / "log.jsonl"), str(home / "other")]) == cli.USER
    told = capsys.readouterr().err
    plans = [json.loads((home / name / "manifest.json").read_bytes())["plan"] for name in ("open", "other")]
    assert "SKC604" in told
    assert all(plan in told for plan in plans)
    assert "--any-plan" in told
    report = skc.replay(tmp_path / "log.jsonl", home / "other", any_plan=True)
    assert [output.differing for output in report.outputs] == [20, 0]
    assert report.log.plans == (plans[0],)


def test_a_log_of_a_service_that_loaded_another_artifact(
    home: Path, transformer: Transformer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each artifact replays the requests that it served; what is lost is looked for in all files."""
    other = skc_runtime.load(home / "other")
    with skc_runtime.Log.open(tmp_path / "log", transformer) as log:
        for k in range(30):
            by = other if k >= 20 or k == 7 else transformer
            log.add(str(k), ROWS[k], by.transform_record(ROWS[k]), served_by=by)
    assert cli.run(["replay", str(tmp_path / "log"), str(home / "open")]) == cli.USER
    assert "SKC604" in capsys.readouterr().err
    for name, own, others in (("open", 19, 11), ("other", 11, 19)):
        report = skc.replay(tmp_path / "log", home / name, own_plan=True)
        assert (report.requests, report.differing, report.log.requests, report.log.is_whole) == (own, 0, 30, True)
        other = skc_runtime.load(home / ("open" if name == "other" else "other")).manifest.plan
        assert f"left out by --own-plan: {others} requests of {other[:12]}" in skc.render(report)
        assert report.to_json()["left_out"] == [{"plan": other, "requests": others}]
        assert skc.replay(tmp_path / "log", home / name, any_plan=True).differing == others
    with pytest.raises(SkcError, match=r"SKC604.*--own-plan leaves out all requests: 1[19] requests of .{12}, 1[19] "):
        skc.replay(tmp_path / "log", home / "third", own_plan=True)


def test_files_that_overlap_are_replayed_once(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "a.jsonl", transformer, ROWS[:100])
    shutil.copy(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    report = skc.replay(tmp_path, home / "open")
    assert (report.requests, report.log.requests, report.differing) == (100, 200, 0)
    assert not report.log.is_whole
    assert report.is_refused


def test_a_torn_file_is_replayed_as_far_as_it_goes(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:100])
    whole = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "torn.jsonl").write_bytes(whole[:-300])
    report = skc.replay(tmp_path / "torn.jsonl", home / "open")
    assert report.requests in (98, 99)
    assert "torn" in {finding.kind for finding in report.log.findings}
    assert report.is_refused
    assert not skc.replay(tmp_path / "torn.jsonl", home / "open", fail_on=["served", "lost>0.5"]).is_refused
    packed = gzip.compress(whole)
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    report = skc.replay(tmp_path / "cut.jsonl.gz", home / "open")
    assert 0 < report.requests < 100
    assert "cut-short" in {finding.kind for finding in report.log.findings}


def test_some_of_the_requests(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:100])
    begin = BEGIN + 10 * EACH
    assert skc.replay(tmp_path / "log.jsonl", home / "open", since=begin).requests == 90
    assert skc.replay(tmp_path / "log.jsonl", home / "open", until=begin).requests == 10
    assert skc.replay(tmp_path / "log.jsonl", home / "open", since=str(begin), rows=1).requests == 1
    report = skc.replay(tmp_path / "log.jsonl", home / "open", since="2025-11-13", until="2025-11-13T02:23:20Z")
    assert report.requests == 10
    assert report.limit == "from 2025-11-13 00:00:00 UTC to 2025-11-13 02:23:20 UTC"


def test_a_log_without_requests_is_refused(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, [])
    with pytest.raises(SkcError, match="the log has no requests") as error:
        skc.replay(tmp_path / "log.jsonl", home / "open")
    assert error.value.code == "SKC630"
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:1])
    assert skc.replay(tmp_path / "log.jsonl", home / "open").requests == 1
    with pytest.raises(SkcError, match="none of 1 requests is to be replayed") as error:
        skc.replay(tmp_path / "log.jsonl", home / "open", since="2030-01-01")
    assert error.value.code == "SKC630"


def test_a_line_that_was_edited_is_no_crash(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:4], features="full")
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    edits: list[Any] = [{"x": [1], "ids": "a"}, {"x": ["1.5"] * 13, "ids": [1, 2]}, 5, {"y": 3}]
    for k, features in enumerate(edits, start=1):
        lines[k] = json.dumps(json.loads(lines[k]) | {"features": features})
    lines[4] = json.dumps({**json.loads(lines[4]), "request": {"pickup": 5, "fare": {"int": "x"}}})
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = skc.replay(tmp_path / "log.jsonl", home / "open")
    assert [output.malformed for output in report.outputs] == [2, 2]
    assert report.without_features == 1
    assert report.unknown == 1
    assert report.is_refused


def test_the_rules_of_fail_on(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    report = replayed(PLANTED["0 in place of a null fare"], home, transformer, tmp_path)
    assert 0.01 < report.share("served") < 0.1
    again = {rule: skc.replay(tmp_path / "log.jsonl", home / "open", fail_on=[rule]) for rule in ("lost", "served>0.1")}
    assert not any(one.is_refused for one in again.values())
    assert skc.replay(tmp_path / "log.jsonl", home / "open", fail_on=["lost", "served>0.01"]).broken
    with pytest.raises(SkcError, match="is not a rule of --fail-on"):
        skc.replay(tmp_path / "log.jsonl", home / "open", fail_on=["severe"])


def test_rows_are_kept_evenly_and_never_too_many() -> None:
    kept: Spread[int] = Spread(8)
    for start in range(0, 1000, 7):
        kept.offer(range(start, min(start + 7, 1000)), int)
    assert len(kept.items) <= 8
    steps = set(np.diff(kept.items))
    assert len(steps) == 1
    assert kept.items[0] == 0
    assert kept.items[-1] > 800
    few: Spread[int] = Spread(8)
    few.offer([3, 5], int)
    assert few.items == [3, 5]


def logged(home: Path, transformer: Transformer, folder: Path, rows: pa.Table) -> Path:
    write_log(folder / "log.jsonl", transformer, rows.to_pylist())
    return folder / "log.jsonl"


@pytest.fixture
def training() -> pa.Table:
    table = rides().slice(0, 1000)
    return table.append_column("ride", pa.array([f"r{k}" for k in range(len(table))]))


def test_equal_requests_have_no_skew(home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path) -> None:
    log = logged(home, transformer, tmp_path, rides().slice(0, 1000))
    report = skc.replay(log, home / "open", training=training.slice(0, 800), key="id=ride")
    assert report.is_equal
    assert report.training is not None
    assert (report.training.requests, report.training.matched, report.training.unused) == (1000, 800, 0)
    assert {column.skew for column in report.training.columns} == {"data skew"}
    assert len(report.training.columns) == 8


OF_TRAINING = {
    "miles for kilometres": "0.621504 times the value: in miles for kilometres",
    "zero in place of null": "0 in place of the value",
    "another case": "the text in upper case",
    "rounded down": "the value floored to a whole number",
}


@pytest.mark.parametrize("name", OF_TRAINING)
def test_data_skew_is_found_in_its_input_and_named(
    name: str, home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    change, columns = OF_REQUESTS[name]
    log = logged(home, transformer, tmp_path, change(rides().slice(0, 1000)))
    report = skc.replay(log, home / "open", training=training, key="id=ride", fail_on=["training>0.01"])
    assert report.training is not None
    assert {column.column for column in report.training.found} == columns
    (column,) = report.training.found
    assert column.reason is not None
    assert column.reason.text == OF_TRAINING[name]
    assert report.training.data_skew == column.counts.differing > 0
    assert report.training.code_skew == 0
    assert report.differing == 0
    assert report.is_refused
    assert len(column.samples) == 5
    if name == "zero in place of null":
        assert (column.counts.extra, column.counts.mismatch, column.counts.missing) == (column.counts.differing, 0, 0)


def test_code_skew_and_data_skew_are_told_apart(
    home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    """100 rows of training were another request; the features of all are rounded."""
    training = training.slice(0, 800)
    rows = rides().slice(0, 800)
    write_log(
        tmp_path / "log.jsonl", transformer, rows.to_pylist(), own=PLANTED["rounded to 2 decimals"].own(transformer)
    )
    distances = training["distance_km"].to_numpy().copy()
    distances[:100] += 1.0
    moved = training.set_column(training.column_names.index("distance_km"), "distance_km", pa.array(distances))
    report = skc.replay(tmp_path / "log.jsonl", home / "open", training=moved, key="id=ride")
    assert report.training is not None
    assert (report.training.data_skew, report.training.code_skew) == (100, 700)


def test_refused_requests_are_not_compared_with_training(
    home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    rows = [dict(row) for row in ROWS[:20]]
    rows[3] |= {"fare": "14,50"}
    write_log(tmp_path / "log.jsonl", transformer, rows)
    report = skc.replay(tmp_path / "log.jsonl", home / "open", training=training, key="id=ride")
    assert report.is_equal, skc.render(report)
    assert report.training is not None
    assert (report.training.requests, report.training.matched) == (19, 19)


def test_features_of_the_training_table_are_compared(
    home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    rows, training = rides().slice(0, 800), training.slice(0, 800)
    log = logged(home, transformer, tmp_path, rows)
    features = transformer.transform_records(rows.to_pylist())["x"]
    table = training.append_column("x.amounts.fare", pa.array(features[:, 1]))
    report = skc.replay(log, home / "open", training=table, key="id=ride")
    assert report.is_equal, skc.render(report)
    assert report.training is not None
    assert [c.column for c in report.training.columns if c.skew == "code skew"] == ["x.amounts.fare"]
    table = training.append_column("x.amounts.fare", pa.array(features[:, 1] * 2))
    report = skc.replay(log, home / "open", training=table, key="id=ride")
    assert report.training is not None
    assert [(c.column, c.skew, c.counts.mismatch) for c in report.training.found] == [
        ("x.amounts.fare", "code skew", 800)
    ]
    assert (report.training.data_skew, report.training.code_skew, report.differing) == (0, 800, 0)


def test_features_of_another_machine_may_differ_by_a_millionth(
    home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    rows, training = rides().slice(0, 300), training.slice(0, 300)
    log = logged(home, transformer, tmp_path, rows)
    features = transformer.transform_records(rows.to_pylist())["x"].astype(np.float64)
    features[5, 1] += 1e-7
    features[6, 5] += 1  # a bin
    table = training.append_column("x.amounts.fare", pa.array(features[:, 1]))
    table = table.append_column("x.fare_per_km", pa.array(features[:, 5]))
    found = {}
    for tolerance in ("bits", "1e-6"):
        options: dict[str, Any] = {"training": table, "key": "id=ride", "tolerance": tolerance}
        report = skc.replay(log, home / "open", **options)
        assert report.training is not None
        found[tolerance] = {column.column: column.counts.differing for column in report.training.found}
    assert found == {"bits": {"x.amounts.fare": 1, "x.fare_per_km": 1}, "1e-6": {"x.fare_per_km": 1}}
    missing = pa.array([None, *features[1:, 1]], pa.float64())
    table = training.append_column("x.amounts.fare", missing)
    report = skc.replay(log, home / "open", training=table, key="id=ride", tolerance="1e-6")
    assert report.training is not None
    assert [(c.column, c.counts.extra, c.counts.differing) for c in report.training.found] == [("x.amounts.fare", 1, 1)]


def test_a_row_of_training_is_the_latest_not_after_the_request(
    home: Path, transformer: Transformer, tmp_path: Path
) -> None:
    """Each driver has three rows: a request an hour after the second is compared with the second."""
    one = {**ROWS[1], "driver": "Ana"}
    write_log(tmp_path / "log.jsonl", transformer, [one])
    hours = [BEGIN - 7 * 3_600_000_000, BEGIN - 3_600_000_000, BEGIN + 1]
    rows = [{**one, "fare": fare, "at": at} for fare, at in zip((1.0, one["fare"], 3.0), hours, strict=True)]
    table = pa.Table.from_pylist(rows)
    for times in (
        table,
        table.set_column(table.column_names.index("at"), "at", table["at"].cast(pa.timestamp("us", "UTC"))),
    ):
        report = skc.replay(tmp_path / "log.jsonl", home / "open", training=times, key="driver", time="at")
        assert report.is_equal, skc.render(report)
        assert report.training is not None
        assert (report.training.matched, report.training.unused) == (1, 2)
    with pytest.raises(SkcError, match="rows of training have the same key") as error:
        skc.replay(tmp_path / "log.jsonl", home / "open", training=table, key="driver")
    assert error.value.code == "SKC633"


KEYS = {
    "the keys of the log are those of the table, in lower case": lambda k: f"R{k}",
    "the keys of the table are those of the log, with `ride:` before them": lambda k: f"ride:r{k}",
    "the keys of the log are those of the table, with `r` before them": lambda k: k,
    "`driver` of the log is in that column: give --key driver=ride": lambda k: ROWS[k]["driver"],
    "give the column of the training table": lambda k: "x" * (k + 1),
}


@pytest.mark.parametrize("proposal", KEYS)
def test_keys_that_match_nowhere_get_a_proposal(
    proposal: str, home: Path, transformer: Transformer, tmp_path: Path
) -> None:
    log = logged(home, transformer, tmp_path, rides().slice(10, 20))
    table = rides().slice(0, 30).append_column("ride", pa.array([KEYS[proposal](k) for k in range(30)]))
    with pytest.raises(SkcError, match="no `id` of the log is in the column `ride` of training") as error:
        skc.replay(log, home / "open", training=table, key="id=ride")
    assert error.value.code == "SKC632"
    assert proposal in str(error.value)


def test_a_training_table_without_rows_is_not_asked_for_another_key(
    home: Path, transformer: Transformer, tmp_path: Path
) -> None:
    log = logged(home, transformer, tmp_path, rides().slice(10, 20))
    table = rides().slice(0, 0).append_column("ride", pa.array([], pa.string()))
    with pytest.raises(SkcError, match="no row of training has a `ride`") as error:
        skc.replay(log, home / "open", training=table, key="id=ride")
    assert error.value.code == "SKC208"


def test_training_rows_of_other_types_are_read_as_everywhere(
    home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    log = logged(home, transformer, tmp_path, rides().slice(0, 800))
    for name, kind in (("passengers", pa.float64()), ("passengers", pa.int8()), ("night", pa.string())):
        other = training.set_column(training.column_names.index(name), name, training[name].cast(kind))
        if kind == pa.string():
            with pytest.raises(SkcError, match="night"):
                skc.replay(log, home / "open", training=other, key="id=ride")
        else:
            assert skc.replay(log, home / "open", training=other, key="id=ride").is_equal
    without = training.drop_columns(["fare", "zone"])
    report = skc.replay(log, home / "open", training=without, key="id=ride")
    assert report.training is not None
    assert report.training.not_compared == ("zone", "fare")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"training": "rows.csv"}, "SKC140"),
        ({"key": "id"}, "SKC140"),
        ({"time": "at"}, "SKC140"),
        ({"fail_on": ["training"]}, "SKC140"),
        ({"since": "yesterday"}, "SKC140"),
        ({"until": "2025-11-13T00:00:00"}, "SKC140"),
        ({"rows": 0}, "SKC140"),
        ({"tolerance": "1e-9"}, "SKC140"),
        ({"training": "TABLE", "key": "=x"}, "SKC140"),
        ({"training": "TABLE", "key": "fares=ride"}, "SKC631"),
        ({"training": "TABLE", "key": "id=rides"}, "SKC623"),
        ({"training": "TABLE", "key": "id=ride", "time": "night"}, "SKC623"),
    ],
)
def test_options_that_cannot_be_followed(
    options: dict[str, Any], code: str, home: Path, transformer: Transformer, training: pa.Table, tmp_path: Path
) -> None:
    log = logged(home, transformer, tmp_path, rides().slice(0, 5))
    given = {**options, "training": training} if options.get("training") == "TABLE" else options
    with pytest.raises(SkcError) as error:
        skc.replay(log, home / "open", **given)
    assert error.value.code == code


@pytest.mark.parametrize("written", ["text", "json", "junit", "github", "html"])
def test_a_report_in_every_format(written: Any, home: Path, transformer: Transformer, tmp_path: Path) -> None:
    report = replayed(PLANTED["rounded to 2 decimals"], home, transformer, tmp_path)
    text = skc.render(report, written)
    assert "amounts.fare" in text
    assert "rounded to 2 decimals" in text
    if written == "junit":
        assert text.count("<failure") == 1
    if written == "json":
        assert json.loads(text) == json.loads(json.dumps(report.to_json()))
    clean = skc.render(replace(report, columns=(), differing=0), written)
    assert "rounded" not in clean
