"""What a pipeline.yaml means: inputs, names, steps and their order, outputs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from skc.diagnostics import SkcError
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, parse
from skc.frontend.yaml.reader import read_pipeline, read_pipeline_text
from skc.infer import value_types
from skc.ir import Feature, Input, Pipeline, Ref
from skc.ops import OPS

HEAD = "skc: 1\nname: p\n"
INPUTS = "inputs: {a: float64, b: float64, n_1: int64, n_2: int64, s: string}\n"


def load(text: str) -> Pipeline:
    return read_pipeline_text(text, "p.yaml")[0]


def load_features(features: str, outputs: str) -> Pipeline:
    return load(f"{HEAD}{INPUTS}features: {features}\noutputs: {outputs}\n")


def refused(text: str) -> str:
    with pytest.raises(SkcError) as error:
        load(text)
    return error.value.code


def steps(pipeline: Pipeline) -> list[tuple[str, list[str]]]:
    return [(step.name, [str(ref) for ref in step.inputs]) for step in pipeline.steps]


def plain(node: Node) -> Any:
    match node:
        case MapNode():
            return {key.text: plain(value) for key, value in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode():
            return node.value


# Scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("NULL", None),
        ("true", True),
        ("FALSE", False),
        ("True", True),
        ("1", 1),
        ("-9223372036854775808", -(2**63)),
        ("+3", 3),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-0.0", -0.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("yes", "yes"),
        ("on", "on"),
        ("2019-03-25", "2019-03-25"),
        ("2019-03-25 10:00:00", "2019-03-25 10:00:00"),
        ("1:30", "1:30"),
        ("tRUE", "tRUE"),
        ("'1'", "1"),
        ('"null"', "null"),
        ("''", ""),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    found = plain(parse(f"- {text}", "p.yaml"))[0]
    assert (found, type(found)) == (value, type(value))
    assert math.copysign(1, found) == math.copysign(1, value) if isinstance(value, float) else True


@pytest.mark.parametrize("text", ["007", "-01", "0x1F", "0o17", "0b1", "1_000", "1_0.5", "00.5", "0_1", "1e400"])
def test_numbers_that_readers_disagree_on(text: str) -> None:
    with pytest.raises(SkcError) as error:
        parse(f"- {text}", "p.yaml")
    assert error.value.code == "SKC102"


def test_nan_and_block_scalars() -> None:
    nan, block = plain(parse("- .nan\n- |\n  1\n", "p.yaml"))
    assert math.isnan(nan)
    assert block == "1\n"


def test_places_count_characters_from_one() -> None:
    root = parse('é: [1, "ü",\n  x]\nempty:\n', "p.yaml")
    assert isinstance(root, MapNode)
    (_, items), (key, empty) = root.entries
    assert isinstance(items, ListNode)
    assert [str(item.span) for item in items.items] == ["p.yaml:1:5", "p.yaml:1:8", "p.yaml:2:3"]
    assert empty.span == key.span  # nothing was written, so the key is the place


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(f"\ufeff{HEAD}inputs: {{a: float64}}\noutputs: {{x: {{features: [a], dtype: float64}}}}".encode())
    assert read_pipeline(path)[0].name == "p"


# Inputs


def test_inputs() -> None:
    pipeline = load(
        HEAD
        + """
inputs:
  plain: float64
  "with blanks, Größe (cm)": int64
  f: {type: float64, nullable: true, nan: error, null_values: [-1, -0.5, "NA"]}
  i: {type: int64, nullable: true, null_values: [-1, "?"]}
  t: timestamp
  d: {type: date, nullable: true, null_values: ["9999-12-31"]}
  s: {type: string, nullable: true, null_values: ["", "NA"]}
  b: {type: bool, nullable: true}
outputs:
  x: {features: [plain, f], dtype: float64}
  n: {features: ["with blanks, Größe (cm)", i, t, d], dtype: int64}
  y: {features: [s], dtype: string}
  z: {features: [b], dtype: bool}
