"""`where`: one SQL predicate in DuckDB's dialect that says which rows to fit on.

Why check it: it is written in a file that may come from anywhere, and fitting must be a function of the data. Only what
`where_language` lists is accepted. Why the engine's own parser: what was checked is then exactly what runs. A second
parser reads some texts differently, and writes others back with another meaning: `s ~ 'k1'` is a full match in DuckDB 1
and a search in DuckDB 2, and SQLGlot produced one or the other depending on its version.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from skc.data.where_language import CALLED_BY_NAME, EXPRESSIONS, FUNCTIONS, OPERATORS, TYPES, WHAT_ELSE
from skc.diagnostics import SkcError, Span, did_you_mean, fail

MAX_LENGTH = 100_000
MAX_DEPTH = 100
PREFIX = "SELECT 1 WHERE (\n"  # the line end closes a comment
HINT = "write one SQL condition on the columns of the data, such as `pickup < '2019-03-25'`"
PLACES = re.compile(r'"query_location(_length)?":[0-9]+,?')
_NO_CLAUSE = ("modifiers", "group_expressions", "group_sets", "having", "sample", "qualify")

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Predicate:
    """A checked predicate as SQL, and the columns it names."""

    sql: str
    columns: tuple[str, ...]


class _RefusedError(Exception):
    """Why a text is not a valid predicate, with a hint and notes for the user."""

    def __init__(self, reason: str, hint: str = HINT, notes: tuple[str, ...] = ()) -> None:
        self.reason, self.hint, self.notes = reason, hint, notes


def parse_predicate(text: str, span: Span | None) -> Predicate:
    """The predicate in `text`. Raises SKC207, which says why it is not one."""
    try:
        tree = _tree(text)
        columns = dict.fromkeys(name for node in _nodes(tree) for name in _columns(node, text))
    except _RefusedError as error:
        raise _refused(text, span, error) from None
    return Predicate(f"(\n{text}\n)", tuple(columns))


def _tree(text: str) -> Node:
    """The engine's own parse of the text as one expression."""
    if len(text) > MAX_LENGTH:
        hint = "move long lists into the data, as a column to compare with"
        raise _RefusedError(f"it has {len(text):,} characters, where {MAX_LENGTH:,} are allowed", hint)
    if "\0" in text:  # DuckDB 1 treats it as the end of the text
        raise _RefusedError("it contains a NUL", "write `chr(0)`")
    if not text.strip():
        raise _RefusedError("it is empty")
    bare, enclosed = (_serialised(sql) for sql in (f"SELECT 1 WHERE {text}", f"{PREFIX}{text}\n)"))
    _condition(bare)
    if PLACES.sub("", bare) != PLACES.sub("", enclosed):  # for example for `a) OR (b`
        raise _RefusedError("it is more than one expression")
    return _condition(enclosed)


def _serialised(sql: str) -> str:
    """The engine's parse tree of a statement, or its error message, as JSON."""
    try:
        ((tree,),) = _parser().execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    except duckdb.Error:
        raise _too_deep() from None
    return str(tree)


