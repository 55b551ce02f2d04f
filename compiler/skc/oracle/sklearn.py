"""The estimator that a pipeline was read from, as the oracle of its artifact.

Why in batches: one call of an estimator costs 15 to 40 ms, whether for one row or for ten thousand. A batch with a row
that the estimator refuses raises as a whole, so it is halved until those rows are found. Rows that the reference
refuses are likely to be among them: they are asked about one by one, up to a bound, and not mixed with the others.
About rows beyond that bound nothing is said.

Batches have another reason: for a single row NumPy and BLAS take other paths, and scikit-learn's own last bits differ.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skc.frontend.sklearn import SklearnPipeline
from skc.frontend.sklearn.rows import rows_for
from skc.oracle.protocol import Outcome
from skc.rows.sampling import spread
from skc.values.types import Block
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import Manifest, OutputSpec

MOST_REFUSED = 100  # rows of a batch that are asked about one by one
MOST_CALLS = 400  # of a batch, to find the rows that it refuses
# Where the answer of the library is itself rounding noise, or a tie, or rounds an integer that it was given.
BY_DESIGN = frozenset({"rounding-noise", "tie", "out-of-range", "invalid-value"})


class SklearnOracle:
    """See `skc.oracle.protocol.Oracle`. `refuses` guesses, for blocks, which rows are refused: bool [N]."""

    by_design = BY_DESIGN

    def __init__(
        self, source: SklearnPipeline, manifest: Manifest, refuses: Callable[[Mapping[str, Block]], Array]
    ) -> None:
        import sklearn

        self.name = f"scikit-learn {sklearn.__version__}"
        self._source, self._outputs, self._refuses = source, manifest.outputs, refuses

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """The outcome of blocks [N, 1] per input, where the estimator was asked."""
        likely = self._refuses(blocks)
        batch = _Batch(self._source, blocks, _empty(self._outputs, len(likely)))
        batch.fill(np.flatnonzero(~likely))
        few = np.flatnonzero(likely)
        for i in spread(len(few), MOST_REFUSED):
            batch.fill(few[i : i + 1])
        outputs = {name: array for name, (array, _) in batch.outputs.items()}
        valid = {name: mask for name, (_, mask) in batch.outputs.items() if mask is not None}
        guards = np.zeros((len(likely), 0), dtype=bool)
        return Outcome(outputs, valid, guards, uncoded=batch.refused, undefined=~batch.asked)


Outputs = dict[str, tuple[Array, Array | None]]  # values [N, K], and where there is one, if that can be missing


def _empty(specs: tuple[OutputSpec, ...], rows: int) -> Outputs:
    made: Outputs = {}
    for spec in specs:
        element, shape = ELEMENTS[spec.dtype], (rows, len(spec.columns))
        values = np.zeros(shape, dtype=object if spec.dtype == "string" else element.numpy)
        made[spec.name] = (values, np.zeros(shape, dtype=bool) if spec.nullable and not element.is_float else None)
    return made


@dataclass
class _Batch:
    """Rows that are being asked about."""

    source: SklearnPipeline
    blocks: Mapping[str, Block]
    outputs: Outputs
    calls: int = 0
    refused: Array = field(init=False)
    asked: Array = field(init=False)

    def __post_init__(self) -> None:
        rows = next(iter(self.blocks.values())).rows
        self.refused, self.asked = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)

    def fill(self, index: Array) -> None:
        """Ask about some rows in one call; where that raises, about each half."""
        if len(index) == 0 or self.calls >= MOST_CALLS:
            return
        self.calls += 1
        answer = _answer(self.source, self.blocks, index)
        if answer is not None:
            self.asked[index] = True
            for name, made in answer:
                self._keep(name, made, index)
        elif len(index) == 1:
            self.asked[index] = self.refused[index] = True
        else:
            for half in np.array_split(index, 2):
                self.fill(half)

    def _keep(self, name: str, made: Array, index: Array) -> None:
        values, valid = self.outputs[name]
        if valid is None:
            values[index] = made
            return
        present = np.array([[v is not None and v == v for v in row] for row in made.tolist()], dtype=bool)
        valid[index] = present.reshape(made.shape)
        values[index] = np.where(valid[index], made, values[index])


def _answer(source: SklearnPipeline, blocks: Mapping[str, Block], index: Array) -> list[tuple[str, Array]] | None:
    """What the estimator gives for some rows; None if it refuses one of them."""
    rows = rows_for(source.sample, {name: _rows_of(block, index) for name, block in blocks.items()})
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return [(name, _table(call(rows), len(index))) for name, call in source.calls.items()]
    except Exception:  # whatever the code of an estimator raises for a row, it does not serve it
        return None


def _rows_of(block: Block, index: Array) -> Block:
    return Block(block.dtype, block.values[index], None if block.valid is None else block.valid[index])


def _table(made: Any, rows: int) -> Array:
    """The result of a method as [N, K]."""
    dense = made.toarray() if hasattr(made, "toarray") else np.asarray(made)
    return dense.reshape(rows, -1)


def differs_from_itself(source: SklearnPipeline, blocks: Mapping[str, Block], index: Array) -> Iterator[int]:
    """Which of some served rows the estimator answers otherwise alone than in a batch, in any bit."""
    together = _answer(source, blocks, index)
    for k, i in enumerate(index):
        alone = _answer(source, blocks, np.array([i]))
        if together is None or alone is None:
            continue
        pairs = zip(together, alone, strict=True)
        if any(not np.array_equal(a[k], b[0], equal_nan=a.dtype.kind == "f") for (_, a), (_, b) in pairs):
            yield int(i)
