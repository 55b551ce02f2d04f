"""The builder by itself: pipelines defined in Python, with states learned elsewhere, and what it refuses of them."""

from __future__ import annotations

import doctest
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import skc
from skc import plan
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend import build as builder
from skc.frontend.build import build
from skc.frontend.definitions import (
    FeatureDefinition,
    Name,
    OutputDefinition,
    PipelineDefinition,
    Selector,
    StepDefinition,
)
from skc.frontend.yaml.reader import read_pipeline
from skc.infer import column_names, output_columns
from skc.ir import DataSource, Input, Pipeline, Ref
from skc.ops import OPS
from skc.ops.categorical import one_hot
from skc.ops.linear import class_of
from skc.ops.numeric import standard_scale
from skc.oracle import reference
from skc.values.types import column_block
from skc_runtime.kinds import DType

RIDES = Path(__file__).parents[2] / "examples" / "rides"
NEW_YORK = "America/New_York"


def step(op: str, state: Any = None, name: str | None = None, **params: Any) -> StepDefinition:
    return StepDefinition(OPS[op], OPS[op].params(**params), state, name)


def feature(name: str, sources: str, *steps: StepDefinition) -> FeatureDefinition:
    return FeatureDefinition(name, tuple(map(Name, sources.split())), steps)


def output(name: str, features: str, dtype: Any = "float64", columns: str = "") -> OutputDefinition:
    return OutputDefinition(name, tuple(map(Name, features.split())), dtype, tuple(columns.split()))


MEDIAN = step("impute", strategy="median")
FARE_PER_KM = StepDefinition(
    OPS["expr"],
    OPS["expr"].params(expression="fare / max(distance_km, 0.1)", names=("fare", "distance_km"), name="fare_per_km"),
)


def local_part(part: str) -> StepDefinition:
    return step("datetime_part", part=part, timezone=NEW_YORK)


# The pipeline of examples/rides, in Python.
RIDES_DEFINITION = PipelineDefinition(
    "rides",
    inputs=(
        Input("pickup", "string"),
        Input("zone", "string", nullable=True, null_values=("",)),
        Input("driver", "string"),
        Input("passengers", "int64", nullable=True),
        Input("distance_km", "float64"),
        Input("fare", "float64", nullable=True, null_values=(-1.0,)),
        Input("payment", "string", nullable=True, null_values=("", "NA")),
        Input("night", "bool"),
    ),
    features=(
        feature(
            "pickup_at",
            "pickup",
            step(
                "parse_datetime",
                format="%Y-%m-%d %H:%M:%S",
                timezone=NEW_YORK,
                ambiguous="earliest",
                nonexistent="shift_forward",
                invalid="error",
            ),
        ),
        feature(
            "hour", "pickup_at", step("datetime_part", part="hour", timezone=NEW_YORK), step("cyclical", period=24)
        ),
        feature("weekend", "pickup_at", local_part("is_weekend")),
        feature(
            "amounts", "distance_km fare", step("impute", strategy="median"), step("log1p"), step("standard_scale")
        ),
        feature(
            "fare_per_km",
            "fare distance_km",
            FARE_PER_KM,
            MEDIAN,
            step("clip", min=0, max=50),
            step("quantile_bin", bins=8),
        ),
        feature(
            "passengers",
            "passengers",
            step("impute", strategy="most_frequent"),
            step("cast", to="float64"),
            step("minmax_scale", clip=True),
        ),
        feature("payment", "payment", step("one_hot", min_frequency=100, unknown="infrequent")),
        feature("zone", "zone", step("vocabulary", top_k=8, oov_buckets=2)),
        feature("driver", "driver", step("hash_bucket", buckets=32)),
    ),
    outputs=(
        output("x", "amounts hour weekend fare_per_km passengers payment night", "float32"),
        output("ids", "zone driver", "int64"),
    ),
    data=DataSource(str(RIDES / "data.csv"), "pickup < '2025-11-10'"),
)
SCALE = standard_scale.State(mean=(2.0, 10.0), scale=(0.5, 4.0))
CITIES = one_hot.State(categories=(("Bern", "Oslo"),), infrequent=((),), dropped=(None,), null=(None,))
# What a front end for fitted estimators gives: every state, steps named by their path, columns named by the estimator.
FITTED = PipelineDefinition(
    "people",
    inputs=(Input("age", "float64"), Input("income", "float64", nullable=True), Input("city", "string")),
    features=(
        feature("num", "age income", step("standard_scale", SCALE, "num/scale")),
        feature("cat", "city", step("one_hot", CITIES, "cat/one_hot")),
        FeatureDefinition("swapped", (Name("num", columns=(1, 0)),)),
        FeatureDefinition("oslo", (Name("cat", columns=(1,)),)),
    ),
    outputs=(
        output("x", "num cat", "float64", "num__age num__income cat__city_Bern cat__city_Oslo"),
        output("y", "swapped oslo", "float32"),
    ),
)


