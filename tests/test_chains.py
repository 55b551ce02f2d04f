"""Pipelines in which steps meet that are right by themselves: each once went wrong, and is the smallest that did."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from random_check import check_case
from random_steps import BY_TYPE, MAKERS, Value
from random_tables import Column
from random_yaml import Case

import skc
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ops import OPS
from skc.oracle import reference
from skc.values.types import Block, column_block
from skc_runtime.agreement import TOLERANCE

COLUMNS = {
    "c": Column("c", "string", False, (), "", ("a", "a", "a", "a")),
    "s": Column("s", "string", True, (), "", ("a", None, "b", "")),
    "x": Column("x", "float64", True, (), "", (0.5, -3.0, None, 49.0)),
    "n": Column("n", "int64", True, (), "", (0, 7, None, -1)),
    "u": Column("u", "timestamp", True, (), "", (0, None, 3_600_000_000, 5)),
    "w": Column("w", "float64", False, (), "", (1e15, 1e15 + 32, 1e15 + 64, 1e15 + 100)),
    "t": Column("t", "timestamp", False, (), "", (0, 1, 1_700_000_000_000_000, -1)),
}


def text_of(names: str, features: dict[str, str], outputs: dict[str, str]) -> str:
    """A pipeline over some of the columns; outputs are by dtype."""
    columns = [COLUMNS[name] for name in names.split()]
    inputs = [f"  {c.name}: {{type: {c.dtype}, nullable: {str(c.nullable).lower()}}}" for c in columns]
    written = [f"  {name}: {{{definition}}}" for name, definition in features.items()]
    tensors = [f"  {dtype}_out: {{features: [{names}], dtype: {dtype}}}" for dtype, names in outputs.items()]
    return "\n".join(["skc: 1", "name: chain", "inputs:", *inputs, "features:", *written, "outputs:", *tensors, ""])


def check(names: str, features: dict[str, str], outputs: dict[str, str], folder: Path) -> None:
    """Compile, verify and serve it."""
    case = Case(text_of(names, features, outputs), tuple(COLUMNS[name] for name in names.split()))
    for seed in (0, 1):  # both signatures
        (folder / str(seed)).mkdir()
        assert check_case(case, Random(seed), folder / str(seed)) == "compiled"


# Steps on a block of no columns, by the type of the block, and the dtype of an output that takes what they give.
ON_NOTHING: dict[str, list[tuple[str, str]]] = {
    "": [
        ("float64", "impute"),
        ("float64", "{impute: {value: 1, add_indicator: true}}"),
        ("float64", "{clip: {min: 0}}"),
        ("float64", "{clip: {upper_quantile: 0.5}}"),
        ("float64", "round"),
        ("float64", "standard_scale"),
        ("float64", "{minmax_scale: {clip: true}}"),
        ("float64", "robust_scale"),
        ("float64", "log1p"),
        ("float64", "{cyclical: {period: 7}}"),
        ("int64", "{quantile_bin: {bins: 2}}"),
        ("float64", "{quantile_bin: {bins: 2, encode: onehot}}"),
        ("int64", "{bucketize: {edges: [0, 1], closed: left}}"),
        ("float64", "{bucketize: {edges: [0], closed: right, encode: onehot}}"),
    ],
    "{cast: {to: int64}}, ": [
        ("float64", "one_hot"),
        ("int64", "{impute: {strategy: most_frequent, add_indicator: true}}"),
        ("int64", "{clip: {max: 0}}"),
        ("int64", "ordinal"),
        ("int64", "vocabulary"),
        ("int64", "{vocabulary: {oov_buckets: 3}}"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("float64", "{cyclical: {period: 7}}"),
        ("float64", "{bucketize: {edges: [0, 1], closed: left, encode: onehot}}"),
        ("int64", "{cast: {to: timestamp}}, {datetime_part: {part: month}}"),
        ("int64", "{cast: {to: timestamp}}, {datetime_part: {part: hour, timezone: Europe/Berlin}}"),
        ("int64", "{cast: {to: date}}, {cast: {to: timestamp}}, {cast: {to: date}}, {impute: {value: 0}}"),
    ],
    "{cast: {to: bool}}, ": [
        ("float64", "one_hot"),
        ("int64", "ordinal"),
        ("int64", "vocabulary"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("bool", "{impute: {value: true}}"),
        ("string", "{cast: {to: string}}"),
    ],
    "{cast: {to: int64}}, {cast: {to: string}}, ": [
        ("float64", "one_hot"),
        ("int64", "ordinal"),
        ("int64", "{ordinal: {unknown: null}}"),
        ("int64", "vocabulary"),
        ("int64", "{vocabulary: {oov_buckets: 3}}"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("string", "{impute: {value: a}}"),
        ("bool", "{cast: {to: bool, invalid: null}}"),
        ("int64", "{parse_datetime: {format: iso8601}}"),
        (
            "int64",
            "{parse_datetime: {format: '%Y-%m-%d', timezone: Europe/Berlin, invalid: null, ambiguous: null}}",
        ),
    ],
}


@pytest.mark.parametrize("before", ON_NOTHING)
def test_a_block_of_no_columns(before: str, tmp_path: Path) -> None:
    """A one-hot that drops its only category gives none, and nothing after it may stumble."""
    features = {"nothing": "from: c, apply: [{one_hot: {drop: first}}]"}
    outputs = {"float32": "nothing"}
    for k, (dtype, steps) in enumerate(ON_NOTHING[before]):
        features[f"f{k}"] = f"from: nothing, apply: [{before}{steps}]"
        outputs[dtype] = f"{outputs[dtype]}, f{k}" if dtype in outputs else f"f{k}"
    check("c x", features, outputs, tmp_path)


CHAINS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "what feeds no output refuses nothing": (
        "x t n",
        {"f": "from: n, apply: [{cast: {to: date}}]", "g": "from: x"},
        {"float32": "g"},
    ),
    "guards of columns that have one name": (
        "n",
        {"f": "from: n, apply: [{impute: {value: 5}}]", "g": "from: [f, n], apply: [one_hot]"},
        {"float64": "g"},
    ),
    "a guard behind columns of which some are nullable": (
        "t u",
        {"f": "from: [t, u], apply: [{elapsed: {unit: hours}}, {cyclical: {period: 7}}]"},
        {"float64": "f"},
    ),
    "a guard behind an expression that reads no value": (
        "n",
        {"f": "expr: '1.5 if is_null(n) else 2', apply: [{cast: {to: int64, rounding: ceil}}]"},
        {"int64": "f"},
    ),
    "a guard behind one bin": (
        "c",
        {"f": "from: c, apply: [one_hot, {quantile_bin: {bins: 2, encode: onehot}}, log1p]"},
        {"float64": "f"},
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chain(name: str, tmp_path: Path) -> None:
    check(*CHAINS[name], tmp_path)


# Values whose logarithms differ in last bits alone, or are no more than the rounding error of a 0.
INEXACT = {"nearly equal": COLUMNS["w"].values, "nearly 0": (0.0, 1e-17, 3e-17)}
DRAWS = 16
LAST_BITS = 2.0**-50


def steps_on_logarithms() -> list[tuple[str, dict[str, Any]]]:
    """Of every op that takes such a column, some parameters, each once."""
    value = Value("f", "float64", exact=False)
    made = (MAKERS[name](Random(k), value) for name in sorted({*BY_TYPE["float64"]}) for k in range(DRAWS))
    return list({json.dumps(m[:2]): m[:2] for m in made if m is not None}.values())


def made_visible(kind: str, op: str, params: dict[str, Any]) -> float | None:
    """How far the step's outputs move, in the measure of what is promised, where its inputs move by last bits; None
    where it refuses them, or compares what they were computed from instead.
    """
    rows = INEXACT[kind]
    steps = f"log1p, {json.dumps({op: params})}"
    text = "\n".join(
        ["skc: 1", "name: chain", "inputs: {w: float64}", "features:", f"  f: {{from: w, apply: [{steps}]}}"]
    )
    try:
        pipeline = read_pipeline_text(f"{text}\noutputs: {{x: {{features: [f], dtype: float64}}}}\n", "p.yaml")[0]
        fitted = fit(pipeline, pa.table({"w": rows})).pipeline
    except SkcError as error:
        assert error.code == "SKC121" or error.code.startswith("SKC2"), error
        return None
    step = next((s for s in fitted.steps if s.op == op), None)
    if step is None:
        assert OPS[op].carry is not None
        return None
    given = reference.run(fitted, {"w": column_block("float64", rows, nullable=False)}).values[step.inputs[0].value]
    apply = OPS[op].apply
    wanted = apply(step.params, step.state, given).values.astype(np.float64)  # a bool may be among them
    far = 0.0
    for sign in (-1.0, 1.0):
        moved = given.values + sign * LAST_BITS * np.maximum(1.0, np.abs(given.values))
        got = apply(step.params, step.state, Block("float64", moved)).values.astype(np.float64)
        far = max(far, float((np.abs(got - wanted) / np.maximum(1.0, np.abs(wanted))).max(initial=0.0)))
    return far


@pytest.mark.parametrize("kind", INEXACT)
def test_no_step_makes_rounding_errors_visible(kind: str) -> None:
    """Whatever an op learns of a column that is not exact: it refuses it, or last bits stay below what is promised."""
    tried = [(op, params, made_visible(kind, op, params)) for op, params in steps_on_logarithms()]
    assert [(op, params, far) for op, params, far in tried if far is not None and far > TOLERANCE] == []
    assert any(far is None for _, _, far in tried)
    assert any(far is not None for _, _, far in tried)


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("SKC121", "log1p, log1p"),
        ("SKC215", "log1p, standard_scale"),
        ("SKC215", "log1p, {robust_scale: {quantile_range: [0, 100]}}"),
        ("SKC215", "log1p, minmax_scale"),
        ("SKC215", "{cyclical: {period: 1.0e+16}}, {minmax_scale: {feature_range: [0, 1.0e+9]}}"),
    ],
)
def test_rounding_errors_are_not_made_visible(code: str, steps: str, tmp_path: Path) -> None:
    """The logarithms differ by a few last bits, which are the machine's: no decision and no scale may rest on them."""
    text = text_of("w", {"f": f"from: w, apply: [{steps}]"}, {"float64": "f"})
    (tmp_path / "pipeline.yaml").write_text(text)
    with pytest.raises(SkcError) as error:
        skc.compile(tmp_path / "pipeline.yaml", pa.table({"w": COLUMNS["w"].values}))
    assert error.value.code == code
