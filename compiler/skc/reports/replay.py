"""A replay as text: which column, from which step on, which value, why, and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator

from skc.reports import log
from skc.reports.layout import table
from skc.skew.log_plans import left_out_text
from skc.skew.replay.report import ColumnReplay, Example, OutputReplay, RefusalReplay, ReplayReport
from skc.skew.replay.times import time_text
from skc.skew.replay.training_report import TrainingColumn, TrainingReplay
from skc.verification.shown import count, shown

MOST_COLUMNS = 40


def text(report: ReplayReport) -> str:
    """Each difference in a few lines, then all columns as a table, what was read, and the verdict."""
    parts = [] if report.training is None else [training_text(column) for column in report.training.found]
    parts += [*map(column_text, report.found), *map(output_text, report.found_by_digest)]
    parts += [*map(refusal_text, report.refusals), _table(report), "\n".join(facts(report))]
    return "\n\n".join([*(part for part in parts if part), report.verdict()])


def column_text(column: ColumnReplay) -> str:
    """What differs in a column."""
    return "\n".join(_column_lines(column))


def _column_lines(column: ColumnReplay) -> Iterator[str]:
    how = f"{column.differing:,} of {count(column.rows, 'request')} ({column.share:.2%})"
    distance = f", by up to {column.worst_ulp:,} ulp" if column.worst_ulp else ""
    yield f"code skew in `{column.column}` of `{column.output}`: {how}{distance}"
    yield f"  why    {reason_text(column)}"
    yield f"  step   {step_text(column)}"
    for example in column.examples:
        yield f"  {example.id}: served {shown(example.served)}, recomputed {shown(example.recomputed)}"
    yield from _again(column.examples)


def reason_text(column: ColumnReplay) -> str:
    """The reason in one sentence."""
    rows = f"{column.looked_at:,} rows" if column.looked_at < column.differing else "every row that differs"
    if column.reason is None:
        return (
            "not explained: no rule holds in every row" if column.looked_at else "not looked for: many columns differ"
        )
    return f"the service served {column.reason.text} (in {rows})"


def step_text(column: ColumnReplay) -> str:
    """The first step that can be at fault, and those that make the column."""
    made_by = " → ".join(column.made_by) or "no step: it is an input"
    if column.step is None:
        return f"after the last one (made by {made_by})"
    return f"from {column.step} on (made by {made_by})"


def output_text(output: OutputReplay) -> str:
    """What differs in an output by its digest alone."""
    lines = []
    if output.differing:
        lines.append(
            f"code skew in `{output.output}`: {output.differing:,} of {count(output.digests, 'digest')} differ"
        )
        lines.append("  a digest does not tell the column: log with features=full, or full_every, to see it")
        lines += [f"  {example.id} at {time_text(example.time_us)}" for example in output.examples]
        lines += _again(output.examples)
    if output.malformed:
        what = count(output.malformed, "request")
        lines.append(f"code skew in `{output.output}`: {what} with features that are not those of this output")
    return "\n".join(lines)


def refusal_text(refusal: RefusalReplay) -> str:
    """Requests that only one side refuses."""
    rows = count(refusal.rows, "request")
    lines = [f"code skew in refusals: {rows}: {refusal.served} in serving, {refusal.recomputed} recomputed"]
    lines += [f"  {example.id} at {time_text(example.time_us)}" for example in refusal.examples]
    return "\n".join([*lines, *_again(refusal.examples)])


def training_text(column: TrainingColumn) -> str:
    """A column in which requests, or their features, are not what training has."""
    counts = column.counts
    kinds = (("another value", counts.mismatch), ("missing in serving", counts.missing), ("extra", counts.extra))
    kind = ", ".join(f"{number:,} {words}" for words, number in kinds if number)
    lines = [f"{column.skew} in `{column.column}`: {counts.differing:,} of {count(counts.total, 'pair')} ({kind})"]
    lines.append(f"  why    {training_reason(column)}")
    if column.smape is not None:
        lines.append(f"  SMAPE  {column.smape:.3g}")
    for pair in column.samples:
        lines.append(f"  {pair.id}: served {shown(pair.served)}, training {shown(pair.training)}")
    return "\n".join(lines)


def training_reason(column: TrainingColumn) -> str:
    """The reason in one sentence."""
    if column.reason is None:
        return "not explained: no rule holds in every pair"
    rows = f"{column.looked_at:,} pairs" if column.looked_at < column.counts.differing else "every pair"
    subject = "the request had" if column.skew == "data skew" else "the service served"
    return f"{subject} {column.reason.text} (in {rows})"


def _trained(training: TrainingReplay) -> Iterator[str]:
    yield (
        f"training: {training.matched:,} of {count(training.requests, 'served request')} have a row by {training.key}; "
        f"{count(training.unused, 'row')} of training without a request"
    )
    data_skew, code_skew = count(training.data_skew, "pair"), count(training.code_skew, "pair")
    yield f"data skew: {data_skew}; code skew: {code_skew} with equal requests"
    if training.not_compared:
        yield f"inputs not compared, because only one side has them: {_list(training.not_compared)}"


def _again(examples: tuple[Example, ...]) -> Iterator[str]:
    command = next((example.reproduce for example in examples if example.reproduce), None)
    if command is not None:
        yield f"  again  {command}"


def _table(report: ReplayReport) -> str:
    if not report.columns:
        return ""
    rows: list[tuple[str, ...]] = [("output", "column", "differ", "of", "worst ulp", "why")]
    shown_columns = sorted(report.columns, key=lambda c: -c.share)[:MOST_COLUMNS]
    for c in shown_columns:
        why = "" if not c.differing else "not explained" if c.reason is None else c.reason.kind
        rows.append((c.output, c.column, f"{c.differing:,}", f"{c.rows:,}", f"{c.worst_ulp:,}", why))
    more = len(report.columns) - len(shown_columns)
    return table(rows) + (f"\n… and {count(more, 'more column')} in `--format json`" if more else "")


def facts(report: ReplayReport) -> Iterator[str]:
    """What was read and compared, and what could not be."""
    yield log.text(report.log)
    if report.limit is not None:
        yield f"replayed: {report.limit}"
    if report.left_out:
        yield left_out_text(report.left_out)
    by_digest = sum(output.digests for output in report.outputs)
    by_value = sum(column.rows for column in report.columns)
    yield f"compared: {by_digest:,} outputs by digest, {by_value:,} features by value, {report.refused:,} refusals"
    if report.training is not None:
        yield from _trained(report.training)
    if report.without_features:
        yield f"{count(report.without_features, 'request')} without features in the log"
    if report.unknown:
        yield f"{count(report.unknown, 'request')} cannot be made again from what the log has"
    hidden = report.not_recomputed
    if hidden is not None:
        yield f"not recomputed, because the log hides {_list(hidden.inputs)}: {_list(hidden.columns)}"
    for output in report.outputs:
        if output.untold:
            yield (
                f"not compared: {count(output.untold, 'digest')} of `{output.output}`, which include such a column; "
                "log with features=full"
            )


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no column"
