"""`skc explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from skc.cli.flags import ArtifactDir, TextOrJson
from skc.cli.printing import DIFFERENT, EQUAL, show, show_json


def explain(
    artifact: ArtifactDir,
    record: Annotated[str, typer.Option("--record", help="The record, as JSON.")],
    output_format: TextOrJson = "text",
) -> None:
    """Show what every step makes of one record, by the reference and in the graph."""
    from skc import api

    walk = api.explain(artifact, record)
    if output_format == "json":
        show_json(walk.to_json())
    else:
        show(walk.text())
    raise typer.Exit(EQUAL if walk.is_equal else DIFFERENT)
