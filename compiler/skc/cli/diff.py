"""`skc diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.cli.progress import progress_bar
from skc.options import DiffOptions


@takes(DiffOptions)
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The artifact in use.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The artifact that would replace it.")],
    options: DiffOptions,
) -> None:
    """Show what a new artifact does differently: its contract, what it learned, and how many rows of --data change."""
    from skc import comparing
    from skc.reports.render import render

    with progress_bar() as progress:
        report = comparing.difference(old, new, options, progress)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.broken else EQUAL)
