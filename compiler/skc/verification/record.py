"""A record from the command line: JSON, in the forms of golden.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skc.artifact import Artifact
from skc.diagnostics import fail
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.marshal import Marshaller

FILE = "@"  # before the path of a file, as curl has it
HINT = (
    "write it as in golden.jsonl: a timestamp is microseconds since 1970-01-01 UTC, a date days; "
    "`skc inspect` lists the inputs"
)


def read_record(artifact: Artifact, text: str) -> dict[str, Any]:
    """A record in the forms of golden.jsonl, or after `@` a file that has one; plain integers are accepted too.

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
    integers = {i.name for i in artifact.manifest.inputs if i.kind.element == "int64"}
    values = {k: str(v) if k in integers and type(v) is int else v for k, v in values.items()}
    try:
        record = golden.decode_record(artifact.manifest, values)
        Marshaller(artifact.manifest).request(record, "error")
    except SkcRuntimeError as error:
        location = "" if error.input is None else f" (input `{error.input}`)"
        message = f"the record does not fit the inputs: {error.message}{location}"
        raise fail("SKC501", message, hint=HINT) from None
    return {i.name: record.get(i.name) for i in artifact.manifest.inputs}


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
