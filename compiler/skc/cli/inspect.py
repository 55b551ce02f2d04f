"""`skc inspect`."""

from __future__ import annotations

from skc.cli.flags import ArtifactDir, TextOrJson
from skc.cli.printing import show, show_json


def inspect(artifact: ArtifactDir, output_format: TextOrJson = "text") -> None:
    """Show an artifact's inputs, outputs and what it has learned."""
    from skc import inspection
    from skc.reports.inspection import artifact_text

    facts = inspection.inspect(artifact)
    if output_format == "json":
        show_json(facts)
    else:
        show(artifact_text(facts))
