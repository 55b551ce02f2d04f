"""What is fitted on the merged states of parts is what is fitted on all rows, to the byte."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, get_args

import numpy as np
import op_harness
import pyarrow as pa
import pytest
import toolchains
from decorrelate_op import DECORRELATE
from engine_cases import REFUSED, ROWS, pipeline, staged, step
from state_parts import fitted_on, parts_of, states_of

import skc
from skc import output_values
from skc.demands import STATISTICS
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import DataSource, Input, Pipeline, ProfileOptions
from skc.ops import OPS
from skc.profile import document as profiles
from skc.state import collect as collecting
from skc.state.document import dumps, open_state, read_state
from skc.state.state import merge_states, unmergeable
from skc.stats.requests import Stat

ROOT = Path(__file__).parents[2]
RIDES = ROOT / "examples" / "rides"
FITTED = [
    (name, k)
    for name, op in OPS.items()
    for k, case in enumerate(op.cases)
    if case.refused is None and case.state is None and case.fit
]


def split(path: Path, n: int, folder: Path) -> list[Path]:
    """The lines of a CSV file in parts, in which a line is a row."""
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    made = []
    for k in range(n):
        made.append(folder / f"part-{k}.csv")
        made[-1].write_text(header + "".join(lines[len(lines) * k // n : len(lines) * (k + 1) // n]), encoding="utf-8")
    return made


def artifact_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_seven_parts(subject: Path, data: Path, folder: Path) -> None:
    whole = skc.compile(subject, data, folder / "whole", rows=50)
    files = split(data, 7, folder)
    states = [folder / f"{k}.state" for k in range(7)]
    for file, state in zip(files, states, strict=True):
        assert not skc.fit_state(subject, file, state).cannot
    merged = skc.merge(states[::-1], folder / "merged", rows=50)
    assert merged.is_equal
    assert artifact_of(folder / "merged") == artifact_of(folder / "whole")
    assert {w.code for w in merged.warnings} <= {w.code for w in whole.warnings}
    skc.merge(states[:6], folder / "lost", verify=False)
    assert artifact_of(folder / "lost")["profile.json"] != artifact_of(folder / "whole")["profile.json"]


def test_seven_parts_of_the_example_give_its_artifact(tmp_path: Path) -> None:
    check_seven_parts(RIDES / "pipeline.yaml", RIDES / "data.csv", tmp_path)


@pytest.mark.parametrize("name", ["titanic", "taxis"])
def test_seven_parts_of_real_data_give_their_artifact(name: str, tmp_path: Path) -> None:
    toolchains.need("real data")
    check_seven_parts(ROOT / "tests" / "real" / f"{name}.yaml", toolchains.real_data() / f"{name}.csv", tmp_path)


def test_every_statistic_in_stages_is_the_same() -> None:
    """On inputs, and on what only the graph gives; with the profile."""
    whole = fit(staged(), ROWS, profile=ProfileOptions(minimum=1))
    states, contents = states_of(staged(), parts_of(ROWS, 7), ProfileOptions(minimum=1))
    for order in (states, states[::-1]):
        merged = fitted_on(order, contents)
        assert merged.pipeline == whole.pipeline
        assert whole.profile is not None
        assert merged.profile is not None
        assert profiles.dumps(merged.profile) == profiles.dumps(whole.profile)
        assert sorted(map(str, merged.profile_rows.to_pylist())) == sorted(map(str, whole.profile_rows.to_pylist()))
        assert [w.message for w in merged.warnings] == [w.message for w in whole.warnings]
        assert (merged.rows, merged.stages) == (whole.rows, whole.stages) == (40, 2)


def test_a_part_that_is_lost_or_doubled_is_another_plan() -> None:
    whole = fit(staged(), ROWS)
    states, contents = states_of(staged(), parts_of(ROWS, 7))
    for k, state in enumerate(states):
        others = [*states[:k], *states[k + 1 :]]
        assert (fitted_on(others, contents).pipeline == whole.pipeline) is (state.rows == 0)
        assert (fitted_on([*states, state], contents).pipeline == whole.pipeline) is (state.rows == 0)


def stored_type(i: Input) -> pa.DataType:
    kinds = {"float64": pa.float64(), "float32": pa.float32(), "bool": pa.bool_(), "string": pa.string()}
    return kinds.get(i.dtype, pa.int64())


def rows_of_case(made: Pipeline, fitted: Any) -> pa.Table:
    target = made.data.target if made.data is not None else None
    declared = [*made.inputs, *([] if target is None else [target])]
    columns = {i.name: pa.array([row[j] for row in fitted], stored_type(i)) for j, i in enumerate(declared)}
    return pa.table(columns)


@pytest.mark.parametrize(("name", "k"), FITTED)
def test_the_cases_of_every_op_have_the_same_states(name: str, k: int) -> None:
    """Three parts, of which one is empty."""
    case = OPS[name].cases[k]
    made = op_harness.build(OPS[name], case.params, case.columns, None, case.target)
    rows = rows_of_case(made, case.fit)
    whole = fit(made, rows)
    states, contents = states_of(made, parts_of(rows, 3))
    merged = fitted_on(states, contents)
    assert merged.pipeline == whole.pipeline
    assert [w.message for w in merged.warnings] == [w.message for w in whole.warnings]


@pytest.mark.parametrize("code", REFUSED)
def test_rows_that_fitting_refuses_are_refused(code: str) -> None:
    """In the part with the row, or where the parts are merged."""
    made, rows = REFUSED[code]
    with pytest.raises(SkcError, match=code):
        fitted_on(*states_of(made, parts_of(rows, 3)))


def test_every_statistic_has_a_name() -> None:
    """A new one needs the values of its columns, unless it is among those that are added up."""
    assert set(STATISTICS) == set(get_args(Stat))


def test_joint_statistics_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of inputs, of what only the graph computes from each, and of both, where rows have no value here and there."""
    monkeypatch.setitem(OPS, "decorrelate", DECORRELATE)
    inputs = (*(Input(name, "float64", nullable=True) for name in "abc"),)
    rng = np.random.default_rng(7)
    values = rng.normal(size=(200, 3)).round()
    values[rng.random(values.shape) < 0.1] = np.nan
    rows = pa.table({name: pa.array(values[:, k], from_pandas=True) for k, name in enumerate("abc")})
    made = pipeline(
        step("direct", "decorrelate", "inputs/a", "inputs/b", "inputs/c"),
        step("scaled", "standard_scale", "inputs/a", "inputs/b"),
        step("computed", "decorrelate", "scaled"),
        step("mixed", "decorrelate", "inputs/c", "scaled"),
        step("again", "standard_scale", "computed"),
        inputs=inputs,
    )
    states, contents = states_of(made, parts_of(rows, 5))
    assert set(contents.tables) == {("a", "b", "c"), ("a", "b"), ("a",), ("b",)}
    assert fitted_on(states, contents).pipeline == fit(made, rows).pipeline


