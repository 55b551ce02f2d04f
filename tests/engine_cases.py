"""Pipelines and rows that every engine fits alike, or refuses alike: see `stats/test_second_engine.py`."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa

from skc.ir import Feature, Input, Pipeline, Ref, Step
from skc.ops import OPS

DAY = 86_400_000_000
INPUTS = (
    Input("x", "float64", nullable=True),
    Input("y", "float64", nullable=True, null_values=(-1.0,)),
    Input("s", "string", nullable=True),
    Input("n", "int64"),
    Input("t", "timestamp", nullable=True, null_values=(-(2**62),)),
)
ROWS = pa.table(
    {
        "x": pa.array([0.1, -0.0, None, 5e15, math.nan, 0.1, 3.5, 0.25] * 5, pa.float64()),
        "y": pa.array([-1.0, 2.5, None, 7.25, 1e-3, -1.0, 2.5, 0.0] * 5, pa.float32()),
        "s": pa.array(["b", "a", None, "é", "b", "", "a", "\U0001f600"] * 5),
        "n": pa.array([2**53 + 1, 0, -5, 7, 7, 2**62, 1, 2] * 5, pa.int64()),
        "t": pa.array([0, DAY, None, 3, -(2**62), 5, 2 * DAY, 8] * 5, pa.int64()),
    }
)


def step(name: str, op: str, *inputs: str, **params: Any) -> Step:
    return Step(name, op, OPS[op].params(**params), tuple(map(Ref, inputs)))


def pipeline(*steps: Step, inputs: tuple[Input, ...] = INPUTS) -> Pipeline:
    made = Pipeline("test", inputs, steps, tuple(Feature(s.name, Ref(s.name)) for s in steps), (), None)
    made.verify()
    return made


def staged() -> Pipeline:
    """Every statistic, on inputs and on what only the graph gives."""
    return pipeline(
        step("y0", "source", "inputs/y", null_values=(-1.0,)),
        step("t0", "source", "inputs/t", null_values=(-(2**62),)),
        step("m", "impute", "inputs/x", "y0", strategy="mean"),
        step("scaled", "standard_scale", "m"),
        step("bins", "quantile_bin", "m", bins=3),
        step("range", "minmax_scale", "m"),
        step("ids", "vocabulary", "inputs/n"),
        step("often", "impute", "inputs/s", strategy="most_frequent"),
        step("words", "vocabulary", "often", top_k=3),
        step("hot", "one_hot", "inputs/s"),
        step("day", "datetime_part", "t0", part="day", timezone="UTC"),
        step("days", "one_hot", "day"),
    )


REFUSED: dict[str, tuple[Pipeline, pa.Table]] = {
    "SKC206": (
        pipeline(step("v", "vocabulary", "inputs/s"), inputs=INPUTS[2:3]),
        pa.table({"s": ["a", None, "b\0"]}),
    ),
    "SKC208": (pipeline(step("y", "standard_scale", "inputs/x"), inputs=INPUTS[:1]), ROWS.slice(0, 0)),
    "SKC209": (
        pipeline(step("y", "vocabulary", "inputs/n"), inputs=INPUTS[3:4]),
        pa.table({"n": pa.array([1, 2, None], pa.int64())}),
    ),
    "SKC211": (
        pipeline(step("y", "standard_scale", "inputs/x"), inputs=INPUTS[:1]),
        pa.table({"x": [1.0, math.inf]}),
    ),
    "SKC212": (
        pipeline(step("y", "standard_scale", "inputs/x"), inputs=INPUTS[:1]),
        pa.table({"x": [1e308, -1e308]}),
    ),
    "SKC224": (
        pipeline(
            step("at", "parse_datetime", "inputs/s", format="%Y-%m-%d", timezone="UTC", invalid="error"),
            step("y", "impute", "at", strategy="most_frequent"),
            inputs=INPUTS[2:3],
        ),
        pa.table({"s": ["2024-02-29"] * 20 + ["q", "z"]}),
    ),
}
