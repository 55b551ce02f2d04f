"""What a column was like in training and in serving: every statistic, and the tests that judge them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

from skc.profile.document import AgeProfile, Categories, ColumnProfile, Numbers
from skc.skew import measures
from skc.skew.effects import Bar, Compared, Effect, Statistics, Tally
from skc.skew.measures import Homogeneity
from skc.skew.verdicts import OF_DISTRIBUTIONS
from skc.time.durations import duration_text
from skc.verification.shown import shown
from skc_runtime.kinds import KINDS

DECILES = 10
STRIP = 10  # bars
MOVED = 3
UNSEEN, UNLISTED = "unseen", "rare or unseen"


def compare_ages(profile: AgeProfile, rows: int, tally: Tally, median: float | None) -> Compared:
    """As `compare`; the nulls of ages are those of their input. `median` is that of serving, in microseconds."""
    result = compare(profile.column, rows, tally, (None, None), duration_text)
    effects = [effect for effect in result.effects if effect.measure not in ("nulls", "infinite")]
    moved = f"the ages of `{profile.column.name}` moved{_shift(profile, median)}"
    named = [replace(e, what=moved) if e.measure in OF_DISTRIBUTIONS else e for e in effects]
    return replace(result, effects=tuple(named))


def _shift(profile: AgeProfile, median: float | None) -> str:
    before = None if profile.column.numbers is None else _median(profile.column.numbers)
    if before is None or median is None or before == median:
        return ""
    word = "older" if median > before else "younger"
    moved = duration_text(abs(median - before))
    return f", {moved} {word} by the median ({duration_text(before)} → {duration_text(median)})"


def _median(numbers: Numbers) -> float:
    """x_⌈n/2⌉, which is one of the edges."""
    pairs = zip(numbers.edges, accumulate(numbers.counts), strict=False)
    return next((float(edge) for edge, n in pairs if 2 * n >= sum(numbers.counts)), float(numbers.edges[-1]))


def compare(
    profile: ColumnProfile,
    rows: int,
    tally: Tally,
    moments: tuple[float | None, float | None],
    text: Callable[[Any], str] | None = None,
) -> Compared:
    """A column of a profile over that many rows, and its tally. `moments` are the mean and deviation of serving. `text`
    is how a number is written, if not as such.

    Instants and dates move with the calendar: only their nulls are compared.
    """
    present = rows - profile.nulls
    effects = [_rate("nulls", profile.nulls, rows, tally.nulls, tally.rows)]
    bars: list[Bar] = []
    moved: tuple[Bar, ...] = ()
    numbers = _numbers_of(profile)
    if numbers is not None:
        effects += _of_numbers(numbers, present, tally, text or shown)
    if profile.categories is not None:
        bars = _categories(profile, tally)
        effects.append(_unseen(profile.categories, present, tally))
        moved = tuple(sorted(bars, key=lambda bar: -abs(_change(bar, present, tally.values)))[:MOVED])
    elif numbers is not None:
        bars = _deciles(numbers, tally, text or _short)
    counts = [bar.training for bar in bars], [bar.serving for bar in bars]
    test = measures.homogeneity(*counts)
    statistics = _of_numbers_alone(numbers, *moments)
    if test is not None:
        effects += [*(_linf(bars, test) if profile.categories is not None else ()), *_of_bins(*counts, test)]
        statistics = _with_bins(statistics, *counts, test)
    if numbers is not None:
        effects += _of_edges(numbers, tally)
    kept = tuple(effect for effect in effects if effect.reference and effect.rows)
    return Compared(kept, statistics, _strip(bars), moved if tally.values and present and len(bars) > 1 else ())


def is_instant(profile: ColumnProfile) -> bool:
    """Whether a column counts from 1970, and so never repeats."""
    return KINDS[profile.dtype].is_time


def _rate(measure: str, training: int, m: int, serving: int, n: int) -> Effect:
    """A change of a share, absolute."""
    before, after = (k / rows if rows else 0.0 for k, rows in ((training, m), (serving, n)))
    p = measures.rate(training, m, serving, n)
    return Effect(measure, abs(after - before), p, n, m, before, after)


def _of_numbers(numbers: Numbers, present: int, tally: Tally, text: Callable[[Any], str]) -> list[Effect]:
    effects = [
        _rate("zeros", numbers.zeros, present, tally.zeros, tally.values),
        _rate("infinite", sum(numbers.infinite), present, sum(tally.infinite), tally.values),
    ]
    if numbers.low is not None:
        n = tally.below + tally.above
        share = n / tally.values if tally.values else 0.0
        where = " and ".join(
            [f"below {text(numbers.low)}"] * bool(tally.below) + [f"above {text(numbers.high)}"] * bool(tally.above)
        )
        p = measures.outside(n, tally.values, present)
        effects.append(Effect("outside", share, p, tally.values, present, 0.0, share, where))
    return effects


def _unseen(categories: Categories, present: int, tally: Tally) -> Effect:
    """The share of values that training had not, beyond what is to be expected of values that it had rarely.

    Where the profile lists all categories and none is unique, a value that is not listed was not seen: no test is
    needed. Otherwise the expected share is that of values that occur no more often than the rarest listed one, by Good
    and Turing: so many rows of new data are of values that training had less often, or not at all.
    """
    m, n = present, tally.values
    expected = _expected(categories)
    before, after = (k / rows if rows else 0.0 for k, rows in ((expected, m), (tally.unlisted, n)))
    p = None if expected == 0 else measures.more(expected, m, tally.unlisted, n)
    examples = ", ".join(shown(value) for value in tally.examples)
    return Effect("unseen", max(after - before, 0.0), p, n, m, before, after, examples)


def _expected(categories: Categories) -> int:
    """The rows, of as many as training had, whose value is to be expected not to be listed."""
    counts = [n for _, n in categories.counts]
    rarest = min(counts, default=0) if categories.other_values else 1
    return categories.other_rows + rarest * counts.count(rarest)


def _categories(profile: ColumnProfile, tally: Tally) -> list[Bar]:
    """The listed categories, and the others. Where all are listed, every other value is unseen."""
    assert profile.categories is not None
    listed = zip(profile.categories.counts, tally.listed, strict=True)
    bars = [Bar(shown(value), n, k) for (value, n), k in listed]
    label = UNLISTED if profile.categories.other_values else UNSEEN
    return [*bars, Bar(label, profile.categories.other_rows, tally.unlisted)]


def _deciles(numbers: Numbers, tally: Tally, text: Callable[[Any], str]) -> list[Bar]:
    """The bins between x_⌈k m / 10⌉, k = 1 … 9, each once; a bin ends at one of the stored edges."""
    total = sum(numbers.counts)
    reached = list(accumulate(numbers.counts))
    ranks = [-(-k * total // DECILES) for k in range(1, DECILES)]
    last = len(numbers.edges) - 1
    ends = sorted({min(next(i for i, n in enumerate(reached) if n >= rank), last) for rank in ranks})
    starts = [0, *(end + 1 for end in ends)]
    stops = [*(end + 1 for end in ends), len(numbers.counts)]
    labels = _labels([text(numbers.edges[end]) for end in ends])
    return [
        Bar(label, sum(numbers.counts[a:b]), sum(tally.bins[a:b]))
        for label, a, b in zip(labels, starts, stops, strict=True)
    ]


def _labels(texts: Sequence[str]) -> list[str]:
    pairs = pairwise(texts)
    return [f"to {texts[0]}", *(f"{low} to {high}" for low, high in pairs), f"above {texts[-1]}"]


def _short(edge: float | int) -> str:
    return f"{edge:.6g}" if isinstance(edge, float) else str(edge)


def _linf(bars: Sequence[Bar], test: Homogeneity) -> list[Effect]:
    training, serving = [bar.training for bar in bars], [bar.serving for bar in bars]
    greatest = measures.linf(training, serving)
    if greatest is None:
        return []
    value, k = greatest
    m, n = sum(training), sum(serving)
    return [Effect("linf", value, test.p, n, m, training[k] / m, serving[k] / n, bars[k].label)]


def _of_bins(training: Sequence[int], serving: Sequence[int], test: Homogeneity) -> list[Effect]:
    """The distances of two distributions over the same bins, which one test judges: χ² of homogeneity."""
    divergence, index = measures.jsd(training, serving), measures.psi(training, serving)
    if divergence is None or index is None:
        return []
    m, n = sum(training), sum(serving)
    values = {"psi": index, "jsd": divergence.bits, "cramers_v": test.v}
    return [Effect(measure, value, test.p, n, m) for measure, value in values.items()]


def _of_edges(numbers: Numbers, tally: Tally) -> list[Effect]:
    """The distances of numbers, over all stored edges; the test is that of Kolmogorov and Smirnov."""
    distance_and_p = measures.ks(numbers.counts, tally.bins)
    if distance_and_p is None:
        return []
    distance, p = distance_and_p
    m, n = sum(numbers.counts), tally.values
    points = [*map(float, numbers.edges), float(numbers.edges[-1])]  # an outlier would decide alone
    moved = measures.wasserstein(points, numbers.counts, tally.bins, numbers.deviation)
    effects = [Effect("ks", distance, p, n, m)]
    return effects if moved is None else [*effects, Effect("wasserstein", moved, p, n, m)]


def _numbers_of(profile: ColumnProfile) -> Numbers | None:
    """What is known of a column of numbers, unless it moves with the calendar."""
    return None if is_instant(profile) else profile.numbers


def _of_numbers_alone(numbers: Numbers | None, mean: float | None, deviation: float | None) -> Statistics:
    """The moments of both sides."""
    if numbers is None:
        return Statistics()
    return Statistics(
        mean_training=numbers.mean,
        mean_serving=mean,
        mean_shift=measures.shift(numbers.mean, mean, numbers.deviation),
        deviation_training=numbers.deviation,
        deviation_serving=deviation,
        deviation_shift=measures.shift(numbers.deviation, deviation, numbers.deviation),
    )


def _with_bins(
    statistics: Statistics, training: Sequence[int], serving: Sequence[int], test: Homogeneity
) -> Statistics:
    """With what no threshold is set for."""
    divergence = measures.jsd(training, serving)
    return replace(
        statistics,
        kl=measures.kl(training, serving),
        jsd_distance_bits=None if divergence is None else divergence.distance_bits,
        jsd_distance_nats=None if divergence is None else divergence.distance_nats,
        chi_squared=test.statistic,
        chi_squared_p=test.p,
        chi_squared_cells=test.cells,
    )


def _strip(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """At most ten: of categories, the most frequent of training, and all others together but those that are unseen.

    Nothing of a column whose values are all rare.
    """
    if len(bars) <= STRIP:
        return tuple(bars) if len(bars) > 1 else ()
    kept, rest, last = bars[: STRIP - 2], bars[STRIP - 2 : -1], bars[-1]
    label = f"{len(rest)} more"
    return (*kept, Bar(label, sum(b.training for b in rest), sum(b.serving for b in rest)), last)


def _change(bar: Bar, m: int, n: int) -> float:
    return bar.serving / n - bar.training / m if n and m else 0.0
