"""`where`: one SQL predicate in DuckDB's dialect, read by SQLGlot, that says which rows to fit on.

Why parse it at all: it is written in a file that may come from anywhere. Only one expression passes, without a
query inside it, and what runs is the text SQLGlot writes back, not the one that was read. What reads the clock or
throws dice is refused, because fitting is a function of the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from skc.diagnostics import SkcError, Span, fail

DIALECT = "duckdb"
VOLATILE = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Rand, exp.Randn, exp.Uuid)
VOLATILE_NAMES = frozenset(
    (
        *("now", "today", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
        *("get_current_time", "get_current_timestamp", "transaction_timestamp", "current_setting", "getenv"),
        *("random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "currval"),
        *("getvariable", "txid_current"),
    )
)


@dataclass(frozen=True)
class Predicate:
    """A checked predicate as SQL, and the columns it names."""

    sql: str
    columns: tuple[str, ...]


def parse_predicate(text: str, span: Span | None) -> Predicate:
    """The predicate in `text`, or SKC207 saying what else it is."""
    try:
        statements = sqlglot.parse(f"SELECT 1 WHERE {text}", read=DIALECT)
    except SqlglotError as error:
        raise _refused(text, span, _where_it_broke(error)) from None
    query = statements[0]
    if len(statements) != 1 or not isinstance(query, exp.Select) or _has_other_clauses(query):
        raise _refused(text, span, "it is more than one expression")
    condition = query.args["where"].this
    for reason in _reasons_against(condition):
        raise _refused(text, span, reason)
    columns = dict.fromkeys(column.name for column in condition.find_all(exp.Column))
    return Predicate(condition.sql(dialect=DIALECT, comments=False), tuple(columns))


def _has_other_clauses(query: exp.Select) -> bool:
    return any(value for key, value in query.args.items() if key not in ("expressions", "where", "kind"))


def _reasons_against(condition: exp.Expression) -> Iterator[str]:
    for node in condition.walk():
        match node:
            case exp.Query() | exp.Subquery():
                yield "it holds a query"
            case exp.Placeholder() | exp.Parameter():
                yield "it holds a parameter"
            case exp.AggFunc() | exp.Window():
                yield f"`{node.sql(dialect=DIALECT)}` looks at more than one row"
            case exp.Func() if (
                isinstance(node, VOLATILE)
                or node.sql_name().lower() in VOLATILE_NAMES
                or (isinstance(node, exp.Anonymous) and node.name.lower() in VOLATILE_NAMES)
            ):
                yield f"`{node.sql(dialect=DIALECT)}` does not depend on the data alone"
            case exp.Column() if node.name.lower() in VOLATILE_NAMES:
                yield f"`{node.name}` does not depend on the data alone"
            case exp.Column() if node.table:
                yield f"`{node.sql(dialect=DIALECT)}` names a table; there is only one"


def _where_it_broke(error: SqlglotError) -> str:
    """SQLGlot's own words, with the column counted from the start of the predicate."""
    found = getattr(error, "errors", None)
    if not found:
        return str(error).splitlines()[0][:200]
    first = found[0]
    near = f" near `{first['highlight']}`" if first.get("highlight") else ""
    return f"{first['description'].rstrip('.')}{near}"


def _refused(text: str, span: Span | None, reason: str) -> SkcError:
    return fail(
        "SKC207",
        f"`where` is not a predicate: {reason}",
        span=span,
        hint="write one SQL condition on the columns of the data, such as `pickup < '2019-03-25'`",
        notes=[f"where: {text}"],
    )
