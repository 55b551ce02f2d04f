"""Which columns are read into memory, and that it makes no difference which are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unheld_engine import open_unheld

from skc import plan
from skc.data.arrays import HELD, SHORT, names_to_hold
from skc.data.engine import Column
from skc.data.held import HeldData
from skc.data.statistics import in_parts
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import ProfileOptions
from skc.profile.document import dumps

X, T, B, S = (
    Column(name, dtype, name) for name, dtype in [("x", "float64"), ("t", "timestamp"), ("b", "bool"), ("s", "string")]
)  # type: ignore[arg-type]  # they are types
ROWS = 3_000
PIPELINE = """
skc: 1
name: p
inputs:
  x: {type: float64, nullable: true, null_values: [-1.0]}
  y: {type: float32, nullable: true}
  n: {type: int64, nullable: true, null_values: [7]}
  b: {type: bool, nullable: true}
  s: {type: string, nullable: true, null_values: ["NA"]}
features:
  scaled: {from: [x, y], apply: [{impute: {strategy: median}}, standard_scale]}
  bins: {from: n, apply: [{impute: {strategy: mean}}, {quantile_bin: {bins: 4}}]}
  often: {from: b, apply: [{impute: {strategy: most_frequent}}]}
  words: {from: s, apply: [{impute: {strategy: most_frequent}}, vocabulary]}
  ids: {from: n, apply: [vocabulary]}
outputs:
  numbers: {features: [scaled, bins, often], dtype: float64}
  codes: {features: [words, ids], dtype: int64}
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    source = np.random.default_rng(6)

    def column(values: Any, dtype: pa.DataType) -> pa.Array:
        return pa.array(values, dtype, mask=source.random(ROWS) < 0.1)

    table = pa.table(
        {
            "x": column(source.choice([-1.0, -0.0, 0.0, np.nan, 1e-100, 2.5, 1e100], ROWS), pa.float64()),
            "y": column(source.lognormal(size=ROWS), pa.float64()),
            "n": column(source.integers(0, 40, ROWS), pa.int64()),
            "b": column(source.random(ROWS) < 0.3, pa.bool_()),
            "s": column([f"w{k}" if k % 9 else "NA" for k in source.zipf(1.5, ROWS)], pa.string()),
        }
    )
    file = tmp_path_factory.mktemp("held") / "rows.parquet"
    pq.write_table(table, file, row_group_size=700)
    return str(file)


def fitted(rows: str, **options: Any) -> tuple[bytes, bytes]:
    pipeline, _ = read_pipeline_text(PIPELINE, "pipeline.yaml")
    made = fit(pipeline, rows, profile=ProfileOptions(minimum=1), **options)
    assert made.profile is not None
    return plan.dumps(made.pipeline), dumps(made.profile)


def test_it_makes_no_difference_what_is_held_and_how_it_was_read(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    want = fitted(rows, open_engine=open_unheld)
    assert fitted(rows) == want
    for places in (
        {"skc.data.arrays.TEXTS": 10},
        {"skc.data.arrays.SHORT": -1},
        {"skc.data.arrays.SHORT": -1, "skc.data.arrays.HELD": ROWS},  # a column at a time, to be sorted
        {"skc.data.duckdb.table.FETCHED": 1, "skc.data.duckdb.table.BATCH": 1},
        {"skc.data.held.SORTED": 1},
        {"skc.data.held.PARALLEL": 1, "skc.data.held.BATCH": 1},
    ):
        with monkeypatch.context() as patch:
            for name, value in places.items():
                patch.setattr(name, value)
            assert fitted(rows) == want, places
            assert fitted(rows, threads=1) == want, places


@pytest.mark.parametrize(
    ("count", "columns", "held"),
    [
        (SHORT // 4, [X, T, B, S], ["x", "t", "b", "s"]),
        (SHORT // 4 + 1, [X, T, B, S], ["x", "t", "b"]),
        (HELD // 3, [X, T, B, S], ["x", "t", "b"]),
        (HELD // 3 + 1, [X, T, B, S], []),
        (HELD, [X, X], ["x"]),
        (SHORT + 1, [S], []),
        (0, [], []),
    ],
)
def test_memory_is_bounded(count: int, columns: list[Column], held: list[str]) -> None:
    assert names_to_hold(count, columns) == held


def test_long_texts_stay_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skc.data.duckdb.engine import open_duckdb
    from skc.data.sources import resolve
    from skc.ir import Input

    pq.write_table(pa.table({"x": [1.0, 2.0], "s": ["a" * 100, "b"]}), tmp_path / "rows.parquet")
    monkeypatch.setattr("skc.data.arrays.TEXTS", 50)
    source, declared = resolve(str(tmp_path / "rows.parquet"), None)
    with open_duckdb() as engine:
        data = engine.load(source, (Input("x", "float64"), Input("s", "string")), declared).cached()
        assert isinstance(data, HeldData)
        assert list(data.columns.numbers) == ["x"]
        assert not data.columns.texts
        assert not data.is_constant("s")
        ((part, columns),) = in_parts(data, {"x": X})
        assert part is data
        assert columns == {"x": X}
