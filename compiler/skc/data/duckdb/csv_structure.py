"""A fast check of how a CSV file is written: whether all readers read it alike.

Why: readers agree only on regular files. The engine drops a space next to a quote, and a surplus empty field at the end
of a line; Python's csv, pandas and Polars do not. Reading the file again with Python would detect all of that, but take
ten times as long as the engine. This scans the bytes block by block with NumPy; only a file that is not regular is read
again, by `csv_trouble`, which accepts it or names the line.

Regular: a field either has no quote, or begins and ends with one and has pairs of them inside; all records have the
same number of fields; lines end in LF or CR LF; all is UTF-8. With a single column, no line is empty, since that may
be a record to some readers.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skc.data.text.opening import opened
from skc_runtime.kinds import Array

LF, CR, QUOTE = b'\n\r"'
BOM = b"\xef\xbb\xbf"
BLOCK = 1 << 20
STRETCH = 1 << 12  # the most by which a block grows, so as not to end in a quote or CR


@dataclass
class _State:
    """The state carried from one block to the next."""

    width: int
    delimiter: int
    before: int = LF  # the last byte
    is_quoted: bool = False
    fields: int = 0  # delimiters since the last line end
    length: int = 0  # bytes since then


def is_regular(file: str, delimiter: str, width: int) -> bool:
    """Whether a file of `width` columns is regular. Raises `UNREADABLE`."""
    state = _State(width, ord(delimiter))
    decoder = getincrementaldecoder("utf-8")()
    for block in _blocks(file):
        if block[-1] in (QUOTE, CR) and len(block) >= BLOCK + STRETCH:
            return False
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return False
        if not _is_regular_block(np.frombuffer(block, np.uint8), state):
            return False
    is_whole = not decoder.getstate()[0] and not state.is_quoted  # it does not end inside a character or a quote
    return is_whole and (state.length == 0 or state.fields == width - 1)


def _blocks(file: str) -> Iterator[bytes]:
    """The bytes of a file without its byte order mark, in blocks that end neither in a quote nor in CR."""
    with opened(file) as stream:
        block = stream.read(len(BOM)).removeprefix(BOM) + stream.read(BLOCK)
        while block:
            stretch = 0
            while block[-1] in (QUOTE, CR) and stretch < STRETCH and (extra := stream.read(1)):
                block += extra
                stretch += 1
            yield block
            block = stream.read(BLOCK)


def _is_regular_block(block: Array, state: _State) -> bool:
    quotes = np.flatnonzero(block == QUOTE)
    delimiters, ends, returns = (block == byte for byte in (state.delimiter, LF, CR))
    if state.is_quoted or len(quotes):
        if not _are_regular_quotes(block, quotes, state):
            return False
        outside = ~_quoted(quotes, len(block), state)
        delimiters, ends, returns = delimiters & outside, ends & outside, returns & outside
        state.is_quoted ^= len(quotes) % 2 == 1
    alone = np.flatnonzero(returns) + 1
    if len(alone) and (alone[-1] == len(block) or not (block[alone] == LF).all()):
        return False
    is_regular = _are_regular_lines(block, np.flatnonzero(ends), np.flatnonzero(delimiters), state)
    state.before = int(block[-1])
    return is_regular


def _quoted(quotes: Array, length: int, state: _State) -> Array:
    """For every byte, whether a quote is open after it: an xor of all quotes so far, but ten times as fast."""
    runs = np.diff(quotes, prepend=0, append=length)
    is_open = np.full(len(runs), state.is_quoted)
    is_open[1::2] ^= True
    return np.repeat(is_open, runs)


def _are_regular_quotes(block: Array, quotes: Array, state: _State) -> bool:
    """Whether every opening quote is at the start of a field or after a closing one, and vice versa."""
    beside = np.zeros(256, bool)
    beside[[state.delimiter, LF, CR, QUOTE]] = True
    first = int(state.is_quoted)
    opening, closing = quotes[first::2], quotes[1 - first :: 2]
    before = np.where(opening > 0, block[opening - 1], state.before)
    after = np.where(closing + 1 < len(block), block[np.minimum(closing + 1, len(block) - 1)], LF)
    return bool(beside[before].all() and beside[after].all())


def _are_regular_lines(block: Array, ends: Array, delimiters: Array, state: _State) -> bool:
    """Whether every line that ends in this block has all its fields, or is empty and cannot be a record."""
    fields = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    starts = np.concatenate([[-state.length], ends[:-1] + 1])[: len(ends)]
    lengths = ends - starts
    lengths = lengths - ((lengths > 0) & (np.where(ends > 0, block[ends - 1], state.before) == CR))
    if len(ends):
        fields[0] += state.fields
        last = int(ends[-1])
        state.fields = len(delimiters) - int(np.searchsorted(delimiters, last))
        state.length = len(block) - last - 1
    else:
        state.fields += len(delimiters)
        state.length += len(block)
    if state.width == 1:
        return bool((fields == 0).all() and (lengths > 0).all()) and state.fields == 0
    return bool(((fields == state.width - 1) | (lengths == 0)).all()) and state.fields < state.width
