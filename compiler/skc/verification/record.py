"""A record from the command line: JSON, in the forms of golden.jsonl."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from skc.artifact import Artifact
from skc.diagnostics import fail
from skc_runtime import golden
from skc_runtime.errors import RecordError, SkcRuntimeError, shown
from skc_runtime.manifest import InputSpec
from skc_runtime.marshal import Marshaller
from skc_runtime.scalars import reader, takes_text

DECIMAL = re.compile("-?[0-9]+")
WORDS = ("NaN", "Infinity", "-Infinity", "-0.0")
FILE = "@"  # before the path of a file, as curl has it
HINT = (
    "write it as in a request, or in golden.jsonl: a timestamp is ISO 8601 text or microseconds since 1970-01-01 UTC; "
    "`skc inspect` lists the inputs"
)


def read_record(artifact: Artifact, text: str) -> dict[str, Any]:
    """A record in the forms of golden.jsonl, or after `@` a file that has one; plain integers, and texts such as dates
    as a request may have them, are accepted too.

    Raises SKC501.
    """
    try:
        values = json.loads(
            _content(text.removeprefix(FILE)) if text.startswith(FILE) else text, object_pairs_hook=_without_duplicates
        )
    except (ValueError, RecursionError) as error:
        raise fail("SKC501", f"the record is not JSON: {error}", hint=HINT) from None
    if not isinstance(values, dict):
        raise fail("SKC501", f"the record is {shown(values)}, not a JSON object", hint=HINT)
    inputs = {i.name: i for i in artifact.manifest.inputs}
    try:
        values = {k: _golden_form(inputs[k], v) if k in inputs else v for k, v in values.items()}
        record = golden.decode_record(artifact.manifest, values)
        Marshaller(artifact.manifest).request(record, "error")
    except SkcRuntimeError as error:
        location = "" if error.input is None else f" (input `{error.input}`)"
        message = f"the record does not fit the inputs: {error.message}{location}"
        raise fail("SKC501", message, hint=HINT) from None
    return {i.name: record.get(i.name) for i in artifact.manifest.inputs}


def _golden_form(spec: InputSpec, value: Any) -> Any:
    """A value as a request may have it, in the form of golden.jsonl: integers and texts, such as dates."""
    if spec.kind.element == "int64" and type(value) is int:
        return str(value)
    if not isinstance(value, str) or not takes_text(spec):
        return value
    if value in WORDS if spec.kind.is_float else DECIMAL.fullmatch(value):
        return value
    try:
        number = reader(spec)(value)
    except RecordError as error:
        raise error.at(spec.name) from None
    return number if spec.kind.is_float else str(number)


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise fail(
            "SKC501", f"cannot read the record in `{path}`: {reason}", hint="check the path after the @"
        ) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key `{max(keys, key=keys.count)}`")
    return values
