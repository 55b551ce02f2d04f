"""Texts inside the graph: their characters, their tokens, and how often each key of a vocabulary occurs.

Why no StringNormalizer: it reads the host's locale. A text is split into characters, each is looked up in a table that
the model holds, and the characters are joined again by halving: neighbours are joined, then pairs, and so on.

Elements that are left out are "" until `compact` moves the others together. For an empty batch the tokenizer loses the
shape of its output, so each result is reshaped by the shape of its input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.opset import const, ml, op, tokenize, tokenize_by

if TYPE_CHECKING:
    from spox import Var

CHUNK = 256  # characters
UNCHANGED = "\ufffe"  # no character: what a table gives for one that it does not hold
OTHER, CASED, IGNORABLE = 0, 1, 2
SIGMA = "Σ"
END = np.iinfo(np.int64).max


def characters(text: Var, pad: str = "") -> Var:
    """Strings [N, L]: the characters of [N, 1] texts, padded."""
    return _rows(text, tokenize(text, pad))


def tokens(text: Var, pattern: str) -> Var:
    """Strings [N, T]: all matches of a regular expression (RE2) in [N, 1] texts, padded with ""."""
    return _rows(text, tokenize_by(text, pattern, 1))


def _rows(text: Var, strings: Var) -> Var:
    shape = op.concat([op.shape(text, start=0, end=1), op.shape(strings, start=-1)], axis=0)
    return op.reshape(strings, shape, allowzero=1)


def blank(text: Var) -> Var:
    """Strings [N, 1]: "" for each text."""
    return op.where(op.equal(text, text), const([[""]]), const([[""]]))


def _columns(x: Var, start: int, stop: int = END, step: int = 1) -> Var:
    return op.slice(x, const([start]), const([stop]), const([1]), const([step]))


def joined(parts: Var, empty: Var, longest: int) -> Var:
    """Strings [N, 1]: the first parts of [N, L], at least so many, as one text. `empty` is [N, 1] of ""."""
    parts = op.concat([parts, empty], axis=1)
    for _ in range((longest - 1).bit_length()):
        padded = op.concat([parts, empty], axis=1)
        parts = op.string_concat(_columns(parts, 0, END, 2), _columns(padded, 1, END, 2))
    return _columns(parts, 0, 1)


def replaced(strings: Var, table: Mapping[str, str], default: str | None) -> Var:
    """Strings of the same shape: what a table gives for each; for others the default, None: themselves."""
    if not table and default is None:
        return strings
    keys, values = list(table), list(table.values())
    if not keys:
        keys, values = [""], [default or ""]
    fallback = UNCHANGED if default is None else default
    looked_up = ml.label_encoder(strings, keys_strings=keys, values_strings=values, default_string=fallback)
    if default is not None:
        return looked_up
    return op.where(op.equal(looked_up, const(UNCHANGED)), strings, looked_up)


def is_one_of(strings: Var, keys: Sequence[str]) -> Var:
    """bool of the same shape."""
    looked_up = ml.label_encoder(strings, keys_strings=list(keys), values_int64s=[1] * len(keys), default_int64=0)
    return op.equal(looked_up, const(1, np.int64))


@dataclass(frozen=True)
class Chunks:
    """Texts [N, 1] cut into pieces of CHUNK characters: M pieces in all, so that a long text costs the others nothing.

    `strings` are the characters of each piece [M, L], padded with ""; all but the last of a text have CHUNK. `place` is
    int64 [N, T]: the number of each text's pieces, M where it has fewer. `is_first` is bool [M].
    """

    strings: Var
    place: Var
    is_first: Var


def cut(text: Var) -> Chunks:
    """The characters of texts, piece by piece."""
    pieces = tokens(text, f"(?s).{{1,{CHUNK}}}")
    one, flat = const(1, np.int64), const([-1])
    is_there = op.not_(op.equal(pieces, const("")))
    kept = op.reshape(is_there, flat)
    strings = characters(op.unsqueeze(op.compress(op.reshape(pieces, flat), kept, axis=0), const([1])))
    number = op.cumsum(op.cast(kept, to=np.int64), const(0, np.int64))
    last = op.shape(strings, start=0, end=1)
    place = op.where(is_there, op.sub(op.reshape(number, op.shape(pieces), allowzero=1), one), last)
    column = op.cumsum(op.cast(op.equal(pieces, pieces), to=np.int64), one)
    is_first = op.equal(op.compress(op.reshape(column, flat), kept, axis=0), one)
    return Chunks(strings, place, is_first)


def put_together(chunks: Chunks, folded: Var, text: Var, longest: int) -> Var:
    """Strings [N, 1]: the texts whose pieces have become `folded` [M, L]; of more than `longest` only the beginning."""
    width = op.shape(folded, start=0, end=1)
    empty = op.expand(const(""), op.concat([width, const([1])], axis=0))
    pieces = op.concat([joined(folded, empty, CHUNK), const([[""]])], axis=0)
    parts = op.gather(op.squeeze(pieces, const([1])), chunks.place, axis=0)
    return joined(parts, blank(text), -(-longest // CHUNK))


def is_longer(chunks: Chunks, longest: int) -> Var:
    """bool [N, 1]: the texts of more characters than that."""
    return op.greater(lengths(chunks), const(float(longest)))


def lengths(chunks: Chunks) -> Var:
    """float64 [N, 1]: how many characters each text has."""
    there = op.cast(op.not_(op.equal(chunks.strings, const(""))), to=np.float64)
    counts = op.concat([op.reduce_sum(there, const([1]), keepdims=0), const([0.0])], axis=0)
    return op.reduce_sum(op.gather(counts, chunks.place, axis=0), const([1]), keepdims=1)


def is_final_sigma(chunks: Chunks, cased: Sequence[str], ignorable: Sequence[str]) -> Var:
    """bool [M, L]: a capital sigma after a cased character and before none; ignorable characters do not count.

    All pieces are one sequence here, with a character that is not cased before each text, and an ignorable one before
    each other piece. Those that are not ignorable are numbered from 1; of each number it is noted whether it is cased.
    """
    keys = [*cased, *ignorable]
    values = [CASED] * len(cased) + [IGNORABLE] * len(ignorable)
    inner = ml.label_encoder(chunks.strings, keys_strings=keys, values_int64s=values, default_int64=OTHER)
    before_piece = op.where(chunks.is_first, const(OTHER, np.int64), const(IGNORABLE, np.int64))
    wide = op.concat([op.unsqueeze(before_piece, const([1])), inner], axis=1)
    kind, zero, one = op.reshape(wide, const([-1])), const(0, np.int64), const(1, np.int64)
    counts = op.cast(op.not_(op.equal(kind, const(IGNORABLE, np.int64))), to=np.int64)
    number = op.cumsum(counts, zero)
    nothing = op.expand(zero, op.add(op.shape(kind), const([2])))
    is_cased = op.scatter_elements(nothing, op.mul(number, counts), op.mul(counts, kind), axis=0)
    before = op.gather_elements(is_cased, op.sub(number, one), axis=0)
    after = op.gather_elements(is_cased, op.add(number, one), axis=0)
    is_final = op.and_(op.equal(before, one), op.equal(after, zero))
    return op.and_(
        op.equal(chunks.strings, const(SIGMA)), _columns(op.reshape(is_final, op.shape(wide), allowzero=1), 1)
    )


def shifted(mask: Var, by: int, *, outside: bool = False) -> Var:
    """bool [N, L]: at each place that of the place before (`by` 1) or after (-1); `outside` at the end."""
    ends = op.expand(const(outside), op.concat([op.shape(mask, start=0, end=1), const([1])], axis=0))
    if by == 1:
        return _columns(op.concat([ends, mask], axis=1), 0, -1)
    return _columns(op.concat([mask, ends], axis=1), 1)


def compact(parts: Var, is_kept: Var, pad: str) -> Var:
    """Strings [N, L + 1]: the parts [N, L] that are kept, in order, padded."""
    kept = op.cast(is_kept, to=np.int64)
    last = op.shape(parts, start=1)  # where what is left out goes, before it is replaced by the pad
    place = op.where(is_kept, op.sub(op.cumsum(kept, const(1, np.int64)), const(1, np.int64)), last)
    shape = op.add(op.shape(parts), const([0, 1]))
    updates = op.where(is_kept, parts, const(pad))
    return op.scatter_elements(op.expand(const(pad), shape), place, updates, axis=1)


def grams(parts: Var, least: int, most: int, between: str, pad: Var) -> Var:
    """Strings [N, G]: `least` to `most` neighbours of [N, L] joined with `between`. `pad` is [N, 1]."""
    padded = op.concat([parts, *[pad] * (most - 1)], axis=1) if most > 1 else parts
    gram, strings = parts, [parts] if least == 1 else []
    for n in range(2, most + 1):
        following = _columns(padded, n - 1, n - most or END)
        gram = op.string_concat(op.string_concat(gram, const(between)) if between else gram, following)
        strings += [gram] if n >= least else []
    return strings[0] if len(strings) == 1 else op.concat(strings, axis=1)


def gram_masks(is_part: Var, least: int, most: int) -> Var:
    """bool [N, G]: which of `grams` have a part at every place, given which of the parts [N, L] are one."""
    mask, masks, following = is_part, [is_part] if least == 1 else [], is_part
    for n in range(2, most + 1):
        following = shifted(following, -1)
        mask = op.and_(mask, following)
        masks += [mask] if n >= least else []
    return masks[0] if len(masks) == 1 else op.concat(masks, axis=1)


def counted(strings: Var, places: Mapping[str, int], width: int) -> Var:
    """float64 [N, width]: how often the strings [N, G] of each place occur; others count nowhere."""
    keys, values = list(places), list(places.values())
    place = ml.label_encoder(strings, keys_strings=keys or [""], values_int64s=values or [-1], default_int64=-1)
    zero = const(0, np.int64)
    is_unknown = op.less(place, zero)
    return added(op.where(is_unknown, zero, place), op.where(is_unknown, const(0.0), const(1.0)), width)


def added(place: Var, amounts: Var, width: int) -> Var:
    """float64 [N, width]: the sums of the amounts [N, G] of each place [N, G]."""
    shape = op.concat([op.shape(place, start=0, end=1), const([width])], axis=0)
    return op.scatter_elements(op.expand(const(0.0), shape), place, amounts, axis=1, reduction="add")
