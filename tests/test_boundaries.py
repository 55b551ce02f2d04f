"""Boundaries carried back: what is found gives the wanted value to the bit, or lies right beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import skc
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import Pipeline
from skc.op import NoState, always
from skc.oracle import reference
from skc.rows.backward import SEARCHED_COLUMNS
from skc.rows.base_row import base_row
from skc.rows.boundaries import StepBoundaries, reach_further, step_boundaries
from skc.rows.branches import CORNERS, MOST_BRANCHED, MOST_SEARCHES, other_branches
from skc.rows.inverse import Function, Preimage, magnitudes, neighbours, prospect
from skc.rows.sampling import Record, to_blocks
from skc.values.types import Scalar, ValueType

FLOAT = ValueType("float64", nullable=True)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
SCALES = st.floats(1e-6, 1e6)


def inputs_giving(*arguments: Any) -> Preimage:
    return prospect(*arguments).preimage()


def function(x: ValueType, of: Callable[[Any], Scalar]) -> Function:
    return Function(x, lambda values: [(True, None if v is None else of(v)) for v in values])


@given(NUMBERS, NUMBERS, SCALES, st.integers(-40, 40))
@example(2.225073858507203e-309, 2.225073858507203e-309, 2.0, -3)  # half of the least float below it is -0.0
def test_a_float_is_hit_although_it_is_guessed_only_nearly(x: float, mean: float, scale: float, off: int) -> None:
    scaled = function(FLOAT, lambda v: (v - mean) / scale)
    wanted = (x - mean) / scale
    guess = wanted * scale + mean
    for _ in range(abs(off)):
        guess = math.nextafter(guess, math.copysign(math.inf, off))
    found = inputs_giving(scaled, [wanted], always(neighbours(guess)), magnitudes("float64", 0.0))
    assert (found.hits, found.enclosed) == (1, 0)
    (given_,) = found.inputs
    assert (given_ - mean) / scale == wanted  # type: ignore[operator]  # a float


@given(st.floats(0.1, 1e6))
def test_what_no_input_gives_is_enclosed_by_two_neighbours(wanted: float) -> None:
    """The square jumps over most floats."""
    squared = function(FLOAT, lambda v: v * v)
    found = inputs_giving(squared, [wanted], always([]), [0.0, 1e4])
    assert found.hits + found.enclosed == 1
    if len(found.inputs) == 1:
        assert found.inputs[0] * found.inputs[0] == wanted  # type: ignore[operator]  # a float
        return
    low, high = found.inputs
    assert math.nextafter(low, math.inf) == high  # type: ignore[arg-type]  # floats
    assert low * low < wanted < high * high  # type: ignore[operator]  # floats


@given(st.integers(-(2**62), 2**62), st.integers(-1000, 1000))
def test_integers_and_falling_functions(wanted: int, shift: int) -> None:
    falling = function(ValueType("int64"), lambda v: shift - v)
    found = inputs_giving(falling, [wanted], always([]), magnitudes("int64", 7))
    assert found.inputs == [shift - wanted]


def test_half_an_integer_is_between_two() -> None:
    as_float = function(ValueType("int64"), float)
    assert inputs_giving(as_float, [2.5, 7.0], always([]), magnitudes("int64", 0)).inputs == [7, 2, 3]


def test_a_function_that_rises_and_falls() -> None:
    """Every wanted value on the way is found on one of the branches; what lies beyond the top is not."""
    hill = function(FLOAT, lambda v: 9.0 - v * v)
    found = inputs_giving(hill, [5.0, 0.0, 9.0, 10.0], always([]), [-4.0, 0.0, 4.0])
    assert (found.hits, found.enclosed) == (3, 0)
    assert {9.0 - v * v for v in found.inputs} == {5.0, 0.0, 9.0}  # type: ignore[operator]  # floats


def test_signs_of_zero_types_and_nulls_are_distinguished() -> None:
    same = function(FLOAT, lambda v: v)
    found = inputs_giving(same, [-0.0, None], always([0.0, -0.0, None]), [])
    assert [repr(v) for v in found.inputs] == ["-0.0", "None"]
    never_null = Function(ValueType("int64"), lambda values: [(True, 0 if v is None else v) for v in values])
    assert inputs_giving(never_null, [0], always([None]), []).inputs == []  # null is no input of it


def test_a_refused_input_gives_nothing() -> None:
    refusing = Function(FLOAT, lambda values: [(v != 1.0, v) for v in values])
    assert inputs_giving(refusing, [1.0, 2.0], always([1.0, 2.0]), []).inputs == [2.0]


def test_texts_on_either_side_where_no_text_gives_the_value() -> None:
    lengths = function(ValueType("string"), lambda v: float(len(v)))
    assert inputs_giving(lengths, [2.5, 9.0], always(["a", "abc", "ab"]), []).inputs == ["ab", "abc"]


PIPELINE = """
skc: 1
name: chain
inputs:
  start: string
  end: {type: timestamp, nullable: true}
  n: int64
  x: {type: float64, nullable: true}
  y: float64
  kind: string
