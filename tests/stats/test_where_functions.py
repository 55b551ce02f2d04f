"""Every function that `where` may use gives the same rows from CSV, JSON lines, Parquet, Arrow and DuckDB.

The rows are written down, so that versions of the engine are compared as well: CI runs with the lowest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from source_tables import load

from skc.data.duckdb.connection import Database, open_database
from skc.data.where_language import FUNCTIONS, OPERATORS
from skc.ir import Input

INPUTS = (
    Input("k", "int64"),
    Input("x", "float64", nullable=True),
    Input("i", "int64", nullable=True),
    Input("s", "string"),
    Input("b", "bool", nullable=True),
    Input("t", "timestamp", nullable=True),
    Input("d", "date", nullable=True),
)
HOUR = 3_600_000_000
ROWS: list[dict[str, Any]] = [
    {"x": 1.5, "i": 5, "s": "Abc", "b": True, "t": 1_577_836_800_000_000, "d": 18262},  # 2020-01-01, a Wednesday
    {"x": -2.5, "i": -7, "s": " äbc ", "b": False, "t": 1_582_934_400_123_456, "d": 18321},  # 2020-02-29
    {"x": 0.1 + 0.2, "i": 2**53 + 1, "s": "", "b": None, "t": -1, "d": -1},
    {"x": -0.0, "i": 0, "s": "2021-03-04", "b": True, "t": 1_614_816_000_000_000 + 13 * HOUR, "d": 18690},
    {"x": None, "i": None, "s": "null", "b": False, "t": None, "d": None},
    {"x": 1e300, "i": -(2**63), "s": "a.b.c\n😀", "b": True, "t": 0, "d": 0},
]
CALLS: dict[str, tuple[str, str]] = {  # function -> a predicate, and the rows it takes, by number
    "abs": ("abs(x) = 2.5", "1"),
    "ceil": ("ceil(x) = 2", "0"),
    "ceiling": ("ceiling(x) = -2", "1"),
    "floor": ("floor(x) = -3", "1"),
    "sign": ("sign(x) = 0", "3"),
    "isnan": ("isnan(x)", ""),
    "isinf": ("isinf(x * x)", "5"),
    "isfinite": ("isfinite(x)", "01235"),
    "round": ("round(x) = 2 OR round(x, 1) = 0.3", "02"),
    "trunc": ("trunc(x) = -2", "1"),
    "mod": ("mod(i, 5) = -2", "1"),
    "nullif": ("nullif(s, '') IS NULL", "2"),
    "greatest": ("greatest(x, 0, 1) = 1", "1234"),
    "least": ("least(x, i) = x", "023"),
    "if": ("if(b, x, -x) = 2.5", "1"),
    "lower": ("lower(s) = 'abc'", "0"),
    "upper": ("upper(s) = ' ÄBC '", "1"),
    "lcase": ("lcase(s) = 'abc'", "0"),
    "ucase": ("ucase(s) = ' ÄBC '", "1"),
    "length": ("length(s) = 5", "1"),
    "len": ("len(s) = 7", "5"),
    "char_length": ("char_length(s) = 7", "5"),
    "character_length": ("character_length(s) = 0", "2"),
    "strlen": ("strlen(s) = 10", "35"),
    "reverse": ("reverse(s) = 'cbA'", "0"),
    "ascii": ("ascii(s) = 65", "0"),
    "unicode": ("unicode(s) = 97", "5"),
    "ord": ("ord(s) = 32", "1"),
    "chr": ("contains(s, chr(128512))", "5"),
    "nfc_normalize": ("contains(nfc_normalize(s), 'ä')", "1"),
    "strip_accents": ("strip_accents(s) = ' abc '", "1"),
    "md5": ("md5(s) = '35593b7ce5020eae3ca68fd5b6f3e031'", "0"),
    "sha256": ("starts_with(sha256(s), 'e3b0c442')", "2"),
    "md5_number_lower": ("md5_number_lower(s) % 2 = 0", "035"),
    "trim": ("trim(s) = 'äbc' OR trim(s, 'Ac') = 'b'", "01"),
    "ltrim": ("ltrim(s) = 'äbc '", "1"),
    "rtrim": ("rtrim(s) = ' äbc'", "1"),
    "left": ("left(s, 2) = 'Ab'", "0"),
    "right": ("right(s, 2) = '\n😀'", "5"),
    "contains": ("contains(s, 'bc')", "01"),
    "starts_with": ("starts_with(s, 'A')", "0"),
    "ends_with": ("ends_with(s, 'c')", "0"),
    "prefix": ("prefix(s, 'a.')", "5"),
    "suffix": ("suffix(s, '😀')", "5"),
    "position": ("position('c' IN s) = 3", "0"),
    "instr": ("instr(s, 'c') = 4", "1"),
    "strpos": ("strpos(s, 'zz') = 0", "012345"),
    "substring": ("substring(s, 2, 2) = 'bc' OR substring(s FROM 3) = 'b.c\n😀'", "05"),
    "substr": ("substr(s, -2) = '04'", "3"),
    "split_part": ("split_part(s, '.', 2) = 'b'", "5"),
    "translate": ("translate(s, 'Ac', 'xy') = 'xby'", "0"),
    "replace": ("replace(s, '-', '') = '20210304'", "3"),
    "regexp_matches": ("regexp_matches(s, 'b.')", "015"),
    "regexp_full_match": ("regexp_full_match(s, '[A-Z].*')", "0"),
    "regexp_extract": ("regexp_extract(s, '([0-9]+)-([0-9]+)', 2) = '03'", "3"),
    "concat": ("concat(s, b, i) = 'Abctrue5' OR concat(x, 'x') = 'x'", "04"),
    "concat_ws": ("concat_ws('-', s, i) = 'Abc-5'", "0"),
    "year": ("year(t) = 2020 OR year(d) = 1969", "012"),
    "month": ("month(d) = 2", "1"),
    "day": ("day(t) = 31", "2"),
    "hour": ("hour(t) = 13", "3"),
    "minute": ("minute(t) = 59", "2"),
    "second": ("second(t) = 59", "2"),
    "millisecond": ("millisecond(t) = 123", "1"),
    "microsecond": ("microsecond(t) = 123456", "1"),
    "quarter": ("quarter(d) = 4", "2"),
    "week": ("week(d) = 1", "025"),
    "weekofyear": ("weekofyear(d) = 9", "13"),
    "dayofweek": ("dayofweek(d) = 3", "02"),
    "weekday": ("weekday(d) = 6", "1"),
    "isodow": ("isodow(t) = 6", "1"),
    "dayofmonth": ("dayofmonth(d) = 4", "3"),
    "dayofyear": ("dayofyear(d) = 60", "1"),
    "isoyear": ("isoyear(d) = 1970", "25"),
    "yearweek": ("yearweek(d) = 202009", "1"),
    "dayname": ("dayname(d) = 'Wednesday'", "02"),
    "monthname": ("monthname(t) = 'February'", "1"),
    "last_day": ("last_day(d) = d", "12"),
    "epoch": ("epoch(t) = 0", "5"),
    "epoch_ms": ("epoch_ms(t) = 1582934400123", "1"),
    "epoch_us": ("epoch_us(t) = -1", "2"),
    "epoch_ns": ("epoch_ns(t) = 0", "5"),
    "to_timestamp": ("to_timestamp(1577836800) = t", "0"),
    "to_years": ("d + to_years(1) = DATE '2021-02-28'", "1"),
    "to_quarters": ("d + to_quarters(1) = DATE '2020-04-01'", "0"),
    "to_months": ("d + INTERVAL 1 MONTH = DATE '2020-02-01'", "0"),
    "to_weeks": ("d + to_weeks(1) = DATE '2020-01-08'", "0"),
    "to_days": ("d + INTERVAL 2 DAY = DATE '2020-03-02'", "1"),
    "to_hours": ("t + to_hours(24) = TIMESTAMPTZ '2020-01-02 00:00:00+00'", "0"),
    "to_minutes": ("t - to_minutes(60) = TIMESTAMPTZ '2021-03-04 12:00:00+00'", "3"),
    "to_seconds": ("t + to_seconds(1) = TIMESTAMPTZ '1970-01-01 00:00:01+00'", "5"),
    "to_milliseconds": ("t + to_milliseconds(1) = TIMESTAMPTZ '1970-01-01 00:00:00.001+00'", "5"),
    "to_microseconds": ("t + to_microseconds(1) = TIMESTAMPTZ '1970-01-01 00:00:00+00'", "2"),
    "date_part": ("date_part('dow', d) = 4 OR EXTRACT(year FROM t) = 2021", "35"),
    "datepart": ("datepart('month', d) = 2", "1"),
    "date_trunc": ("date_trunc('month', d) = DATE '2020-02-01'", "1"),
    "datetrunc": ("datetrunc('hour', t) = TIMESTAMPTZ '2021-03-04 13:00:00+00'", "3"),
    "date_add": ("date_add(d, INTERVAL 1 DAY) = DATE '2020-03-01'", "1"),
    "timezone": ("t AT TIME ZONE 'America/New_York' = TIMESTAMP '2021-03-04 08:00:00'", "3"),
    "age": ("age(t, TIMESTAMPTZ '2020-01-01 00:00:00+00') > INTERVAL 1 YEAR", "3"),
    "strftime": ("strftime(t, '%Y-%m-%d %H') = '2021-03-04 13'", "3"),
    "strptime": ("strptime(strftime(d, '%d.%m.%Y'), '%d.%m.%Y') = d", "01235"),
    "try_strptime": ("try_strptime(s, '%Y-%m-%d') = TIMESTAMP '2021-03-04'", "3"),
    "date_diff": ("date_diff('day', DATE '2020-01-01', d) = 59", "1"),
    "datediff": ("datediff('year', d, DATE '2020-06-01') = 51", "2"),
    "date_sub": ("date_sub('month', DATE '2020-01-15', d) = 1", "1"),
    "datesub": ("datesub('day', DATE '1969-12-30', d) = 1", "2"),
    "make_date": ("make_date(2020, 2, 29) = d", "1"),
    "make_timestamp": ("make_timestamp(2020, 1, 1, 0, 0, 0.0) = t", "0"),
    "+": ("x + 1 = 2.5 OR i = +5", "0"),
    "-": ("-x = 2.5 AND i - 1 = -8", "1"),
    "*": ("x * 2 = -5", "1"),
    "/": ("x / 0 > 0 OR i / 2 = 2.5", "0235"),
    "//": ("i // 2 = 2 OR i // 0 IS NULL", "012345"),
    "%": ("i % 4 = 1 OR i % 0 IS NULL", "012345"),
    "&": ("(i & 4) = 4", "0"),
    "|": ("(i | 2) = 7", "0"),
    "||": ("s || i = 'Abc5'", "0"),
    "~~": ("s LIKE 'A%' OR s LIKE '%_😀'", "05"),
    "!~~": ("s NOT LIKE '%b%'", "234"),
    "~~*": ("s ILIKE 'a%'", "05"),
    "!~~*": ("s NOT ILIKE '%B%'", "234"),
    "~~~": ("s GLOB 'A*'", "0"),
    "^@": ("s ^@ 'Ab'", "0"),
    "like_escape": ("s LIKE 'a$.b%' ESCAPE '$'", "5"),
    "not_like_escape": ("s NOT LIKE '%b%' ESCAPE '$'", "234"),
    "ilike_escape": ("s ILIKE 'A.B%' ESCAPE '$'", "5"),
    "not_ilike_escape": ("s NOT ILIKE '%B%' ESCAPE '$'", "234"),
}
KINDS: dict[str, tuple[str, str]] = {  # what is no function
    "comparison": ("x > 0.1 AND x <= 1.5", "02"),
    "between": ("i BETWEEN -7 AND 0", "13"),
    "in": ("s IN ('Abc', '') OR i NOT IN (0, 5, -7)", "025"),
    "null": ("b IS NULL OR x IS NULL", "24"),
    "distinct": ("b IS DISTINCT FROM true", "124"),
    "case": ("CASE WHEN b THEN x ELSE 7 END = 7", "124"),
    "coalesce": ("coalesce(x, i, 9) = 9 OR ifnull(s, 'q') = 'q'", "4"),
    "cast": ("TRY_CAST(x AS DECIMAL(3, 1)) = 1.5 OR i::VARCHAR = '0'", "03"),
    "try_cast": ("TRY_CAST(s AS DATE) = DATE '2021-03-04'", "3"),
    "truth": ("b IS TRUE AND NOT (x = 1.5)", "35"),
    "text as time": ("t >= '2020-02-29 00:00:00' AND d < '2021-01-01'", "1"),
}


def table() -> pa.Table:
    types = [pa.int64(), pa.float64(), pa.int64(), pa.string(), pa.bool_(), pa.int64(), pa.int32()]
    rows = [{"k": k, **row} for k, row in enumerate(ROWS)]
    columns = {i.name: pa.array([row[i.name] for row in rows], kind) for i, kind in zip(INPUTS, types, strict=True)}
    columns["t"], columns["d"] = columns["t"].cast(pa.timestamp("us", "UTC")), columns["d"].cast(pa.date32())
    return pa.table(columns)


def sources(folder: Path) -> dict[str, Any]:
    """The same rows, stored in ways that differ: text, runs, dictionaries, chunks, zones."""
    plain = table()
    text = plain.set_column(5, "t", plain["t"].cast(pa.string()))
    pyarrow.csv.write_csv(text, folder / "a.csv")
    lines = [{key: value for key, value in row.items() if value is not None} for row in text.to_pylist()]
    (folder / "a.jsonl").write_text("".join(json.dumps(row, default=str) + "\n" for row in lines))
    pq.write_table(plain, folder / "a.parquet", use_dictionary=True, row_group_size=2)
    pq.write_table(plain, folder / "b.parquet", use_dictionary=False, compression="zstd", write_statistics=False)
    dictionary = plain.set_column(3, "s", plain["s"].dictionary_encode())
    chunked = pa.concat_tables([dictionary.slice(0, 1), dictionary.slice(1)])
    zoned = chunked.set_column(5, "t", chunked["t"].cast(pa.timestamp("ns", "Asia/Tokyo")))
    pyarrow.feather.write_feather(plain, folder / "a.arrow")
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.register("rows", plain)
        connection.execute("CREATE TABLE t AS SELECT * FROM rows")
    files = {name: str(folder / name) for name in ("a.csv", "a.jsonl", "a.parquet", "b.parquet", "a.arrow")}
    return {**files, "duckdb": f"{folder}/a.duckdb::t", "dictionary": chunked, "zoned": zoned}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Each source with its own engine: all predicates are tried on one reading."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        found = {}
        for name, source in sources(tmp_path_factory.mktemp("where")).items():
            database: Database = stack.enter_context(open_database(threads=1))
            found[name] = (database, load(database, source, INPUTS).raw)
        yield found


def taken(database: Database, raw: Any, where: str) -> str:
    from skc.data.duckdb.training import typed_sql
    from skc.data.predicate import parse_predicate

    (group,) = raw.groups
    sql = typed_sql(group, group.sql, INPUTS, parse_predicate(where, None), numbered=False)
    return "".join(str(k) for (k,) in database.execute(f"SELECT k FROM ({sql}) ORDER BY k"))


@pytest.mark.parametrize("name", [*CALLS, *KINDS])
def test_the_same_rows_from_every_kind_of_storage(name: str, opened: Any) -> None:
    where, want = {**CALLS, **KINDS}[name]
    assert {kind: taken(*found, where) for kind, found in opened.items()} == dict.fromkeys(opened, want)


def test_every_function_has_a_predicate() -> None:
    assert CALLS.keys() == FUNCTIONS.keys() | OPERATORS.keys()
    for name, (where, _) in CALLS.items():
        assert name in where.lower() or name in OPERATORS or name in ("position", "timezone", "to_months", "to_days")
