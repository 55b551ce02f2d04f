"""Columns without any value: every op has a rule for them, or refuses with a hint that works."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest

from skc.diagnostics import SkcError
from skc.fit import Fitted, fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import NODES
from skc.ops import OPS
from skc.oracle import reference
from skc.values.types import column_block
from skc_runtime.kinds import DType, for_every_kind

HEAD = "skc: 1\nname: p\ninputs: {x: float64, w: float32, n: int64, s: string}\nfeatures:\n"
TABLE = pa.table({"x": [1.0, 2.0], "w": [1.0, 2.0], "n": [1, 2], "s": ["a", "b"]})
# features of every type that are null in every row, as only the graph knows
EMPTY: dict[DType, str] = for_every_kind(
    {
        "float64": "expr: sqrt(-1 - x * x)",
        "float32": "expr: sqrt(-1 - w * w)",
        "int64": "expr: n if n < 0 else null",
        "bool": "expr: x > 0 if x < 0 else null",
        "string": "expr: s if s == 'c' else null",
        "timestamp": "from: s, apply: [{parse_datetime: {format: '%Y', invalid: null}}]",
        "time": "expr: n if n < 0 else null, apply: [{cast: {to: time}}]",
        "date": "from: s, apply: [{parse_datetime: {format: '%Y', to: date, invalid: null}}]",
    }
)


def cases() -> Iterator[tuple[str, tuple[DType, ...], str]]:
    """Every op with the parameters and the types of its cases."""
    for op in OPS.values():
        for case in () if op.internal or op.is_fitted_elsewhere or op.name in NODES else op.cases:
            if case.refused is None and case.state is None and case.target is None:  # see test_targets.py
                dtypes: Any = tuple(declared.removesuffix("?") for declared in case.columns.values())
                yield op.name, dtypes, json.dumps(dict(case.params))


IMPUTED = [("impute", (dtype,), '{"strategy": "most_frequent"}') for dtype in EMPTY]  # whose answer differs by type
CASES = list(dict.fromkeys([*cases(), *IMPUTED]))


def fitted(*steps: str, empty: Sequence[DType]) -> Fitted:
    lines = [f"  e{k}: {{{EMPTY[dtype]}}}" for k, dtype in enumerate(empty)]
    names = ", ".join(f"e{k}" for k in range(len(empty)))
    lines.append(f"  f: {{from: [{names}], apply: [{', '.join(steps)}]}}")
    text = HEAD + "\n".join(lines) + "\noutputs: {out: {features: [f], dtype: DTYPE}}\n"
    for dtype in ("int64", "float64", "string", "bool"):
        try:
            return fit(read_pipeline_text(text.replace("DTYPE", dtype), "pipeline.yaml")[0], TABLE)
        except SkcError as error:
            if error.code != "SKC116":
                raise
    raise AssertionError(text)


@pytest.mark.parametrize(("op", "dtypes", "params"), CASES, ids=str)
def test_there_is_a_rule_or_a_hint_that_works(op: str, dtypes: tuple[DType, ...], params: str) -> None:
    step = f"{{{op}: {params}}}"
    try:
        made = fitted(step, empty=dtypes)
    except SkcError as error:
        assert error.code == "SKC210"
        hint = error.diagnostics[0].hint or ""
        value = {"string": "none", "bool": "true"}.get(dtypes[0], "0")
        if op == "impute":  # "give a `value` to replace nulls"
            assert "value" in hint
            made = fitted(f"{{impute: {{value: {value}}}}}", empty=dtypes)
        elif "leave `smooth_idf` true" in hint:
            made = fitted(f"{{{op}: {json.dumps({**json.loads(params), 'smooth_idf': True})}}}", empty=dtypes)
        else:
            assert "`impute: {value: 0}`" in hint
            made = fitted("{impute: {value: 0}}", step, empty=dtypes)
    blocks: dict[str, Any] = {
        "x": column_block("float64", [1.0], nullable=False),
        "w": column_block("float32", [1.0], nullable=False),
        "n": column_block("int64", [1], nullable=False),
        "s": column_block("string", ["a"], nullable=False),
    }
    result = reference.run(made.pipeline, blocks)
    read = [step.params for step in made.pipeline.steps if step.op == op][-1]  # with the defaults
    is_refused = getattr(read, "null", None) == "error"
    assert any(hit.mask.any() for hit in result.guards) == is_refused


def test_an_empty_column_gets_what_the_op_says() -> None:
    made = fitted("{one_hot: {unknown: zeros}}", empty=["string"])
    assert made.pipeline.steps[-1].state.categories == ((),)
    assert [w.code for w in made.warnings] == ["SKC232"]
    filled = fitted("{impute: {value: 1}}", "standard_scale", empty=["float64"])
    assert filled.pipeline.steps[-1].state.scale == (1.0,)
    assert [w.code for w in filled.warnings] == ["SKC234"]
