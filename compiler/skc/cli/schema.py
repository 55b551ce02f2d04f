"""`skc schema`."""

from __future__ import annotations

from skc.cli.printing import show


def schema() -> None:
    """Print the JSON Schema of pipeline.yaml, for editors."""
    from skc.frontend.yaml.schema import schema_text

    show(schema_text().removesuffix("\n"))
