"""What a service answered, or logged that it had answered: predictions, features, or that it refused the request."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_FIELDS = 2000  # of an answer; what is deeper or more is one field
DEEPEST = 8
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0.0": -0.0}
FEATURES = "features"


@dataclass(frozen=True, slots=True)
class Answer:
    """`fields` are scalars by their path, such as `score` or `classes[0].p`; `features` by output: an array, or the
    CRC-32 of one. `refusal` is the code of an error. `latency_us` is what the service needed.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None
    latency_us: float | None = None


def of_response(body: bytes, status: int | None, latency_us: float) -> Answer:
    """The answer of a service: any JSON. Raises ValueError if it is not JSON, unless the status is one of an error."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        if status is not None and status >= 400:
            return Answer(refusal=f"HTTP {status}", latency_us=latency_us)
        raise ValueError("not JSON") from None
    refusal = _refusal(value, status)
    if refusal is not None:
        return Answer(refusal=refusal, latency_us=latency_us)
    features: Mapping[str, Any] = {}
    if isinstance(value, dict) and isinstance(value.get(FEATURES), dict):
        features = {name: array for name, array in value[FEATURES].items() if isinstance(array, list | int)}
        value = {key: other for key, other in value.items() if key != FEATURES}
    return Answer(fields_of(value), features, None, latency_us)


def of_log(document: Mapping[str, Any]) -> Answer:
    """The answer in a line of a log."""
    latency = document.get("latency_us")
    latency_us = float(latency) if isinstance(latency, int) else None
    error = document.get("error")
    if error is not None:
        code = error.get("code") if isinstance(error, dict) else error
        return Answer(refusal=str(code), latency_us=latency_us)
    features = document.get(FEATURES)
    prediction = document.get("prediction")
    fields = {} if prediction is None else fields_of(prediction, "prediction")
    return Answer(fields, features if isinstance(features, dict) else {}, None, latency_us)


def fields_of(value: Any, path: str = "") -> dict[str, Any]:
    """All scalars of a JSON value by their path; the path of the value itself is `answer`."""
    fields: dict[str, Any] = {}
    for name, scalar in _scalars(value, path, 0):
        if len(fields) == MOST_FIELDS:
            fields["…"] = json.dumps(value, sort_keys=True)
            break
        fields[name or "answer"] = scalar
    return fields


def number_of(value: Any) -> float | None:
    """A number, also one in the words of golden.jsonl; None for anything else."""
    if type(value) in (int, float):
        try:
            return float(value)
        except OverflowError:
            return math.copysign(math.inf, value)
    return WORDS.get(value) if type(value) is str else None


def _scalars(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and depth == DEEPEST:
        yield path, json.dumps(value, sort_keys=True)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _scalars(one, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list):
        for k, one in enumerate(value):
            yield from _scalars(one, f"{path}[{k}]", depth + 1)
    else:
        yield path, value


def _refusal(value: Any, status: int | None) -> str | None:
    """The code of an error: `error` of an object, or its status if that is 400 or more."""
    if isinstance(value, dict):
        error = value.get("error")
        if isinstance(error, dict):
            return str(error.get("code", "error"))
        if error not in (None, False, ""):
            return str(error)
        inside = value.get("status")
        if type(inside) is int and inside >= 400:
            return f"status {inside}"
    return f"HTTP {status}" if status is not None and status >= 400 else None
