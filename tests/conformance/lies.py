"""Executors that lie: one of Python in this process, and what can be done to its answers."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from checks import Tally
from executor import Executor as PythonExecutor

Answer = dict[str, Any]
Lie = Callable[[Mapping[str, Any], Answer], Answer]


class InProcess:
    """The executor of Python without a process, whose answers a lie may change."""

    def __init__(self, lie: Lie = lambda request, answer: answer) -> None:
        self._executor = PythonExecutor()
        self._lie = lie
        self.hello = self.ask({"do": "hello"})

    def ask(self, request: Mapping[str, Any]) -> Answer:
        answer = json.loads(json.dumps(self._executor.answer(json.loads(json.dumps(request)))))
        return self._lie(request, answer)

    def ask_all(self, requests: Sequence[Mapping[str, Any]]) -> Iterator[Answer]:
        for request in requests:
            yield self.ask(request)


def fails(case: str, tallies: Iterable[Tally]) -> bool:
    """Whether a case fails; those after it are not tried."""
    return bool(next(t for t in tallies if t.id == case).failures)


def failing(found: Iterable[Tally]) -> set[str]:
    tallies = list(found)
    assert all(t.checks for t in tallies if not t.id.startswith("marshalling/"))
    return {t.id for t in tallies if t.failures}


def change_values(change: Callable[[str, list[Any]], list[Any]]) -> Lie:
    """Every value of an output, changed."""

    def lie(request: Mapping[str, Any], answer: Answer) -> Answer:
        for tensor in answer.get("outputs", {}).values():
            tensor["values"] = change(tensor["dtype"], tensor["values"])
        return answer

    return lie


def last_bit(dtype: str, values: list[Any]) -> list[Any]:
    """One ulp, where a value is not exact: nothing a tolerance would see."""
    return [f"{int(v, 16) ^ 1:0{len(v)}x}" if dtype == "float64" and v != "nan" else v for v in values]


def five_for_infinity(dtype: str, values: list[Any]) -> list[Any]:
    """Alike in every request, so that only the reference can tell."""
    return ["4014000000000000" if v in ("7ff0000000000000", "fff0000000000000") else v for v in values]


def minus_zero(dtype: str, values: list[Any]) -> list[Any]:
    return ["8" + "0" * (len(v) - 1) if dtype in ("float32", "float64") and not v.strip("0") else v for v in values]


def only(form: str, rows: int, lie: Lie) -> Lie:
    """A lie about requests of one form and size."""

    def told(request: Mapping[str, Any], answer: Answer) -> Answer:
        is_it = request.get("form") == form and len(request.get("take", ())) == rows
        return lie(request, copy.deepcopy(answer)) if is_it else answer

    return told


def renamed(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "outputs" in answer:
        answer["outputs"] = {f"{name}_": tensor for name, tensor in answer["outputs"].items()}
    return answer


def flattened(request: Mapping[str, Any], answer: Answer) -> Answer:
    for tensor in answer.get("outputs", {}).values():
        tensor["shape"] = tensor["shape"][-1:]
    return answer


def widened(request: Mapping[str, Any], answer: Answer) -> Answer:
    for tensor in answer.get("outputs", {}).values():
        tensor["dtype"] = {"float32": "float64"}.get(tensor["dtype"], tensor["dtype"])
    return answer


def always_first_row(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "error" in answer and answer["error"]["row"] is not None:
        answer["error"]["row"] = 0
    return answer


def without_step(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "error" in answer:
        answer["error"]["step"] = None
    return answer


def refusing(request: Mapping[str, Any], answer: Answer) -> Answer:
    refusal = {"code": "invalid-value", "input": "x", "row": None, "step": None}
    return {"error": refusal} if request["do"] == "transform" else answer
