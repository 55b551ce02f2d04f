"""The statistics of drift, as functions of counts.

p are the shares of training, q those of serving; m and n the numbers of values. Counts of the two sides belong to the
same bins, in the same order: those that the profile froze. A statistic that is not defined, because one side has no
value, is None.

Why counts: two counts of the same bins can be added, so windows, files and machines are counted apart; and the result
does not depend on the order of rows. Why SciPy: the distributions and tests are its business. What stands here is what
it lacks: smoothing, pooling, and the Kolmogorov-Smirnov and Wasserstein distances of counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from scipy import special, stats

from skc_runtime.kinds import Array

Counts = Sequence[int]
EXACT = 1_000_000  # rows of both sides, from which rates are compared by χ² and not by Fisher's exact test
LEAST_EXPECTED = 5  # rows of a cell of χ², by Cochran's rule


@dataclass(frozen=True)
class Distance:
    """The Jensen-Shannon divergence in bits, in [0, 1]; the two distances that other libraries call so."""

    bits: float

    @property
    def distance_bits(self) -> float:
        """√ of the divergence in bits, as NannyML has it."""
        return math.sqrt(self.bits)

    @property
    def distance_nats(self) -> float:
        """√ of the divergence in nats, as SciPy has it by default, and Evidently."""
        return math.sqrt(self.bits * math.log(2))


@dataclass(frozen=True)
class Homogeneity:
    """χ² of a table of two rows, with its p-value, its cells after pooling, and Cramér's V in [0, 1]."""

    statistic: float
    p: float
    cells: int
    v: float


def shares(counts: Counts) -> Array:
    """Each count by their sum, which must not be 0."""
    values: Array = np.asarray(counts, np.float64)
    divided: Array = values / values.sum()
    return divided


def smoothed(training: Counts, serving: Counts) -> tuple[Array, Array]:
    """(c + ½) / (n + ½ B) of both sides, over the B bins that are not empty on both: Jeffreys' prior.

    Finite for a category that training has not seen; the effect of the ½ shrinks with n.
    """
    used = [k for k, (a, b) in enumerate(zip(training, serving, strict=True)) if a or b]
    p, q = (np.array([side[k] for k in used], np.float64) + 0.5 for side in (training, serving))
    return p / p.sum(), q / q.sum()


def psi(training: Counts, serving: Counts) -> float | None:
    """The population stability index Σ (q − p) ln(q / p) of the smoothed shares, in nats.

    Source: E. Lewis, An Introduction to Credit Scoring (1994). It is Jeffreys' divergence KL(p‖q) + KL(q‖p). Without
    drift it is distributed as (1/n + 1/m) χ² with B − 1 degrees of freedom (Yurdakul and Naranjo, Statistical
    properties of the population stability index, Journal of Risk Model Validation, 2020).
    """
    if not any(training) or not any(serving):
        return None
    p, q = smoothed(training, serving)
    return float(np.sum(special.rel_entr(q, p)) + np.sum(special.rel_entr(p, q)))


def kl(training: Counts, serving: Counts) -> float | None:
    """The Kullback-Leibler divergence Σ q ln(q / p) of serving from training, of the smoothed shares, in nats."""
    if not any(training) or not any(serving):
        return None
    p, q = smoothed(training, serving)
    return float(np.sum(special.rel_entr(q, p)))


def jsd(training: Counts, serving: Counts) -> Distance | None:
    """The Jensen-Shannon divergence ½ KL(p‖m) + ½ KL(q‖m), m = (p + q) / 2, not smoothed.

    Source: J. Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37 (1991).
    """
    if not any(training) or not any(serving):
        return None
    p, q = shares(training), shares(serving)
    middle = (p + q) / 2
    nats = float(np.sum(special.rel_entr(p, middle)) + np.sum(special.rel_entr(q, middle))) / 2
    return Distance(min(max(nats / math.log(2), 0.0), 1.0))


def linf(training: Counts, serving: Counts) -> tuple[float, int] | None:
    """The greatest |q − p| of a bin, as TFDV has it, and the index of the first bin that attains it."""
    n, m = sum(serving), sum(training)
    if not n or not m:
        return None
    apart = [abs(b * m - a * n) for a, b in zip(training, serving, strict=True)]  # exact
    k = apart.index(max(apart))
    return apart[k] / (n * m), k


