"""A step that never looks under a null reads raw inputs; whatever a caller sends under a null changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import op_harness as harness
import pytest

from skc.ops import OPS
from skc.passes.skip_sources import skip_sources
from skc.values.types import Block

BLIND = [
    pytest.param(op, case, id=f"{op.name}-{case.name}")
    for op in OPS.values()
    if op.null_blind
    for case in op.cases
    if not case.refused and case.rows and {"string?", "int64?"} & set(case.columns.values())
]


def fitted(op, case):  # type: ignore[no-untyped-def]  # as in test_ops
    return harness.fitted(op, case)


@pytest.mark.parametrize(("op", "case"), BLIND)
def test_the_source_step_is_skipped(op, case) -> None:  # type: ignore[no-untyped-def]
    pipeline = fitted(op, case)
    assert any(step.op == "source" for step in pipeline.steps)
    skipped = skip_sources(pipeline)
    kept = [s for s in skipped.steps if s.op == "source"]
    assert not kept
    assert all(ref.value.startswith("inputs/") for ref in skipped.steps[-1].inputs)


@pytest.mark.parametrize(("op", "case"), BLIND)
def test_nothing_under_a_null_matters(op, case) -> None:  # type: ignore[no-untyped-def]
    """A bare caller may send anything where `valid` is false."""
    pipeline = fitted(op, case)
    rows = [
        *case.rows,
        [None if t.endswith("?") else v for v, t in zip(case.rows[0], case.columns.values(), strict=True)],
    ]
    graph = harness.Graph(pipeline)
    plain = harness.blocks(pipeline, rows)
    want, got = graph.run_blocks(plain), graph.run_blocks({name: littered(block) for name, block in plain.items()})
    np.testing.assert_array_equal(got.values, want.values)
    assert got.rows == want.rows
    assert got.guards == want.guards


def littered(block: Block) -> Block:
    if block.valid is None:
        return block
    litter = {"string": "litter", "int64": -(2**63), "bool": True}[block.dtype]
    return replace(block, values=np.where(block.valid, block.values, litter).astype(block.values.dtype))


def test_a_source_with_work_to_do_stays() -> None:
    """Sentinels, ranges, and values that leave the graph."""
    for op, columns in (
        ("source", {"s": "string?"}),
        ("cast", {"b": "bool?"}),
        ("elapsed", {"a": "date?", "b": "date?"}),
    ):
        params = {"cast": {"to": "int64"}, "elapsed": {"unit": "days"}}.get(op, {})
        pipeline = harness.fit(harness.build(OPS[op], params, columns), [])
        assert skip_sources(pipeline).text() == pipeline.text()
