"""`skc compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import DIFFERENT, show, talk
from skc.cli.progress import progress_bar
from skc.options import CompileOptions


@takes(CompileOptions)
def compile(
    pipeline: Annotated[
        str,
        typer.Argument(
            metavar="PIPELINE",
            help="A pipeline.yaml, or a fitted estimator of scikit-learn: module:object, a .skops file.",
        ),
    ],
    options: CompileOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="The output directory.")] = Path("artifact"),
) -> None:
    """Fit a pipeline, compile it, verify it, and write the artifact.

    An estimator of scikit-learn is not fitted again; --data has some rows of what its `fit` was given.
    """
    from skc import api
    from skc.reports.render import render

    with progress_bar() as progress:
        result = api.compilation(pipeline, out, options, progress)
    for warning in result.warnings:
        talk(warning.text() + "\n")
    if options.format == "json":
        show(render(result, "json"))
    else:
        talk(render(result))
    if not result.is_equal:
        raise typer.Exit(DIFFERENT)
