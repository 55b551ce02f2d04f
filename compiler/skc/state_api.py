"""The functions behind `skc fit` and `skc merge`: states of some rows, and the artifact of all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc import artifact as artifacts
from skc.diagnostics import Diagnostic, fail
from skc.failures import library_errors
from skc.ir import Pipeline
from skc.options import LIMIT, CompileOptions, FitOptions, MergeOptions, PathLike, StateEngineName, engine_for
from skc.progress import Progress
from skc.results import Clock, Collected, Compiled
from skc_runtime.manifest import Signature

if TYPE_CHECKING:
    from skc.state.contents import Contents
    from skc.state.state import State


def fit_state(
    pipeline: Any,
    data: Any = None,
    out: PathLike | None = None,
    *,
    limit: int = LIMIT,
    profile: bool = True,
    force: bool = False,
    threads: int | None = None,
    engine: StateEngineName = "duckdb",
    master: str | None = None,
    progress: Progress | None = None,
) -> Collected:
    """Write the state of some rows: what fitting can depend on of them, so that they need not be read again.

    `pipeline`, `data`, `threads`, `engine` and `master` are as for `compile`; `out` is the file. `limit` is how many
    megabytes the distinct values of a column, or of columns that a step needs together, may take: beyond, the
    statistics that need them cannot be merged, and `.cannot` says which these are. Without `profile`, artifacts of the
    state have no profile. Raises SkcError.
    """
    options = FitOptions(
        data=data,
        limit=limit,
        profile=profile,
        force=force,
        threads=threads,
        engine=engine_for(data, engine),
        master=master,
    )
    return collected(pipeline, out, options, progress)


@library_errors()
def collected(pipeline: Any, out: PathLike | None, options: FitOptions, progress: Progress | None) -> Collected:
    """`fit_state`, with its options as one value."""
    from skc.data.default import engine_of
    from skc.data.sources import only_engine
    from skc.skew.freshness.leaks import leak_warnings
    from skc.state.collect import collect

    target = _checked(out, force=options.force)
    parsed, text, warnings = _pipeline(pipeline)
    engine = only_engine(options.data, parsed.data)
    if engine == "postgres":
        hint = "write the rows into files of Parquet, and give these"
        raise fail("SKC699", "a database has no state of its rows", hint=hint)
    open_engine = engine_of(engine or options.engine, options.master)
    leaks = leak_warnings(parsed, options.data, options.threads, open_engine)
    state, contents = collect(
        parsed,
        options.data,
        text=text,
        limit=options.limit,
        threads=options.threads,
        progress=progress,
        open_engine=open_engine,
        profile=parsed.profile if options.profile else None,
    )
    return _written(state, contents, target, (*warnings, *leaks))


def merge(
    states: Sequence[PathLike],
    out: PathLike | None = None,
    *,
    pipeline: Any = None,
    allow_overlap: bool = False,
    signature: Signature = "packed",
    verify: bool = True,
    rows: int = 10_000,
    seed: int = 0,
    budget: str | None = None,
    force: bool = False,
    trust_pickle: bool = False,
    trust_type: Sequence[str] = (),
    allow_version: bool = False,
    trust_model: bool = False,
    signals: bool = False,
    progress: Progress | None = None,
) -> Compiled:
    """The artifact of all the rows that some states are of: the same that `compile` makes of these rows, to the byte.

    `states` are files that `fit_state` or `merge_states` wrote, in any order; `pipeline` is a pipeline.yaml, if it is
    not the one that they were written with, and learns the same. `allow_overlap` merges states of the same file. The
    others are as for `compile`, which verifies on all rows, while this has a sample of them. Raises SkcError: SKC696
    for a file that is not a state, SKC697 for states that do not belong together, SKC698 for every statistic that
    cannot be merged.
    """
    options = MergeOptions(
        pipeline=pipeline,
        allow_overlap=allow_overlap,
        signature=signature,
        force=force,
        verify=verify,
        rows=rows,
        seed=seed,
        budget=budget,
        trust_pickle=trust_pickle,
        trust_type=tuple(trust_type),
        allow_version=allow_version,
        trust_model=trust_model,
        signals=signals,
    )
    return merged_artifact(states, out, options, progress)


def merge_states(
    states: Sequence[PathLike],
    out: PathLike | None = None,
    *,
    pipeline: Any = None,
    allow_overlap: bool = False,
    force: bool = False,
) -> Collected:
    """Write the state of all the rows that some states are of. The arguments are as for `merge`. Raises SkcError."""
    options = MergeOptions(pipeline=pipeline, allow_overlap=allow_overlap, force=force)
    return merged_state(states, out, options)


@library_errors()
def merged_artifact(
    states: Sequence[PathLike], out: PathLike | None, options: MergeOptions, progress: Progress | None
) -> Compiled:
    """`merge`, with its options as one value."""
    import pyarrow as pa

    from skc.compiling import compiled
    from skc.data.counted.engine import engine_of_known
    from skc.fit import fit
    from skc.origin import read_origin
    from skc.state.state import known_of
    from skc.state.together import merged_files

    target = None if out is None else Path(out)
    if target is not None:
        artifacts.check_target(target, force=options.force)
    clock = Clock()
    pipeline, text, _ = _pipeline(options.pipeline)
    state, contents = merged_files(_paths(states), pipeline, text, allow_overlap=options.allow_overlap)
    as_compiled = CompileOptions(
        signature=options.signature,
        force=options.force,
        verify=options.verify,
        rows=options.rows,
        seed=options.seed,
        budget=options.budget,
        trust_pickle=options.trust_pickle,
        trust_type=options.trust_type,
        allow_version=options.allow_version,
        trust_model=options.trust_model,
        profile=contents.profile is not None,
        signals=options.signals,
    )
    origin = read_origin(contents.own, as_compiled)
    fitted = fit(
        contents.own,
        pa.table({}),
        progress=progress,
        open_engine=engine_of_known(known_of(state, contents)),
        profile=contents.profile,
        apart=True,
    )
    clock.lap("merge", fitted.rows)
    return compiled(contents.own, origin, fitted, target, as_compiled, clock, progress, rows_are_here=False)


@library_errors()
def merged_state(states: Sequence[PathLike], out: PathLike | None, options: MergeOptions) -> Collected:
    """`merge_states`, with its options as one value."""
    from skc.state.together import merged_files

    target = _checked(out, force=options.force)
    pipeline, text, warnings = _pipeline(options.pipeline)
    state, contents = merged_files(_paths(states), pipeline, text, allow_overlap=options.allow_overlap)
    return _written(state, contents, target, warnings)


def _pipeline(subject: Any) -> tuple[Any, str | None, tuple[Diagnostic, ...]]:
    """A pipeline, its text and warnings; None for None. Raises SKC140 for what is fitted already."""
    from skc.frontend.references import is_reference
    from skc.frontend.yaml.reader import read_pipeline

    if subject is None or isinstance(subject, Pipeline):
        return subject, None, ()
    if not isinstance(subject, str | os.PathLike) or is_reference(os.fspath(subject)):
        raise fail("SKC140", "an estimator of scikit-learn is fitted already", hint="give a pipeline.yaml")
    pipeline, warnings = read_pipeline(Path(subject))
    return pipeline, Path(subject).read_text("utf-8"), tuple(warnings)


def _paths(states: Sequence[PathLike]) -> list[Path]:
    return [Path(states)] if isinstance(states, str | os.PathLike) else [Path(state) for state in states]


def _checked(out: PathLike | None, *, force: bool) -> Path | None:
    """The file to write. Raises SKC410, SKC412."""
    from skc.draft.files import check_file

    path = None if out is None else Path(out)
    if path is not None:
        check_file(path, force=force)
    return path


def _written(state: State, contents: Contents, path: Path | None, warnings: Sequence[Diagnostic]) -> Collected:
    from skc.state.document import dumps, write
    from skc.state.state import unmergeable

    data = dumps(state, contents)
    if path is not None:
        write(data, path)
    names = tuple(source.name for source in state.sources)
    cannot = tuple(unmergeable(state, contents))
    return Collected(contents.own.name, path, state.rows, len(data), names, cannot, tuple(warnings))
