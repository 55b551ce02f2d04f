"""Lowering: both signatures give the same, nothing is emitted that was not measured. `test_ops` checks each model."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import op_harness as harness
import pytest
import random_pipelines as rand
from hypothesis import given, settings
from hypothesis import strategies as st
from random_pipelines import make_step
from spox import Tensor, Var, argument, build

from skc.artifact import served_rows
from skc.diagnostics import SkcError
from skc.emit import opset
from skc.emit.blocks import elementwise
from skc.emit.opset import OPSET, OPSET_ML, check_allowed, const, finish, op
from skc.emit.tensor_names import owner
from skc.equality.compare import compare
from skc.equality.sides import feeds, showing
from skc.infer import value_types
from skc.ir import Input, Output, Pipeline, Ref, Step
from skc.lower import GUARDS, Lowered, StepTensors, lower, lower_and_signal
from skc.op import AnyOp, Case
from skc.ops import OPS
from skc.ops.categorical import vocabulary
from skc.oracle import reference
from skc.rows.sampling import PLAIN, Variations, hostile_values
from skc_runtime.kinds import OutputDType
from skc_runtime.manifest import GuardColumn, Guards, Slot
from skc_runtime.session import GraphSession

FITTED = [
    pytest.param(each, case, id=f"{each.name}-{case.name}")
    for each in OPS.values()
    for case in each.cases
    if not case.refused
]
ONE_OF_EACH = [pytest.param(each, [c for c in each.cases if not c.refused][-1], id=each.name) for each in OPS.values()]


def pipeline(
    inputs: tuple[Input, ...], steps: list[Step], *refs: Ref | str, dtype: OutputDType = "float64"
) -> Pipeline:
    """A fitted pipeline of one output `out`."""
    output = Output("out", tuple(Ref(ref) if isinstance(ref, str) else ref for ref in refs), dtype)
    made = Pipeline("p", inputs, tuple(steps), (), (output,))
    made.verify()
    return made


def bins(name: str, *refs: Ref | str) -> Step:
    return make_step(name, "bucketize", *refs, edges=(0,), closed="left")


def graph_rows(of: Pipeline, rows: list[list[Any]], signature: Any = "columns") -> Any:
    return harness.Graph(of, signature).run(rows).rows


# The model as a file


@pytest.mark.parametrize(("each", "case"), ONE_OF_EACH)
def test_a_model_with_signals_and_one_without_are_those_of_their_own(each: AnyOp, case: Case) -> None:
    fitted = harness.fitted(each, case)
    plain, signalling = lower_and_signal(fitted, "packed")
    for both, own in ((plain, fitted), (signalling, replace(fitted, signals=True))):
        alone = lower(own, "packed")
        assert both.model.SerializeToString(deterministic=True) == alone.model.SerializeToString(deterministic=True)
        assert replace(both, model=alone.model, pipeline=alone.pipeline) == alone


@pytest.mark.parametrize(("each", "case"), FITTED)
def test_the_rows_that_are_served_are_those_that_pass_every_guard(each: AnyOp, case: Case) -> None:
    fitted = harness.fitted(each, case)
    base = {i.name: PLAIN[i.dtype] for i in fitted.inputs}
    records = Variations(base, [(i.name, value) for i in fitted.inputs for value in hostile_values(i)])
    hits = reference.run(fitted, records.blocks(fitted.inputs, range(len(records)))).guards
    refused = np.any([np.zeros(len(records), bool), *(hit.mask for hit in hits)], axis=0)
    assert served_rows(fitted, records) == (~refused).tolist()


def test_the_same_bytes_with_other_hashes() -> None:
    """Neither the order of a set nor that of a dictionary of strings may reach the model."""
    script = "import json, test_lower; print(json.dumps(test_lower.digests()))"
    found = []
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        found.append(json.loads(done.stdout))
    assert set(found[0]) == set(OPS)
    assert found[0] == found[1]


def digests() -> dict[str, str]:
    """By op, the SHA-256 of the models of three of its cases."""
    found = {}
    for each in OPS.values():
        digest = hashlib.sha256()
        for case in [case for case in each.cases if not case.refused][:3]:
            fitted = harness.fitted(each, case)
            digest.update(lower(fitted).model.SerializeToString())
        found[each.name] = digest.hexdigest()
    return found


# What may be emitted


def model_of(make: Any, dtype: Any, width: int = 1) -> onnx.ModelProto:
    x = argument(Tensor(dtype, ("N", width)))
    model = build({"x": x}, {"y": make(x)})
    del model.opset_import[:]
    model.opset_import.extend([onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", OPSET_ML)])
    return model


@pytest.mark.parametrize(
    ("make", "dtype", "why"),
    [
        (lambda x: op.erf(x), np.float64, "ai.onnx.Erf is not on the allow-list"),
        (lambda x: op.sin(x), np.float32, "ai.onnx.Sin on float32 is not on the allow-list"),
        (
            lambda x: op.reduce_sum(x, const([1])),
            np.int64,
            "ai.onnx.ReduceSum on int64 is not on the allow-list",
        ),
        (lambda x: op.sin(op.cast(x, to=np.float32)), np.int64, "ai.onnx.Sin on float32"),
        (lambda x: op.cast(x, to=np.float64), np.str_, "a Cast from string to float64 is never emitted"),
        (lambda x: op.cast(x, to=np.str_), np.float64, "a Cast from float64 to string is never emitted"),
    ],
)
def test_what_was_not_measured_is_refused(make: Any, dtype: Any, why: str) -> None:
    with pytest.raises(SkcError, match=why):
        check_allowed(model_of(make, dtype))


def test_a_text_is_read_as_a_number_only_behind_its_check() -> None:
    """Each part of `float_of` is needed: its pattern, on the same text, and its constant for any other."""

    def read(pattern: str = opset.NUMERAL, checked: Any = None, zero: str = opset.ZERO) -> Any:
        return lambda x: op.cast(
            op.where(op.regex_full_match(checked or x, pattern=pattern), x, const(zero)), to=np.float64
        )

    check_allowed(model_of(opset.float_of, np.str_))
    check_allowed(model_of(read(), np.str_))
    other = [lambda x: read(checked=op.string_concat(x, const("a")))(x), read(pattern=".*"), read(zero="1,5")]
    for make in other:
        with pytest.raises(SkcError, match="a Cast from string to float64 is never emitted"):
            check_allowed(model_of(make, np.str_))


def test_types_are_known_behind_a_contrib_op() -> None:
    """ONNX infers nothing through an op it does not know."""
    x = argument(Tensor(np.str_, ("N", 1)))
    hashed = op.cast(opset.murmur_hash3(x, 1, 0), to=np.int64)
    check_allowed(build({"x": x}, {"y": hashed}))
    with pytest.raises(SkcError, match="ReduceSum on int64"):
        check_allowed(build({"x": x}, {"y": op.reduce_sum(hashed, const([1]))}))


@pytest.mark.parametrize(
    ("dtype", "to"), [("float64", "string"), ("float64", "int64"), ("int64", "bool"), ("string", "float64")]
)
def test_an_output_casts_nothing_away(dtype: Any, to: Any) -> None:
    """The front ends refuse it with a place; lowering refuses it again."""
    with pytest.raises(SkcError, match=f"an output of dtype {to} cannot hold {dtype}"):
        lower(pipeline((Input("a", dtype),), [], "inputs/a", dtype=to))


# The names of tensors


def test_an_input_and_a_step_may_bear_one_name() -> None:
    steps = [
        bins("x", "inputs/x"),
        make_step("z", "bucketize", "x", "inputs/x", edges=(0, 1, 2), closed="left"),
    ]
    made = pipeline((Input("x", "int64"),), steps, "z", "inputs/x", dtype="int64")
    for signature in ("columns", "packed"):
        assert graph_rows(made, [[7], [-1]], signature) == [[2, 3, 7], [1, 0, -1]]


def test_tensors_of_one_name_are_refused() -> None:
    """The front ends refuse such names with a place; a graph would mix the tensors up."""
    x = Input("x", "int64", nullable=True)
    with pytest.raises(SkcError, match=r"two inputs of the graph are called `x\.valid`"):
        lower(pipeline((x, Input("x.valid", "bool")), [], "inputs/x", dtype="int64"))
    with pytest.raises(SkcError, match="an input and an output of the graph are called `out`"):
        lower(pipeline((Input("out", "int64"),), [], "inputs/out", dtype="int64"))
    guarded = make_step("s", "cast", "inputs/a", to="int64")
    named = Output(GUARDS, (Ref("s"),), "int64")
    with pytest.raises(SkcError, match=r"two outputs of the graph are called `skc\.guards`"):
        lower(Pipeline("p", (Input("a", "float64"),), (guarded,), (), (named,)))


def parts_of(lowered: Lowered) -> dict[str, str | None]:
    """For every tensor that a node makes the step that its name says."""
    return {node.output[0]: owner(node.output[0], lowered.steps) for node in lowered.model.graph.node}


def test_tensors_bear_the_names_of_their_steps() -> None:
    """`STEP`, `STEP/valid`, `STEP/CODE`, what else the step is made through by operation, and the parts of outputs."""
    inputs = (Input("a", "float64"), Input("b", "float64"), Input("n", "int64", nullable=True))
    steps = [
        make_step("a/0:cast", "cast", "inputs/a", to="int64"),
        make_step("b/0:cast", "cast", "inputs/b", to="int64"),
        make_step("n/0:cast", "cast", "inputs/n", to="float64"),
    ]
    lowered = lower(pipeline(inputs, steps, "b/0:cast", "a/0:cast", "n/0:cast"))
    names = [node.name for node in lowered.model.graph.node]
    assert names == [node.output[0] for node in lowered.model.graph.node]
    assert {"a/0:cast+1", "a/0:cast+1/invalid-value", "n/0:cast", "out", GUARDS} <= {*names}
    assert {"a/0:cast+1/Floor_0", "outputs/out/Cast_0", "outputs/out/Concat_0"} <= {*names}
    assert lowered.steps == {
        "a/0:cast+1": StepTensors("a/0:cast+1", None),
        "n/0:cast": StepTensors("n/0:cast", None),
    }


def test_what_signals_read_is_an_output_without_an_identity() -> None:
    """ONNX Runtime would keep it, and each row would pay for it; the tensor is still the step's."""
    x = Input("x", "string", nullable=True)
    words = make_step("s", "vocabulary", "inputs/x")
    words = replace(words, state=vocabulary.State((("a", "b"),), (0,), (1,), (2,)))
    outputs = (Output("ids", (Ref("s"),), "int64"), Output("again", (Ref("s"),), "int64"))
    plain = lower(Pipeline("p", (x,), (words,), (), outputs))
    lowered = lower(Pipeline("p", (x,), (words,), (), outputs, signals=True))
    made = {node.output[0]: node for node in lowered.model.graph.node}
    assert "s" in {node.name for node in plain.model.graph.node}
    assert lowered.steps == {"s": StepTensors("ids", None)}
    assert (made["ids"].op_type, made["again"].op_type) == ("Mul", "Identity")
    assert (lowered.owner("ids"), lowered.owner("s/unknown"), lowered.owner("again")) == ("s", "s", None)
    assert "ids" in made["s/unknown"].input


