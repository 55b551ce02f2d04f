"""Verifies an artifact, alone or with its rows, its faults planted, or other versions of ONNX Runtime.

Why imports inside: verifying an artifact needs no engine, no Arrow and no front end, and they take as long to import as
a small artifact takes to verify.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.diagnostics import SkcError, fail
from skc.environment_matrix import Matrix, matrix, packages, rows_to_try, save_record
from skc.failures import library_errors
from skc.ir import DataSource
from skc.options import CompileOptions, PathLike, VerifyOptions, seconds_of
from skc.oracle.default import step_oracle
from skc.oracle.protocol import StepOracle
from skc.passes.prune import prune
from skc.progress import Progress, Stages
from skc.results import Verified
from skc.rows.boundaries import Reach
from skc.selfcheck import PER_KIND
from skc.values.types import Block
from skc.verification import identity, run
from skc.verification.record import read_record
from skc.verification.report import Report
from skc.verification.run import Options as HowMuch
from skc_runtime.errors import shown

if TYPE_CHECKING:
    from skc.data.typed_rows import Rows
    from skc.oracle.sklearn import Source
    from skc.selfcheck.report import SelfCheck


@library_errors()
def verification(artifact: PathLike, options: VerifyOptions, progress: Progress | None) -> Verified:
    """`verify`, with its options as one value, and with other versions of ONNX Runtime if requested."""
    check_versions(options)
    directory = Path(artifact)
    # verifying replays the golden records itself, and says more
    loaded = artifacts.read(directory, replay=False, key=options.key)
    report = _report(loaded, directory, options, progress)
    matrix = in_environments(loaded, options, progress) if options.onnxruntime else None
    result = Verified(report, matrix)
    if options.save:
        save_record(directory, result.record())
    return result


def _report(artifact: Artifact, directory: Path, options: VerifyOptions, progress: Progress | None) -> Report:
    try:
        identity.check_model(artifact)
        identity.check_manifest(artifact)
        if options.record is not None:
            return run.verify_record(artifact, directory, read_record(artifact, options.record), oracle_of(artifact))
        if options.against is None:
            return verified(artifact, directory, options, None, progress)
        from skc.origin import compared_with

        source, with_rows = compared_with(artifact, options)
        repeat = repeating(options.against, options.data)
        return verified(artifact, directory, with_rows, None, progress, source, repeat=repeat)
    except (SkcError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        is_user_error = isinstance(error, SkcError) and not error.code.startswith("SKC9")
        if is_user_error or identity.is_own_work(artifact):
            raise
        reason = f"{type(error).__name__}: {shown(str(error), 200)}"
        hint = "the file was edited, or written by another version of skc; compile the pipeline again"
        raise fail("SKC401", f"plan.json cannot be run: {reason}", hint=hint) from None


def verified(
    artifact: Artifact,
    directory: Path | None,
    options: CompileOptions | VerifyOptions,
    declared: DataSource | None,
    progress: Progress | None,
    source: Source | None = None,
    reach: Reach | None = None,
    without_oracle: bool = True,
    repeat: tuple[str, ...] = (),
    budget: float | None = None,
) -> Report:
    """Verify an artifact, with the rows of `options.data` or of `declared` if there are any. With `source`, it is
    compared with that estimator; `repeat` are the options that do so again.
    """
    budget = seconds_of(options.budget) if budget is None else budget
    report_stage = stages("verify", progress)
    amount = HowMuch(options.rows, options.seed, without_oracle, repeat, budget)
    oracle = oracle_of(artifact, source, options.rows)
    if options.data is None and (declared is None or declared.path is None):
        return run.verify(artifact, directory, None, amount, report_stage, oracle, reach)
    from skc.data.typed_rows import open_rows

    declared = declared or DataSource(options=artifact.reading)
    with open_rows(artifact.pipeline.inputs, options.data, declared) as opened:
        blocks = blocks_of(opened, progress)
        return run.verify(artifact, directory, blocks, amount, report_stage, oracle, reach, opened.total)


def repeating(estimator: Any, data: Any) -> tuple[str, ...]:
    """The options of `skc verify` that compare with an estimator; a word in capitals for a Python object."""

    def word(value: Any, otherwise: str) -> str:
        return os.fspath(value) if isinstance(value, str | os.PathLike) else otherwise

    rows = () if data is None else ("--data", word(data, "ROWS"))
    return ("--against", word(estimator, "MODULE:OBJECT"), *rows)


def oracle_of(artifact: Artifact, source: Source | None = None, rows: int = 0) -> StepOracle:
    """What an artifact is compared with, whatever is asked about it: the reference of its plan, or an estimator.

    A call of an estimator for a single row is slow: it is made for a hundredth of the `rows` that are generated.
    """
    pipeline = prune(artifact.pipeline)
    reference = step_oracle(pipeline, artifact.manifest)
    if source is None:
        return reference
    from skc.oracle.sklearn import MOST_ALONE, SklearnOracle

    alone = min(MOST_ALONE, rows // 100)
    estimator = SklearnOracle(source, artifact.manifest, lambda blocks: reference.run(blocks).refused, alone)
    return step_oracle(pipeline, artifact.manifest, estimator)


def stages(what: str, progress: Progress | None) -> Stages:
    """Stages without a count of rows, reported when they begin."""

    def report_stage(stage: str) -> None:
        if progress is not None:
            progress(f"{what}: {stage}", 0, None)

    return report_stage


def blocks_of(opened: Rows, progress: Progress | None) -> Iterator[Mapping[str, Block]]:
    """The rows, reported as they are taken."""
    done = 0
    for blocks, _ in opened.batches():
        yield blocks
        done += next(iter(blocks.values())).rows
        if progress is not None:
            progress("verify: data", done, opened.total)


@library_errors()
def planted_faults(
    artifact: PathLike, options: VerifyOptions, per_kind: int | None = PER_KIND, progress: Progress | None = None
) -> SelfCheck:
    """`self_check`, with its options as one value."""
    from skc.selfcheck import run as selfcheck

    loaded = artifacts.read(Path(artifact), key=options.key)
    identity.check_manifest(loaded)
    amount, report_stage = HowMuch(options.rows, options.seed), stages("self-check", progress)
    return selfcheck.self_check(loaded, amount, per_kind, report_stage, oracle_of(loaded))


def check_versions(options: VerifyOptions) -> None:
    """Report an invalid version before any work is done."""
    for version in options.onnxruntime:
        packages(version)


def in_environments(artifact: Artifact, options: VerifyOptions, progress: Progress | None) -> Matrix:
    """The artifact under other versions of ONNX Runtime, and under ONNX's reference evaluator."""
    identity.check_manifest(artifact)
    report_stage = stages("environments", progress)
    oracle = oracle_of(artifact)
    records = rows_to_try(artifact, options.rows, options.seed, report_stage, oracle)
    return matrix(artifact, records, options.onnxruntime, report_stage, oracle)
