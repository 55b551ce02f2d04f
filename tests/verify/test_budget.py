"""A budget of time: a part of every check, the most telling rows first, and a report that says what was left out."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from planted import compiled, nudge, with_model

import skc
from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.cli import EQUAL, USER, run
from skc.diagnostics import SkcError
from skc.options import seconds_of
from skc.oracle import reference
from skc.passes.prune import prune
from skc.reports.render import render
from skc.rows.boundaries import step_boundaries
from skc.rows.sampling import Variations
from skc.rows.sources import OwnSources
from skc.verification import run as verification
from skc.verification import schedule as schedules
from skc.verification.report import Report
from skc.verification.schedule import Schedule, Work

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/report.v1.schema.json").read_text(encoding="utf-8"))
SHORT = "1ms"  # over before anything begins, so that every check gets its first part only
ROWS = 3000


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return compiled(tmp_path_factory.mktemp("budget") / "planted", rows=100)


@pytest.fixture(scope="module")
def folder(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("budget") / "artifact"
    artifacts.write(artifact, out)
    return out


@pytest.fixture(scope="module")
def whole(folder: Path) -> Report:
    return skc.verify(folder, rows=ROWS)


@pytest.fixture
def part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setattr(verification, "AT_ONCE", 16)
    return skc.verify(folder, rows=ROWS, budget=SHORT)


def test_every_check_is_begun_and_what_is_left_is_counted(whole: Report, part: Report) -> None:
    assert [check.name for check in part.checks] == [check.name for check in whole.checks]
    for tried, full in zip(part.checks, whole.checks, strict=True):
        assert tried.skipped == full.skipped
        if tried.against_reference and tried.name != "runtime":  # the others take some of the rows tried before
            assert tried.rows + tried.left == full.rows
        assert tried.rows > 0 or not tried.against_reference or tried.skipped is not None, tried.name
    left = {check.name: check.left for check in part.checks}
    assert left["generated"] == ROWS - 16
    assert min(left[name] for name in ("boundaries", "hostile", "runtime", "steps", "shuffled")) > 0
    assert left["golden"] == left["golden file"] == left["recompiled"] == 0
    assert whole.left == ()
    assert whole.budget is None
    assert part.budget == 0.001


def test_an_equal_verdict_says_what_it_does_not_cover(whole: Report, part: Report) -> None:
    assert part.is_equal
    rows = sum(check.rows for check in part.checks if check.against_reference)
    assert part.verdict().startswith("verified in part: `planted` equals its reference (")
    assert f"({rows:,} rows" in part.verdict()
    assert re.search(r"; not tried within 0\.001 s: [\d,]+ of boundaries, .* and \d+ more checks$", part.verdict())
    assert whole.verdict().startswith("verified: ")
    generated = "2,984 of 3,000 rows of generated, for want of time; give a longer `--budget`"
    assert generated in part.untried


def test_every_format_says_so(part: Report) -> None:
    text = render(part, "text")
    assert re.search(r"^generated +16 of 3,000 ", text, re.MULTILINE)
    facts = json.loads(render(part, "json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(facts)
    assert next(check for check in facts["checks"] if check["name"] == "generated")["left"] == ROWS - 16
    cases = {case.get("name"): case for case in ET.fromstring(render(part, "junit")).iter("testcase")}
    assert (cases["generated"].findtext("system-out") or "").startswith("16 of 3,000 rows")
    skipped = cases["shuffled"].find("skipped")
    assert skipped is not None
    assert "within the budget" in skipped.get("message", "")
    assert "verified in part" in render(part, "github")
    page = render(part, "html")
    assert "16 of 3,000" in page
    assert "verified in part" in page


def test_a_long_budget_tries_what_no_budget_does(folder: Path, whole: Report) -> None:
    """In another order, so that other rows are generated, and sampled for the relations and the runtime."""
    long = skc.verify(folder, rows=ROWS, budget="1h")
    assert long.left == ()
    assert long.verdict().startswith("verified: ")
    counts = [[(c.name, c.rows, c.differing_rows, c.left) for c in report.checks] for report in (long, whole)]
    assert counts[0] == counts[1]
    assert [c.tried for c in long.coverage] == [c.tried for c in whole.coverage]


def test_the_users_rows_are_counted_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.data.typed_rows.CHUNK", 10)
    table = pa.table({"at": ["2024-01-15 10:00:00"] * 95, "amount": [1.5] * 95, "kind": ["a"] * 95})
    report = skc.verify(folder, table, rows=10, budget=SHORT)
    data = next(check for check in report.checks if check.name == "data")
    assert (data.rows + data.left, data.left > 0) == (95, True)
    assert report.data is not None
    assert report.data.rows == data.rows


def test_a_fault_is_found_within_any_budget(artifact: Artifact) -> None:
    wrong = with_model(artifact, nudge(10.0, 11.0))
    found = verification.verify(wrong, options=verification.Options(rows=ROWS, budget=0.001))
    assert not found.is_equal
    assert found.verdict().startswith("NOT EQUAL")
    assert found.left


def test_the_first_rows_are_of_all_inputs_alike(artifact: Artifact) -> None:
    pipeline = prune(artifact.pipeline)
    found = step_boundaries(pipeline)

    def first(at_once: int | None) -> list[tuple[str, Any]]:
        source = next(iter(OwnSources(pipeline, found, 10, 0, reference.run, [], at_once=at_once)))
        assert isinstance(source.records, Variations)
        return [*source.records.changes]

    plain, mixed = first(None), first(8)
    assert sorted(map(repr, mixed)) == sorted(map(repr, plain))
    assert mixed == first(8)
    inputs = [name for name, _ in mixed[:6]]
    assert set(Counter(inputs).values()) == {2}
    assert set(Counter(name for name, _ in plain[:6]).values()) != {2}


class Clock:
    """A second for each part of a work."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[str] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, parts: int) -> Work:
        for _ in range(parts):
            self.now += 1
            self.done.append(name)
            yield

    def run(self, budget: float | None, parts: dict[str, int]) -> dict[str, int]:
        schedule = Schedule(budget, self)
        for name, count in parts.items():
            schedule.begin(name, self.work(name, count))
        schedule.finish()
        return Counter(self.done)