@cache
def fitted_rides() -> Pipeline:
    return fit(read_pipeline(RIDES / "pipeline.yaml")[0]).pipeline


def with_states(definition: PipelineDefinition, fitted: Pipeline) -> PipelineDefinition:
    """The same definition, each step with the state that it has in a fitted pipeline."""
    features = [
        replace(
            f,
            steps=tuple(
                replace(s, state=fitted.step(f"{f.name}/{k}:{s.op.name}").state) for k, s in enumerate(f.steps)
            ),
        )
        for f in definition.features
    ]
    return replace(definition, features=tuple(features))


def test_the_example_of_the_docstring() -> None:
    failed, tried = doctest.testmod(builder)
    assert (failed, tried > 0) == (0, True)


def test_a_pipeline_in_python_is_the_one_in_yaml() -> None:
    built, warnings = build(RIDES_DEFINITION)
    read, read_warnings = read_pipeline(RIDES / "pipeline.yaml")
    assert built.data == read.data
    assert (built.text(), warnings) == (read.text(), read_warnings)
    assert plan.dumps(fit(built).pipeline) == plan.dumps(fitted_rides())


def test_states_learned_elsewhere_make_the_same_plan() -> None:
    """Without fitting: the pipeline is frozen as it is built."""
    built, _ = build(with_states(RIDES_DEFINITION, fitted_rides()))
    assert plan.dumps(built) == plan.dumps(fitted_rides())


def test_a_pipeline_fitted_elsewhere_is_compiled_without_data(tmp_path: Path) -> None:
    built, warnings = build(FITTED)
    assert warnings == ()
    assert [s.name for s in built.steps] == ["num/scale", "cat/one_hot"]
    made = skc.compile(built, out=tmp_path / "artifact", rows=200)
    assert made.report is not None
    assert made.report.is_equal
    columns = {o.name: o.columns for o in made.artifact.manifest.outputs}
    assert columns == {
        "x": ("num__age", "num__income", "cat__city_Bern", "cat__city_Oslo"),
        "y": ("swapped.income", "swapped.age", "oslo"),
    }
    assert plan.loads((tmp_path / "artifact" / "plan.json").read_bytes()) == built


def test_a_state_from_elsewhere_is_what_the_step_computes_with() -> None:
    blocks = {
        "age": column_block("float64", [2.0, 3.0], nullable=False),
        "income": column_block("float64", [14.0, None], nullable=True),
        "city": column_block("string", ["Oslo", "Bern"], nullable=False),
    }
    outputs = reference.run(build(FITTED)[0], blocks).outputs
    np.testing.assert_array_equal(outputs["x"], [[0.0, 1.0, 0.0, 1.0], [2.0, np.nan, 1.0, 0.0]])
    np.testing.assert_array_equal(outputs["y"], [[1.0, 0.0, 1.0], [np.nan, 2.0, 0.0]])


def test_columns_are_picked_by_position() -> None:
    """Neighbours in one reference; of columns that were picked before, by their position there."""
    picked = FeatureDefinition("picked", (Name("num", columns=(0, 1)),))
    again = FeatureDefinition("again", (Name("picked", columns=(1,)),))
    definition = replace(
        FITTED, features=(*FITTED.features, picked, again), outputs=(output("x", "picked again swapped"),)
    )
    built, _ = build(definition)
    value = "num/scale"
    assert built.outputs[0].refs == (Ref(value, 0, 2), Ref(value, 1, 2), Ref(value, 1, 2), Ref(value, 0, 1))
    assert output_columns(built.outputs[0], column_names(built)) == (
        "picked.age", "picked.income", "again", "swapped.income", "swapped.age",
    )  # fmt: skip


