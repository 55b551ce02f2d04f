"""`skc fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import show, talk
from skc.cli.progress import progress_bar
from skc.options import FitOptions


@takes(FitOptions)
def fit(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE", help="A pipeline.yaml.")],
    options: FitOptions,
    *,
    state: Annotated[Path, typer.Option("--state", "-o", metavar="FILE", help="The file to write.")],
) -> None:
    """Write what fitting can depend on of some rows into a file, for `skc merge`.

    The artifact of the merged files of all rows is the same as that of the rows, and none of them is read again.
    """
    from skc import state_api
    from skc.reports.render import render

    with progress_bar() as progress:
        result = state_api.collected(pipeline, state, options, progress)
    for warning in result.warnings:
        talk(warning.text() + "\n")
    if options.format == "json":
        show(render(result, "json"))
    else:
        talk(render(result))
