"""Random tables and random steps on their columns: the same pipeline, profile and warnings, or the same refusal."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import pyarrow as pa
import pytest
from engine_cases import pipeline, step

from skc.data.postgres.engine import open_postgres
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import Input, Pipeline, ProfileOptions
from skc_runtime.kinds import DType

TYPES: dict[str, tuple[DType, str, pa.DataType]] = {  # what an input is declared, and what stores it
    "float64": ("float64", "double precision", pa.float64()),
    "real": ("float64", "real", pa.float32()),
    "int64": ("int64", "bigint", pa.int64()),
    "bool": ("bool", "boolean", pa.bool_()),
    "string": ("string", "text", pa.string()),
}
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
SENTINELS: dict[DType, tuple[Any, ...]] = {"float64": (-1.0, 0.1), "int64": (0, 7), "string": ("a", "")}
TEXTS = ["a", "A", "ä", "a\u0308", "", "\U0001f600", "\uffff", " a", "a ", "Z"]
ENDS = [2**62, -(2**63), 2**53 + 1, 2**63 - 1]


def value(draw: random.Random, kind: str, style: int) -> Any:
    if draw.random() < 0.1:
        return None
    single = struct.unpack("f", struct.pack("f", draw.gauss(0, 100)))[0]
    if kind == "float64":
        hard = draw.choice([0.1, -0.0, 0.0, 5e-324, 1e-200, -1e100, math.nan, 1 / 3])
        return (hard, draw.gauss(0, 1), float(draw.randrange(-5, 5)), single)[style]
    return {
        "real": draw.choice([single, -0.0, 1.5]),
        "int64": draw.choice([draw.randrange(-9, 9), draw.choice(ENDS)]) if style else draw.randrange(100),
        "bool": draw.random() < 0.3,
        "string": draw.choice([*TEXTS, str(draw.randrange(30))]),
    }[kind]


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


def outcome(made: Pipeline, data: Any, **options: Any) -> Any:
    try:
        fitted = fit(made, data, profile=ProfileOptions((), 10, 1), **options)
    except SkcError as error:
        return [(d.code, d.message) for d in error.diagnostics]
    return fitted.pipeline, fitted.profile, [warning.text() for warning in fitted.warnings]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_pipeline_is_the_same(seed: int, stored: Any) -> None:
    made, table, declared = made_of(seed)
    assert outcome(made, stored(table, declared), open_engine=open_postgres) == outcome(made, table)
