"""Where a batch is cut into the chunks that run at once.

A chunk takes as many of the following rows as keep

    rows ≤ ROWS    and    rows x length of the longest text among them ≤ LENGTHS

but at least one row. Every runtime keeps these bounds. A row has the same bits in any chunk.

Why: a chunk should fit into a processor's cache. A step that splits texts makes tensors of rows x longest text, of
some 170 bytes a character, and of 1,700 if it counts sequences of characters within words, so that one long text in a
batch of short ones would take gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

ROWS = 4096
LENGTHS = 1 << 18


def cuts(rows: int, longest: int, lengths: Callable[[], Sequence[int]], most: int = ROWS) -> Iterator[slice]:
    """The chunks of a batch, in order, of at most `most` rows. No text is longer than `longest`; `lengths` are those of
    the longest text of each row, which only a batch with a long text needs.
    """
    if min(rows, most) * longest <= LENGTHS:
        yield from (slice(start, min(start + most, rows)) for start in range(0, rows, most))
        return
    start = widest = 0
    for row, length in enumerate(lengths()):
        widest = max(widest, length)
        if row > start and (row + 1 - start > most or (row + 1 - start) * widest > LENGTHS):
            yield slice(start, row)
            start, widest = row, length
    yield slice(start, rows)
