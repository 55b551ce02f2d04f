"""Columns without any value: every op has a rule for them, or refuses with a hint that works."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from skc import reference
from skc.diagnostics import SkcError
from skc.fit import Fitted, fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ops import OPS
from skc.values.types import column_block
from skc_runtime.kinds import DType, for_every_kind

HEAD = "skc: 1\nname: p\ninputs: {x: float64, n: int64, s: string}\nfeatures:\n"
TABLE = pa.table({"x": [1.0, 2.0], "n": [1, 2], "s": ["a", "b"]})
# features of every type that are null in every row, as only the graph knows
EMPTY: dict[DType, str] = for_every_kind(
    {
        "float64": "expr: sqrt(-1 - x * x)",
        "int64": "expr: n if n < 0 else null",
        "bool": "expr: x > 0 if x < 0 else null",
        "string": "expr: s if s == 'c' else null",
        "timestamp": "from: s, apply: [{parse_datetime: {format: '%Y', invalid: null}}]",
        "date": "from: s, apply: [{parse_datetime: {format: '%Y', to: date, invalid: null}}]",
    }
)
STEPS: dict[str, tuple[tuple[DType, str], ...]] = {
    "bucketize": (("float64", "{edges: [0], closed: left}"), ("int64", "{edges: [0], closed: left}")),
    "cast": (("float64", "{to: int64}"), ("string", "{to: bool}"), ("timestamp", "{to: date}")),
    "clip": (("float64", "{min: 0}"), ("int64", "{max: 3}"), ("float64", "{lower_quantile: 0.1}")),
    "cyclical": (("float64", "{period: 24}"), ("int64", "{period: 24}")),
    "datetime_part": (("timestamp", "{part: hour}"), ("date", "{part: day}")),
    "hash_bucket": (("string", "{buckets: 7}"), ("int64", "{buckets: 7}"), ("bool", "{buckets: 7}")),
    "impute": (
        *(("float64", f"{{strategy: {s}}}") for s in ("mean", "median", "most_frequent")),
        *((dtype, "{strategy: most_frequent}") for dtype in EMPTY if dtype != "float64"),
        *((dtype, "{value: 1}") for dtype in ("float64", "int64", "timestamp", "date")),
        ("string", "{value: none}"),
        ("bool", "{value: true}"),
        ("float64", "{value: 1, add_indicator: true}"),
    ),
    "log1p": (("float64", "{}"),),
    "max_abs_scale": (("float64", "{}"),),
    "minmax_scale": (("float64", "{}"),),
    "one_hot": (("string", "{}"), ("int64", "{}"), ("bool", "{}"), ("string", "{min_frequency: 2, drop: first}")),
    "ordinal": (("string", "{}"), ("int64", "{}"), ("bool", "{}")),
    "parse_datetime": (("string", "{format: iso8601}"),),
    "quantile_bin": (("float64", "{bins: 3}"), ("float64", "{bins: 3, encode: onehot}")),
    "robust_scale": (("float64", "{}"),),
    "round": (("float64", "{}"),),
    "standard_scale": (("float64", "{}"), ("float64", "{with_mean: false}")),
    "vocabulary": (("string", "{}"), ("int64", "{top_k: 3}"), ("bool", "{}")),
}
CASES = [(op, dtype, params) for op, given in STEPS.items() for dtype, params in given]


def fitted(*steps: str, empty: str) -> Fitted:
    lines = [f"  e: {{{empty}}}", f"  f: {{from: e, apply: [{', '.join(steps)}]}}"]
    text = HEAD + "\n".join(lines) + "\noutputs: {out: {features: [f], dtype: DTYPE}}\n"
    for dtype in ("float64", "int64", "string", "bool"):
        try:
            return fit(read_pipeline_text(text.replace("DTYPE", dtype), "pipeline.yaml")[0], TABLE)
        except SkcError as error:
            if error.code != "SKC116":
                raise
    raise AssertionError(text)


def test_every_op_that_takes_one_value_is_here() -> None:
    several = {"elapsed", "expr"}  # they learn nothing, and say in their cases what a null makes
    assert set(STEPS) == {name for name, op in OPS.items() if not op.internal} - several


@pytest.mark.parametrize(("op", "dtype", "params"), CASES, ids=" ".join)
def test_there_is_a_rule_or_a_hint_that_works(op: str, dtype: DType, params: str) -> None:
    step = f"{{{op}: {params}}}"
    try:
        made = fitted(step, empty=EMPTY[dtype])
    except SkcError as error:
        assert error.code == "SKC210"
        hint = error.diagnostics[0].hint or ""
        assert "value" in hint
        value = {"string": "none", "bool": "true"}.get(dtype, "0")
        if op == "impute":  # "give a `value` to replace nulls"
            made = fitted(f"{{impute: {{value: {value}}}}}", empty=EMPTY[dtype])
        else:
            assert "`impute: {value: 0}`" in hint
            made = fitted("{impute: {value: 0}}", step, empty=EMPTY[dtype])
    blocks: dict[str, Any] = {
        "x": column_block("float64", [1.0], nullable=False),
        "n": column_block("int64", [1], nullable=False),
        "s": column_block("string", ["a"], nullable=False),
    }
    result = reference.run(made.pipeline, blocks)
    assert not any(hit.mask.any() for hit in result.guards)


def test_an_empty_column_gets_what_the_op_says() -> None:
    made = fitted("{one_hot: {unknown: zeros}}", empty=EMPTY["string"])
    assert made.pipeline.steps[-1].state.categories == ((),)
    assert [w.code for w in made.warnings] == ["SKC232"]
    filled = fitted("{impute: {value: 1}}", "standard_scale", empty=EMPTY["float64"])
    assert filled.pipeline.steps[-1].state.scale == (1.0,)
    assert [w.code for w in filled.warnings] == ["SKC234"]
