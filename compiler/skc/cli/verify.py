"""`skc verify`."""

from __future__ import annotations

from pathlib import Path

import typer

from skc.cli.flags import ArtifactDir, takes
from skc.cli.printing import DIFFERENT, EQUAL, USER, show, show_json, talk
from skc.cli.progress import progress_bar
from skc.options import VerifyOptions


@takes(VerifyOptions)
def verify(artifact: ArtifactDir, options: VerifyOptions) -> None:
    """Prove an artifact equal to its reference.

    Tries the boundaries of every step, generated and hostile rows, and those of --data; every batch size, order and
    level of optimisation; each step by itself.
    """
    from skc import api

    if options.self_check:
        raise typer.Exit(_self_check(artifact, options))
    with progress_bar() as progress:
        found = api.verification(artifact, options, progress)
    report, tried = found.report, found.environments
    match options.format:
        case "json":
            show_json(found.to_json())
        case "junit":
            show(report.to_junit())
        case "github":
            from skc.verification import github

            show(github.of_report(report))
            talk(report.text())
        case "html":
            from skc.verification import html

            show(html.page(report))
        case "text":
            show(report.text() if tried is None else f"{report.text()}\n\n{tried.text()}")
    raise typer.Exit(DIFFERENT if not found.is_equal else USER if report.errors else EQUAL)


def _self_check(artifact: Path, options: VerifyOptions) -> int:
    from skc import api

    with progress_bar() as progress:
        checked = api.planted_faults(artifact, options, progress=progress)
    if options.format == "json":
        show_json(checked.to_json())
    else:
        show(checked.text())
    return DIFFERENT if checked.survivors else EQUAL
