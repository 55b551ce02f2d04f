"""Another value of an input, by what the pipeline makes of it: for features that do not say what they were made of.

A bin, or a ratio of two inputs, cannot be followed back. So the feature is computed again with a changed input, for a
few of the rows first: most changes fail there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from skc.skew.causes.column import Compared
from skc.skew.causes.evidence import Guess, bits_of_values, close, near, shown
from skc.skew.causes.scale import UNITS
from skc_runtime.kinds import KINDS, Array

FEW = 24  # rows that a change is tried on first
TRIED_BITS = 6.0  # of so many changes, one is met by chance
Change = tuple[str, Callable[[Array], Array]]


def changed_input(case: Compared) -> Iterator[Guess]:
    """0 in place of null, another unit, or fewer decimals of one input."""
    changed = case.context.changed
    if case.numbers is None or changed is None:
        return
    recomputed = case.numbers[1]
    every, few = np.arange(len(recomputed)), np.flatnonzero(case.differs)[:FEW]
    for column in case.context.columns:
        if column.role != "input" or not KINDS[column.kind].is_number or column.numbers is None:
            continue
        for text, change in _CHANGES:
            with np.errstate(over="ignore"):
                numbers = change(column.numbers)
            first = changed(column.name, numbers[few], few)
            if first is None or not close(case, case.numbers[0][few], first).all():
                continue
            predicted = changed(column.name, numbers, every)
            if predicted is None:
                continue
            sentence = f"the value for an input `{column.name}` {text}"
            tells = ~close(case, predicted, recomputed)
            bits = bits_of_values(np.round(predicted[case.differs], 6))
            yield Guess(
                "input",
                sentence,
                near(case, predicted),
                bits,
                0,
                {"input": column.name, "change": text},
                tells,
                known_bits=-TRIED_BITS,
            )


def _rounded(places: int, values: Array) -> Array:
    return np.round(values, places)


def _floored(places: int, values: Array) -> Array:
    return np.asarray(np.floor(values * 10.0**places) / 10.0**places)


def _times(factor: float, values: Array) -> Array:
    return values * factor


def _changes() -> Sequence[Change]:
    factors = sorted({f for factor, _, _ in UNITS for f in (factor, 1 / factor)}, key=lambda f: abs(np.log(f)))
    return [
        ("with 0 in place of nulls", partial(np.nan_to_num, posinf=np.inf, neginf=-np.inf)),
        *((f"times {shown(factor)}", partial(_times, factor)) for factor in factors),
        *((f"rounded to {places} decimals", partial(_rounded, places)) for places in range(4)),
        *((f"floored to {places} decimals", partial(_floored, places)) for places in range(4)),
        ("with the other sign", np.negative),
    ]


_CHANGES = _changes()
