"""The verifier is believed only where it has been seen to fail: wrong models, each with the fault named."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from planted import compiled, constants, nudge, set_constant, with_model
from sharing import Share

import skc
from skc import artifact as artifacts
from skc.artifact import GOLDEN, Artifact, assemble
from skc.reports.verification import difference_text
from skc.time.zones import load_zone
from skc.verification.report import Report
from skc.verification.run import Options, verify, verify_record
from skc_runtime.errors import SkcRuntimeError

MEDIAN = 4.875
GUARD_CODES = ("invalid-value", "ambiguous-time")


@pytest.fixture(scope="module")
def artifact(share: Share) -> Artifact:
    return artifacts.read(share("planted", compiled) / "artifact")


@pytest.fixture(autouse=True)
def fewer_related_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verification runs thousands of batches; for a planted fault some do."""
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 300)


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


def keys_of(model: onnx.ModelProto, key: bytes) -> tuple[Any, Any]:
    """The keys and the values of the lookup that has a key."""
    for node in model.graph.node:
        attributes = {a.name: a for a in node.attribute}
        if node.op_type == "LabelEncoder" and key in attributes["keys_strings"].strings:
            return attributes["keys_strings"], attributes["values_int64s"]
    raise AssertionError(key)


def near_miss_accepted(model: onnx.ModelProto) -> None:
    """Upper case is taken for lower."""
    keys, ids = keys_of(model, b"b")
    ids.ints.append(ids.ints[list(keys.strings).index(b"b")])
    keys.strings.append(b"B")


def season_off_by_an_hour(model: onnx.ModelProto) -> None:
    """London without the summer time of 2022."""
    zone = load_zone("Europe/London")
    summer = bisect_right(zone.changes, 1_656_000_000_000_000)
    tables = [(a, v.copy()) for a, v in constants(model) if v.size == len(zone.offsets) and v.dtype == np.int64]
    ((attribute, offsets),) = ((a, v) for a, v in tables if v.flat[summer] - v.flat[summer - 1] == 3_600_000_000)
    offsets.flat[summer] = offsets.flat[summer - 1]
    set_constant(attribute, offsets)


def insert(model: onnx.ModelProto, at: int, *nodes: onnx.NodeProto) -> None:
    """Put nodes before the node at a place; what used the first input of the first uses the output of the last."""
    old, new = nodes[0].input[0], nodes[-1].output[0]
    rest = list(model.graph.node)
    for node in rest[at:]:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
    del model.graph.node[:]
    model.graph.node.extend([*rest[:at], *nodes, *rest[at:]])


def place_of(model: onnx.ModelProto, op_type: str) -> int:
    return next(i for i, node in enumerate(model.graph.node) if node.op_type == op_type)


def place_behind(model: onnx.ModelProto, output: str) -> int:
    """The node that makes an output of the graph; an Identity only names it."""
    makers = {name: i for i, node in enumerate(model.graph.node) for name in node.output}
    node = model.graph.node[makers[output]]
    return makers[node.input[0]] if node.op_type == "Identity" else makers[output]


def float32_in_the_middle(model: onnx.ModelProto) -> None:
    """What is scaled is rounded to float32 before."""
    at = place_of(model, "Sub")
    value = model.graph.node[at].input[0]
    narrow = helper.make_node("Cast", [value], ["narrow"], to=onnx.TensorProto.FLOAT)
    insert(model, at, narrow, helper.make_node("Cast", ["narrow"], ["wide"], to=onnx.TensorProto.DOUBLE))


def null_becomes_zero(model: onnx.ModelProto) -> None:
    """The imputed median is 0."""
    medians = [(a, v) for a, v in constants(model) if v.dtype == np.float64 and (v == MEDIAN).any()]
    assert medians
    for attribute, value in medians:
        set_constant(attribute, np.where(value == MEDIAN, 0.0, value))


def silenced(code: str) -> Callable[[onnx.ModelProto], None]:
    """A guard that never fires."""

    def silent_guard(model: onnx.ModelProto) -> None:
        at = place_behind(model, "skc.guards")
        mask = model.graph.node[at].input[GUARD_CODES.index(code)]
        insert(model, at, helper.make_node("Xor", [mask, mask], ["never"]))

    return silent_guard


def always_refused(model: onnx.ModelProto) -> None:
    """A guard that fires for every row."""
    at = place_behind(model, "skc.guards")
    mask = model.graph.node[at].input[0]
    insert(model, at, helper.make_node("Equal", [mask, mask], ["ever"]))


def batch_seen(model: onnx.ModelProto) -> None:
    """A row is scaled by what else is in its batch."""
    at = place_of(model, "Sub")
    value = model.graph.node[at].input[0]
    axis = numpy_helper.from_array(np.array([0]), "batch_axis")
    model.graph.initializer.append(axis)
    mean = helper.make_node("ReduceMean", [value, "batch_axis"], ["batch_mean"], keepdims=1)
    insert(model, at, helper.make_node("Sub", [value, "batch_mean"], ["moved"]))
    model.graph.node.insert(at, mean)


