"""`skc ops`."""

from __future__ import annotations

from typing import Annotated

import typer

from skc.cli.flags import TextOrJson
from skc.cli.printing import show, show_json, talk


def ops(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The op whose page is shown.")] = None,
    output_format: TextOrJson = "text",
) -> None:
    """List the ops, or show the page of one."""
    from skc import inspection
    from skc.reports.inspection import ops_text

    facts = inspection.ops(name)
    if output_format == "json":
        show_json(facts)
    else:
        show(ops_text(facts))
        if name is None:
            talk("\n`skc ops NAME` shows the page of one")
