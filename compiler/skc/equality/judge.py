"""What counts as a difference between two outcomes of the same rows, decided once for whoever compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skc.equality.compare import Comparison, compare
from skc.equality.guards import GuardOrder
from skc.equality.subject import Outcome
from skc.values.types import Array
from skc_runtime.manifest import Manifest


@dataclass(frozen=True)
class Judgement:
    """`refusals` is bool [N]: rows that one side refuses, or for another reason. `columns` compares each output in the
    rows that both serve; it is empty where one side has a guard that the other lacks, for then no value means anything.
    """

    refusals: Array
    columns: Mapping[str, Comparison]

    @property
    def differing(self) -> Array:
        """bool [N]: rows with any difference."""
        found = self.refusals.copy()
        for comparison in self.columns.values():
            found |= comparison.differs.any(axis=1)
        return found


def judge(manifest: Manifest, order: GuardOrder, got: Outcome, want: Outcome) -> Judgement:
    """Compare rows of a graph with those of the reference: guards first, then the values of rows that are served."""
    if got.guards.shape != want.guards.shape:  # the graph lacks a guard that fired, or gives others than it declares
        return Judgement(want.refused if want.refused.any() else np.ones(len(want.guards), dtype=bool), {})
    hidden = ~order.visible(got.guards | want.guards)
    refusals = ((got.guards != want.guards) & ~hidden).any(axis=1)
    columns = {
        output.name: compare(
            got.outputs[output.name],
            want.outputs[output.name],
            output.exact,
            got_valid=got.valid.get(output.name),
            want_valid=want.valid.get(output.name),
            ignore_rows=want.refused | got.refused,
        )
        for output in manifest.outputs
    }
    return Judgement(np.asarray(refusals), columns)
