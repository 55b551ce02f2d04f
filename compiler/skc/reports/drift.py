"""A comparison of rows with a profile, as text: what drifted, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skc.reports.layout import table
from skc.skew.effects import Bar, Effect
from skc.skew.log_plans import left_out_text
from skc.skew.report import FOUND, ColumnDrift, DriftReport, PartDrift
from skc.skew.verdicts import NAMES, number, percent, said
from skc.verification.shown import count, shown

BLOCKS = " ▁▂▃▄▅▆▇█"
MEASURES = ("psi", "jsd", "linf", "ks", "wasserstein", "cramers_v")
MOST_PARTS = 60
MOST_NAMES = 5
NOUNS = {
    "output": "an output of",
    "step": "what a step met in",
    "where": "rows that `where` of training excludes, by",
}


def text(report: DriftReport) -> str:
    """Each column with a finding in a few lines, then all columns as a table, windows and groups, and the verdict."""
    parts = [*map(column_text, report.found), _table(report), _parts(report.parts), left_out_text(report.left_out)]
    parts.append(report.unread or "")
    if report.reference == "sample":
        parts.append("the reference is a sample of what an estimator was fitted on, not all of it")
    return "\n\n".join([*(part for part in parts if part), report.verdict()])


def column_text(column: ColumnDrift) -> str:
    """The findings of a column, its measures, both distributions, and the categories that moved most."""
    return "\n".join(_lines(column))


def _lines(column: ColumnDrift) -> Iterator[str]:
    yield f"{column.name}: {column.verdict}"
    if column.is_missing:
        yield "  no row has this column"
    if column.is_computed:
        yield f"  {origin_text(column)}"
    for finding in column.judged.findings:
        p = "" if finding.adjusted_p is None else f", adjusted p {number(finding.adjusted_p)}"
        yield f"  {finding.text} ({finding.level}: {number(finding.effect.value)} ≥ {finding.reached:g}{p})"
    if text := before_text(column):
        yield f"  {text}"
    if column.followers:
        yield f"  so did {followers_text(column)}"
    if column.tally is None or column.compared is None:
        return
    measured = [facts for facts in map(_measured, column.compared.effects) if facts]
    yield f"  {' · '.join([*measured, *shift_texts(column), f'n {column.tally.values:,}'])}"
    bars = column.compared.bars
    if any(bar.training for bar in bars) and any(bar.serving for bar in bars):
        training, serving = strips(bars)
        yield f"  training |{training}|  serving |{serving}|  {bars[0].label} … {bars[-1].label}"
    if column.compared.moved:
        yield f"  moved: {', '.join(moved_texts(column))}"


def origin_text(column: ColumnDrift) -> str:
    """What an output, or anything else that is computed, with a finding of its own is computed from."""
    if column.role == "age":
        return f"how old `{column.inputs[0]}` was at the moment of each row"
    names = [f"`{name}`" for name in column.inputs[:MOST_NAMES]]
    more = len(column.inputs) - len(names)
    text = ", ".join(names) + (f" and {more} more" if more else "")
    return f"{NOUNS[column.role]} {text}, none of which drifted alone" if names else "it needs no input"


def followers_text(column: ColumnDrift) -> str:
    """The outputs that drifted with an input."""
    names = [f"{name} ({verdict})" for name, verdict in column.followers[:MOST_NAMES]]
    more = len(column.followers) - len(names)
    return ", ".join(names) + (f" and {count(more, 'more column')}" if more else "")


def _measured(effect: Effect) -> str:
    return f"{NAMES[effect.measure]} {number(effect.value)}" if effect.measure in MEASURES else ""


def shift_texts(column: ColumnDrift) -> list[str]:
    """How far the mean moved, in standard deviations of training."""
    shift = None if column.compared is None else column.compared.statistics.mean_shift
    return [] if shift is None else [f"mean {shift:+.3g} σ"]


def moved_texts(column: ColumnDrift) -> list[str]:
    """The categories that moved most, with the shares on both sides."""
    if column.compared is None or column.tally is None:
        return []
    effects = column.compared.effects
    m = max((effect.reference for effect in effects if effect.measure == "linf"), default=0)
    n = column.tally.values
    return [f"{b.label} {percent(b.training / m)} → {percent(b.serving / n)}" for b in column.compared.moved if m and n]


def strips(bars: Sequence[Bar]) -> tuple[str, str]:
    """Both distributions as blocks on one scale: the highest share of either is full."""
    m, n = sum(bar.training for bar in bars), sum(bar.serving for bar in bars)
    most = max(max(bar.training / m, bar.serving / n) for bar in bars)
    training, serving = (
        [_block(bar.training / m / most) for bar in bars],
        [_block(bar.serving / n / most) for bar in bars],
    )
    return "".join(training), "".join(serving)


def _block(height: float) -> str:
    """Nothing only for nothing."""
    return BLOCKS[0 if height == 0 else max(1, round(height * (len(BLOCKS) - 1)))]


def _table(report: DriftReport) -> str:
    rows: list[tuple[str, ...]] = [("column", "type", "verdict", "PSI", "nulls", "unseen", "n")]
    shown = [column for column in report.columns if not column.is_computed or column.verdict in FOUND]
    return "\n".join([table([*rows, *map(_row, shown)]), *_other_outputs(report)])


def _other_outputs(report: DriftReport) -> Iterator[str]:
    """How many outputs did not drift, and which could not be computed."""
    quiet = [column.role for column in report.computed if column.verdict not in FOUND]
    counts = [(quiet.count("age"), "age"), (quiet.count("output"), "output"), (quiet.count("step"), "step count")]
    if any(n for n, _ in counts):
        *others, last = [count(n, noun) for n, noun in counts if n]
        yield f"and {', '.join(others)}{' and ' if others else ''}{last} without drift"
    yield from excluded_texts(report)
    yield from age_texts(report)
    if report.outputs_served is not None:
        yield served_text(report)
    if report.not_computed:
        names = ", ".join(report.not_computed[:MOST_NAMES])
        more = len(report.not_computed) - MOST_NAMES
        yield f"not computed, since an input is missing: {names}" + (f" and {more} more" if more > 0 else "")


def served_text(report: DriftReport) -> str:
    """Of how many requests the outputs were compared as served."""
    n = count(report.outputs_served or 0, "request")
    return f"outputs as served in {n} of {report.rows:,}; others are recomputed where the log has their inputs"


def age_texts(report: DriftReport) -> Iterator[str]:
    """From which moments ages are measured, and whose are not compared, for each reason once."""
    if report.age_moments is not None:
        training, serving = report.age_moments
        yield f"ages at `{training}`" + ("" if serving == training else f" in training, at `{serving}` in serving")
    reasons: dict[str, list[str]] = {}
    for one in report.ages_not_compared:
        reasons.setdefault(one.text, []).append(f"`{one.name}`")
    for text, names in reasons.items():
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield f"ages not compared of {', '.join(names[:MOST_NAMES])}{more}: {text}"


def excluded_texts(report: DriftReport) -> Iterator[str]:
    """Which share of the rows `where` excludes on both sides, where that is not a finding."""
    for column in report.computed:
        if column.role == "where" and not column.is_found and column.compared is not None:
            yield from (said(effect) for effect in column.compared.effects)


def before_text(column: ColumnDrift) -> str:
    """What training was like before `where`, of the shares that are findings."""
    one, n = column.before, column.rows_before
    if one is None or not n:
        return ""
    values = n - one.nulls
    shares = {
        "nulls": (one.nulls, n, "null"),
        "zeros": (one.zeros or 0, values, "zero"),
        "infinite": (sum(one.infinite or ()), values, "infinite"),
    }
    measures = {finding.effect.measure for finding in column.judged.findings}
    texts = [f"{percent(k / m)} {noun}" for measure, (k, m, noun) in shares.items() if measure in measures and m]
    if "outside" in measures and one.low is not None:
        texts.append(f"values from {shown(one.low)} to {shown(one.high)}")
    return f"before `where`, training had {', '.join(texts)}" if texts else ""


def _row(column: ColumnDrift) -> tuple[str, ...]:
    if column.tally is None or column.compared is None:
        return column.name, column.dtype, column.verdict, "missing", "", "", "0"
    effects = {effect.measure: effect for effect in column.compared.effects}
    index, nulls, unseen = effects.get("psi"), effects.get("nulls"), effects.get("unseen")
    return (
        column.name,
        "age" if column.role == "age" else column.dtype,
        f"{column.verdict}, after {', '.join(column.follows)}" if column.follows else column.verdict,
        "-" if index is None else number(index.value),
        "-" if nulls is None else f"{percent(nulls.before or 0.0)} → {percent(nulls.after or 0.0)}",
        "-" if unseen is None else percent(unseen.value),
        f"{column.tally.values:,}",
    )


def _parts(parts: Sequence[PartDrift]) -> str:
    if not parts:
        return ""
    rows = [("part", "rows", "verdict", "columns")]
    rows += [(part.label, f"{part.rows:,}", part.verdict, ", ".join(part.found)) for part in parts[:MOST_PARTS]]
    more = (
        f"\n… and {count(len(parts) - MOST_PARTS, 'more part')} in `--format json`" if len(parts) > MOST_PARTS else ""
    )
    return table(rows) + more
