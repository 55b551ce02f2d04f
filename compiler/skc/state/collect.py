"""The state of some rows, in one pass over them where they lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from importlib import metadata
from typing import Any

import numpy as np

from skc.data.contract import check_rows
from skc.data.counted.candidates import candidates
from skc.data.counted.engine import Known, KnownData
from skc.data.counted.rows import CountRows, TooLarge
from skc.data.default import open_engine as open_default
from skc.data.engine import MEMORY_LIMIT, Data, OpenEngine, Term
from skc.data.sources import Source, resolve
from skc.data.statistics import summarise
from skc.ir import Pipeline, ProfileOptions
from skc.output_values import sample_size
from skc.progress import Progress
from skc.state.contents import Contents, contents_of
from skc.state.document import content_digest
from skc.state.state import MEGABYTE, Before, ReadSource, State
from skc.stats.answers import Summary


def collect(
    pipeline: Pipeline,
    data: Any = None,
    *,
    text: str | None = None,
    limit: int,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
    progress: Progress | None = None,
    open_engine: OpenEngine = open_default,
    profile: ProfileOptions | None = None,
) -> tuple[State, Contents]:
    """The state of the rows that `data` names, or the pipeline itself, and its contents.

    `text` is the pipeline.yaml; `limit` is how many megabytes a table may take; the others are as in `skc.fit.fit`.

    Raises what fitting raises before a step learns, but not for a lack of rows, nor for a key that no record has: other
    rows may have it.
    """
    pipeline.verify()
    source, declared = resolve(data, pipeline.data)
    contents = contents_of(pipeline, declared, profile)
    with open_engine(threads, memory_limit) as engine:
        if progress is not None:
            progress("reading", 0, None)
        opened = engine.load(source, contents.pipeline.inputs, declared).cached()
        state = _state(opened, contents, limit * MEGABYTE, text)
        if progress is not None:
            progress("reading", state.rows, state.rows)
        return replace(state, sources=_sources(opened.source, state, contents) if state.rows else ()), contents


def _state(data: Data, contents: Contents, limit: int, text: str | None) -> State:
    rows, aggregates = data.count(), tuple(data.aggregate(contents.aggregates))
    known = Known(rows, {}, dict(zip(contents.aggregates, aggregates, strict=True)))
    summaries = summarise(KnownData(data.source, contents.pipeline.inputs, known), contents.in_place)
    promised = {name: _summary_of(contents, summaries, name) for name in contents.promised}
    if rows:
        check_rows(data, promised, contents.target, are_all=False)
    by_column = {column: summaries[key] for key, column in contents.in_place.items()}
    keys = data.keys()
    columns = contents.columns([i.name for i in contents.pipeline.inputs])
    places = {column.name: k for k, column in enumerate(columns)}
    counting = CountRows(columns, tuple(tuple(places[name] for name in names) for names in contents.tables), limit)
    tables = counting.finished(data.fold(counting, counting.add, columns) if columns else None)
    whole, size = contents.whole, sample_size(len(contents.sampled))
    is_sampled = whole is not None and isinstance(tables[whole], TooLarge)
    return State(
        version=metadata.version("skc"),
        pipeline=contents.digest,
        text=text,
        limit=limit,
        rows=rows,
        sources=(),
        aggregates=aggregates,
        sums=_sums(data, contents, by_column),
        before=_before(data, contents),
        narrow=frozenset(data.narrow()),
        keys=None if keys is None else frozenset(places.keys() & set(keys)),
        constant=_constant(data, contents, promised) if rows else (),
        tables=tables,
        candidates=candidates(data, contents.sampled, size, is_counted=False) if is_sampled else None,
    )


def _summary_of(contents: Contents, summaries: dict[str, Summary], name: str) -> Summary:
    """Of the column that the contract of an input is about."""
    column = contents.promised[name]
    return next(summaries[key] for key, other in contents.in_place.items() if other == column)


def _sums(data: Data, contents: Contents, summaries: dict[Any, Summary]) -> tuple[Fraction | None, ...]:
    finite = [column for column in contents.means if not summaries[column].infinite]
    totals = dict(zip(finite, data.sums([Term(column) for column in finite]), strict=True))
    return tuple(totals.get(column) for column in contents.means)


def _before(data: Data, contents: Contents) -> Before | None:
    if contents.before is None:
        return None
    everything = data.unfiltered()
    return Before(everything.count(), tuple(everything.aggregate(contents.before)))


def _constant(data: Data, contents: Contents, promised: dict[str, Summary]) -> tuple[tuple[str, str], ...]:
    """The texts that are the same in all rows."""
    names = [c.name for c in contents.texts if not promised[c.name].nulls and data.is_constant(c.name)]
    first = data.rows_at(np.zeros(1, np.int64), contents.columns(names)).to_pylist()[0] if names else {}
    return tuple(sorted((name, first[name]) for name in names))


def _sources(source: Source, state: State, contents: Contents) -> tuple[ReadSource, ...]:
    """What was read: files by their bytes, where they are on this machine, else what is known of their rows."""
    paths = [source.path(file) for file in source.files]
    if not paths or not all(map(os.path.isfile, paths)):
        return (ReadSource(content_digest(state, contents), source.name),)
    table = "" if source.table is None else f"::{source.table}"
    pairs: Sequence[tuple[str, str]] = list(zip(source.files, paths, strict=True))
    return tuple(sorted(ReadSource(_digest(path, table), f"{file}{table}") for file, path in pairs))


def _digest(path: str, table: str) -> str:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(table.encode())
    return digest.hexdigest()
