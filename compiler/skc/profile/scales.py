"""From which value on drift is worth a finding, by measure. `drift` of a pipeline changes it, for all columns or one.

psi        population stability index of the deciles of numbers, or of the categories, in nats; 0.1 and 0.25 are the
           rule of banking
jsd        Jensen-Shannon divergence of the same bins, in bits
linf       the greatest change of the share of one category
ks         Kolmogorov-Smirnov distance of numbers, over the hundred stored bins
wasserstein  Wasserstein distance of numbers, in standard deviations of training
cramers_v  Cramér's V of the same bins as psi
nulls      the change of the share of rows that are null, absolute; so zeros and infinite, of the values
unseen     the share of values that are not among those of training
outside    the share of numbers below the least or above the greatest of training
steps      the change of the share of rows in which a step met a value that is unknown, invalid, clipped or out of
           range, or refused a row, absolute
excluded   the change of the share of rows that `where` of the pipeline excludes, absolute; unless it cuts by time
refused    the share of requests whose value was refused, in a log
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from skc.diagnostics import SkcError, Span, did_you_mean, fail
from skc.ir import DriftScales, Scale, Scales
from skc.profile.levels import LEVELS, Level

NEVER = Scale(None, None, None)
RATE = Scale(0.01, 0.05, 0.2)
NEW = Scale(0.005, 0.02, 0.1)
DEFAULTS: Mapping[str, Scale] = {
    "psi": Scale(0.1, 0.15, 0.25),
    "jsd": Scale(0.01, 0.03, 0.1),
    "linf": Scale(0.05, 0.1, 0.3),
    "ks": NEVER,
    "wasserstein": NEVER,
    "cramers_v": NEVER,
    "nulls": RATE,
    "zeros": RATE,
    "infinite": RATE,
    "steps": RATE,
    "excluded": RATE,
    "unseen": NEW,
    "outside": NEW,
    "refused": NEW,
}
OF_PREDICTIONS: Mapping[str, Scale] = {**DEFAULTS, "psi": Scale(0.2, None, 0.25)}


def scales_of(column: str, drift: DriftScales, defaults: Mapping[str, Scale] = DEFAULTS) -> Mapping[str, Scale] | None:
    """The scale of every measure of a column; None if it is not watched."""
    own = dict(drift.columns).get(column, ())
    return None if own is None else {**defaults, **dict(drift.measures), **dict(own)}


def check_named(drift: DriftScales, names: Collection[str]) -> None:
    """Raises SKC104 for a column of `drift` that has none of the names."""
    for column, _ in drift.columns:
        if column not in names:
            raise unknown_column(column, names, drift.span)


def unknown_column(name: str, names: Collection[str], span: Span | None) -> SkcError:
    """SKC104: a column of `drift` that there is not."""
    hint = did_you_mean(name, names) or "name an input, a column of an output as `OUTPUT.COLUMN`, or what a step met"
    return fail(
        "SKC104", f"`{name}` is not an input, nor a column of an output, nor what a step met", span=span, hint=hint
    )


def level_of(scale: Scale, effect: float) -> Level | None:
    """The worst level that an effect reaches."""
    reached = [level for level in LEVELS if (least := getattr(scale, level)) is not None and effect >= least]
    return reached[-1] if reached else None


def overridden(drift: DriftScales, other: DriftScales) -> DriftScales:
    """`drift` with the scales of `other` in their place, where it has any."""
    columns = dict(drift.columns)
    for name, scales in other.columns:
        columns[name] = scales if scales is None else _merged(columns.get(name) or (), scales)
    return replace(drift, measures=_merged(drift.measures, other.measures), columns=tuple(columns.items()))


def _merged(scales: Scales, others: Scales) -> Scales:
    return tuple((dict(scales) | dict(others)).items())
