"""The rows of a relation with typed values, and those that are not of the declared types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skc.data.postgres.connection import Connection, identifier, own
from skc.data.postgres.data import CTID, PostgresData, Relation
from skc.data.postgres.reading import Reading
from skc.data.sources import Source
from skc.diagnostics import Diagnostic, SkcError, fail
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
    others = [f"{key if key == CTID else identifier(key)} AS {own(f'key{k}')}" for k, key in enumerate(relation.keys)]
    for k, value in enumerate(inputs):
        others.append(f"coalesce({readings[value.name].bad or 'false'}, false) AS {own(f'bad{k}')}")
        others.append(f"{identifier(value.name)}::text AS {own(f'text{k}')}")
    return PostgresData(
        connection=connection,
        sql=_selected(typed, relation),
        label=relation.label,
        span=source.span,
        source=source,
        inputs=inputs,
        relation=relation,
        keyed=_selected([*typed, *others], relation),
    )


def _selected(columns: Sequence[str], relation: Relation) -> str:
    return f"(SELECT {', '.join(columns)} FROM {relation.sql}) AS rows"


def check_values(data: PostgresData, readings: Mapping[str, Reading]) -> None:
    """Refuse values that are not of the declared types, of all inputs at once. Raises SKC206, SKC209."""
    checked = [(k, value) for k, value in enumerate(data.inputs) if readings[value.name].bad is not None]
    if not checked:
        return
    counts = [f"count(*) FILTER (WHERE {own(f'bad{k}')})" for k, _ in checked]
    (bad_counts,) = data.connection.execute(f"SELECT {', '.join(counts)} FROM {data.keyed}")
    wrong = [_refused(data, k, value, count) for (k, value), count in zip(checked, bad_counts, strict=True) if count]
    if wrong:
        raise SkcError(*wrong)


def _refused(data: PostgresData, k: int, value: Input, count: int) -> Diagnostic:
    is_bad = own(f"bad{k}")
    query = f"SELECT {own(f'text{k}')} FROM {data.keyed} WHERE {is_bad}{data.order} LIMIT 1"
    ((text,),) = data.connection.execute(query)
    place, notes = data.find_where(is_bad).place, [f"{count} of {data.count()} rows have such a value"]
    if value.kind.is_float and text == "NaN":
        hint = f"`{value.name}` has `nan: error`; remove that to read NaN as null"
        error = fail("SKC209", f"{place}: `{value.name}` is NaN", span=value.span, hint=hint, notes=notes)
    else:
        shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
        article = "an" if value.dtype == "int64" else "a"
        message = f"{place}: `{shown}` in column `{value.name}` is not {article} {value.dtype}"
        hint = "declare the type that the column has, or exclude such rows in a view"
        error = fail("SKC206", message, span=value.span, hint=hint, notes=notes)
    (diagnostic,) = error.diagnostics
    return diagnostic
