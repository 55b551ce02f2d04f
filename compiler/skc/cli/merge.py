"""`skc merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, show, talk
from skc.cli.progress import progress_bar
from skc.options import MergeOptions


@takes(MergeOptions)
def merge(
    states: Annotated[
        list[Path], typer.Argument(metavar="STATE...", help="Files that `skc fit` or `skc merge` wrote.")
    ],
    options: MergeOptions,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The output directory of an artifact.")] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="Write the state of all the rows instead.")
    ] = None,
) -> None:
    """Write the artifact, or the state, of all the rows that some states are of.

    The artifact is the one that `skc compile` writes for these rows, to the byte.
    """
    from skc import state_api
    from skc.diagnostics import fail
    from skc.reports.render import render
    from skc.results import Collected, Compiled

    if (out is None) == (state is None):
        raise fail("SKC140", "a merge writes an artifact or a state", hint="give --out DIRECTORY or --state FILE")
    result: Collected | Compiled
    with progress_bar() as progress:
        if state is None:
            result = state_api.merged_artifact(states, out, options, progress)
        else:
            result = state_api.merged_state(states, state, options)
    for warning in result.warnings:
        talk(warning.text() + "\n")
    if options.format == "json":
        show(render(result, "json"))
    else:
        talk(render(result))
    if isinstance(result, Compiled) and not result.is_equal:
        raise typer.Exit(DIFFERENT)
