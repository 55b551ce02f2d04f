"""A state in memory, and several as one: exact, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import pyarrow as pa

from skc.data.counted.candidates import Choices, candidates, drawn, together
from skc.data.counted.engine import Known
from skc.data.counted.rows import TooLarge, merged
from skc.data.counted.table import counted_table
from skc.data.engine import Aggregate
from skc.data.spark.aggregates import Aggregates
from skc.diagnostics import Diagnostic, SkcError
from skc.output_values import sample_size
from skc.state.contents import SAMPLE, Contents

MEGABYTE = 1 << 20


@dataclass(frozen=True, order=True)
class ReadSource:
    """What was read: the hash of its bytes (of a table in memory, of what is known of its rows), and its name."""

    sha256: str
    name: str


@dataclass(frozen=True)
class Before:
    """The rows that `where` selected from, and their aggregates."""

    rows: int
    aggregates: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class State:
    """What is known of some rows. Aggregates, sums and tables are in the order of the `Contents` of its pipeline.

    `version` is that of skc, `pipeline` the digest of the contents, `text` the pipeline.yaml. A table may have `limit`
    bytes, or is too large. A sum is None if it is infinite. `keys` are those inputs that any record has, None if the
    source declares its columns; `constant` has the texts of inputs that are the same in all rows. `candidates` are for
    the sample of all inputs, where their table is too large.
    """

    version: str
    pipeline: str
    text: str | None
    limit: int
    rows: int
    sources: tuple[ReadSource, ...]
    aggregates: tuple[Any, ...]
    sums: tuple[Fraction | None, ...]
    before: Before | None
    narrow: frozenset[str]
    keys: frozenset[str] | None
    constant: tuple[tuple[str, str], ...]
    tables: tuple[pa.Table | TooLarge, ...]
    candidates: Choices | None = None


def merge_states(states: Sequence[State], contents: Contents, text: str | None) -> State:
    """The state of all the rows. Their pipelines, versions and sources must have been checked."""
    limit = min(state.limit for state in states)
    added = Aggregates(contents.aggregates)
    tables = tuple(_table(parts, limit) for parts in zip(*(state.tables for state in states), strict=True))
    all_before = [state.before for state in states if state.before is not None]
    read = [state for state in states if state.rows]
    return State(
        version=states[0].version,
        pipeline=states[0].pipeline,
        text=text,
        limit=limit,
        rows=sum(state.rows for state in states),
        sources=tuple(sorted(source for state in states for source in state.sources)),
        aggregates=reduce(added.added, [state.aggregates for state in states]),
        sums=tuple(_total(parts) for parts in zip(*(state.sums for state in states), strict=True)),
        before=_before(all_before, contents) if all_before else None,
        narrow=frozenset[str]().union(*(state.narrow for state in states)),
        keys=_keys(read or states),
        constant=tuple(sorted(set.intersection(*(set(state.constant) for state in read or states)))),
        tables=tables,
        candidates=_candidates(states, tables, contents),
    )


def _total(parts: Sequence[Fraction | None]) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None


def _before(parts: Sequence[Before], contents: Contents) -> Before:
    added = Aggregates(contents.before or ())
    return Before(sum(part.rows for part in parts), reduce(added.added, [part.aggregates for part in parts]))


def _keys(states: Sequence[State]) -> frozenset[str] | None:
    known = [state.keys for state in states if state.keys is not None]
    return frozenset[str]().union(*known) if len(known) == len(states) else None


def _table(parts: Sequence[pa.Table | TooLarge], limit: int) -> pa.Table | TooLarge:
    tables = [part for part in parts if not isinstance(part, TooLarge)]
    return merged(tables, limit) if len(tables) == len(parts) else TooLarge()


def _candidates(states: Sequence[State], tables: Sequence[pa.Table | TooLarge], contents: Contents) -> Choices | None:
    k = contents.whole
    if k is None or not isinstance(tables[k], TooLarge):
        return None
    columns, size = contents.sampled, sample_size(len(contents.sampled))
    parts = []
    for state in states:
        table = state.tables[k]
        if not isinstance(table, TooLarge):
            parts.append(candidates(counted_table(table, columns), columns, size, is_counted=True))
        elif state.candidates is not None:
            parts.append(state.candidates)
    return together(parts, columns, sum(state.rows for state in states), size)


def sample_of(state: State, contents: Contents) -> pa.RecordBatch | None:
    """The sample that is profiled, where the table of all inputs is too large; None if it cannot be told."""
    columns = contents.sampled
    choices = state.candidates or ()
    return drawn(choices, columns, state.rows, sample_size(len(columns)))


def known_of(state: State, contents: Contents) -> Known:
    """What fitting can ask of a state. Raises SKC698 for every statistic that it cannot be asked for."""
    lacking = unmergeable(state, contents)
    if lacking:
        raise SkcError(*lacking)
    tables = {
        frozenset(names): counted_table(table, contents.columns(names))
        for names, table in zip(contents.tables, state.tables, strict=True)
        if not isinstance(table, TooLarge)
    }
    sums = {c: total for c, total in zip(contents.means, state.sums, strict=True) if total is not None}
    before = None
    if state.before is not None:
        before = state.before.rows, _by_aggregate(contents.before or (), state.before.aggregates)
    return Known(
        state.rows,
        tables,
        _by_aggregate(contents.aggregates, state.aggregates),
        sums,
        state.narrow,
        state.keys,
        [name for name, _ in state.constant],
        before,
        frozenset(column.name for column in contents.sampled),
        sample_of(state, contents),
    )


def _by_aggregate(aggregates: Sequence[Aggregate], values: Sequence[Any]) -> dict[Aggregate, Any]:
    return dict(zip(aggregates, values, strict=True))


def unmergeable(state: State, contents: Contents) -> list[Diagnostic]:
    """SKC698 for each step, and for the profile, with the statistics whose values are too many."""
    pairs = zip(contents.tables.items(), state.tables, strict=True)
    lost = [(names, uses) for (names, uses), table in pairs if isinstance(table, TooLarge)]
    if sample_of(state, contents) is not None:
        lost = [(names, tuple(use for use in uses if use != SAMPLE)) for names, uses in lost]
    return [
        _unmergeable(names, step, [use.statistic for use in uses if use.step == step], state.limit)
        for names, uses in lost
        for step in dict.fromkeys(use.step for use in uses)
    ]


def _unmergeable(names: Sequence[str], step: str, statistics: Sequence[str], limit: int) -> Diagnostic:
    columns = ", ".join(f"`{name}`" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    of = f"the {_listed(statistics)}" + (f" of step `{step}`" if step else "")
    values = "values" if len(names) == 1 else "different rows"
    hint = f"write the states with a higher --limit than {limit // MEGABYTE}, or compile with all rows"
    if not step:
        hint = f"write the states with --no-profile, or with a higher --limit than {limit // MEGABYTE}"
    message = f"{of} cannot be merged: the {values} of {columns} take more than {limit // MEGABYTE} MB"
    return Diagnostic("SKC698", message, hint=hint)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"