def test_a_selector_and_an_input_behind_a_feature_of_its_name() -> None:
    inputs = (Input("a", "float64"), Input("b", "float64"), Input("n", "int64"))
    features = (
        FeatureDefinition("floats", Selector(dtype="float64", exclude=("b",)), (step("log1p"),)),
        FeatureDefinition("a", Selector(match=("*",), exclude=("n", "a"))),
    )
    built, warnings = build(PipelineDefinition("p", inputs, features, (output("x", "floats a"),)))
    assert [str(ref) for s in built.steps for ref in s.inputs] == ["inputs/a"]
    assert [str(ref) for ref in built.outputs[0].refs] == ["floats/0:log1p", "inputs/b"]
    assert [w.message for w in warnings] == ["input `n` is not used"]


def test_what_learns_nothing_is_frozen_at_once() -> None:
    definition = PipelineDefinition(
        "p",
        (Input("t", "timestamp"), Input("n", "int64")),
        (feature("month", "t", step("datetime_part", part="month")),),
        (output("x", "month n", "float32"),),
    )
    assert build(definition)[0].text().splitlines()[3:] == [
        "  inputs/t/source = source(inputs/t) Params(null_values=()) NoState()",
        "  month/0:datetime_part = datetime_part(inputs/t/source) Params(part='month', timezone='UTC') NoState()",
        "  outputs/x/0:n = narrow(inputs/n) Params(to='float32') NoState()",
        "  -> x: float32 = month/0:datetime_part, outputs/x/0:n",
    ]


@pytest.mark.parametrize(
    ("dtype", "steps", "is_guarded"),
    [
        ("int64", (step("clip", min=0, max=99),), False),
        ("int64", (step("clip", max=99),), True),
        ("bool", (step("cast", to="int64"), step("clip", max=2**24 + 1)), False),
        ("bool", (step("cast", to="int64"), step("clip", min=2**24 + 1)), True),
        ("date", (step("cast", to="int64"),), False),
        ("date", (step("cast", to="timestamp"), step("cast", to="int64")), True),
        (
            "bool",
            (
                *(step("cast", to=to) for to in ("int64", "float64")),
                step("impute", value=1e9),
                step("cast", to="int64"),
            ),
            True,
        ),
    ],
)
def test_an_integer_is_guarded_unless_every_float_holds_it(
    dtype: DType, steps: tuple[StepDefinition, ...], is_guarded: bool
) -> None:
    column = Input("a", dtype, nullable=True)
    definition = PipelineDefinition("p", (column,), (feature("f", "a", *steps),), (output("x", "f", "float32"),))
    assert (build(definition)[0].steps[-1].op == "narrow") == is_guarded


NUM, CAT = FITTED.features[:2]


def with_num(*steps: StepDefinition, sources: str = "age") -> PipelineDefinition:
    return replace(
        FITTED, features=(feature("num", sources, *steps), FITTED.features[1]), outputs=(output("x", "num cat"),)
    )


def with_output(*outputs: OutputDefinition) -> PipelineDefinition:
    return replace(FITTED, outputs=outputs)


def picked(name: str, *columns: int) -> PipelineDefinition:
    return with_output(OutputDefinition("x", (Name(name, columns=columns),), "float64"))


