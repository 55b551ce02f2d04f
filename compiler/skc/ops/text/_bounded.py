"""Texts of at most so many characters: what the ops share that cut a text into parts and join them again.

Why a bound: the graph joins parts by halving, so how many there may be is fixed when it is made. A longer text has a
guard, and is empty for what follows, so that it costs the other rows nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.values.types import Block

if TYPE_CHECKING:
    from spox import Var

GUARD = "out-of-range"


def guarded(block: Block, x: Block, longest: int) -> Block:
    """The block, with the guard of the texts of `x` that are too long."""
    too_long = np.array([len(text) > longest for text in x.values.ravel()], dtype=bool)
    return block.guard(GUARD, too_long.reshape(x.values.shape))


def within(texts: Var, longest: int) -> tuple[Var, Var]:
    """Strings and bool [N, K]: the texts, empty where they are too long, and whether they are not."""
    is_within = op.regex_full_match(texts, pattern=f"(?s).{{0,{longest}}}")
    return op.where(is_within, texts, const("")), is_within


def with_guard(block: GraphBlock, is_within: Var) -> GraphBlock:
    """The block, with the guard of the texts that are too long."""
    return block.guard(GUARD, op.not_(is_within))
