"""The look-ups of a log as text: what is wrong with each input, then all of them as a table."""

from __future__ import annotations

from skc.reports.layout import indented, table
from skc.skew.freshness.report import FreshnessReport, InputFreshness
from skc.skew.log_plans import left_out_text
from skc.skew.verdicts import percent
from skc.time.durations import duration_text
from skc.verification.shown import count, shortened

HEAD = ("input", "look-ups", "hits", "defaults", "age p50", "p95", "p99", "stale", "future", "fetch p99")
NONE = "–"


def text(report: FreshnessReport) -> str:
    """Each input with a finding, all inputs as a table, training beside serving, and the verdict."""
    parts = [f"{shortened(one.name)}\n{indented(input_text(one))}" for one in report.found]
    parts.append(table([HEAD, *map(row, report.inputs)]))
    compared = [one for one in report.inputs if one.training is not None]
    if compared:
        parts.append("\n".join(training_text(one) for one in compared))
    if report.damaged:
        parts.append(f"{count(report.damaged, 'line')} of the log could not be read: see `skc log check`")
    if report.left_out:
        parts.append(left_out_text(report.left_out))
    return "\n\n".join([*parts, report.verdict()])


def input_text(one: InputFreshness) -> str:
    """The findings of an input, one on a line; what it is like where there are none."""
    return "\n".join(finding.text for finding in one.findings) or one.verdict


def row(one: InputFreshness) -> tuple[str, ...]:
    """An input as a line of the table."""
    ages = one.ages
    return (
        str(shortened(one.name)),
        f"{one.looked_up:,}",
        _share(one.hits, one.hits + one.misses),
        _share(one.defaults, one.hits + one.misses),
        *(_duration(value) for value in (ages.p50_us, ages.p95_us, ages.p99_us)),
        NONE if one.stale is None else _share(one.stale, ages.values),
        f"{one.future:,}" if ages.values else NONE,
        _duration(one.fetches.p99_us),
    )


def training_text(one: InputFreshness) -> str:
    """The ages in training, on one line."""
    side = one.training
    if side is None:
        return ""
    ages = side.ages
    quantiles = " · ".join(
        f"{name} {_duration(value)}"
        for name, value in (("p50", ages.p50_us), ("p95", ages.p95_us), ("p99", ages.p99_us))
    )
    leaks = f" · {side.leaks:,} from after the label" if side.leaks else ""
    return f"{shortened(one.name)} in training: {quantiles} of {count(ages.values, 'value')}{leaks}"


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else NONE


def _duration(value: int | None) -> str:
    return NONE if value is None else duration_text(value)