"""
    )
    assert pipeline.inputs == (
        Input("plain", "float64"),
        Input("with blanks, Größe (cm)", "int64"),
        Input("f", "float64", True, "error", (-1.0, -0.5, "NA")),
        Input("i", "int64", True, "null", (-1, "?")),
        Input("t", "timestamp"),
        Input("d", "date", True, "null", ("9999-12-31",)),
        Input("s", "string", True, "null", ("", "NA")),
        Input("b", "bool", True),
    )
    assert all(type(v) is float for v in pipeline.inputs[2].null_values[:2])
    sources = {step.name: step.params.null_values for step in pipeline.steps}
    assert sources == {
        "inputs/f/source": (-1.0, -0.5),
        "inputs/i/source": (-1,),
        "inputs/t/source": (),
        "inputs/d/source": (),
        "inputs/s/source": ("", "NA"),
        "inputs/b/source": (),
    }
    assert [str(ref) for ref in pipeline.outputs[0].refs] == ["inputs/plain", "inputs/f/source"]
    assert [str(ref) for ref in pipeline.outputs[2].refs] == ["inputs/s/source"]


@pytest.mark.parametrize("name", ["a/0:log1p", "a#valid", "a/source", "inputs.a", "skc.a", "a\u2028b"])
def test_input_names_that_the_graph_needs(name: str) -> None:
    text = f'{HEAD}inputs: {{"{name}": float64}}\noutputs: {{x: {{features: ["{name}"], dtype: float64}}}}\n'
    assert refused(text) == "SKC109"


@pytest.mark.parametrize("name", ["a/b", "Apt #1", "one_hot#3", "a:b", "x.y", "日本", "😀", "1", "null", "valid"])
def test_input_names_that_are_fine(name: str) -> None:
    text = f'{HEAD}inputs: {{"{name}": float64}}\noutputs: {{x: {{features: ["{name}"], dtype: float64}}}}\n'
    assert load(text).inputs[0].name == name


def test_json_is_yaml_with_its_escapes() -> None:
    """A character beyond 16 bits, which JSON may write as two, is one; half of one is refused."""
    written = json.dumps({"inputs": {"a😀": "float64"}, "outputs": {"x": {"features": ["a😀"], "dtype": "float64"}}})
    assert "\\ud83d\\ude00" in written
    assert load('{"skc": 1, "name": "p", ' + written[1:]).inputs[0].name == "a😀"
    assert refused('{"skc": 1, "name": "p", ' + written[1:].replace("\\ude00", "")) == "SKC102"


# Names


def test_a_feature_may_bear_the_name_of_an_input() -> None:
    """Within its own definition the input, elsewhere the feature, and `inputs.` always the input."""
    pipeline = load_features(
        "{a: {from: a, apply: [standard_scale]}, c: {from: [a, inputs.a, b]}}",
        "{x: {features: [a, c, inputs.a], dtype: float64}}",
    )
    assert steps(pipeline) == [("a/0:standard_scale", ["inputs/a"])]
    scaled, raw = "a/0:standard_scale", "inputs/a"
    assert [str(ref) for ref in pipeline.outputs[0].refs] == [scaled, scaled, raw, "inputs/b", raw]


def test_a_feature_named_like_an_input_with_inputs_prefix_in_its_name() -> None:
    text = f"{HEAD}inputs: {{a.b: float64}}\noutputs: {{x: {{features: [inputs.a.b], dtype: float64}}}}\n"
    assert [str(ref) for ref in load(text).outputs[0].refs] == ["inputs/a.b"]


def test_steps_are_named_and_ordered_depth_first_from_the_outputs() -> None:
    pipeline = load_features(
        """{
          spare: {from: b, apply: [standard_scale]},
          last: {from: first, apply: [standard_scale, {standard_scale: {with_mean: false}}]},
          first: {from: [a, b], apply: [standard_scale]},
          other: {from: a, apply: [{standard_scale: {}}]}}""",
        "{x: {features: [other, last], dtype: float32}}",
    )
    assert steps(pipeline) == [
        ("other/0:standard_scale", ["inputs/a"]),
        ("first/0:standard_scale", ["inputs/a", "inputs/b"]),
        ("last/0:standard_scale", ["first/0:standard_scale"]),
        ("last/1:standard_scale", ["last/0:standard_scale"]),
        ("spare/0:standard_scale", ["inputs/b"]),
    ]
    assert pipeline.features[1] == Feature("last", Ref("last/1:standard_scale"))
    assert [f.name for f in pipeline.features] == ["spare", "last", "first", "other"]


def test_a_long_chain_of_features() -> None:
    """Longer than Python's stack."""
    chain = ", ".join(f"f{i}: {{from: f{i + 1}}}" for i in range(3000))
    pipeline = load_features(f"{{{chain}, f3000: {{from: a}}}}", "{x: {features: [f0], dtype: float64}}")
    assert pipeline.outputs[0].refs == (Ref("inputs/a"),)


