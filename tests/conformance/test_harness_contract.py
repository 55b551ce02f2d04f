"""The harness detects a wrong answer to a body, a broken contract, a failed reload and a failing executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import body_checks
import checks
import pytest
import reload_checks
from executors import Executor as Process
from executors import ExecutorError, Language
from lies import (
    Answer,
    InProcess,
    Lie,
    change_values,
    failing,
    fails,
    last_bit,
    minus_zero,
)


def without_input(request: Mapping[str, Any], answer: Answer) -> Answer:
    if request.get("form") == "json" and answer.get("error", {}).get("input") == "s":
        answer["error"]["input"] = None
    return answer


def always_a_batch(request: Mapping[str, Any], answer: Answer) -> Answer:
    if request.get("form") == "json":
        for tensor in answer.get("outputs", {}).values():
            tensor["shape"] = tensor["shape"] if len(tensor["shape"]) == 2 else [1, *tensor["shape"]]
    return answer


def last_key_counts(request: Mapping[str, Any], answer: Answer) -> Answer:
    """As most parsers have it."""
    is_it = request.get("form") == "json" and answer.get("error", {}).get("code") == "malformed-json"
    return {"outputs": {}} if is_it else answer


BODY_LIES = [
    (without_input, "string-nul"),
    (always_a_batch, "record"),
    (last_key_counts, "key-twice"),
    (change_values(last_bit), "float64-0.1"),
    (change_values(minus_zero), "float64-minus-zero-integer"),
]


@pytest.mark.parametrize(("lie", "case"), BODY_LIES, ids=[case for _, case in BODY_LIES])
def test_a_wrong_answer_to_a_body(small: Path, index: dict[str, Any], lie: Lie, case: str) -> None:
    executor: Any = InProcess(lie)
    assert f"bodies/{case}" in failing(body_checks.check_bodies(executor, small, index, {}, brief=True))


def test_languages_that_differ_on_a_damaged_body(small: Path, index: dict[str, Any]) -> None:
    base: checks.Baseline = {}
    honest: Any = InProcess()
    body_checks.check_bodies(honest, small, index, base, brief=True)
    assert len(base) == body_checks.DAMAGED[True]
    codes = [answer.get("error", {}).get("code") for answer in base.values()]
    assert codes.count(None) > 5
    assert len(set(codes)) > 8
    lying: Any = InProcess(without_input)
    assert "bodies/damaged" in failing(body_checks.check_bodies(lying, small, index, base, brief=True))


CONTRACT_LIES: list[tuple[str, Lie]] = [
    ("contract/threads-packed", lambda q, a: {**a, "different": 1} if q["do"] == "threads" else a),
    ("contract/threads-columns", lambda q, a: {**a, "calls": 8} if q["do"] == "threads" else a),
    ("contract/describe", lambda q, a: {"describe": {**a["describe"], "plan": ""}} if q["do"] == "describe" else a),
    ("contract/describe", lambda q, a: {"describe": {**a["describe"], "identity": ""}} if q["do"] == "describe" else a),
    ("contract/refusals", lambda q, a: {"loaded": True} if q.get("replay") == "loosely" else a),
    ("contract/arithmetic-rounding-up", lambda q, a: {"set": False} if q.get("rounding") == "up" else a),
    ("contract/arithmetic-flush-to-zero", lambda q, a: {"set": True} if q.get("flush_to_zero") else a),
]


@pytest.mark.parametrize(("case", "lie"), CONTRACT_LIES, ids=[case for case, _ in CONTRACT_LIES])
def test_a_broken_contract(small: Path, index: dict[str, Any], case: str, lie: Lie) -> None:
    executor: Any = InProcess(lie)
    assert fails(case, checks.check_contract(executor, small, index))


def last(key: str, change: Callable[[Any], Any]) -> Lie:
    """About what was seen when watching ends."""
    return lambda request, told: {**told, key: change(told[key])} if request["do"] == "unwatch" else told


def mixed(answers: dict[str, Any]) -> dict[str, Any]:
    """One column of one answer is that of another artifact."""
    first, second, *_ = answers.values()
    first[0]["x"]["values"][-1] = second[0]["x"]["values"][-1]
    return answers


RELOAD_LIES: list[tuple[str, Lie]] = [
    ("reloads/link", last("errors", lambda _: ["closed"])),
    ("reloads/folder", last("answers", mixed)),
    ("reloads/files", last("calls", lambda _: 0)),
    ("reloads/link", lambda q, a: {**a, "identity": "of the first"} if q["do"] == "watched" else a),
    ("reloads/broken", lambda q, a: {**a, "last_error": None} if q["do"] == "watched" else a),
]


@pytest.mark.parametrize(("case", "lie"), RELOAD_LIES)
def test_a_reload_that_fails(
    small: Path, index: dict[str, Any], case: str, lie: Lie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_checks, "PATIENCE", 1.0)
    executor: Any = InProcess(lie)
    assert fails(case, reload_checks.check_reloads(executor, small, index, brief=True))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('{}'); raise SystemExit(3)", "exit code 3"),
        ("import sys; print('{}', flush=True); sys.stdin.readline(); print('log line')", "log line"),
        ("import sys; print('{}', flush=True); sys.stdin.readline(); print('5')", "'5"),
        ("import os; os.abort()", "exit code -6"),
    ],
)
def test_an_executor_that_fails(tmp_path: Path, program: str, said: str) -> None:
    import sys

    language = Language("other", (sys.executable, "-c", program))
    with pytest.raises(ExecutorError, match=said), Process(language, tmp_path, {}) as executor:
        executor.ask({"do": "describe"})
