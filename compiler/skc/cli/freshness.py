"""`skc freshness`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.options import FreshnessOptions


@takes(FreshnessOptions)
def freshness(
    logs: Annotated[
        list[Path],
        typer.Argument(metavar="LOG… [ARTIFACT]", help="Files of a log, or folders of them; last the artifact served."),
    ],
    options: FreshnessOptions,
) -> None:
    """Say how old looked-up values were when they were served, how many were missing, and how long it took."""
    from skc import comparing
    from skc.reports.render import render

    *rest, last = logs
    is_artifact = bool(rest) and (last / "manifest.json").exists()
    report = comparing.freshness_of(rest if is_artifact else logs, last if is_artifact else None, options)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.is_refused else EQUAL)
