"""`skc freshness`: what is measured of look-ups, and what is found."""

from __future__ import annotations

import gzip
import json
import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from looked_up import BEGIN, HOUR, PIPELINE, SECOND, served, training
from scipy import stats
from sharing import Share

import skc
import skc_runtime
from skc import artifact as artifacts
from skc import cli
from skc.diagnostics import SkcError
from skc.skew.freshness import lookups
from skc.skew.freshness.report import FreshnessReport, InputFreshness

SECONDS_2 = timedelta(seconds=2)


def make(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(folder / "pipeline.yaml", training(300, lambda k: SECONDS_2), folder / "artifact", verify=False)


@pytest.fixture(scope="module")
def artifact(share: Share) -> Path:
    return share("looked-up", make) / "artifact"


def fresh(k: int) -> dict[str, Any]:
    """Everything as expected."""
    now = BEGIN + k * SECOND
    return {"as_of": {"last_click": now - SECOND}, "fetched_us": {"last_click": 900}, "hit": {"last_click": True}}


def of(report: FreshnessReport, name: str = "last_click") -> InputFreshness:
    return next(one for one in report.inputs if one.name == name)


def kinds(report: FreshnessReport) -> list[str]:
    return [finding.kind for one in report.inputs for finding in one.findings]


def test_a_log_without_requests_is_not_asked_for_look_ups(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 0, fresh)
    with pytest.raises(SkcError, match="the log has no requests") as error:
        skc.freshness(tmp_path / "log", artifact)
    assert error.value.code == "SKC660"


def test_copies_of_a_file_are_read_once(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, fresh)
    (file,) = (tmp_path / "log").iterdir()
    (tmp_path / "log" / "a.jsonl.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert skc.freshness(tmp_path / "log", artifact).requests == 200


def test_a_log_that_breaks_off_is_read_as_far_as_it_goes(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, fresh)
    (file,) = (tmp_path / "log").iterdir()
    data = file.read_bytes()
    half, cut = tmp_path / "half.jsonl", tmp_path / "cut.jsonl.gz"
    half.write_bytes(data[: len(data) // 2])
    cut.write_bytes(gzip.compress(data)[: len(gzip.compress(data)) // 2])
    for path in (half, cut):
        report = skc.freshness(path, artifact)
        assert 50 < report.requests < 150
        assert report.damaged == 1
        assert "1 line of the log could not be read: see `skc log check`" in skc.render(report, "text")


def test_nothing_is_found_where_all_is_as_expected(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, fresh)
    assert cli.run(["freshness", str(tmp_path / "log"), str(artifact)]) == cli.EQUAL
    report = skc.freshness(tmp_path / "log", artifact, training=training(200, lambda k: timedelta(seconds=1)))
    one = of(report)
    assert (report.requests, report.damaged, kinds(report), one.verdict) == (200, 0, [], "ok")
    assert (one.looked_up, one.hit_rate, one.stale, one.future) == (200, 1.0, 0, 0)
    assert one.ages == type(one.ages)(200, SECOND, SECOND, SECOND)
    assert one.training is not None
    assert (one.training.ks, one.training.leaks) == (0.0, 0)


def planted(k: int) -> dict[str, Any]:
    """15 % two hours old, 8 % not found, half of these answered by a default, 3 % slow, two from the future."""
    now = BEGIN + k * SECOND
    record = {"last_click": 1.5, "clicks": 2.0, "device": "phone"}
    as_of = {"last_click": now - (2 * HOUR if k % 20 < 3 else SECOND)}
    if k in (700, 900):
        as_of = {"last_click": now + k * SECOND // 100}
    is_miss = k % 25 >= 23
    fetched = {"last_click": 20_000 if k % 100 < 3 else 1000}
    if is_miss:
        record["last_click"] = 0.0 if k % 25 == 23 else None  # type: ignore[assignment]  # a request may have a null
        as_of = {}
    return {"record": record, "as_of": as_of, "fetched_us": fetched, "hit": {"last_click": not is_miss}}


def ages_planted(number: int) -> list[int]:
    """What is in the log of `planted`."""
    times = [planted(k)["as_of"].get("last_click") for k in range(number)]
    return sorted(BEGIN + k * SECOND - at for k, at in enumerate(times) if at is not None)


def test_what_is_planted_is_found(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 1000, planted)
    report = skc.freshness(tmp_path / "log", artifact, training=training(1000, lambda k: SECONDS_2 * (k % 50 != 3) * 1))
    one, ages = of(report), np.array(ages_planted(1000))
    assert kinds(report) == ["age", "hit_rate", "fetch", "future", "training"]
    assert (one.hits, one.misses, one.defaults) == (920, 80, 40)
    assert one.stale == int((ages > 10 * SECOND).sum())
    wanted = [int(np.quantile(ages, q, method="inverted_cdf")) for q in (0.5, 0.95, 0.99)]
    assert [one.ages.p50_us, one.ages.p95_us, one.ages.p99_us] == wanted
    assert (one.future, one.furthest_us) == (2, 9 * SECOND)
    assert one.fetches.p99_us == 20_000
    assert one.training is not None
    others = [0 if k % 50 == 3 else 2 * SECOND for k in range(1000)]
    expected = stats.ks_2samp(others, ages, method="asymp")
    assert (one.training.ks, one.training.p) == (expected.statistic, expected.pvalue)
    (text,) = [finding.text for finding in one.findings if finding.kind == "training"]
    assert text.startswith("training p95 2 s, serving p95 2 h: the ages differ")


def test_leaks_of_training_are_counted(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, fresh)
    rows = training(1000, lambda k: timedelta(hours=-3) if k % 100 == 50 else timedelta(seconds=1))
    report = skc.freshness(tmp_path / "log", artifact, training=rows)
    one = of(report)
    assert kinds(report) == ["leak"]
    assert one.training is not None
    assert one.training.leaks == 10
    assert one.training.first_leak is not None
    assert one.training.first_leak.place.endswith("row 51")
    assert one.training.first_leak.value_us - one.training.first_leak.event_us == 3 * HOUR


def damage(path: Path) -> None:
    """What is not a request, in between and at the end."""
    lines = path.read_text().splitlines(keepends=True)
    timed = next(line for line in lines if '"as_of":{"last_click":' in line)
    lines[10:10] = ["half a li\n", '{"n":1}\n', timed.replace('"as_of":{"last_click":', '"as_of":{"last_click":1.5')]
    path.write_text("".join(lines) + '{"n":77,"id":"to')


def test_both_ways_to_read_a_line_agree(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(3)

    def any_of(k: int) -> dict[str, Any]:
        known = {"record": {"last_click": source.choice([None, 0.0, "n/a"]), "device": '"hit":{"x":false}'}}
        for key, values in (("as_of", [0, -5, BEGIN + HOUR]), ("fetched_us", [0, 2**62]), ("hit", [True, False])):
            if source.random() < 0.8:
                names = source.sample(["last_click", "clicks"], source.randint(0, 2))
                known[key] = {name: source.choice(values) for name in names}
        return known

    served(artifact, tmp_path / "log", 500, any_of)
    (path,) = (tmp_path / "log").iterdir()
    damage(path)
    monkeypatch.setattr(lookups, "BLOCK", 16)
    fast = skc.freshness(tmp_path / "log", artifact).to_json()
    monkeypatch.setattr(lookups._Reader, "_parsed", lambda self, lines, named: None)
    slow = skc.freshness(tmp_path / "log", artifact).to_json()
    assert fast == slow
    assert (fast["requests"], fast["damaged"]) == (500, 4)  # the last of them at the end
    (tmp_path / "packed").mkdir()
    packed = gzip.compress(path.read_bytes())
    (tmp_path / "packed" / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    assert 0 < skc.freshness(tmp_path / "packed", artifact).requests < 500


def test_the_fast_way_is_taken(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is a new name, and where something was not found."""
    alone: list[bytes] = []
    parsed = lookups.parsed_request
    monkeypatch.setattr(lookups, "BLOCK", 100)
    monkeypatch.setattr(lookups, "parsed_request", lambda line: (alone.append(line), parsed(line))[1])
    served(artifact, tmp_path / "log", 1000, fresh)
    assert skc.freshness(tmp_path / "log").requests == 1000
    assert len(alone) == lookups.FIRST
    alone.clear()
    served(artifact, tmp_path / "new", 1000, lambda k: fresh(k) | ({"hit": {"clicks": True}} if k == 470 else {}))
    assert of(skc.freshness(tmp_path / "new"), "clicks").hits == 1
    assert len(alone) == lookups.FIRST + 100
    alone.clear()
    served(artifact, tmp_path / "miss", 1000, lambda k: fresh(k) | ({"hit": {"last_click": False}} if k > 990 else {}))
    assert of(skc.freshness(tmp_path / "miss")).misses == 9
    assert len(alone) == lookups.FIRST + 9


def test_names_that_look_like_json(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input may be called `as_of`, or have quotes in its name; and a text may hold what a line does."""
    served(artifact, tmp_path / "log", 1, fresh)
    (path,) = (tmp_path / "log").iterdir()
    header = path.read_text().split("\n")[0]
    names = ["as_of", "hit", 'a":{', 'b":false', "c"]
    lines = []
    for n in range(1, 301):
        request = {
            "as_of": {"string": ',"as_of":{"c":1}'},
            "hit": {"bool": False},
            'b":false': ',"hit":{"c":false}',
            "c": None,
        }
        known = {
            "as_of": dict.fromkeys(names[: n % 6], BEGIN - n),
            "fetched_us": dict.fromkeys(names[n % 4 :], n),
            "hit": {name: (n + k) % 3 > 0 for k, name in enumerate(names) if (n + k) % 2},
        }
        kept = {key: value for k, (key, value) in enumerate(known.items()) if (n >> k) % 4}
        lines.append(
            json.dumps({"n": n, "id": "x", "time_us": BEGIN, "request": request, **kept}, separators=(",", ":"))
        )
    path.write_text("\n".join([header, *lines, ""]))
    monkeypatch.setattr(lookups, "BLOCK", 20)
    mixed = skc.freshness(path).to_json()
    monkeypatch.setattr(lookups._Reader, "_parsed", lambda self, lines, named: None)
    assert mixed == skc.freshness(path).to_json()
    assert [one["name"] for one in mixed["inputs"]] == sorted(names)
    wanted = [json.loads(line) for line in lines]
    for one in mixed["inputs"]:
        hits = [line["hit"][one["name"]] for line in wanted if one["name"] in line.get("hit", {})]
        assert (one["hits"], one["misses"]) == (hits.count(True), hits.count(False))
        times = [line["as_of"][one["name"]] for line in wanted if one["name"] in line.get("as_of", {})]
        assert one["ages"]["values"] == len(times)


def test_without_an_artifact_every_looked_up_input_is_measured(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, lambda k: {"hit": {"clicks": k % 2 == 0}})
    report = skc.freshness([tmp_path / "log"])
    assert [one.name for one in report.inputs] == ["clicks"]
    assert (of(report, "clicks").hit_rate, kinds(report)) == (0.5, ["hit_rate"])
    declared = skc.freshness(tmp_path / "log", artifact)
    assert [(one.name, [f.kind for f in one.findings]) for one in declared.inputs] == [
        ("clicks", ["hit_rate"]),
        ("last_click", ["unlogged"]),  # it has a max_age, and nobody says how old it is
    ]


def test_the_time_of_a_value_may_be_an_input(tmp_path: Path) -> None:
    text = PIPELINE.replace(
        "  device: string\n", "  last_click_at: {type: timestamp, nullable: true}\n  device: string\n"
    )
    (tmp_path / "pipeline.yaml").write_text(text.replace("[last_click, clicks]", "[last_click, clicks]"))
    skc.compile(tmp_path / "pipeline.yaml", training(200, lambda k: SECONDS_2), tmp_path / "made", verify=False)
    for hidden, values in (("", 100), ("log: {omit: [last_click_at]}\n", 0)):
        (tmp_path / "pipeline.yaml").write_text(text + hidden)
        skc.compile(
            tmp_path / "pipeline.yaml", training(200, lambda k: SECONDS_2), tmp_path / "made", verify=False, force=True
        )

        def of_request(k: int) -> dict[str, Any]:
            at = None if k % 2 else BEGIN + (k - 5) * SECOND
            record = {"last_click": 1.5, "clicks": 2.0, "device": "phone", "last_click_at": at}
            return {"record": record, "hit": {"last_click": True}}

        served(tmp_path / "made", tmp_path / f"log{values}", 200, of_request)
        ages = of(skc.freshness(tmp_path / f"log{values}", tmp_path / "made")).ages
        assert (ages.values, ages.p95_us) == (values, 5 * SECOND if values else None)


def test_a_sample_has_no_refused_requests(artifact: Path, tmp_path: Path) -> None:
    """Which are always logged, and would count more than once each."""
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, sample=0.5, on_full="wait") as log,
    ):
        refusal = skc_runtime.RecordError("missing-input", "refused")
        for k in range(1000):
            log.add(f"r{k}", {}, time_us=BEGIN, hit={"clicks": True})
            log.add(f"e{k}", {}, time_us=BEGIN, hit={"clicks": False}, error=refusal)
    one = of(skc.freshness(tmp_path / "log"), "clicks")
    assert 400 < one.looked_up < 600
    assert (one.misses, one.hit_rate) == (0, 1.0)


def test_targets_of_the_pipeline_hold(tmp_path: Path) -> None:
    for targets, found in (
        ("{hit_rate: 0.92, fetch_p99: 20ms}", ["age", "future"]),
        ("{hit_rate: false, fetch_p99: false}", ["age", "future"]),
        ("{}", ["hit_rate", "age", "fetch", "future"]),
    ):
        (tmp_path / "pipeline.yaml").write_text(PIPELINE + f"freshness: {targets}\n")
        made = tmp_path / "made"
        skc.compile(tmp_path / "pipeline.yaml", training(200, lambda k: SECONDS_2), made, verify=False, force=True)
        log = tmp_path / str(len(found) + len(targets))
        served(made, log, 1000, planted)
        assert sorted(kinds(skc.freshness(log, made))) == sorted(found)


def test_the_plan_does_not_change_and_the_artifact_only_where_it_is_given(tmp_path: Path) -> None:
    plain = PIPELINE.replace(", max_age: 10s, as_of: last_click_at", "").replace(", event_time: shown_at", "")
    made = {}
    for name, text in (("plain", plain), ("declared", PIPELINE), ("targets", plain + "freshness: {hit_rate: 0.9}\n")):
        (tmp_path / "pipeline.yaml").write_text(text)
        made[name] = skc.compile(tmp_path / "pipeline.yaml", training(50, lambda k: SECONDS_2), verify=False).artifact
    assert "freshness.json" not in made["plain"].files
    assert len({one.manifest.plan for one in made.values()}) == 1
    assert len({one.identity for one in made.values()}) == 3
    for name in ("declared", "targets"):
        (tmp_path / "pipeline.yaml").write_text(
            {"declared": PIPELINE}.get(name, plain + "freshness: {hit_rate: 0.9}\n")
        )
        assert made[name].freshness == made[name].pipeline.freshness
    assert json.loads(made["declared"].files["freshness.json"]) == {
        "inputs": {"last_click": {"max_age": "10000000us", "as_of": "last_click_at"}},
        "event_time": "shown_at",
    }


def test_few_look_ups_say_nothing(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 99, lambda k: {"hit": {"clicks": False}})
    report = skc.freshness(tmp_path / "log")
    assert (of(report, "clicks").verdict, report.is_refused) == ("too few look-ups", False)
    with pytest.raises(SkcError, match="SKC622"):
        skc.freshness(tmp_path / "log", strict=True)


@pytest.mark.parametrize(
    ("rule", "exit_code"),
    [
        ("age", 1), ("hit_rate", 1), ("leak", 0), ("unlogged", 0), ("stale>0.16", 1), ("stale>0.17", 0),
        ("misses>0.08", 0), ("misses>0.079", 1), ("defaults>0.04", 0), ("defaults>0.039", 1), ("leak,age", 1),
    ],
)  # fmt: skip
def test_rules(rule: str, exit_code: int, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served(artifact, tmp_path / "log", 1000, planted)
    assert cli.run(["freshness", str(tmp_path / "log"), str(artifact), "--fail-on", rule]) == exit_code
    assert bool(capsys.readouterr().err) == bool(exit_code)


def test_every_format(artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served(artifact, tmp_path / "log", 1000, lambda k: planted(k) | {"hit": {**planted(k)["hit"], "clicks": True}})
    report = skc.freshness(tmp_path / "log", artifact)
    said = [finding.text for finding in of(report).findings]
    for name in ("text", "junit", "github", "html"):
        assert cli.run(["freshness", str(tmp_path / "log"), str(artifact), "--format", name]) == cli.DIFFERENT
        printed = capsys.readouterr().out
        assert printed == skc.render(report, name) + "\n"  # type: ignore[arg-type]  # they are formats
        plain = printed.replace("%25", "%").replace("&#956;", "μ")
        assert all(text in plain for text in said), name
    suite = ET.fromstring(skc.render(report, "junit"))
    assert [(case.get("name"), case.find("failure") is not None) for case in suite] == [
        ("clicks", False),
        ("last_click", True),
    ]
    assert suite.get("failures") == "1"
    assert skc.render(report, "github").count("::error ") == 2


def test_a_log_of_another_pipeline_is_refused(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 3, fresh)
    (tmp_path / "pipeline.yaml").write_text(
        PIPELINE.replace("clicks, ", "").replace("[last_click, clicks]", "[clicks]")
    )
    other = tmp_path / "other"
    (tmp_path / "pipeline.yaml").write_text(PIPELINE.replace("[last_click, clicks]", "[clicks, last_click]"))
    skc.compile(tmp_path / "pipeline.yaml", training(50, lambda k: SECONDS_2), other, verify=False)
    with pytest.raises(SkcError, match="SKC604"):
        skc.freshness(tmp_path / "log", other)


def test_times_that_are_far_away(artifact: Path, tmp_path: Path) -> None:
    served(artifact, tmp_path / "log", 200, lambda k: {"as_of": {"clicks": -(2**55) if k % 2 else 2**55}})
    ages = of(skc.freshness(tmp_path / "log"), "clicks").ages
    assert (ages.p50_us, ages.p99_us) == (BEGIN + 198 * SECOND - 2**55, BEGIN + 195 * SECOND + 2**55)
    assert lookups.ages_of(np.array([-(2**63)]), np.array([2**63 - 1])).tolist() == [2**63 - 2]


def test_tables_without_an_artifact(artifact: Path, tmp_path: Path) -> None:
    """Texts in ISO 8601, dates and microseconds are times."""
    served(artifact, tmp_path / "log", 200, fresh)
    days = pa.array([20_000 + k % 3 for k in range(150)], pa.int32()).cast(pa.date32())
    rows = pa.table(
        {
            "label": days,
            "day": days,
            "text": ["2024-10-06T00:00:00Z"] * 150,
            "micros": [20_003 * 24 * HOUR] * 150,
        }
    )
    names = {"day": 0, "text": 100, "micros": 150}
    options: dict[str, Any] = {"training": rows, "event": "label"}
    for column, leaks in names.items():
        report = skc.freshness(tmp_path / "log", feature_time=[f"last_click={column}"], **options)
        side = of(report).training
        assert side is not None
        assert side.leaks == leaks, column


DAMAGED = (
    *("", "[]", "{", '{"inputs": 1}', '{"inputs": {"x": 1}}', '{"inputs": {"x": {"max_age": 5}}}'),
    *('{"inputs": {}, "more": 0}', '{"inputs": {}, "hit_rate": 2}', '{"inputs": {}, "event_time": 1}'),
    *('{"inputs": {"x": {"as_of": ""}}}', "[" * 9999),
)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_refused(text: str, artifact: Path, tmp_path: Path) -> None:
    made = artifacts.read(artifact)
    damaged = replace(made, files={**made.files, "freshness.json": text.encode()})
    with pytest.raises(SkcError, match=r"SKC401.*freshness\.json cannot be read"):
        _ = damaged.freshness
    with pytest.raises(SkcError, match="SKC401"):
        _ = replace(made, files={**made.files, "freshness.json": b"\xff"}).freshness
