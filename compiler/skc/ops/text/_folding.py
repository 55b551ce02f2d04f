"""What the ops share that replace each character by others, by a table in their state; and how a capital sigma ends.

Why a state: the tables are those of the Python that fits, so that what serves needs to know nothing of Unicode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, masked, take_columns
from skc.emit.opset import const
from skc.emit.opset import op as onnx
from skc.emit.text import cut, is_final_sigma, is_longer, put_together, replaced
from skc.op import always, require, require_exact
from skc.ops.text._characters import FINAL_SIGMA, SIGMA, all_characters, characters_of, sigma_context
from skc.values.types import Block, Scalar, ValueType, make_block

GUARD = "out-of-range"
LONGEST_TRIED = 1000
Longest = Annotated[int, Field(ge=1, le=2**20)]
LONGEST = 2**16


@dataclass(frozen=True)
class State:
    """By column: the characters that change, and what each becomes. `cased` and `ignorable` are ranges (see
    `_characters`) that decide how a capital sigma ends; empty where none can be final.
    """

    changed: tuple[str, ...]
    becomes: tuple[tuple[str, ...], ...]
    cased: tuple[str, ...]
    ignorable: tuple[str, ...]


def folded_type(x: ValueType, *, op: str) -> ValueType:
    """The same type. Raises SkcError for other input."""
    require(x, "string", op=op)
    require_exact(x, op=op)
    return x


def state_of(table: Mapping[str, str], width: int, *, has_sigma: bool = False) -> State:
    """The state of a table, for each column."""
    cased, ignorable = sigma_context() if has_sigma else ("", "")
    tables = ("".join(table), tuple(table.values()), cased, ignorable)
    return State(*((part,) * width for part in tables))  # type: ignore[arg-type]  # in the order of the fields


@cache
def upper_case() -> Mapping[str, str]:
    """What `str.upper` changes."""
    return {c: c.upper() for c in all_characters() if c.upper() != c}


@cache
def case_folds() -> Mapping[str, str]:
    """What `str.casefold` changes."""
    return {c: c.casefold() for c in all_characters() if c.casefold() != c}


def folded(state: State, x: Block, longest: int, *, only_ascii: bool = False) -> Block:
    """The texts, with the guard of those of more than `longest` characters. `only_ascii`: the others are left out."""
    texts = np.zeros(x.values.shape, dtype=object)
    too_long = np.zeros(x.values.shape, dtype=bool)
    for (i, k), text in np.ndenumerate(x.values):
        texts[i, k] = fold(state, k, str(text), only_ascii=only_ascii)
        too_long[i, k] = len(text) > longest
    return make_block("string", texts, x.valid).guard(GUARD, too_long)


def fold(state: State, k: int, text: str, *, only_ascii: bool = False) -> str:
    """One text of column k."""
    table = _table(state.changed[k], state.becomes[k])
    cased, ignorable = characters_of(state.cased[k]), characters_of(state.ignorable[k])
    ends = {i for i, c in enumerate(text) if c == SIGMA and cased and _ends_word(text, i, cased, ignorable)}
    is_kept = str.isascii if only_ascii else always(True)
    return "".join(FINAL_SIGMA if i in ends else table.get(c, c if is_kept(c) else "") for i, c in enumerate(text))


@lru_cache(maxsize=16)
def _table(changed: str, becomes: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(changed, becomes, strict=True))


def _ends_word(text: str, i: int, cased: frozenset[str], ignorable: frozenset[str]) -> bool:
    before = next((c for c in reversed(text[:i]) if c not in ignorable), None)
    after = next((c for c in text[i + 1 :] if c not in ignorable), None)
    return before in cased and after not in cased


def folded_in_graph(state: State, x: GraphBlock, longest: int, *, only_ascii: bool = False) -> GraphBlock:
    """The same in the graph."""
    texts, masks = [], []
    for k in range(x.width):
        table = dict(zip(state.changed[k], state.becomes[k], strict=True))
        if only_ascii:  # what is not a key leaves nothing
            table = {chr(code): chr(code) for code in range(1, 128)} | table
        text = take_columns(x.values, k, k + 1)
        chunks = cut(text)
        characters = replaced(chunks.strings, table, "" if only_ascii else None)
        if state.cased[k]:
            cased, ignorable = sorted(characters_of(state.cased[k])), sorted(characters_of(state.ignorable[k]))
            is_final = is_final_sigma(chunks, cased, ignorable)
            characters = onnx.where(is_final, const(FINAL_SIGMA), characters)
        texts.append(put_together(chunks, characters, text, longest))
        masks.append(is_longer(chunks, longest))
    block = masked("string", x.width, concat_columns(texts), x.valid)
    return block.guard(GUARD, concat_columns(masks))


def folded_levels(
    state: State, k: int, known: Sequence[Scalar] | None, *, only_ascii: bool = False
) -> tuple[Scalar, ...] | None:
    """The texts that become of known ones."""
    if known is None:
        return None
    return tuple(sorted({fold(state, k, str(text), only_ascii=only_ascii) for text in known}))


def texts_to_fold(state: State, k: int, longest: int, *, only_ascii: bool = False) -> list[Scalar]:
    """Every character of the tables, a hundred at a time, those of the context next to a sigma; sigmas in every place;
    texts of several pieces; the longest, unless it is too long to be tried in every pipeline.
    """
    ascii_ = [chr(code) for code in range(1, 128)] if only_ascii else []
    cased = [f"{c}Σ " for c in sorted(characters_of(state.cased[k]))]
    ignorable = [f"aΣ{c}b " for c in sorted(characters_of(state.ignorable[k]))]
    listed = [*state.changed[k], *ascii_, *cased, *ignorable]
    tables = ["".join(listed[i : i + 100]) for i in range(0, len(listed), 100)]
    ends = ["a" * longest, "a" * (longest + 1)] if longest <= LONGEST_TRIED else []
    sigmas = ["Σ", "ΑΣ", "ΑΣΑ", "Α'Σ'", "ΑΣ'Α", "1Σ", "ΣΣΣ", "ΑΣ Σ", "a\u0301Σ\u0301.", "ΑΣ1", "😀Σ", "ΑΣ-ΣΑΣ"]
    words = ["", " ", "İI", "ß ẞ", "É e\u0301", "ﬁ\u00a0½", "가각", "中文", "😀A😀", "\t\nA_1", "ﷺ"]
    return [None, *words, *sigmas, *tables, "É" * 256, "É" * 255 + "ΑΣ", "ΑΣ" * 128 + "'", "a" * 600, *ends]


def texts_that_stay(state: State, k: int, values: Sequence[Scalar], *, only_ascii: bool = False) -> list[Scalar]:
    """For `carry_back`: of the values those that folding does not change."""
    texts = [text for text in values if isinstance(text, str)]
    return [text for text in texts if fold(state, k, text, only_ascii=only_ascii) == text]