def test_shares_of_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "SHARES", {"a": 0.5, "b": 0.5})
    plenty = {"a": 1000, "b": 1000, "c": 1000}
    assert Clock().run(100, plenty) == {"a": 50, "b": 25, "c": 25}
    assert Clock().run(100, {"a": 1000, "b": 2, "c": 3}) == {"a": 95, "b": 2, "c": 3}  # what others leave
    assert Clock().run(100, {"a": 60, "b": 30, "c": 5}) == {"a": 60, "b": 30, "c": 5}
    assert Clock().run(0.5, plenty) == {"a": 1, "b": 1, "c": 1}
    assert Clock().run(None, plenty) == plenty


def test_without_a_budget_one_check_ends_before_the_next_begins() -> None:
    clock = Clock()
    clock.run(None, {"a": 3, "b": 2})
    assert clock.done == ["a", "a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("0.5s", 0.5), ("1ms", 0.001), ("1.5m", 90), ("2h", 7200), ("007s", 7)]
)
def test_budgets(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)
    assert seconds_of(None) is None


WRONG: list[Any] = [
    "30",
    "30x",
    "0s",
    "-5s",
    "",
    "s",
    "1e3s",
    "30 s",
    " 30s",
    "30S",
    "inf",
    "1.s",
    "٣s",
    "9" * 400 + "h",
]


@pytest.mark.parametrize("budget", [*WRONG, 30, 30.0, True, b"30s"])
def test_what_is_no_budget_is_refused(budget: Any, tmp_path: Path) -> None:
    for call in (lambda: skc.verify(tmp_path, budget=budget), lambda: skc.compile(tmp_path / "p.yaml", budget=budget)):
        with pytest.raises(SkcError) as error:
            call()
        assert error.value.code == "SKC140"
        assert repr(budget) in str(error.value)
        assert "30s" in str(error.value)


@pytest.mark.parametrize(
    "arguments",
    [["--record", "{}"], ["--self-check"], ["--onnxruntime", "latest"], ["--save"]],
    ids=lambda words: words[0],
)
def test_what_a_budget_excludes(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(folder), "--budget", "30s", *arguments]) == USER
    assert "SKC140" in capsys.readouterr().err


def test_the_flag(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(folder), "--rows", "3000", "--budget", SHORT]) == EQUAL
    assert "verified in part" in capsys.readouterr().out
    assert run(["verify", str(folder), "--budget", "30"]) == USER
    assert "`budget` is '30'" in capsys.readouterr().err


def test_compiling_within_a_budget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from planted import PIPELINE
    from planted import ROWS as LINES

    (tmp_path / "p.yaml").write_text(PIPELINE)
    (tmp_path / "rows.csv").write_text(LINES)
    words = ["compile", str(tmp_path / "p.yaml"), "--data", str(tmp_path / "rows.csv"), "-o", str(tmp_path / "out")]
    assert run([*words, "--no-verify", "--budget", "30s"]) == USER
    assert "leave out --budget or --no-verify" in capsys.readouterr().err
    assert run([*words, "--rows", "3000", "--budget", SHORT]) == EQUAL
    assert "verified in part: `planted` equals its reference" in capsys.readouterr().err
    assert (tmp_path / "out" / "manifest.json").exists()
