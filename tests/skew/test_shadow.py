"""Two services on the same requests: what differs is found, explained and judged; noise is neither."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from shadow_services import answers, command, http_service, log_file, requests_file, rides

import skc
from skc import cli
from skc.skew.shadow.answers import Answer, fields_of, of_response
from skc.skew.shadow.differing import Rules
from skc.skew.shadow.inputs import InputTally, Known
from skc.skew.shadow.pairs import Pair
from skc.skew.shadow.run import Tally
from skc.skew.shadow.verdict import lower_bound, share_of, upper_bound

SAME = answers()
ZERO = answers(fare_of_null=0.0)


def two_logs(folder: Path, records: Any, a: Any = SAME, b: Any = ZERO, **more: Any) -> Any:
    paths = [log_file(folder / f"{name}.jsonl", records, answer) for name, answer in (("a", a), ("b", b))]
    return skc.shadow(*paths, **more)


# ------------------------------------------------------------------------------------------------------- the sides


def test_two_commands_that_agree(tmp_path: Path) -> None:
    requests = requests_file(tmp_path, rides(60))
    report = skc.shadow(left=command(tmp_path), right=command(tmp_path), requests=requests)
    assert report.outcome == "agrees"
    assert (report.rows, report.share.differing, report.fields, report.inputs) == (60, 0, (), ())
    assert all(times is not None and times.rows == 59 for times in report.latency)


def test_a_command_and_a_url_that_diverge(tmp_path: Path) -> None:
    records = rides(200)
    nulls = sum(record["fare"] is None for record in records)
    with http_service(ZERO) as url:
        report = skc.shadow(left=command(tmp_path), right=url, requests=requests_file(tmp_path, records))
    assert report.outcome == "diverges"
    assert report.share.differing == nulls
    by_name = {one.name: one for one in report.fields}
    assert by_name.keys() == {"score", "x[0]"}
    assert all(one.differing == nulls for one in report.fields)
    assert by_name["x[0]"].cause is not None
    assert by_name["x[0]"].cause.text == "0 in place of nulls (where input `fare` is null)"
    assert by_name["x[0]"].worst == 12.5
    assert [one.text for one in report.inputs] == ["fare null"]
    assert (report.inputs[0].rows, report.inputs[0].differing, report.inputs[0].other_differing) == (nulls, nulls, 0)


def test_two_logs_are_joined_by_id(tmp_path: Path) -> None:
    records = rides(300)
    a = log_file(tmp_path / "a.jsonl", records, SAME)
    b = log_file(tmp_path / "b.jsonl", records[10:], ZERO, plan="b" * 64, start=10)
    report = skc.shadow(a, b)
    assert (report.rows, report.only_a, report.only_b, report.repeated) == (290, 10, 0, 0)
    assert report.share.differing == sum(record["fare"] is None for record in records[10:])
    assert report.notes == ("the pipelines differ: A has aaaaaaaaaaaa, B has bbbbbbbbbbbb",)
    assert report.latency[0] is not None
    assert report.latency[0].p50 == 103


def test_logs_are_divided_into_parts_without_any_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = rides(300)
    whole = two_logs(tmp_path, records).to_json()
    monkeypatch.setattr("skc.skew.shadow.pairs.AT_ONCE", 1000)
    parts = two_logs(tmp_path, records).to_json()
    for report in (whole, parts):
        for field in report["fields"]:
            del field["samples"]  # the first ones
    assert parts == whole


def test_an_id_that_occurs_twice_is_compared_once(tmp_path: Path) -> None:
    a = log_file(tmp_path / "a.jsonl", rides(50), SAME)
    lines = a.read_text().splitlines(keepends=True)
    a.write_text("".join([*lines[:-1], lines[1], lines[-1]]))
    report = skc.shadow(a, a)
    assert (report.rows, report.repeated) == (50, 2)


def test_digests_of_features_are_compared(tmp_path: Path) -> None:
    def with_digest(crc: int) -> Any:
        return lambda record: {"features": {"x": crc}, "score": 0.5}

    report = two_logs(tmp_path, rides(50), with_digest(7), with_digest(8))
    assert [(one.name, one.differing, one.cause) for one in report.fields] == [("x", 50, None)]
    assert report.outcome == "agrees"  # predictions are equal
    assert two_logs(tmp_path, rides(50), with_digest(7), with_digest(8), compare="features").outcome == "diverges"


def test_features_of_float32_are_explained_without_an_artifact(tmp_path: Path) -> None:
    """JSON does not say that they were float32: 0.07 of float32 has more than two decimals in float64."""

    def with_features(rounded: bool) -> Any:
        def answer(record: Any) -> Any:
            value = np.float32(len(str(record)) * math.pi)
            return {"features": {"x": [float(np.round(value, 2) if rounded else value)]}, "score": 0.5}

        return answer

    report = two_logs(tmp_path, rides(50), with_features(False), with_features(True))
    assert [one.cause and one.cause.text for one in report.fields] == ["the value rounded to 2 decimals"]


# ------------------------------------------------------------------------------------------------ when values differ


@pytest.mark.parametrize(
    ("a", "b", "is_far"),
    [
        (0.5, 0.5, False),
        (0.5, 0.5249, False),  # 5 %
        (0.5, 0.5251, True),
        (0.001, 0.0019, False),  # the floor
        (0.001, 0.0021, True),
        (-1.0, 1.0, True),
        (0.0, -0.0, False),
        (math.nan, math.nan, False),
        (math.nan, 0.5, True),
        (math.inf, math.inf, False),
        (math.inf, -math.inf, True),
        (1e308, -1e308, True),
    ],
)
def test_when_predictions_differ(a: float, b: float, is_far: bool) -> None:
    assert Rules().is_far(a, b) is is_far
    assert bool(Rules().differences(Answer({"p": a}), Answer({"p": b}))) is is_far


@pytest.mark.parametrize(
    ("a", "b", "differs"),
    [
        ([1.0], [1.0 + 1e-9], False),
        ([1.0], [1.0 + 1e-5], True),
        ([None], ["NaN"], False),
        ([None], [0.0], True),
        (["3"], [3], False),  # an int64 in the form of golden.jsonl, and as a number
        (["a"], ["b"], True),
        ([1.0, 2.0], [1.0], True),
        (["Infinity"], ["-Infinity"], True),
    ],
)
def test_when_features_differ(a: list[Any], b: list[Any], differs: bool) -> None:
    assert bool(Rules().differences(Answer({}, {"x": a}), Answer({}, {"x": b}))) is differs


def test_a_tolerance_for_features() -> None:
    one, other = Answer({}, {"x": [1.0]}), Answer({}, {"x": [1.0 + 1e-5]})
    assert Rules().differences(one, other)
    assert not Rules(tolerance=1e-4).differences(one, other)
    assert Rules(tolerance=1e-6).differences(one, other)


def test_refusals_are_compared_by_code() -> None:
    refused, other, served = Answer(refusal="a"), Answer(refusal="b"), Answer({"p": 1.0})
    assert not Rules().differences(refused, Answer(refusal="a"))
    for a, b in ((refused, other), (refused, served), (served, refused)):
        assert [d.kind for d in Rules().differences(a, b)] == ["refusal"]


def test_other_fields_are_compared_unless_ignored() -> None:
    a, b = Answer({"p": 0.5, "model": "v1"}), Answer({"p": 0.5, "model": "v2", "more": True})
    assert {d.field for d in Rules().differences(a, b)} == {"model", "more"}
    assert not Rules(ignore=frozenset({"model", "more"})).differences(a, b)
    assert not Rules(prediction="p").differences(a, b)
    assert [d.field for d in Rules(prediction="p").differences(a, Answer({"p": "high"}))] == ["p"]


def test_the_fields_of_an_answer() -> None:
    assert fields_of({"a": [1, {"b": None}], "c": "x"}) == {"a[0]": 1, "a[1].b": None, "c": "x"}
    assert fields_of(0.3) == {"answer": 0.3}
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    assert len(fields_of(deep)) == 1
    assert len(fields_of(list(range(5000)))) == 2001


@pytest.mark.parametrize(
    ("body", "status", "refusal"),
    [
        (b'{"error": {"code": "null-refused"}}', 400, "null-refused"),
        (b'{"error": "null-refused", "status": 400}', None, "null-refused"),
        (b'{"status": 422}', 200, "status 422"),
        (b"<html>", 500, "HTTP 500"),
        (b"[]", 404, "HTTP 404"),
        (b'{"error": null, "p": 1}', 200, None),
        (b'{"status": 200, "p": 1}', None, None),
    ],
)
def test_what_is_a_refusal(body: bytes, status: int | None, refusal: str | None) -> None:
    assert of_response(body, status, 1.0).refusal == refusal


# -------------------------------------------------------------------------------------------------------- the verdict


def test_the_bounds_are_those_of_clopper_and_pearson() -> None:
    for n in (1, 7, 30, 1000):
        for k in {0, 1, n // 3, n - 1, n}:
            low, high = lower_bound(k, n), upper_bound(k, n)
            assert low == 0 if k == 0 else binom.sf(k - 1, n, low) == pytest.approx(0.05, abs=1e-9)
            assert high == 1 if k == n else binom.cdf(k, n, high) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize(
    ("rows", "share", "verdict"),
    [
        (20, 0.30, "diverges"),
        (10, 0.30, "too few requests"),
        (40, 0.20, "diverges"),
        (110, 0.15, "too few requests"),
        (130, 0.15, "diverges"),
        (680, 0.12, "diverges"),
        (30, 0.0, "agrees"),
        (28, 0.0, "too few requests"),
        (120, 0.05, "agrees"),
        (1000, 0.10, "too few requests"),
    ],
)
def test_the_verdict(rows: int, share: float, verdict: str) -> None:
    assert share_of(rows, round(rows * share)).verdict(0.10) == verdict


def test_verdicts_are_right_in_95_percent_of_runs() -> None:
    random = np.random.default_rng(5)
    for share, right in ((0.02, "agrees"), (0.07, "agrees"), (0.14, "diverges"), (0.3, "diverges")):
        found = [share_of(1000, int(k)).verdict(0.10) for k in random.binomial(1000, share, 200)]
        assert found.count(right) >= 190, share
    wrong = [share_of(1000, int(k)).verdict(0.10) == "diverges" for k in random.binomial(1000, 0.10, 2000)]
    assert sum(wrong) <= 0.06 * 2000


def test_the_bounds_of_a_share_beyond_noise() -> None:
    """Each of the two bounds holds with 97.5 %, so that both do with 95 %."""
    share = share_of(1000, 200, 50)
    low, high = lower_bound(200, 1000, 0.025), upper_bound(50, 1000, 0.025)
    assert binom.sf(199, 1000, low) == pytest.approx(0.025)
    assert binom.cdf(50, 1000, high) == pytest.approx(0.025)
    assert share.lower == low - high
    assert share.observed == 0.15
    assert share_of(1000, 50, 200).lower == share_of(1000, 50, 200).observed == 0


def test_an_input_that_only_makes_noise_explains_nothing() -> None:
    noisy, quiet = (Tally(Rules(), {}, again) for again in (True, False))
    for k in range(400):
        is_null = k % 4 == 0
        a, b = Answer({"p": 0.5}), Answer({"p": 0.9 if is_null else 0.5})
        record = {"fare": None if is_null else 1.0}
        noisy.add(Pair(f"r{k}", record, a, b, b))
        quiet.add(Pair(f"r{k}", record, a, b))
    assert [cause.text for cause in quiet.inputs["predictions"].causes()] == ["fare null"]
    assert noisy.inputs["predictions"].causes() == ()


def test_the_floor_keeps_noise_out(tmp_path: Path) -> None:
    requests = requests_file(tmp_path, rides(400))
    noisy = command(tmp_path, noise=2e-4)
    report = skc.shadow(left=command(tmp_path), right=noisy, requests=requests)
    assert (report.outcome, report.share.differing) == ("agrees", 0)
    relative = skc.shadow(left=command(tmp_path), right=noisy, requests=requests, absolute=0.0, relative=0.005)
    assert relative.share.differing > 40


def test_what_differs_between_two_answers_of_a_is_noise(tmp_path: Path) -> None:
    requests = requests_file(tmp_path, rides(300))
    noisy = command(tmp_path, noise=0.05)
    report = skc.shadow(left=noisy, right=noisy, requests=requests)
    assert report.outcome == "diverges"
    again = skc.shadow(left=noisy, right=noisy, requests=requests, again=True)
    assert again.outcome != "diverges"
    assert again.share.noise is not None
    assert again.share.noise > 200
    assert again.inputs == ()
    assert again.fields[0].noise == again.share.noise
    other = skc.shadow(
        left=command(tmp_path, noise=1e-5), right=command(tmp_path, fare_of_null=0.0), requests=requests, again=True
    )
    assert other.outcome == "diverges"
    assert other.share.noise == 0


# -------------------------------------------------------------------------------------------- inputs that explain it


def pair(record: Any, ages: Any = ()) -> Pair:
    return Pair("r", record, Answer(), Answer(), None, dict(ages))


def causes_of(pairs: list[tuple[Pair, bool]], known: dict[str, Known] | None = None) -> list[str]:
    tally = InputTally(known or {})
    for one, differs in pairs:
        tally.add(one, differs)
    return [cause.text for cause in tally.causes()]


def test_each_condition_is_found() -> None:
    random = np.random.default_rng(2)
    known = {
        "n": Known(is_number=True, low=0.0, high=9.0),
        "c": Known(categories=frozenset({"a", "b"})),
        "s": Known(nulls=frozenset({-1.0})),
    }
    cases: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
        "n above training": ({"n": "10"}, {}),
        "n below training": ({"n": -0.5}, {}),
        "c unseen": ({"c": "z"}, {}),
        "c null": ({"c": None}, {}),
        "s null": ({"s": -1.0}, {}),
        "n missing": ({"n": ...}, {}),
        "n refused": ({"n": {"string": "x"}}, {}),
        'c = "b"': ({"c": "b"}, {}),
        "n older than 1 h": ({}, {"n": 5000.0}),
    }
    for text, (change, ages) in cases.items():
        pairs = []
        for _ in range(400):
            is_it = random.random() < 0.1
            record = {"n": int(random.integers(0, 9)), "c": "a", "s": float(random.random())} | (
                change if is_it else {}
            )
            record = {name: value for name, value in record.items() if value is not ...}
            pairs.append((pair(record, ages if is_it else {"n": 1.0} if ages else {}), is_it or random.random() < 0.02))
        found = causes_of(pairs, known)
        assert found == [text]


def test_noise_names_no_input() -> None:
    random = np.random.default_rng(4)
    named = 0
    for _ in range(200):
        pairs = []
        for _ in range(200):
            record = {f"i{k}": None if random.random() < 0.2 else str(random.integers(5)) for k in range(10)}
            pairs.append((pair(record), bool(random.random() < 0.1)))
        named += bool(causes_of(pairs))
    assert named <= 4  # 1 % of reports, and some more by chance


def test_a_second_input_is_named_only_for_what_the_first_leaves() -> None:
    random = np.random.default_rng(6)
    pairs = []
    for _ in range(1000):
        is_null, is_new = random.random() < 0.2, random.random() < 0.1
        record = {
            "fare": None if is_null else 1.0,
            "twin": None if is_null else 2.0,
            "zone": "new" if is_new else "old",
        }
        pairs.append((pair(record), is_null or is_new))
    assert causes_of(pairs) in (["fare null", 'zone = "new"'], ["twin null", 'zone = "new"'])


def test_the_age_of_a_looked_up_value(tmp_path: Path) -> None:
    records = [
        {**record, "as_of": {"fare": 10**15 - (7_200_000_000 if k % 5 == 0 else 1_000)}}
        for k, record in enumerate(rides(300, 0))
    ]
    old = {id(record) for k, record in enumerate(records) if k % 5 == 0}
    stale = lambda record: SAME(record) | {"score": 0.9 if id(record) in old else SAME(record)["score"]}  # noqa: E731
    report = two_logs(tmp_path, records, SAME, stale)
    assert report.inputs[0].text == "fare older than 1 h"


# --------------------------------------------------------------------------------------- the command and its formats


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    records = rides(200)
    log_file(tmp_path / "a.jsonl", records, SAME)
    log_file(tmp_path / "b.jsonl", records, ZERO)
    log_file(tmp_path / "few.jsonl", records[:5], SAME)
    return tmp_path


def test_exit_codes(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in (
        (["a.jsonl", "a.jsonl"], cli.EQUAL),
        (["a.jsonl", "b.jsonl"], cli.DIFFERENT),
        (["a.jsonl", "b.jsonl", "--share", "0.6"], cli.EQUAL),
        (["a.jsonl", "b.jsonl", "--share", "0.6", "--fail-on", "any"], cli.DIFFERENT),
        (["a.jsonl", "few.jsonl"], cli.EQUAL),
        (["a.jsonl", "few.jsonl", "--fail-on", "too-few,diverges"], cli.DIFFERENT),
        (["a.jsonl", "few.jsonl", "--strict"], cli.USER),
        (["a.jsonl", "a.jsonl", "--fail-on", "latency>1.5"], cli.EQUAL),
        (["a.jsonl", "a.jsonl", "--fail-on", "latency>0.5"], cli.DIFFERENT),
    ):
        assert cli.run(["shadow", *arguments]) == code, arguments
    assert (
        "too few requests: 0 of 5 requests differ in `few.jsonl` (below 45.1 % with 95 % confidence; 10.0 % may)"
        in capsys.readouterr().out
    )


def test_the_text(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["shadow", "a.jsonl", "b.jsonl"])
    out = capsys.readouterr().out
    assert "  B has 0 in place of nulls (where input `fare` is null)" in out
    assert "inputs that explain it:\n  fare null: 100.0 % of" in out
    assert out.splitlines()[-1].startswith("diverges: ")


def test_other_formats(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = {}
    for form in ("json", "junit", "github", "html"):
        assert cli.run(["shadow", "a.jsonl", "b.jsonl", "--fail-on", "any", "--format", form]) == cli.DIFFERENT
        shown[form] = capsys.readouterr().out
    assert json.loads(shown["json"])["verdict"] == "diverges"
    suite = ET.fromstring(shown["junit"])
    assert [case.attrib["name"] for case in suite] == ["verdict", "prediction", "x[0]", "any"]
    assert suite.attrib["failures"] == "4"
    assert shown["github"].count("::error") == 3
    assert "fare null" in shown["github"]
    assert "0 in place of nulls" in shown["html"]
    assert "<script" not in shown["html"]


def test_what_is_in_a_log_is_escaped(tmp_path: Path) -> None:
    records = [{"fare": None, "zone": "<b>&"} for _ in range(50)]
    page = skc.render(two_logs(tmp_path, records), "html")
    assert "<b>&" not in page


# --------------------------------------------------------------------------------------------------- what goes wrong


def refused(code: str, **arguments: Any) -> skc.SkcError:
    with pytest.raises(skc.SkcError) as error:
        skc.shadow(**arguments)
    assert error.value.code == code
    assert error.value.diagnostics[0].hint
    return error.value


def test_services_that_fail(tmp_path: Path) -> None:
    requests = requests_file(tmp_path, rides(3))
    good = command(tmp_path)
    for code, right in (
        ("SKC680", "/no/such/program --port 1"),
        ("SKC680", ""),
        ("SKC680", "'"),
        ("SKC680", "true"),
        ("SKC680", command(tmp_path, how="die")),
        ("SKC680", "http://127.0.0.1:1/"),
        ("SKC680", "http://user@127.0.0.1/"),
        ("SKC680", "http://127.0.0.1:port/"),
        ("SKC682", command(tmp_path, how="talk")),
        ("SKC682", command(tmp_path, how="twice")),
    ):
        refused(code, left=good, right=right, requests=requests)
    assert "no model" in str(refused("SKC680", left=good, right=command(tmp_path, how="die"), requests=requests))


def test_a_service_that_is_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.skew.shadow.services.STARTUP", 0.0)
    requests = requests_file(tmp_path, rides(2))
    refused("SKC681", left=command(tmp_path, how="sleep"), right="cat", requests=requests, timeout=0.2)
    with http_service(lambda record: __import__("time").sleep(2) or {}) as url:
        refused("SKC681", left=url, right="cat", requests=requests, timeout=0.2)


@pytest.mark.parametrize(("answer", "status", "code"), [(b"ready", 200, "SKC682"), ({}, 302, "SKC682")])
def test_a_server_that_answers_something_else(tmp_path: Path, answer: Any, status: int, code: str) -> None:
    with http_service(lambda _: answer, status) as url:
        refused(code, left=url, right=url, requests=requests_file(tmp_path, rides(1)))


def test_a_server_that_refuses_is_compared(tmp_path: Path) -> None:
    requests = requests_file(tmp_path, rides(40))
    with http_service(lambda _: b"<html>", 500) as broken, http_service(SAME) as url:
        report = skc.shadow(left=url, right=broken, requests=requests)
    assert report.refused == (0, 40)
    assert report.outcome == "diverges"
    assert [(s.a, s.b) for s in report.fields[0].samples] == [(None, "HTTP 500")] * 3


def test_requests_that_are_none(tmp_path: Path) -> None:
    for text in ("", "\n", '{"a": 1}\nready\n'):
        (tmp_path / "r.jsonl").write_text(text)
        refused("SKC683", left="cat", right="cat", requests=tmp_path / "r.jsonl")
    refused("SKC683", left="cat", right="cat", requests=tmp_path / "nowhere")
    log = log_file(tmp_path / "log.jsonl", rides(3), SAME)
    refused("SKC684", left="cat", right="cat", requests=log)


def test_logs_that_are_not_whole_are_named(tmp_path: Path) -> None:
    a = log_file(tmp_path / "a.jsonl", rides(30), SAME)
    b = tmp_path / "b.jsonl"
    b.write_bytes(a.read_bytes()[: a.stat().st_size // 2])
    report = skc.shadow(a, b)
    assert report.notes == ("B: the log is not whole: 1 file of which a part cannot be read: see `skc log check`",)
    assert report.only_a > 0


def test_logs_without_a_common_id(tmp_path: Path) -> None:
    a = log_file(tmp_path / "a.jsonl", rides(3), SAME)
    b = log_file(tmp_path / "b.jsonl", rides(3), SAME, start=10)
    refused("SKC685", a=a, b=b)
    empty = log_file(tmp_path / "empty.jsonl", [], SAME)
    for sides in ({"a": a, "b": empty}, {"a": empty, "b": a}, {"a": empty, "b": empty}):
        with pytest.raises(skc.SkcError, match=r"empty.jsonl` has no requests"):
            skc.shadow(**sides)
    refused("SKC686", a=a, b=a, strict=True)


def test_answers_with_nothing_to_compare(tmp_path: Path) -> None:
    log = log_file(tmp_path / "a.jsonl", rides(40), SAME)
    for options in ({"prediction": "score"}, {"compare": "predictions", "ignore": ["prediction"]}):
        refused("SKC687", a=log, b=log, **options)
    refusing = log_file(tmp_path / "b.jsonl", rides(40), lambda _: {"error": "null-refused"})
    assert skc.shadow(refusing, refusing).outcome == "agrees"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"a": "a.jsonl"},
        {"left": "cat"},
        {"right": "cat"},
        {"left": "cat", "right": "cat"},
        {"left": "cat", "right": "cat", "requests": "r", "synthetic": 10},
        {"left": "cat", "right": "cat", "synthetic": 10},
        {"a": "a", "b": "b", "again": True},
        {"a": "a", "b": "b", "share": 1.5},
        {"a": "a", "b": "b", "absolute": -1.0},
        {"a": "a", "b": "b", "relative": math.nan},
        {"a": "a", "b": "b", "timeout": 0.0},
        {"a": "a", "b": "b", "fail_on": ["severe"]},
        {"a": "a", "b": "b", "fail_on": ["latency"]},
        {"a": "a", "b": "b", "compare": "scores"},
        {"a": "a", "b": "b", "left": "cat", "right": "cat", "requests": "r"},
    ],
)
def test_options_that_do_not_fit(arguments: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    requests_file(tmp_path, rides(1)).rename("r")
    refused("SKC140", **arguments)
