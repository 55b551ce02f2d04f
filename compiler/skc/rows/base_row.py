"""The row that boundaries are tried on: not refused, and with as few nulls in intermediate values as possible.

Why: a row that a guard refuses shows only the refusal, and a null in the middle of a pipeline hides every edge that
comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skc.ir import Pipeline
from skc.oracle.protocol import Evaluate
from skc.rows.sampling import PLAIN, Record, spread, to_blocks
from skc.values.types import Scalar
from skc_runtime.kinds import Array

CANDIDATES = 400
_REFUSED = 1_000_000  # worse than any number of nulls


def base_row(
    pipeline: Pipeline,
    candidates: Mapping[str, Sequence[Scalar]],
    evaluate: Evaluate,
    records: Sequence[Record] = (),
) -> Record:
    """Plain values where possible; for the other inputs, one after the other, the best of the candidates.

    If flaws remain, the best of the given records is used if it is better: where two steps conflict, changing one
    input at a time cannot satisfy both.
    """
    base = _improved(pipeline, candidates, evaluate, {i.name: PLAIN[i.dtype] for i in pipeline.inputs})
    rows = [base, *records]
    flaws = _flaws(pipeline, evaluate, rows)
    best = int(flaws.argmin())
    return base if best == 0 else _improved(pipeline, candidates, evaluate, rows[best])


def _improved(
    pipeline: Pipeline, candidates: Mapping[str, Sequence[Scalar]], evaluate: Evaluate, base: Record
) -> Record:
    """The record, with the best of the candidates for each input that causes a flaw."""
    to_blame = _inputs_to_blame(pipeline, evaluate, base)
    for raw in pipeline.inputs:
        if raw.name not in to_blame:  # no value of it makes the row better
            continue
        values = candidates[raw.name]
        options = [base, *({**base, raw.name: values[i]} for i in spread(len(values), CANDIDATES))]
        flaws = _flaws(pipeline, evaluate, options)
        if flaws[0] == 0:
            return base
        if flaws[0] > flaws.min():
            best = np.flatnonzero(flaws == flaws.min())
            base = options[int(best[len(best) // 2])]  # candidates go from one extreme to the other
            to_blame = _inputs_to_blame(pipeline, evaluate, base)
    return base


def _inputs_to_blame(pipeline: Pipeline, evaluate: Evaluate, record: Record) -> frozenset[str]:
    """The inputs of the steps that refuse a row or turn it into a null."""
    result = evaluate(pipeline, to_blocks(pipeline.inputs, [record]))
    flawed = {hit.step for hit in result.guards if hit.mask.any()}
    flawed |= {step.name for step in pipeline.steps if not result.values[step.name].present().all()}
    behind = pipeline.behind(flawed)
    return frozenset(raw.name for raw in pipeline.inputs if raw.value in behind)


def _flaws(pipeline: Pipeline, evaluate: Evaluate, records: Sequence[Record]) -> Array:
    """int [N]: how much of the pipeline each row hides; 0 hides nothing."""
    result = evaluate(pipeline, to_blocks(pipeline.inputs, records))
    flaws = np.zeros(len(records), dtype=np.int64)
    for hit in result.guards:
        flaws += hit.mask * _REFUSED
    for step in pipeline.steps:
        flaws += (~result.values[step.name].present()).sum(axis=1)
    return flaws