def test_the_order_and_the_grouping_of_states_change_no_byte() -> None:
    states, contents = states_of(staged(), parts_of(ROWS, 4), ProfileOptions())
    whole = dumps(merge_states(states, contents, None), contents)
    for order in itertools.permutations(states):
        assert dumps(merge_states(order, contents, None), contents) == whole
    first = merge_states(states[:2], contents, None)
    second = merge_states([first, states[2]], contents, None)
    assert dumps(merge_states([second, states[3]], contents, None), contents) == whole


def test_the_same_rows_in_another_order_are_the_same_state(tmp_path: Path) -> None:
    shuffled = ROWS.take(pa.array(np.random.default_rng(3).permutation(ROWS.num_rows)))
    one, other = (tmp_path / "a.state", tmp_path / "b.state")
    subject = tmp_path / "pipeline.yaml"
    subject.write_text(YAML)
    skc.fit_state(subject, ROWS.drop(["t"]), one, threads=1)
    skc.fit_state(subject, shuffled.drop(["t"]), other, threads=2)
    assert one.read_bytes() == other.read_bytes()


YAML = """\
skc: 1
name: small
inputs:
  x: {type: float64, nullable: true}
  s: {type: string, nullable: true}
  n: int64
features:
  x: {from: x, apply: [{impute: {strategy: mean}}, standard_scale]}
  s: {from: s, apply: [{vocabulary: {}}]}
outputs:
  out: {features: [x], dtype: float64}
  ids: {features: [s], dtype: int64}
"""


def test_a_file_has_what_was_written(tmp_path: Path) -> None:
    states, contents = states_of(staged(), parts_of(ROWS, 4), ProfileOptions())
    for state in states:
        (tmp_path / "one.state").write_bytes(dumps(state, contents))
        read = read_state(open_state(tmp_path / "one.state"), contents)
        assert dumps(read, contents) == dumps(state, contents)


