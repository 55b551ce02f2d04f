"""`skc shadow`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.cli.progress import progress_bar
from skc.shadow_options import ShadowOptions


@takes(ShadowOptions)
def shadow(
    options: ShadowOptions,
    a: Annotated[Path | None, typer.Argument(metavar="[LOG A]", help="What A served, if no service is asked.")] = None,
    b: Annotated[
        Path | None, typer.Argument(metavar="[LOG|ARTIFACT B]", help="What B served, or the artifact to serve it with.")
    ] = None,
) -> None:
    """Compare two services on the same requests: logs of both, a log and an artifact, or services that are asked."""
    from skc.reports.render import render
    from skc.shadowing import shadowed

    with progress_bar() as progress:
        report = shadowed(a, b, options, progress)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.is_refused else EQUAL)