def test_what_a_step_passes_on_keeps_its_name() -> None:
    """`valid` of the input is that of the bins; a source without sentinels may be left out."""
    x = Input("x", "int64", nullable=True)
    lowered = lower(pipeline((x,), [bins("s", "inputs/x")], "s", dtype="int64"))
    assert lowered.steps == {"s": StepTensors("s", "x.valid")}


def test_a_name_that_is_taken_is_left_to_the_input() -> None:
    """Of a step itself too: a pipeline that is not written in YAML may say so."""
    inputs = (Input("s", "float64"), Input("s/Constant_0", "float64"), Input("s/Constant_2", "float64"))
    lowered = lower(pipeline(inputs, [bins("s", "inputs/s", "inputs/s/Constant_0")], "s"))
    names = [node.name for node in lowered.model.graph.node]
    assert lowered.steps["s"].value in names
    assert set(parts_of(lowered).values()) == {"s", None}
    assert {"s", "s/Constant_0", "s/Constant_2"}.isdisjoint(names)
    assert {"s/Constant_1", "s/Constant_3"} <= {*names}
    assert len({*names}) == len(names)


def test_a_change_of_one_step_renames_no_tensor_of_another() -> None:
    inputs = (Input("a", "float64"), Input("b", "float64"))
    last = make_step("b/0:cyclical", "cyclical", "inputs/b", period=7.0)
    one, other = (
        {
            name
            for name, step in parts_of(lower(pipeline(inputs, [first, last], "a/0:x", last.name))).items()
            if step == last.name
        }
        for first in (bins("a/0:x", "inputs/a"), make_step("a/0:x", "cyclical", "inputs/a", period=3.0))
    )
    assert one == other
    assert len(one) > 5


