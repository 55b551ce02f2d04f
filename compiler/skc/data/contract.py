"""Check the training rows against the declared inputs: errors for violations, warnings for odd columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from skc.data.engine import Data, HoldsNul, IsNull, IsOutside
from skc.diagnostics import Diagnostic, SkcError, did_you_mean, fail
from skc.ir import Input
from skc.stats.answers import Summary
from skc_runtime.errors import shown
from skc_runtime.kinds import LIMITS

MOST = 10  # columns with bad values that are reported at once


def check_contract(
    data: Data, rows: int, summaries: Mapping[str, Summary], target: Input | None = None
) -> list[Diagnostic]:
    """Check the rows against the declared inputs, and return warnings. `summaries` are by the name of an input; a
    column that has none is not checked. `target` is the one that requests do not have.

    Raises SKC204 (a key that no record has), SKC206 (a NUL in a string), SKC208 (no rows), SKC209 (a null that is not
    allowed), SKC224 (an impossible date).
    """
    if rows == 0:
        source = data.source
        left = ", after `where`" if data.has_where else ""
        hint = "widen `where`" if data.has_where else "give data with rows"
        raise fail("SKC208", f"there are no rows to fit on in {source.name}{left}", span=source.span, hint=hint)
    check_rows(data, summaries, target)
    inputs = [value for value in data.inputs if value.name in summaries]
    with_one = _with_one_value(data, inputs, rows, summaries) if rows > 1 else []
    return [*_without_value(inputs, summaries), *with_one]


def check_rows(
    data: Data, summaries: Mapping[str, Summary], target: Input | None = None, *, are_all: bool = True
) -> None:
    """Check that no value is one that requests cannot have. A key that no record has may be in other rows, if these are
    not all. Raises SKC204, SKC206, SKC209, SKC224 as `check_contract` does.
    """
    keys = data.keys() if are_all and any(summary.count == 0 for summary in summaries.values()) else None
    errors = [
        error
        for value in data.inputs
        if value.name in summaries
        for error in _broken_promises(data, value, summaries[value.name], value == target, keys)
    ]
    if errors:
        raise SkcError(*(d for error in errors for d in error.diagnostics))


def _without_value(inputs: Sequence[Input], summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Columns with only nulls: the ops that read them decide whether that is acceptable."""
    return [
        Diagnostic(
            "SKC222",
            f"column `{value.name}` has no value in any training row",
            value.span,
            "check whether the values are in a column with another name; if it is always empty, drop the input",
            severity="warning",
        )
        for value in inputs
        if summaries[value.name].count == 0
    ]


def _with_one_value(
    data: Data, inputs: Sequence[Input], rows: int, summaries: Mapping[str, Summary]
) -> list[Diagnostic]:
    return [
        Diagnostic(
            "SKC223",
            f"column `{value.name}` has the same value in all {rows} training rows",
            value.span,
            "a constant carries no information; drop it, or check the data",
            severity="warning",
        )
        for value in inputs
        if _has_one_value(data, value, summaries[value.name])
    ]


def _broken_promises(
    data: Data, value: Input, summary: Summary, is_target: bool, keys: Collection[str] | None
) -> list[SkcError]:
    if summary.count == 0 and keys is not None and value.name not in keys:
        return [missing_column(value, keys, data.source.name)]
    if summary.nulls and not value.nullable:
        location = data.find(IsNull(value.name)).place
        refused = refused_target if is_target else refused_null
        return [refused(location, value, summary.nulls, summary.rows)]
    if summary.has_nul:
        return [nul_in_string(data, value)]
    if value.dtype not in LIMITS or summary.count == 0:
        return []
    low, high = LIMITS[value.dtype]
    if low <= summary.low and summary.high <= high:
        return []
    besides = tuple(v for v in value.null_values if type(v) is int)
    location = data.find(IsOutside(value.name, low, high, besides)).place
    limits = "the day" if value.kind.is_clock else "the years 1 to 9999"
    message = f"{location}: `{value.name}` lies outside {limits} (out-of-range)"
    return [fail("SKC224", message, span=value.span, hint="exclude such rows with `where`")]


def nul_in_string(data: Data, value: Input) -> SkcError:
    """SKC206 for the first string that no runtime would accept."""
    row = data.find(HoldsNul(value.name))
    message = (
        f"{row.place}: {shown(row.values.get(value.name))} in column `{value.name}` contains a NUL (nul-in-string)"
    )
    hint = "every runtime refuses such a string, because C strings end at a NUL: remove the NUL, or exclude the row"
    return fail("SKC206", message, span=value.span, hint=hint)


def refused_null(location: str, value: Input, nulls: int, rows: int) -> SkcError:
    """SKC209 for the first null of an input that is not nullable, with the number of nulls and rows."""
    hint = f"declare it `{{type: {value.dtype}, nullable: true}}`, or exclude such rows with `where`"
    message = f"{location}: `{value.name}` is null, and the input is not nullable"
    return fail("SKC209", message, span=value.span, hint=hint, notes=[f"{nulls} of {rows} rows are null"])


def refused_target(location: str, value: Input, nulls: int, rows: int) -> SkcError:
    """SKC209 for the first row without a target, with the number of nulls and rows."""
    hint = f"""exclude such rows: `where: '"{value.name}" IS NOT NULL'` under `data`"""
    message = f"{location}: the target `{value.name}` is null"
    return fail("SKC209", message, span=value.span, hint=hint, notes=[f"{nulls} of {rows} rows are null"])


def _has_one_value(data: Data, value: Input, summary: Summary) -> bool:
    """For ordered types the bounds decide; strings are compared by the engine."""
    if summary.nulls:
        return False
    if value.dtype != "string":
        return bool(summary.low == summary.high)
    return data.is_constant(value.name)


def missing_column(value: Input, columns: Iterable[str], label: str) -> SkcError:
    """SKC204: the data has no column for an input."""
    known = sorted(columns)
    listed = ", ".join(f"`{name}`" for name in known[:20]) + (" …" if len(known) > 20 else "")
    hint = did_you_mean(value.name, known) or _header_hint(known)
    message = f"{label} has no column `{value.name}`"
    return fail("SKC204", message, span=value.span, hint=hint, notes=[f"columns: {listed}"])


def _header_hint(names: Sequence[str]) -> str:
    """A header that contains numbers is probably a row of data."""
    if any(re.fullmatch(r"[+-]?[0-9.]+", name) for name in names):
        return (
            "the first line of a text file must name the columns: if it is a row, add a line of names above it, or "
            "write `header: […]` under `data` with a name for each column"
        )
    return "every input must be a column of the data"


def combined(errors: Mapping[str, SkcError], others: Sequence[str] = ()) -> SkcError:
    """One error for all columns, limited to a readable number; `others` are columns with errors that are not here."""
    diagnostics = [d for error in list(errors.values())[:MOST] for d in error.diagnostics]
    names = [*list(errors)[MOST:], *others]
    if names:
        listed = ", ".join(f"`{name}`" for name in names[: 2 * MOST])
        more = f"and {len(names)} more columns with such values: {listed}" + (" …" if len(names) > 2 * MOST else "")
        diagnostics[-1] = replace(diagnostics[-1], notes=(*diagnostics[-1].notes, more))
    return SkcError(*diagnostics)
