"""Whether two services differ on more requests than they may: bounds of a share, not the share.

Why bounds: 12 % of 100 requests is what a share of 10 % gives every third time. Clopper and Pearson (Biometrika 26,
1934) invert the binomial test, so their bounds hold for every number of requests and every share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["agrees", "diverges", "too few requests"]
LEVEL = 0.05  # one-sided


@dataclass(frozen=True)
class Share:
    """`differing` of `rows` requests, and the one-sided 95 % bounds of their share.

    With two answers of A to each request, `noise` of the rows differ between them, and the bounds are of the share
    beyond that noise.
    """

    rows: int
    differing: int
    noise: int | None
    lower: float
    upper: float

    @property
    def observed(self) -> float:
        """What was counted; without the noise, where it is known."""
        return max(0.0, (self.differing - (self.noise or 0)) / self.rows) if self.rows else 0.0

    def verdict(self, limit: float) -> Verdict:
        """Against the share that is allowed."""
        if self.lower > limit:
            return "diverges"
        return "agrees" if self.upper < limit or (limit >= 1 and self.rows) else "too few requests"


def share_of(rows: int, differing: int, noise: int | None = None) -> Share:
    """The bounds of `differing` of `rows`; beyond the noise, the difference of two bounds at half the level each."""
    if noise is None:
        return Share(rows, differing, None, lower_bound(differing, rows), upper_bound(differing, rows))
    half = LEVEL / 2
    lower = lower_bound(differing, rows, half) - upper_bound(noise, rows, half)
    upper = upper_bound(differing, rows, half) - lower_bound(noise, rows, half)
    return Share(rows, differing, noise, max(0.0, lower), max(0.0, upper))


def lower_bound(successes: int, trials: int, level: float = LEVEL) -> float:
    """The least share that is not refuted."""
    from scipy.stats import beta

    return float(beta.ppf(level, successes, trials - successes + 1)) if successes else 0.0


def upper_bound(successes: int, trials: int, level: float = LEVEL) -> float:
    """The greatest share that is not refuted."""
    from scipy.stats import beta

    return float(beta.ppf(1 - level, successes + 1, trials - successes)) if successes < trials else 1.0
