"""The result of comparing requests with their rows of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from skc.skew.replay.reason import Reason

Skew = Literal["code skew", "data skew"]


@dataclass(frozen=True)
class Counts:
    """Pairs of a request and its row of training, by what they have in one column: the same; two values that differ; a
    value in training alone (`missing` in serving); or in serving alone (`extra`).
    """

    match: int
    mismatch: int
    missing: int
    extra: int

    @property
    def total(self) -> int:
        return self.match + self.mismatch + self.missing + self.extra

    @property
    def differing(self) -> int:
        return self.total - self.match


@dataclass(frozen=True)
class Pair:
    """A request and its row of training, in one column; None is null."""

    id: str
    time_us: int
    served: Any
    training: Any


@dataclass(frozen=True)
class TrainingColumn:
    """A column of both sides. `smape` is the mean of |a - b| / ((|a| + |b|) / 2) over the pairs that both have a number
    (0 to 2), None if none has. `looked_at` of the differing pairs were kept to find the reason.
    """

    column: str
    skew: Skew  # what a difference in it is
    counts: Counts
    smape: float | None
    looked_at: int = 0
    reason: Reason | None = None
    samples: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class TrainingReplay:
    """`requests` of a log that were served, of which `matched` have a row of training; `unused` rows have no request.

    `data_skew` of the pairs are another request than the training row, `code_skew` an equal one with other features.
    `not_compared` are inputs that only one side has.
    """

    key: str
    requests: int
    matched: int
    unused: int
    data_skew: int
    code_skew: int
    columns: tuple[TrainingColumn, ...]
    not_compared: tuple[str, ...]

    @property
    def found(self) -> tuple[TrainingColumn, ...]:
        """The columns that differ: those of requests first, those of most pairs before others."""
        differing = [column for column in self.columns if column.counts.differing]
        return tuple(sorted(differing, key=lambda c: (c.skew != "data skew", -c.counts.differing)))

    @property
    def share(self) -> float:
        """The share of pairs with any skew."""
        return (self.data_skew + self.code_skew) / self.matched if self.matched else 0.0
