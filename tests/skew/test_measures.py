"""The statistics of drift equal their definitions, written in plain Python, and SciPy's own functions, to 1e-12."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest
from scipy import spatial, stats

from skc.skew import measures

Table = tuple[list[int], list[int]]
CLOSE = {"rel": 1e-12, "abs": 1e-12}


def generated(seed: int) -> Table:
    """Counts of 2 to 60 bins on both sides: many or few, some empty on one side or on both."""
    source = np.random.default_rng(seed)
    bins = int(source.integers(2, 60))
    weights = source.dirichlet(np.full(bins, 0.5))
    moved = weights * source.lognormal(0, 0.4 * (seed % 3), bins)
    m, n = (int(10 ** source.uniform(1, 6)) for _ in range(2))
    pair = source.multinomial(m, weights), source.multinomial(n, moved / moved.sum())
    return pair[0].tolist(), pair[1].tolist()


TABLES: dict[str, Table] = {str(seed): generated(seed) for seed in range(50)} | {
    "one row": ([1, 0], [0, 1]),
    "constant": ([500, 0], [300, 0]),
    "unseen only": ([200, 300, 0], [0, 0, 70]),
    "one bin": ([5], [7]),
}
EVERY = pytest.mark.parametrize(("training", "serving"), TABLES.values(), ids=TABLES)


def shares(counts: Sequence[int]) -> list[float]:
    return [float(Fraction(n, sum(counts))) for n in counts]


def smoothed(training: Sequence[int], serving: Sequence[int]) -> tuple[list[float], list[float]]:
    used = [(a, b) for a, b in zip(training, serving, strict=True) if a + b > 0]
    m, n = sum(training) + len(used) / 2, sum(serving) + len(used) / 2
    return [(a + 0.5) / m for a, _ in used], [(b + 0.5) / n for _, b in used]


@EVERY
def test_psi_and_kl(training: list[int], serving: list[int]) -> None:
    p, q = smoothed(training, serving)
    by_hand = math.fsum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert measures.psi(training, serving) == pytest.approx(by_hand, **CLOSE)
    assert measures.psi(training, serving) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), **CLOSE)
    assert measures.kl(training, serving) == pytest.approx(stats.entropy(q, p), **CLOSE)


@EVERY
def test_jsd(training: list[int], serving: list[int]) -> None:
    found = measures.jsd(training, serving)
    assert found is not None
    p, q = shares(training), shares(serving)
    bits = 0.0
    for a, b in zip(p, q, strict=True):
        bits += sum(x * math.log2(x / ((a + b) / 2)) / 2 for x in (a, b) if x)
    assert found.bits == pytest.approx(bits, **CLOSE)
    assert 0 <= found.bits <= 1
    if found.bits > 1e-9:  # below, the root of a rounding error
        assert found.distance_bits == pytest.approx(spatial.distance.jensenshannon(p, q, 2), **CLOSE)
        assert found.distance_nats == pytest.approx(spatial.distance.jensenshannon(p, q), **CLOSE)


@EVERY
def test_linf_and_ks(training: list[int], serving: list[int]) -> None:
    n, m = sum(serving), sum(training)
    apart = [abs(Fraction(b, n) - Fraction(a, m)) for a, b in zip(training, serving, strict=True)]
    assert measures.linf(training, serving) == (pytest.approx(float(max(apart)), **CLOSE), apart.index(max(apart)))
    below = zip(accumulate(training), accumulate(serving), strict=True)
    distance = float(max(abs(Fraction(b, n) - Fraction(a, m)) for a, b in below))
    found = measures.ks(training, serving)
    assert found is not None
    assert found[0] == pytest.approx(distance, **CLOSE)
    if n + m < 200_000 and round(n * m / (n + m)) > 0:  # of fewer, SciPy has no p-value
        values = [np.repeat(np.arange(len(side)), side) for side in (training, serving)]
        both = stats.ks_2samp(*values, method="asymp")
        assert found[0] == pytest.approx(both.statistic, **CLOSE)
        assert found[1] == pytest.approx(both.pvalue, rel=1e-9, abs=1e-12)


@EVERY
def test_wasserstein(training: list[int], serving: list[int]) -> None:
    points = [k**1.5 for k in range(len(training))]
    below = zip(accumulate(shares(training)), accumulate(shares(serving)), strict=True)
    gaps = [b - a for a, b in pairwise(points)]
    area = math.fsum(gap * abs(b - a) for gap, (a, b) in zip(gaps, below, strict=False))
    assert measures.wasserstein(points, training, serving, 2.0) == pytest.approx(area / 2, **CLOSE)


@EVERY
def test_homogeneity(training: list[int], serving: list[int]) -> None:
    """Where no cell needs pooling, it is SciPy's; and pooling keeps every row and leaves no cell with too few."""
    found = measures.homogeneity(training, serving)
    assert found is not None
    n, m = sum(serving), sum(training)
    cells = measures._pooled(training, serving)
    assert (sum(a for a, _ in cells), sum(b for _, b in cells)) == (m, n)
    used = [(a, b) for a, b in zip(training, serving, strict=True) if a + b]
    if min(sum(pair) * min(n, m) / (n + m) for pair in used) >= 5 and len(used) > 1:
        table = np.array(used).T
        result = stats.chi2_contingency(table, correction=False)
        assert found.statistic == pytest.approx(result.statistic, **CLOSE)
        assert found.p == pytest.approx(result.pvalue, **CLOSE)
        assert found.v == pytest.approx(stats.contingency.association(table, method="cramer"), **CLOSE)
    if len(cells) > 1:
        expected = [sum(pair) * min(n, m) / (n + m) for pair in cells]
        assert min(expected) >= 5 or len(cells) == 1
    else:
        assert (found.p, found.v) == (1.0, 0.0)


