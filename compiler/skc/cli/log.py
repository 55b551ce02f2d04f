"""`skc log`: commands about logs of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import Command, TextOrJson
from skc.cli.printing import DIFFERENT, EQUAL, show, show_json


def check(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG…", help="Files of a log, or folders of them.")],
    artifact: Annotated[
        Path | None, typer.Option("--artifact", metavar="ARTIFACT", help="Refuse files of any other pipeline.")
    ] = None,
    output_format: TextOrJson = "text",
) -> None:
    """Say what a log of requests lost: dropped, torn, damaged, missing or repeated. Exit 1 if it is not whole."""
    from skc.reports import log as reports
    from skc.skew.check import check_log

    plan = None
    if artifact is not None:
        from skc import artifact as artifacts

        plan = artifacts.read(artifact, replay=False).manifest.plan
    report = check_log(logs, plan)
    if output_format == "json":
        show_json(report.to_json())
    else:
        show(reports.text(report))
    raise typer.Exit(EQUAL if report.is_whole else DIFFERENT)


ABOUT = "Look after logs of requests, which services write."
COMMANDS: dict[str, Command] = {"check": check}