TOO_LONG = standard_scale.State(mean=(1.0,) * 3, scale=(1.0,) * 3)
RESERVED = "such names are reserved for the graph"
MODULE = "skc.ops.numeric.standard_scale"
# By the code and the message.
MISTAKES: dict[tuple[str, str], PipelineDefinition] = {
    ("SKC107", "`inputs` must not be empty"): replace(FITTED, inputs=()),
    ("SKC107", "`outputs` must not be empty"): with_output(),
    ("SKC106", "output `x` has no features"): with_output(output("x", "")),
    ("SKC106", "feature `num` has no source"): with_num(sources=""),
    ("SKC105", "an input is defined twice: `age`"): replace(FITTED, inputs=(*FITTED.inputs, Input("age", "int64"))),
    ("SKC105", "a feature is defined twice: `copy`"): replace(
        FITTED, features=(NUM, CAT, *[feature("copy", "cat")] * 2)
    ),
    ("SKC105", "an output is defined twice: `x`"): with_output(*[output("x", "num")] * 2),
    ("SKC105", "a step is defined twice: `cat/one_hot`"): with_num(step("log1p", name="cat/one_hot")),
    (
        "SKC109",
        "a step cannot be named `age`: an input already has that name, and the tensors of a graph share one namespace",
    ): with_num(step("log1p", name="age")),
    ("SKC109", f"a step cannot be named `cat/0:one_hot`: {RESERVED}"): with_num(step("log1p", name="cat/0:one_hot")),
    ("SKC109", f"a step cannot be named `inputs/age`: {RESERVED}"): with_num(step("log1p", name="inputs/age")),
    ("SKC109", "a step cannot be named ``: the name is empty"): with_num(step("log1p", name="")),
    ("SKC109", r"a step cannot be named `a\n`: it contains a control character"): with_num(step("log1p", name="a\n")),
    (
        "SKC107",
        f"the parameters of a `log1p` step must be skc.ops.numeric.log1p.Params, not {MODULE}.Params",
    ): with_num(StepDefinition(OPS["log1p"], standard_scale.Params())),
    (
        "SKC107",
        f"the state of a `one_hot` step must be skc.ops.categorical.one_hot.State, not {MODULE}.State",
    ): with_num(step("one_hot", SCALE)),
    ("SKC107", "`mean` of step `num/0:standard_scale` is not for 1 columns"): with_num(
        step("standard_scale", TOO_LONG)
    ),
    ("SKC107", "`x` reads the columns num/scale[2:3], but there are 2"): picked("num", 2),
    ("SKC107", "`x` reads the columns num/0:standard_scale[1:2], but there are 1"): replace(
        with_num(step("standard_scale")), outputs=picked("num", 1).outputs
    ),
    ("SKC124", "`gap` next to `relative` errors"): with_num(
        step("class_of", class_of.State((0, 1)), dtype="int64", noise="relative", gap=0.5)
    ),
    ("SKC107", "`oslo` has no column 1"): picked("oslo", 1),
    ("SKC107", "`num` has no column -1"): picked("num", -1),
    ("SKC107", "no column of `num` is picked"): picked("num"),
    ("SKC107", "columns of `swapped` cannot be picked by position: it is 2 values"): picked("swapped", 0),
    ("SKC107", "output `x` has 2 columns, but `columns` names 1"): with_output(output("x", "num", columns="a")),
    ("SKC105", "output `x` has two columns named `a`"): with_output(output("x", "num", columns="a a")),
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[1])
def test_what_only_python_can_get_wrong(mistake: tuple[str, str]) -> None:
    with pytest.raises(SkcError) as error:
        build(MISTAKES[mistake])
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == mistake
    assert diagnostic.hint


def test_names_of_columns_are_counted_once_they_are_fitted() -> None:
    """Nobody knows before how many columns a one-hot has."""
    features = (NUM, feature("cat", "city", step("one_hot")))
    definition = replace(FITTED, features=features, outputs=(output("x", "cat", columns="a"),))
    table = pa.table({"age": [1.0, 2.0], "income": [1.0, 3.0], "city": ["Bern", "Oslo"]})
    with pytest.raises(SkcError, match="output `x` has 2 columns, but `columns` names 1"):
        skc.compile(build(definition)[0], table)


def test_integers_behind_a_step_that_is_not_fitted_are_guarded() -> None:
    inputs = (Input("n", "int64", nullable=True),)
    features = (feature("f", "n", step("impute", strategy="most_frequent")),)
    built, _ = build(PipelineDefinition("p", inputs, features, (output("x", "f"),)))
    assert [s.name for s in built.steps] == ["inputs/n/source", "f/0:impute", "outputs/x/0:f"]


def test_mistakes_are_reported_together() -> None:
    outputs = (output("x", "num dog"), output("bool", "cat"))
    definition = replace(with_num(step("log1p"), sources="agee income"), outputs=outputs)
    with pytest.raises(SkcError) as error:
        build(definition)
    assert sorted(d.code for d in error.value.diagnostics) == ["SKC104", "SKC104", "SKC109"]
