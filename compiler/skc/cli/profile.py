"""`skc profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.printing import talk


def profile(
    data: Annotated[str, typer.Argument(metavar="TABLE", help="CSV, Parquet, JSON, Arrow or .xlsx files.")],
    types: Annotated[
        Path | None,
        typer.Argument(metavar="TYPES", help="An artifact or a pipeline.yaml, whose inputs are the columns."),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")],
    top: Annotated[int, typer.Option("--top", min=0, help="How many values of a column are listed.")] = 1000,
    minimum: Annotated[int, typer.Option("--minimum", min=1, help="Values of fewer rows are only counted.")] = 10,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="The number of threads.")] = None,
) -> None:
    """Write what the columns of a table look like, for `skc drift` to compare with."""
    from skc import skew_api

    frozen = skew_api.write_profile(data, out, types, top=top, minimum=minimum, force=force, threads=threads)
    talk(f"wrote {out}: {len(frozen.columns):,} columns of {frozen.rows:,} rows")
