"""Canonical JSON (RFC 8785).

Why not all of it by the library: it writes value by value, in Python, and a plan may have a million keys, a profile
half a million numbers. Strings and most numbers have the same form in the standard library.
"""

from __future__ import annotations

import json
import math
from typing import Any

import rfc8785

_AS_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
SAFE = 2**53 - 1  # RFC 8785 writes no larger integer


def canonical(value: Any) -> str:
    """A value of JSON as text. Raises `rfc8785.CanonicalizationError` for a number that JSON does not have."""
    if type(value) is float and math.isfinite(value):
        text = repr(value)
        if "e" not in text:  # with an exponent, ECMAScript has other forms
            return text.removesuffix(".0") if value else "0"
    elif type(value) is int and -SAFE <= value <= SAFE:
        return str(value)
    elif isinstance(value, str):
        return _AS_TEXT(value)
    elif isinstance(value, list):
        if {*map(type, value)} <= {str}:
            return _AS_TEXT(value)
        return f"[{','.join(map(canonical, value))}]"
    elif isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return f"{{{','.join(f'{canonical(key)}:{canonical(value[key])}' for key in keys)}}}"
    other: bytes = rfc8785.dumps(value)
    return other.decode()