def test_columns_without_a_step_stand_for_themselves() -> None:
    pipeline = load_features("{raw: {from: {type: int64}}}", "{x: {features: [raw, n_1], dtype: int64}}")
    assert [str(ref) for ref in pipeline.outputs[0].refs] == ["inputs/n_1", "inputs/n_2", "inputs/n_1"]
    assert [f.name for f in pipeline.features] == ["raw/inputs/n_1", "raw/inputs/n_2"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("{type: float64}", ["a", "b"]),
        ('{match: "n_*"}', ["n_1", "n_2"]),
        ("{match: [b, a]}", ["a", "b"]),
        ("{type: int64, match: '?_1'}", ["n_1"]),
        ("{type: float64, exclude: a}", ["b"]),
        ("{match: '*', exclude: ['?', n_2]}", ["n_1"]),
        ("{match: '[ab]'}", ["a", "b"]),
    ],
)
def test_selectors(selector: str, names: list[str]) -> None:
    """They pick inputs in the order declared, even where a feature bears the name."""
    dtype = "int64" if "n_1" in names else "float64"
    pipeline = load_features(
        f"{{f: {{from: {selector}}}, a: {{from: b}}}}",
        f"{{x: {{features: [f], dtype: {dtype}}}}}",
    )
    assert [str(ref) for ref in pipeline.outputs[0].refs] == [f"inputs/{name}" for name in names]


def test_expressions() -> None:
    """The names of an expression in order of first appearance; `apply` goes on from there."""
    pipeline = load_features(
        """{
          ratio: {expr: "b / max(a, 0.1) + inputs.b", apply: [standard_scale]},
          b: {from: b, apply: [standard_scale]}}""",
        "{x: {features: [ratio], dtype: float32}}",
    )
    assert steps(pipeline) == [
        ("b/0:standard_scale", ["inputs/b"]),
        ("ratio/0:expr", ["b/0:standard_scale", "inputs/a", "inputs/b"]),
        ("ratio/1:standard_scale", ["ratio/0:expr"]),
    ]
    assert pipeline.step("ratio/0:expr").params.names == ("b", "a", "inputs.b")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("a + zz", "p.yaml:5:16"),
        ("'a + zz'", "p.yaml:5:17"),
        ('"a\\x20+ zz"', "p.yaml:5:12"),
        ("a +\n   zz", "p.yaml:5:12"),
    ],
)
def test_names_in_an_expression_are_shown_at_their_place(written: str, place: str) -> None:
    """At the beginning of the expression where escapes or line breaks have moved its characters."""
    outputs = "outputs: {x: {features: [f], dtype: float64}}"
    text = f"{HEAD}{INPUTS}features:\n f: {{expr: {written}}}\n{outputs}\n"
    with pytest.raises(SkcError) as error:
        load(text)
    assert error.value.code == "SKC104"
    assert str(error.value.diagnostics[0].span) == place


def test_warnings_are_for_what_nothing_uses() -> None:
    text = f"{HEAD}{INPUTS}features: {{f: {{from: a}}}}\noutputs: {{x: {{features: [b], dtype: float64}}}}\n"
    _, warnings = read_pipeline_text(text, "p.yaml")
    assert [(w.code, w.severity) for w in warnings] == [("SKC117", "warning")] * 3 + [("SKC118", "warning")]


