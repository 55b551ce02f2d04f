"""`skc inspect`."""

from __future__ import annotations

from skc.cli.flags import ArtifactDir, TextJsonOrHtml
from skc.cli.printing import show, show_json


def inspect(artifact: ArtifactDir, output_format: TextJsonOrHtml = "text") -> None:
    """Show an artifact's inputs, outputs and what it has learned.

    `--format html > page.html` is a page with the distribution of every input and the way of every column.
    """
    from skc import inspection
    from skc.reports.inspection import artifact_text

    if output_format == "html":
        from skc.reports.artifact_page import page

        show(page(inspection.inspect_closely(artifact)))
        return
    facts = inspection.inspect(artifact)
    if output_format == "json":
        show_json(facts)
    else:
        show(artifact_text(facts))
