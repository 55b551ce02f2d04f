"""What a column can hold, by what makes it: all of it is a category, seen in fitting or not, and nothing else comes.

Each pipeline is fitted on rows that show little of what may come, then run on all that may.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import op_harness as harness
import pyarrow as pa
import pytest

from skc.api import compile as compile_pipeline
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.infer import column_names, input_levels, step_input_types, step_levels, value_types
from skc.op import AnyOp, Case
from skc.ops import OPS
from skc.oracle import reference
from skc.values.types import column_block

FLOATS = [-math.inf, -1.0, -0.0, 0.5, 1.0, 1.5, 2.0, 99.0, math.inf]
HEAD = "skc: 1\nname: p\ninputs: {x: float64, y: {type: float64, nullable: true}, n: int64, t: timestamp, s: string}\n"
DATA = pa.table(
    {
        "x": [0.5, 0.5, 1.5],
        "y": [0.5, None, 1.5],
        "n": [1, 1, 2],
        "t": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
        "s": ["a", "a", "b"],
    }
)


def fitted(tmp_path: Path, features: str) -> Any:
    path = tmp_path / "pipeline.yaml"
    path.write_text(f"{HEAD}features:\n{features}\noutputs: {{out: {{features: [f], dtype: float64}}}}\n")
    read, _ = read_pipeline(path)
    return fit(read, DATA).pipeline


def columns(tmp_path: Path, steps: str, source: str = "from: x") -> tuple[str, ...]:
    pipeline = fitted(tmp_path, f"  f: {{{source}, apply: [{steps}]}}")
    return column_names(pipeline)[pipeline.outputs[0].refs[0].value]


BINS = "bucketize: {edges: [0, 1, 2], closed: left}"
QUANTILES = "quantile_bin: {bins: 4}"


@pytest.mark.parametrize(
    ("steps", "source", "labels"),
    [
        (f"{BINS}", "from: x", "0 1 2 3"),
        (f"{BINS}", "from: y", "0 1 2 3 null"),
        (f"impute: {{value: 0}}}}, {{{BINS}", "from: y", "0 1 2 3"),
        (f"{BINS}", "expr: x / 0.0", "0 1 2 3 null"),  # 0 / 0
        (f"{BINS}", "expr: x - x", "0 1 2 3 null"),  # inf - inf
        (f"{BINS}", "expr: 'coalesce(x - x, 0)'", "0 1 2 3"),
        (f"{BINS}", "expr: x / 2", "0 1 2 3"),
        (f"{BINS}}}, {{cast: {{to: string}}", "from: x", "0 1 2 3"),
        (f"{BINS}}}, {{clip: {{min: 1, max: 2}}", "from: n", "1 2"),
        (f"{BINS}}}, {{impute: {{value: -1}}", "from: y", "-1 0 1 2 3"),
        (f"{QUANTILES}", "from: x", "0 1"),  # of four, as many as fitting kept
        ("datetime_part: {part: quarter}", "from: t", "1 2 3 4"),
        ("datetime_part: {part: weekday}", "from: t", "0 1 2 3 4 5 6"),
        ("datetime_part: {part: is_weekend}", "from: t", "False True"),
        ("datetime_part: {part: year}", "from: t", "1970"),  # ten thousand may come
        ("hash_bucket: {buckets: 3}", "from: s", "0 1 2"),
        ("ordinal: {unknown: value, unknown_value: -1}", "from: s", "-1 0 1"),
        ("vocabulary: {pad: true, oov_buckets: 2}", "from: s", "0 1 2 3 4"),
        ("cast: {to: int64}", "expr: x > 0", "0 1"),
        ("cast: {to: string}", "expr: x > 0", "false true"),
        ("clip: {min: 1}", "expr: n if n > 7 else 7", "7"),  # open: what was seen
        ("clip: {min: 1}", "expr: 7 if n > 7 else -2 if n > 3 else 4", "1 4 7"),
        ("cast: {to: string}", "expr: \"'old' if x >= 65 else 'mid' if x >= 18 else 'young'\"", "mid old young"),
    ],
)
def test_all_that_may_come_is_a_category(tmp_path: Path, steps: str, source: str, labels: str) -> None:
    names = columns(tmp_path, f"{{{steps}}}, one_hot", source)
    assert " ".join(name.rsplit("_", 1)[1] for name in names) == labels


@pytest.mark.parametrize("bins", [BINS, QUANTILES])
@pytest.mark.parametrize("source", ["from: x", "from: y", "expr: x - 1.0"])
def test_one_hot_of_bins_is_their_own_one_hot(tmp_path: Path, bins: str, source: str) -> None:
    """In every column and for every value, null among them."""
    bins = bins[:-1]
    chain = fitted(tmp_path, f"  f: {{{source}, apply: [{{{bins}}}}}, {{one_hot: {{null: zeros}}}}]}}")
    own = fitted(tmp_path, f"  f: {{{source}, apply: [{{{bins}, encode: onehot}}}}]}}")
    blocks = {
        "x": column_block("float64", FLOATS, nullable=False),
        "y": column_block("float64", [None, *FLOATS[1:]], nullable=True),
        "n": column_block("int64", [0] * len(FLOATS), nullable=False),
        "t": column_block("timestamp", [0] * len(FLOATS), nullable=False),
        "s": column_block("string", ["a"] * len(FLOATS), nullable=False),
    }
    results = [reference.run(pipeline, blocks) for pipeline in (chain, own)]
    np.testing.assert_array_equal(results[0].outputs["out"], results[1].outputs["out"])
    assert not any(hit.mask.any() for hit in results[0].guards)
    assert column_names(chain)[chain.outputs[0].refs[0].value] == column_names(own)[own.outputs[0].refs[0].value]


def test_infrequent_and_listed_categories_stay_as_declared(tmp_path: Path) -> None:
    """A limit makes what was never seen infrequent; `ordinal` takes the list that it is given."""
    assert columns(tmp_path, f"{{{BINS}}}, {{one_hot: {{min_frequency: 2}}}}") == ("x_1", "x_infrequent")
    listed = fitted(tmp_path, f"  f: {{from: x, apply: [{{{BINS}}}, {{ordinal: {{categories: [2, 1]}}}}]}}")
    assert listed.steps[-1].state.categories == ((2, 1),)
    learned = fitted(tmp_path, f"  f: {{from: x, apply: [{{{BINS}}}, ordinal]}}")
    assert learned.steps[-1].state.categories == ((0, 1, 2, 3),)


def test_integers_that_are_never_null_have_no_second_tensor(tmp_path: Path) -> None:
    """Bins of a float64 that is not nullable leave as plain int64."""
    path = tmp_path / "pipeline.yaml"
    text = f"features:\n  f: {{from: x, apply: [{{{BINS}}}]}}\n  g: {{from: y, apply: [{{{BINS}}}]}}\n"
    path.write_text(
        f"{HEAD}{text}outputs: {{one: {{features: [f], dtype: int64}}, two: {{features: [g], dtype: int64}}}}\n"
    )
    made = compile_pipeline(path, DATA, rows=200)
    assert made.report is not None
    assert made.report.is_equal
    assert [o.valid for o in made.artifact.manifest.outputs] == [None, "two.valid"]


@pytest.mark.parametrize(
    ("op", "case"),
    [
        pytest.param(op, case, id=f"{op.name}-{case.name}")
        for op in OPS.values()
        for case in op.cases
        if not case.refused
    ],
)
def test_nothing_else_comes(op: AnyOp, case: Case) -> None:
    """No row of a case gives a value that `levels` does not know of, nor null where the type has none."""
    pipeline = harness.fitted(op, case)
    step, types, names = pipeline.steps[-1], value_types(pipeline), column_names(pipeline)
    below = [known for i in pipeline.inputs for known in input_levels(i)]
    x = step_input_types(step, types)[0]
    if x.dtype == "int64" and below and case.fit:  # as if nothing else could come than what does
        below = [tuple(sorted({row[k] for row in case.rows} - {None})) for k in range(len(below))]  # type: ignore[type-var]
    known = step_levels(step, types, names, below)
    run = harness.run_reference(pipeline, case.rows)
    guarded = {row for _, row, _ in run.guards}
    required = [k for k, dtype in enumerate(case.columns.values()) if not dtype.endswith("?")]
    guarded |= {i for i, row in enumerate(case.rows) if any(row[k] is None for k in required)}  # no runtime lets it in
    for i, row in enumerate(run.rows):
        for value, levels in zip(row, known, strict=True):
            if i not in guarded and value is not None:
                assert levels is None or value in levels
            if i not in guarded and value is None:
                assert types[harness.STEP].nullable
