"""The columns that a source stores, as inputs of the types that they are stored as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Column, OpenEngine, Stored
from skc.data.instants import check_timed
from skc.data.sources import Source
from skc.diagnostics import did_you_mean, fail
from skc.ir import Input, Zone

NAIVE = "TIMESTAMP"  # a type of an engine that has no zone begins so


def stored_columns(source: Source, threads: int | None, open_engine: OpenEngine = open_engine) -> list[Stored]:
    """The columns of a source, in an engine of its own: one that has opened its files opens no others."""
    with open_engine(threads, MEMORY_LIMIT) as engine:
        return list(engine.columns(source))


def input_of(name: str, stored: Sequence[Stored]) -> Input:
    """A column that is not declared, as an input of the type that it is stored as. Raises SKC623."""
    column = next((one for one in stored if one.name == name), None)
    if column is None:
        hint = did_you_mean(name, [column.name for column in stored]) or "name a column of the table"
        raise fail("SKC623", f"the table has no column `{name}`", hint=hint)
    if column.dtype is None:
        hint = "store it as numbers, texts, times or true and false"
        raise fail("SKC623", f"column `{name}` is {column.kind}, which skc does not read", hint=hint)
    return Input(name, column.dtype, nullable=True)


def time_of(name: str, stored: Sequence[Stored], declared: Input | None) -> Input:
    """The column of times. One without a zone is in UTC. Raises SKC623."""
    column = next((one for one in stored if one.name == name), None)
    if declared is not None and column is not None and declared.kind.is_time:
        return replace(declared, nullable=True)
    if column is not None and column.dtype is None and column.kind.upper().startswith(NAIVE):
        return Input(name, "timestamp", nullable=True, zone=Zone("UTC"))
    value = input_of(name, stored)
    check_timed(Column(name, value.dtype, f"column `{name}`"))
    return value
