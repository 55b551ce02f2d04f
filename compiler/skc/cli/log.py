"""`skc log`: commands about logs of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import Command, TextOrJson
from skc.cli.printing import DIFFERENT, EQUAL, show, show_json, talk


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
    from skc.skew.log_plans import LogPlan

    plan = ""
    if artifact is not None:
        from skc import artifact as artifacts

        plan = artifacts.read(artifact, replay=False).manifest.plan
    report = check_log(logs, LogPlan(plan, hint="give the log and the artifact of one pipeline; a log names its own"))
    if output_format == "json":
        show_json(report.to_json())
    else:
        show(reports.text(report))
    raise typer.Exit(EQUAL if report.is_whole else DIFFERENT)


def convert(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG…", help="Files of a log, or folders of them.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The Parquet file to write.")],
    artifact: Annotated[
        Path | None,
        typer.Option("--artifact", metavar="ARTIFACT", help="Write a column for each input and feature, of its type."),
    ] = None,
    own_plan: Annotated[
        bool, typer.Option("--own-plan", help="Leave out files of another pipeline, instead of refusing them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write the requests of a log into one Parquet file, a row for each."""
    from skc.draft.files import check_file
    from skc.failures import library_errors
    from skc.skew.log_convert import convert_log
    from skc.skew.log_plans import check_own_plan, left_out_text
    from skc.verification.shown import count

    check_own_plan(own_plan, has_plan=artifact is not None)
    manifest = None
    if artifact is not None:
        from skc import artifact as artifacts

        manifest = artifacts.read(artifact, replay=False).manifest
    check_file(out, force=force)
    with library_errors():
        done = convert_log(logs, out, manifest, own_plan=own_plan)
    talk(f"wrote {out}: {count(done.rows, 'request')}, {count(done.columns, 'column')}")
    if done.damaged:
        talk(f"left out {count(done.damaged, 'line')}, damaged or cut short: see `skc log check`")
    if done.left_out:
        talk(left_out_text(done.left_out))


def cut(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a log.")],
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="A date or time in ISO 8601, UTC by default.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name the files.")] = False,
) -> None:
    """Delete the files of a log whose requests are all before a date."""
    from skc.skew.log_cut import cut_log, time_of
    from skc.verification.shown import count

    done = cut_log(folder, time_of(before), dry_run=dry_run)
    for file in done.files:
        show(str(file))
    verb = "would delete" if dry_run else "deleted"
    talk(f"{verb} {count(len(done.files), 'file')} with {count(done.requests, 'request')}, and kept {done.kept:,}")


ABOUT = "Look after logs of requests, which services write."
COMMANDS: dict[str, Command] = {"check": check, "convert": convert, "cut": cut}
