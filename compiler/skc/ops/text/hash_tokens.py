"""Count the words or n-grams of a text by hash, into a fixed number of columns: like scikit-learn's
`HashingVectorizer`, dense.

Why: no vocabulary has to be learned, stored or kept up to date. Different words may share a column.

Example: `review: {from: review, apply: [fold_text, {hash_tokens: {n_features: 256}}]}`

The column of a word is |h| mod `n_features`, with h the signed 32-bit MurmurHash3 (x86, seed 0) of its UTF-8 bytes.

Parameters
----------
n_features : int, 1 to 65536
    The number of columns.
alternate_sign : bool, default true
    Count -1 for a word whose h is negative, so that words that share a column tend to cancel out.
analyzer : "word", "char" or "char_wb", default "word"
    As in `count_tokens`, like the following four.
ngram_range : two ints, default [1, 1]
    The lengths of the sequences.
token_pattern : text, default `(?u)\\b\\w\\w+\\b`
    What a word is: one class of characters, repeated.
stop_words : list of text, default empty
    Words that are left out before sequences are formed.
binary : bool, default false
    1 for every column that a word falls into, also where signs cancel out.
null : "error" or "zeros", default "error"
    For a null: refuse the row; or count nothing.

Input: string. Output: float64, whole numbers, one group of columns per input column. State: the classes of characters
of a word and of white space. The case matters: `fold_text` before this step lowers it.

Critical points
---------------
C1  A text is taken apart as in `count_tokens`, and every sequence counts, not only those of a vocabulary.
C2  -2^31, which has no positive counterpart in 32 bits, is taken as 2^31: all hashes have a column.
C3  With `alternate_sign` two words of one column may cancel out; `binary` counts the column all the same.
C4  A text without words counts nothing.
C5  Null: guard `invalid-value`, or zeros.
C6  Each input column has its own group; a column is named `NAME_place`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, signed_places, take_columns
from skc.emit.opset import const, op
from skc.emit.text import added
from skc.op import Case, Names, Op, always, parameters, refuse
from skc.ops.categorical._murmur3 import hash_key, signed_place
from skc.ops.text import tfidf_weight
from skc.ops.text._tokens import (
    GUARD,
    TOKEN_PATTERN,
    Analyzer,
    Classes,
    classes_of,
    counts_block,
    counts_in_graph,
    counts_type,
    learned,
    ngrams,
    split,
    splitting,
    texts_between,
)
from skc.ops.text._vectorizers import fold, parameters_of
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

MOST = 2**16
LEAST = "cbhatswl"  # its hash is -2^31


@parameters
class Params:
    n_features: Annotated[int, Field(ge=1, le=MOST)]
    alternate_sign: bool = True
    analyzer: Analyzer = "word"
    ngram_range: tuple[Annotated[int, Field(ge=1, le=20)], Annotated[int, Field(ge=1, le=20)]] = (1, 1)
    token_pattern: str = TOKEN_PATTERN
    stop_words: tuple[str, ...] = ()
    binary: bool = False
    null: Literal["error", "zeros"] = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    return counts_type(params, x, params.n_features, op="hash_tokens")


def names(params: Params, state: Classes, names: Names) -> tuple[Names, ...]:
    return tuple(tuple(f"{name}_{place}" for place in range(params.n_features)) for name in names)


def apply(params: Params, state: Classes, x: Block) -> Block:
    splittings = [splitting(params, state, k) for k in range(x.width)]
    counts = np.zeros((x.rows, x.width, params.n_features))
    hits = np.zeros(counts.shape, dtype=bool)
    for (i, k), text in np.ndenumerate(x.values):
        for sequence in split(splittings[k], str(text)) if x.present()[i, k] else ():
            place, sign = signed_place(hash_key(sequence, 0), params.n_features)
            counts[i, k, place] += sign if params.alternate_sign else 1
            hits[i, k, place] = True
    return counts_block(params, x, hits.astype(np.float64) if params.binary else counts)


def lower(params: Params, state: Classes, x: GraphBlock) -> GraphBlock:
    parts = []
    for k in range(x.width):
        sequences, is_sequence = ngrams(splitting(params, state, k), take_columns(x.values, k, k + 1))
        place, is_negative = signed_places(sequences, "G", params.n_features)
        amount = op.where(is_sequence, const(1.0), const(0.0))
        if params.alternate_sign and not params.binary:
            amount = op.where(is_negative, op.neg(amount), amount)
        counts = added(place, amount, params.n_features)
        parts.append(op.cast(op.greater(counts, const(0.0)), to=np.float64) if params.binary else counts)
    return counts_in_graph(params, x, parts, params.n_features)


def boundaries(params: Params, state: Classes, k: int, x: ValueType) -> list[Scalar]:
    """Words of every kind of character and of every length of the hash's tail; some many times; the least hash."""
    words = ["", " ", "\t\n", "a", "é e\u0301", "中文 中", "😀", "x" * 600, "ab a " * 60, "\u0660\u0661", "\ufffe"]
    lengths = ["abcdefghijk"[:n] for n in range(2, 12)]
    mixed = [" ".join(lengths), "ab-cd\u00a0ef\u3000gh", "one two one", LEAST]
    return [None, *words, *lengths, *mixed, *texts_between(splitting(params, state, k))]


