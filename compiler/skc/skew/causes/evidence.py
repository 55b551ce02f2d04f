"""When a hypothesis is proven by the rows that it explains.

Why bits: a rule that was looked for among many is found in noise as well, if few rows have to follow it. Each row that
does is worth as many bits as it is unlikely that noise does so: 8 at most (a number of a continuous column that meets a
prediction to its last digits), 1 for a whole number that is off by one, none for a flag that can only be the other one.
What the rows themselves determine is not evidence: a constant uses up one row, and the two numbers of a·x + b two. So
two rows never prove a·x + b: through any two points there is such a line. A rule holds with 30 bits, which noise
reaches once in a billion columns: by 5 rows of a constant, 6 of a·x + b, 31 whole numbers off by one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skc.skew.causes.column import Compared
from skc_runtime.kinds import Array

ENOUGH_BITS = 30.0
MOST_BITS = 8.0  # of a row


@dataclass(frozen=True)
class Guess:
    """A hypothesis with its parameters. `holds` is bool [N]: the rows whose served value it gives.

    `tells` are those where it gives another value than the recomputed one (None: all that differ). `free` is the number
    of parameters taken from the rows, `bits` the evidence of a row, `known_bits` that of the rows that were concerned.
    A guess that is `partial` says nothing of the rows that agree.
    """

    kind: str
    text: str
    holds: Array
    bits: float
    free: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tells: Array | None = None
    partial: bool = False
    known_bits: float = 0.0


def proves(case: Compared, guess: Guess) -> bool:
    """Whether it explains every row that differs, contradicts none that agrees, and cannot be chance.

    Where the rows that agree are left out, each different pair of values is one bit and no more: of two flags that
    differ, one is always the opposite of the other, and six values may all be off by one because noise is.
    """
    differs = case.differs
    if not guess.holds[differs].all() or not (guess.partial or guess.holds[~differs].all()):
        return False
    telling = differs if guess.tells is None else differs & guess.tells
    if case.is_part:
        return _pairs(case, telling) - guess.free >= ENOUGH_BITS
    rows = int(telling.sum()) - guess.free
    return rows >= 0 and rows * guess.bits + guess.known_bits >= ENOUGH_BITS


def _pairs(case: Compared, rows: Array) -> int:
    """How many different pairs of a served and a recomputed value some rows have."""
    sides = (column.values[rows].tolist() for column in (case.served, case.recomputed))
    absent = (column.missing[rows].tolist() for column in (case.served, case.recomputed))
    return len({(None if no_a else a, None if no_b else b) for a, b, no_a, no_b in zip(*sides, *absent, strict=True)})


def bits_of_numbers(case: Compared) -> float:
    """The evidence of a row whose number a rule gives, against noise of the size of the differences."""
    if not case.is_whole or case.numbers is None:
        return MOST_BITS
    served, recomputed = (values[case.differs] for values in case.numbers)
    with np.errstate(invalid="ignore"):
        sizes = np.abs(served - recomputed)
    sizes = sizes[np.isfinite(sizes)]
    return min(MOST_BITS, max(1.0, math.log2(1 + float(np.median(sizes))))) if len(sizes) else 1.0


def bits_of_values(values: Array) -> float:
    """The evidence of a row whose value is the predicted one, against a draw of all predicted `values`."""
    if not len(values):
        return 0.0
    _, counts = np.unique(values.astype(str) if values.dtype == object else values, return_counts=True)
    return min(MOST_BITS, -math.log2(counts.max() / len(values)))


def bits_of_choice(rows: int, chosen: int) -> float:
    """The evidence of `chosen` of `rows` being exactly those that a condition names."""
    ways = math.lgamma(rows + 1) - math.lgamma(chosen + 1) - math.lgamma(rows - chosen + 1)
    return ways / math.log(2)


def near(case: Compared, predicted: Array, size: Array | float = 0.0) -> Array:
    """bool [N]: whether the served numbers are these, up to the rounding of numbers of a size; missing is missing."""
    assert case.numbers is not None
    return close(case, case.numbers[0], predicted, size)


def close(case: Compared, a: Array, b: Array, size: Array | float = 0.0) -> Array:
    """bool [N]: whether two numbers differ only by rounding, of them or of numbers of this size."""
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = allowed_error(case, np.abs(a) + np.abs(b) + size)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.asarray(same | (np.isfinite(allowed) & (np.abs(a - b) <= allowed)))


def allowed_error(case: Compared, size: Array) -> Array:
    """By how much numbers of this size may differ because they were rounded."""
    own = 0.0 if case.own is None or np.shape(case.own[2]) != np.shape(size) else case.own[2]
    return np.asarray(case.precision * size + own)


def shown(number: float) -> str:
    """A number with six digits, in a sentence."""
    return f"{number:.6g}"
