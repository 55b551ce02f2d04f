"""The result of compiling, as text."""

from __future__ import annotations

from collections.abc import Iterator

from skc.reports.verification import alone_texts, diagnosis, difference_texts, met_texts, refusal_texts
from skc.results import Compiled


def text(compiled: Compiled) -> str:
    """Stages, outputs, the largest error, how many rows were refused, what was written; then any difference."""
    lines = [f"{'stage':<10}{'rows':>12}{'seconds':>10}"]
    lines += [f"{stage.name:<10}{stage.rows:>12,}{stage.seconds:>10.2f}" for stage in compiled.stages]
    lines.append("")
    for o in compiled.artifact.manifest.outputs:
        lines.append(f"output {o.name}: {len(o.columns):,} column{'s' * (len(o.columns) != 1)}, {o.dtype}")
    if compiled.report is not None:
        from skc_runtime.agreement import TOLERANCE

        worst = max(compiled.report.columns, key=lambda c: (c.worst_error, c.worst_ulp), default=None)
        if worst is None or not worst.worst_ulp:
            lines.append("worst error: none, every column is equal to the last bit")
        else:
            where = f"column `{worst.column}` of `{worst.output}`"
            lines.append(f"worst error: {worst.worst_error:.2g}, where {TOLERANCE:g} is allowed, in {where}")
        lines += [*refusal_texts(compiled.report), *met_texts(compiled.report)]
        lines += [text for report in compiled.reports for text in alone_texts(report)]
        lines += [report.verdict() for report in compiled.reports if report.is_equal]
    else:
        lines.append("not verified (--no-verify)")
    where = f"wrote {compiled.path}" if compiled.path is not None else "nothing was written"
    lines.append(f"{where} ({compiled.artifact.size / 1024:.0f} KiB, plan {compiled.artifact.manifest.plan[:12]})")
    lines.append(f"identity {compiled.artifact.identity}")
    return "\n\n".join(["\n".join(lines), *_unequal(compiled)])


def _unequal(compiled: Compiled) -> Iterator[str]:
    """Of each report that is not equal, its conclusion and its differences, and how to reproduce them."""
    unequal = [report for report in compiled.reports if not report.is_equal]
    for report in unequal:
        yield from (report.verdict(), *difference_texts(report), *diagnosis(report))
    if unequal:
        yield "nothing was written; to reproduce a difference, write the artifact with --no-verify first"
