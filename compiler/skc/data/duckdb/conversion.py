"""Convert a stored column to its declared type: SQL for the value, and for whether it is unusable.

Nothing is guessed from the data. Text must match one written form per type; a typed column must have the declared
type, or one that converts without loss. Used by `readers`, checked by `training`.

Text (CSV, TSV, and strings in JSON lines)
    float64     decimal or exponent, `inf`, `infinity`, `nan` in any case; a finite text that overflows is refused
    float32     the nearest float32 of that float64; beyond the largest it is refused
    int64       `[+-]?[0-9]+` within 64 bits
    bool        `true` or `false` in any case
    timestamp   ISO 8601 with an offset, at most microseconds; without one if the input has a `timezone`
    date        `YYYY-MM-DD`
    time        HH:MM, HH:MM:SS or HH:MM:SS.f
    string      as it is
    The texts of a timestamp, date or time are those that a request may have (`skc_runtime.iso_time`). Where the input
    says `text: number`, a string in JSON lines and in a typed column may be a number as JSON writes it.
    An empty CSV field is null for every type but string. The strings of `null_values` are null for every type but
    string here; for string they mean null in the graph. JSON booleans count as their text, JSON null is null. JSON
    numbers are treated as in serving: one written as an integer is a float64 if the double is exact, and one written
    with a fraction or an exponent is an int64 if it is whole and at most 2^53 in magnitude.
Typed (Parquet, Arrow, DuckDB, tables in memory)
    float64     any float; integers where the double is exact; decimals, as the nearest double
    float32     the nearest float32 of that float64; beyond the largest it is refused
    int64       any integer within 64 bits; decimals that are whole; floats that are whole and at most 2^53 in
                magnitude, NaN being null
    bool        boolean
    string      text, dictionaries and enums; UUIDs, as text in lower case
    timestamp   with a time zone, or without one if the input has a `timezone`; a 64-bit integer: microseconds since the
                epoch; or text, as above
    date        date; midnight of a day, without a zone; an integer: days since the epoch; or text, as above
    time        time of day; an integer: microseconds since midnight; or text, as above
NaN in a float64 column is null, unless the input says `nan: error`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skc.data.duckdb.connection import identifier, literal
from skc.data.text.forms import NUMBER, form_of
from skc.diagnostics import SkcError, fail
from skc.ir import Input, ReadOptions
from skc_runtime.kinds import DType, for_every_kind

JSON_TYPES: dict[DType, tuple[str, ...]] = for_every_kind(
    {
        "float64": ("DOUBLE", "BIGINT", "UBIGINT", "HUGEINT", "VARCHAR"),
        "float32": ("DOUBLE", "BIGINT", "UBIGINT", "HUGEINT", "VARCHAR"),
        "int64": ("BIGINT", "UBIGINT", "DOUBLE"),
        "bool": ("BOOLEAN",),
        "string": ("VARCHAR",),
        "timestamp": ("VARCHAR",),
        "date": ("VARCHAR",),
        "time": ("VARCHAR",),
    }
)
SMALL_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
WIDE_INTEGERS = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT")
FLOATS = ("DOUBLE", "FLOAT")
DECIMAL = "DECIMAL("
AWARE = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
NAIVE = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
NATIVE: dict[DType, str] = for_every_kind(
    {
        "float64": "DOUBLE",
        "float32": "DOUBLE",
        "int64": "BIGINT",
        "bool": "BOOLEAN",
        "string": "VARCHAR",
        "timestamp": "TIMESTAMPTZ",
        "date": "DATE",
        "time": "TIME",
    }
)


@dataclass(frozen=True)
class Reading:
    """How one input is read. All are SQL over the raw columns, `stored` over the value under the input's own name.

    `value` is what `where` sees: a DOUBLE, BIGINT, BOOLEAN, VARCHAR, TIMESTAMPTZ (for local times TIMESTAMP) or DATE.
    `bad` is true where the raw value is neither null nor of the declared type. `stored` is what statistics see:
    timestamps and dates as int64, NaN as null.
    """

    value: str
    stored: str
    bad: str | None = None


def read_csv_text(value: Input, options: ReadOptions) -> Reading:
    """The reading of a CSV field, whose text is never null."""
    options = options.of(value)
    column = identifier(value.name)
    nulls = _text_nulls(value, options)
    if value.dtype == "string":
        return _reading(value, f"CASE WHEN {column} NOT IN ({_list(nulls)}) THEN {column} END" if nulls else column)
    is_null = f"{column} IN ({_list(['', *nulls])})"
    return _parsed(value, _plain(value, column, options), is_null, form_of(value, options), column)


def _plain(value: Input, column: str, options: ReadOptions) -> str:
    """A text in the form that the engine converts, from one in `text_form`."""
    if value.dtype == "bool" and (options.true_values or options.false_values):
        whens = [(texts, word) for texts, word in ((options.true_values, "true"), (options.false_values, "false"))]
        cases = " ".join(f"WHEN {column} IN ({_list(texts)}) THEN '{word}'" for texts, word in whens if texts)
        return f"CASE {cases} ELSE {column} END"
    if value.kind.is_number and options.thousands:
        column = f"replace({column}, {literal(options.thousands)}, '')"
    if value.kind.is_float and options.decimal != ".":
        column = f"replace({column}, {literal(options.decimal)}, '.')"
    return column


def read_json(value: Input, options: ReadOptions) -> Reading:
    """The reading of a JSON value, which is SQL null if the key is missing."""
    options = options.of(value)
    column = identifier(value.name)
    text = f"({column} ->> '$')"
    kind = f"json_type({column})"
    is_null = f"{column} IS NULL OR {kind} = 'NULL'"
    nulls = _text_nulls(value, options)
    if nulls:
        is_null += f" OR ({kind} = 'VARCHAR' AND {text} IN ({_list(nulls)}))"
    wrong = f"{kind} NOT IN ({_list(_json_types(value))})"
    if value.kind.is_float:  # JSON cannot write these in any other way
        not_finite = r"[+-]?(?i:inf|infinity|nan)"
        form = literal(f"{not_finite}|{NUMBER}" if value.text == "number" else not_finite)
        wrong += f" OR ({kind} = 'VARCHAR' AND NOT regexp_full_match({text}, {form}))"
    elif value.text == "number":
        wrong += f" OR ({kind} = 'VARCHAR' AND NOT regexp_full_match({text}, {literal(NUMBER)}))"
    words = (*options.true_values, *options.false_values) if value.dtype == "bool" else ()
    if words:
        wrong = f"({wrong}) AND {text} NOT IN ({_list(words)})"
        return _parsed(value, _plain(value, text, options), is_null, form_of(value, options), text, wrong)
    if value.dtype == "string":
        present = f"CASE WHEN {is_null} THEN NULL ELSE {text} END" if nulls else text
        return _reading(value, present, bad=f"NOT ({is_null}) AND ({wrong})")
    return _number_or_time(value, text, is_null, wrong)


def _json_types(value: Input) -> tuple[str, ...]:
    return (*JSON_TYPES[value.dtype], "VARCHAR") if value.text == "number" else JSON_TYPES[value.dtype]


def _number_or_time(value: Input, text: str, is_null: str, wrong: str) -> Reading:
    """A number as JSON writes it, taken as in serving; or the text of a time, or of a bool."""
    if value.kind.is_float:
        integer = f"TRY_CAST({text} AS HUGEINT)"
        is_exact = f"coalesce({integer} = TRY_CAST(TRY_CAST({text} AS DOUBLE) AS HUGEINT), false)"
        wrong += f" OR (regexp_full_match({text}, '-?[0-9]{{16,}}') AND NOT {is_exact})"
        text = f"CASE WHEN {text} = '-0' THEN '0' ELSE {text} END"  # an integer, which has no negative zero
    if value.dtype == "int64":
        double = f"TRY_CAST({text} AS DOUBLE)"
        is_whole = f"coalesce({double} = trunc({double}) AND abs({double}) <= 9007199254740992, false)"
        digits = f"CAST(TRY_CAST({double} AS BIGINT) AS VARCHAR)"
        text = f"CASE WHEN regexp_matches({text}, '[.eE]') AND {is_whole} THEN {digits} ELSE {text} END"
    return _parsed(value, text, is_null, form_of(value, ReadOptions()), wrong=wrong)


def _parsed(
    value: Input, text: str, is_null: str, form: str, written: str | None = None, wrong: str = "false"
) -> Reading:
    """`text` is in the form that the engine converts if `written` (by default the same) is in `form`."""
    parsed = f"TRY_CAST({text} AS {_native(value)})"
    good = f"NOT ({wrong}) AND regexp_full_match({written or text}, {literal(form)}) AND {parsed} IS NOT NULL"
    if value.kind.is_float:
        good += f" AND (isfinite({parsed}) OR NOT regexp_matches({text}, '[0-9]'))"
    result = f"CASE WHEN {is_null} THEN NULL WHEN {good} THEN {parsed} END"
    return _reading(value, result, bad=f"NOT ({is_null}) AND NOT ({good})")


def read_typed(value: Input, stored_type: str, label: str) -> Reading:
    """The reading of a typed column, or SKC205 if no value of that type could be one of the declared type.

    `label` is what messages call the data.
    """
    column = identifier(value.name)
    if stored_type == '"NULL"':  # an Arrow column with only nulls
        return _reading(value, f"CAST(NULL AS {_native(value)})")
    if stored_type.startswith("ENUM("):
        column, stored_type = f"CAST({column} AS VARCHAR)", "VARCHAR"
    reading = TYPED[value.dtype](value, column, stored_type)
    if reading is None:
        raise _wrong_type(value, stored_type, label)
    return reading


def _typed_float(value: Input, column: str, stored_type: str) -> Reading | None:
    double = f"CAST({column} AS DOUBLE)"
    if stored_type == "VARCHAR" and value.text == "number":
        return _typed_text(value, column)
    if stored_type in FLOATS or stored_type in SMALL_INTEGERS:
        return _reading(value, double)
    if stored_type in WIDE_INTEGERS:
        back = f"TRY_CAST({double} AS {'UHUGEINT' if stored_type == 'UHUGEINT' else 'HUGEINT'})"
        return _reading(value, double, bad=f"{column} IS NOT NULL AND {back} IS DISTINCT FROM {column}")
    if stored_type.startswith(DECIMAL):  # its text is exact, and read as the nearest double
        return _reading(value, f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)")
    return None


def _typed_int(value: Input, column: str, stored_type: str) -> Reading | None:
    if stored_type == "VARCHAR" and value.text == "number":
        return _typed_text(value, column)
    if stored_type in SMALL_INTEGERS or stored_type == "BIGINT":
        return _reading(value, f"CAST({column} AS BIGINT)")
    if stored_type in WIDE_INTEGERS:
        integer = f"TRY_CAST({column} AS BIGINT)"
        return _reading(value, integer, bad=f"{column} IS NOT NULL AND {integer} IS NULL")
    if stored_type in FLOATS:
        is_whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) <= 9007199254740992"
        integer = f"CASE WHEN {is_whole} THEN TRY_CAST({column} AS BIGINT) END"
        return _reading(value, integer, bad=f"{column} IS NOT NULL AND NOT isnan({column}) AND NOT ({is_whole})")
    if stored_type.startswith(DECIMAL):
        digits = f"regexp_replace(CAST({column} AS VARCHAR), '\\.0*$', '')"
        integer = f"CASE WHEN regexp_full_match({digits}, '-?[0-9]+') THEN TRY_CAST({digits} AS BIGINT) END"
        return _reading(value, integer, bad=f"{column} IS NOT NULL AND {integer} IS NULL")
    return None


def _typed_bool(value: Input, column: str, stored_type: str) -> Reading | None:
    return _reading(value, column) if stored_type == "BOOLEAN" else None


def _typed_string(value: Input, column: str, stored_type: str) -> Reading | None:
    if stored_type == "UUID":
        return _reading(value, f"CAST({column} AS VARCHAR)")
    return _reading(value, column) if stored_type == "VARCHAR" else None


def _native(value: Input) -> str:
    return NATIVE[value.dtype] if value.zone is None else "TIMESTAMP"


def _typed_local(value: Input, column: str, stored_type: str) -> Reading | None:
    if stored_type not in NAIVE:
        return None
    micros = f"TRY_CAST({column} AS TIMESTAMP)"
    is_exact = f"coalesce(isfinite({column}) AND {micros} = {column}, false)"
    return _reading(value, micros, bad=f"{column} IS NOT NULL AND NOT {is_exact}")


def _typed_timestamp(value: Input, column: str, stored_type: str) -> Reading | None:
    name = identifier(value.name)
    if stored_type in SMALL_INTEGERS or stored_type == "BIGINT":
        return Reading(f"CAST({column} AS BIGINT)", name)
    if stored_type == "VARCHAR":
        return _typed_text(value, column)
    if value.zone is not None:
        return _typed_local(value, column, stored_type)
    if stored_type == "TIMESTAMP WITH TIME ZONE":
        return _reading(value, column, bad=f"{column} IS NOT NULL AND NOT isfinite({column})")
    if stored_type == "TIMESTAMPTZ_NS":
        micros = f"TRY_CAST({column} AS TIMESTAMPTZ)"
        return _reading(value, micros, bad=f"{column} IS NOT NULL AND {micros} IS DISTINCT FROM {column}")
    return None


def _typed_date(value: Input, column: str, stored_type: str) -> Reading | None:
    if stored_type in SMALL_INTEGERS or stored_type == "BIGINT":
        return Reading(f"CAST({column} AS BIGINT)", identifier(value.name))
    if stored_type == "VARCHAR":
        return _typed_text(value, column)
    if stored_type == "DATE":
        return _reading(value, column, bad=f"{column} IS NOT NULL AND NOT isfinite({column})")
    if stored_type in NAIVE:  # as libraries without a type of dates write them
        day = f"CASE WHEN isfinite({column}) THEN CAST({column} AS DATE) END"
        is_midnight = f"coalesce({day} = {column}, false)"
        return _reading(value, day, bad=f"{column} IS NOT NULL AND NOT {is_midnight}")
    return None


def _typed_clock(value: Input, column: str, stored_type: str) -> Reading | None:
    if stored_type in SMALL_INTEGERS or stored_type == "BIGINT":
        return Reading(f"CAST({column} AS BIGINT)", identifier(value.name))
    if stored_type == "VARCHAR":
        return _typed_text(value, column)
    if stored_type == "TIME":
        return _reading(value, column)
    if stored_type == "TIME_NS":
        micros = f"TRY_CAST({column} AS TIME)"
        return _reading(value, micros, bad=f"{column} IS NOT NULL AND epoch_ns({column}) % 1000 <> 0")
    return None


def _typed_text(value: Input, column: str) -> Reading:
    """Text in a typed column, for an input whose values are not texts."""
    nulls = [text for text in value.null_values if isinstance(text, str)]
    is_null = f"{column} IS NULL" + (f" OR {column} IN ({_list(nulls)})" if nulls else "")
    wrong = f"NOT regexp_full_match({column}, {literal(NUMBER)})" if value.text == "number" else "false"
    return _number_or_time(value, column, is_null, wrong)


TYPED: dict[DType, Callable[[Input, str, str], Reading | None]] = for_every_kind(
    {
        "float64": _typed_float,
        "float32": _typed_float,
        "int64": _typed_int,
        "bool": _typed_bool,
        "string": _typed_string,
        "timestamp": _typed_timestamp,
        "date": _typed_date,
        "time": _typed_clock,
    }
)


def _reading(value: Input, sql: str, bad: str | None = None) -> Reading:
    """A reading whose value has the native type of the declared one."""
    name = identifier(value.name)
    match value.dtype:
        case "float64" | "float32":
            if value.nan == "error":
                bad = f"({bad or 'false'}) OR coalesce(isnan({sql}), false)"
            if value.kind.widens_to is not None:
                rounded = f"TRY_CAST({sql} AS FLOAT)"
                bad = f"({bad or 'false'}) OR ({sql} IS NOT NULL AND {rounded} IS NULL)"
                sql = f"CAST({rounded} AS DOUBLE)"
            return Reading(sql, f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END", bad)
        case "timestamp":
            return Reading(sql, f"epoch_us({name})", bad)
        case "time":
            return Reading(sql, f"epoch_us({name})", bad)
        case "date":
            return Reading(sql, f"CAST({name} - DATE '1970-01-01' AS BIGINT)", bad)
        case "int64" | "bool" | "string":
            return Reading(sql, name, bad)


def _text_nulls(value: Input, options: ReadOptions) -> list[str]:
    """The texts that are null when text is read. Those that a string input lists are null in the graph."""
    if not value.null_values:
        return list(options.null_values)
    return [] if value.dtype == "string" else [v for v in value.null_values if isinstance(v, str)]


def _list(texts: list[str] | tuple[str, ...]) -> str:
    return ", ".join(map(literal, texts))


def _wrong_type(value: Input, stored_type: str, label: str) -> SkcError:
    column = identifier(value.name)
    fitting = [f"`{dtype}`" for dtype, read in TYPED.items() if read(value, column, stored_type) is not None]
    if stored_type == "VARCHAR":  # only a guess: some texts are dates
        fitting = ["`string`", *([f"`{{type: {value.dtype}, text: number}}`"] if value.kind.is_number else [])]
    if stored_type in NAIVE:
        fitting.append("`{type: timestamp, timezone: Europe/Berlin}`")
    hint = "convert the column in the data" + (f", or declare it {' or '.join(fitting)}" if fitting else "")
    if not fitting:
        hint += f": no input can be of type {stored_type}"
    if value.kind.is_time and stored_type in NAIVE and value.zone is None:
        hint = (
            "a time without a zone does not identify an instant: declare the zone, "
            "`{type: timestamp, timezone: Europe/Berlin}`, or give the column one in the data"
        )
    if value.zone is not None and stored_type in AWARE:
        hint = "the column has a time zone: leave out `timezone`"
    return fail(
        "SKC205",
        f"{label}: column `{value.name}` is {stored_type}, but is declared {value.dtype}",
        span=value.span,
        hint=hint,
    )
