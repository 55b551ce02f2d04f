"""Which steps decide by the last bit of which inputs: found in a time that grows with the pipeline alone."""

from __future__ import annotations

import tracemalloc
from typing import Any

from skc.concerns import _last_bits
from skc.infer import value_types
from skc.ir import Feature, Input, Pipeline, Ref, Step
from skc.ops import OPS


def step(name: str, op: str, *inputs: str, **params: Any) -> Step:
    return Step(name, op, OPS[op].params(**params), tuple(map(Ref, inputs)))


def pipeline(inputs: list[str], steps: list[Step]) -> Pipeline:
    made = Pipeline(
        "test",
        tuple(Input(name, "float64", nullable=True) for name in inputs),
        tuple(steps),
        (Feature("f", Ref(steps[-1].name)),),
        (),
        None,
    )
    made.verify()
    return made


def test_the_ways_of_last_bits() -> None:
    """Through steps that pass them on, up to the first that decides; not of the inputs that were not asked for."""
    one = pipeline(
        ["a", "b", "c"],
        [
            step("scaled", "impute", "inputs/a", "inputs/b", value=0.0),
            step("bins", "bucketize", "scaled", edges=(0.0,), closed="left"),
            step("onward", "impute", "bins", value=0),
            step("more", "bucketize", "inputs/b", edges=(0.5,), closed="left"),
            step("other", "bucketize", "inputs/c", edges=(0.5,), closed="left"),
        ],
    )
    last_bits = _last_bits(one, value_types(one), ["inputs/a", "inputs/b"])
    assert last_bits.sources() >= {"inputs/a", "inputs/b"}
    assert "inputs/c" not in last_bits.sources()
    assert last_bits.steps_behind({"inputs/a"}) == ["bins"]
    assert last_bits.steps_behind({"inputs/b"}) == ["bins", "more"]
    assert last_bits.steps_behind({"inputs/c"}) == []
    narrower = _last_bits(one, value_types(one), ["inputs/c"])
    assert narrower.steps_behind({"inputs/c"}) == ["other"]


def peak(size: int) -> int:
    """The memory that it takes to look at as many steps behind a block of as many inputs."""
    names = [f"x{k}" for k in range(size)]
    steps = [step("s0", "impute", *(f"inputs/{name}" for name in names), value=0.0)]
    steps += [step(f"s{k}", "impute", f"s{k - 1}", value=float(k)) for k in range(1, size)]
    steps.append(step("end", "bucketize", f"s{size - 1}", edges=(0.0,), closed="left"))
    one = pipeline(names, steps)
    types, inputs = value_types(one), [i.value for i in one.inputs]
    tracemalloc.start()
    try:
        last_bits = _last_bits(one, types, inputs)
        assert last_bits.sources() >= set(inputs)
        assert last_bits.steps_behind({inputs[0]}) == ["end"]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_work_grows_with_the_pipeline_and_not_with_inputs_times_steps() -> None:
    assert peak(1200) < 6 * peak(300)
