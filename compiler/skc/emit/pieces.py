"""Parts of texts that one regular expression finds: for ops that need neither single characters nor a table of them.

Why a row before the first: the tokenizer's output is as wide as the most matches in a batch, and an empty batch loses
its shape. A constant row that has every part gives each batch that width; it is dropped at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.opset import const, op, tokenize_by

if TYPE_CHECKING:
    from spox import Var

END = np.iinfo(np.int64).max


def inside_class(ranges: str) -> str:
    """Ranges (pairs of characters) as the inside of a class of a regular expression."""
    pairs = zip(ranges[::2], ranges[1::2], strict=True)
    return "".join(re.escape(first) + (f"-{re.escape(last)}" if last != first else "") for first, last in pairs)


def with_example(texts: Var, width: int, example: str) -> Var:
    """Strings [N + 1, width]: the texts after a row of examples."""
    return op.concat([const(np.full((1, width), example)), texts], axis=0)


def without_example(x: Var) -> Var:
    """[N, ...]: all rows but the first."""
    return op.slice(x, const([1]), const([END]), const([0]))


def first_matches(texts: Var, pattern: str, width: int) -> Var:
    """Strings [N, width]: the first match in each of the texts [N, width], "" where there is none; N is not 0."""
    return match_at(tokenize_by(texts, pattern, width), 0)


def match_at(matches: Var, place: int) -> Var:
    """Strings [N, K]: the match of that number among the matches [N, K, L] of each text; each batch has so many."""
    return op.gather(matches, const(place, np.int64), axis=2)


def one_of(texts: Sequence[str]) -> str:
    """A regular expression that matches just these texts."""
    return f"(?:{'|'.join(map(re.escape, texts))})"


def split_at(texts: Var, delimiter: str, most: int | None = None) -> Var:
    """Strings [N, K, L]: the parts of each text between delimiters, at most so many, padded with ""; none of "".

    N is not 0.
    """
    parts, _ = op.string_split(texts, delimiter=delimiter, maxsplit=None if most is None else most - 1)
    return parts


def joined_few(parts: Var, width: int, most: int) -> Var:
    """Strings [N, width]: the first parts of [N, width, L], at most so many, as one text."""
    count = 1 << (most - 1).bit_length()
    empty = const(np.full((1, width, count), ""))
    rows = op.concat([op.shape(parts, start=0, end=1), const([width, count])], axis=0)
    parts = op.concat([parts, op.expand(empty, rows)], axis=2)
    while count > 1:
        even, odd = (op.slice(parts, const([start]), const([count]), const([2]), const([2])) for start in (0, 1))
        parts, count = op.string_concat(even, odd), count // 2
    return op.squeeze(parts, const([2]))
