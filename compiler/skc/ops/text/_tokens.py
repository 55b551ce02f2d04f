"""What the ops that take texts apart share: their parameters, the reference in Python, and the same in the graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.emit.pieces import inside_class
from skc.emit.text import (
    blank,
    characters,
    compact,
    gram_masks,
    grams,
    is_one_of,
    shifted,
    tokens,
)
from skc.op import refuse, require, require_exact
from skc.ops.text._characters import characters_of, class_ranges, parse_token_pattern
from skc.stats.requests import ColumnStats
from skc.values.types import Block, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Analyzer = Literal["word", "char", "char_wb"]
TOKEN_PATTERN = r"(?u)\b\w\w+\b"
SPACE = " "
GUARD = "invalid-value"
LONGEST = 700  # characters: of the texts tried, those that end with a batch


@dataclass(frozen=True)
class Splitting:
    """How a text is taken apart, complete: parameters, and the classes of characters as ranges.

    `token` is the class of a token's characters; where `run` is given, a token is a whole run of that class in which
    every character is of `token`. `spaces` are what separates words, for the analyzers of characters.
    """

    analyzer: Analyzer
    least: int  # n-grams of `least` to `most`
    most: int
    stop_words: tuple[str, ...]
    token: str
    shortest: int
    run: str
    spaces: str


@dataclass(frozen=True)
class Classes:
    """The state of an op that takes texts apart, by column: see `Splitting`."""

    token: tuple[str, ...]
    shortest: tuple[int, ...]
    run: tuple[str, ...]
    spaces: tuple[str, ...]


class Parameters(Protocol):
    """What every op that takes texts apart has among its parameters."""

    @property
    def analyzer(self) -> Analyzer: ...
    @property
    def ngram_range(self) -> tuple[int, int]: ...
    @property
    def token_pattern(self) -> str: ...
    @property
    def stop_words(self) -> tuple[str, ...]: ...
    @property
    def null(self) -> Literal["error", "zeros"]: ...


def counts_type(params: Parameters, x: ValueType, each: int, *, op: str) -> ValueType:
    """The type of `each` counts for every text. Raises SkcError for other input, and for contradictory parameters."""
    require(x, "string", op=op)
    require_exact(x, op=op)
    check_splitting(params.analyzer, params.ngram_range, params.token_pattern, params.stop_words)
    return ValueType("float64", width=None if x.width is None else x.width * each)


def learned(params: Parameters, x: ValueType, columns: Sequence[ColumnStats]) -> Classes:
    """The `freeze` of such an op: no row decides what it learns."""
    return classes_of(params.token_pattern, len(columns))


def splitting(params: Parameters, state: Classes, k: int) -> Splitting:
    """How the texts of column k are taken apart."""
    least, most = params.ngram_range
    classes = (state.token[k], state.shortest[k], state.run[k], state.spaces[k])
    return Splitting(params.analyzer, least, most, params.stop_words, *classes)


def counts_block(params: Parameters, x: Block, counts: Array) -> Block:
    """The counts [N, K, each] of texts as a block, with the guard that a null has."""
    block = Block("float64", counts.reshape(x.rows, -1))
    return block.guard(GUARD, ~x.present()) if params.null == "error" and x.valid is not None else block


def counts_in_graph(params: Parameters, x: GraphBlock, counts: Sequence[Var], each: int) -> GraphBlock:
    """The same in the graph, of [N, each] for each column. A null is the empty text there, which counts nothing."""
    block = GraphBlock("float64", each * x.width, concat_columns(counts))
    return block if params.null == "zeros" or x.valid is None else block.guard(GUARD, op.not_(x.valid))


def classes_of(pattern: str, width: int) -> Classes:
    """The classes of the Python that runs, for each column. Raises SKC151 for a pattern of several classes."""
    item, shortest, is_whole = parse_token_pattern(pattern)
    run = class_ranges(r"\w") if is_whole else ""
    return Classes((class_ranges(item),) * width, (shortest,) * width, (run,) * width, (class_ranges(r"\s"),) * width)


def check_splitting(analyzer: Analyzer, ngram_range: tuple[int, int], pattern: str, stop_words: Sequence[str]) -> None:
    """Refuse parameters that contradict each other."""
    if ngram_range[0] > ngram_range[1]:
        raise refuse("SKC124", f"`ngram_range` {list(ngram_range)} is empty", hint="write the smaller number first")
    if analyzer != "word" and stop_words:
        raise refuse(
            "SKC124", "`stop_words` are words, and the analyzer takes characters", hint="remove one of the two"
        )
    item, _, _ = parse_token_pattern(pattern)
    ranges = class_ranges(item)
    if analyzer == "word" and ngram_range[1] > 1 and SPACE in characters_of(ranges):
        hint = "exclude the space from the class, or use `ngram_range: [1, 1]`"
        raise refuse("SKC151", "tokens that contain spaces cannot be told from n-grams", hint=hint)


# The reference.


def split(how: Splitting, text: str) -> Iterator[str]:
    """The n-grams of a text, as scikit-learn's analyzers give them."""
    if how.analyzer == "word":
        yield from _ngrams(_words(how, text), how.least, how.most, SPACE)
    elif how.analyzer == "char":
        yield from _ngrams(_single_spaced(text, characters_of(how.spaces)), how.least, how.most, "")
    else:
        spaces = characters_of(how.spaces)
        for word in "".join(SPACE if c in spaces else c for c in text).split(SPACE):
            padded = f" {word} "
            if word and len(padded) < how.least:
                yield padded
            elif word:
                yield from _ngrams(padded, how.least, how.most, "")


