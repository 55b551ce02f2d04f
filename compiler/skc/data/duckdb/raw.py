"""A source as raw rows: its files as `readers` opens them, with the columns that their folders name.

Files of one folder such as `year=2025` form groups of their own, in which `year` is the text `2025`, read as a field of
a CSV file is. Only folders that an input, `where` or `--keep` names are columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from skc.data.duckdb.connection import Database, engine_errors, identifier, literal
from skc.data.duckdb.conversion import read_csv_text
from skc.data.duckdb.json_lines import objects, pointer
from skc.data.duckdb.readers import Group, Part, Raw, open_files
from skc.data.sources import DEFAULT, JSON, Partitions, Source, folded
from skc.diagnostics import fail
from skc.ir import Input


def open_raw(database: Database, source: Source, inputs: Sequence[Input], others: Iterable[str]) -> Raw:
    """The raw rows of a source; `others` are the columns other than inputs that `where` or `--keep` name.

    Raises SKC203 (unreadable), SKC204 (a column is missing), SKC205 (a column of the wrong type).
    """
    others = list(others)
    named = {folded(name) for name in (*(i.name for i in inputs), *others)}
    columns = {
        file: tuple(pair for pair in source.partitions.get(file, ()) if folded(pair[0]) in named)
        for file in source.files
    }
    if not any(columns.values()):
        return open_files(database, source, inputs, others)
    groups: list[Group] = []
    for partition, run in groupby(source.files, lambda file: columns[file]):
        names = {name for name, _ in partition}
        files = replace(source, files=tuple(run))
        own = [i for i in inputs if i.name not in names]
        opened = open_files(database, files, own, [name for name in others if name not in names])
        _check_unique(database, opened, partition)
        groups += (_with_columns(group, partition, inputs) for group in opened.groups)
    return Raw(source, tuple(groups))


def _check_unique(database: Database, raw: Raw, partition: Partitions) -> None:
    """Refuse a column that a file and its folder have: they may differ."""
    for name, _ in partition:
        for group in raw.groups:
            if _has(database, raw.source, group, name):
                message = f"{group.label}: `{name}` is a column of the file and of its folder"
                hint = "drop it from the file, or name the files by a glob for each folder"
                raise fail("SKC203", message, span=raw.source.span, hint=hint)


def _has(database: Database, source: Source, group: Group, name: str) -> bool:
    if source.kind not in JSON:
        return folded(name) in map(folded, group.columns)
    files = [part.label for part in group.parts]
    some = f"SELECT 1 FROM {objects(files, source)} WHERE json_exists(json, {literal(pointer(name))}) LIMIT 1"
    with engine_errors(f"`{group.label}` cannot be read", code="SKC203", span=source.span):
        return bool(database.execute(some))


def _with_columns(group: Group, partition: Partitions, inputs: Sequence[Input]) -> Group:
    """A group with more columns, which have one text for all of its rows."""
    values = ", ".join(f"{_literal(value)} AS {identifier(name)}" for name, value in partition)

    def sql(rows: str) -> str:
        return f"SELECT *, {values} FROM ({rows})"

    names = {name for name, _ in partition}
    readings = {i.name: read_csv_text(i, DEFAULT) for i in inputs if i.name in names}
    parts = tuple(Part(part.label, sql(part.sql)) for part in group.parts)
    columns = {**group.columns, **dict.fromkeys(names, "VARCHAR")}
    return Group(sql(group.sql), parts, {**group.readings, **readings}, columns)


def _literal(value: str | None) -> str:
    return f"CAST({'NULL' if value is None else literal(value)} AS VARCHAR)"
