"""What the ops on categories share: checks, grouping of infrequent categories, and near misses of a category.

Why here: `OneHotEncoder` and `OrdinalEncoder` of scikit-learn use the same grouping, so it is implemented
once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from skc.op import Concern, refuse
from skc.stats.requests import ColumnStats, Levels, ValueCounts
from skc.values.types import Block, Scalar
from skc_runtime.kinds import INT64_MAX, INT64_MIN, KINDS, Array, DType

Key = str | int | bool
Keys = tuple[Key, ...]
MinFrequency = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | None
MaxCategories = Annotated[int, Field(ge=1)] | None

MOST_LEVELS = 1024  # buckets of a hash that are categories whether seen or not; of more, only those that were seen
SAMPLE = 1000
EXHAUSTIVE = 100_000  # keys of one column, all of which verification tries


def check_keys(keys: Sequence[Key], dtype: DType, *, parameter: str) -> None:
    """Refuse keys of another type than the column's, integers beyond int64, and repetitions."""
    for key in keys:
        is_wrong_int = type(key) is int and not INT64_MIN <= key <= INT64_MAX
        if type(key) is not KINDS[dtype].python or is_wrong_int:
            raise refuse(
                "SKC123",
                f"`{parameter}` lists {key!r}, which is no {dtype}",
                hint=f"write values of the column's type, {dtype}; quote a string",
            )
    if len(set(keys)) < len(keys):
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise refuse("SKC123", f"`{parameter}` lists {twice!r} twice", hint="remove one")


def counted(stats: ColumnStats) -> list[tuple[Key, int]]:
    """The categories of a column in ascending order with their counts: those seen, and those it can hold."""
    seen: dict[Key, int] = dict(stats[ValueCounts()])
    return [(key, seen.get(key, 0)) for key in sorted({*seen, *(stats[Levels()] or ())})]


def group_infrequent(
    counts: Sequence[tuple[Key, int]], rows: int, min_frequency: float | None, max_categories: int | None
) -> tuple[Keys, Keys]:
    """The frequent and the infrequent of the ordered categories, as scikit-learn's `_identify_infrequent`.

    `rows` counts nulls too. A category is infrequent when its count is below `min_frequency` (an int), or
    below `rows * min_frequency` (a float). When more than `max_categories - 1` are left, the least frequent
    of all are too; of two that are equally frequent the one that stands first goes first.
    """
    least = rows * min_frequency if isinstance(min_frequency, float) else (min_frequency or 0)
    infrequent = {i for i, (_, count) in enumerate(counts) if count < least}
    if max_categories is not None and len(counts) - len(infrequent) > max_categories - 1:
        by_count = sorted(range(len(counts)), key=lambda i: counts[i][1])
        infrequent |= set(by_count[: len(counts) - (max_categories - 1)])
    keep = tuple(key for i, (key, _) in enumerate(counts) if i not in infrequent)
    return keep, tuple(counts[i][0] for i in sorted(infrequent))


def grouped_ids(frequent: Keys, infrequent: Keys) -> dict[Key, int]:
    """The place of every category: the infrequent ones share the last."""
    return {key: place for place, key in enumerate(frequent)} | dict.fromkeys(infrequent, len(frequent))


def unknown_values(x: Block, keys: Sequence[Collection[Key]]) -> Array:
    """bool [N, K]: the values of each column that are none of its keys. A null is not unknown."""
    unknown = np.zeros(x.values.shape, dtype=bool)
    for k, known in enumerate(map(frozenset, keys)):
        unknown[:, k] = [value not in known for value in x.values[:, k].tolist()]
    return unknown & x.present()


def concerns_about_categories(frequent: Keys, infrequent: Keys) -> list[Concern]:
    """Every category is infrequent, so the column holds no information."""
    if frequent or len(infrequent) < 2:
        return []
    text = f"all {len(infrequent)} categories are infrequent, so it becomes a constant"
    return [Concern("SKC234", text, "lower `min_frequency`, or raise `max_categories`")]


def sample(keys: Sequence[Key], most: int = SAMPLE) -> list[Key]:
    """All keys up to so many; of more the first, the last and those evenly spaced between, so many together."""
    if len(keys) <= most:
        return list(keys)
    return [keys[i * (len(keys) - 1) // (most - 1)] for i in range(most)]


def key_boundaries(keys: Sequence[Key], dtype: DType) -> list[Scalar]:
    """Null, the keys (all of up to 100,000), and what must not be taken for one of them (for up to 1000 keys)."""
    fixed: dict[DType, list[Scalar]] = {
        "string": ["", " ", "0:", "1:", "unknown", "e\u0301", "😀"],
        "int64": [0, -1, INT64_MIN, INT64_MAX],
        "bool": [False, True],
    }
    values: list[Scalar] = [None, *fixed[dtype], *sample(keys, EXHAUSTIVE)]
    for key in sample(keys):
        values += _near(key)
    return list(dict.fromkeys(values))


def _near(key: Key) -> Iterator[Key]:
    """Case, blanks, Unicode normal forms, prefix and extension of a string; the neighbours of an integer."""
    if isinstance(key, str):
        yield from (key.upper(), key.lower(), f" {key}", f"{key} ", key[:-1], f"{key}x", f"0:{key}")
        yield from (unicodedata.normalize("NFC", key), unicodedata.normalize("NFD", key))
    elif not isinstance(key, bool):
        yield from (near for near in (key - 1, key + 1) if INT64_MIN <= near <= INT64_MAX)
