"""Every engine gives what the oracle gives, to the last bit, for any column."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_stats import column_stats

from skc.data.engine import ARROW, Column, Table
from skc.data.statistics import answer, summarise
from skc.diagnostics import SkcError
from skc.stats.requests import (
    Count,
    Max,
    Mean,
    Min,
    NullCount,
    Quantiles,
    Stat,
    ValueCounts,
    Variance,
)
from skc_runtime.kinds import DType

TableOf = Callable[[pa.Table], Table]
COUNTS: list[Stat] = [
    Count(),
    NullCount(),
    ValueCounts(),
    ValueCounts(2),
    ValueCounts(1, 3),
    ValueCounts(2, 1),
]
MOMENTS: list[Stat] = [Min(), Max(), Mean(), Variance(), Quantiles((0.0, 0.1, 0.25, 0.5, 1 / 3, 0.999, 1.0))]
HOSTILE = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1e308,
    -1e308,
    1.7976931348623157e308,
    0.1,
    1e16,
    1.0,
    2.0**53 + 2,
]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ask(table_of: TableOf, dtype: DType, values: list[Any], requests: list[Stat]) -> dict[Stat, Any]:
    present = [None if isinstance(v, float) and math.isnan(v) else v for v in values]
    table = table_of(pa.table({"x": pa.array(present, ARROW[dtype])}))
    columns = {"x": Column("x", dtype, "column `x`")}
    return answer(table, columns, {"x": requests}, summarise(table, columns))["x"]


def oracle(values: list[Any], requests: list[Stat]) -> Any:
    """The oracle's answers, or the code of the refusal."""
    try:
        found = column_stats(values, requests)
    except SkcError as error:
        return error.code
    except OverflowError:
        return "SKC212"
    numbers = [v for key, answer in found.items() if isinstance(key, Quantiles) for v in answer or ()]
    numbers += [found[key] for key in (Mean(), Variance()) if found.get(key) is not None]
    return found if all(map(math.isfinite, numbers)) else "SKC212"


def check(table_of: TableOf, dtype: DType, values: list[Any], requests: list[Stat]) -> None:
    want = oracle(values, requests)
    if isinstance(want, str):
        with pytest.raises(SkcError) as error:
            ask(table_of, dtype, values, requests)
        assert error.value.code == want
        return
    got = ask(table_of, dtype, values, requests)
    assert {key: bits(value) for key, value in got.items()} == {key: bits(value) for key, value in want.items()}


def bits(value: Any) -> Any:
    """The value with floats as their bits and booleans told from numbers."""
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return (type(value).__name__, struct.pack("<d", value) if isinstance(value, float) else value)


floats = st.one_of(st.sampled_from(HOSTILE), st.floats(), st.floats(-1e3, 1e3), st.none())


@FEW
@given(st.lists(floats, max_size=30))
def test_floats(table_of: TableOf, values: list[float | None]) -> None:
    check(table_of, "float64", values, COUNTS)
    check(table_of, "float64", values, MOMENTS)


@FEW
@given(
    st.lists(
        st.sampled_from([1e308, -1e308, 1.7976931348623157e308, -1.7976931348623157e308, 1.0, 5e-324, -0.5]),
        max_size=12,
    )
)
def test_sums_near_the_end_of_the_range(table_of: TableOf, values: list[float]) -> None:
    check(table_of, "float64", values, [Mean()])


@settings(FEW, max_examples=10)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=20))
def test_means_of_any_finite_floats(table_of: TableOf, values: list[float]) -> None:
    check(table_of, "float64", values, [Mean()])
    check(table_of, "float64", values + [-v for v in values] + [1.5], [Mean()])


@FEW
@given(
    st.lists(
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 2**63 - 1, 2**53 + 1, 0])),
        max_size=30,
    )
)
def test_integers(table_of: TableOf, values: list[int | None]) -> None:
    check(table_of, "int64", values, COUNTS + MOMENTS)
    check(table_of, "timestamp", values, MOMENTS)


@FEW
@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=12))
def test_booleans(table_of: TableOf, values: list[bool | None]) -> None:
    check(table_of, "bool", values, COUNTS + MOMENTS)


letters = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "A", "é", "e\u0301", "\U0001f600", "\uffff", "ß", "a ", "z"]),
    st.text(max_size=3),
)


@FEW
@given(st.lists(letters.filter(lambda s: s is None or "\0" not in s), max_size=40))
def test_strings(table_of: TableOf, values: list[str | None]) -> None:
    """Ties go by UTF-8 bytes: U+FFFF before U+1F600, where UTF-16 has it the other way round."""
    check(table_of, "string", values, COUNTS)
    check(table_of, "string", values, [ValueCounts(1, 3), ValueCounts(2, 2)])


@pytest.mark.parametrize("dtype", list(ARROW))
def test_a_column_without_values(table_of: TableOf, dtype: DType) -> None:
    requests = COUNTS if dtype == "string" else COUNTS + MOMENTS
    check(table_of, dtype, [], requests)
    check(table_of, dtype, [None, None], requests)


def test_a_limit_takes_all_ties_into_account(table_of: TableOf) -> None:
    values = [f"{i:05}" for i in reversed(range(100_000))]
    got = ask(table_of, "string", values, [ValueCounts(limit=3)])
    assert got[ValueCounts(limit=3)] == (("00000", 1), ("00001", 1), ("00002", 1))


def test_an_ordered_statistic_of_strings_is_a_bug(table_of: TableOf) -> None:
    with pytest.raises(SkcError, match="SKC901"):
        ask(table_of, "string", ["a"], [Mean()])


def test_the_refusal_names_the_column(table_of: TableOf) -> None:
    with pytest.raises(SkcError) as error:
        ask(table_of, "float64", [1.0, -math.inf], [Mean()])
    assert error.value.code == "SKC211"
    assert "column `x` contains an infinite value (-inf)" in str(error.value)


REPEATED = {
    "x": [3.0, -0.0, None, 0.0, 3.0],
    "y": [5.0, 1.0, 4.0, 2.0, 2.0],
    "z": [None] * 5,
    "w": [-1e300, 1e300, 0.1, 0.1, None],
}


@pytest.mark.parametrize("most", [1, 5, 12, 1 << 21])
@pytest.mark.parametrize("dtype", ["float64", "int64", "string"])
def test_columns_of_one_query_do_not_mix(
    table_of: TableOf, dtype: DType, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them share one, each has the answers that it has alone."""
    monkeypatch.setattr("skc.data.duckdb.long_form.VALUES", most)
    of = {"float64": float, "int64": lambda v: int(v) % 2**62, "string": str}[dtype]
    rows = {key: [None if v is None else of(v) for v in values] for key, values in REPEATED.items()}
    table = table_of(pa.table({key: pa.array(values, ARROW[dtype]) for key, values in rows.items()}))
    columns = {key: Column(key, dtype, key) for key in rows}
    requests = COUNTS if dtype == "string" else [*COUNTS, Min(), Max(), Mean(), Quantiles((0.1, 0.5, 0.77))]
    wanted = {"x": requests, "y": requests[3:], "z": requests, "w": requests}
    found = answer(table, columns, wanted, summarise(table, columns))
    for key, asked in wanted.items():
        want = column_stats(rows[key], asked)
        assert {r: bits(found[key][r]) for r in asked} == {r: bits(want[r]) for r in asked}, key
