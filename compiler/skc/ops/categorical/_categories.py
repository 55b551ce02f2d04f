"""Shared by the ops on categories: checks of keys, unknown values, and near misses of a key."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from skc.op import refuse
from skc.values.types import Block, Scalar
from skc_runtime.kinds import INT64_MAX, INT64_MIN, KINDS, Array, DType

Key = str | int | bool | float
Keys = tuple[Key, ...]

MOST_LEVELS = 1024  # up to so many hash buckets, all are categories; beyond that, only those seen in fitting
SAMPLE = 1000
EXHAUSTIVE = 100_000  # up to so many keys of a column, verification tries them all


def check_keys(keys: Sequence[Key], dtype: DType, *, parameter: str) -> None:
    """Refuse keys of a type other than the column's, integers beyond int64, and duplicates."""
    for key in keys:
        is_wrong_int = type(key) is int and not INT64_MIN <= key <= INT64_MAX
        is_nan = isinstance(key, float) and math.isnan(key)
        if type(key) is not KINDS[dtype].python or is_wrong_int or is_nan:
            raise refuse(
                "SKC123",
                f"`{parameter}` lists {key!r}, which is not of type {dtype}",
                hint=f"write values of the column's type, {dtype}: a string in quotes, a float with a point, as in 3.0",
            )
    if len(set(keys)) < len(keys):
        duplicate = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise refuse("SKC123", f"`{parameter}` lists {duplicate!r} twice", hint="remove one")


def may_lack_values(x: Block) -> bool:
    """Whether a null is possible: a block of floats does not say."""
    return x.kind.is_float or x.valid is not None


def unknown_values(x: Block, keys: Sequence[Collection[Key]]) -> Array:
    """bool [N, K]: the values of each column that are not among its keys. A null is not unknown."""
    unknown = np.zeros(x.values.shape, dtype=bool)
    for k, known in enumerate(map(frozenset, keys)):
        unknown[:, k] = [value not in known for value in x.values[:, k].tolist()]
    return unknown & x.present()


def sample(keys: Sequence[Key], limit: int = SAMPLE) -> list[Key]:
    """All keys if there are few; otherwise that many, evenly spaced from the first to the last."""
    if len(keys) <= limit:
        return list(keys)
    return [keys[i * (len(keys) - 1) // (limit - 1)] for i in range(limit)]


def key_boundaries(keys: Sequence[Key], dtype: DType) -> list[Scalar]:
    """Null, the keys (all of up to 100,000), and near misses that must not match (for up to 1000 keys)."""
    fixed: dict[DType, list[Scalar]] = {
        "string": ["", " ", "0:", "1:", "unknown", "e\u0301", "😀"],
        "int64": [0, -1, INT64_MIN, INT64_MAX],
        "bool": [False, True],
        "float64": [0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf],
    }
    values: list[Scalar] = [None, *fixed[dtype], *sample(keys, EXHAUSTIVE)]
    for key in sample(keys):
        values += _near(key)
    # -0.0 is kept beside 0.0, which it equals
    return list({(value, str(value)): value for value in values}.values())


def _near(key: Key) -> Iterator[Key]:
    """Case, blanks, Unicode normal forms, prefix and extension of a string; the neighbours of a number."""
    if isinstance(key, str):
        yield from (key.upper(), key.lower(), f" {key}", f"{key} ", key[:-1], f"{key}x", f"0:{key}")
        yield from (unicodedata.normalize("NFC", key), unicodedata.normalize("NFD", key))
    elif isinstance(key, float):
        yield from (math.nextafter(key, -math.inf), math.nextafter(key, math.inf))
    elif not isinstance(key, bool):
        yield from (near for near in (key - 1, key + 1) if INT64_MIN <= near <= INT64_MAX)
