"""Columns whose rows are compared, and what is known of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from skc_runtime.agreement import same_bits
from skc_runtime.kinds import KINDS, Array, DType

Role = Literal["feature", "input", "step"]


@dataclass(frozen=True)
class Column:
    """N values of one column, as a block of skc holds them: null is NaN in a float, and False in `valid` elsewhere.

    `name` is what a report calls it. Values of the kind "string" are an object array of str. `sentinels` is bool [N]:
    values of an input that count as null.
    """

    name: str
    kind: DType
    values: Array
    valid: Array | None = None
    role: Role = "feature"
    sentinels: Array | None = None

    def at(self, rows: Array) -> Column:
        """The values of some rows (their indices [M])."""
        valid, sentinels = (None if part is None else part[rows] for part in (self.valid, self.sentinels))
        return replace(self, values=self.values[rows], valid=valid, sentinels=sentinels)

    @cached_property
    def missing(self) -> Array:
        """bool [N]: NaN, or not valid."""
        absent = np.zeros(len(self.values), bool) if self.valid is None else ~self.valid
        return absent | np.isnan(self.values) if KINDS[self.kind].is_float else absent

    @cached_property
    def absent(self) -> Array:
        """bool [N]: missing, or a value that counts as null."""
        return self.missing if self.sentinels is None else self.missing | self.sentinels

    @cached_property
    def numbers(self) -> Array | None:
        """float64 [N], NaN where absent; None for strings."""
        if self.kind == "string":
            return None
        return np.where(self.absent, np.nan, self.values.astype(np.float64))

    @property
    def precision(self) -> float:
        """The relative distance of two neighbouring values."""
        return float(np.finfo(np.float32 if self.values.dtype == np.float32 else np.float64).eps)


@dataclass(frozen=True)
class Fill:
    """A constant that a step puts in place of a value, such as the imputed one."""

    step: str
    value: Any


@dataclass(frozen=True)
class Context:
    """What is known of the rows of a served and a recomputed column.

    `differs` is bool [N]; None: where their bits differ. The other rows should be a sample of all that agree, which a
    cause must not contradict. `columns` have the same rows: other features, inputs and the values of steps. `changed`
    gives the recomputed numbers [M] for other numbers of an input (its name, float64 [M], NaN for null) in some rows
    (their indices [M]); None if the column does not depend on it.
    """

    differs: Array | None = None
    columns: tuple[Column, ...] = ()
    fills: tuple[Fill, ...] = ()
    changed: Callable[[str, Array, Array], Array | None] | None = None


@dataclass(frozen=True)
class Cause:
    """Why a served column is not the recomputed one: a rule that explains all `rows` that differ.

    `text` completes "the service served …". `parameters` are JSON.
    """

    kind: str
    text: str
    rows: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """The rows that every hypothesis is tried on.

    `own` are the numbers to compare where they are not those of the columns: served, recomputed, and by how much they
    may differ; each float64 [N]. With `is_part` the rows that agree were left out.
    """

    served: Column
    recomputed: Column
    context: Context
    own: tuple[Array, Array, Array] | None = None
    is_part: bool = False

    def __post_init__(self) -> None:
        rows = {len(c.values) for c in (self.served, self.recomputed, *self.context.columns)}
        rows |= set() if self.context.differs is None else {len(self.context.differs)}
        if len(rows) != 1:
            raise ValueError(f"columns of {sorted(rows)} rows have no rows in common")

    def differing(self) -> Compared:
        """Only the rows that differ."""
        rows, context = np.flatnonzero(self.differs), self.context
        of_all = context.changed
        part = Context(
            np.ones(len(rows), dtype=bool),
            tuple(column.at(rows) for column in context.columns),
            context.fills,
            None if of_all is None else lambda name, numbers, at: of_all(name, numbers, rows[at]),
        )
        return Compared(self.served.at(rows), self.recomputed.at(rows), part, is_part=True)

    @cached_property
    def differs(self) -> Array:
        """bool [N]."""
        if self.context.differs is not None:
            return self.context.differs
        unlike = self.served.missing != self.recomputed.missing
        equal = same_bits(self.served.values, self.recomputed.values)
        return np.asarray(unlike | ~(equal | self.served.missing))

    @cached_property
    def numbers(self) -> tuple[Array, Array] | None:
        """Served and recomputed as float64 [N]; None if one of them is of strings."""
        if self.own is not None:
            return self.own[:2]
        served, recomputed = self.served.numbers, self.recomputed.numbers
        return None if served is None or recomputed is None else (served, recomputed)

    @cached_property
    def texts(self) -> tuple[Array, Array] | None:
        """Served and recomputed, if both are of strings."""
        if self.served.kind != "string" or self.recomputed.kind != "string":
            return None
        return self.served.values, self.recomputed.values

    @cached_property
    def precision(self) -> float:
        """By how much, relatively, a number may differ because it was rounded to the type of a column."""
        return 4 * max(self.served.precision, self.recomputed.precision)

    @cached_property
    def is_whole(self) -> bool:
        """Whether all numbers are whole, so that noise can meet a rule by chance."""
        return self.numbers is not None and all(_are_whole(values) for values in self.numbers)


def narrowed(values: Array, kind: Any) -> Array:
    """Floats as the floats of NumPy's `kind`, if it holds them all: JSON does not say of which type they were."""
    with np.errstate(over="ignore"):
        narrow = values.astype(kind)
    return narrow if np.all((narrow == values) | np.isnan(values)) else values


def _are_whole(values: Array) -> bool:
    finite = values[np.isfinite(values)]
    return bool(np.all(finite == np.floor(finite)))
