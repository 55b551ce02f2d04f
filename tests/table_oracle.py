"""An oracle over a function of a table: another library, which serves a whole batch or raises, and knows no codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from skc.oracle.protocol import Outcome
from skc.values.types import Block
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import Manifest

Table = Mapping[str, Array]  # columns [N]; None, or NaN in a float, where a value is missing


class TableOracle:
    """`transform` raises ValueError if it refuses any row of a batch; `defines` (bool [N]) says where it is right."""

    def __init__(
        self,
        manifest: Manifest,
        transform: Callable[[Table], Table],
        defines: Callable[[Table], Array] = lambda table: np.ones(_rows(table), dtype=bool),
        by_design: frozenset[str] = frozenset(),
    ) -> None:
        self.name, self.by_design, self.calls = "a function", by_design, 0
        self._outputs, self._transform, self._defines = manifest.outputs, transform, defines

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        table = {name: _column(block) for name, block in blocks.items()}
        rows = _rows(table)
        outputs = {o.name: np.zeros((rows, len(o.columns)), dtype=ELEMENTS[o.dtype].numpy) for o in self._outputs}
        refused = np.zeros(rows, dtype=bool)
        self._fill(table, np.arange(rows), outputs, refused)
        guards = np.zeros((rows, 0), dtype=bool)
        return Outcome(outputs, {}, guards, uncoded=refused, undefined=~self._defines(table))

    def _fill(self, table: Table, index: Array, outputs: Mapping[str, Array], refused: Array) -> None:
        """Evaluate some rows in one call; a batch that raises is halved down to the rows that are refused."""
        if len(index) == 0:
            return
        self.calls += 1
        try:
            made = self._transform({name: column[index] for name, column in table.items()})
        except ValueError:
            if len(index) == 1:
                refused[index] = True
                return
            for part in np.array_split(index, 2):
                self._fill(table, part, outputs, refused)
            return
        for name, columns in made.items():
            outputs[name][index] = columns


def _column(block: Block) -> Array:
    values = block.values[:, 0]
    missing = np.nan if block.kind.is_float else None
    return values if block.valid is None else np.where(block.valid[:, 0], values, missing)


def _rows(table: Table) -> int:
    return len(next(iter(table.values())))
