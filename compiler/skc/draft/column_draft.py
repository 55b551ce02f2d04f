"""What a draft says of each column: how it is declared, what it is used for, or why it is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from skc.draft.columns import Meaning
from skc.ir import Input
from skc.values.types import Scalar

Role = Literal["number", "flag", "category", "moment"]


@dataclass(frozen=True)
class Seen:
    """What all rows of a column say: `values` that are not null, and how many of them differ; the bounds of those that
    have an order; the most frequent, if they were counted.
    """

    rows: int
    values: int
    distinct: int
    least: Scalar = None
    greatest: Scalar = None
    counts: Mapping[Scalar, int] = field(default_factory=dict)

    @property
    def nulls(self) -> int:
        return self.rows - self.values


@dataclass(frozen=True)
class ColumnDraft:
    """One column. `role` is None if it is left out, and `facts` then say why; `guesses` are what the data alone does
    not say, and the first of them may be an `alternative`.
    """

    value: Input
    role: Role | None
    seen: Seen
    meaning: Meaning | None = None
    facts: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    days: Sequence[date] = ()

    @property
    def name(self) -> str:
        return self.value.name

    def to_json(self) -> dict[str, Any]:
        """What it says."""
        return {
            "name": self.value.name,
            "type": self.value.dtype,
            "nullable": self.value.nullable,
            "null_values": list(self.value.null_values),
            "role": self.role,
            "facts": list(self.facts),
            "guesses": list(self.guesses),
        }


def times(number: int) -> str:
    """A count, as comments write it."""
    return f"{number:,}"