features:
  scaled: {from: inputs.x, apply: [{impute: {strategy: median}}, standard_scale, {bucketize: {edges: [-0.7, 0.1, 0.3], closed: left}}]}
  ratio: {expr: "inputs.y / max(inputs.x, 0.1)", apply: [{impute: {value: 0.0}}, {quantile_bin: {bins: 4}}]}
  started: {from: start, apply: [{parse_datetime: {format: "%Y-%m-%d %H:%M", timezone: Europe/Berlin, invalid: "null", ambiguous: latest, nonexistent: "null"}}]}
  took: {from: [started, end], apply: [{elapsed: {unit: hours}}, {impute: {value: 0.0}}, {clip: {min: -1.3, max: 2.7}}]}
  day: {from: end, apply: [{datetime_part: {part: weekday}}, {impute: {value: 6}}]}
  party: {from: n, apply: [{cast: {to: float64}}, {bucketize: {edges: [1.5, 3], closed: right}}]}
  kind: {from: kind, apply: [{one_hot: {unknown: error}}]}
outputs:
  floats: {features: [took, kind], dtype: float64}
  ids: {features: [scaled, ratio, party, day], dtype: int64}
"""  # noqa: E501  # one feature per line


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("chain")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    rows = [
        f"2024-05-0{1 + i % 9} 10:00,2024-05-0{1 + i % 9}T11:30:00Z,{i % 5},{i * 0.37},{i % 7},{'ab'[i % 2]}"
        for i in range(30)
    ]
    (folder / "rows.csv").write_text("start,end,n,x,y,kind\n" + "\n".join(rows))
    return skc.compile(folder / "pipeline.yaml", str(folder / "rows.csv"), verify=False).artifact.pipeline


def served_base(pipeline: Pipeline, found: Sequence[StepBoundaries]) -> Record:
    return base_row(
        pipeline,
        {i.name: [v for f in found if f.raw_input == i.name for v in f.raw_values] for i in pipeline.inputs},
        reference.run,
    )


def seen(pipeline: Pipeline, base: Record, found: StepBoundaries) -> list[Scalar]:
    """What the step gets from the rows made for it."""
    assert found.raw_input is not None, found
    records = [{**base, found.raw_input: value} for value in found.raw_values]
    value, column = found.source
    block = reference.run(pipeline, to_blocks(pipeline.inputs, records)).values[value]
    return [row[0] for row in block.columns(column, column + 1).to_rows()]


def test_the_base_row_is_served_and_shows_everything(pipeline: Pipeline) -> None:
    """`a` is no date and no category: plain values would not do."""
    base = served_base(pipeline, step_boundaries(pipeline))
    result = reference.run(pipeline, to_blocks(pipeline.inputs, [base]))
    assert not any(hit.mask.any() for hit in result.guards)
    assert all(block.present().all() for block in result.values.values())


def test_edges_behind_any_chain_are_met_or_enclosed(pipeline: Pipeline) -> None:
    """Behind scaling, an expression, a difference of times, a cast: each edge is hit, or rows lie on both its sides."""
    first = step_boundaries(pipeline)
    base = served_base(pipeline, first)
    found = {(f.step, f.column): f for f in reach_further(pipeline, first, base, reference.run)}
    edges = {
        "scaled/2:bucketize": [-0.7, 0.1, 0.3],
        "ratio/2:quantile_bin": list(pipeline.step("ratio/2:quantile_bin").state.edges[0]),
        "took/2:clip": [-1.3, 2.7],
        "party/1:bucketize": [1.5, 3.0],
    }
    for step, wanted in edges.items():
        got = [v for v in seen(pipeline, base, found[step, 0]) if isinstance(v, float)]
        for edge in wanted:
            if edge not in got:
                assert max(v for v in got if v < edge) == pytest.approx(edge, abs=0.5), (step, edge)
                assert min(v for v in got if v > edge) == pytest.approx(edge, abs=0.5), (step, edge)


def test_an_edge_that_can_be_hit_is_hit(pipeline: Pipeline) -> None:
    first = step_boundaries(pipeline)
    base = served_base(pipeline, first)
    found = {(f.step, f.column): f for f in reach_further(pipeline, first, base, reference.run)}
    clip = seen(pipeline, base, found["took/2:clip", 0])
    assert {-1.3, 2.7} <= {*clip}
    ratio = pipeline.step("ratio/2:quantile_bin")
    assert {*ratio.state.edges[0]} <= {*seen(pipeline, base, found[ratio.name, 0])}
    assert {0, 1, 6} <= {*seen(pipeline, base, found["day/1:impute", 0])}


def test_without_a_base_row_nothing_is_invented(pipeline: Pipeline) -> None:
    for found in step_boundaries(pipeline):
        if found.step.split("/")[0] in ("ratio", "took") and not found.step.endswith(("0:expr", "0:elapsed")):
            assert found.raw_input is None
            assert found.raw_values == ()


def test_boundaries_are_a_function_of_the_pipeline(pipeline: Pipeline) -> None:
    once = step_boundaries(pipeline)
    assert repr(once) == repr(step_boundaries(pipeline))
    base = served_base(pipeline, once)
    assert repr(reach_further(pipeline, once, base, reference.run)) == repr(
        reach_further(pipeline, once, base, reference.run)
    )


def test_every_column_of_a_wide_step_is_carried_back_alone(tmp_path: Path) -> None:
    """Each column by its own state, not by that of its neighbour."""
    names = [f"c{k}" for k in range(6)]
    text = "skc: 1\nname: wide\ninputs:\n" + "".join(f"  {n}: float64\n" for n in names)
    text += f"features:\n  f: {{from: [{', '.join(names)}], apply: [standard_scale, minmax_scale]}}\n"
    text += "outputs:\n  x: {features: [f], dtype: float64}\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    rows = [",".join(str((i + 1) * (k + 1) ** 3 * 0.1) for k in range(6)) for i in range(9)]
    (tmp_path / "rows.csv").write_text(",".join(names) + "\n" + "\n".join(rows))
    pipeline = skc.compile(tmp_path / "pipeline.yaml", str(tmp_path / "rows.csv"), verify=False).artifact.pipeline
    base: Record = dict.fromkeys(names, 1.0)
    for found in step_boundaries(pipeline):
        assert found.raw_input == found.name
        if found.step.endswith("minmax_scale"):
            state = pipeline.step(found.step).state
            ends = [(end - state.min[found.column]) / state.scale[found.column] for end in (0.0, 1.0)]
            got = np.array(seen(pipeline, base, found), dtype=float)
            assert all(np.abs(got - end).min() <= math.ulp(end) * 4 for end in ends), found


def test_edges_behind_an_expression_are_reached_through_its_other_branches() -> None:
    """The least distance of a ratio shows only where the distance is less, and the fare at an edge all the same."""
    text = """
