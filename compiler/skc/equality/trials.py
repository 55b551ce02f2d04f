"""Rows of a source, and an oracle's outcome for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skc.oracle.protocol import Oracle, Outcome
from skc.progress import Stages
from skc.rows.sources import OwnSources, RecordAt, RowSource
from skc.values.types import Block


@dataclass(frozen=True)
class Trial:
    """A batch of rows, the name of its source, and the right outcome."""

    source: str
    blocks: Mapping[str, Block]
    record: RecordAt
    want: Outcome


def trials(source: RowSource, oracle: Oracle) -> Iterator[Trial]:
    """The batches of a source."""
    for batch in source.batches():
        yield Trial(source.name, batch.blocks, batch.record, oracle.run(batch.blocks))


def own_trials(sources: OwnSources, oracle: Oracle, progress: Stages) -> Iterator[Trial]:
    """The batches of all sources that need only the pipeline."""
    for source in sources:
        progress(source.name)
        refused: list[bool] = []
        for trial in trials(source, oracle):
            refused += trial.want.refused.tolist()
            yield trial
        sources.learn(source, refused)
