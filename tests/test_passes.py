"""The passes: what they make of a pipeline, read as text, and that they change no bit of any output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import random_pipelines as rand
from hypothesis import given, settings
from hypothesis import strategies as st
from random_pipelines import make_step

from skc.infer import column_names, value_types
from skc.ir import Feature, Input, Output, Pipeline, Ref, Step
from skc.lower import GUARDS, Lowered, lower
from skc.ops.numeric.standard_scale import State
from skc.oracle import reference
from skc.passes.fuse_siblings import fuse_siblings
from skc.passes.prune import prune
from skc_runtime.manifest import GuardColumn

A, B, C = Input("a", "float64"), Input("b", "float64"), Input("c", "float64")


def pipeline(inputs: tuple[Input, ...], steps: list[Step], *refs: Ref | str, dtype: Any = "float64") -> Pipeline:
    """A fitted pipeline of one output `x`, in which every step is a feature."""
    features = tuple(Feature(step.name, Ref(step.name)) for step in steps)
    output = Output("x", tuple(Ref(ref) if isinstance(ref, str) else ref for ref in refs), dtype)
    made = Pipeline("p", inputs, tuple(steps), features, (output,))
    made.verify()
    return made


def scale(name: str, *refs: Ref | str, mean: tuple[float, ...]) -> Step:
    return make_step(name, "standard_scale", *refs, state=State(mean=mean, scale=(1.0,) * len(mean)))


def bins(name: str, *refs: Ref | str, edge: float = 0.0, encode: str = "ordinal") -> Step:
    return make_step(name, "bucketize", *refs, edges=(edge,), closed="left", encode=encode)


def wheel(name: str, *refs: Ref | str) -> Step:
    return make_step(name, "cyclical", *refs, period=7.0, invalid="null")


def lines(text: str) -> list[str]:
    """The steps and outputs, without states."""
    return [line.strip().split(" State")[0] for line in text.splitlines() if " = " in line]


def test_siblings_become_one_step_over_one_block() -> None:
    written = pipeline((A, B), [scale("g", "inputs/b", mean=(2.0,)), scale("f", "inputs/a", mean=(1.0,))], "g", "f")
    fused = fuse_siblings(written)
    assert lines(fused.text()) == [
        f"f+1 = standard_scale(inputs/a[0:1], inputs/b[0:1]) {written.steps[0].params}",
        "-> x: float64 = f+1[1:2], f+1[0:1]",
    ]
    assert fused.steps[0].state == State(mean=(1.0, 2.0), scale=(1.0, 1.0))
    assert fused.steps[0].origins == ("f", "g")


def test_steps_of_one_depth_fuse_along_a_chain() -> None:
    """Also where an op makes several columns of one, and the next step takes a slice of them."""
    steps = [
        wheel("f/0", "inputs/a"),
        wheel("g/0", "inputs/b"),
        scale("f/1", "f/0", mean=(1.0, 2.0)),
        scale("g/1", Ref("g/0", 1, 2), mean=(3.0,)),
    ]
    fused = fuse_siblings(pipeline((A, B), steps, "f/1", "g/1"))
    assert [line.split(" Params")[0] for line in lines(fused.text())] == [
        "f/0+1 = cyclical(inputs/a[0:1], inputs/b[0:1])",
        "f/1+1 = standard_scale(f/0+1[0:2], f/0+1[3:4])",
        "-> x: float64 = f/1+1[0:2], f/1+1[2:3]",
    ]
    assert fused.steps[1].state.mean == (1.0, 2.0, 3.0)
    assert fused.steps[1].origins == ("f/1", "f/1", "g/1")


def ops(of: Pipeline) -> list[tuple[str, int]]:
    return [(step.op, len(step.origins) or 1) for step in of.steps]


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([bins("f", "inputs/a"), bins("g", "inputs/b", edge=1.0)], "other parameters"),
        ([bins("f", "inputs/a"), scale("g", "inputs/b", mean=(0.0,))], "another op"),
        ([scale("f", "inputs/a", mean=(0.0,)), scale("g", "f", mean=(0.0,))], "one needs the other"),
    ],
)
def test_what_does_not_fuse(steps: list[Step], why: str) -> None:
    fused = fuse_siblings(pipeline((A, B), steps, "f", "g"))
    assert [width for _, width in ops(fused)] == [1, 1], why


def test_steps_that_look_at_several_columns_do_not_fuse() -> None:
    times = tuple(Input(name, "timestamp") for name in "abcd")
    steps = [make_step(f"{a}{b}", "elapsed", f"inputs/{a}", f"inputs/{b}", unit="days") for a, b in ("ab", "cd")]
    assert ops(fuse_siblings(pipeline(times, steps, "ab", "cd"))) == [("elapsed", 1), ("elapsed", 1)]


def test_a_source_does_not_keep_columns_apart() -> None:
    """`a` needs no source step, `b` does: both are binned at one depth, if their types are alike after it."""
    inputs = (Input("a", "int64"), Input("b", "int64"))
    steps = [make_step("b/source", "source", "inputs/b"), bins("f", "inputs/a"), bins("g", "b/source")]
    assert ops(fuse_siblings(pipeline(inputs, steps, "f", "g", dtype="int64"))) == [
        ("source", 1),
        ("bucketize", 2),
    ]


def test_an_internal_step_on_a_computed_value_stands_deeper() -> None:
    """Else it could be put before what it needs."""
    steps = [
        scale("a/0", "inputs/a", mean=(0.0,)),
        make_step("a/source", "source", "a/0"),
        bins("b/0", "inputs/b", encode="onehot"),
        make_step("b/source", "source", "b/0"),
    ]
    fuse_siblings(pipeline((A, B), steps, "a/source", "b/source")).verify()


def test_exact_and_inexact_columns_stay_apart() -> None:
    """A bin may be taken of a scaled raw value, but not of a scaled sine: together they would refuse both."""
    steps = [
        scale("a/0", "inputs/a", mean=(0.0,)),
        scale("a/1", "a/0", mean=(0.0,)),
        bins("a/2", "a/1"),
        wheel("b/0", "inputs/b"),
        scale("b/1", "b/0", mean=(0.0, 0.0)),
    ]
    written = pipeline((A, B), steps, "a/2", "a/1", "b/1")
    (fused,), (plain,) = lower(written).outputs, lower(written, optimise=False).outputs
    assert fused.exact == plain.exact == (True, True, False, False)


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_nullable_columns_stay_apart(dtype: Any) -> None:
    """Every column keeps its type, so that no op can refuse after fusing what it took before."""
    inputs = (Input("a", dtype), Input("b", dtype, nullable=True))
    written = pipeline(inputs, [bins("f", "inputs/a"), bins("g", "inputs/b")], "f", "g", dtype="int64")
    assert ops(fuse_siblings(written)) == [("bucketize", 1), ("bucketize", 1)]


def test_a_column_used_twice() -> None:
    written = pipeline((A,), [bins("f", "inputs/a"), bins("g", "inputs/a", "inputs/a")], "g", "f", "g", dtype="int64")
    fused = fuse_siblings(written)
    assert ops(fused) == [("bucketize", 3)]
    assert column_names(fused)[fused.steps[0].name] == ("a", "a", "a")


def test_prune_drops_steps_and_the_features_that_named_them() -> None:
    steps = [
        scale("f", "inputs/a", mean=(0.0,)),
        scale("g", "inputs/b", mean=(0.0,)),
        scale("h", "f", mean=(0.0,)),
    ]
    written = pipeline((A, B), steps, "h")
    pruned = prune(written)
    assert [step.name for step in pruned.steps] == ["f", "h"]
    assert [feature.name for feature in pruned.features] == ["f", "h"]
    assert pruned.inputs == written.inputs  # the contract of a request does not depend on what is used
    assert [step.name for step in prune(written, ["g"]).steps] == ["f", "g", "h"]


@settings(max_examples=100, deadline=None)
@given(written=rand.pipelines())
def test_passes_are_idempotent_and_leave_a_valid_pipeline(written: Pipeline) -> None:
    pruned = prune(written)
    assert prune(pruned) == pruned
    fused = fuse_siblings(pruned)
    fused.verify()
    again = fuse_siblings(fused)
    assert [step.inputs for step in again.steps] == [step.inputs for step in fused.steps]
    assert [step.op for step in again.steps] == [step.op for step in fused.steps]
    names, fused_names = column_names(written), column_names(fused)
    types, fused_types = value_types(written), value_types(fused)
    for before, after in zip(written.outputs, fused.outputs, strict=True):
        for old, new in zip(before.refs, after.refs, strict=True):
            assert fused_names[new.value][new.start : new.stop] == names[old.value]
            assert fused_types[new.value].with_(width=None) == types[old.value].with_(width=None)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), written=rand.pipelines())
def test_fusing_changes_no_bit(data: st.DataObject, written: Pipeline) -> None:
    """In the reference and in the graph: outputs, missing positions, guards, and what is said of them."""
    given_blocks = rand.blocks(written, rand.draw_rows(data, written, data.draw(st.integers(0, 5))))
    plain, fused = lower(written, optimise=False), lower(written)
    assert fused.outputs == plain.outputs
    got, wanted = run(fused, given_blocks), run(plain, given_blocks)
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        assert rand.same_bits(got[name], array), name
    straight = reference.run(written, given_blocks)
    after = reference.run(fuse_siblings(prune(written)), given_blocks)
    for name, array in straight.outputs.items():
        assert rand.same_bits(after.outputs[name], array), name


def run(lowered: Lowered, given_blocks: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Every output, and every guard column under its code, step and input column."""
    outputs = rand.run_model(lowered, given_blocks)
    masks = outputs.pop(GUARDS, None)
    declared = () if lowered.guards is None else lowered.guards.columns
    return outputs | {f"{g.code} {g.step} {g.input} {_nth(declared, k)}": masks[:, k] for k, g in enumerate(declared)}


def _nth(declared: tuple[GuardColumn, ...], k: int) -> int:
    """A step may use a column twice: which of the equal guards this is."""
    return declared[:k].count(declared[k])
