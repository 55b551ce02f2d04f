"""Where the rows of a verification come from: each source has a name, a description, and its rows in batches.

Why some sources depend on others: values for generated rows are taken from rows that were served, and only the oracle
knows whether a row is served. So `OwnSources` builds each source on demand, from what it has learned so far.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from skc.ir import Pipeline
from skc.oracle.protocol import Evaluate
from skc.rows.base_row import base_row
from skc.rows.boundaries import Reach, StepBoundaries
from skc.rows.branches import other_branches
from skc.rows.pool import Pool
from skc.rows.sampling import Record, RowsOf, Variations, blocks_at, hostile_values, stacked
from skc.values.types import Block, Scalar

CHUNK = 16_384  # rows in a batch, at most
CELLS = 1 << 22  # and values: a batch is held several times over, by both sides of a comparison
RecordAt = Callable[[int], Record]


@dataclass(frozen=True)
class Batch:
    """Some rows, both as one block [N, 1] per input and as records."""

    blocks: Mapping[str, Block]
    record: RecordAt


class RowSource(Protocol):
    """Rows to try."""

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str: ...

    def batches(self) -> Iterator[Batch]:
        """All rows. A source that streams yields them once."""


@dataclass(frozen=True)
class Records:
    """Rows that are held as records."""

    name: str
    about: str
    pipeline: Pipeline
    records: Sequence[Record]
    at_once: int | None = None  # rows in a batch; as many as CHUNK and CELLS allow by default

    def batches(self) -> Iterator[Batch]:
        size = self.at_once or max(1, min(CHUNK, CELLS // len(self.pipeline.inputs)))
        for start in range(0, len(self.records), size):
            rows = range(start, min(start + size, len(self.records)))
            blocks = blocks_at(self.pipeline.inputs, self.records, rows)
            yield Batch(blocks, partial(_later, self.records, start))


@dataclass(frozen=True)
class Stream:
    """Rows that come as blocks [N, 1] per input, once."""

    name: str
    about: str
    pipeline: Pipeline
    blocks: Iterable[Mapping[str, Block]]

    def batches(self) -> Iterator[Batch]:
        for blocks in self.blocks:
            yield Batch(blocks, RowsOf(self.pipeline.inputs, blocks).__getitem__)


def _later(records: Sequence[Record], start: int, i: int) -> Record:
    return records[start + i]


class OwnSources:
    """The sources that need nothing but the pipeline: boundaries, other branches, generated and hostile rows.

    `served` are the user's rows that are served, `known` other rows that may be. One of them can become the base row,
    in which one input after the other is changed, so that no other guard hides the effect of the change.

    `at_once` is for a verification that may end early: so many rows in a batch, and in an order in which the first rows
    are of every input and step alike, and evenly spread over their values.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        boundaries: Sequence[StepBoundaries],
        rows: int,
        seed: int,
        evaluate: Evaluate,
        known: Sequence[Record],
        served: Sequence[Record] = (),
        reach: Reach | None = None,
        at_once: int | None = None,
    ) -> None:
        self._pipeline, self._rows, self._seed, self._served = pipeline, rows, seed, served
        self._at_once = at_once
        self._evaluate = evaluate
        self.base = base_row(pipeline, _candidates(pipeline, boundaries), evaluate, [*served, *known])
        self.base_is_served = True
        self.boundaries = (reach or Reach()).further(pipeline, boundaries, self.base, evaluate)
        self._tame: dict[str, list[Scalar]] = {i.name: [self.base[i.name]] for i in pipeline.inputs}

    def __iter__(self) -> Iterator[Records]:
        """The sources in order. After each, call `learn` with which of its rows were refused."""
        yield self._boundaries()
        branches = self._branches()
        if branches.records:
            yield branches
        yield self._generated()
        yield self._hostile()

    def learn(self, source: Records, refused: Sequence[bool]) -> None:
        """Keep the values that changed the base row and were served; `refused` is about the first rows, as many as were
        tried.
        """
        if not isinstance(source.records, Variations):
            return
        self.base_is_served = not refused[0]
        for (name, value), is_refused in zip(source.records.changes, refused[1:], strict=False):
            if not is_refused:
                self._tame[name].append(value)

    def _boundaries(self) -> Records:
        raw = [(f.raw_input, value) for f in self.boundaries if f.raw_input is not None for value in f.raw_values]
        changes = [*{(name, type(value), repr(value)): (name, value) for name, value in raw}.values()]
        about = "every edge, category and near miss of this state, from raw inputs"
        return self._records("boundaries", about, Variations(self.base, self._mixed(changes)))

    def _branches(self) -> Records:
        branched = other_branches(self._pipeline, self.boundaries, self.base, self._evaluate)
        sampled = "; a sample of them" if branched.is_sample else ""
        about = (
            f"boundaries of an expression, and of the steps after it, through its other branches; beside nulls{sampled}"
        )
        rows = (
            branched.rows
            if self._at_once is None
            else random.Random(self._seed).sample(branched.rows, len(branched.rows))
        )
        return self._records("branches", about, rows)

    def _generated(self) -> Records:
        """Seeded mixtures: of served values, of all values, and of random ones."""
        inputs, wild_rows = self._pipeline.inputs, self._rows // 4
        tame = {name: [*values, *(record[name] for record in self._served)] for name, values in self._tame.items()}
        wild = _candidates(self._pipeline, self.boundaries)
        drawn = [
            Pool(tame).generate(self._rows - wild_rows, self._seed, inputs),
            Pool(wild).generate(wild_rows, self._seed + 1, inputs),
        ]
        records = stacked(inputs, [part.blocks(inputs, range(len(part))) for part in drawn])
        return self._records("generated", f"seeded records (seed {self._seed})", records)

    def _hostile(self) -> Records:
        """Each hostile value of each type in each input."""
        changes = [(i.name, value) for i in self._pipeline.inputs for value in hostile_values(i)]
        about = "infinities, denormals, extremes, blanks, Unicode"
        return self._records("hostile", about, Variations(self.base, self._mixed(changes)))

    def _mixed(self, changes: Sequence[tuple[str, Scalar]]) -> Sequence[tuple[str, Scalar]]:
        """For a verification that may end early: one change of each input in turn, at random among its own."""
        if self._at_once is None:
            return changes
        of_input: dict[str, list[tuple[str, Scalar]]] = {}
        for change in changes:
            of_input.setdefault(change[0], []).append(change)
        source = random.Random(self._seed)
        turns = [(k, change) for own in of_input.values() for k, change in enumerate(source.sample(own, len(own)))]
        return [change for _, change in sorted(turns, key=lambda turn: turn[0])]

    def _records(self, name: str, about: str, records: Sequence[Record]) -> Records:
        return Records(name, about, self._pipeline, records, self._at_once)


def _candidates(pipeline: Pipeline, per_step: Sequence[StepBoundaries]) -> dict[str, list[Scalar]]:
    """For each input the values that matter to its steps, and hostile ones."""
    pools: dict[str, list[Scalar]] = {i.name: hostile_values(i) for i in pipeline.inputs}
    for boundaries in per_step:
        if boundaries.raw_input is not None:
            pools[boundaries.raw_input] += boundaries.raw_values
    return pools
