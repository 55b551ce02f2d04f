"""Where a batch is cut into the chunks that run at once.

A chunk takes as many of the following rows as keep

    rows ≤ ROWS    and    rows x length of the longest text among them ≤ CHARACTERS

but at least one row. Every runtime cuts by this rule. A row has the same bits in any chunk.

Why: a chunk should fit into a processor's cache. A step that splits texts makes tensors of rows x longest text, at
up to 170 bytes a character, so that one long text in a batch of short ones would take gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skc_runtime.kinds import Array

ROWS = 4096
CHARACTERS = 1 << 18


def cuts(rows: int, texts: Sequence[Array], longest: int) -> Iterator[slice]:
    """The chunks of a batch, in order. `texts` are tensors [N, K] of str, none of them longer than `longest`."""
    if min(rows, ROWS) * longest <= CHARACTERS:
        yield from (slice(start, min(start + ROWS, rows)) for start in range(0, rows, ROWS))
        return
    lengths = [
        max(map(len, row)) for row in zip(*(column for text in texts for column in text.T.tolist()), strict=True)
    ]
    start = widest = 0
    for row, length in enumerate(lengths):
        widest = max(widest, length)
        if row > start and (row + 1 - start > ROWS or (row + 1 - start) * widest > CHARACTERS):
            yield slice(start, row)
            start, widest = row, length
    yield slice(start, rows)


def longest_of(texts: Array) -> int:
    """The length of the longest of str objects [N]."""
    return max(map(len, texts.tolist()), default=0)
