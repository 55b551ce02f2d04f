"""`skc compile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skc.cli.flags import Pipeline, takes
from skc.cli.printing import DIFFERENT, show_json, talk
from skc.cli.progress import progress_bar
from skc.options import CompileOptions

if TYPE_CHECKING:
    from skc.api import Compiled


@takes(CompileOptions)
def compile(
    pipeline: Pipeline,
    out: Annotated[Path, typer.Option("--out", "-o", help="The directory to write.")],
    options: CompileOptions,
) -> None:
    """Fit a pipeline, compile it, verify it, and write the artifact."""
    from skc import api

    with progress_bar() as progress:
        done = api.compilation(pipeline, out, options, progress)
    for warning in done.warnings:
        talk(warning.text() + "\n")
    if options.format == "json":
        show_json(done.to_json())
    else:
        talk(_text(done))
    if done.report is not None and not done.report.is_equal:
        talk(f"\n{done.report.text()}\n")
        talk(f"nothing was written; to reproduce a difference, write `{out}` with --no-verify first")
        raise typer.Exit(DIFFERENT)


def _text(done: Compiled) -> str:
    lines = [f"{'stage':<10}{'rows':>12}{'seconds':>10}"]
    lines += [f"{stage.name:<10}{stage.rows:>12,}{stage.seconds:>10.2f}" for stage in done.stages]
    lines.append("")
    for o in done.artifact.manifest.outputs:
        lines.append(f"output {o.name}: {len(o.columns):,} column{'s' * (len(o.columns) != 1)}, {o.dtype}")
    if done.report is not None:
        from skc_runtime.agreement import TOLERANCE

        worst = max(done.report.columns, key=lambda c: (c.worst_error, c.worst_ulp), default=None)
        if worst is None or not worst.worst_ulp:
            lines.append("worst error: none, every column is equal to the last bit")
        else:
            where = f"column `{worst.column}` of `{worst.output}`"
            lines.append(f"worst error: {worst.worst_error:.2g}, where {TOLERANCE:g} is allowed, in {where}")
        lines += [*done.report.refusal_texts(), *done.report.met_texts(), done.report.verdict()]
    else:
        lines.append("not verified (--no-verify)")
    where = f"wrote {done.path}" if done.path is not None else "nothing was written"
    lines.append(f"{where} ({done.artifact.size / 1024:.0f} KiB, plan {done.artifact.manifest.plan[:12]})")
    lines.append(f"identity {done.artifact.identity}")
    return "\n".join(lines)