def _condition(serialised: str) -> Node:
    try:
        read = json.loads(serialised)
    except RecursionError:
        raise _too_deep() from None
    if read["error"]:
        message = str(read["error_message"]).splitlines()[0]
        if "expression depth" in message or "memory exhausted" in message:
            raise _too_deep()
        raise _RefusedError(message)
    statements = read["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    if node.get("type") != "SELECT_NODE" or not node.get("where_clause") or _has_other_clauses(node):
        raise _RefusedError("it is more than one expression")
    return dict(node["where_clause"])


def _too_deep() -> _RefusedError:
    return _RefusedError(f"it is nested more than {MAX_DEPTH} deep", "write `x IN (…)` or `AND` instead of nesting")


@cache
def _parser() -> Any:
    """A connection that parses and does nothing else."""
    connection = duckdb.connect(
        ":memory:", config={"enable_external_access": "false", "autoload_known_extensions": "false"}
    )
    connection.execute(f"SET max_expression_depth = {MAX_DEPTH + 10}")
    connection.execute("SET lock_configuration = true")
    return connection


def _has_other_clauses(node: Node) -> bool:
    from_table = node.get("from_table") or {}
    others = [node.get(key) for key in _NO_CLAUSE] + [(node.get("cte_map") or {}).get("map")]
    return any(others) or from_table.get("type") != "EMPTY" or len(node.get("select_list") or ()) != 1


def _nodes(tree: Node) -> Iterator[Node]:
    """Every expression in the tree: every node that has a class."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict):
            if "class" in item:
                depth += 1
                yield item
            waiting.extend((value, depth) for value in reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend((value, depth) for value in reversed(item))
        if depth > MAX_DEPTH:
            raise _too_deep()


def _columns(node: Node, text: str) -> Iterator[str]:
    """Check one expression, and yield the column that it names, if it is a column."""
    kind, name = node["class"], node["type"]
    types = EXPRESSIONS.get(kind, frozenset())
    if types is not None and name not in types:
        raise _RefusedError(WHAT_ELSE.get(kind, f"it contains an expression of the kind {name}"))
    match kind:
        case "COLUMN_REF":
            if len(node["column_names"]) != 1:
                raise _RefusedError(f"`{'.'.join(node['column_names'])}` names a table; there is only one")
            yield node["column_names"][0]
        case "FUNCTION":
            _check_call(node, text)
        case "CAST":
            _check_type(node.get("cast_type"))
        case "TYPE":
            _check_type({"id": node["type_name"]})
        case "CONSTANT":
            _check_constant(node)


def _check_call(node: Node, text: str) -> None:
    name = str(node["function_name"]).lower()
    arguments = _arguments(node)
    bounds = FUNCTIONS.get(name) or OPERATORS.get(name)
    if bounds is None or node.get("catalog") or node.get("schema") not in (None, "", "main"):
        raise _unlisted(name)
    if node.get("filter") or node.get("distinct") or (node.get("order_bys") or {}).get("orders"):
        raise _RefusedError(f"`{name}` looks at more than one row")
    low, high = bounds
    if not low <= len(arguments) <= high:
        expected = str(low) if low == high else f"{low} to {high}"
        raise _RefusedError(f"`{name}` takes {expected} arguments here, but has {len(arguments)}")
    if name in CALLED_BY_NAME and not _at(node, text).startswith(f"{name}("):
        hint = "write `regexp_full_match(…)`, or `regexp_matches(…)` for a search; they mean the same in every version"
        raise _RefusedError("`~`, `!~` and SIMILAR TO have different meanings in different versions of DuckDB", hint)
    if name == "replace":
        old, new = (_text(argument) for argument in arguments[1:])
        if old is None or new is None or len(new) > len(old):
            hint = "replace a literal string with another that is not longer"
            raise _RefusedError("`replace` could lengthen a string without limit", hint)


def _arguments(node: Node) -> list[Node]:
    """The arguments of a call: DuckDB 2 wraps each, and may name it."""
    if "children" in node:
        return list(node["children"])
    wrapped = node["arguments"]
    if any(argument.get("name") for argument in wrapped):
        raise _RefusedError("it names an argument")
    return [argument["expression"] for argument in wrapped]


def _unlisted(name: str) -> _RefusedError:
    return _RefusedError(
        f"`{name}` is not among the allowed functions",
        did_you_mean(name, FUNCTIONS) or "compute a column in the data, and compare with that",
        (
            "allowed are functions that depend on the row alone, are bounded, and are exact on every machine:",
            ", ".join(sorted(FUNCTIONS)),
        ),
    )


def _at(node: Node, text: str) -> str:
    """The text from where an expression begins, stripped; the engine counts bytes."""
    rest = f"{PREFIX}{text}\n)".encode()[node["query_location"] :][:1000]
    return "".join(rest.decode(errors="replace").split()).lower()


def _check_type(kind: Node | None) -> None:
    """Refuse a type that is not on the list; DuckDB 2 gives it as an expression of its own instead."""
    if kind is None:
        return
    name = str(kind["id"]).lower()
    if name not in TYPES:
        raise _RefusedError(f"it casts to {name.upper()}", "cast to a number, VARCHAR, BOOLEAN, DATE or TIMESTAMP")


def _check_constant(node: Node) -> None:
    """Refuse a number that exceeds a double: it is infinity in some versions, and an error in others."""
    number = node["literal"].get("text") if "literal" in node else node["value"].get("value")
    if "literal" in node and node["literal"]["kind"] not in ("INTEGER", "NUMERIC"):
        return
    try:
        is_finite = math.isfinite(float(number)) if isinstance(number, str | float) and _is_number(node) else True
    except ValueError:
        return
    if not is_finite:
        raise _RefusedError(
            "it contains a number beyond the range of a double", "write `CAST('inf' AS DOUBLE)` for infinity"
        )


def _is_number(node: Node) -> bool:
    return "literal" in node or node["value"]["type"]["id"] in ("DOUBLE", "FLOAT")


def _text(node: Node) -> str | None:
    """The text of a string literal; None for anything else."""
    if node["class"] != "CONSTANT":
        return None
    if "literal" in node:
        return str(node["literal"].get("text", "")) if node["literal"]["kind"] == "STRING" else None
    value = node["value"]
    return str(value["value"]) if value["type"]["id"] == "VARCHAR" and not value["is_null"] else None


def _refused(text: str, span: Span | None, refusal: _RefusedError) -> SkcError:
    shown = text if len(text) <= 200 else text[:199] + "…"
    message = f"`where` is not a predicate: {refusal.reason}"
    return fail("SKC207", message, span=span, hint=refusal.hint, notes=[f"where: {shown}", *refusal.notes])
