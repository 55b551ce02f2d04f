"""What a report says was tried: of which kind, of how many, and what fitting fell back on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import op_harness as harness
import pyarrow as pa
import pytest

import skc
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ops import OPS
from skc.ops.numeric.cast import TEXTS
from skc.verification.report import Coverage, Report

PIPELINE = """
skc: 1
name: covered
inputs:
  a: float64
  b: {type: float64, nullable: true}
  n: int64
  city: {type: string, nullable: true}
  at: {type: string, nullable: true}
features:
  scaled: {from: [a, b], apply: [{impute: {value: 0}}, standard_scale]}
  bins: {from: a, apply: [{quantile_bin: {bins: 3}}]}
  city: {from: city, apply: [{one_hot: {}}]}
  none: {from: inputs.city, apply: [{impute: {value: only}}, {vocabulary: {min_frequency: 9}}, {cast: {to: float64}}]}
  hour:
    from: at
    apply:
      - parse_datetime: {format: "%Y-%m-%d %H:%M", timezone: Europe/Berlin, ambiguous: earliest, invalid: null}
      - datetime_part: {part: hour}
      - impute: {value: 0}
  whole: {expr: "n * 3", apply: [{cast: {to: float64}}]}
outputs:
  x: {features: [scaled, bins, city, none, hour, whole], dtype: float64}
"""
ROWS = """a,b,n,city,at
1,5,1,Oslo,2024-01-01 00:00
2,5,2,Rome,2024-01-02 00:00
3,5,3,Oslo,
4,5,4,Oslo,2024-01-03 00:00
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("covered")
    (folder / "p.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text(ROWS)
    done = skc.compile(folder / "p.yaml", str(folder / "rows.csv"), Path(folder / "artifact"), rows=200)
    assert done.report is not None
    return done.report


@pytest.fixture(scope="module")
def steps(report: Report) -> dict[str, Coverage]:
    return {c.step: c for c in report.coverage}


def kinds(coverage: Coverage) -> dict[str, tuple[int, int]]:
    return {kind.name: (kind.tried, kind.total) for kind in coverage.kinds}


def test_degenerate_states_are_counted_and_named(report: Report, steps: dict[str, Coverage]) -> None:
    assert kinds(steps["scaled/1:standard_scale"])["degenerate state"] == (1, 1)
    (told,) = steps["scaled/1:standard_scale"].degenerate
    assert told.startswith("`b`: scale 1")
    assert steps["none/1:vocabulary"].degenerate == ("`city`: no key",)
    assert steps["bins/0:quantile_bin"].degenerate == ()
    assert "`scaled/1:standard_scale`, column `b`: scale 1" in skc.render(report)


# Rows whose statistic equals the fallback of each scaler: nothing is missing.
EQUAL_TO_THE_FALLBACK = {
    "standard_scale": [[-1.0], [1.0]],
    "robust_scale": [[0.0], [1.0], [2.0]],
    "minmax_scale": [[3.0], [4.0]],
    "max_abs_scale": [[-1.0], [0.5]],
}


@pytest.mark.parametrize("name", EQUAL_TO_THE_FALLBACK)
def test_a_statistic_that_equals_the_fallback_is_not_called_missing(report: Report, name: str) -> None:
    fitted = harness.fit(harness.build(OPS[name], {}, {"x": "float64"}), EQUAL_TO_THE_FALLBACK[name])
    told = OPS[name].degenerate(fitted.steps[-1].params, fitted.steps[-1].state, 0)
    assert told is not None
    assert re.search(", or (one|a greatest magnitude) of 1$", told)
    coverage = replace(report.coverage[0], degenerate=(f"`x`: {told}",))
    rendered = skc.render(replace(report, coverage=(coverage,)))
    assert "these columns use the documented fallback for a missing statistic, or a statistic equal to it\n" in rendered
    assert "no usable statistic" not in rendered


def test_branches_of_a_step_are_counted_by_what_it_makes_of_a_value(steps: dict[str, Coverage]) -> None:
    read = kinds(steps["hour/0:parse_datetime"])
    tried, total = read["made null"]
    assert tried == total > 10
    jumped, jumps = read["nonexistent-time"]
    assert jumped == jumps > 10
    assert read["zone change"][0] == read["zone change"][1] > 100
    assert read["null"] == (1, 1)
    overflowing, all_of_them = kinds(steps["whole/0:expr"])["invalid-value"]
    assert overflowing == all_of_them >= 4
    beside, misses = kinds(steps["city/0:one_hot"])["near miss"]
    assert beside == misses > 10


def test_a_null_is_not_asked_of_what_cannot_miss(steps: dict[str, Coverage]) -> None:
    assert "null" not in kinds(steps["scaled/1:standard_scale"])
    assert kinds(steps["scaled/0:impute"])["null"] == (1, 1)  # of `b`, not of `a`
    assert kinds(steps["city/0:one_hot"])["null"] == (1, 1)


def test_a_value_is_not_called_refused_because_of_another_column(tmp_path: Path) -> None:
    """Columns are tried one by one, and the others hold a boundary of theirs: "" is no integer, nor is -2^63 a sum."""
    text = """
skc: 1
name: beside
inputs: {a: string, b: string, m: int64, n: int64}
features:
  whole: {from: [a, b], apply: [{cast: {to: int64}}]}
  sum: {expr: m + n}
outputs:
  x: {features: [whole, sum], dtype: int64}
"""
    read, _ = read_pipeline_text(text, "p.yaml")
    done = skc.compile(read, pa.table({"a": ["1"], "b": ["2"], "m": [1], "n": [2]}), rows=100)
    assert done.report is not None
    found = {c.step: kinds(c) for c in done.report.coverage}
    cast = {name: total for name, (_, total) in found["whole/0:cast"].items()}
    whole = [v for v in TEXTS if re.fullmatch("-?[0-9]{1,18}", v)]
    assert cast == {"invalid-value": 2 * len({*TEXTS} - {*whole}), "value": 2 * len({*whole})}
    assert set(found["sum/0:expr"]) == {"value"}
