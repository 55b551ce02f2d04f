"""The training rows compared with what the inputs promise: errors for broken promises, warnings for odd columns."""

from __future__ import annotations

from collections.abc import Mapping

from skc.data.duckdb.connection import identifier, literal
from skc.data.duckdb.json_lines import all_keys
from skc.data.duckdb.readers import missing_column
from skc.data.duckdb.training import Training, refused_null
from skc.data.statistics import Summary
from skc.diagnostics import Diagnostic, SkcError, fail
from skc.ir import Input
from skc.values.types import DATE_MAX, DATE_MIN, TIMESTAMP_MAX, TIMESTAMP_MIN
from skc_runtime.errors import shown

RANGES = {"timestamp": (TIMESTAMP_MIN, TIMESTAMP_MAX), "date": (DATE_MIN, DATE_MAX)}
HEAD = 1000


def check_contract(training: Training, rows: int, summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Hold the rows against what the inputs promise; the warnings. `summaries` are by input name.

    Raises SKC204 (a key that no record has), SKC206 (a NUL in a string), SKC208 (no rows), SKC209 (a null where none
    may be), SKC224 (an impossible date).
    """
    if rows == 0:
        source = training.raw.source
        left = ", after `where`" if training.where else ""
        hint = "widen `where`" if training.where else "give data with rows"
        raise fail("SKC208", f"there is no row to fit on in {source.name}{left}", span=source.span, hint=hint)
    errors = [error for value in training.inputs for error in _broken_promises(training, value, summaries[value.name])]
    if errors:
        raise SkcError(*(d for error in errors for d in error.diagnostics))
    return [*_without_value(training, summaries), *(_with_one_value(training, rows, summaries) if rows > 1 else [])]


def _without_value(training: Training, summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Columns of nothing but nulls: whether that will do, the ops decide that read them."""
    return [
        Diagnostic(
            "SKC222",
            f"column `{value.name}` has no value in any training row",
            value.span,
            "look whether the column is filled under another name; if it is always empty, drop the input",
            severity="warning",
        )
        for value in training.inputs
        if summaries[value.name].count == 0
    ]


def _with_one_value(training: Training, rows: int, summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    return [
        Diagnostic(
            "SKC223",
            f"column `{value.name}` has the same value in all {rows} training rows",
            value.span,
            "it says nothing to a model; drop it, or check the data",
            severity="warning",
        )
        for value in training.inputs
        if _has_one_value(training, value, summaries[value.name])
    ]


def _broken_promises(training: Training, value: Input, summary: Summary) -> list[SkcError]:
    column = identifier(value.name)
    source = training.raw.source
    if summary.count == 0 and source.kind == "jsonl":
        keys = all_keys(training.database, source)
        if value.name not in keys:
            return [missing_column(value, keys, source.name)]
    if summary.nulls and not value.nullable:
        return [refused_null(training, value, "true", summary.nulls, summary.rows)]
    if summary.has_nul:
        return [nul_in_string(training, value)]
    if value.dtype not in RANGES or summary.count == 0:
        return []
    low, high = RANGES[value.dtype]
    if low <= summary.low and summary.high <= high:
        return []
    sentinels = [str(v) for v in value.null_values if type(v) is int]
    others = f" AND {column} NOT IN ({', '.join(sentinels)})" if sentinels else ""
    condition = f"({column} < {low} OR {column} > {high}){others}"
    message = f"{training.locate(condition)}: `{value.name}` lies outside the years 1 to 9999 (out-of-range)"
    return [fail("SKC224", message, span=value.span, hint="leave such rows out by `where`")]


def nul_in_string(training: Training, value: Input) -> SkcError:
    """SKC206 for the first string that no runtime could take."""
    found = training.find(f"contains({identifier(value.name)}, chr(0))")
    message = (
        f"{found.place}: {shown(found.values.get(value.name))} in column `{value.name}` contains a NUL (nul-in-string)"
    )
    hint = "every runtime refuses such a string, since C ends a text there: take the NUL out, or leave the row out"
    return fail("SKC206", message, span=value.span, hint=hint)


def _has_one_value(training: Training, value: Input, summary: Summary) -> bool:
    """Bounds tell it for ordered types. Of strings, two that differ among the first rows spare looking at all."""
    if summary.nulls:
        return False
    if value.dtype != "string":
        return bool(summary.low == summary.high)
    column = identifier(value.name)
    head = f"SELECT {column} AS v FROM {training.name} LIMIT {HEAD}"
    first, last = training.database.execute(f"SELECT min(v), max(v) FROM ({head})")[0]
    if first != last:
        return False
    others = f"SELECT 1 FROM {training.name} WHERE {column} <> {literal(first)} LIMIT 1"
    return not training.database.execute(others)
