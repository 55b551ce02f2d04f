"""The estimator that a pipeline was read from, as the oracle of its artifact.

Why in batches: one call of an estimator costs 15 to 40 ms, whether for one row or for ten thousand. A batch with a row
that the estimator refuses raises as a whole, so it is halved until those rows are found. Rows that the reference
refuses are likely to be among them: they are answered about one by one, up to a bound, and not mixed with the others.
About rows beyond that bound nothing is said.

Batches have another reason: for a single row NumPy and BLAS take other paths, and scikit-learn's own last bits differ.
The calls run on one thread: they are short, so that threads mostly wait for each other (a HistGradientBoosting on two
busy cores took twelve times as long), and the order of a sum does not depend on how many cores there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any, Protocol

import numpy as np

from skc.diagnostics import fail
from skc.frontend.sklearn.claims import versions
from skc.frontend.sklearn.outputs import Call
from skc.infer import column_names, output_columns
from skc.ir import Pipeline
from skc.oracle.protocol import Alone, Outcome
from skc.values.types import Block
from skc_runtime.agreement import same_bits
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import Manifest, OutputSpec

MOST_REFUSED = 100  # rows of a batch that are asked about one by one
MOST_CALLS = 400  # of a batch, to find the rows that it refuses
MOST_ALONE = 64  # rows that are asked about alone, of all batches
ALONE_OF_BATCH = 16
# Where the answer of the library is itself rounding noise, or a tie, or rounds an integer that it was given.
BY_DESIGN = frozenset({"rounding-noise", "tie", "out-of-range", "invalid-value"})


def check_outputs(pipeline: Pipeline, manifest: Manifest) -> None:
    """Refuse to compare an artifact with an estimator whose pipeline gives other outputs. Raises SKC157."""
    of_artifact = {output.name: output.columns for output in manifest.outputs}
    names = column_names(pipeline)
    of_estimator = {output.name: tuple(output_columns(output, names)) for output in pipeline.outputs}
    if of_artifact != of_estimator:
        raise fail(
            "SKC157",
            "the estimator has other outputs, or other columns in them, than the artifact",
            notes=[_first_difference(of_artifact, of_estimator)],
            hint="give the estimator that the artifact was compiled from, or compile this one",
        )


def _first_difference(artifact: Mapping[str, tuple[str, ...]], estimator: Mapping[str, tuple[str, ...]]) -> str:
    for name in {**artifact, **estimator}:
        if name not in artifact or name not in estimator:
            return f"the {'artifact' if name not in artifact else 'estimator'} has no output `{name}`"
        for k, (own, other) in enumerate(zip_longest(artifact[name], estimator[name])):
            if own != other:
                left, right = ("absent" if column is None else f"`{column}`" for column in (own, other))
                return f"column {k + 1} of `{name}` is {left} in the artifact, and {right} in what the estimator gives"
    return "their outputs have another order"


class Source(Protocol):
    """An estimator, the form in which it takes rows, and for each output the method that gives it."""

    @property
    def estimator(self) -> Any:
        """What was fitted."""

    @property
    def calls(self) -> Mapping[str, Call]:
        """By output, of rows."""

    def rows(self, blocks: Mapping[str, Block]) -> Any:
        """Blocks [N, 1] per input as it takes rows; may raise where one of them is refused before it."""


class SklearnOracle:
    """See `skc.oracle.protocol.Oracle`. `refuses` guesses, for blocks, which rows are refused: bool [N].

    `alone` rows at most are asked about once more, one by one.
    """

    by_design = BY_DESIGN

    def __init__(
        self,
        source: Source,
        manifest: Manifest,
        refuses: Callable[[Mapping[str, Block]], Array],
        alone: int = MOST_ALONE,
    ) -> None:
        self.name = " with ".join(f"{name} {version}" for name, version in versions(source.estimator).items())
        self._source, self._outputs, self._refuses = source, manifest.outputs, refuses
        self._most_alone = alone
        self._rows: list[tuple[Mapping[str, Block], Outputs]] = []  # single rows that were answered in a batch

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """The outcome of blocks [N, 1] per input, where the estimator was answered."""
        from threadpoolctl import threadpool_limits

        likely = self._refuses(blocks)
        with threadpool_limits(limits=1):
            return self._outcome(blocks, likely)

    def _outcome(self, blocks: Mapping[str, Block], likely: Array) -> Outcome:
        batch = _Batch(self._source, blocks, _empty(self._outputs, len(likely)))
        batch.fill(np.flatnonzero(~likely))
        few = np.flatnonzero(likely)
        if len(few) > MOST_REFUSED:
            few = few[np.linspace(0, len(few) - 1, MOST_REFUSED).astype(np.int64)]  # spread over the batch
        for i in few:
            batch.fill(np.array([i]))
        self._keep(batch)
        outputs = {name: array for name, (array, _) in batch.outputs.items()}
        valid = {name: mask for name, (_, mask) in batch.outputs.items() if mask is not None}
        guards = np.zeros((len(likely), 0), dtype=bool)
        return Outcome(outputs, valid, guards, uncoded=batch.refused, undefined=~batch.answered)

    def _keep(self, batch: _Batch) -> None:
        """Remember some rows, spread over the batch, to ask about them alone."""
        served = np.flatnonzero(batch.answered & ~batch.refused)
        most = min(ALONE_OF_BATCH, self._most_alone - len(self._rows), len(served))
        for i in served[np.linspace(0, len(served) - 1, max(most, 0)).astype(np.int64)]:
            index = np.array([i])
            blocks = _some_rows(batch.blocks, index)
            self._rows.append((blocks, {name: _row_of(output, index) for name, output in batch.outputs.items()}))

    def alone(self) -> Alone | None:
        if not self._rows:
            return None
        differing = refused = 0
        worst, columns = 0.0, dict[str, None]()
        for blocks, within in self._rows:
            single = _Batch(self._source, blocks, _empty(self._outputs, 1))
            single.fill(np.array([0]))
            refused += int(single.refused[0])
            errors = {} if single.refused[0] else _unequal(self._outputs, single.outputs, within)
            differing += bool(errors) or bool(single.refused[0])
            worst = max([worst, *errors.values()])
            columns |= dict.fromkeys(errors)
        return Alone(len(self._rows), differing, refused, worst, tuple(columns))


Outputs = dict[str, tuple[Array, Array | None]]  # values [N, K], and where there is one, if that can be missing


def _empty(specs: tuple[OutputSpec, ...], rows: int) -> Outputs:
    arrays: Outputs = {}
    for spec in specs:
        element, shape = ELEMENTS[spec.dtype], (rows, len(spec.columns))
        values = np.zeros(shape, dtype=object if spec.dtype == "string" else element.numpy)
        arrays[spec.name] = (values, np.zeros(shape, dtype=bool) if spec.valid is not None else None)
    return arrays


def _row_of(output: tuple[Array, Array | None], index: Array) -> tuple[Array, Array | None]:
    values, valid = output
    return values[index], None if valid is None else valid[index]


def _unequal(specs: tuple[OutputSpec, ...], alone: Outputs, within: Outputs) -> dict[str, float]:
    """The columns in which one row has other bits, with the error relative to max(1, |value in the batch|)."""
    errors: dict[str, float] = {}
    for spec in specs:
        (got, got_valid), (want, want_valid) = alone[spec.name], within[spec.name]
        unequal = ~same_bits(got, want)
        if got_valid is not None and want_valid is not None:
            unequal = (got_valid != want_valid) | (unequal & want_valid)
        for k in np.flatnonzero(unequal[0]):
            is_float = want.dtype.kind == "f"
            with np.errstate(all="ignore"):
                error = abs(got[0, k] - want[0, k]) / max(1.0, abs(want[0, k])) if is_float else np.inf
            errors[f"{spec.name}: {spec.columns[k]}"] = float(error) if error == error else np.inf
    return errors


@dataclass
class _Batch:
    """Rows that are being answered about."""

    source: Source
    blocks: Mapping[str, Block]
    outputs: Outputs
    calls: int = 0
    refused: Array = field(init=False)
    answered: Array = field(init=False)

    def __post_init__(self) -> None:
        rows = next(iter(self.blocks.values())).rows
        self.refused, self.answered = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)

    def fill(self, index: Array) -> None:
        """Ask about some rows in one call; where that raises, about each half."""
        if len(index) == 0 or self.calls >= MOST_CALLS:
            return
        self.calls += 1
        answer = self._answer(index)
        if answer is not None and (len(index) == 1 or self._fits(answer)):
            self.answered[index] = True
            for name, result in answer:
                self._keep(name, result, index)
        elif len(index) == 1:
            self.answered[index] = self.refused[index] = True
        else:
            for half in np.array_split(index, 2):
                self.fill(half)

    @cached_property
    def _rows(self) -> Any:
        """All rows as the estimator takes them, made once; None where the source itself refuses one of them."""
        try:
            return self.source.rows(self.blocks)
        except Exception:  # as in `_answer`
            return None

    def _answer(self, index: Array) -> list[tuple[str, Array]] | None:
        """What the estimator gives for some rows; None if it refuses one of them."""
        try:
            some = _some(self._rows, index)
            rows = some if some is not None else self.source.rows(_some_rows(self.blocks, index))
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return [(name, _table(call(rows), len(index))) for name, call in self.source.calls.items()]
        except Exception:  # whatever the code of an estimator raises for a row, it does not serve it
            return None

    def _fits(self, answer: list[tuple[str, Array]]) -> bool:
        """Whether the outputs have their columns: a LabelBinarizer has others for a batch with a third label."""
        return all(result.shape[1] == self.outputs[name][0].shape[1] for name, result in answer)

    def _keep(self, name: str, result: Array, index: Array) -> None:
        values, valid = self.outputs[name]
        if valid is None:
            with np.errstate(over="ignore"):  # a float64 that float32 does not hold becomes an infinity
                values[index] = result
            return
        present = np.array([[v is not None and v == v for v in row] for row in result.tolist()], dtype=bool)
        valid[index] = present.reshape(result.shape)
        values[index] = np.where(valid[index], result, values[index])


def _some(rows: Any, index: Array) -> Any:
    """Some of the rows, in the same form, as if only they had been made; None for another form."""
    if isinstance(rows, np.ndarray):
        return rows[index]
    if isinstance(rows, list):
        return [rows[i] for i in index]
    return rows.iloc[index].reset_index(drop=True) if hasattr(rows, "iloc") else None


def _some_rows(blocks: Mapping[str, Block], index: Array) -> dict[str, Block]:
    return {name: _rows_of(block, index) for name, block in blocks.items()}


def _rows_of(block: Block, index: Array) -> Block:
    return Block(block.dtype, block.values[index], None if block.valid is None else block.valid[index])


def _table(result: Any, rows: int) -> Array:
    """The result of a method as [N, K]."""
    dense = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
    return dense.reshape(rows, -1)
