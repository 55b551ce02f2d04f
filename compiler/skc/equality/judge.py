"""What counts as a difference between two outcomes of the same rows: the single definition for every comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skc.equality.compare import Comparison, compare
from skc.equality.guards import GuardOrder
from skc.equality.sides import Outcome
from skc.ir import Pipeline
from skc_runtime.agreement import same_bits
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest, OutputSpec


@dataclass(frozen=True)
class Judgement:
    """`refusals` is bool [N]: rows that only one side refuses, or that each refuses for a different reason. `columns`
    compares each output in the rows that both serve; it is empty if one side has a guard that the other lacks, because
    the values are then not comparable.
    """

    refusals: Array
    columns: Mapping[str, Comparison]

    @property
    def differing(self) -> Array:
        """bool [N]: rows with any difference."""
        differs = self.refusals.copy()
        for comparison in self.columns.values():
            differs |= comparison.differs.any(axis=1)
        return differs


class Judge:
    """Compares the outcomes of one artifact."""

    def __init__(self, pipeline: Pipeline, manifest: Manifest) -> None:
        self.order = GuardOrder(pipeline, manifest.guards)
        self._outputs = manifest.outputs

    def compare(self, got: Outcome, want: Outcome) -> Judgement:
        """Compare rows of a graph with those of an oracle: guards first, then the values of rows that are served."""
        if got.guards.shape != want.guards.shape:  # the graph lacks a guard that fired, or has others than declared
            return Judgement(want.refused if want.refused.any() else np.ones(len(want.guards), dtype=bool), {})
        hidden = ~self.order.visible(got.guards | want.guards)
        refusals = ((got.guards != want.guards) & ~hidden).any(axis=1)
        refused = want.refused | got.refused
        columns = {o.name: compare_output(o, got, want, ignore_rows=refused) for o in self._outputs}
        return Judgement(np.asarray(refusals), columns)


def compare_output(output: OutputSpec, got: Outcome, want: Outcome, ignore_rows: Array | None = None) -> Comparison:
    """Compare the values of one output, except in ignored rows."""
    return compare(
        got.outputs[output.name],
        want.outputs[output.name],
        output.exact,
        got_valid=got.valid.get(output.name),
        want_valid=want.valid.get(output.name),
        ignore_rows=ignore_rows,
    )


def other_bits(got: Outcome, want: Outcome) -> dict[str, Array]:
    """Per output a bool [N, K]: where the bits differ, or only one has a value."""
    result = {}
    for name, right in want.outputs.items():
        value = got.outputs[name]
        bad = np.ones(right.shape, dtype=bool) if value.shape != right.shape else ~same_bits(value, right)
        result[name] = bad | (got.valid[name] != want.valid[name]) if name in want.valid else bad
    return result
