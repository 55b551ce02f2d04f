"""A state that is written in Spark is the one that DuckDB writes, to the byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from engine_cases import ROWS, staged

import skc
from skc.data.default import open_engine
from skc.data.spark.engine import spark_at
from skc.ir import ProfileOptions
from skc.state import collect as collecting
from skc.state.document import dumps

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
RIDES = Path(__file__).parents[2] / "examples" / "rides"


def state_of(rows: Any, limit: int, engine: Any) -> tuple[bytes, bool]:
    state, contents = collecting.collect(staged(), rows, limit=limit, open_engine=engine, profile=ProfileOptions())
    return dumps(replace(state, sources=()), contents), state.candidates is not None


@pytest.mark.parametrize("megabyte", [1 << 20, 300])
def test_the_state_of_partitions_is_the_same(session: Any, megabyte: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the table of all inputs, and with candidates for their sample."""
    monkeypatch.setattr(collecting, "MEGABYTE", megabyte)
    shuffled = ROWS.take(pa.array(np.random.default_rng(2).permutation(ROWS.num_rows)))
    given, is_sampled = state_of(shuffled, 1, spark_at(None))
    assert (given, is_sampled) == state_of(ROWS, 1, open_engine)
    assert is_sampled is (megabyte == 300)


def test_states_of_both_engines_are_merged(tmp_path: Path) -> None:
    subject, data = RIDES / "pipeline.yaml", RIDES / "data.csv"
    header, *lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    for k in range(3):
        (tmp_path / f"{k}.csv").write_text(header + "".join(lines[k * 100 : 100 + k * 100]), encoding="utf-8")
    skc.fit_state(subject, tmp_path / "[01].csv", tmp_path / "spark.state", engine="spark", master="local[2]")
    skc.fit_state(subject, tmp_path / "[2].csv", tmp_path / "duckdb.state")
    merged = skc.merge([tmp_path / "spark.state", tmp_path / "duckdb.state"], verify=False)
    whole = skc.compile(subject, tmp_path / "[012].csv", verify=False)
    assert merged.artifact.files == whole.artifact.files
