"""The functions behind the public names. Each calls the stages in order: read, fit, lower, write, verify.

Why imports inside: verifying an artifact needs no engine, no Arrow and no front end, and they take as long to import as
a small artifact takes to verify.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_args

import skc_runtime
from skc import artifact as artifacts
from skc import signing, verifying
from skc.comparing import difference
from skc.diagnostics import Diagnostic, SkcError, fail
from skc.environment_matrix import Matrix
from skc.failures import library_errors
from skc.frontend.references import is_reference
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import DataSource
from skc.options import (
    CheckOptions,
    CompileOptions,
    Dates,
    DiffOptions,
    EngineName,
    FloatName,
    PathLike,
    RefusedName,
    StateEngineName,
    TableName,
    TransformOptions,
    VerifyOptions,
    engine_for,
)
from skc.progress import Progress
from skc.results import Clock, Compiled, Drafted
from skc.selfcheck import PER_KIND
from skc.verification import explain as explanation
from skc.verification import identity
from skc.verification.explain import Explanation
from skc.verification.record import read_record
from skc.verification.report import Report
from skc.verifying import (
    check_versions,
    in_environments,
    planted_faults,
    verification,
)
from skc_runtime.identity import Key
from skc_runtime.identity import Signature as KeySignature
from skc_runtime.manifest import Signature

if TYPE_CHECKING:
    from skc.comparison.report import DiffReport
    from skc.frontend.sklearn.survey import Survey
    from skc.selfcheck.report import SelfCheck


@library_errors()
def init(
    data: Any,
    out: PathLike | None = None,
    *,
    target: str | None = None,
    dates: Dates | None = None,
    force: bool = False,
) -> Drafted:
    """Write a first pipeline for data, with comments that say why: `.text` of what is returned, and the file `out`.

    `data` is a path, a glob, a folder, or a pandas, Polars or PyArrow table. `target` names the column that a model
    predicts, which is not an input. `dates` says what 03/04/2025 is where the data does not. Raises SkcError.
    """
    from skc.draft.drafting import draft_of
    from skc.draft.files import check_draft, check_file, write_text
    from skc.draft.rendering import data_path, name_of, text_of

    if dates not in (None, *get_args(Dates)):
        raise fail("SKC140", f"`{dates}` is not an order of dates", hint=f"choose {' or '.join(get_args(Dates))}")
    path = None if out is None else Path(out)
    if path is not None:
        check_file(path, force=force)
    draft = draft_of(data, target, None if dates is None else dates == "day-first")
    text = text_of(draft, data_path(draft, path))
    check_draft(text)
    if path is not None:
        write_text(text, path)
    return Drafted(name_of(draft), text, path, draft.rows, draft.columns, draft.warnings)


def compile(
    pipeline: Any,
    data: Any = None,
    out: PathLike | None = None,
    *,
    signature: Signature = "packed",
    verify: bool = True,
    rows: int = 10_000,
    seed: int = 0,
    budget: str | None = None,
    force: bool = False,
    threads: int | None = None,
    engine: EngineName = "duckdb",
    master: str | None = None,
    dtype: FloatName | None = None,
    trust_pickle: bool = False,
    trust_type: Sequence[str] = (),
    allow_version: bool = False,
    trust_model: bool = False,
    profile: bool = True,
    signals: bool = False,
    progress: Progress | None = None,
) -> Compiled:
    """Fit a pipeline, compile it, verify it on its own data and more, and write the artifact.

    `pipeline` is a pipeline.yaml or a `Pipeline`; `data` overrides the data it declares: a path, a glob, a pandas,
    Polars or PyArrow table, a DataFrame of Spark, or a table of Postgres (`postgresql://host/database::table`, or a
    table expression of Ibis), whose rows stay where they are: see docs/warehouses.md. Or `pipeline` is a fitted
    estimator of scikit-learn, or where one is kept: `module:object`, a .skops file, with `trust_pickle` a .joblib or
    .pkl file. `data` then has some rows of what its `fit` was given; they say which types its columns have, and nothing
    is fitted from them. `dtype` is that of the features, float64 by default; `trust_type` names types that a .skops
    file may hold; `allow_version` accepts an estimator that another version of scikit-learn fitted; `trust_model`
    imports the `model` that a pipeline.yaml names. `profile` writes into the artifact what the columns of the training
    rows look like (profile.json); the `profile` of a pipeline.yaml says which of them. With `signals`, or `signals:
    true` in the pipeline.yaml, runtimes count values that are null, unknown, invalid, clipped or out of the range of
    training: see docs/signals.md.

    With the `engine` "spark", rows stay where they are, in files that all executors see or in a DataFrame of Spark,
    which says so by itself: see docs/spark.md. `master` is the URL of its master; without it the session that is active
    is used, or one on this machine.

    `signature` says how the graph takes its inputs: "packed", as one tensor for each type, or "columns", as one for
    each input. Nothing is written if `out` is None or a difference was found: see `.report`. `budget`, such as "30s",
    ends the verification after that time; the report says what was not tried.
    Raises SkcError, with a code, a location and a hint, for everything a user can cause, SKC512 if every row of the
    data is refused.
    """
    options = CompileOptions(
        data=data,
        signature=signature,
        force=force,
        verify=verify,
        rows=rows,
        seed=seed,
        budget=budget,
        threads=threads,
        engine=engine_for(data, engine),
        master=master,
        dtype=dtype,
        trust_pickle=trust_pickle,
        trust_type=tuple(trust_type),
        allow_version=allow_version,
        trust_model=trust_model,
        profile=profile,
        signals=signals,
    )
    return compilation(pipeline, out, options, progress)


@library_errors()
def compilation(pipeline: Any, out: PathLike | None, options: CompileOptions, progress: Progress | None) -> Compiled:
    """`compile`, with its options as one value."""
    from skc.compiling import compiled
    from skc.data.default import engine_of
    from skc.data.sources import only_engine
    from skc.fit import fit
    from skc.origin import read_origin
    from skc.skew.freshness.leaks import leak_warnings

    target = None if out is None else Path(out)
    if target is not None:
        artifacts.check_target(target, force=options.force)
    clock = Clock()
    origin = read_origin(pipeline, options)
    engine = only_engine(origin.to_fit, origin.pipeline.data)
    if engine is not None:
        options = options.read_by(engine)
    open_engine = engine_of(options.engine, options.master)
    leaks = leak_warnings(origin.pipeline, origin.to_fit, options.threads, open_engine)
    fitted = fit(
        origin.pipeline,
        origin.to_fit,
        threads=options.threads,
        progress=progress,
        open_engine=open_engine,
        profile=origin.pipeline.profile if options.profile else None,
    )
    clock.lap("fit" if origin.source is None else "load", fitted.rows)
    is_here = options.engine == "duckdb"
    return compiled(pipeline, origin, fitted, target, options, clock, progress, leaks, rows_are_here=is_here)


def verify(
    artifact: PathLike,
    data: Any = None,
    *,
    rows: int = 10_000,
    seed: int = 0,
    budget: str | None = None,
    record: str | None = None,
    save: bool = False,
    key: Key | None = None,
    against: Any = None,
    progress: Progress | None = None,
) -> Report:
    """Verify an artifact against its reference: on `data` if given, on boundaries, generated and hostile rows.

    With `against`, a fitted estimator of scikit-learn or where one is kept (see `compile`), the artifact is compared
    with that instead; `data` then has some rows of what its `fit` was given.

    With `record` (a JSON object, numbers or golden forms, or `@FILE`) only that record is compared. With `key`, a
    public key in PEM (its text, or a path), the artifact must be signed with it. `save` writes verified.json. `budget`,
    such as "30s", is the time after which no more rows are tried; the report says how many were not. Raises SkcError.
    """
    options = VerifyOptions(
        data=data, rows=rows, seed=seed, budget=budget, record=record, save=save, key=key, against=against
    )
    return verification(artifact, options, progress).report


def self_check(
    artifact: PathLike,
    *,
    rows: int = 10_000,
    seed: int = 0,
    per_kind: int | None = PER_KIND,
    key: Key | None = None,
    progress: Progress | None = None,
) -> SelfCheck:
    """Plant faults in an artifact, and report which of them verification finds, and where. Raises SkcError.

    `per_kind` limits how many of each kind are tried; None tries all of them. `key` as for `verify`.
    """
    options = VerifyOptions(rows=rows, seed=seed, key=key, self_check=True)
    return planted_faults(artifact, options, per_kind, progress)


@library_errors()
def environments(
    artifact: PathLike,
    versions: Sequence[str] = (),
    *,
    rows: int = 10_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Matrix:
    """Run an artifact under other versions of ONNX Runtime ("1.21", "1.24.1", "latest"), each in a throw-away
    environment, and under ONNX's reference evaluator; every row is compared with the reference. Raises SkcError.
    """
    options = VerifyOptions(rows=rows, seed=seed, onnxruntime=tuple(versions))
    check_versions(options)
    return in_environments(artifacts.read(Path(artifact)), options, progress)


def diff(
    old: PathLike,
    new: PathLike,
    data: Any = None,
    *,
    fail_on: Sequence[str] = (),
    progress: Progress | None = None,
) -> DiffReport:
    """What the artifact `new` does differently from `old`; with `data`, for how many of its rows.

    `.broken` says which rules of `fail_on`, such as "moved-ids" or "rows>0.01", do not hold. Raises SkcError.
    """
    return difference(old, new, DiffOptions(data=data, fail_on=tuple(fail_on)), progress)


@library_errors()
def sign(artifact: PathLike, key: Key) -> KeySignature:
    """Write manifest.sig into the folder of an artifact that load accepts here. Raises SkcError.

    `key` is an Ed25519 private key in PEM, as created by `openssl genpkey -algorithm ed25519`: its text, or a path.
    """
    signature = signing.sign(artifacts.read(Path(artifact)), key)
    signing.write(signature, Path(artifact))
    return signature


@library_errors()
def explain(artifact: PathLike, record: str) -> Explanation:
    """Trace one record through every step of an artifact, on both sides.

    `record` is JSON as in golden.jsonl, or `@FILE`. Raises SkcError.
    """
    loaded = artifacts.read(Path(artifact))
    identity.check_manifest(loaded)
    return explanation.explain(loaded, read_record(loaded, record), verifying.oracle_of(loaded))


@library_errors()
def transform(
    artifact: PathLike,
    data: Any,
    out: PathLike | BinaryIO,
    *,
    table: TableName | None = None,
    keep: Sequence[str] = (),
    plain_names: bool = False,
    refused: RefusedName = "error",
    force: bool = False,
    engine: StateEngineName = "duckdb",
    master: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run an artifact over data of any size, into one table that is written completely or not at all.

    `table` is parquet, csv or arrow; by default the suffix of `out` says it, and an open binary file gets CSV. Columns
    are named as in the manifest (`OUTPUT.COLUMN` where there are several outputs and `plain_names` is not given).
    `keep` copies columns of the data behind them: inputs as the pipeline reads them, others as they are stored, which
    in a CSV file is text. A row that a policy or the inputs refuse is an error that names it; with the `refused`
    "column", its features are null, and the last column, `refused`, says why.

    With the `engine` "spark", or a DataFrame of Spark as `data`, `out` becomes a folder of Parquet files, of one for
    each file or partition of the data. Returns the facts: rows, refused, columns, seconds. Raises SkcError.
    """
    options = TransformOptions(
        table=table,
        keep=tuple(keep),
        plain_names=plain_names,
        refused=refused,
        force=force,
        engine=engine_for(data, engine),
        master=master,
    )
    return transformed(artifact, data, out, options, progress)