FAULTS = [  # the fault, the step that must be blamed, the columns that may differ
    (edge_moved, "bins/1:bucketize", {"bins"}),
    (mean_off_by_one_ulp, "amount/1:standard_scale", {"amount", "bins"}),
    (key_swapped, "kind/0:vocabulary", {"kind"}),
    (key_dropped, "kind/0:vocabulary", {"kind"}),
    (comparison_loosened, "ratio/0:expr", {"ratio"}),
    (outputs_swapped, None, {"amount", "ratio"}),
    (near_miss_accepted, "kind/0:vocabulary", {"kind"}),
    (season_off_by_an_hour, "hour/1:datetime_part", {"hour"}),
    (float32_in_the_middle, "amount/1:standard_scale", {"amount", "bins"}),
    (null_becomes_zero, "amount/0:impute", {"amount"}),
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
    assert "Compile the pipeline again" in skc.render(report)


def differing(report: Report) -> set[str]:
    """The checks that found something by running the model; that the bytes are others says nothing of a row."""
    return {check.name for check in report.checks if check.differing_rows} - {"recompiled"}


@pytest.mark.parametrize("code", GUARD_CODES)
def test_a_guard_that_never_fires(artifact: Artifact, code: str) -> None:
    report = verify(with_model(artifact, silenced(code)), options=Options(rows=100))
    assert differing(report) >= {"boundaries"}
    assert {(d.output, d.got) for d in report.differences if d.check == "boundaries"} == {("skc.guards", "served")}
    assert all(code in d.want for d in report.differences if d.check == "boundaries")
    assert {d.step for d in report.differences if d.check == "boundaries"} == {"hour/0:parse_datetime"}


def test_a_guard_that_always_fires(artifact: Artifact) -> None:
    report = verify(with_model(artifact, always_refused), options=Options(rows=100))
    assert differing(report) >= {"boundaries", "generated", "hostile", "golden", "runtime"}
    assert {(d.output, d.want) for d in report.differences if d.check == "generated"} == {("skc.guards", "served")}


def test_a_row_that_depends_on_its_batch(artifact: Artifact) -> None:
    """Found without any reference: alone, in batches and in the whole it has other values."""
    report = verify(with_model(artifact, batch_seen), options=Options(rows=1000))
    assert differing(report) >= {"batch 1", "batch 3", "batch 8"}
    relation = next(d for d in report.differences if d.check == "batch 3")
    assert "--record" not in relation.reproduce
    assert relation.against != "reference"


@pytest.fixture(scope="module")
def packed(artifact: Artifact) -> Artifact:
    made = assemble(artifact.pipeline, "packed")
    assert verify(made, options=Options(rows=100)).is_equal
    return made


def test_swapped_columns_of_a_packed_artifact(packed: Artifact) -> None:
    """Two outputs in the other order, and two inputs: by the manifest, whose hashes would be right."""
    report = verify(with_model(packed, outputs_swapped), options=Options(rows=100))
    assert {d.column for d in report.differences} == {"amount", "ratio"}
    one, other = (i for i in packed.manifest.inputs if i.type == "string")
    slots = {one.name: other.column, other.name: one.column}
    inputs = tuple(replace(i, column=slots.get(i.name, i.column)) for i in packed.manifest.inputs)
    crossed = replace(packed, manifest=replace(packed.manifest, inputs=inputs))
    report = verify(crossed, options=Options(rows=100))
    assert differing(report) >= {"boundaries", "generated", "runtime"}


def test_a_graph_that_fails_on_a_row(artifact: Artifact) -> None:
    """A lookup out of range is an error of ONNX Runtime: a difference, with the row that makes it fail."""

    def out_of_range(model: onnx.ModelProto) -> None:
        at = place_behind(model, "ids")
        model.graph.initializer.append(numpy_helper.from_array(np.zeros((1, 1), np.int64), "one_row"))
        value = model.graph.node[at].input[0]
        bad = helper.make_node("GatherElements", ["one_row", value], ["looked_up"], axis=1)
        model.graph.node.insert(at, bad)
        model.graph.node[at + 1].input[0] = "looked_up"

    report = verify(with_model(artifact, out_of_range), options=Options(rows=100))
    assert differing(report) >= {"boundaries", "generated", "hostile"}
    assert any("fails: ONNX Runtime failed" in str(d.got) for d in report.differences)


@pytest.mark.parametrize("count", [1, 3])
def test_an_output_with_too_few_or_too_many_columns(artifact: Artifact, count: int) -> None:
    """It declares two, as the manifest does, and how many it gives is known only when it runs."""

    def taken(model: onnx.ModelProto) -> None:
        maker = next(n for n in model.graph.node if "x" in n.output)
        maker.output[0] = "whole"
        flags = numpy_helper.from_array(np.arange(4) < count, "flags")
        model.graph.initializer.extend([flags, numpy_helper.from_array(np.array([0]), "first_axis")])
        model.graph.node.extend(
            [
                helper.make_node("NonZero", ["flags"], ["places"]),
                helper.make_node("Squeeze", ["places", "first_axis"], ["columns"]),
                helper.make_node("Concat", ["whole", "whole"], ["twice"], axis=1),
                helper.make_node("Gather", ["twice", "columns"], ["x"], axis=1),
            ]
        )

    report = verify(with_model(artifact, taken), options=Options(rows=100))
    assert not report.is_equal
    assert {d.column for d in report.differences if d.check == "boundaries"} == {"amount", "ratio"}
    assert any(d.got == "no such column" for d in report.differences) == (count == 1)


def test_a_model_without_an_output(artifact: Artifact) -> None:
    """The manifest has another contract: there is nothing to compare."""

    def dropped(model: onnx.ModelProto) -> None:
        model.graph.output.remove(next(o for o in model.graph.output if o.name == "ids"))

    with pytest.raises(SkcRuntimeError) as error:
        verify(with_model(artifact, dropped), options=Options(rows=100))
    assert error.value.code == "artifact-inconsistent"


def test_a_wrong_golden_record(artifact: Artifact) -> None:
    """With the right hash in the manifest: only what it says is wrong."""
    lines = artifact.files[GOLDEN].splitlines()
    cases = [json.loads(line) for line in lines[1:]]
    served = next(case for case in cases if "outputs" in case)
    served["outputs"]["ids"][1] = str(int(served["outputs"]["ids"][1]) + 1)
    lied = b"\n".join([lines[0], *(json.dumps(case).encode() for case in cases)]) + b"\n"
    report = verify(replace(artifact, files={**artifact.files, GOLDEN: lied}), options=Options(rows=100))
    assert differing(report) == {"golden file"}
    assert {d.column for d in report.differences} == {"kind"}
    refused = next(case for case in cases if "error" in case)
    refused["error"]["code"] = "out-of-range"
    served["outputs"]["ids"][1] = str(int(served["outputs"]["ids"][1]) - 1)
    lied = b"\n".join([lines[0], *(json.dumps(case).encode() for case in cases)]) + b"\n"
    report = verify(replace(artifact, files={**artifact.files, GOLDEN: lied}), options=Options(rows=100))
    assert differing(report) == {"golden file"}
    assert any("out-of-range" in str(d.got) for d in report.differences)


def test_a_model_of_another_plan(artifact: Artifact) -> None:
    """Every row agrees, for the difference is in bytes that no row shows; the plan does not compile to them."""

    def renamed(model: onnx.ModelProto) -> None:
        model.graph.node[0].name = "another"

    report = verify(with_model(artifact, renamed), options=Options(rows=100))
    assert {check.name for check in report.checks if check.differing_rows} == {"recompiled"}
    assert not report.is_equal
    other = replace(artifact.manifest, built_with={**artifact.manifest.built_with, "onnx": "1.0"})
    report = verify(replace(with_model(artifact, renamed), manifest=other), options=Options(rows=100))
    (check,) = (check for check in report.checks if check.name == "recompiled")
    assert report.is_equal
    assert check.rows == 0
    assert check.skipped is not None
    assert "onnx 1.0" in check.skipped
    assert "not applicable" in skc.render(report)
    assert ET.fromstring(skc.render(report, "junit")).find("testcase/skipped") is not None


def test_a_wrong_op_is_blamed_by_name(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the lowering of an op is wrong, the report names its step."""
    from skc.ops import OPS
    from skc.ops.numeric import bucketize

    wrong = replace(bucketize.OP, lower=lambda p, s, x: bucketize.OP.lower(replace_edges(p), s, x))
    monkeypatch.setitem(OPS, "bucketize", wrong)
    report = verify(assemble(artifact.pipeline), options=Options(rows=1000))
    assert not report.is_equal
    assert {d.step for d in report.differences} == {"bins/1:bucketize"}
    assert {check.name for check in report.checks if check.differing_rows} >= {"boundaries", "steps"}


def replace_edges(params: Any) -> Any:
    return replace(params, edges=(params.edges[0], float(np.nextafter(params.edges[1], 100.0))))


def test_a_fault_behind_every_step(artifact: Artifact) -> None:
    """No step's value is wrong: the report says where to look."""

    def turned(model: onnx.ModelProto) -> None:
        at = place_behind(model, "ids")
        model.graph.node[at].output[0], made = "as it was", model.graph.node[at].output[0]
        model.graph.node.insert(at + 1, helper.make_node("Neg", ["as it was"], [made]))

    report = verify(with_model(artifact, turned), options=Options(rows=100))
    first = next(d for d in report.differences if d.output == "ids" and d.check == "boundaries")
    assert first.step is None
    assert f"look after the last of {' → '.join(first.made_by)}" in difference_text(first)


def test_the_report_says_the_same_in_every_format(artifact: Artifact) -> None:
    report = verify(with_model(artifact, edge_moved), Path("somewhere"), options=Options(rows=100))
    facts = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert facts["equal"] is False
    first = facts["differences"][0]
    assert first["reproduce"].startswith("skc verify somewhere --record '")
    suite = ET.fromstring(skc.render(report, "junit"))
    assert int(suite.attrib["failures"]) == sum(1 for c in facts["checks"] if c["differing_rows"])
    assert "NOT EQUAL" in skc.render(report)
    assert first["column"] in skc.render(report)


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
