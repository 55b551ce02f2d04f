"""Every op signals in the graph what its `met`, and the nulls that it makes, say in NumPy: the same rows, exactly.

An op that has `met` and whose `lower` attaches no signal fails here by its name, as does the reverse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import op_harness as harness
import pytest
from op_behaviour import Fitted, fitted

import skc.lower
from skc.diagnostics import SkcError
from skc.equality.sides import feeds
from skc.lower import SIGNALS, lower
from skc.op import AnyOp
from skc.ops import OPS
from skc.ops.numeric import minmax_scale
from skc.oracle import reference
from skc.oracle.signals import hits_of, signalled
from skc.values.types import Block, Scalar
from skc_runtime.manifest import Signature
from skc_runtime.session import GraphSession

MOST_ROWS = 400


def rows_of(case: Fitted) -> list[list[Scalar]]:
    """The rows of a case, and each of its values and boundaries in a row that is served."""
    base, rows = case.base(), [list(row) for row in case.case.rows]
    for k in range(len(case.types)):
        values = case.values(k)
        rows += [[*base[:k], value, *base[k + 1 :]] for value in values[:: 1 + len(values) // MOST_ROWS]]
    return rows


def faults(op: AnyOp, signature: Signature, *, optimise: bool) -> Iterator[str]:
    """What the graph signals otherwise than the reference, in rows that are served."""
    for case in fitted(op):
        pipeline = replace(case.pipeline, signals=True)
        blocks = harness.blocks(pipeline, rows_of(case))
        evaluation = reference.run(pipeline, blocks)
        served = ~evaluation.outcome(None).refused
        lowered = lower(pipeline, signature, optimise=optimise)
        wanted = [hit for hit in hits_of(pipeline, evaluation.values) if (hit.mask & served).any()]
        if lowered.signals is None:
            for hit in wanted:
                yield f"case `{case.case.name}`: the graph has no signal `{hit.kind}` of `{hit.column}`"
            continue
        try:
            want = signalled(lowered.signals, pipeline, evaluation.values, len(served))
        except SkcError as error:
            yield f"case `{case.case.name}`: {error}"
            continue
        got = GraphSession(lowered.model.SerializeToString()).run(feeds(lowered, blocks))[SIGNALS]
        declared = [f"`{c.kind}` of `{c.input}`" for c in lowered.signals.columns]
        for k in range(len(declared)):
            if ((got[:, k] != want[:, k]) & served).any():
                row = int(np.argmax((got[:, k] != want[:, k]) & served))
                yield f"case `{case.case.name}`: {declared[k]} is {got[row, k]} for {rows_of(case)[row]}"


@cache
def kinds(name: str) -> frozenset[str]:
    """The kinds that some case of an op declares in NumPy."""
    op = OPS[name]
    return frozenset(
        kind for case in fitted(op) for kind in op.met(case.params, case.state, *case.blocks([case.base()]))
    )


@pytest.mark.parametrize(("signature", "optimise"), [("columns", False), ("packed", True)])
@pytest.mark.parametrize("name", sorted(OPS))
def test_the_graph_signals_what_the_reference_says(name: str, signature: Signature, optimise: bool) -> None:
    found = list(faults(OPS[name], signature, optimise=optimise))
    assert not found, f"`{name}` signals something else than its `met` says: {found[:3]}"


WITH_MET = sorted(name for name in OPS if kinds(name))


@pytest.mark.parametrize("name", WITH_MET)
def test_an_op_that_attaches_no_signal_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS[name]
    silent = replace(op, lower=lambda *arguments: replace(op.lower(*arguments), signals=()))
    monkeypatch.setitem(skc.lower.OPS, name, silent)
    assert any(faults(silent, "packed", optimise=True)), f"no case of `{name}` shows one of {sorted(kinds(name))}"


@pytest.mark.parametrize("name", WITH_MET)
def test_an_op_that_declares_nothing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = replace(OPS[name], met=lambda *arguments: {})
    monkeypatch.setitem(skc.lower.OPS, name, blind)
    assert any(faults(blind, "packed", optimise=True))


def test_the_ends_of_the_training_rows_are_not_clipped() -> None:
    """6 · 0.2 − 0.2 is 1.0000000000000002: a last bit is cut off, and no value lies beyond those of training."""
    params, state = minmax_scale.Params(clip=True), minmax_scale.State(scale=(0.2,), min=(-0.2,))
    x = Block("float64", np.array([[1.0], [6.0], [math.nextafter(6.0, 7.0)], [6.001], [0.999], [math.nan]]))
    assert minmax_scale.met(params, state, x)["clipped"][:, 0].tolist() == [False, False, False, True, True, False]
