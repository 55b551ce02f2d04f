"""`skc transform`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from skc.cli.flags import ArtifactDir, takes
from skc.cli.printing import show_json, talk
from skc.cli.progress import progress_bar
from skc.options import TransformOptions

STDOUT = "-"


@takes(TransformOptions)
def transform(
    artifact: ArtifactDir,
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON, Arrow or .xlsx files.")],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The .parquet, .csv or .arrow file; - is stdout; for Spark, a folder of Parquet files.",
        ),
    ],
    options: TransformOptions,
) -> None:
    """Run an artifact over data of any size, into a Parquet, CSV or Arrow file, or by Spark into a folder."""
    from skc import api
    from skc.verification.shown import json_text

    with progress_bar() as progress:
        result = api.transformed(artifact, data, sys.stdout.buffer if out == STDOUT else out, options, progress)
    if options.format == "json":
        (talk(json_text(result)) if out == STDOUT else show_json(result))
        return
    where = "stdout" if out == STDOUT else out
    rows, columns = result["rows"], len(result["columns"])
    what = f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"
    refused = f", {result['refused']:,} of them refused," if options.refused == "column" else ""
    talk(f"wrote {what}{refused} to {where} in {result['seconds']:.1f} s")
