"""Compares two artifacts, and rows of serving with those that an artifact was fitted on."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.diagnostics import fail
from skc.failures import library_errors
from skc.ir import DataSource
from skc.options import DiffOptions, DriftOptions, FreshnessOptions, ParityOptions, PathLike, ReplayOptions
from skc.progress import Progress
from skc.verifying import blocks_of

if TYPE_CHECKING:
    from skc.comparison.report import DiffReport
    from skc.comparison.rows import RowsChanged
    from skc.skew.freshness.report import FreshnessReport
    from skc.skew.parity.report import ParityReport
    from skc.skew.replay.report import ReplayReport
    from skc.skew.report import DriftReport


@library_errors()
def difference(old: PathLike, new: PathLike, options: DiffOptions, progress: Progress | None) -> DiffReport:
    """`diff`, with its options as one value."""
    from skc.comparison.changes import changes
    from skc.comparison.report import DiffReport, broken

    before, after = (artifacts.read(Path(path)) for path in (old, new))
    differences = changes(before.pipeline, after.pipeline, before.manifest, after.manifest)
    rows = None if options.data is None else _rows_changed(before, after, options.data, progress)
    report = DiffReport(before.manifest.plan, after.manifest.plan, differences, rows)
    return replace(report, broken=broken(options.rules(), report))


def _rows_changed(before: Artifact, after: Artifact, data: Any, progress: Progress | None) -> RowsChanged:
    from skc.comparison.rows import rows_changed, together
    from skc.data.typed_rows import open_rows

    with (
        open_rows(before.pipeline.inputs, data, DataSource(options=before.reading)) as old_rows,
        open_rows(after.pipeline.inputs, data, DataSource(options=after.reading)) as new_rows,
    ):
        return rows_changed(before, after, together(blocks_of(old_rows, progress), blocks_of(new_rows, None)))


@library_errors()
def replayed(logs: Sequence[PathLike], artifact: PathLike, options: ReplayOptions) -> ReplayReport:
    """`replay`, with its options as one value."""
    from skc.skew.replay.rules import read_key
    from skc.skew.replay.run import What, replay
    from skc.skew.replay.times import read_time
    from skc.skew.replay.training import Training

    directory = Path(artifact)
    what = What(
        since=read_time("since", options.since),
        until=read_time("until", options.until),
        rows=options.rows,
        any_plan=options.any_plan,
        own_plan=options.own_plan,
        is_exact=options.tolerance == "bits",
    )
    training = None
    if options.training is not None and options.key is not None:
        training = Training(options.training, read_key(options.key), options.time, is_exact=what.is_exact)
    loaded = artifacts.read(directory)
    return replay(loaded, directory, [Path(log) for log in logs], what, options.rules(), training)


@library_errors()
def drifted(data: Any, artifact: PathLike, options: DriftOptions) -> DriftReport:
    """`drift`, with its options as one value."""
    from skc.frontend.yaml.drift import read_thresholds
    from skc.profile.scales import overridden
    from skc.skew.log_plans import check_own_plan
    from skc.skew.prediction import read_prediction
    from skc.skew.reference import read_reference
    from skc.skew.served_log import is_log

    skew = _skew()
    against = read_reference(Path(artifact))
    check_own_plan(options.own_plan, has_plan=against.plan != "", is_log=is_log(data))
    own = against.profile.drift
    names = [*against.profile.labels, *([] if options.prediction is None else [options.prediction])]
    if options.thresholds is not None:
        own = overridden(own, read_thresholds(Path(options.thresholds), names))
    prediction = None
    if options.prediction is not None:
        prediction = read_prediction(options.prediction, options.reference, against.reading, options.threads)
    division = skew.Division(own, options.window, options.by, options.group, options.threads)
    compared = skew.drift(against, data, division, prediction, own_plan=options.own_plan)
    report: DriftReport = skew.checked(compared, options.rules(), strict=options.strict)
    return report


@library_errors()
def parity(offline: Any, online: Any, options: ParityOptions) -> ParityReport:
    """`parity`, with its options as one value."""
    from skc.skew.parity.contract import contract_of
    from skc.skew.parity.running import checked, compare_sides, read_question
    from skc.skew.parity.store import import_store

    if (online is None) == (options.store is None):
        hint = "give a table, an export, or --online module:get_many"
        problem = "there is no online side" if online is None else "there are two online sides"
        raise fail("SKC140", problem, hint=hint)
    question = read_question(options)
    store = import_store(options.store) if isinstance(options.store, str) else options.store
    contract = contract_of(options.artifact, offline, question)
    return checked(compare_sides(offline, online, store, contract, question), options.rules())


def _skew(module: str = "skc.skew.drift") -> Any:
    """A module that needs SciPy."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not (error.name or "").startswith("scipy"):
            raise
        hint = 'install it: `pip install "skc[skew]"`'
        raise fail("SKC620", "SciPy is not installed, whose tests say what is drift", hint=hint) from None


@library_errors()
def freshness_of(logs: Sequence[PathLike], artifact: PathLike | None, options: FreshnessOptions) -> FreshnessReport:
    """`freshness`, with its options as one value."""
    from skc.skew.freshness.expected import expected
    from skc.skew.freshness.measure import measure, strictly
    from skc.skew.log_plans import check_own_plan

    if options.training is not None:
        _skew("skc.skew.measures")
    check_own_plan(options.own_plan, has_plan=artifact is not None)
    folder = None if artifact is None else Path(artifact)
    known = expected(folder, options.training, options.event, options.feature_time, options.threads)
    report = measure([Path(log) for log in logs], known, options.rules(), own_plan=options.own_plan)
    return strictly(report) if options.strict else report
