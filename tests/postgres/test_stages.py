"""Steps that learn from the output of others: what is computed from distinct rows is what DuckDB computes of all."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
import toolchains
from engine_cases import ROWS, pipeline, staged, step
from postgres_cases import SENTINELS, TYPES, outcome, value

import skc
from skc import plan
from skc.data.counted.rows import CountRows
from skc.data.default import open_engine
from skc.data.engine import Column
from skc.data.postgres import counts
from skc.data.postgres.engine import open_postgres
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import Input, Pipeline
from skc_runtime.kinds import DType

REPOSITORY = Path(__file__).parents[2]

CHAINS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "float64": [
        ("standard_scale", {}),
        ("robust_scale", {}),
        ("quantile_bin", {"bins": 4}),
        ("minmax_scale", {}),
        ("vocabulary", {"top_k": 3}),
    ],
    "string": [("one_hot", {}), ("vocabulary", {"top_k": 2})],
}
TWO = pipeline(
    step("filled", "impute", "inputs/x", strategy="mean"),
    step("scaled", "standard_scale", "filled"),
    inputs=(Input("x", "float64", nullable=True),),
)


def made_of(seed: int) -> tuple[Pipeline, pa.Table, str]:
    """A pipeline of chains, some over several columns together, its rows, and their columns in SQL."""
    draw = random.Random(seed)
    rows = draw.choice([2, 9, 60, 400])
    inputs, steps, columns, declared = [], [], {}, []
    for k in range(4):
        kind, name, style = draw.choice(["float64", "real", "string", "float64"]), f"c{k}", draw.randrange(4)
        dtype, sql, arrow = TYPES[kind]
        columns[name] = pa.array([value(draw, kind, style) for _ in range(rows)], arrow)
        declared.append(f"{name} {sql}")
        inputs.append(Input(name, dtype, nullable=True))
        source = f"inputs/{name}"
        if draw.random() < 0.3:
            steps.append(step(f"s{k}", "source", source, null_values=SENTINELS[dtype]))
            source = f"s{k}"
        steps.append(step(f"f{k}", "impute", source, strategy="most_frequent"))
        for j, (op, params) in enumerate(draw.sample(CHAINS[dtype], 2)):
            steps.append(step(f"g{k}_{j}", op, f"f{k}", **params))
    return pipeline(*steps, inputs=tuple(inputs)), pa.table(columns), ", ".join(declared)


@pytest.mark.parametrize("seed", range(30))
def test_a_random_chain_is_the_same(seed: int, stored: Any) -> None:
    made, table, declared = made_of(seed)
    assert outcome(made, stored(table, declared), open_engine=open_postgres) == outcome(made, table)


def test_every_statistic_of_every_kind_is_the_same(stored: Any) -> None:
    declared = "x double precision, y real, s text, n bigint, t bigint"
    assert outcome(staged(), stored(ROWS, declared), open_engine=open_postgres) == outcome(staged(), ROWS)


def test_rows_are_distinct_by_their_bits_and_bytes(stored: Any) -> None:
    draw = random.Random(3)
    table = pa.table(
        {
            "x": pa.array(
                [draw.choice([0.0, -0.0, None, math.nan, 5e-324, math.inf]) for _ in range(300)], pa.float64()
            ),
            "b": pa.array([draw.choice([True, False, None]) for _ in range(300)]),
            "n": pa.array([draw.choice([-(2**63), 2**63 - 1, None]) for _ in range(300)], pa.int64()),
            "t": [draw.choice(["a", "A", "\u00e4", "a\u0308", "", "a ", None]) for _ in range(300)],
        }
    )
    kinds: list[tuple[str, DType]] = [("x", "float64"), ("b", "bool"), ("n", "int64"), ("t", "string")]
    inputs = tuple(Input(name, dtype, nullable=True) for name, dtype in kinds)
    columns = [Column(name, dtype, name) for name, dtype in kinds]
    source, declared = resolve(stored(table), None)
    with open_postgres() as engine:
        data: Any = engine.load(source, inputs, declared)
        found = data.distinct(columns)
        batch = found.distinct.batch(columns, nan=True)
        assert data.distinct([]).count() == 300
    counting = CountRows(tuple(columns), ((0, 1, 2, 3),), 1 << 20)
    (expected,) = counting.finished(counting(table.combine_chunks().to_batches()[0]))
    (once,) = counting.finished(counting(batch))  # each row once
    assert isinstance(expected, pa.Table)
    assert isinstance(once, pa.Table)
    counted = dict(zip(rows_of(once), found.counts.tolist(), strict=True))
    assert counted == rows_of(expected)


def rows_of(table: pa.Table) -> dict[tuple[Any, ...], int]:
    """How often each row occurs."""
    return {tuple(row[:-1]): row[-1] for row in zip(*(c.to_pylist() for c in table.columns), strict=True)}


def test_distinct_rows_that_are_too_many_are_refused(
    stored: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = pa.table({"x": pa.array([*range(100), *range(50), None], pa.float64())})
    data = stored(table)
    monkeypatch.setattr(counts, "LIMIT", 101 * 16 - 1)
    with pytest.raises(SkcError) as error:
        fit(TWO, data, open_engine=open_postgres)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "SKC699"
    assert diagnostic.message.startswith("column `x` has 101 distinct values, and a step learns from what")
    assert "export the rows to Parquet" in diagnostic.hint
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    expected = fit(TWO, tmp_path / "rows.parquet").pipeline
    monkeypatch.setattr(counts, "LIMIT", 101 * 16)
    assert fit(TWO, data, open_engine=open_postgres).pipeline == expected


def test_texts_count_by_their_bytes(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored(pa.table({"t": ["\u00e4" * 10, "b", None, "b"]}))
    source, declared = resolve(data, None)
    with open_postgres() as engine:
        rows: Any = engine.load(source, (Input("t", "string", nullable=True),), declared)
        monkeypatch.setattr(counts, "LIMIT", 3 * 16 + 21)
        assert rows.distinct([Column("t", "string", "t")]).count() == 4
        monkeypatch.setattr(counts, "LIMIT", 3 * 16 + 20)
        with pytest.raises(SkcError, match="SKC699"):
            rows.distinct([Column("t", "string", "t")])


def test_a_row_that_a_step_refuses_is_named_by_its_key(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pipeline(
        step("at", "parse_datetime", "inputs/t", format="%Y-%m-%d", to="date", invalid="error"),
        step("year", "datetime_part", "at", part="year"),
        step("ids", "vocabulary", "year"),
        inputs=(Input("t", "string"),),
    )
    days = [f"2024-01-{1 + k % 28:02}" for k in range(2000)]
    days[1500] = "2024-02-31"
    data = stored(pa.table({"id": pa.array(range(2000), pa.int64()), "t": days}), "id bigint primary key, t text")
    monkeypatch.setattr("skc.stage_values.CHUNK", 7)
    monkeypatch.setattr("skc.stage_values.CHUNK_VALUES", 7)
    with pytest.raises(SkcError) as error:
        fit(made, data, open_engine=open_postgres)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "SKC224"
    assert "the row with id = 1500: step `at` refuses" in diagnostic.message
    assert diagnostic.notes == ("the row: `t` = '2024-02-31'",)


def test_the_first_pipeline_of_the_readme(stored: Any, tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text().split("```yaml\n", 1)[1].split("```")[0]
    (tmp_path / "pipeline.yaml").write_text(text)
    draw = random.Random(1)
    table = pa.table(
        {
            "pickup": [f"2024-03-{1 + k % 28:02} {k % 24:02}:15:00" for k in range(500)],
            "distance": [draw.choice([draw.gauss(3, 1) ** 2, 0.0, 1.25]) for _ in range(500)],
            "fare": [draw.choice([None, 1.0 + draw.random(), 7.5]) for _ in range(500)],
            "payment": [draw.choice(["", None, "card", "cash", "\u00e4"]) for _ in range(500)],
        }
    )
    assert "impute" in text
    same_artifact(tmp_path / "pipeline.yaml", table, stored(table), tmp_path)


def test_titanic(stored: Any, tmp_path: Path) -> None:
    toolchains.need("real data")
    path = REPOSITORY / "tests" / "real" / "titanic.yaml"
    made, _ = read_pipeline(path)
    table = as_read(made, toolchains.real_data() / "titanic.csv")
    same_artifact(path, table, stored(table), tmp_path)


@pytest.mark.parametrize("name", ["rides", "taxis"])
def test_rows_that_a_view_selects(name: str, database: Any, url: str, stored: Any) -> None:
    """`where` is refused, and its hint followed: the condition is in a view, and texts are compared by their bytes."""
    if name == "taxis":
        toolchains.need("real data")
    path = {"rides": "examples/rides/pipeline.yaml", "taxis": "tests/real/taxis.yaml"}[name]
    made, _ = read_pipeline(REPOSITORY / path)
    data = REPOSITORY / "examples/rides/data.csv" if name == "rides" else toolchains.real_data() / "taxis.csv"
    assert made.data is not None
    assert made.data.where is not None
    before = replace(made, data=replace(made.data, where=None))
    table = stored(as_read(before, data)).rpartition("::")[2]
    condition = made.data.where.replace("pickup", 'pickup COLLATE "C"')
    database.execute(f"CREATE VIEW {name}_before AS SELECT * FROM {table} WHERE {condition}")
    fitted = fit(before, f"{url}::{name}_before", open_engine=open_postgres)
    expected = fit(made, data)
    assert 0 < fitted.rows == expected.rows
    assert plan.encode(fitted.pipeline) == plan.encode(expected.pipeline)


def as_read(made: Pipeline, data: Path) -> pa.Table:
    """All rows of a file, as DuckDB reads them."""
    names = [i.name for i in made.inputs]
    with open_engine() as engine:
        source, declared = resolve(data, made.data)
        rows = list(engine.load(source, made.inputs, declared).batches(names, 1 << 16))
    return pa.Table.from_batches(rows).rename_columns(names)


def same_artifact(definition: Path, table: pa.Table, data: str, folder: Path) -> None:
    """The plan and the model are the same to the byte."""
    skc.compile(definition, table, folder / "a")
    skc.compile(definition, data, folder / "b")
    for name in ("plan.json", "model.onnx"):
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes()