@library_errors()
def transformed(
    artifact: PathLike,
    data: Any,
    out: PathLike | BinaryIO,
    options: TransformOptions,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """`transform`, with its options as one value. Raises SkcError."""
    from skc.data.sources import only_engine
    from skc.data.typed_rows import open_rows
    from skc.streaming import open_table, write_features
    from skc_runtime.tables import Form

    started = time.perf_counter()
    form = Form(options.keep, options.refused, plain_names=options.plain_names)
    if "spark" in (options.engine, only_engine(data, None)):
        from skc.streaming.spark import write_folder

        facts = write_folder(Path(artifact), data, out, form, force=options.force, master=options.master)
        return {**facts, "seconds": round(time.perf_counter() - started, 3)}
    target = open_table(out, options.table, force=options.force)
    loaded = artifacts.read(Path(artifact))
    inputs, reading = loaded.pipeline.inputs, DataSource(options=loaded.reading)
    serving = skc_runtime.Transformer(loaded.manifest, loaded.files[artifacts.MODEL], threads=1)  # for each part
    del loaded  # with large vocabularies, it takes more memory than the rows
    with serving as transformer, open_rows(inputs, data, reading, options.keep, checked=False) as rows:
        columns, refused = write_features(transformer, rows, target, progress, form)
        facts = {"rows": rows.total, "refused": refused, "columns": columns}
        return {**facts, "seconds": round(time.perf_counter() - started, 3)}


@library_errors()
def check(pipeline: Any, data: Any = None) -> tuple[Diagnostic, ...]:
    """Check a pipeline, and with `data` whether its rows fit the inputs, read as the pipeline says; or an estimator of
    scikit-learn, with a sample in `data` if there is one.

    Returns the warnings; raises SkcError with every error found.
    """
    from skc.data.typed_rows import open_rows
    from skc.skew.freshness.leaks import leak_warnings

    is_path = isinstance(pipeline, str | os.PathLike)
    if is_path and not is_reference(os.fspath(pipeline)):
        read, warnings = read_pipeline(Path(pipeline))
        if data is not None:
            with open_rows(read.inputs, data, read.data):
                pass
            return (*warnings, *leak_warnings(read, data, is_training=False))
        return warnings
    surveyed = survey_of(pipeline, CheckOptions(data=data))
    if not surveyed.compiles:
        raise SkcError(*surveyed.refusals)
    return ()


def survey_of(subject: Any, options: CheckOptions) -> Survey:
    """Which steps of an estimator compile. Raises SkcError if it cannot be loaded."""
    from skc.frontend.sklearn.sample import read_rows
    from skc.frontend.sklearn.survey import survey
    from skc.origin import load_estimator

    estimator = load_estimator(subject, options)
    rows = read_rows(options.data) if isinstance(options.data, str | os.PathLike) else options.data
    return survey(estimator, os.fspath(subject) if isinstance(subject, str | os.PathLike) else "the estimator", rows)
