"""The verifier is believed only where it has been seen to fail: wrong models, each with the fault named."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import skc
from skc.artifact import MODEL, Artifact
from skc.verify.run import Options, verify, verify_record

PIPELINE = """
skc: 1
name: planted
inputs:
  at: string
  amount: {type: float64, nullable: true}
  kind: {type: string, nullable: true, null_values: [""]}
features:
  amount: {from: amount, apply: [{impute: {strategy: median}}, standard_scale]}
  bins: {from: amount, apply: [{impute: {value: 0.0}}, {bucketize: {edges: [1.0, 10.0], closed: left}}]}
  kind: {from: kind, apply: [{vocabulary: {}}]}
  ratio: {expr: "inputs.amount / 3.0 if inputs.amount > 2.0 else 0.0"}
  hour:
    from: at
    apply:
      - parse_datetime: {format: "%Y-%m-%d %H:%M:%S", timezone: America/New_York, nonexistent: shift_forward}
      - datetime_part: {part: hour, timezone: Europe/London}
outputs:
  x: {features: [amount, ratio], dtype: float64}
  ids: {features: [bins, kind, hour], dtype: int64}
"""
ROWS = "at,amount,kind\n" + "\n".join(
    f"2024-0{1 + i % 9}-15 1{i % 10}:00:00,{'' if i % 7 == 0 else i / 4},{'abc'[i % 3]}" for i in range(40)
)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("planted")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text(ROWS)
    done = skc.compile(folder / "pipeline.yaml", str(folder / "rows.csv"), folder / "artifact")
    assert done.report is not None
    assert done.report.is_equal, done.report.text()
    return done.artifact


def with_model(artifact: Artifact, change: Callable[[onnx.ModelProto], None]) -> Artifact:
    """The artifact with its model changed; everything else is as it was."""
    model = onnx.load_from_string(artifact.files[MODEL])
    change(model)
    return replace(artifact, files={**artifact.files, MODEL: model.SerializeToString()})


def constants(model: onnx.ModelProto) -> list[tuple[Any, np.ndarray[Any, Any]]]:
    return [
        (node.attribute[0], numpy_helper.to_array(node.attribute[0].t))
        for node in model.graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    ]


def set_constant(attribute: Any, value: np.ndarray[Any, Any]) -> None:
    attribute.t.CopyFrom(numpy_helper.from_array(value))


def nudge(value: float, to: float) -> Callable[[onnx.ModelProto], None]:
    """Replace one float constant, which must be there."""

    def change(model: onnx.ModelProto) -> None:
        hits = [(a, v) for a, v in constants(model) if v.dtype == np.float64 and (v == value).any()]
        assert hits, value
        for attribute, array in hits:
            set_constant(attribute, np.where(array == value, to, array))

    return change


def edge_moved(model: onnx.ModelProto) -> None:
    nudge(10.0, float(np.nextafter(10.0, 11.0)))(model)


def mean_off_by_one_ulp(model: onnx.ModelProto) -> None:
    sub = next(node for node in model.graph.node if node.op_type == "Sub")
    attribute, value = next(
        (a, v)
        for node in model.graph.node
        if node.output[0] == sub.input[1]
        for a, v in [(node.attribute[0], numpy_helper.to_array(node.attribute[0].t))]
    )
    set_constant(attribute, np.nextafter(value, np.inf))


def key_swapped(model: onnx.ModelProto) -> None:
    attribute = next(
        a
        for n in model.graph.node
        if n.op_type == "LabelEncoder"
        for a in n.attribute
        if a.name == "keys_strings" and b"b" in a.strings
    )
    keys = list(attribute.strings)
    first, second = keys.index(b"a"), keys.index(b"b")
    attribute.strings[first], attribute.strings[second] = b"b", b"a"


def key_dropped(model: onnx.ModelProto) -> None:
    attribute = next(
        a
        for n in model.graph.node
        if n.op_type == "LabelEncoder"
        for a in n.attribute
        if a.name == "keys_strings" and b"b" in a.strings
    )
    attribute.strings[list(attribute.strings).index(b"b")] = b"B"


def comparison_loosened(model: onnx.ModelProto) -> None:
    """`>` becomes `>=` where the expression compares with 2."""
    two = {
        n.output[0]
        for n in model.graph.node
        if n.op_type == "Constant"
        for v in [numpy_helper.to_array(n.attribute[0].t)]
        if v.dtype == np.float64 and (v == 2.0).all()
    }
    node = next(n for n in model.graph.node if n.op_type in ("Greater", "Less") and two & set(n.input))
    node.op_type = {"Greater": "GreaterOrEqual", "Less": "LessOrEqual"}[node.op_type]


def outputs_swapped(model: onnx.ModelProto) -> None:
    """Two columns of an output in the other order."""
    concat = next(
        n
        for n in model.graph.node
        if n.op_type == "Concat" and n.output[0] in {m.input[0] for m in model.graph.node if m.output[0] == "x"} | {"x"}
    )
    first, second = concat.input[0], concat.input[1]
    concat.input[0], concat.input[1] = second, first


FAULTS = [  # the fault, the step that must be blamed, the columns that may differ
    (edge_moved, "bins/1:bucketize", {"bins"}),
    (mean_off_by_one_ulp, "amount/1:standard_scale", {"amount", "bins"}),
    (key_swapped, "kind/0:vocabulary", {"kind"}),
    (key_dropped, "kind/0:vocabulary", {"kind"}),
    (comparison_loosened, "ratio/0:expr", {"ratio"}),
    (outputs_swapped, None, {"amount", "ratio"}),
]


@pytest.mark.parametrize(("fault", "step", "columns"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_model_is_found_without_user_data(
    artifact: Artifact, fault: Any, step: str | None, columns: set[str]
) -> None:
    """The plan is right and the file is wrong: found, and blamed on the step, by looking into the file."""
    report = verify(with_model(artifact, fault), options=Options(rows=1000))
    assert not report.is_equal
    assert {d.column for d in report.differences} <= columns
    assert {c.column for c in report.columns if c.differing_rows} == {d.column for d in report.differences}
    assert {d.step for d in report.differences} == {step}
    assert report.model_matches_plan is False
    assert "Compile the pipeline again" in report.text()


def test_a_wrong_op_is_blamed_by_name(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the lowering of an op is wrong, the report names its step."""
    from skc.ops import OPS, bucketize

    wrong = replace(bucketize.OP, lower=lambda p, s, x: bucketize.OP.lower(replace_edges(p), s, x))
    monkeypatch.setitem(OPS, "bucketize", wrong)
    from skc.artifact import assemble

    report = verify(assemble(artifact.pipeline), options=Options(rows=1000))
    assert not report.is_equal
    assert {d.step for d in report.differences} == {"bins/1:bucketize"}
    assert {check.name for check in report.checks if check.differing_rows} >= {"boundaries", "steps"}


