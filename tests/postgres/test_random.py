"""Random tables and random steps on their columns: the same pipeline, profile and warnings, or the same refusal."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest
from engine_cases import pipeline, step
from postgres_cases import SENTINELS, TYPES, outcome, value

from skc.data.postgres.engine import open_postgres
from skc.ir import Input, Pipeline
from skc_runtime.kinds import DType

STEPS: dict[DType, list[tuple[str, dict[str, Any]]]] = {
    "float64": [
        ("standard_scale", {}),
        ("minmax_scale", {}),
        ("robust_scale", {}),
        ("quantile_bin", {"bins": 5}),
        ("vocabulary", {"top_k": 3}),
        ("impute", {"strategy": "median"}),
        ("impute", {"strategy": "most_frequent"}),
    ],
    "int64": [("vocabulary", {"min_frequency": 2}), ("one_hot", {}), ("impute", {"strategy": "most_frequent"})],
    "bool": [("vocabulary", {}), ("one_hot", {})],
    "string": [("vocabulary", {"top_k": 2}), ("one_hot", {}), ("impute", {"strategy": "most_frequent"})],
}


def made_of(seed: int) -> tuple[Pipeline, pa.Table, str]:
    """A pipeline, its rows, and their columns in SQL."""
    draw = random.Random(seed)
    rows = draw.choice([1, 2, 7, 50, 400])
    inputs, steps, columns, declared = [], [], {}, []
    for k in range(6):
        kind, name, style = draw.choice(list(TYPES)), f"c{k}", draw.randrange(4)
        dtype, sql, arrow = TYPES[kind]
        columns[name] = pa.array([value(draw, kind, style) for _ in range(rows)], arrow)
        declared.append(f"{name} {sql}")
        inputs.append(Input(name, dtype, nullable=True))
        source = f"inputs/{name}"
        if dtype in SENTINELS and draw.random() < 0.3:
            steps.append(step(f"s{k}", "source", source, null_values=SENTINELS[dtype]))
            source = f"s{k}"
        for j, (op, params) in enumerate(draw.sample(STEPS[dtype], 2)):
            steps.append(step(f"f{k}_{j}", op, source, **params))
    return pipeline(*steps, inputs=tuple(inputs)), pa.table(columns), ", ".join(declared)


@pytest.mark.parametrize("seed", range(30))
def test_a_random_pipeline_is_the_same(seed: int, stored: Any) -> None:
    made, table, declared = made_of(seed)
    assert outcome(made, stored(table, declared), open_engine=open_postgres) == outcome(made, table)