@settings(max_examples=100, deadline=None)
@given(data=st.data(), written=rand.pipelines())
def test_a_tensor_is_what_its_name_says(data: st.DataObject, written: Pipeline) -> None:
    """The tensor of every step has the step's value, and a node takes nothing from inside another step."""
    lowered = lower(written, data.draw(st.sampled_from(["columns", "packed"])), optimise=data.draw(st.booleans()))
    parts, inputs = parts_of(lowered), {value.name for value in lowered.model.graph.input}
    ends = {tensor for step in lowered.steps.values() for tensor in (step.value, step.valid)}
    for node in lowered.model.graph.node:
        own = parts[node.name]  # what puts an output together takes masks as well
        assert own is None or all(name in inputs | ends or parts[name] == own for name in node.input)
    blocks = rand.blocks(written, rand.draw_rows(data, written, data.draw(st.integers(1, 4))))
    values = reference.run(lowered.pipeline, blocks).values
    shown = [tensor for tensor in ends if tensor in parts]
    session = GraphSession(showing(lowered.model, shown))
    tensors = feeds(lowered, blocks)
    found = {**tensors, **session.run(tensors)}
    refused = found[GUARDS].any(axis=1) if GUARDS in found else None
    for step, (value, valid) in {step: (t.value, t.valid) for step, t in lowered.steps.items()}.items():
        want = values[step]
        present = want.present() if valid is None else found[valid]
        exact = [value_types(lowered.pipeline)[step].exact] * want.width
        got = want.values if value is None else found[value]
        pair = {"got_valid": present, "want_valid": want.present()}
        assert not compare(got, want.values, exact, **pair, ignore_rows=refused).differs.any(), (step, value, valid)


