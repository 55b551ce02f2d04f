"""A target by the values of a column and the folds: exact, in any order of rows, on every engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_stats import grouped

from skc.data.engine import ARROW, Column, Table
from skc.data.statistics import summarise
from skc.data.targets import by_target
from skc.diagnostics import SkcError
from skc.stats.requests import ByTarget, Grouped
from skc_runtime.kinds import DType

TableOf = Callable[[pa.Table], Table]
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOSTILE = [0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1e150, -1e308, 0.1, 1e16, 1.0, 2.0**53 + 2, 1e-200]
VALUES: dict[DType, Sequence[Any]] = {
    "string": ["", "a", "A", "e\u0301", "\u00e9", "\U0001f600"],
    "int64": [0, 2**53, 2**53 + 1, -(2**63), 2**63 - 1],
    "float64": [0.0, -0.0, 0.1, 1e300, math.inf, -math.inf],
    "bool": [False, True],
}
TARGETS: dict[DType, st.SearchStrategy[Any]] = {
    "float64": st.sampled_from(HOSTILE) | st.floats(-1e3, 1e3),
    "int64": st.sampled_from([0, 1, -1, 2**53 + 1, -(2**63), 2**63 - 1]),
    "bool": st.booleans(),
    "string": st.sampled_from(["", "b", "a", "é"]),
}


def found(table_of: TableOf, rows: Sequence[Sequence[Any]], dtype: DType, target: DType, request: ByTarget) -> Grouped:
    names = ("value", "fold", "target")
    dtypes: tuple[DType, ...] = (dtype, "int64", target)
    arrays = [pa.array([row[k] for row in rows], ARROW[t]) for k, t in enumerate(dtypes)]
    table = table_of(pa.table(arrays, names))
    columns = [Column(name, t, f"column `{name}`") for name, t in zip(names, dtypes, strict=True)]
    summaries = summarise(table, dict(zip(names, columns, strict=True)))
    return by_target(table, columns, [summaries[name] for name in names], request)


def exactly(answer: Grouped) -> dict[Any, list[tuple[Any, ...]]]:
    one = Fraction(2) ** -answer.scale
    return {
        place: [(m.rows, m.total * one, m.squares * one * one) for m in moments]
        for place, moments in answer.moments.items()
    }


@FEW
@given(data=st.data())
def test_every_engine_gives_the_exact_sums(table_of: TableOf, data: st.DataObject) -> None:
    dtype, target = data.draw(st.sampled_from(list(VALUES))), data.draw(st.sampled_from(list(TARGETS)))
    value = st.none() | st.sampled_from(VALUES[dtype])
    rows = data.draw(st.lists(st.tuples(value, st.integers(0, 2), TARGETS[target]), max_size=30))
    rows += [(None, fold, data.draw(TARGETS[target])) for fold in range(3)]
    as_classes = data.draw(st.sampled_from([None, *([True] if target == "int64" else [])]))
    request = ByTarget(1, 3, as_classes)
    got = found(table_of, rows, dtype, target, request)
    values, folds, targets = (list(column) for column in zip(*rows, strict=True))
    want = grouped(values, folds, targets, request)
    if target == "bool" and len(want.classes) == 1:  # a bool always has both
        assert got.classes == (False, True)
        return
    assert got.classes == want.classes
    assert exactly(got) == exactly(want)


def test_many_rows_in_any_order(table_of: TableOf) -> None:
    rows = [(f"c{k * k % 17}", k % 5, math.sin(k) * 10 ** (k % 9)) for k in range(3000)]
    request = ByTarget(1, 5)
    one, other = (found(table_of, each, "string", "float64", request) for each in (rows, rows[::-1]))
    assert one == other
    assert exactly(one) == exactly(grouped(*map(list, zip(*rows, strict=True)), request))


@pytest.mark.parametrize(
    ("rows", "target", "as_classes", "message"),
    [
        ([("a", 0, 1.0), ("a", None, 1.0)], "float64", None, "is null in 1 of 2 training rows"),
        ([("a", 0, 1.0), ("a", 1, 1.0), ("b", 2, 0.0), ("b", -7, 0.0)], "float64", None, "contains -7, 2, and there"),
        ([("a", 1, 1.0), ("a", 1, 2.0)], "float64", None, "has no row in fold 0 of 0 to 1"),
        ([("a", 0, "x"), ("a", 1, "y")], "string", False, "is text, and not a number"),
        ([("a", 0, 1.0), ("a", 1, 2.0)], "float64", True, "is float64, which has no classes"),
        ([("a", 0, 1.0), ("a", 1, math.inf)], "float64", None, "contains an infinite value"),
    ],
)
def test_what_cannot_be_learned_from(
    table_of: TableOf, rows: list[Any], target: DType, as_classes: bool | None, message: str
) -> None:
    with pytest.raises(SkcError, match=message) as error:
        found(table_of, rows, "string", target, ByTarget(1, 2, as_classes))
    assert error.value.code == ("SKC211" if "infinite" in message else "SKC216")
