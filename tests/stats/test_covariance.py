"""Statistics of several columns together: exact, in any order of rows, on every engine, in few questions."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from decorrelate_op import DECORRELATE, Params, State
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_engine import open_memory
from oracle_stats import block_stats

from skc.data.blocks import covariance
from skc.data.duckdb.connection import Database, open_database
from skc.data.duckdb.engine import open_duckdb
from skc.data.duckdb.table import DuckTable
from skc.data.engine import ARROW, Column, Table
from skc.data.statistics import summarise
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.infer import value_types
from skc.ir import Feature, Input, Pipeline, Ref, Step
from skc.ops import OPS
from skc.oracle import reference
from skc.oracle.protocol import select
from skc.stats.exact_products import added, exponents, products, total
from skc.stats.requests import ColumnStats, Covariance, Joint, Mean, Variance
from skc.values.types import Block, DType, ValueType, concat_blocks

TableOf = Callable[[pa.Table], Table]
HOSTILE = [0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1e150, -1e150, 0.1, 1e16, 1.0, 2.0**53 + 2, 1e-200]
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def joints(table_of: TableOf, columns: Sequence[Sequence[Any]], dtypes: Sequence[DType]) -> list[Joint | None]:
    names = [f"x{k}" for k in range(len(columns))]
    arrays = [pa.array(values, ARROW[dtype]) for values, dtype in zip(columns, dtypes, strict=True)]
    table = table_of(pa.table(arrays, names))
    asked = [Column(name, dtype, f"column `{name}`") for name, dtype in zip(names, dtypes, strict=True)]
    summaries = summarise(table, dict(zip(names, asked, strict=True)))
    return covariance(table, asked, [summaries[name] for name in names])


def by_oracle(columns: Sequence[Sequence[Any]]) -> list[Joint | None]:
    return [stats[Covariance()] for stats in block_stats(columns, [Covariance()])]


floats = st.one_of(st.sampled_from(HOSTILE), st.floats(-1e3, 1e3), st.none())


@FEW
@given(st.lists(st.tuples(floats, floats, floats), max_size=12))
def test_every_engine_gives_the_exact_covariances(table_of: TableOf, rows: list[tuple[float | None, ...]]) -> None:
    columns = [[row[k] for row in rows] for k in range(3)]
    assert joints(table_of, columns, ["float64"] * 3) == by_oracle(columns)


def test_columns_of_any_type_that_is_a_number(table_of: TableOf) -> None:
    columns = [[1.5, None, 0.1, 7.0], [2**53 + 1, 5, -(2**62), None], [True, False, False, True]]
    got = joints(table_of, columns, ["float64", "int64", "bool"])
    assert got == by_oracle(columns)
    assert got[0] is not None
    assert got[0].count == 2


def test_only_complete_rows_count(table_of: TableOf) -> None:
    """A value in a row with a null counts in no mean and no variance, whether it is infinite or not."""
    x, y, z = joints(table_of, [[1.0, 3.0, math.inf, 5.0], [2.0, 6.0, None, None], [7.0] * 4], ["float64"] * 3)
    assert x == Joint(2, 2.0, (1.0, 2.0, 0.0))
    assert y == Joint(2, 4.0, (2.0, 4.0, 0.0))
    assert z == Joint(2, 7.0, (0.0, 0.0, 0.0))
    assert joints(table_of, [[1.0, None], [None, 2.0]], ["float64"] * 2) == [None, None]
    assert joints(table_of, [[], []], ["float64"] * 2) == [None, None]


@pytest.mark.parametrize(
    ("columns", "code"),
    [([[1.0, math.inf], [1.0, 2.0]], "SKC211"), ([[1e308, -1e308, 1e308], [1.0, 2.0, 3.0]], "SKC212")],
)
def test_refusals_name_the_column(table_of: TableOf, columns: list[list[float]], code: str) -> None:
    with pytest.raises(SkcError) as error:
        joints(table_of, columns, ["float64"] * 2)
    assert error.value.code == code
    assert "column `x0`" in str(error.value)


@pytest.mark.parametrize("width", [1, 2, 33])
def test_products_are_exact_for_any_floats_in_any_parts(width: int) -> None:
    """From the largest float to the least, over more rows than are added up at once."""
    chance = random.Random(width)
    extremes = [*HOSTILE, 1.7976931348623157e308, -1e308, 5e-324]
    rows = 5000 if width == 2 else 300
    block = np.array([[chance.choice(extremes) for _ in range(width)] for _ in range(rows)])
    exponent = exponents(np.abs(block).max(axis=0).tolist())
    cut = rows // 3
    whole = products(block, exponent)
    parts = added(products(block[cut:], exponent), products(block[:cut], exponent))
    pairs = [(0, 0), (0, width - 1), (width - 1, width - 1), (width // 2, 0)]
    for i, j in pairs:
        want = sum(Fraction(a) * Fraction(b) for a, b in zip(block[:, i].tolist(), block[:, j].tolist(), strict=True))
        assert total(whole, exponent, i, j) == want
        assert total(parts, exponent, i, j) == want


def test_the_largest_products_of_slices_are_exact() -> None:
    """Slices that are nearly as large as they can be: sums come as near to their limits as they can."""
    exponent = exponents([1.0 - 2.0**-53])
    for least in (2**53 - 2**32, 2**53 - 1):
        whole = np.random.default_rng(1).integers(least, 2**53, 1 << 18).tolist()
        block = np.array([[n * 2.0**-53] for n in whole])
        assert total(products(block, exponent), exponent, 0, 0) == Fraction(sum(n * n for n in whole), 2**106)


@pytest.mark.parametrize("shape", ["parquet", "parts", "memory"])
@pytest.mark.parametrize("threads", [1, 3])
def test_no_order_storage_or_number_of_threads_matters(
    shape: str, threads: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skc.data.duckdb.table.FOLDED", 1)  # the least batches there are
    chance = np.random.default_rng(5)
    columns = [chance.normal(0, 1, 4000) * 10.0 ** chance.integers(-12, 12, 4000) for _ in range(3)]
    rows = pa.table({f"x{k}": pa.array(v, mask=chance.random(4000) < 0.1) for k, v in enumerate(columns)})
    want = states(fit(decorrelated(), rows, threads=2))
    shuffled = rows.take(pa.array(chance.permutation(4000)))
    source: Any = shuffled
    if shape == "parquet":
        source = str(tmp_path / "rows.parquet")
        pq.write_table(shuffled, source, row_group_size=500)
    elif shape == "parts":
        for k in range(4):
            pq.write_table(shuffled.slice(k * 1000, 1000), tmp_path / f"{k}.parquet")
        source = str(tmp_path / "*.parquet")
    assert states(fit(decorrelated(), source, threads=threads)) == want


def test_the_questions_do_not_grow_with_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    asked: list[str] = []
    for name in ("run", "execute", "row", "batches"):
        real = getattr(Database, name)
        monkeypatch.setattr(Database, name, lambda self, *a, real=real: [asked.append(a[0]), real(self, *a)][1])
    for width in (10, 30, 100):
        rows = pa.table({f"x{k}": [float(k * r % 7) if r else None for r in range(40)] for k in range(width)})
        with open_database(threads=2) as database:
            database.register("t", rows)
            table = DuckTable(database, "t")
            columns = [Column(name, "float64", name) for name in rows.column_names]
            summaries = summarise(table, {c.name: c for c in columns})
            asked.clear()
            covariance(table, columns, [summaries[c.name] for c in columns])
            counted.append(len(asked))
    assert len(set(counted)) == 1
    assert counted[0] <= 6


@pytest.fixture(autouse=True)
def _with_the_op(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS, "decorrelate", DECORRELATE)


INPUTS = tuple(Input(f"x{k}", "float64", nullable=True) for k in range(3))


def step(name: str, kind: str, *inputs: str, **params: Any) -> Step:
    return Step(name, kind, OPS[kind].params(**params), tuple(map(Ref, inputs)))


def decorrelated() -> Pipeline:
    """Twice on raw columns, and then on a block of which one column is raw and the others only the graph gives."""
    steps = (
        step("one", "decorrelate", "inputs/x0", "inputs/x1"),
        step("filled", "impute", "inputs/x2", value=0.5),
        step("all", "decorrelate", "one", "filled", "inputs/x0"),
        step("scaled", "standard_scale", "all", "inputs/x0"),
    )
    made = Pipeline("test", INPUTS, steps, tuple(Feature(s.name, Ref(s.name)) for s in steps), (), None)
    made.verify()
    return made


def states(fitted: Any) -> list[Any]:
    return [one.state for one in fitted.pipeline.steps]


def test_an_op_learns_from_a_block_in_every_stage() -> None:
    """What the engines give is what the oracle gives for the values of the reference."""
    chance = random.Random(3)
    rows = [
        [None if chance.random() < 0.1 else chance.gauss(3, 1) * 10 ** chance.randint(-3, 3) for _ in range(3)]
        for _ in range(200)
    ]
    data = pa.table({f"x{k}": pa.array([row[k] for row in rows], pa.float64()) for k in range(3)})
    fitted = [fit(decorrelated(), data, open_engine=open_engine) for open_engine in (open_duckdb, open_memory)]
    assert states(fitted[0]) == states(fitted[1]) == learned_by_oracle(decorrelated(), rows)


def learned_by_oracle(pipeline: Pipeline, rows: Sequence[Sequence[Any]]) -> list[Any]:
    blocks = {i.name: Block("float64", np.array([[row[k]] for row in rows], float)) for k, i in enumerate(INPUTS)}
    done: list[Step] = []
    for one in pipeline.steps:
        partial = Pipeline("partial", INPUTS, tuple(done), (), (), None)
        values = reference.run(partial, blocks).values
        block = concat_blocks([select(values, ref) for ref in one.inputs])
        x = value_types(pipeline)[one.inputs[0].value]
        requests = OPS[one.op].needs(one.params, x)
        columns = [[row[k] for row in block.to_rows()] for k in range(block.width)]
        done.append(Step(one.name, one.op, one.params, one.inputs, freeze_of(one, x, block_stats(columns, requests))))
    return [one.state for one in done]


def freeze_of(one: Step, x: ValueType, stats: Sequence[ColumnStats]) -> Any:
    return OPS[one.op].freeze(one.params, x, stats)


def test_columns_that_are_not_of_the_block_get_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for the columns at some places, together with requests for each column."""
    given_to_freeze: list[ColumnStats] = []

    def keep(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
        given_to_freeze.extend(columns)
        return State((0.0,) * len(columns), (0.0,) * len(columns))

    some = Covariance((2, 0))
    other = replace(DECORRELATE, needs=lambda params, x: (some, Mean(), Variance()), freeze=keep)
    monkeypatch.setitem(OPS, "decorrelate", other)
    asking = step("y", "decorrelate", *(i.value for i in INPUTS))
    made = Pipeline("test", INPUTS, (asking,), (Feature("y", Ref("y")),), (), None)
    fit(made, pa.table({"x0": [1.0, 2.0, 6.0], "x1": [None, 1.0, 3.0], "x2": [2.0, 4.0, 12.0]}))
    assert [stats.get(some) for stats in given_to_freeze] == [
        Joint(3, 3.0, (28 / 3, 14 / 3)),
        None,
        Joint(3, 6.0, (56 / 3, 28 / 3)),
    ]
    assert [stats[Mean()] for stats in given_to_freeze] == [3.0, 2.0, 6.0]
    assert some not in given_to_freeze[1]
