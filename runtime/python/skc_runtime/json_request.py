"""Parse the body of a request, JSON bytes, into a record, records or columns of Python values.

Why not any available parser: parsing decides what is refused. Among common parsers, one takes the last of two duplicate
keys, another rounds an integer beyond 2^53, a third replaces a lone surrogate. `schemas/requests.v1.json` defines the
response to each body for every language. The grammar is that of the standard library's `json`, which is RFC 8259 after
the hooks have refused the exceptions.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from skc_runtime.errors import RecordError, shown
from skc_runtime.number_text import float_of, integer_of
from skc_runtime.strict_json import refuse_constant, without_duplicates

LARGEST = 1 << 26  # bytes
DEEPEST = 64  # nested arrays and objects
Form = Literal["record", "records", "columns"]

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_MANY_DIGITS = b"0" * 300


def read(body: object) -> tuple[Form, Any]:
    """The form of a body and its data. Raises RecordError: `malformed-json`, `invalid-utf8`, `request-too-large`,
    `unsupported-data`.
    """
    data = _parsed(_text(body))
    if isinstance(data, list):
        return "records", data
    if not isinstance(data, dict):
        message = f"expected a JSON object or an array of objects, got {shown(data)}"
        raise RecordError("unsupported-data", message, hint='{…} for a record, [{…}, …], or {"columns": {…}}')
    if len(data) == 1 and isinstance(data.get("columns"), dict):
        return "columns", data["columns"]
    return "record", data


def check_depth(data: Any, *, depth: int = 1) -> None:
    """Refuse data that is nested too deeply. Raises RecordError `malformed-json`."""
    if not isinstance(data, (dict, list)):
        return
    if depth > DEEPEST:
        raise _malformed("nested too deeply")
    for value in data.values() if isinstance(data, dict) else data:
        if isinstance(value, (dict, list)):
            check_depth(value, depth=depth + 1)


def _text(body: object) -> tuple[str, bytes]:
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if not isinstance(body, (bytes, bytearray, memoryview)):
        message = f"expected the bytes of a JSON text, got {type(body).__name__} {shown(body)}"
        raise RecordError("unsupported-data", message, hint="`transform` accepts data that is already parsed")
    raw = bytes(body)
    if len(raw) > LARGEST:
        message = f"{len(raw)} bytes exceed the limit of {LARGEST}"
        raise RecordError("request-too-large", message, hint="send fewer rows at a time")
    try:
        return raw.decode("utf-8"), raw
    except UnicodeDecodeError as error:
        hint = "encode the body as UTF-8"
        raise RecordError("invalid-utf8", f"the body is not UTF-8 at byte {error.start}", hint=hint) from None


def _parsed(body: tuple[str, bytes]) -> Any:
    text, raw = body
    try:
        return (_CLOSE if _is_odd(raw) else _PLAIN).decode(text)
    except ValueError as error:
        raise _malformed(shown(error, 200)) from None
    except RecursionError:
        raise _malformed("nested too deeply") from None


def _is_odd(raw: bytes) -> bool:
    """Whether the body needs more checks than the parser makes: numbers that may be too large for a float64 or too long
    for `int`, and lone surrogates. If in doubt, true.

    Why not one regular expression: searching for alternatives costs more than parsing.
    """
    alike = raw.translate(_DIGITS_ALIKE, b"+")
    return b"0e00" in alike or _MANY_DIGITS in alike or (b"\\u" in raw and _SURROGATE.search(raw) is not None)


def _malformed(message: str) -> RecordError:
    return RecordError(
        "malformed-json", f"not valid JSON: {message}", hint="send JSON as in RFC 8259, without duplicate keys"
    )


def _sound(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a lone surrogate in a key: no other language could represent the name in an error."""
    for key, _ in pairs:
        try:
            key.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"the key {key!r} contains a lone surrogate") from None
    return without_duplicates(pairs)


_PLAIN = json.JSONDecoder(object_pairs_hook=without_duplicates, parse_constant=refuse_constant)
_CLOSE = json.JSONDecoder(
    object_pairs_hook=_sound, parse_constant=refuse_constant, parse_int=integer_of, parse_float=float_of
)