@pytest.mark.parametrize("seed", range(50))
def test_rates_and_adjusted_p_values(seed: int) -> None:
    source = np.random.default_rng(seed)
    m, n = (int(10 ** source.uniform(0, 7)) for _ in range(2))
    a, b = int(source.binomial(m, 0.05)), int(source.binomial(n, 0.052))
    table = [[a, m - a], [b, n - b]]
    found = measures.rate(a, m, b, n)
    if a + b in (0, n + m):
        assert found == 1.0
    elif n + m < 1_000_000:
        assert found == pytest.approx(stats.fisher_exact(table).pvalue, **CLOSE)
        more = float(stats.hypergeom.sf(b - 1, n + m, a + b, n))
        assert measures.more(a, m, b, n) == pytest.approx(more, **CLOSE)
    else:
        assert found == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, **CLOSE)
        z = math.sqrt(stats.chi2_contingency(table, correction=False).statistic) * (1 if b * m > a * n else -1)
        assert measures.more(a, m, b, n) == pytest.approx(float(stats.norm.sf(z)), rel=1e-9, abs=1e-12)
    values = (source.random(int(source.integers(1, 300))) ** 3).tolist()
    assert measures.adjusted(values) == pytest.approx(benjamini_hochberg(values), **CLOSE)


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """As in the paper: the least p_(j) n / j of all j at or after the rank of a value."""
    ranked = sorted(range(len(values)), key=values.__getitem__)
    least, found = 1.0, [0.0] * len(values)
    for rank in range(len(values), 0, -1):
        k = ranked[rank - 1]
        least = min(least, values[k] * len(values) / rank)
        found[k] = least
    return found


@pytest.mark.parametrize(("n", "m", "k"), [(1, 1, 1), (5, 3, 2), (40, 30, 4), (200, 100, 9), (7, 200, 0)])
def test_values_out_of_the_range_of_training(n: int, m: int, k: int) -> None:
    """The exact p-value of K values beyond m others: a beta-binomial, since the mass beyond is Beta(2, m − 1)."""
    exact = 1.0 if m == 1 else float(stats.betabinom.sf(k - 1, n, 2, m - 1))
    assert measures.outside(k, n, m) == pytest.approx(exact, **CLOSE)


def test_nothing_on_one_side_is_not_a_number() -> None:
    for training, serving in (([0, 0], [3, 4]), ([3, 4], [0, 0]), ([], [])):
        assert measures.psi(training, serving) is None
        assert measures.kl(training, serving) is None
        assert measures.jsd(training, serving) is None
        assert measures.linf(training, serving) is None
        assert measures.ks(training, serving) is None
        assert measures.homogeneity(training, serving) is None
        assert measures.wasserstein([1.0, 2.0], training, serving, 1.0) is None
    assert measures.rate(0, 0, 1, 5) is measures.more(0, 5, 0, 0) is measures.outside(0, 0, 5) is None
    assert measures.shift(1.0, 2.0, 0.0) is None
    assert measures.shift(1.0, 2.0, 0.5) == 2.0
    assert measures.wasserstein([1.0, math.inf], [1, 2], [2, 1], 1.0) is None
    assert measures.adjusted([]) == []


def test_the_smoothed_psi_of_no_drift_is_what_theory_says() -> None:
    """(1/n + 1/m) (B − 1) on the average, for n of 100 and more: Yurdakul and Naranjo."""
    source = np.random.default_rng(7)
    for n in (100, 1000):
        found = [
            measures.psi(source.multinomial(100_000, [0.1] * 10).tolist(), source.multinomial(n, [0.1] * 10).tolist())
            for _ in range(1500)
        ]
        assert np.mean(np.array(found, float)) == pytest.approx(9 * (1 / n + 1e-5), rel=0.06)
