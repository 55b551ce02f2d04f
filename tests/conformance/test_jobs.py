"""That jobs which run at once are compared with each other, and later ones with those that came first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import run
from checks import Baseline
from executors import Language

SEEN, LATE = ("case", "packed", 0), ("case", "packed", 1)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Baseline]:
    """What each language answers instead of running: a result that fails where it differs from the baseline."""
    given: dict[str, Baseline] = {}

    def job(
        language: Language, environment: str, library: Path, suite: Path, base: Baseline, prefix: str
    ) -> run.Result:
        seen = given["a"].keys() | given.get("b", {}).keys() if language.name > "b" else set()
        assert base.keys() == seen, "a later job begins with what the first two saw, and these with nothing"
        added = {key: outputs for key, outputs in given[language.name].items() if key not in base}
        failed = sum(base.setdefault(key, outputs) != outputs for key, outputs in given[language.name].items())
        return run.Result(run.Row(language.name, environment, 1, failed, 0, 0, 1, 0.0), (), added)

    monkeypatch.setattr(run, "run", job)
    monkeypatch.setattr(run, "build", lambda language, library: None)
    monkeypatch.setattr(run.os, "cpu_count", lambda: 2)
    return given


def failures(names: Sequence[str]) -> list[int]:
    jobs = [(Language(name, ()), "usual") for name in names]
    return [row.failed for row in run.run_jobs(jobs, Path(), Path(), "")]


def test_every_job_is_compared_with_the_first(answers: dict[str, Baseline]) -> None:
    answers |= {"a": {SEEN: {"x": [1]}}, "b": {SEEN: {"x": [1]}}, "c": {SEEN: {"x": [2]}}}
    assert failures(["a", "b", "c"]) == [0, 0, 1]


def test_the_first_jobs_are_compared_with_each_other(
    answers: dict[str, Baseline], capsys: pytest.CaptureFixture[str]
) -> None:
    """And what they disagree about is for all others what the very first said."""
    answers |= {"a": {SEEN: {"x": [1]}}, "b": {SEEN: {"x": [2]}}, "c": {SEEN: {"x": [1]}}, "d": {SEEN: {"x": [2]}}}
    assert failures(["a", "b", "c", "d"]) == [0, 1, 0, 1]
    assert "FAILED b (usual)" in capsys.readouterr().err


def test_jobs_are_compared_with_each_other_where_the_first_saw_nothing(
    answers: dict[str, Baseline], capsys: pytest.CaptureFixture[str]
) -> None:
    answers |= {"a": {}, "b": {}, "c": {LATE: {"x": [1]}}, "d": {LATE: {"x": [2]}}}
    assert failures(["a", "b", "c", "d"]) == [0, 0, 0, 1]
    assert "FAILED d (usual)" in capsys.readouterr().err


def test_no_job_is_no_row() -> None:
    assert run.run_jobs([], Path(), Path(), "") == []