def _words(how: Splitting, text: str) -> list[str]:
    allowed, run = characters_of(how.token), characters_of(how.run or how.token)
    words, word = [], ""
    for c in [*text, ""]:
        if c and c in run:
            word += c
            continue
        if len(word) >= how.shortest and allowed.issuperset(word) and word not in how.stop_words:
            words.append(word)
        word = ""
    return words


def _single_spaced(text: str, spaces: frozenset[str]) -> str:
    """Runs of two and more spaces as one blank; a single one stays as it is, be it a tab."""
    spaced, i = "", 0
    while i < len(text):
        stop = i
        while stop < len(text) and text[stop] in spaces:
            stop += 1
        spaced += text[i] if stop - i < 2 else SPACE
        i = max(stop, i + 1)
    return spaced


def _ngrams(parts: Sequence[str], least: int, most: int, between: str) -> Iterator[str]:
    for n in range(least, most + 1):
        for i in range(len(parts) - n + 1):
            yield between.join(parts[i : i + n])


def can_occur(how: Splitting, key: str) -> bool:
    """Whether a key has the form of an n-gram. In the graph some that have not would be found at the end of a text."""
    if how.analyzer == "word":
        parts = key.split(SPACE) if how.most > 1 else [key]
        is_stopped = any(part in how.stop_words for part in parts)
        return all(parts) and how.least <= len(parts) <= how.most and not is_stopped
    if how.analyzer == "char_wb" and len(key) < how.least:
        return len(key) > 2 and key[0] == key[-1] == SPACE and SPACE not in key[1:-1]
    return how.least <= len(key) <= how.most


def texts_between(how: Splitting) -> list[str]:
    """Texts that show what separates sequences: white space of every kind, stop words, and the end of the longest."""
    spaces = "".join(f"a{c}{c}" for c in sorted(characters_of(how.spaces)))
    stops = [f"one {word} two" for stop in how.stop_words[:20] for word in (stop, stop.upper(), f"{stop}s")]
    last = [end.rjust(LONGEST, fill) for end, fill in (("\t", "a"), ("\u00a0", "é"), ("\u3000", "z"), ("b", SPACE))]
    return [spaces, *stops, *last]


