"""B-splines in NumPy, as they are defined: the reference, and what fitting learns.

Of degree 0, spline i is 1 in the interval that starts at knot t_i. Of degree j it is
B_i (x - t_i) / (t_i+j - t_i) + B_i+1 (t_i+j+1 - x) / (t_i+j+1 - t_i+1), of the splines B of degree j - 1, where a term
whose knots are equal counts as 0.
(Carl de Boor, "A Practical Guide to Splines", 1978, chapters IX and X.)
"""

from __future__ import annotations

import numpy as np

from skc_runtime.kinds import Array


def all_knots(base: Array, degree: int, *, is_periodic: bool) -> Array:
    """The knots of a range, and `degree` more on either side: at equal distances, or as the range would go on there."""
    if is_periodic:
        period = base[-1] - base[0]
        before, after = base[len(base) - degree - 1 : -1] - period, base[1 : degree + 1] + period
    else:
        first, last = base[1] - base[0], base[-1] - base[-2]
        before = np.linspace(base[0] - degree * first, base[0] - first, num=degree)
        after = np.linspace(base[-1] + last, base[-1] + degree * last, num=degree)
    return np.concatenate([before, base, after])


def starts(knots: Array, degree: int, x: Array) -> Array:
    """The knot at which the interval of each value starts."""
    passed: Array = np.searchsorted(knots[degree + 1 : len(knots) - degree - 1], x, side="right")
    return degree + passed


def splines(knots: Array, degree: int, x: Array, of: int | None = None) -> Array:
    """float64 [N, splines]: those of a degree at each value, in the intervals of splines of the degree `of`."""
    values: Array = (np.arange(len(knots) - 1) == starts(knots, degree if of is None else of, x)[:, None]).astype(
        np.float64
    )
    for j in range(1, degree + 1):
        weight = _over(values, knots, j)
        rising = weight[:, :-1] * (x[:, None] - knots[: -j - 1])
        values = rising + weight[:, 1:] * (knots[j + 1 :] - x[:, None])
    return values


def slopes(knots: Array, degree: int, x: Array) -> Array:
    """float64 [N, splines]: their derivatives."""
    if degree == 0:
        return np.zeros((len(x), len(knots) - 1))
    weight = _over(degree * splines(knots, degree - 1, x, of=degree), knots, degree)
    return np.asarray(weight[:, :-1] - weight[:, 1:])


def _over(values: Array, knots: Array, distance: int) -> Array:
    """Each divided by the distance of its knot from one further on; 0 where the two are equal."""
    gaps = knots[distance:] - knots[:-distance]
    return np.asarray(np.where(gaps == 0, 0.0, values / np.where(gaps == 0, 1.0, gaps)))
