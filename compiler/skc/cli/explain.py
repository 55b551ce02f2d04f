"""`skc explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from skc.cli.flags import ArtifactDir, TextOrJson
from skc.cli.printing import DIFFERENT, EQUAL, show


def explain(
    artifact: ArtifactDir,
    record: Annotated[str, typer.Option("--record", help="The record, as JSON, or @FILE.")],
    output_format: TextOrJson = "text",
) -> None:
    """Trace one record through every step, in the reference and in the graph."""
    from skc import api
    from skc.reports.render import render

    walk = api.explain(artifact, record)
    show(render(walk, output_format))
    raise typer.Exit(EQUAL if walk.is_equal else DIFFERENT)