# Parameters


def test_null_is_the_word_where_a_policy_has_it() -> None:
    for written in ("null", '"null"', "~"):
        pipeline = load_features(
            f"{{f: {{from: a, apply: [{{cyclical: {{period: 24, invalid: {written}}}}}]}}}}",
            "{x: {features: [f], dtype: float64}}",
        )
        assert pipeline.steps[0].params == OPS["cyclical"].params(period=24.0, invalid="null")


def test_null_is_also_the_name_of_a_parameter() -> None:
    pipeline = load_features(
        "{f: {from: s, apply: [{one_hot: {null: zeros, max_categories: null}}]}}",
        "{x: {features: [f], dtype: float64}}",
    )
    assert pipeline.steps[0].params == OPS["one_hot"].params(null="zeros")


def test_an_op_without_parameters_in_three_ways() -> None:
    for written in ("standard_scale", "{standard_scale: {}}", "{standard_scale: }"):
        pipeline = load_features(f"{{f: {{from: a, apply: [{written}]}}}}", "{x: {features: [f], dtype: float64}}")
        assert pipeline.steps[0].params == OPS["standard_scale"].params()


@pytest.mark.parametrize(
    "text", ["0.1", "-0.0", "1e-320", "1.7976931348623157e308", "5e-324", "2.2250738585072011e-308"]
)
def test_floats_arrive_as_written(text: str) -> None:
    pipeline = load_features(
        f"{{f: {{from: a, apply: [{{cyclical: {{period: 24, offset: {text}}}}}]}}}}",
        "{x: {features: [f], dtype: float64}}",
    )
    assert repr(pipeline.steps[0].params.offset) == repr(float(text))


# Data and outputs


def test_data(tmp_path: Path) -> None:
    tail = "inputs: {a: float64}\noutputs: {x: {features: [a], dtype: float64}}\n"
    for written, path, where in [
        ("data: d/t.csv", str(tmp_path / "d/t.csv"), None),
        ("data: {path: /d/*.parquet, where: a > 1}", "/d/*.parquet", "a > 1"),
        ("data: s3://bucket/t.csv", "s3://bucket/t.csv", None),
        ("data: {where: a > 1}", None, "a > 1"),
    ]:
        data = read_pipeline_text(f"{HEAD}{written}\n{tail}", "p.yaml", tmp_path)[0].data
        assert data is not None
        assert (data.path, data.where) == (path, where)
    assert load(f"{HEAD}{tail}").data is None


@pytest.mark.parametrize(
    ("dtype", "accepted"),
    [
        ("float32", {"float64", "int64", "bool"}),
        ("float64", {"float64", "int64", "bool"}),
        ("int64", {"int64", "bool", "timestamp", "date"}),
        ("bool", {"bool"}),
        ("string", {"string"}),
    ],
)
def test_which_values_an_output_holds(dtype: str, accepted: set[str]) -> None:
    found = set()
    for value in ("float64", "int64", "bool", "string", "timestamp", "date"):
        text = f"{HEAD}inputs: {{a: {value}}}\noutputs: {{x: {{features: [a], dtype: {dtype}}}}}\n"
        if value not in accepted:
            assert refused(text) == "SKC116"
        elif load(text):
            found.add(value)
    assert found == accepted


def test_nullable_values_may_leave_as_integers() -> None:
    inputs = "inputs: {a: {type: int64, nullable: true}}\n"
    pipeline = load(f"{HEAD}{inputs}outputs: {{x: {{features: [a], dtype: int64}}}}\n")
    assert value_types(pipeline)["inputs/a/source"].nullable


def test_independent_mistakes_are_reported_together() -> None:
    with pytest.raises(SkcError) as error:
        load_features(
            "{f: {from: a, apply: [nope, {standard_scale: {zzz: 1}}]}, g: {}}",
            "{x: {features: [], dtype: float64}}",
        )
    assert [d.code for d in error.value.diagnostics] == ["SKC111", "SKC103", "SKC106", "SKC107"]
