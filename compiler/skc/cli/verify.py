"""`skc verify`."""

from __future__ import annotations

from pathlib import Path

import typer

from skc.cli.flags import ArtifactDir, takes
from skc.cli.printing import DIFFERENT, EQUAL, USER, show, talk
from skc.cli.progress import progress_bar
from skc.options import VerifyOptions


@takes(VerifyOptions)
def verify(artifact: ArtifactDir, options: VerifyOptions) -> None:
    """Verify an artifact against its reference.

    Tries the boundaries of every step, generated and hostile rows, and those of --data; every batch size, order and
    level of optimisation; each step by itself.
    """
    from skc import verifying
    from skc.reports.render import render

    if options.self_check:
        raise typer.Exit(_self_check(artifact, options))
    with progress_bar() as progress:
        result = verifying.verification(artifact, options, progress)
    show(render(result, options.format))
    if options.format == "github":
        talk(render(result.report))
    raise typer.Exit(DIFFERENT if not result.is_equal else USER if result.report.errors else EQUAL)


def _self_check(artifact: Path, options: VerifyOptions) -> int:
    from skc import verifying
    from skc.reports.render import render

    with progress_bar() as progress:
        checked = verifying.planted_faults(artifact, options, progress=progress)
    show(render(checked, options.format))
    return DIFFERENT if checked.survivors else EQUAL