# The graph.


def ngrams(how: Splitting, text: Var) -> tuple[Var, Var]:
    """Strings and bool [N, G]: the n-grams of [N, 1] texts among others, and which they are.

    No key that `can_occur` equals one of the others, so that a lookup needs no mask.
    """
    if how.analyzer == "word":
        words = _word_tokens(how, text)
        is_word = op.not_(op.equal(words, const("")))
        if how.stop_words and how.most == 1:
            is_word = op.and_(is_word, op.not_(is_one_of(words, how.stop_words)))
        return grams(words, how.least, how.most, SPACE, blank(text)), gram_masks(is_word, how.least, how.most)
    pad = SPACE * (how.most + 1)  # whatever contains it is longer than any n-gram
    letters = characters(text)
    is_space = is_one_of(letters, sorted(characters_of(how.spaces)))
    parts = _spaced(letters, is_space, pad) if how.analyzer == "char" else _bounded(letters, is_space, pad)
    sequences = grams(parts, how.least, how.most, "", op.where(op.equal(text, text), const([[pad]]), const([[pad]])))
    is_sequence = gram_masks(op.not_(op.equal(parts, const(pad))), how.least, how.most)
    if how.analyzer == "char_wb" and how.least > 3:  # " a " is the shortest word
        words = tokens(text, f"[^{inside_class(how.spaces)}]+")
        is_short = op.regex_full_match(words, pattern=f"(?s).{{1,{how.least - 3}}}")
        whole = op.string_concat(op.string_concat(const(SPACE), words), const(SPACE))
        sequences = op.concat([sequences, op.where(is_short, whole, const(""))], axis=1)
        is_sequence = op.concat([is_sequence, is_short], axis=1)
    return sequences, is_sequence


def _word_tokens(how: Splitting, text: Var) -> Var:
    one = f"[{inside_class(how.run or how.token)}]"
    words = tokens(text, f"{one * (how.shortest - 1)}{one}+")
    is_kept = None
    if how.run:
        is_kept = op.regex_full_match(words, pattern=f"[{inside_class(how.token)}]*")
    if how.stop_words and how.most > 1:  # among single tokens they are not looked up
        is_word = op.not_(is_one_of(words, how.stop_words))
        is_kept = is_word if is_kept is None else op.and_(is_kept, is_word)
    return words if is_kept is None else compact(words, is_kept, "")


def _spaced(letters: Var, is_space: Var, pad: str) -> Var:
    """The characters with one blank for each run of spaces, padded."""
    after_space, before_space = shifted(is_space, 1), shifted(is_space, -1)
    is_kept = op.not_(op.or_(op.equal(letters, const("")), op.and_(is_space, after_space)))
    return compact(op.where(op.and_(is_space, before_space), const(SPACE), letters), is_kept, pad)


def _bounded(letters: Var, is_space: Var, pad: str) -> Var:
    """The characters of the words with a blank on either side, and a pad after each word."""
    is_end = op.equal(letters, const(""))
    is_outside = op.or_(is_space, is_end)
    is_first = op.and_(op.not_(is_outside), shifted(is_outside, 1, outside=True))
    is_last = op.and_(op.not_(is_outside), shifted(is_outside, -1, outside=True))
    before = op.where(is_first, const(SPACE), const(""))
    character = op.where(is_outside, const(""), letters)
    after = op.where(is_last, const(SPACE), const(""))
    gap = op.where(is_last, const(pad), const(""))
    axis = const([2])
    stacked = op.concat([op.unsqueeze(part, axis) for part in (before, character, after, gap)], axis=2)
    shape = op.concat([op.shape(letters, start=0, end=1), op.mul(op.shape(letters, start=1), const([4]))], axis=0)
    parts = op.reshape(stacked, shape, allowzero=1)
    return compact(parts, op.not_(op.equal(parts, const(""))), pad)
