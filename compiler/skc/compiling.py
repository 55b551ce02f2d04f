"""From a fitted pipeline to its artifact, verified: what `skc compile` does after fitting, wherever the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skc import artifact as artifacts
from skc.diagnostics import Diagnostic, SkcError
from skc.fit import Fitted
from skc.ir import DataSource
from skc.options import CompileOptions, seconds_of
from skc.origin import Origin, with_model
from skc.output_values import of_sample
from skc.progress import Progress
from skc.results import Clock, Compiled
from skc.rows.boundaries import Reach
from skc.verification.report import Report
from skc.verifying import repeating, verified


def compiled(
    subject: Any,
    origin: Origin,
    fitted: Fitted,
    target: Path | None,
    options: CompileOptions,
    clock: Clock,
    progress: Progress | None,
    warnings: Sequence[Diagnostic] = (),
    *,
    rows_are_here: bool = True,
) -> Compiled:
    """The artifact of what was fitted, written to `target` if nothing differs. `subject` is what the user gave, and
    `warnings` go with those of fitting.

    If the rows are not here, a sample of them is what it is verified on.
    """
    profiling = origin.pipeline.profile if options.profile else None
    profile, profile_rows = fitted.profile, fitted.profile_rows
    if origin.source is not None:
        profile, profile_rows = of_sample(origin.pipeline, origin.rows, profiling)
    profile = None if profile is None else replace(profile, drift=origin.pipeline.drift)
    frozen, source, fitted_with = with_model(fitted.pipeline, origin, options)
    frozen = replace(frozen, signals=options.signals or origin.pipeline.signals)
    declared = options.data if isinstance(options.data, DataSource) else origin.pipeline.data
    reading = None if declared is None else declared.options
    reach = Reach()
    artifact = artifacts.assemble(
        frozen,
        options.signature,
        fitted_with,
        reading=reading,
        profile=profile,
        profile_rows=profile_rows,
        reach=reach,
    )
    clock.lap("compile", 0)
    of_user, options = options.data, replace(options, data=origin.rows)
    own_data = origin.pipeline.data
    if not rows_are_here:
        options, own_data = replace(options, data=profile_rows), None
    budget = seconds_of(options.budget)
    half = None if budget is None or source is None else budget / 2  # the rest is for the estimator
    report = (
        verified(artifact, target, options, own_data, progress, None, reach, budget=half) if options.verify else None
    )
    if report is not None and report.is_equal and report.errors:
        raise SkcError(*report.errors)
    if report is not None:
        clock.lap("verify", _rows_compared(report))
    against = None
    if report is not None and source is not None:
        repeat = repeating(fitted.pipeline.model.reference if fitted.pipeline.model else subject, of_user)
        against = verified(artifact, target, options, own_data, progress, source, reach, False, repeat, half)
        clock.lap("against", _rows_compared(against))
    is_equal = all(one is None or one.is_equal for one in (report, against))
    path = target if target is not None and is_equal else None
    if path is not None:
        artifacts.write(artifact, path, force=options.force)
    all_warnings = (*origin.warnings, *fitted.warnings, *warnings, *(() if report is None else report.warnings))
    return Compiled(artifact, path, report, all_warnings, tuple(clock.stages), against)


def _rows_compared(report: Report) -> int:
    return sum(check.rows for check in report.checks if check.against_reference)