skc: 1
name: ratio
inputs: {fare: float64, distance: float64, unused: {type: float64, nullable: true}}
features:
  ratio: {expr: "fare / max(distance, 0.1)", apply: [{bucketize: {edges: [2.0, 64.0], closed: left}}]}
  alone: {expr: "coalesce(unused, 1.0) * 2.0", apply: [{bucketize: {edges: [3.0], closed: left}}]}
outputs:
  x: {features: [ratio, alone], dtype: int64}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    pipeline = pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])
    base = {"fare": 10.0, "distance": 3.0, "unused": 1.0}
    found = reach_further(pipeline, step_boundaries(pipeline), base, reference.run)
    branched = other_branches(pipeline, found, base, reference.run)
    rows = branched.rows
    assert not branched.is_sample
    assert {row["unused"] for row in rows} == {1.0}
    ratios = {row["fare"] / 0.1 for row in rows if row["distance"] == 0.0}
    assert {2.0, 64.0} <= ratios
    assert any(1.999 < ratio < 2.0 for ratio in ratios)
    assert all({row["distance"], row["fare"]} & {*CORNERS} for row in rows)


def test_what_two_inputs_do_together_at_the_ends_of_their_type() -> None:
    """Only the least integer divided by -1 overflows; neither by itself shows it."""
    text = """
skc: 1
name: quotient
inputs: {n: int64, m: int64}
features:
  quotient: {expr: "n // m"}
outputs:
  x: {features: [quotient], dtype: int64}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    pipeline = pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])
    base = {"n": 7, "m": 2}
    branched = other_branches(
        pipeline, reach_further(pipeline, step_boundaries(pipeline), base, reference.run), base, reference.run
    )
    rows = branched.rows
    assert not branched.is_sample
    assert len({tuple(row.items()) for row in rows}) == len(rows)
    assert {"n": -(2**63), "m": -1} in rows
    assert {"n": 2**63 - 1, "m": -1} in rows


def test_what_a_block_makes_of_a_column_beside_a_null_and_beside_zero() -> None:
    """Each column at each boundary, the other one null, where it can be, or 0; not where columns are separate."""
    text = """
