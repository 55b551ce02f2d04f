"""`skc drift`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.options import DriftOptions


@takes(DriftOptions)
def drift(
    data: Annotated[
        str, typer.Argument(metavar="TABLE|LOG", help="Requests: a table, as `skc compile` reads it, or a log.")
    ],
    artifact: Annotated[
        Path, typer.Argument(metavar="ARTIFACT", help="The directory of an artifact, or a file of `skc profile`.")
    ],
    options: DriftOptions,
) -> None:
    """Compare requests with the rows that an artifact was fitted on: which columns drifted, and how much."""
    from skc import comparing
    from skc.reports.render import render

    report = comparing.drifted(data, artifact, options)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.is_refused else EQUAL)
