"""Fitting knows an engine by its protocol alone: one that is not DuckDB gives the same states and the same refusals."""

from __future__ import annotations

import pyarrow as pa
import pytest
from engine_cases import INPUTS, REFUSED, ROWS, pipeline, staged, step
from memory_engine import open_memory
from unheld_engine import open_unheld

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import OpenEngine
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import Pipeline

ENGINES: list[OpenEngine] = [open_duckdb, open_unheld, open_memory]


def test_every_engine_gives_the_same_states_and_warnings() -> None:
    one, *others = (fit(staged(), ROWS, open_engine=open_engine) for open_engine in ENGINES)
    for other in others:
        assert one.pipeline == other.pipeline
        assert [w.message for w in one.warnings] == [w.message for w in other.warnings]
        assert {w.code for w in one.warnings} >= {"SKC235"}
        assert (one.rows, one.stages) == (other.rows, other.stages) == (40, 2)


@pytest.mark.parametrize("code", REFUSED)
def test_every_engine_refuses_the_same_rows(code: str) -> None:
    made, rows = REFUSED[code]
    texts = []
    for open_engine in ENGINES:
        with pytest.raises(SkcError) as error:
            fit(made, rows, open_engine=open_engine)
        (diagnostic,) = error.value.diagnostics
        assert diagnostic.code == code
        texts.append((diagnostic.message, diagnostic.hint, diagnostic.notes))
    assert texts[0] == texts[1] == texts[2]


def test_impossible_dates_are_found_by_every_engine() -> None:
    made = pipeline(step("t0", "source", "inputs/t", null_values=(-(2**62),)), inputs=INPUTS[4:])
    rows = pa.table({"t": pa.array([0, -(2**62), None, 2**62], pa.int64())})
    for open_engine in ENGINES:
        assert "row 4: `t` lies outside" in refusal(made, rows, open_engine)


def refusal(made: Pipeline, rows: pa.Table, open_engine: OpenEngine) -> str:
    with pytest.raises(SkcError) as error:
        fit(made, rows, open_engine=open_engine)
    return str(error.value)