def test_where_counts_what_it_excludes() -> None:
    declared = DataSource(where="x > 0.2")
    made = pipeline(step("y", "standard_scale", "inputs/x"), inputs=ROWS_INPUTS)
    made = Pipeline(made.name, made.inputs, made.steps, made.features, (), declared)
    whole = fit(made, ROWS, profile=ProfileOptions())
    merged = fitted_on(*states_of(made, parts_of(ROWS, 5), ProfileOptions()))
    assert whole.profile is not None
    assert whole.profile.before is not None
    assert merged.profile == whole.profile


ROWS_INPUTS = (Input("x", "float64", nullable=True),)


def sampled_rows(n: int, *, are_alike: bool) -> pa.Table:
    """Numbers, and texts that repeat; rows are alike if only the texts differ."""
    rng = np.random.default_rng(11)
    numbers = {name: rng.normal(size=n) for name in "ab"}
    numbers["a"][::7] = np.nan
    if are_alike:
        numbers = {name: np.ones(n) for name in "ab"}
    return pa.table(
        {**{name: pa.array(v, from_pandas=True) for name, v in numbers.items()}, "s": [f"{k % 1500}" for k in range(n)]}
    )


SAMPLED = pipeline(
    step("scaled", "standard_scale", "inputs/a", "inputs/b"),
    inputs=(*(Input(name, "float64", nullable=True) for name in "ab"), Input("s", "string")),
)


@pytest.mark.parametrize("limit", [80_000, 1 << 20])
def test_the_sample_of_many_rows_is_the_same(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the table of all inputs; where that is too large, of the candidates of parts, one of which is small."""
    monkeypatch.setattr(collecting, "MEGABYTE", limit)
    monkeypatch.setattr(output_values, "ROWS", 1000)
    rows = sampled_rows(4000, are_alike=False)
    parts = [rows.slice(0, 2300), rows.slice(2300, 50), rows.slice(2350, 0), rows.slice(2350)]
    whole = fit(SAMPLED, rows, profile=ProfileOptions())
    states, contents = states_of(SAMPLED, parts, ProfileOptions(), limit=1)
    assert [state.candidates is not None for state in states] == [limit == 80_000, False, False, False]
    first = merge_states(states[:2], contents, None)
    for chosen in (states, states[::-1], [first, *states[2:]]):
        merged = fitted_on(chosen, contents)
        assert merged.profile == whole.profile
        assert 800 < whole.profile_rows.num_rows < 1200
        assert sorted(map(str, merged.profile_rows.to_pylist())) == sorted(map(str, whole.profile_rows.to_pylist()))
    path = tmp_path / "one.state"
    for state in (first, merge_states(states, contents, None)):
        path.write_bytes(dumps(state, contents))
        assert dumps(read_state(open_state(path), contents), contents) == path.read_bytes()


def test_a_sample_of_rows_that_are_alike_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MEGABYTE", 40_000)
    rows = sampled_rows(4000, are_alike=True)
    states, contents = states_of(SAMPLED, parts_of(rows, 3), ProfileOptions(), limit=1)
    assert [d.message.partition(":")[0] for d in unmergeable(states[0], contents)] == [
        "the profile of the outputs cannot be merged"
    ]
    with pytest.raises(SkcError, match="the profile of the outputs cannot be merged"):
        fitted_on(states, contents)


def test_a_key_that_only_other_parts_have(tmp_path: Path) -> None:
    """A record need not have the key of a nullable input, but some record of all parts must."""
    declared = (Input("x", "float64", nullable=True), Input("y", "float64", nullable=True))
    made = pipeline(
        step("scaled", "standard_scale", "inputs/x"), step("filled", "impute", "inputs/y", value=0.0), inputs=declared
    )
    for name, record in {"a": '{"x": 1}', "b": '{"x": 3, "y": null}', "c": "{}"}.items():
        (tmp_path / f"{name}.jsonl").write_text(f"{record}\n" * 3)
    paths = [str(tmp_path / f"{name}.jsonl") for name in "abc"]
    whole = fit(made, str(tmp_path / "*.jsonl"))
    assert fitted_on(*states_of(made, paths)).pipeline == whole.pipeline
    assert fitted_on(*states_of(made, paths[::-1])).pipeline == whole.pipeline
    with pytest.raises(SkcError, match=r"SKC204.*`y`"):
        fitted_on(*states_of(made, [paths[0], paths[2]]))
