"""The way of every output column: an input that is not on it changes nothing."""

from __future__ import annotations

import numpy as np
import pyarrow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_pipelines import blocks, draw_rows, pipelines, same_bits

from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.lineage import Lineage, lineages
from skc.oracle.default import EVALUATE

TEXT = """
skc: 1
name: p
inputs: {a: {type: float64, nullable: true}, b: {type: float64, nullable: true}, s: string, unused: bool}
features:
  both: {from: [a, b], apply: [{impute: {value: 0}}, standard_scale]}
  ratio: {expr: "coalesce(a, 1) / 2", apply: [{clip: {min: 0, max: 1}}]}
  product: {expr: "coalesce(a, 0) * coalesce(b, 0)"}
  row: {from: [a, b], apply: [{impute: {value: 0}}, normalize]}
  s: {from: s, apply: [{one_hot: {unknown: zeros}}]}
outputs: {x: {features: [both, s, ratio, product, row], dtype: float64}, y: {features: [inputs.a], dtype: float64}}
"""
ROWS = {"a": [1.0, None, 3.0], "b": [2.0, 0.5, None], "s": ["x", "y", "x"], "unused": [True, False, True]}


def test_a_column_is_traced_through_fused_and_joined_steps() -> None:
    fitted = fit(read_pipeline_text(TEXT, "p")[0], pyarrow.table(ROWS)).pipeline
    s = Lineage(("s",), ("s/0:one_hot",))
    assert lineages(fitted) == {
        "x": (
            Lineage(("a",), ("both/0:impute", "both/1:standard_scale")),
            Lineage(("b",), ("both/0:impute", "both/1:standard_scale")),
            s,
            s,
            Lineage(("a",), ("ratio/0:expr", "ratio/1:clip")),
            Lineage(("a", "b"), ("product/0:expr",)),
            Lineage(("a", "b"), ("row/0:impute", "row/1:normalize")),
            Lineage(("a", "b"), ("row/0:impute", "row/1:normalize")),
        ),
        "y": (Lineage(("a",), ()),),
    }


def test_an_input_changes_a_column_exactly_if_it_is_on_its_way() -> None:
    fitted = fit(read_pipeline_text(TEXT, "p")[0], pyarrow.table(ROWS)).pipeline
    rows = [[0.25, 4.0, "x", True], [0.5, -3.0, "y", False]]
    other = [0.75, 8.0, "y", False], [0.125, 5.0, "x", True]
    before = EVALUATE(fitted, blocks(fitted, rows)).outputs
    for k, value in enumerate(fitted.inputs):
        changed = [[*row[:k], new[k], *row[k + 1 :]] for row, new in zip(rows, other, strict=True)]
        after = EVALUATE(fitted, blocks(fitted, changed)).outputs
        for name, ways in lineages(fitted).items():
            for j, way in enumerate(ways):
                is_changed = bool((before[name][:, j] != after[name][:, j]).all())
                assert is_changed == (value.name in way.inputs), (value.name, name, j)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_input_that_is_not_on_the_way_changes_nothing(data: st.DataObject) -> None:
    pipeline = data.draw(pipelines())
    rows = draw_rows(data, pipeline, 8)
    before = EVALUATE(pipeline, blocks(pipeline, rows))
    traced = lineages(pipeline)
    for k, value in enumerate(pipeline.inputs):
        other = draw_rows(data, pipeline, 8)
        changed = [[*row[:k], new[k], *row[k + 1 :]] for row, new in zip(rows, other, strict=True)]
        after = EVALUATE(pipeline, blocks(pipeline, changed))
        for output in pipeline.outputs:
            untouched = [j for j, way in enumerate(traced[output.name]) if value.name not in way.inputs]
            old, new = (np.ascontiguousarray(e.outputs[output.name][:, untouched]) for e in (before, after))
            assert same_bits(old, new), (output.name, value.name)
