"""`skc transform`."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from skc.cli.flags import ArtifactDir, TextOrJson
from skc.cli.printing import show_json, talk
from skc.cli.progress import progress_bar

STDOUT = "-"


def transform(
    artifact: ArtifactDir,
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON, Arrow or .xlsx files.")],
    out: Annotated[
        str,
        typer.Option("--out", "-o", metavar="FILE", help="The .parquet, .csv or .arrow file; - is stdout."),
    ],
    table: Annotated[
        Literal["parquet", "csv", "arrow"] | None,
        typer.Option("--table", help="The format of FILE, if not that of its name; of stdout, csv if not given."),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="A column of DATA to copy unchanged, after the features.")
    ] = None,
    plain_names: Annotated[
        bool, typer.Option("--plain-names", help="Several outputs: name columns without their output.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    output_format: TextOrJson = "text",
) -> None:
    """Run an artifact over data of any size, into a Parquet, CSV or Arrow file."""
    from skc import api
    from skc.verification.shown import json_text

    with progress_bar() as progress:
        result = api.transform(
            artifact,
            data,
            sys.stdout.buffer if out == STDOUT else out,
            table=table,
            keep=tuple(keep or ()),
            plain_names=plain_names,
            force=force,
            progress=progress,
        )
    if output_format == "json":
        (talk(json_text(result)) if out == STDOUT else show_json(result))
    else:
        where = "stdout" if out == STDOUT else out
        rows, columns = result["rows"], len(result["columns"])
        what = f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"
        talk(f"wrote {what} to {where} in {result['seconds']:.1f} s")
