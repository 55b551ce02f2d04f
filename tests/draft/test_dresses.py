"""Files as people have them: `skc init`, then `skc compile` without an edit, with the values that pandas reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from file_dresses import DRESSES, Dress
from stats.test_file_dresses import as_pandas_reads

import skc
from skc.data.typed_rows import open_rows
from skc.frontend.yaml.reader import read_pipeline

GIVEN = "names given"  # which no file can tell: they are those of `header: false` then


@pytest.mark.parametrize("dress", DRESSES, ids=[dress.name for dress in DRESSES])
def test_a_draft_reads_what_pandas_reads(dress: Dress, tmp_path: Path) -> None:
    (tmp_path / dress.file).write_bytes(dress.data)
    drafted = skc.init(tmp_path / dress.file, tmp_path / "pipeline.yaml")
    done = skc.compile(tmp_path / "pipeline.yaml", rows=10)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    expected = as_pandas_reads(dress, tmp_path)
    expected.columns = [f"column_{k}" for k in range(1, 5)] if dress.name == GIVEN else list(expected.columns)
    columns = read(tmp_path / "pipeline.yaml")
    names = [column.name for column in drafted.columns]
    assert [name.lower() for name in names] == [name.lower() for name in expected.columns]
    for name, want in zip(names, expected.columns, strict=True):
        if name in columns:
            assert_equal(columns[name], expected[want], dress)
    assert len(columns) >= 3, "nothing but what is constant or an id is left out"


def read(pipeline: Path) -> dict[str, list[Any]]:
    """The values of every input, as the pipeline reads them."""
    declared = read_pipeline(pipeline)[0]
    columns: dict[str, list[Any]] = {i.name: [] for i in declared.inputs}
    with open_rows(declared.inputs, None, declared.data) as rows:
        for blocks, _ in rows.batches():
            for name, block in blocks.items():
                valid = np.ones(len(block.values), bool) if block.valid is None else block.valid[:, 0]
                values = block.values[:, 0].tolist()
                columns[name] += [v if ok and v == v else None for v, ok in zip(values, valid, strict=True)]
    return columns


def assert_equal(got: list[Any], want: pd.Series, dress: Dress) -> None:
    wanted = [None if pd.isna(value) else value for value in want.tolist()]
    if any(isinstance(value, str) for value in got):
        wanted = ["" if value is None else str(value) for value in wanted]
        got = ["" if value is None or value in dress.options.get("null_values", ()) else value for value in got]
    assert got == wanted