CASES = (
    Case(
        name="signs",
        shows=("C1", "C3", "C4"),
        columns={"s": "string"},
        params={"n_features": 4},
        rows=[["good film"], ["good good, film"], [""], ["a"], ["été 中文"]],
        expect=[[0.0] * 4, [0.0, 1.0, 0.0, 0.0], [0.0] * 4, [0.0] * 4, [0.0, -1.0, 0.0, 1.0]],
    ),
    Case(
        name="without signs",
        shows=("C1",),
        columns={"s": "string"},
        params={"n_features": 4, "alternate_sign": False, "ngram_range": [1, 2], "stop_words": ["the"]},
        rows=[["the good the film"], ["the"], ["film"]],
        expect=[[1.0, 2.0, 0.0, 0.0], [0.0] * 4, [0.0, 1.0, 0.0, 0.0]],
    ),
    Case(
        name="signs cancel out, binary",
        shows=("C3",),
        columns={"s": "string"},
        params={"n_features": 3, "binary": True, "analyzer": "char", "ngram_range": [1, 2]},
        rows=[["ba"], [""], ["  "], ["ab"], ["xyz"]],  # the signs of `ba` give -1, 0, 0
        expect=[[1.0, 0.0, 1.0], [0.0] * 3, [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]],
    ),
    Case(
        name="the hash without a counterpart",
        shows=("C2",),
        columns={"s": "string"},
        params={"n_features": 7},
        rows=[["cbhatswl"]],
        expect=[[0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0]],  # 2^31 mod 7
    ),
    Case(
        name="words shorter than a sequence",
        shows=("C1",),
        columns={"s": "string"},
        params={"n_features": 3, "analyzer": "char_wb", "ngram_range": [4, 5], "alternate_sign": False},
        rows=[["a ab abc"], ["  "]],
        expect=[[1.0, 2.0, 2.0], [0.0] * 3],
    ),
    Case(
        name="null is refused",
        shows=("C5",),
        columns={"s": "string?"},
        params={"n_features": 1, "alternate_sign": False},
        rows=[["ab ab"], [None], [""]],
        expect=[[2.0], [], [0.0]],
        guards=[(GUARD, 1, 0)],
    ),
    Case(
        name="columns side by side, null counts nothing",
        shows=("C5", "C6"),
        columns={"s": "string?", "t": "string?"},
        params={"n_features": 1, "null": "zeros", "alternate_sign": False},
        rows=[["ab", "cd cd"], [None, "ab"], ["", None]],
        expect=[[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]],
        names=("s_0", "t_0"),
    ),
)


def _from_sklearn(vectorizer: Any, x: Columns) -> Columns:
    if np.dtype(vectorizer.dtype) != np.float64:
        hint = "fit with `dtype=numpy.float64`, the default"
        raise refuse("SKC151", f"`dtype={np.dtype(vectorizer.dtype)}` of HashingVectorizer does not compile", hint=hint)
    if vectorizer.n_features > MOST:
        hint = f"fit with `n_features=4096`, or {MOST} at most: the output is dense, and needs memory"
        raise refuse("SKC151", f"`n_features={vectorizer.n_features}` is more than the output can have", hint=hint)
    params = Params(
        n_features=int(vectorizer.n_features),
        alternate_sign=bool(vectorizer.alternate_sign),
        binary=bool(vectorizer.binary),
        **parameters_of(vectorizer),
    )
    counts = fold(vectorizer, x).apply(OP, params, classes_of(params.token_pattern, 1), is_finite=True)
    return counts if vectorizer.norm is None else tfidf_weight.normalized(counts, vectorizer.norm)


HASHED = ("analyzer", "ngram_range", "token_pattern", "stop_words", "lowercase", "strip_accents", "binary", "norm")
SKLEARN = {
    "sklearn.feature_extraction.text.HashingVectorizer": Claim(
        _from_sklearn,
        (*HASHED, "n_features", "alternate_sign", "input", "tokenizer", "preprocessor", "dtype"),
        ("encoding", "decode_error"),
    )
}

OP = Op(
    name="hash_tokens",
    doc=__doc__,
    params=Params,
    state=Classes,
    infer=infer,
    freeze=learned,
    names=names,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    cases=CASES,
    sklearn=SKLEARN,
    is_whole=always(True),
)
