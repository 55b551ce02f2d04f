"""Frequent and infrequent categories, which `one_hot` and `ordinal` learn alike.

Why here: `OneHotEncoder` and `OrdinalEncoder` of scikit-learn use the same grouping, so it is implemented once, and
with it every fact of an op that follows from the groups alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from skc.op import Concern, Met, refuse
from skc.ops.categorical._categories import Key, Keys, key_boundaries, unknown_values
from skc.stats.requests import ColumnStats, Count, Levels, NullCount, Stat, ValueCounts
from skc.translation import Columns
from skc.values.once import once_per_state
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import KINDS, Array

MinFrequency = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | None
MaxCategories = Annotated[int, Field(ge=1)] | None


class Policy(Protocol):
    """The parameters: how unknown values are handled."""

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
    """The categories of a column in ascending order with their counts: those seen, and those that it can hold."""
    counts: dict[Key, int] = dict(stats[ValueCounts()])
    return [(key, counts.get(key, 0)) for key in sorted({*counts, *(stats[Levels()] or ())})]


def group_infrequent(
    counts: Sequence[tuple[Key, int]], rows: int, min_frequency: float | None, max_categories: int | None
) -> tuple[Keys, Keys]:
    """Split the ordered categories into frequent and infrequent ones, as scikit-learn's `_identify_infrequent`.

    `rows` counts nulls too. A category is infrequent when its count is below `min_frequency` (an int), or
    below `rows * min_frequency` (a float). When more than `max_categories - 1` are left, the least frequent
    of all are too; of two that are equally frequent the one that stands first goes first.
    """
    min_count = rows * min_frequency if isinstance(min_frequency, float) else (min_frequency or 0)
    infrequent = {i for i, (_, count) in enumerate(counts) if count < min_count}
    if max_categories is not None and len(counts) - len(infrequent) > max_categories - 1:
        by_count = sorted(range(len(counts)), key=lambda i: counts[i][1])
        infrequent |= set(by_count[: len(counts) - (max_categories - 1)])
    keep = tuple(key for i, (key, _) in enumerate(counts) if i not in infrequent)
    return keep, tuple(counts[i][0] for i in sorted(infrequent))


@once_per_state
def ids(params: object, state: Groups, k: int) -> dict[Key, int]:
    """The index of every category; the infrequent ones share the last."""
    frequent, infrequent = state.categories[k], state.infrequent[k]
    return {key: index for index, key in enumerate(frequent)} | dict.fromkeys(infrequent, len(frequent))


def boundaries(params: object, state: Groups, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries([*ids(params, state, k)], x.dtype)


def marks(params: object, state: Groups, k: int) -> dict[str, Sequence[Scalar]]:
    return {"category": [*ids(params, state, k)]}


def degenerate(params: object, state: Groups, k: int) -> str | None:
    if state.categories[k]:
        return None
    return "every category is infrequent" if state.infrequent[k] else "no category"


def met(params: Policy, state: Groups, x: Block) -> dict[Met, Array]:
    if params.unknown == "error":  # counted by a guard
        return {}
    return {"unknown": unknown_values(x, [ids(params, state, k) for k in range(x.width)])}


def concerns_about_categories(frequent: Keys, infrequent: Keys) -> list[Concern]:
    """A warning if every category is infrequent, so that the column holds no information."""
    if frequent or len(infrequent) < 2:
        return []
    text = f"all {len(infrequent)} categories are infrequent, so it becomes a constant"
    return [Concern("SKC234", text, "lower `min_frequency`, or raise `max_categories`")]


UNSEEN = "no category is infrequent, so an unknown value gives zeros in every column"


def is_unknown_unseen(frequent: Keys, infrequent: Keys, known: Sequence[Any] | None) -> bool:
    """Whether unknown values count as infrequent, can come, and no training row shows what they give."""
    is_closed = known is not None and {*known} <= {*frequent}
    return bool(frequent) and not infrequent and not is_closed


@dataclass(frozen=True)
class Learned:
    """The categories of one column of a fitted encoder of scikit-learn, and where a missing value is among them."""

    frequent: Keys
    infrequent: Keys
    missing: Literal["frequent", "infrequent"] | None

    def place(self, category: Any, own: int, shared: int | None) -> int | None:
        """The place of a category: its own, the one after the last that a frequent null has, or the shared one."""
        if is_missing(category):
            return own if self.missing == "frequent" else shared
        key = plain(category)
        return self.frequent.index(key) if key in self.frequent else shared


def learned_categories(encoder: Any, k: int, x: Columns) -> Learned:
    """The categories that an encoder learned for column k, as keys of the column's own type.

    `_infrequent_indices` is what `infrequent_categories_` is made from: positions among `categories_`, or None.
    """
    categories = encoder.categories_[k].tolist()
    keys = keys_by_position(categories, x.names[k], x.types[k])
    missing = [i for i in range(len(categories)) if i not in keys]
    positions = getattr(encoder, "_infrequent_indices", None) if encoder._infrequent_enabled else None
    selected = None if positions is None else positions[k]
    infrequent = frozenset() if selected is None else frozenset(selected.tolist())
    return Learned(
        tuple(key for i, key in keys.items() if i not in infrequent),
        tuple(key for i, key in keys.items() if i in infrequent),
        None if not missing else "infrequent" if missing[0] in infrequent else "frequent",
    )


def keys_by_position(categories: Sequence[Any], name: str, x: ValueType) -> dict[int, Key]:
    """The categories of a column as keys of its own type, by their position. A missing value is not a key.

    Raises SKC151 for categories of another type, and for two missing values.
    """
    keys = {i: plain(category) for i, category in enumerate(categories) if not is_missing(category)}
    if len(categories) > len(keys) + 1:
        raise refuse(
            "SKC151",
            f"column `{name}` has both None and NaN among its categories, and skc has one null",
            hint="replace one by the other before fitting: `X.fillna(np.nan)`",
        )
    if x.kind.is_float:
        keys = {i: float(key) if is_exact_float(key) else key for i, key in keys.items()}
    wrong = next((key for key in keys.values() if type(key) is not KINDS[x.dtype].python), None)
    if wrong is not None:
        raise refuse(
            "SKC151",
            f"column `{name}` is {x.dtype}, and has the category {wrong!r} of another type",
            hint="give a sample of the type that the encoder was fitted with: text, numbers or booleans",
        )
    return keys


def as_fitted(encoder: Any, x: Columns) -> Columns:
    """The columns as an encoder compares them with its categories.

    Numbers are float64 where it learned floats: pandas converts integers and booleans that have missing values. It
    refuses infinities.
    """
    parts = []
    for k, categories in enumerate(encoder.categories_):
        column = x.pick([k])
        is_number = x.types[k].dtype in ("int64", "bool") and categories.dtype.kind == "f"
        parts.append(column.floats(null="keep") if is_number or x.types[k].kind.is_float else column)
    return x.pick(()).beside(*parts)


def is_exact_float(key: Any) -> bool:
    """A number that float64 holds exactly, up to where every integer is a float64."""
    return isinstance(key, int | float) and not isinstance(key, bool) and (isinstance(key, float) or abs(key) < 2**53)


def is_missing(category: Any) -> bool:
    """None or NaN."""
    return category is None or category != category


def plain(category: Any) -> Any:
    """A category as Python has it, of whatever NumPy made of it."""
    return category.item() if hasattr(category, "item") else category
