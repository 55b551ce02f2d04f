"""`skc parity`."""

from __future__ import annotations

from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, EQUAL, show, talk
from skc.options import ParityOptions


@takes(ParityOptions)
def parity(
    offline: Annotated[str, typer.Argument(metavar="OFFLINE", help="The offline table, as `skc compile` reads it.")],
    options: ParityOptions,
    online: Annotated[
        str | None,
        typer.Argument(metavar="[ONLINE]", help='The online side: a table, or JSON lines {"key", "value", "time"}.'),
    ] = None,
) -> None:
    """Compare what an online store holds with the offline table: missing, stale, narrowed and other values."""
    from skc import comparing
    from skc.reports.render import render

    report = comparing.parity(offline, online, options)
    show(render(report, options.format))
    for message in report.broken:
        talk(f"refused by --fail-on {message}")
    raise typer.Exit(DIFFERENT if report.is_refused else EQUAL)
