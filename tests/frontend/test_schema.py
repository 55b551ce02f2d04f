"""schemas/pipeline.v1.schema.json is current, is a schema, and accepts what the reader accepts."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from skc.frontend.yaml.features import USABLE
from skc.frontend.yaml.reader import read_pipeline_text
from skc.frontend.yaml.schema import pipeline_schema, schema_text
from skc.ops import OPS

FILE = Path(__file__).parents[2] / "schemas" / "pipeline.v1.schema.json"
TAXIS = (Path(__file__).parent / "taxis.yaml").read_text(encoding="utf-8")
SHORT = """\
skc: 1
name: short
data: data.csv
inputs:
  a: float64
  d: {type: float64, nullable: true, nan: null, null_values: [-1, "NA"]}
  s: {type: string, nullable: true, null_values: [""]}
features:
  scaled: {from: {type: float64, match: "*"}, apply: [standard_scale]}
  angle: {from: a, apply: [{standard_scale: }, {cyclical: {period: 24, invalid: null}}]}
  sum: {expr: a + 1}
  city: {from: s, apply: [{one_hot: {"null": zeros, max_categories: null}}]}
outputs:
  x: {features: [scaled, angle, sum, city, d], dtype: float32}
"""


def test_the_file_is_current() -> None:
    """Otherwise: `make generated`."""
    assert FILE.read_text(encoding="utf-8") == schema_text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(pipeline_schema())


@pytest.mark.parametrize("text", [TAXIS, SHORT], ids=["taxis", "short"])
def test_it_accepts_what_the_reader_accepts(text: str) -> None:
    read_pipeline_text(text, "p.yaml")
    document = YAML(typ="safe", pure=True).load(text)
    jsonschema.Draft202012Validator(pipeline_schema()).validate(document)


def test_every_op_and_parameter_is_described() -> None:
    definitions = pipeline_schema()["$defs"]
    assert set(USABLE) == {n for n, op in OPS.items() if not (op.internal or op.is_fitted_elsewhere or n == "expr")}
    for name in USABLE:
        definition = definitions[f"op.{name}"]
        assert definition["description"]
        for parameter, schema in definition["properties"].items():
            assert schema.get("description"), f"the docstring of {name} does not explain {parameter}"
