"""Integers that a step takes as float64 are cast, in writing; everything else stays as it was, or is refused."""

from __future__ import annotations

import pytest

from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline_text

TEXT = """\
skc: 1
name: numbers
inputs:
  n: int64
  m: {{type: int64, nullable: true}}
  a: float64
  s: string
  t: timestamp
features:
  f: {feature}
outputs:
  x: {{features: [f], dtype: float64}}
"""


def steps(feature: str) -> list[str]:
    pipeline, _ = read_pipeline_text(TEXT.format(feature=feature), "pipeline.yaml")
    return [
        f"{step.name}: {', '.join(ref.value for ref in step.inputs)}" for step in pipeline.steps if "f/" in step.name
    ]


def test_a_step_over_integers_alone() -> None:
    for name in ("standard_scale", "quantile_bin: {bins: 3}", "log1p", "round"):
        op = name.partition(":")[0]
        assert steps(f"{{from: n, apply: [{{{name if ':' in name else name + ': {}'}}}]}}")[:2] == [
            f"f/0:{op}/0:cast: inputs/n",
            f"f/0:{op}: f/0:{op}/0:cast",
        ]


def test_a_step_over_integers_and_floats() -> None:
    assert steps("{from: [a, n, m], apply: [minmax_scale]}") == [
        "f/0:minmax_scale/1:cast: inputs/n",
        "f/0:minmax_scale/2:cast: inputs/m/source",
        "f/0:minmax_scale: inputs/a, f/0:minmax_scale/1:cast, f/0:minmax_scale/2:cast",
    ]
    assert steps("{from: [n, a], apply: [{clip: {min: 0}}]}")[0] == "f/0:clip/0:cast: inputs/n"


def test_a_cast_is_of_what_the_step_before_made() -> None:
    assert steps("{from: n, apply: [{clip: {min: 0}}, log1p]}") == [
        "f/0:clip: inputs/n",
        "f/1:log1p/0:cast: f/0:clip",
        "f/1:log1p: f/1:log1p/0:cast",
    ]


def test_integers_that_a_step_takes_stay_integers() -> None:
    assert steps("{from: [n, m], apply: [{clip: {min: 0}}]}")[0] == "f/0:clip: inputs/n, inputs/m/source"
    assert steps("{from: n, apply: [one_hot]}") == ["f/0:one_hot: inputs/n"]


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ("{from: [n, a], apply: [one_hot]}", "SKC122"),  # which categories would be meant
        ("{from: [n, s], apply: [standard_scale]}", "SKC122"),
        ("{from: [n, t], apply: [standard_scale]}", "SKC122"),
        ("{from: t, apply: [standard_scale]}", "SKC120"),
        ("{from: n, apply: [parse_number]}", "SKC120"),
    ],
)
def test_what_no_cast_mends_is_refused(feature: str, code: str) -> None:
    with pytest.raises(SkcError) as caught:
        steps(feature)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]
