"""A replay for a CI: as JUnit XML, one test case per column, and as GitHub's workflow commands."""

from __future__ import annotations

from collections.abc import Iterator

from skc.reports import log
from skc.reports.github import MOST, command
from skc.reports.junit import Case, of_cases
from skc.reports.replay import column_text, output_text, reason_text, refusal_text, training_reason, training_text
from skc.skew.replay.report import ColumnReplay, OutputReplay, ReplayReport
from skc.verification.shown import count


def junit(report: ReplayReport) -> str:
    """One test case per column of training and of features, per output that was compared by digest, for refusals and
    for the log itself. What
    `--fail-on` does not allow fails; any finding without it.
    """
    return of_cases("replay", report.name, list(_cases(report)))


def _cases(report: ReplayReport) -> Iterator[Case]:
    fails = report.fails("served")
    for column in report.columns:
        yield Case(f"{column.output}: {column.column}", *_column(column, fails=fails))
    for output in report.outputs:
        if output.digests or output.malformed:
            yield Case(output.output, *_output(output, fails=fails))
    refused = "\n\n".join(map(refusal_text, report.refusals))
    rows = sum(refusal.rows for refusal in report.refusals)
    message = f"{count(rows, 'request')} refused otherwise" if rows and fails else None
    yield Case("refusals", refused or f"{count(report.refused, 'refusal')} are the same", message)
    if report.training is not None:
        fails_training = report.fails("training")
        for one in report.training.columns:
            differs = one.counts.differing and fails_training
            message = f"{one.skew}: {one.counts.differing:,} differ: {training_reason(one)}" if differs else None
            yield Case(f"training: {one.column}", training_text(one), message)
    lost = "the log is not whole" if report.fails("lost") and not report.log.is_whole else None
    yield Case("log", log.text(report.log), lost)


def _column(column: ColumnReplay, *, fails: bool) -> tuple[str, str | None]:
    if not column.differing:
        return f"{count(column.rows, 'request')} compared", None
    return column_text(column), f"{column.differing:,} differ: {reason_text(column)}" if fails else None


def _output(output: OutputReplay, *, fails: bool) -> tuple[str, str | None]:
    bad = output.differing + output.malformed
    if not bad:
        return f"{count(output.digests, 'digest')} compared", None
    return output_text(output), f"{bad:,} differ" if fails else None


def github(report: ReplayReport) -> str:
    """One error per column that differs from training, or from what was served; a warning for a log that is not whole;
    and the verdict.
    """
    lines = []
    if report.training is not None:
        kind = "error" if report.fails("training") else "warning"
        columns = report.training.found[:MOST]
        lines = [command(kind, f"skc replay: {c.column}", training_text(c)) for c in columns]
    kind = "error" if report.fails("served") else "warning"
    lines += [command(kind, f"skc replay: {c.column}", column_text(c)) for c in report.found[:MOST]]
    lines += [command(kind, f"skc replay: {o.output}", output_text(o)) for o in report.found_by_digest[:MOST]]
    lines += [command(kind, "skc replay: refusals", refusal_text(refusal)) for refusal in report.refusals[:MOST]]
    if not report.log.is_whole:
        lines.append(command("warning", "skc replay: the log", log.text(report.log)))
    kind = "error" if report.is_refused else "notice" if report.is_equal else "warning"
    return "\n".join([*lines, command(kind, "skc replay", report.verdict())])
