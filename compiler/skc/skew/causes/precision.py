"""Fewer digits: narrower floats, and numbers rounded to decimals."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from skc.skew.causes.column import Compared
from skc.skew.causes.evidence import MOST_BITS, Guess, allowed_error, shown
from skc_runtime.kinds import Array


def narrow_float(case: Compared) -> Iterator[Guess]:
    """The recomputed number as float16, bfloat16 or float32."""
    if case.numbers is None or case.is_whole:
        return
    served, recomputed = case.numbers
    for name, narrowed in (("float16", _float16), ("bfloat16", _bfloat16), ("float32", _float32)):
        predicted = narrowed(recomputed)
        holds = (predicted == served) | (np.isnan(predicted) & np.isnan(served))
        tells = predicted != recomputed
        yield Guess("narrow_float", f"the value as {name}", holds, MOST_BITS, 0, {"type": name}, tells)


def _float16(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(x.astype(np.float32).astype(np.float16).astype(np.float64))


def _float32(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(x.astype(np.float32).astype(np.float64))


def _bfloat16(x: Array) -> Array:
    """The upper half of a float32, rounded to even."""
    bits = np.ascontiguousarray(_float32(x).astype(np.float32)).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(x), rounded.astype(np.float64), x)


def decimals(case: Compared) -> Iterator[Guess]:
    """Rounded, floored, truncated or rounded up to a number of decimals, from tens of thousands to 1e-9.

    It is enough that the served number has no more decimals and is less than one of them away on the right side. How
    ties are rounded is not told: 2.675 is below the tie in float64, and not in decimals.
    """
    if case.numbers is None:
        return
    served, recomputed = case.numbers
    same = (served == recomputed) | (np.isnan(served) & np.isnan(recomputed))
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = allowed_error(case, np.abs(served) + np.abs(recomputed))
        down = recomputed - served
        toward_zero = np.where(recomputed < 0, -down, down)
        for places in range(-4, 10):
            step = 10.0**-places
            on_grid = np.abs(served - np.round(served / step) * step) <= allowed
            if not on_grid[case.differs].all():
                continue
            tells = np.abs(recomputed - np.round(recomputed / step) * step) > allowed
            for name, distance, least, most in (
                ("rounded", down, -step / 2, step / 2),
                ("floored", down, 0.0, step),
                ("truncated", toward_zero, 0.0, step),
                ("rounded up", -down, 0.0, step),
            ):
                within = (distance >= least - allowed) & (distance <= most + allowed)
                holds = on_grid & (within | same)
                text = f"the value {name} to {_places(places)}"
                bits = _bits(served[case.differs], step, allowed[case.differs])
                yield Guess("decimals", text, holds, bits, 1, {"how": name, "decimals": places}, tells)


def _bits(served: Array, step: float, allowed: Array) -> float:
    """A number of noise lies on the grid by the share of it that rounding covers."""
    share = 2 * float(np.max(allowed, initial=0.0)) / step
    return min(MOST_BITS, -math.log2(share)) if 0 < share < 1 else 0.0 if share else MOST_BITS


def _places(places: int) -> str:
    if places < 0:
        return f"multiples of {shown(10.0**-places)}"
    return "a whole number" if places == 0 else f"{places} decimal{'s' * (places > 1)}"
