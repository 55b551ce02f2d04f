"""Random pipelines over random rows: Spark makes the artifact that DuckDB makes, to the byte, or refuses alike.

One by one that takes seconds for each, so a run tries a few, and many more together: those of as many rows are one
pipeline over one table. With SKC_SPARK_PIPELINES=200 so many are tried one by one, and those of any number of rows
together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from feature_tables import bits_of
from random_subjects import Subject, outcome, subject
from spark_plans import SPARK, divided

import skc
from skc.data.duckdb.engine import open_duckdb
from skc.ir import Input, Pipeline, Ref, Step

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
PIPELINES = int(os.environ.get("SKC_SPARK_PIPELINES", "3"))
TOGETHER = 200  # seeds
SIZES = (1, 2, 3, 5, 8, 20, 40, 150) if "SKC_SPARK_PIPELINES" in os.environ else (8, 150)  # rows


@pytest.mark.parametrize("seed", range(PIPELINES))
def test_a_random_pipeline_is_the_same(seed: int, session: Any, tmp_path: Path) -> None:
    """Its rows are in memory, in files one of which is empty, or in a frame."""
    given = subject(seed)
    rows, data = given.rows, given.rows
    if seed % 3 == 1:
        for k in range(3):
            part = rows.slice(0, 0) if k == 1 else rows.take(pa.array(range(k // 2, rows.num_rows, 2), pa.int64()))
            pyarrow.parquet.write_table(part, tmp_path / f"{k}.parquet")
        data = str(tmp_path / "*.parquet")
    if seed % 3 == 2:
        pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
        data = session.read.parquet(str(tmp_path / "rows.parquet")).repartition(1 + seed % 4)
    expected = outcome(given.pipeline, rows, open_duckdb)
    with divided(3) if data is rows else nullcontext():
        made = outcome(given.pipeline, data, SPARK)
    if data is rows or isinstance(expected, tuple):
        assert made == expected
    else:  # a message names the file or the partition
        assert [code for code, *_ in made] == [code for code, *_ in expected]
    if isinstance(expected, tuple) and given.pipeline.outputs:
        assert_features_are_the_same(expected[0], rows, tmp_path)


def assert_features_are_the_same(files: Mapping[str, bytes], rows: pa.Table, folder: Path) -> None:
    """Of all rows, also those that fitting left out, from three files."""
    artifact = folder / "artifact"
    artifact.mkdir()
    for name, content in files.items():
        (artifact / name).write_bytes(content)
    for k in range(3):
        pyarrow.parquet.write_table(
            rows.slice(k * rows.num_rows // 3, rows.num_rows // 3 + 1), folder / f"rows{k}.parquet"
        )
    made = []
    for out, engine in (("one", "duckdb"), ("other", "spark")):
        where = folder / (f"{out}.parquet" if engine == "duckdb" else out)
        skc.transform(artifact, str(folder / "rows?.parquet"), where, engine=engine, refused="column")  # type: ignore[arg-type]
        made.append(pyarrow.parquet.read_table(where))
    one, other = made
    assert one.column_names == other.column_names
    assert one.num_rows >= rows.num_rows
    for name in one.column_names:
        assert bits_of(one[name]) == bits_of(other[name]), name


@pytest.mark.parametrize("size", SIZES)
def test_many_random_pipelines_are_the_same(size: int) -> None:
    """All of the first seeds that have so many rows and are accepted."""
    chosen = [one for seed in range(TOGETHER) for one in [subject(seed)] if one.rows.num_rows == size]
    accepted = [one for one in chosen if one.pipeline.data is None and is_accepted(one)]
    assert len(accepted) > 5
    together = joined(accepted)
    with divided(3):
        made = outcome(together.pipeline, together.rows, SPARK)
    assert made == outcome(together.pipeline, together.rows, open_duckdb)


def is_accepted(one: Subject) -> bool:
    return isinstance(outcome(one.pipeline, one.rows, open_duckdb), tuple)


def joined(subjects: list[Subject]) -> Subject:
    """One pipeline of several, whose names are numbered."""
    inputs: list[Input] = []
    steps: list[Step] = []
    columns: dict[str, pa.Array] = {}
    for k, one in enumerate(subjects):
        made = one.pipeline
        renamed = [replace(i, name=f"{k} {i.name}") for i in made.inputs]
        values = {i.value: new.value for i, new in zip(made.inputs, renamed, strict=True)}
        values |= {step.name: f"{k} {step.name}" for step in made.steps}
        inputs += renamed
        steps += _moved(made.steps, values)
        columns |= {new.name: one.rows[i.name] for i, new in zip(made.inputs, renamed, strict=True)}
    return Subject(Pipeline("together", tuple(inputs), tuple(steps), (), ()), pa.table(columns))


def _moved(steps: tuple[Step, ...], values: Mapping[str, str]) -> Iterator[Step]:
    for step in steps:
        refs = tuple(Ref(values[ref.value], ref.start, ref.stop) for ref in step.inputs)
        yield replace(step, name=values[step.name], inputs=refs)
