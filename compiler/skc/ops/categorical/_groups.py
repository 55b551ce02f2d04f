"""Frequent and infrequent categories, which `one_hot` and `ordinal` learn alike.

Why here: `OneHotEncoder` and `OrdinalEncoder` of scikit-learn use the same grouping, so it is implemented once, and
with it every fact of an op that follows from the groups alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import Field

from skc.op import Concern, Met
from skc.ops.categorical._categories import Key, Keys, key_boundaries, unknown_values
from skc.stats.requests import ColumnStats, Count, Levels, NullCount, Stat, ValueCounts
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

MinFrequency = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | None
MaxCategories = Annotated[int, Field(ge=1)] | None


class Policy(Protocol):
    """The parameters: what becomes of an unknown value."""

    @property
    def unknown(self) -> str | None: ...


class Groups(Protocol):
    """The state, per column."""

    @property
    def categories(self) -> tuple[Keys, ...]: ...

    @property
    def infrequent(self) -> tuple[Keys, ...]: ...


def needs(params: object, x: ValueType) -> tuple[Stat, ...]:
    return (Count(), NullCount(), ValueCounts(), Levels())


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


def ids(params: object, state: Groups, k: int) -> dict[Key, int]:
    """The place of every category: the infrequent ones share the last."""
    frequent, infrequent = state.categories[k], state.infrequent[k]
    return {key: place for place, key in enumerate(frequent)} | dict.fromkeys(infrequent, len(frequent))


def boundaries(params: object, state: Groups, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries([*ids(params, state, k)], x.dtype)


def marks(params: object, state: Groups, k: int) -> dict[str, Sequence[Scalar]]:
    return {"category": [*ids(params, state, k)]}


def degenerate(params: object, state: Groups, k: int) -> str | None:
    if state.categories[k]:
        return None
    return "every category is infrequent" if state.infrequent[k] else "no category"


def met(params: Policy, state: Groups, x: Block) -> dict[Met, Array]:
    if params.unknown == "error":  # a guard counts them
        return {}
    return {"unknown": unknown_values(x, [ids(params, state, k) for k in range(x.width)])}


def concerns_about_categories(frequent: Keys, infrequent: Keys) -> list[Concern]:
    """Every category is infrequent, so the column holds no information."""
    if frequent or len(infrequent) < 2:
        return []
    text = f"all {len(infrequent)} categories are infrequent, so it becomes a constant"
    return [Concern("SKC234", text, "lower `min_frequency`, or raise `max_categories`")]
