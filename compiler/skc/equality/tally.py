"""How far apart the two sides are in each output column, over all rows compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skc.equality.compare import Comparison
from skc.equality.sides import compared_outputs
from skc_runtime.manifest import Manifest


@dataclass(frozen=True)
class ColumnReport:
    """One output column: the number of rows in which it differs from the reference, and the largest distance."""

    output: str
    column: str
    exact: bool
    differing_rows: int
    worst_ulp: int
    worst_error: float  # |a - b| / max(1, |b|)


class Tally:
    """Per output column: rows that differ, the largest distance in ulp, the largest error."""

    def __init__(self, manifest: Manifest) -> None:
        self._outputs = compared_outputs(manifest)
        self._worst_ulp = {o.name: np.zeros(len(o.columns), dtype=np.uint64) for o in self._outputs}
        self._worst_error = {o.name: np.zeros(len(o.columns)) for o in self._outputs}
        self._differing = {o.name: np.zeros(len(o.columns), dtype=np.int64) for o in self._outputs}

    def add(self, output: str, compared: Comparison) -> None:
        """Count some rows of an output."""
        worst = np.array(compared.worst_ulp, dtype=np.uint64)
        self._worst_ulp[output] = np.maximum(self._worst_ulp[output], worst)
        self._worst_error[output] = np.maximum(self._worst_error[output], compared.worst_error)
        self._differing[output] += compared.differs.sum(axis=0)

    def columns(self) -> tuple[ColumnReport, ...]:
        """The counts, in the manifest's order."""
        return tuple(
            ColumnReport(
                o.name,
                column,
                o.exact[k],
                int(self._differing[o.name][k]),
                int(self._worst_ulp[o.name][k]),
                float(self._worst_error[o.name][k]),
            )
            for o in self._outputs
            for k, column in enumerate(o.columns)
        )
