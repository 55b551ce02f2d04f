"""`skc check`."""

from __future__ import annotations

from typing import Annotated

import typer

from skc.cli.flags import takes
from skc.cli.printing import USER, show, show_json, talk
from skc.diagnostics import Diagnostic
from skc.options import CheckOptions


@takes(CheckOptions)
def check(
    pipeline: Annotated[
        str,
        typer.Argument(
            metavar="PIPELINE", help="A pipeline.yaml, or an estimator of scikit-learn, as for `skc compile`."
        ),
    ],
    options: CheckOptions,
) -> None:
    """Check spelling, types and names in a pipeline, and rows of data; or which steps of an estimator compile."""
    from skc.frontend.references import is_reference

    if is_reference(pipeline):
        return _check_estimator(pipeline, options)
    warnings = _warnings(pipeline, options)
    if options.format == "json":
        return show_json({"diagnostics": [w.to_json() for w in warnings]})
    for warning in warnings:
        talk(warning.text() + "\n")
    return talk(f"{pipeline}: ok" + (f", {len(warnings)} warning{'s' * (len(warnings) > 1)}" if warnings else ""))


def _warnings(pipeline: str, options: CheckOptions) -> tuple[Diagnostic, ...]:
    if options.data is not None:
        from skc import api

        return api.check(pipeline, options.data)
    from pathlib import Path

    from skc.frontend.yaml.reader import read_pipeline  # which is loaded faster

    return read_pipeline(Path(pipeline))[1]


def _check_estimator(name: str, options: CheckOptions) -> None:
    from skc import api
    from skc.reports import survey

    surveyed = api.survey_of(name, options)
    if options.format == "json":
        show_json(survey.document(surveyed))
    else:
        show(survey.text(surveyed))
    if not surveyed.compiles:
        raise typer.Exit(USER)
