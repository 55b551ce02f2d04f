"""`skc check`."""

from __future__ import annotations

from skc.cli.flags import Pipeline, TextOrJson
from skc.cli.printing import show_json, talk


def check(pipeline: Pipeline, output_format: TextOrJson = "text") -> None:
    """Check spelling, types and names in a pipeline, without data."""
    from skc.frontend.yaml.reader import read_pipeline

    _, warnings = read_pipeline(pipeline)
    if output_format == "json":
        show_json({"diagnostics": [w.to_json() for w in warnings]})
        return
    for warning in warnings:
        talk(warning.text() + "\n")
    talk(f"{pipeline}: ok" + (f", {len(warnings)} warning{'s' * (len(warnings) > 1)}" if warnings else ""))
