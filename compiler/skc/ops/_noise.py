"""Rounding errors of a value that is not exact, which a scale must not stretch until they show.

Why: hours of 0 and 12 have the sines 0 and 1.2e-16, and a scale made of their distance would turn last bits, which
differ from machine to machine, into features of size 1.
"""

from __future__ import annotations

from skc.op import refuse
from skc.stats.requests import ColumnStats, Max, Min, Stat
from skc.types import ValueType

NO_VALUE_HINT = "drop the feature, or put `impute: {value: 0}` before this step"
MOST = 1e7  # errors of about 1e-15 of a value stay a hundred times below the 1e-6 that is promised


def bounds_needed(x: ValueType) -> tuple[Stat, ...]:
    """What `check_stretch` asks for."""
    return () if x.exact else (Min(), Max())


def check_stretch(x: ValueType, factor: float, stats: ColumnStats) -> None:
    """Raise SKC215 where multiplying by `factor` could make a difference of last bits exceed what is promised."""
    if x.exact:
        return
    greatest = max(1.0, abs(stats[Min()]), abs(stats[Max()]))
    if factor * greatest > MOST:
        raise refuse(
            "SKC215",
            f"a column of values up to {greatest:.3g} would be multiplied by {factor:.3g}, which makes rounding errors "
            "visible (a log, exp or sine came before)",
            hint="leave that column out of the step, or scale before the function that is not exact",
        )