skc: 1
name: lengths
inputs: {a: {type: float64, nullable: true}, b: {type: float64, nullable: true}, c: float64, d: float64}
features:
  some: {from: [a, b], apply: [normalize]}
  none: {from: [c, d], apply: [normalize]}
  alone: {from: [a, b], apply: [log1p]}
outputs:
  x: {features: [some, none, alone], dtype: float64}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    pipeline = pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])
    base = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    found = reach_further(pipeline, step_boundaries(pipeline), base, reference.run)
    rows = other_branches(pipeline, found, base, reference.run).rows
    tried = {f.raw_input: {*map(repr, f.raw_values)} for f in found if f.step.startswith("some")}
    tried |= {f.raw_input: {*map(repr, f.raw_values)} for f in found if f.step.startswith("none")}
    for one, other in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")):
        assert {repr(row[one]) for row in rows if row[other] == 0} >= tried[one]
        of_null = {repr(row[one]) for row in rows if row[other] is None}
        assert of_null >= tried[one] if other in "ab" else not of_null
    for row in rows:
        changed = {name for name, value in row.items() if value != base[name]}
        assert changed <= {"a", "b"} or changed <= {"c", "d"}
        assert {row["a"], row["b"]} & {None, 0.0} or {row["c"], row["d"]} & {0.0}


