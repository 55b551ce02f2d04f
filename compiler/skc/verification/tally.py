"""How far apart each output column has been, over all rows that were compared."""

from __future__ import annotations

import numpy as np

from skc.verification.compare import Comparison
from skc.verification.report import ColumnReport
from skc_runtime.manifest import Manifest


class Tally:
    """Per output column: rows that differ, the worst distance in ulp, the worst error."""

    def __init__(self, manifest: Manifest) -> None:
        self._outputs = manifest.outputs
        self._worst_ulp = {o.name: np.zeros(len(o.columns), dtype=np.uint64) for o in manifest.outputs}
        self._worst_error = {o.name: np.zeros(len(o.columns)) for o in manifest.outputs}
        self._differing = {o.name: np.zeros(len(o.columns), dtype=np.int64) for o in manifest.outputs}

    def add(self, output: str, compared: Comparison) -> None:
        """Count some rows of an output."""
        worst = np.array(compared.worst_ulp, dtype=np.uint64)
        self._worst_ulp[output] = np.maximum(self._worst_ulp[output], worst)
        self._worst_error[output] = np.maximum(self._worst_error[output], compared.worst_error)
        self._differing[output] += compared.differs.sum(axis=0)

    def columns(self) -> tuple[ColumnReport, ...]:
        """What was counted, in the manifest's order."""
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
