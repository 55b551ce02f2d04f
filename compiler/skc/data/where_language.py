"""What `where` may contain: the functions, types and kinds of expression that are pure, bounded and exact.

Why an allow-list: the engine has 700 functions and gets more with every version. Some read the clock, the file, or how
a column is stored; some sleep, or turn one byte into gigabytes; logarithms and sines differ between processors. What is
listed here depends only on its arguments, returns at most as much as it was given, and gives the same result for CSV,
Parquet and Arrow: `tests/stats/test_where_functions.py` runs each of them.
"""

from __future__ import annotations

MANY = 1000

FUNCTIONS: dict[str, tuple[int, int]] = {  # the fewest and the most arguments
    # numbers; no exp, log, power, root or sine: their last bit, or their behaviour outside their domain, varies
    **dict.fromkeys(("abs", "ceil", "ceiling", "floor", "sign", "isnan", "isinf", "isfinite"), (1, 1)),
    **dict.fromkeys(("round", "trunc"), (1, 2)),
    **dict.fromkeys(("mod", "nullif"), (2, 2)),
    **dict.fromkeys(("greatest", "least"), (1, MANY)),
    "if": (3, 3),
    # text; nothing that repeats or pads. `replace` only if it cannot make a text longer
    **dict.fromkeys(("lower", "upper", "lcase", "ucase", "length", "len", "char_length", "character_length"), (1, 1)),
    **dict.fromkeys(("strlen", "reverse", "ascii", "unicode", "ord", "chr", "nfc_normalize", "strip_accents"), (1, 1)),
    **dict.fromkeys(("md5", "sha256", "md5_number_lower"), (1, 1)),
    **dict.fromkeys(("trim", "ltrim", "rtrim"), (1, 2)),
    **dict.fromkeys(("left", "right", "contains", "starts_with", "ends_with", "prefix", "suffix"), (2, 2)),
    **dict.fromkeys(("position", "instr", "strpos"), (2, 2)),
    **dict.fromkeys(("substring", "substr"), (2, 3)),
    **dict.fromkeys(("split_part", "translate", "replace"), (3, 3)),
    **dict.fromkeys(("regexp_matches", "regexp_full_match"), (2, 3)),
    "regexp_extract": (2, 3),
    "concat": (1, MANY),
    "concat_ws": (2, MANY),
    # dates and times, in UTC; never the current one
    **dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "millisecond", "microsecond"), (1, 1)),
    **dict.fromkeys(("quarter", "week", "weekofyear", "dayofweek", "weekday", "isodow", "dayofmonth"), (1, 1)),
    **dict.fromkeys(("dayofyear", "isoyear", "yearweek", "dayname", "monthname", "last_day"), (1, 1)),
    **dict.fromkeys(("epoch", "epoch_ms", "epoch_us", "epoch_ns", "to_timestamp"), (1, 1)),
    **dict.fromkeys(("to_years", "to_quarters", "to_months", "to_weeks", "to_days", "to_hours"), (1, 1)),
    **dict.fromkeys(("to_minutes", "to_seconds", "to_milliseconds", "to_microseconds"), (1, 1)),
    **dict.fromkeys(("date_part", "datepart", "date_trunc", "datetrunc", "date_add", "timezone", "age"), (2, 2)),
    **dict.fromkeys(("strftime", "strptime", "try_strptime"), (2, 2)),
    **dict.fromkeys(("date_diff", "datediff", "date_sub", "datesub", "make_date"), (3, 3)),
    "make_timestamp": (6, 6),
}
OPERATORS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("+", "-"), (1, 2)),
    **dict.fromkeys(("*", "/", "//", "%", "&", "|", "||"), (2, 2)),
    **dict.fromkeys(("~~", "!~~", "~~*", "!~~*", "~~~", "^@"), (2, 2)),  # LIKE, ILIKE, GLOB and their negations
    **dict.fromkeys(("like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape"), (3, 3)),
}
CALLED_BY_NAME = ("regexp_matches", "regexp_full_match")  # `~` and `!~` changed from one to the other in DuckDB 2
EXPRESSIONS: dict[str, frozenset[str] | None] = {  # class of a node -> its types, None for any
    "BETWEEN": None,
    "CASE": None,
    "CAST": None,
    "COLUMN_REF": None,
    "COMPARISON": None,
    "CONJUNCTION": None,
    "CONSTANT": None,
    "FUNCTION": None,
    "OPERATOR": frozenset(
        (
            *("OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "OPERATOR_NULLIF"),
            *("COMPARE_IN", "COMPARE_NOT_IN"),
        )
    ),
    "TYPE": None,
}
TYPES = frozenset(
    (
        *("boolean", "bool", "logical"),
        *(
            "tinyint",
            "smallint",
            "integer",
            "bigint",
            "hugeint",
            "int",
            "int1",
            "int2",
            "int4",
            "int8",
            "short",
            "long",
        ),
        *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint", "signed", "integral"),
        *("float", "float4", "float8", "real", "double", "double precision", "decimal", "numeric", "dec"),
        *("varchar", "char", "bpchar", "text", "string", "nvarchar"),
        *("date", "time", "timestamp", "datetime", "interval", "timestamptz"),
        *("timestamp with time zone", "timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns"),
    )
)
WHAT_ELSE = {  # descriptions of expressions that users try
    "SUBQUERY": "it contains a query",
    "PARAMETER": "it contains a parameter",
    "WINDOW": "a window looks at more than one row",
    "STAR": "it contains a `*` or `COLUMNS(…)`",
    "COLLATE": "it contains a collation; compare `lower(x)` instead",
    "LAMBDA": "it contains a lambda",
    "POSITIONAL_REFERENCE": "it names a column by its position",
    "DEFAULT": "it contains a DEFAULT",
}