def test_of_many_inputs_some_are_set_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of thirty columns has as many branches; what is tried of them is bounded, and every pair's turn comes."""
    names = [f"c{k}" for k in range(30)]
    text = f"""
skc: 1
name: sum
inputs: {{{", ".join(f"{name}: int64" for name in names)}}}
features:
  total:
    expr: "{" + ".join(names)}"
    apply: [{{cast: {{to: float64}}}}, {{bucketize: {{edges: [10.0], closed: left}}}}]
outputs:
  x: {{features: [total], dtype: int64}}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    pipeline = pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])
    base: dict[str, Scalar] = dict.fromkeys(names, 3)
    found = reach_further(pipeline, step_boundaries(pipeline), base, reference.run)
    searches: list[str | None] = []
    made = skc.rows.branches.BackwardSearch

    def counted(pipeline: Pipeline, base: Record, avoid: str | None = None) -> object:
        searches.append(avoid)
        return made(pipeline, base, avoid)

    monkeypatch.setattr("skc.rows.branches.BackwardSearch", counted)
    branched = other_branches(pipeline, found, base, reference.run)
    rows = branched.rows
    assert branched.is_sample
    assert len(rows) == MOST_BRANCHED
    assert len(searches) == len(set(searches)) == MOST_SEARCHES
    changed = [tuple(name for name in names if row[name] != 3) for row in rows]
    assert {len(some) for some in changed} <= {1, 2}
    assert len(set(changed)) > 400


WIDE = 40  # columns that one step makes


def wide(op: str, params: str = "", dtype: str = "float64") -> Pipeline:
    """The products of eight columns, and another step for each."""
    names = [f"c{k}" for k in range(8)]
    text = f"""
skc: 1
name: wide
inputs: {{{", ".join(f"{name}: float64" for name in names)}}}
features:
  f:
    from: [{", ".join(names)}]
    apply: [{{polynomial_features: {{degree: 2, include_bias: false}}}}, {op}: {{{params}}}]
outputs:
  x: {{features: [f], dtype: {dtype}}}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    return pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])


def reached_from(pipeline: Pipeline) -> list[StepBoundaries]:
    base: dict[str, Scalar] = {i.name: 3.0 + k for k, i in enumerate(pipeline.inputs)}
    found = reach_further(pipeline, step_boundaries(pipeline), base, reference.run)
    return [f for f in found if f.step == pipeline.steps[-1].name]


def test_of_columns_that_are_alike_a_spread_is_searched() -> None:
    """Among the 44 products the first and the last; each is searched through the columns that it depends on."""
    found = reached_from(wide("log1p"))
    searched = [f.column for f in found if f.is_searched]
    assert len(found) == 44
    assert len(searched) == SEARCHED_COLUMNS
    assert (searched[0], searched[-1]) == (0, 43)
    assert {f.column for f in found if f.raw_input is not None} == {*searched}
    assert all(f.raw_input is None or f.raw_input in f.name for f in found)


def test_columns_with_edges_of_their_own_are_all_searched() -> None:
    assert all(
        f.raw_input is not None for f in reached_from(wide("bucketize", "edges: [2.0, 64.0], closed: left", "int64"))
    )


def test_every_column_of_raw_inputs_is_searched() -> None:
    pipeline = wide("log1p")
    assert all(f.is_searched and f.raw_input for f in step_boundaries(pipeline) if f.step == pipeline.steps[0].name)


def test_a_wide_step_is_searched_through_the_columns_that_matter() -> None:
    """A product of two of forty columns: a spread over the forty would find neither."""
    names = [f"c{k}" for k in range(WIDE)]
    text = f"""
skc: 1
name: product
inputs: {{{", ".join(f"{name}: float64" for name in names)}}}
features:
  f:
    from: [{", ".join(names)}]
    apply:
      - polynomial_features: {{degree: 2, interaction_only: true}}
      - bucketize: {{edges: [6.0], closed: left}}
outputs:
  x: {{features: [f], dtype: int64}}
"""
    pipeline, _ = read_pipeline_text(text, "p.yaml")
    pipeline = pipeline.with_steps([replace(step, state=NoState()) for step in pipeline.steps])
    base: dict[str, Scalar] = dict.fromkeys(names, 3.0)
    products = [f for f in step_boundaries(pipeline) if f.name in ("c1 c2", "c19 c23", "c38 c39")]
    for f in reach_further(pipeline, products, base, reference.run):
        assert f.raw_input in f.name.split(), f
        assert 2.0 in f.raw_values
