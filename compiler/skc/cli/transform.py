"""`skc transform`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import ArtifactDir, TextOrJson
from skc.cli.printing import show_json, talk
from skc.cli.progress import progress_bar


def transform(
    artifact: ArtifactDir,
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON lines or Arrow files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The Parquet file to write.")],
    keep: Annotated[list[str] | None, typer.Option("--keep", help="A column of DATA to copy unchanged.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    output_format: TextOrJson = "text",
) -> None:
    """Run an artifact over data of any size, into a Parquet file."""
    from skc import api

    with progress_bar() as progress:
        result = api.transform(artifact, data, out, keep=tuple(keep or ()), force=force, progress=progress)
    if output_format == "json":
        show_json(result)
    else:
        talk(f"wrote {result['rows']:,} rows, {len(result['columns']):,} columns to {out} in {result['seconds']:.1f} s")
