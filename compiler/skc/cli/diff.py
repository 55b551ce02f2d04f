"""`skc diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import Data, TextOrJson
from skc.cli.printing import DIFFERENT, EQUAL, show, show_json, talk
from skc.cli.progress import progress_bar


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The artifact in use.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The artifact that would replace it.")],
    data: Data = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            help="Exit with 1 if such a change is found: moved-ids, inputs, rows>0.01, statistics>0.1, any, …",
        ),
    ] = None,
    output_format: TextOrJson = "text",
) -> None:
    """Show what a new artifact does differently: its contract, what it learned, and how many rows of --data change."""
    from skc import api
    from skc.reports.render import render

    with progress_bar() as progress:
        found = api.diff(old, new, data, progress=progress)
    broken = found.broken([rule for given in fail_on or () for rule in given.split(",")])
    if output_format == "json":
        show_json({**found.to_json(), "broken": broken})
    else:
        show(render(found))
    for said in broken:
        talk(f"refused by --fail-on {said}")
    raise typer.Exit(DIFFERENT if broken else EQUAL)
