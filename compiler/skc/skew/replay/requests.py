"""A batch of logged requests as columns of the inputs, and apart from them the requests that have to be tried alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.hidden import Hidden
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import InputElement, for_every_element
from skc_runtime.manifest import InputSpec, Manifest
from skc_runtime.scalars import MISSING

Values = list[Any]


class NotInLogError(Exception):
    """A request was something that a log cannot hold, or its line was edited: it cannot be made again."""


@dataclass(frozen=True)
class Columns:
    """Requests that their inputs accept, `rows` of a batch, as one list [N] per input; `alone` are the other rows."""

    rows: list[int]
    values: Mapping[str, Values]
    alone: list[int]


def columns_of(manifest: Manifest, hidden: Hidden, batch: Sequence[LoggedRequest]) -> Columns:
    """The requests of a batch. Those with an error, or with a value that an input refused, are `alone`."""
    documents = [request.document for request in batch]
    rows = [k for k, d in enumerate(documents) if type(d["request"]) is dict and "error" not in d]
    visible = [spec for spec in manifest.inputs if spec.name not in hidden.inputs]
    while True:
        records = [documents[k]["request"] for k in rows]
        values: dict[str, Values] = {}
        refused: set[int] = set()
        for spec in visible:
            column, bad = _column(spec, [record.get(spec.name, MISSING) for record in records])
            values[spec.name] = column
            refused.update(bad)
        if not refused:
            break
        rows = [row for k, row in enumerate(rows) if k not in refused]
    for name, value in hidden.stand_in.items():
        values[name] = [value] * len(rows)
    served = set(rows)
    return Columns(rows, values, [k for k in range(len(documents)) if k not in served])


def record_of(manifest: Manifest, hidden: Hidden, request: Any) -> dict[str, Any]:
    """One request as a service got it, as far as the log says. Raises NotInLogError."""
    if not isinstance(request, dict):
        raise NotInLogError
    record: dict[str, Any] = {}
    for spec in manifest.inputs:
        if spec.name in hidden.inputs:
            record[spec.name] = hidden.stand_in[spec.name]
        elif spec.name in request:
            record[spec.name] = _value(spec, request[spec.name])
    return record


def golden_form(manifest: Manifest, hidden: Hidden, request: Any) -> dict[str, Any]:
    """A request as `--record` takes it. Raises NotInLogError for one that the inputs refuse."""
    record = record_of(manifest, hidden, request)
    try:
        return golden.encode_record(manifest, record)
    except (SkcRuntimeError, TypeError, ValueError):
        raise NotInLogError from None


def _column(spec: InputSpec, values: Values) -> tuple[Values, list[int]]:
    """The values of an input, and the rows whose value it refused or that the log cannot have."""
    kinds = set(map(type, values))
    bad: list[int] = []
    if type(MISSING) in kinds:
        if spec.nullable:
            values = [None if value is MISSING else value for value in values]
        else:
            bad = [k for k, value in enumerate(values) if value is MISSING]
    if type(None) in kinds and not spec.nullable:
        bad += [k for k, value in enumerate(values) if value is None]
    if bad:
        return values, bad
    element = spec.kind.element
    if kinds <= _PLAIN[element]:
        try:
            return _FAST[element](values), []
        except ValueError:
            pass
    decoded: Values = []
    for k, value in enumerate(values):
        try:
            decoded.append(golden.decode_value(element, value, spec.name))
        except SkcRuntimeError:
            bad.append(k)
    return decoded, bad


def _same(values: Values) -> Values:
    return values


def _integers(values: Values) -> Values:
    return [None if value is None else int(value) for value in values]


# What most values of a log are, and how they become those of a request; the others are decoded one by one.
_PLAIN: Mapping[InputElement, set[type]] = for_every_element(
    {
        "float64": {float, type(None), type(MISSING)},
        "float32": {float, type(None), type(MISSING)},
        "int64": {str, type(None), type(MISSING)},
        "bool": {bool, type(None), type(MISSING)},
        "string": {str, type(None), type(MISSING)},
    }
)
_FAST: Mapping[InputElement, Callable[[Values], Values]] = for_every_element(
    {"float64": _same, "float32": _same, "int64": _integers, "bool": _same, "string": _same}
)


def _value(spec: InputSpec, logged: Any) -> Any:
    if not isinstance(logged, dict):
        return _decoded(spec.kind.element, logged)
    match list(logged.items()):
        case [("null", True)]:
            return None
        case [("bool", bool() as value)]:
            return value
        case [("int", str() as digits)]:
            return _parsed(int, digits)
        case [("float", (int() | float() | str()) as value)]:
            return _decoded("float64", value)
        case [("string", str() as value)]:
            return value
    raise NotInLogError  # {"other": true}, or an edited line


def _decoded(element: InputElement, logged: Any) -> Any:
    try:
        return golden.decode_value(element, logged, "request")
    except SkcRuntimeError:
        raise NotInLogError from None


def _parsed(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        raise NotInLogError from None
