"""What the ops share that ask something of a text and answer with bool: types, the reference, the graph, and texts to
try.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import numpy as np

from skc.emit.blocks import GraphBlock, masked
from skc.emit.opset import op
from skc.op import require, require_exact
from skc.values.types import Block, Scalar, ValueType, make_block


def answer_type(x: ValueType, *, op: str) -> ValueType:
    """bool for each text. Raises SkcError for other input."""
    require(x, "string", op=op)
    require_exact(x, op=op)
    return x.with_(dtype="bool")


def answers(x: Block, question: Callable[[str], bool]) -> Block:
    """The answer for each text."""
    results = [question(str(text)) for text in x.values.ravel()]
    return make_block("bool", np.array(results, dtype=bool).reshape(x.values.shape), x.valid)


def answers_in_graph(x: GraphBlock, pattern: str) -> GraphBlock:
    """Whether each text as a whole matches a regular expression (RE2)."""
    return masked("bool", x.width, op.regex_full_match(x.values, pattern=pattern), x.valid)


def texts_near(words: tuple[str, ...]) -> list[Scalar]:
    """Each word by itself, inside others, cut short, in another case and another normal form; and other texts."""
    texts = [text for word in words for text in _near(word)]
    return [None, *dict.fromkeys([*texts, "", " ", "\n", "é", "e\u0301", "İ", "ß", "ﬁ", "\u00a0", "😀", "a" * 300])]


def _near(word: str) -> Iterator[str]:
    yield from (word, f"a{word}", f"{word}a", f"a\n{word}\nb", f" {word}", f"{word} ", word * 2, word[1:], word[:-1])
    yield from (word.lower(), word.upper(), word.casefold(), word[::-1], f"{word[:1]}\u200d{word[1:]}")
    yield from (unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC", "NFKD"))