# Values, missing positions and guards


def test_an_output_takes_an_input_directly() -> None:
    inputs = (Input("a", "float64"), Input("n", "int64", nullable=True), Input("unused", "string"))
    made = pipeline(inputs, [], "inputs/n", "inputs/a", "inputs/n")
    for signature in ("columns", "packed"):
        assert graph_rows(made, [[0.5, None, "s"], [1.5, 3, "t"]], signature) == [
            [None, 0.5, None],
            [3.0, 1.5, 3.0],
        ]


def test_an_input_that_nothing_uses_stays_in_the_contract() -> None:
    """Which columns a request has does not depend on how the pipeline is written."""
    inputs = (Input("unused", "int64", nullable=True), Input("a", "float64"))
    lowered = lower(pipeline(inputs, [], "inputs/a"))
    assert [value.name for value in lowered.model.graph.input] == ["a", "unused", "unused.valid"]
    packed = lower(pipeline(inputs, [], "inputs/a"), "packed")
    assert {i.name: (i.slot, i.valid) for i in packed.inputs} == {
        "a": (Slot("f64", 0), None),
        "unused": (Slot("i64", 0), Slot("bool", 0)),
    }


@pytest.mark.parametrize("order", [("i", "j", "k"), ("j", "i", "k"), ("j", "k", "i"), ("k", "j", "j")])
def test_nullable_and_other_columns_in_one_block(order: tuple[str, ...]) -> None:
    """`j` alone may miss: the mask of a block is put together from what there is."""
    inputs = (Input("i", "int64"), Input("j", "int64", nullable=True), Input("k", "int64"))
    made = pipeline(
        inputs,
        [bins("f", *(f"inputs/{name}" for name in order))],
        "f",
        *(f"inputs/{n}" for n in order),
        dtype="int64",
    )
    rows = [{"i": 1, "j": None, "k": -5}, {"i": -1, "j": 2, "k": 0}]
    wanted = [[None if r[n] is None else int(r[n] >= 0) for n in order] + [r[n] for n in order] for r in rows]
    for signature in ("columns", "packed"):
        assert graph_rows(made, [[r["i"], r["j"], r["k"]] for r in rows], signature) == wanted


