"""The example of the documentation, whole."""

from __future__ import annotations

from pathlib import Path

from skc.frontend.yaml.reader import read_pipeline

TEXT = """\
pipeline taxis
  inputs/pickup: string
  inputs/distance: float64
  inputs/passengers: int64
  inputs/fare: float64?
  inputs/payment: string?
"""
STEPS = [
    ("inputs/payment/source", ["inputs/payment"]),
    ("amounts/0:impute", ["inputs/distance", "inputs/fare"]),
    ("amounts/1:log1p", ["amounts/0:impute"]),
    ("amounts/2:standard_scale", ["amounts/1:log1p"]),
    ("pickup_at/0:parse_datetime", ["inputs/pickup"]),
    ("hour/0:datetime_part", ["pickup_at/0:parse_datetime"]),
    ("hour/1:cyclical", ["hour/0:datetime_part"]),
    ("fare_per_mile/0:expr", ["inputs/fare", "inputs/distance"]),
    ("fare_per_mile/1:clip", ["fare_per_mile/0:expr"]),
    ("fare_per_mile/2:quantile_bin", ["fare_per_mile/1:clip"]),
    ("payment/0:impute", ["inputs/payment/source"]),
    ("payment/1:one_hot", ["payment/0:impute"]),
]
OUTPUT = ["amounts/2:standard_scale", "hour/1:cyclical", "fare_per_mile/2:quantile_bin", "payment/1:one_hot"]


def test_taxis() -> None:
    path = Path(__file__).parent / "taxis.yaml"
    pipeline, warnings = read_pipeline(path)
    assert pipeline.text().startswith(TEXT)
    assert [(step.name, [str(ref) for ref in step.inputs]) for step in pipeline.steps] == STEPS
    assert [str(ref) for ref in pipeline.outputs[0].refs] == OUTPUT
    assert [w.message for w in warnings] == ["input `passengers` is not used"]
    assert pipeline.data is not None
    assert pipeline.data.path == str(path.parent / "data/taxis.csv")
    assert pipeline.data.where == "pickup < '2019-03-25'"
    assert pipeline.step("pickup_at/0:parse_datetime").params.invalid == "null"
