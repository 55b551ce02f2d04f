"""What fitting warns of: a pipeline, its rows and the golden text of every warning; and what its hint says ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skc.codes import CODES
from skc.diagnostics import Diagnostic
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text

WARNINGS = Path(__file__).parent / "warnings"
LATER = "SKC4"  # warnings of artifacts and of a verification have their tests beside those of the commands
OF_DRAFTS = {"SKC237"}  # tests/draft/test_dates.py
SECONDS = [1_700_000_000 + 3600 * i for i in range(6)]
MOSTLY = [0.0] * 7 + [1.0, 2.0, 3.0]


def pipeline(inputs: str, feature: str) -> str:
    outputs = "outputs: {out: {features: [f], dtype: float64}}"
    return f"skc: 1\nname: p\ninputs: {{{inputs}}}\nfeatures:\n  f: {{{feature}}}\n{outputs}\n"


def warnings(inputs: str, feature: str, columns: dict[str, Any]) -> tuple[Diagnostic, ...]:
    return fit(read_pipeline_text(pipeline(inputs, feature), "pipeline.yaml")[0], pa.table(columns)).warnings


# code and what it is about: inputs, feature, columns; the feature and inputs that the hint makes of it
FIXTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "SKC222": (
        "x: {type: float64, nullable: true}, n: int64",
        "expr: 'coalesce(x, n)'",
        {"x": pa.array([None, None], pa.float64()), "n": [1, 2]},
    ),
    "SKC223": ("x: float64", "from: x, apply: [standard_scale]", {"x": [2.0, 2.0]}),
    "SKC230-bins": ("x: float64", "from: x, apply: [{quantile_bin: {bins: 4}}]", {"x": MOSTLY}),
    "SKC230-one-bin": ("x: float64", "from: x, apply: [{quantile_bin: {bins: 3}}]", {"x": [0.0] * 8 + [1.0, 2.0]}),
    "SKC230-quantiles": ("x: float64", "from: x, apply: [robust_scale]", {"x": [0.0, 1.0, 1.0, 1.0, 1.0, 9.0]}),
    "SKC230-knots": ("x: float64", "from: x, apply: [{spline: {knots: quantile}}]", {"x": MOSTLY}),
    "SKC231-one-hot": ("s: string", "from: s, apply: [{one_hot: {unknown: infrequent}}]", {"s": ["a", "b", "b"]}),
    "SKC231-vocabulary": ("s: string", "from: s, apply: [{vocabulary: {oov_buckets: 4}}]", {"s": ["a", "b", "b"]}),
    "SKC231-one-value": ("s: string", "from: s, apply: [vocabulary]", {"s": ["a", "a"]}),
    "SKC232": (
        "s: string",
        "from: s, apply: [{parse_datetime: {format: '%Y', invalid: null}}, {datetime_part: {part: hour}}, one_hot]",
        {"s": ["3/9/2019", "4/9/2019"]},
    ),
    "SKC233": ("t: timestamp", "from: t, apply: [{datetime_part: {part: hour}}]", {"t": SECONDS}),
    "SKC234-scaled": ("x: float64", "expr: 'min(x, 1)', apply: [minmax_scale]", {"x": [2.0, 3.0]}),
    "SKC234-null": ("x: {type: float64, nullable: true}", "from: x, apply: [standard_scale]", {"x": [2.0, None]}),
    "SKC234-bins": ("x: float64", "expr: 'min(x, 1)', apply: [{quantile_bin: {bins: 2}}]", {"x": [2.0, 3.0]}),
    "SKC234-clip": (
        "x: float64",
        "from: x, apply: [{clip: {lower_quantile: 0.2, upper_quantile: 0.5}}]",
        {"x": [0.0] * 8 + [1.0]},
    ),
    "SKC234-infrequent": ("s: string", "from: s, apply: [{ordinal: {min_frequency: 3}}]", {"s": ["a", "b"]}),
    "SKC235": (
        "x: float64",
        "from: x, apply: [standard_scale, {quantile_bin: {bins: 2}}]",
        {"x": np.array([0.5, 0.7, 1.1, 2.0], np.float32)},
    ),
    "SKC235-half": ("x: float64", "expr: x > 0.1", {"x": np.array([0.1, 2.0], np.float16)}),
    "SKC235-sentinel": (
        "x: {type: float64, nullable: true, null_values: [-999.9]}",
        "from: x",
        {"x": np.array([-999.9, 2.0], np.float32)},
    ),
    "SKC235-several": (
        "x: float64, y: float64, z: float64",
        "from: [x, y, z], apply: [{bucketize: {edges: [0], closed: left}}]",
        {name: np.array(column, np.float32) for name, column in (("x", [0.7]), ("y", [0.5]), ("z", [1.1]))},
    ),
    "SKC236": ("x: float64", "from: x, apply: [minmax_scale]", {"x": [0.3, 0.1 + 0.2]}),
}


@pytest.mark.parametrize("name", FIXTURES)
def test_golden_text(name: str) -> None:
    found = warnings(*FIXTURES[name])
    text = "\n\n".join(warning.text() for warning in found)
    assert text + "\n" == (WARNINGS / f"{name}.txt").read_text(encoding="utf-8")
    assert name[:6] in [warning.code for warning in found]
    assert all(warning.severity == "warning" and warning.span and warning.hint for warning in found)


def test_every_warning_of_fitting_has_a_fixture() -> None:
    told = {code for code, title in CODES.items() if title.startswith("warning: ") and "SKC140" < code < LATER}
    told -= OF_DRAFTS
    assert {name[:6] for name in FIXTURES} == told
    assert sorted(path.stem for path in WARNINGS.glob("*.txt")) == sorted(FIXTURES)


FOLLOWED: dict[str, tuple[str, str]] = {
    "SKC230-bins": ("x: float64", "from: x, apply: [{bucketize: {edges: [1.0], closed: left}}]"),
    "SKC230-one-bin": ("x: float64", "from: x, apply: [{bucketize: {edges: [1], closed: left}}]"),
    "SKC230-quantiles": ("x: float64", "from: x, apply: [{robust_scale: {quantile_range: [0, 100]}}]"),
    "SKC230-knots": ("x: float64", "from: x, apply: [{spline: {knots: uniform}}]"),
    "SKC231-one-hot": ("s: string", "from: s, apply: [{one_hot: {unknown: infrequent, max_categories: 2}}]"),
    "SKC231-vocabulary": ("s: string", "from: s, apply: [{vocabulary: {oov_buckets: 4, top_k: 1}}]"),
    "SKC231-one-value": ("s: string", "from: s, apply: [{vocabulary: {unknown: error}}]"),
    "SKC232": (
        "s: string",
        "from: s, apply: [{parse_datetime: {format: '%m/%d/%Y'}}, {datetime_part: {part: day}}, one_hot]",
    ),
    "SKC233": ("t: int64", "expr: t * 1000000, apply: [{cast: {to: timestamp}}, {datetime_part: {part: hour}}]"),
    "SKC234-clip": ("x: float64", "from: x, apply: [{clip: {lower_quantile: 0.2, upper_quantile: 1}}]"),
    "SKC234-infrequent": ("s: string", "from: s, apply: [{ordinal: {min_frequency: 1}}]"),
    "SKC236": ("x: float64", "from: x, apply: [{round: {decimals: 9}}, {clip: {max: 1}}]"),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_hint_that_is_followed_ends_the_warning(name: str) -> None:
    inputs, feature = FOLLOWED[name]
    assert name[:6] not in [warning.code for warning in warnings(inputs, feature, FIXTURES[name][2])]


@pytest.mark.parametrize(
    ("feature", "column"),
    [
        ("from: x, apply: [{quantile_bin: {bins: 2}}]", np.array([0.7, 1.1])),  # float64
        ("from: x, apply: [{quantile_bin: {bins: 2}}]", np.array([0.5, 3.0], np.float32)),  # the same numbers in both
        ("from: x, apply: [log1p, standard_scale]", np.array([0.7, 1.1], np.float32)),  # nothing decides
        ("expr: 'coalesce(x, 0)'", np.array([0.7, 1.1], np.float32)),
        ("from: x, apply: [{one_hot: {unknown: infrequent}}]", [True, False]),  # nothing can be unknown
    ],
)
def test_no_warning_without_need(feature: str, column: Any) -> None:
    inputs = "x: bool" if isinstance(column, list) else "x: float64"
    assert warnings(inputs, feature, {"x": column}) == ()


def test_columns_with_the_same_concern_are_reported_together() -> None:
    names = [f"c{k}" for k in range(7)]
    inputs = ", ".join(f"{name}: {{type: float64, nullable: true}}" for name in names)
    feature = f"from: [{', '.join(names)}], apply: [standard_scale]"
    (warning,) = warnings(inputs, feature, {name: [1.0, None] for name in names})
    assert "columns `c0`, `c1`, `c2`, `c3`, `c4` and 2 more: every" in warning.message
