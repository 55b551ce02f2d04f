"""Rounding errors of a value that is not exact, which a scale must not amplify until they are visible.

Why: the hours 0 and 12 have the sines 0 and 1.2e-16, and a scale computed from their distance would turn last bits,
which differ from machine to machine, into features of size 1.
"""

from __future__ import annotations

from skc.op import Concern, refuse
from skc.stats.requests import ColumnStats, Max, Min
from skc.values.types import ValueType

NO_VALUE_HINT = "drop the feature, or put `impute: {value: 0}` before this step"
LAST_BITS = 2.0**-48  # relative to a value: 16 to 32 units in the last place
MOST = 1e7  # relative errors of about 1e-15 stay a hundred times below the promised 1e-6


def concerns_about_constants(stats: ColumnStats) -> list[Concern]:
    """A warning if a column to be scaled is constant."""
    least, greatest = stats[Min()], stats[Max()]
    if least != greatest:
        return []
    text = f"every training value is {least}, so it becomes a constant"
    return [Concern("SKC234", text, "drop the feature, or check the data before this step")]


def concerns_about_spread(stats: ColumnStats) -> list[Concern]:
    """A warning if a column to be scaled by its spread has none, or only rounding errors."""
    least, greatest = stats[Min()], stats[Max()]
    if least == greatest:
        return concerns_about_constants(stats)
    spread, size = greatest - least, max(abs(least), abs(greatest))
    if spread <= LAST_BITS * size:
        text = f"the values differ only in their last bits, {least} to {greatest}, and scaling amplifies that"
        hint = "drop the feature, or put `round` before this step if it is rounding errors"
        return [Concern("SKC236", text, hint)]
    return []


def check_stretch(x: ValueType, factor: float, stats: ColumnStats) -> None:
    """Raise SKC215 if multiplying by `factor` could amplify a difference in last bits beyond the promised tolerance."""
    if x.exact:
        return
    greatest = max(1.0, abs(stats[Min()]), abs(stats[Max()]))
    if factor * greatest > MOST:
        raise refuse(
            "SKC215",
            f"a column of values up to {greatest:.3g} would be multiplied by {factor:.3g}, which makes rounding errors "
            "visible (it follows a log, exp or sine)",
            hint="leave that column out of the step, or scale before the function that is not exact",
        )