def replace_edges(params: Any) -> Any:
    return replace(params, edges=(params.edges[0], float(np.nextafter(params.edges[1], 100.0))))


def test_the_report_says_the_same_in_every_format(artifact: Artifact) -> None:
    report = verify(with_model(artifact, edge_moved), Path("somewhere"), options=Options(rows=100))
    facts = json.loads(report.to_json())
    assert facts["equal"] is False
    first = facts["differences"][0]
    assert first["reproduce"].startswith("skc verify somewhere --record '")
    suite = ET.fromstring(report.to_junit())
    assert int(suite.attrib["failures"]) == sum(1 for c in facts["checks"] if c["differing_rows"])
    assert "NOT EQUAL" in report.text()
    assert first["column"] in report.text()


def test_a_difference_is_reproduced_from_its_record(artifact: Artifact) -> None:
    wrong = with_model(artifact, edge_moved)
    report = verify(wrong, options=Options(rows=100))
    from skc_runtime import golden

    record = golden.decode_record(wrong.manifest, report.differences[0].record)
    again = verify_record(wrong, None, record)
    assert not again.is_equal
    assert verify_record(artifact, None, record).is_equal


def test_coverage_counts_what_was_reached(artifact: Artifact) -> None:
    report = verify(artifact, options=Options(rows=100))
    coverage = {c.step: c for c in report.coverage}
    assert coverage["bins/1:bucketize"].columns_reached == 1
    assert coverage["hour/1:datetime_part"].tried > 100
    assert report.is_equal
