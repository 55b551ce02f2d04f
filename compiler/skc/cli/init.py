"""`skc init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import TextOrJson
from skc.cli.printing import show, talk
from skc.options import Dates

STDOUT = "-"


def init(
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON, Arrow or .xlsx files.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="The file to write; - is stdout.")] = (
        "pipeline.yaml"
    ),
    target: Annotated[
        str | None, typer.Option("--target", metavar="COLUMN", help="A column that a model predicts: not an input.")
    ] = None,
    dates: Annotated[
        Dates | None,
        typer.Option("--dates", help="What 03/04/2025 is, where a column does not show it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    output_format: TextOrJson = "text",
) -> None:
    """Write a first pipeline.yaml for data: how it is read, its inputs, and a sound step for each."""
    from skc import api
    from skc.reports.render import render

    drafted = api.init(data, None if out == STDOUT else Path(out), target=target, dates=dates, force=force)
    for warning in drafted.warnings:
        talk(warning.text() + "\n")
    if out == STDOUT:
        show(drafted.text.removesuffix("\n"))
    if output_format == "json":
        (talk if out == STDOUT else show)(render(drafted, "json"))
    else:
        talk(render(drafted))
