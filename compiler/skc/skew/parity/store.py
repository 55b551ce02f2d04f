"""A store that a function reads: `module:get_many`, from a list of keys to their rows.

Why a function and no client: how a service reads its store, with its names, serialisation and defaults, is part of
what may be wrong, and the service has this function already.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

from skc.diagnostics import fail
from skc.importing import imported, raised
from skc.verification.shown import count

AT_ONCE = 1000  # keys of one call
RETURN_HINT = (
    "return a list with one dict for each key, in their order, and None for a key that the store does not have"
)
GetMany = Callable[[list[Any]], Any]


def import_store(reference: str) -> GetMany:
    """The function `module:name`, from the current folder or an installed package. Raises SKC670."""
    if not all(reference.partition(":")):
        raise fail("SKC670", f"`{reference}` does not name a function", hint="write --online module:get_many")
    value = imported(reference, "SKC670", "store:get_many")
    if not callable(value):
        hint = "name a function from a list of keys to a list of dicts"
        raise fail("SKC670", f"`{reference}` is not a function but of type `{type(value).__qualname__}`", hint=hint)
    function: GetMany = value
    return function


def ask(get_many: GetMany, keys: Sequence[Any]) -> list[Mapping[str, Any] | None]:
    """The rows of some keys, in their order; None for a key that the store does not have. Raises SKC671, SKC672."""
    try:
        answer = get_many(list(keys))
    except Exception as error:
        hint = "mend the function: skc calls it with a list of keys"
        raise raised(
            "SKC671", f"the function, asked for {count(len(keys), 'key')} such as {keys[0]!r},", error, hint
        ) from error
    if isinstance(answer, Mapping):
        unasked = next((key for key in answer if key not in set(keys)), None)
        if unasked is not None:
            raise fail(
                "SKC672", f"the function returned the key {unasked!r}, for which it was not asked", hint=RETURN_HINT
            )
        answer = [answer.get(key) for key in keys]
    if isinstance(answer, str | bytes) or not isinstance(answer, Sequence):
        raise fail("SKC672", f"the function returned a {type(answer).__qualname__}, not a list", hint=RETURN_HINT)
    if len(answer) != len(keys):
        message = f"the function returned {count(len(answer), 'row')} for {count(len(keys), 'key')}"
        raise fail("SKC672", message, hint=RETURN_HINT)
    for key, row in zip(keys, answer, strict=True):
        if row is not None and not isinstance(row, Mapping):
            message = f"the function returned a {type(row).__qualname__} for the key {key!r}"
            raise fail("SKC672", message, hint=RETURN_HINT)
    return [row or None for row in answer]  # a hash of Redis that is not there is an empty one


def write_rows(get_many: GetMany, keys: Iterator[list[tuple[str, Any]]], time: str | None, file: BinaryIO) -> None:
    """Ask for all keys, given as lists of texts and of what is asked for them, and write the rows as an export."""
    for some in keys:
        for (key, _), row in zip(some, ask(get_many, [key for _, key in some]), strict=True):
            if row is None:
                continue
            plain_row = {_name(name): plain(value) for name, value in row.items()}
            line = {"key": key, "value": plain_row, "time": plain_row.get(time) if time is not None else None}
            file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _name(name: Any) -> str:
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)


def plain(value: Any) -> Any:
    """A value of Python as JSON has it; what JSON cannot have is an object, which no type of column is."""
    item = getattr(value, "item", None)
    if item is not None and callable(item) and not isinstance(value, str | bytes):
        value = item()  # a scalar of NumPy
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return None if math.isnan(value) else value if math.isfinite(value) else repr(value)
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return None if value != value else value.isoformat()  # NaT of pandas
        case _:
            return None if value is not None and _is_missing(value) else {"of type": type(value).__qualname__}


def _is_missing(value: Any) -> bool:
    """pandas has values that are not equal to themselves, and one that says neither."""
    return type(value).__name__ in ("NaTType", "NAType")
