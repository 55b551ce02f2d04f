"""Who says what is right for a row: an oracle. The reference is one; the library that a pipeline came from is another.

Why two protocols: an oracle decides the verdict by the outputs and refusals of whole rows, and that is all that another
library can do. Which step is to blame, which boundaries a row reached, and where to look for more rows can only be read
from the values of steps. `StepOracle` knows them; for any other oracle, `skc.oracle.default` asks the reference.

An oracle may also refuse rows without naming a guard (`Outcome.uncoded`), say nothing about some rows
(`Outcome.undefined`), and serve rows that an artifact refuses by design (`Oracle.by_design`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from skc.ir import Pipeline, Ref
from skc.values.types import Block
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards

REFERENCE = "reference"  # the name of the oracle that every plan has
NO_COLUMN = "no such column"  # where a model returns fewer columns than it declares


@dataclass(frozen=True)
class Outcome:
    """Outputs [N, K], their missing positions, and the guards as bool [N, G] in the manifest's order.

    `steps` is the value of every step, if the side knows it: a `StepOracle` does, a graph does not. `uncoded` are the
    rows that a side refuses, where it has no codes to refuse them with: its guards are then not compared. `undefined`
    are the rows about which an oracle says nothing. Both are bool [N].
    """

    outputs: Mapping[str, Array]
    valid: Mapping[str, Array]
    guards: Array
    steps: Mapping[str, Block] = field(default_factory=dict)
    uncoded: Array | None = None
    undefined: Array | None = None

    @property
    def refused(self) -> Array:
        """bool [N]: rows that are refused, by any guard or without a code."""
        return np.asarray(self.guards.any(axis=1)) if self.uncoded is None else self.uncoded

    @property
    def defined(self) -> Array:
        """bool [N]: rows to compare."""
        return np.ones(len(self.guards), dtype=bool) if self.undefined is None else ~self.undefined

    def value(self, output: str, i: int, k: int) -> object:
        """One value of an output as plain Python; None where it is missing."""
        valid = self.valid.get(output)
        if valid is not None and not valid[i, k]:
            return None
        if k >= self.outputs[output].shape[1]:
            return NO_COLUMN
        value = self.outputs[output][i, k]
        return value.item() if isinstance(value, np.generic) else value

    def rows(self, index: Array | slice) -> Outcome:
        """Some of the rows, without the values of steps."""
        return Outcome(
            {name: array[index] for name, array in self.outputs.items()},
            {name: array[index] for name, array in self.valid.items()},
            self.guards[index],
            uncoded=None if self.uncoded is None else self.uncoded[index],
            undefined=None if self.undefined is None else self.undefined[index],
        )

    def without_steps(self) -> Outcome:
        """The outcome without the values of steps, small enough to keep."""
        return replace(self, steps={})


@dataclass(frozen=True)
class Alone:
    """How an oracle answers about rows alone, compared with its own answers about the same rows in a batch.

    `differing` of the `rows` have other bits in one of `columns` (`OUTPUT: COLUMN`), or are refused alone; the largest
    error is relative to max(1, |value in the batch|).
    """

    rows: int
    differing: int
    refused: int
    worst_error: float
    columns: tuple[str, ...]


@dataclass(frozen=True)
class GuardHit:
    """One guard column: rows of `step` whose input column `column` violated the policy."""

    code: str
    step: str
    column: str
    mask: Array  # bool [N]


@dataclass(frozen=True)
class Evaluation:
    """A pipeline evaluated step by step: each value by name, the outputs, their missing positions and the guards."""

    values: Mapping[str, Block]
    outputs: Mapping[str, Array]
    valid: Mapping[str, Array]  # only outputs that may hold nulls and are not floats
    guards: tuple[GuardHit, ...]

    def outcome(self, guards: Guards | None) -> Outcome:
        """The outcome, with the guards in the manifest's order."""
        rows = next(iter(self.values.values())).rows
        hits: dict[tuple[str, str, str], list[Array]] = {}  # several if a step has columns of the same name
        for hit in self.guards:
            hits.setdefault((hit.code, hit.step, hit.column), []).append(hit.mask)
        specs = () if guards is None else guards.columns
        masks_by_guard = [hits.get((g.code, g.step, g.input)) for g in specs]
        columns = [masks.pop(0) if masks else np.zeros(rows, dtype=bool) for masks in masks_by_guard]
        # a guard that the graph does not have becomes an extra column, so that the shapes differ when it fires
        columns += [mask for masks in hits.values() for mask in masks if mask.any()]
        fired = np.stack(columns, axis=1) if columns else np.zeros((rows, 0), dtype=bool)
        return Outcome(self.outputs, self.valid, fired, self.values)


def in_words(oracle: str) -> str:
    """The oracle of an artifact, in a sentence."""
    return "its reference" if oracle == REFERENCE else oracle


Evaluate = Callable[[Pipeline, Mapping[str, Block]], Evaluation]


@runtime_checkable
class Oracle(Protocol):
    """Says what is right for rows, in batches."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def by_design(self) -> frozenset[str]:
        """The codes of guards by which an artifact may refuse a row that this oracle serves."""

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """The outcome of blocks [N, 1] per input."""


@runtime_checkable
class StepOracle(Oracle, Protocol):
    """An oracle whose outcomes have the value of every step."""

    @property
    def steps_name(self) -> str:
        """Who evaluates the steps, for a report."""

    def evaluate(self, pipeline: Pipeline, blocks: Mapping[str, Block]) -> Evaluation:
        """Any fitted pipeline, such as a part of the plan, evaluated step by step."""


@runtime_checkable
class AsksAlone(Protocol):
    """An oracle whose answer about a row may depend on the rows beside it."""

    def alone(self) -> Alone | None:
        """What it says about some of the rows so far, one by one; None where there was none."""


def select(values: Mapping[str, Block], ref: Ref) -> Block:
    """The columns that a reference names."""
    block = values[ref.value]
    return block if ref.start is None or ref.stop is None else block.columns(ref.start, ref.stop)
