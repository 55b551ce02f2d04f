"""Which rows of some data a new artifact changes, per output column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from skc.artifact import MODEL, Artifact
from skc.equality.sides import Graph
from skc.oracle.protocol import Outcome
from skc.values.types import Block
from skc_runtime.agreement import same_bits
from skc_runtime.kinds import Array


@dataclass(frozen=True)
class ColumnRows:
    """The number of rows in which a column that both artifacts have changes, by a bit or more."""

    output: str
    column: str
    changed: int


@dataclass(frozen=True)
class RowsChanged:
    """`changed` rows have another value in a column that both have, or are served by only one artifact."""

    rows: int
    changed: int
    newly_refused: int
    newly_served: int
    columns: tuple[ColumnRows, ...]

    @property
    def share(self) -> float:
        return self.changed / self.rows if self.rows else 0.0


Blocks = Mapping[str, Block]


def rows_changed(old: Artifact, new: Artifact, batches: Iterable[tuple[Blocks, Blocks]]) -> RowsChanged:
    """Run both graphs on all rows. `batches` yield the same rows as blocks [N, 1] for the inputs of each."""
    graphs = [Graph(artifact.manifest, artifact.files[MODEL]) for artifact in (old, new)]
    places = _common_columns(old, new)
    per_column = np.zeros(len(places), dtype=np.int64)
    totals = np.zeros(4, dtype=np.int64)  # rows, changed, newly refused, newly served
    for pair in batches:
        before, after = (graph.run(blocks) for graph, blocks in zip(graphs, pair, strict=True))
        refused, served = ~before.refused & after.refused, before.refused & ~after.refused
        served_by_both = ~before.refused & ~after.refused
        differs = [_differs(before, after, *place) & served_by_both for place in places]
        changed = refused | served
        for k, mask in enumerate(differs):
            per_column[k] += mask.sum()
            changed = changed | mask
        totals += [len(served_by_both), changed.sum(), refused.sum(), served.sum()]
    columns = tuple(
        ColumnRows(output, old_name, int(number))
        for (output, old_name, _, _), number in zip(places, per_column, strict=True)
    )
    rows, changed_rows, newly_refused, newly_served = totals.tolist()
    return RowsChanged(rows, changed_rows, newly_refused, newly_served, columns)


def together(old: Iterable[Blocks], new: Iterable[Blocks]) -> Iterator[tuple[Blocks, Blocks]]:
    """The same rows of both, which may have them in batches of other sizes."""
    lefts, rights = iter(old), iter(new)
    left, right = next(lefts, None), next(rights, None)
    while left is not None and right is not None:
        rows = min(_count(left), _count(right))
        yield _slice(left, slice(rows)), _slice(right, slice(rows))
        left = next(lefts, None) if rows == _count(left) else _slice(left, slice(rows, None))
        right = next(rights, None) if rows == _count(right) else _slice(right, slice(rows, None))
    assert left is None, "the old artifact reads more rows"
    assert right is None, "the new artifact reads more rows"


def _count(blocks: Blocks) -> int:
    return next(iter(blocks.values())).rows


def _slice(blocks: Blocks, rows: slice) -> dict[str, Block]:
    return {name: block.some(rows) for name, block in blocks.items()}


def _common_columns(old: Artifact, new: Artifact) -> list[tuple[str, str, int, int]]:
    """Output, column, and its index in the old and in the new output."""
    new_outputs = {o.name: o for o in new.manifest.outputs}
    common = []
    for output in old.manifest.outputs:
        match = new_outputs.get(output.name)
        places = {} if match is None or match.dtype != output.dtype else {c: k for k, c in enumerate(match.columns)}
        common += [(output.name, c, k, places[c]) for k, c in enumerate(output.columns) if c in places]
    return common


def _differs(old: Outcome, new: Outcome, output: str, column: str, k: int, j: int) -> Array:
    """bool [N]: rows with a different value, or with a null on only one side."""
    a, b = old.outputs[output][:, k : k + 1], new.outputs[output][:, j : j + 1]
    present = [_present(side, output, place) for side, place in ((old, k), (new, j))]
    return np.asarray((present[0] != present[1]) | (present[0] & present[1] & ~same_bits(a, b)[:, 0]))


def _present(side: Outcome, output: str, k: int) -> Array:
    valid = side.valid.get(output)
    return np.ones(len(side.outputs[output]), dtype=bool) if valid is None else valid[:, k]
