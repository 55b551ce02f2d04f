"""The rows of a relation with typed values, and those that are not of the declared types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skc.data.contract import MOST, combined
from skc.data.postgres.connection import Connection, identifier, own
from skc.data.postgres.data import PostgresData, Relation
from skc.data.postgres.reading import Reading
from skc.data.postgres.table import COLUMNS
from skc.data.sources import Source
from skc.diagnostics import SkcError, fail
from skc.ir import Input

SHOWN = 80  # letters of a value


def typed_rows(
    connection: Connection,
    source: Source,
    relation: Relation,
    inputs: tuple[Input, ...],
    readings: Mapping[str, Reading],
) -> PostgresData:
    """The rows with one column per input."""
    typed = [f"{readings[i.name].value} AS {identifier(i.name)}" for i in inputs]
    keys = [f"{key} AS {own(f'key{k}')}" for k, key in enumerate(relation.quoted_keys)]
    return PostgresData(
        connection=connection,
        sql=_selected(typed, relation),
        label=relation.label,
        span=source.span,
        source=source,
        inputs=inputs,
        relation=relation,
        keyed=_selected([*typed, *keys], relation),
    )


def _selected(columns: Sequence[str], relation: Relation) -> str:
    return f"(SELECT {', '.join(columns)} FROM {relation.sql}) AS rows"


def check_values(data: PostgresData, readings: Mapping[str, Reading]) -> None:
    """Refuse values that are not of the declared types, of all inputs at once. Raises SKC206, SKC209."""
    checked = [value for value in data.inputs if readings[value.name].bad is not None]
    bad_counts: dict[str, int] = {}
    for start in range(0, len(checked), COLUMNS):
        part = checked[start : start + COLUMNS]
        counts = ", ".join(f"count(*) FILTER (WHERE {readings[value.name].bad})" for value in part)
        (row,) = data.connection.execute(f"SELECT {counts} FROM {data.relation.sql}")
        bad_counts |= {value.name: count for value, count in zip(part, row, strict=True) if count}
    wrong = [value for value in checked if value.name in bad_counts]
    if wrong:
        shown = {i.name: _refused(data, i, readings[i.name], bad_counts[i.name]) for i in wrong[:MOST]}
        raise combined(shown, [i.name for i in wrong[MOST:]])


def _refused(data: PostgresData, value: Input, reading: Reading, count: int) -> SkcError:
    """The first row with such a value, by its key."""
    keys = data.relation.quoted_keys
    chosen = ", ".join([*(f"{key}::text" for key in keys), f"{identifier(value.name)}::text"])
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    query = f"SELECT {chosen} FROM {data.relation.sql} WHERE {reading.bad}{order} LIMIT 1"
    ((*row, text),) = data.connection.execute(query)
    place, notes = data.relation.place(row), [f"{count} of {data.count()} rows have such a value"]
    if value.kind.is_float and text == "NaN":
        hint = f"`{value.name}` has `nan: error`; remove that to read NaN as null"
        return fail("SKC209", f"{place}: `{value.name}` is NaN", span=value.span, hint=hint, notes=notes)
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    article = "an" if value.dtype == "int64" else "a"
    message = f"{place}: `{shown}` in column `{value.name}` is not {article} {value.dtype}"
    hint = "declare the type that the column has, or exclude such rows in a view"
    return fail("SKC206", message, span=value.span, hint=hint, notes=notes)
