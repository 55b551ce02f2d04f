"""The rows of serving as a table of an engine: whatever fitting reads, by the same rules.

A log of requests becomes such rows too: what follows knows only `Served`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Column, Data, Stored
from skc.data.predicate import parse_predicate
from skc.data.sources import JSON, Source, resolve
from skc.data.stored import input_of, stored_columns, time_of
from skc.diagnostics import SkcError, fail
from skc.ir import DataSource, Input, ReadOptions
from skc.skew.features import FullFeatures
from skc.skew.log_parts import Unread
from skc.skew.log_plans import LogPlan
from skc.skew.served_log import FACTS, LoggedRows, is_log, open_log
from skc_runtime.manifest import OutputSpec

TIME = "time_us"  # of a request in a log
UNFIT = ("SKC203", "SKC204", "SKC205", "SKC206", "SKC207", "SKC225")  # what a predicate that does not fit raises


@dataclass(frozen=True)
class Served:
    """Open rows: the inputs that they have, those that no row has, and the other columns that were asked for.

    A log hides some inputs on purpose, and says which requests were refused, of how many, by the input.
    """

    data: Data
    present: tuple[Input, ...]
    missing: tuple[Input, ...]
    others: dict[str, Column]
    hidden: frozenset[str] = frozenset()
    refused: Mapping[str, int] = field(default_factory=dict)
    requests: int | None = None  # None for a table
    selected: int | None = None  # how many a predicate selects, if it fits the rows
    moment: Column | None = None  # the first of the columns that were sought
    full: FullFeatures | None = None  # columns of `others`, where requests have features in full
    unread: Unread | None = None  # of a log


@contextmanager
def open_served(
    data: Any,
    inputs: Sequence[Input],
    others: Sequence[str],
    reading: ReadOptions,
    threads: int | None = None,
    plan: LogPlan | None = None,
    prediction: Input | None = None,
    where: str | None = None,
    outputs: Sequence[OutputSpec] = (),
    moments: Sequence[str] = (),
) -> Iterator[Served]:
    """Open rows with some inputs, a column of predictions, and some `others`, of the types that they are stored as; a
    log must be of `plan`, and may have `outputs` in full. Those that the predicate `where` selects are counted. Of
    `moments`, which are not inputs, the first that is a column of times is opened too; of a log it is the time of the
    request.

    It is not an error that an input is missing. Raises SKC200 to SKC206, SKC601 to SKC604, SKC623 for one of the others
    that is missing, SKC625 if the rows have none of the inputs.
    """
    added = [] if prediction is None else [prediction]
    if not is_log(data):
        with _open_table(data, [*inputs, *added], others, reading, threads, where, moments) as served:
            yield served
        return
    with open_log(Path(data), inputs, plan or LogPlan(), outputs) as log:
        seen = log.seen or {i.name for i in inputs}  # without a request, nothing is missing
        visible = [i for i in inputs if i.name in seen - log.hidden] + [i for i in added if i.name in FACTS]
        full = log.full if log.full is not None and log.full.count else None
        if inputs and full is None and not any(i.name in seen - log.hidden for i in inputs):
            raise _nothing_shown(inputs)
        columns = [*others, *([] if full is None else [full.marker, *full.names.values()])]
        time = [TIME] if moments else []
        with _open_table(log.file, visible, columns, ReadOptions(), threads, where, time) as served:
            yield replace(_with_log(served, [*inputs, *added], log), full=full, unread=log.unread)


def _with_log(served: Served, inputs: Sequence[Input], log: LoggedRows) -> Served:
    present = {i.name for i in served.present}
    missing = tuple(i for i in inputs if i.name not in present)
    requests = round(log.served) + log.refused
    return replace(
        served, missing=missing, hidden=frozenset(log.hidden), refused=log.refused_by_input, requests=requests
    )


@contextmanager
def _open_table(
    data: Any,
    inputs: Sequence[Input],
    others: Sequence[str],
    reading: ReadOptions,
    threads: int | None,
    where: str | None,
    moments: Sequence[str],
) -> Iterator[Served]:
    source, _ = resolve(data, DataSource(options=reading))
    names = {i.name for i in inputs}
    is_json = source.kind in JSON  # of which only reading it all says which keys there are
    stored = [] if is_json and names.issuperset([*others, *moments]) else stored_columns(source, threads)
    known = {column.name for column in stored}
    added = [input_of(name, stored) for name in others if name not in names]
    moment = _moment(moments, stored, names)
    if moment is not None and moment.name not in others:
        added.append(moment)
    present = tuple(i for i in inputs if is_json or i.name in known)
    if not present and not added:
        raise _nothing_in_common(inputs, known)
    with open_engine(threads, MEMORY_LIMIT) as engine:
        opened = engine.load(source, (*present, *added), DataSource()).cached()
        keys = opened.keys()
        there = tuple(i for i in present if keys is None or i.name in keys)
        if inputs and not there:
            raise _nothing_in_common(inputs, known if keys is None else set(keys))
        columns = {i.name: Column(i.name, i.dtype, f"column `{i.name}`") for i in (*there, *added)}
        missing = tuple(i for i in inputs if i not in there)
        moment_column = None if moment is None else columns[moment.name]
        selected = None if where is None else _selected(source, there, where, threads)
        yield Served(
            opened, there, missing, {name: columns[name] for name in others}, selected=selected, moment=moment_column
        )


def _moment(names: Sequence[str], stored: Sequence[Stored], inputs: Collection[str]) -> Input | None:
    """The first of some columns that holds times, and is not an input."""
    known = {column.name for column in stored} - set(inputs)
    for name in names:
        if name in known:
            try:
                return time_of(name, stored, None)
            except SkcError:
                continue  # of another type
    return None


def _selected(source: Source, inputs: Sequence[Input], where: str, threads: int | None) -> int | None:
    """How many rows a predicate selects; None where it does not fit them, as it names a column that they lack."""
    names = {name.lower() for name in parse_predicate(where, None).columns}
    needed = tuple(i for i in inputs if i.name.lower() in names) or tuple(inputs)
    try:
        with open_engine(threads, MEMORY_LIMIT) as engine:
            return engine.load(source, needed, DataSource(where=where)).count()
    except SkcError as error:
        if error.code not in UNFIT:
            raise
        return None


def as_number(value: Input) -> Input:
    """A column of texts, as numbers."""
    return replace(value, dtype="float64")


def _nothing_shown(inputs: Sequence[Input]) -> SkcError:
    names = ", ".join(f"`{i.name}`" for i in inputs[:10])
    hint = "log with features=full, and the outputs are compared as they were served; or hide fewer inputs"
    return fail(
        "SKC625", f"the log shows none of the inputs {names}, and no request has its features in full", hint=hint
    )


def _nothing_in_common(inputs: Sequence[Input], known: set[str]) -> Exception:
    some = ", ".join(f"`{name}`" for name in sorted(known)[:10])
    names = ", ".join(f"`{i.name}`" for i in inputs[:10])
    hint = "give rows of requests: their columns have the names of the inputs"
    return fail("SKC625", f"the table has none of the columns {names}", hint=hint, notes=[f"columns: {some}"])
