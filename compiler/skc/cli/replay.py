"""`skc replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.options import ReplayOptions


@takes(ReplayOptions)
def replay(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG…", help="Files of a log, or folders of them.")],
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact that served the requests.")],
    options: ReplayOptions,
) -> None:
    """Recompute the features of logged requests: which differ from those that were served, and why."""
    from skc import comparing
    from skc.reports.render import render

    report = comparing.replayed(logs, artifact, options)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.is_refused else EQUAL)