def test_guards_name_the_step_as_written() -> None:
    """Also where steps were fused, whose columns may stand in another order."""
    inputs = (Input("a", "float64"), Input("b", "float64"))
    steps = [make_step(name, "cast", f"inputs/{column}", to="int64") for name, column in (("g", "b"), ("f", "a"))]
    lowered = lower(pipeline(inputs, steps, "g", "f", dtype="int64"))
    columns = (GuardColumn("invalid-value", "f", "a"), GuardColumn("invalid-value", "g", "b"))
    assert lowered.guards == Guards(GUARDS, columns)
    outputs = rand.run_model(
        lowered, rand.blocks(pipeline(inputs, steps, "g", dtype="int64"), [[0.5, 1.0], [1.0, 0.5]])
    )
    assert outputs[GUARDS].tolist() == [[True, False], [False, True]]


def test_guards_of_a_block_cost_no_node_per_column() -> None:
    width = 40
    inputs = tuple(Input(f"c{k}", "float64") for k in range(width))
    step = make_step("f", "cast", *(value.value for value in inputs), to="int64")
    lowered = lower(pipeline(inputs, [step], "f", dtype="int64"), "packed")
    assert lowered.guards is not None
    assert len(lowered.guards.columns) == width
    assert sum(node.op_type != "Constant" for node in lowered.model.graph.node) < width


@settings(max_examples=60, deadline=None)
@given(data=st.data(), written=rand.pipelines())
def test_both_signatures_give_the_same(data: st.DataObject, written: Pipeline) -> None:
    blocks = rand.blocks(written, rand.draw_rows(data, written, data.draw(st.integers(0, 4))))
    columns, packed = lower(written, "columns"), lower(written, "packed")
    assert columns.outputs == packed.outputs
    assert columns.guards == packed.guards
    got, wanted = rand.run_model(packed, blocks), rand.run_model(columns, blocks)
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        assert rand.same_bits(got[name], array), name


# Row and batch


def kernel(width: int, function: Any) -> Any:
    """What `function` emits for [N, width], loaded."""
    x = argument(Tensor(np.float64, ("N", width)))
    session = rand.load(finish(build({"x": x}, {"y": function(x)})))
    return lambda values: session.run(["y"], {"x": values})[0]


def unpadded(x: Var) -> Var:
    return op.exp(x)


def padded(x: Var) -> Var:
    return elementwise(op.exp, x, int(x.unwrap_tensor().shape[1]))  # type: ignore[index,arg-type]  # a static width


@pytest.mark.parametrize("width", [1, 3, 5])
def test_a_row_has_the_bits_of_its_batch(width: int) -> None:
    """In an odd number of columns, where a bare kernel treats the last element of a buffer differently."""
    x = np.random.default_rng(width).normal(size=(64, width)) * 10
    assert differing_rows(kernel(width, padded), x) == 0


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="seen on x86-64")
def test_without_the_padding_it_has_not() -> None:
    """If this fails, the kernels have changed, and the padding may no longer be needed."""
    x = np.random.default_rng(3).normal(size=(64, 3)) * 10
    assert differing_rows(kernel(3, unpadded), x) > 0


def differing_rows(run: Any, x: np.ndarray[Any, Any]) -> int:
    whole = run(x)
    return sum(not rand.same_bits(run(x[i : i + 1]), whole[i : i + 1]) for i in range(len(x)))