def ks(training: Counts, serving: Counts) -> tuple[float, float] | None:
    """The Kolmogorov-Smirnov distance max |F − G| over the edges between the bins, and its p-value.

    The distance of the values themselves is at least that, and greater by at most the mass of one bin. The p-value is
    P(D_N ≥ D) with N = n m / (n + m), rounded: that of `scipy.stats.ks_2samp` for many values.
    """
    n, m = sum(serving), sum(training)
    if not n or not m:
        return None
    below = zip(accumulate(training), accumulate(serving), strict=True)
    distance = max(abs(b * m - a * n) for a, b in below) / (n * m)
    return distance, float(stats.kstwo.sf(distance, max(1, round(n * m / (n + m)))))


def wasserstein(points: Sequence[float], training: Counts, serving: Counts, deviation: float | None) -> float | None:
    """The first Wasserstein distance ∫ |F − G|, in standard deviations of training, of values moved to their bin's
    point: its upper edge, or the last edge for those above it.
    """
    if not any(training) or not any(serving) or not deviation or not np.all(np.isfinite(points)):
        return None
    return float(stats.wasserstein_distance(points, points, training, serving) / deviation)


def homogeneity(training: Counts, serving: Counts) -> Homogeneity | None:
    """Pearson's χ² that both rows of the table are of one distribution; cells of which fewer than 5 rows are expected
    on either side are pooled. Where one cell remains, nothing speaks against it: p = 1.

    V = √(χ² / N), Cramér's for a table of two rows.
    """
    n, m = sum(serving), sum(training)
    if not n or not m:
        return None
    cells = _pooled(training, serving)
    if len(cells) < 2:
        return Homogeneity(0.0, 1.0, len(cells), 0.0)
    result = stats.chi2_contingency(np.array(cells, np.float64).T, correction=False)
    statistic = float(result.statistic)
    return Homogeneity(statistic, float(result.pvalue), len(cells), min(math.sqrt(statistic / (n + m)), 1.0))


def _pooled(training: Counts, serving: Counts) -> list[tuple[int, int]]:
    """The cells of which enough rows are expected, and the sum of the others; if that is too few, with the smallest."""
    n, m = sum(serving), sum(training)
    least = LEAST_EXPECTED * (n + m) / min(n, m)  # rows of both sides together, of which five are expected on each
    pairs = sorted(((a, b) for a, b in zip(training, serving, strict=True) if a or b), key=lambda pair: -sum(pair))
    kept = [pair for pair in pairs if sum(pair) >= least]
    rest = pairs[len(kept) :]
    while kept and rest and sum(map(sum, rest)) < least:
        rest.append(kept.pop())
    pooled = [(sum(a for a, _ in rest), sum(b for _, b in rest))] if rest else []
    return kept + pooled


def rate(training: int, m: int, serving: int, n: int) -> float | None:
    """The p-value that `training` of m and `serving` of n are one rate: Fisher's exact test, of two sides; χ² for a
    million rows and more.
    """
    if not n or not m:
        return None
    table = [[training, m - training], [serving, n - serving]]
    if training + serving in (0, n + m):
        return 1.0
    if n + m < EXACT:
        return min(float(stats.fisher_exact(table).pvalue), 1.0)
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def more(training: int, m: int, serving: int, n: int) -> float | None:
    """The p-value that the rate of serving is not greater than that of training: one side of `rate`."""
    if not n or not m:
        return None
    if training + serving in (0, n + m):
        return 1.0
    if n + m < EXACT:
        table = [[serving, n - serving], [training, m - training]]
        return min(float(stats.fisher_exact(table, alternative="greater").pvalue), 1.0)
    both = (training + serving) / (n + m)
    z = (serving / n - training / m) / math.sqrt(both * (1 - both) * (1 / n + 1 / m))
    return float(stats.norm.sf(z))


def outside(serving: int, n: int, m: int) -> float | None:
    """The p-value that so many of n values lie outside the range of m values of the same distribution.

    It is free of that distribution: K values lie below the least or above the greatest of m as often as below the
    second, so P(K ≥ k) is that of at most one of m marked values among the first k + 1 of n + m. Ties make it smaller.
    """
    if not n or not m:
        return None
    return 1.0 if serving == 0 else min(float(stats.hypergeom.cdf(1, n + m, m, serving + 1)), 1.0)


def shift(training: float | None, serving: float | None, deviation: float | None) -> float | None:
    """How far a mean or a deviation moved, in standard deviations of training."""
    if training is None or serving is None or not deviation:
        return None
    return (serving - training) / deviation


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p-values after Benjamini and Hochberg (1995): rejecting those below a level bounds the share of false
    rejections, and the probability of any where nothing drifted, by that level.
    """
    if not p_values:
        return []
    return [float(p) for p in stats.false_discovery_control(np.clip(p_values, 0.0, 1.0), method="bh")]
