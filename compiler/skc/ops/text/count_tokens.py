"""Count how often each word or n-gram of a vocabulary occurs in a text: like scikit-learn's `CountVectorizer`, dense.

Why: a linear model on the words of a title or a review is the simplest text model, and hard to beat. The text is taken
apart inside the graph, without a locale: which characters make a word is the table of the Python that fits.

Example: `review: {from: review, apply: [fold_text, {count_tokens: {vocabulary: [good, bad]}}]}`

Parameters
----------
vocabulary : list of text
    What is counted, one output column for each.
analyzer : "word", "char" or "char_wb", default "word"
    Count words and sequences of words, sequences of characters, or sequences of characters within words, each word
    with a blank before and after it.
ngram_range : two ints, default [1, 1]
    The lengths of the sequences: from one word (or character) to two with [1, 2].
token_pattern : text, default `(?u)\\b\\w\\w+\\b`
    What a word is: one class of characters, repeated. The default is two or more letters, digits or underscores.
stop_words : list of text, default empty
    Words that are left out before sequences are formed.
binary : bool, default false
    1 for every count above 0.
null : "error" or "zeros", default "error"
    For a null: refuse the row; or count nothing.

Input: string. Output: float64, whole numbers, one group of columns per input column. State: the classes of characters
of a word and of white space. The case matters: `fold_text` before this step lowers it.

Critical points
---------------
C1  A word is a maximal run of the class, of at least the length that the pattern asks for: `a-b_1 ok` has `b_1` and
    `ok`. With `\\b` around another class than `\\w`, a run of word characters counts only if all are of that class.
C2  Letters and digits of every script are word characters, combining marks and emoji are not: NFC and NFD differ.
C3  Sequences of words are joined with one blank, whatever was between the words; a stop word is not between them.
C4  `char`: a run of two or more white-space characters counts as one blank; a single one stays as it is.
C5  `char_wb`: sequences do not cross words, and a word that is shorter than the shortest sequence, with its blanks,
    counts once.
C6  A text without words, or an empty one, counts nothing; so does a key that cannot occur, such as one with two
    blanks.
C7  Null: guard `invalid-value`, or zeros. It is not the empty text.
C8  Each input column has its own group; a column is named `NAME_key`.
C9  Refused: an empty or repeated vocabulary, a pattern that is not one repeated class.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, take_columns
from skc.emit.opset import const, op
from skc.emit.text import counted
from skc.op import Case, Names, Op, always, parameters, refuse
from skc.ops.text._tokens import (
    LONGEST,
    SPACE,
    TOKEN_PATTERN,
    Analyzer,
    Classes,
    can_occur,
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


@parameters
class Params:
    vocabulary: Annotated[tuple[str, ...], Field(min_length=1)]
    analyzer: Analyzer = "word"
    ngram_range: tuple[Annotated[int, Field(ge=1, le=20)], Annotated[int, Field(ge=1, le=20)]] = (1, 1)
    token_pattern: str = TOKEN_PATTERN
    stop_words: tuple[str, ...] = ()
    binary: bool = False
    null: Literal["error", "zeros"] = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    if len(set(params.vocabulary)) < len(params.vocabulary):
        twice = next(key for i, key in enumerate(params.vocabulary) if key in params.vocabulary[:i])
        raise refuse("SKC123", f"`vocabulary` lists {twice!r} twice", hint="remove one")
    return counts_type(params, x, len(params.vocabulary), op="count_tokens")


def names(params: Params, state: Classes, names: Names) -> tuple[Names, ...]:
    return tuple(tuple(f"{name}_{key}" for key in params.vocabulary) for name in names)


def apply(params: Params, state: Classes, x: Block) -> Block:
    splittings = [splitting(params, state, k) for k in range(x.width)]
    places = {key: i for i, key in enumerate(params.vocabulary)}
    counts = np.zeros((x.rows, x.width, len(places)))
    for (i, k), text in np.ndenumerate(x.values):
        for gram in split(splittings[k], str(text)):
            if gram in places:
                counts[i, k, places[gram]] += 1
    counts[~x.present()] = 0
    if params.binary:
        counts = (counts > 0).astype(np.float64)
    return counts_block(params, x, counts)


def lower(params: Params, state: Classes, x: GraphBlock) -> GraphBlock:
    width, parts = len(params.vocabulary), []
    for k in range(x.width):
        how = splitting(params, state, k)
        places = {key: i for i, key in enumerate(params.vocabulary) if can_occur(how, key)}
        sequences, _ = ngrams(how, take_columns(x.values, k, k + 1))
        counts = counted(sequences, places, width)
        if params.binary:
            counts = op.cast(op.greater(counts, const(0.0)), to=np.float64)
        parts.append(counts)
    return counts_in_graph(params, x, parts, width)


def boundaries(params: Params, state: Classes, k: int, x: ValueType) -> list[Scalar]:
    """Keys by themselves, together and with what must not matter, or must; words of every kind of character."""
    keys = [*params.vocabulary[:200], *params.stop_words[:20]]
    near = [text for key in keys[:50] for text in (f"{key} {key}", f" {key}.", f"{key}x", f"{key}\u0301", key.upper())]
    spaces = [separator.join(keys[:7]) for separator in (" ", "\t", "  \n", "\u00a0", "-", "_", "", "\u3000\u2003")]
    words = ["", " ", "\t\n", "a", "é e\u0301", "中文 中", "😀", "x" * 600, "ab a " * 60, "\u0660\u0661", "\ufffe"]
    how = splitting(params, state, k)
    stops = [word for stop in params.stop_words[:5] for word in (stop, stop.upper(), f"{stop}s")]
    apart = [key.replace(SPACE, f" {stop} ") for key in keys[:20] if SPACE in key for stop in stops]
    last = [key.strip().rjust(LONGEST) for key in keys[:3]]
    return [None, *words, *keys, *near, *spaces, *apart, *last, *texts_between(how)]


def carry_back(params: Params, state: Classes, k: int, values: list[Scalar]) -> list[Scalar]:
    key = params.vocabulary[0]
    counts = [int(min(v, 100.0)) for v in values if isinstance(v, float) and v >= 1]
    return [None, "", *(" ".join([key] * count) for count in counts)]


CASES = (
    Case(
        name="words",
        shows=("C1", "C2", "C6"),
        columns={"s": "string"},
        params={"vocabulary": ["b_1", "ok", "été", "中文", "x", "a b", ""]},
        rows=[
            ["a-b_1 ok,ok"],
            ["été e\u0301te\u0301"],
            ["中文 中 中文字"],
            ["x"],
            ["a b"],
            [""],
            [" \t\n"],
            ["OK 😀ok😀"],
        ],
        expect=[
            [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            *[[0.0] * 7] * 4,
            [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
    ),
    Case(
        name="other classes",
        shows=("C1",),
        columns={"s": "string"},
        params={"vocabulary": ["abc", "don't"], "token_pattern": r"\b[a-z]{3,}\b"},
        rows=[["abc abc1 _abc éabc"], ["don't abc-abc"], ["ab abcd"]],
        expect=[[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]],
    ),
    Case(
        name="a class without boundaries",
        shows=("C1",),
        columns={"s": "string"},
        params={"vocabulary": ["abc", "don't"], "token_pattern": "[a-z']+"},
        rows=[["abc abc1 _abc éabc"], ["don't abc-abc"]],
        expect=[[4.0, 0.0], [2.0, 1.0]],
    ),
    Case(
        name="sequences of words and stop words",
        shows=("C3", "C6"),
        columns={"s": "string"},
        params={
            "vocabulary": ["good", "not good", "the", "good film", "not", "very  good", "film "],
            "ngram_range": [1, 2],
            "stop_words": ["the", "very"],
        },
        rows=[
            ["not the good"],
            ["not, good\n film"],
            ["good film good"],
            ["the very"],
            ["film"],
            ["very good the film"],
        ],
        expect=[
            [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            [2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            [0.0] * 7,
            [0.0] * 7,
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        ],
    ),
    Case(
        name="longer sequences only, binary",
        shows=("C3",),
        columns={"s": "string"},
        params={"vocabulary": ["aa bb cc", "aa", "bb cc"], "ngram_range": [2, 3], "binary": True},
        rows=[["aa bb cc bb cc"], ["aa"], ["bb cc bb cc"]],
        expect=[[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    Case(
        name="characters",
        shows=("C4", "C6"),
        columns={"s": "string"},
        params={
            "vocabulary": ["a", " ", "a ", "\t", "ab", "  ", "é", "e\u0301"],
            "analyzer": "char",
            "ngram_range": [1, 2],
        },
        rows=[["ab"], ["a\t b"], ["a\tb"], ["a   "], [""], ["éée\u0301"], ["\t\t"]],
        expect=[
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0] * 8,
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0],
            [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
    ),
    Case(
        name="characters within words",
        shows=("C5", "C6"),
        columns={"s": "string"},
        params={"vocabulary": [" ", " a", "b ", "ab", "  ", " b"], "analyzer": "char_wb", "ngram_range": [1, 2]},
        rows=[["ab"], ["a  b"], ["\tab\u00a0ab "], [""], [" "]],
        expect=[
            [2.0, 1.0, 1.0, 1.0, 0.0, 0.0],
            [4.0, 1.0, 1.0, 0.0, 0.0, 1.0],
            [4.0, 2.0, 2.0, 2.0, 0.0, 0.0],
            [0.0] * 6,
            [0.0] * 6,
        ],
    ),
    Case(
        name="words shorter than a sequence",
        shows=("C5",),
        columns={"s": "string"},
        params={
            "vocabulary": [" a ", " ab ", " abc", "abc ", " a", "  "],
            "analyzer": "char_wb",
            "ngram_range": [4, 5],
        },
        rows=[["a ab abc"], ["a a"], ["aa a"]],
        expect=[[1.0, 1.0, 1.0, 1.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
    ),
    Case(
        name="null is refused",
        shows=("C7",),
        columns={"s": "string?"},
        params={"vocabulary": ["ab", "cd"]},
        rows=[["ab"], [None], [""]],
        expect=[[1.0, 0.0], [], [0.0, 0.0]],
        guards=[("invalid-value", 1, 0)],
    ),
    Case(
        name="columns side by side, null counts nothing",
        shows=("C7", "C8"),
        columns={"s": "string?", "t": "string?"},
        params={"vocabulary": ["ab", "cd"], "null": "zeros"},
        rows=[["ab", "cd cd"], [None, "ab"], ["", None]],
        expect=[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]],
        names=("s_ab", "s_cd", "t_ab", "t_cd"),
    ),
    *(
        Case(
            name=f"refused: {name}",
            shows=("C9",),
            columns={"s": "string"},
            params=params,
            rows=[],
            expect=[],
            refused=code,
        )
        for name, params, code in (
            ("a repetition", {"vocabulary": ["a", "a"]}, "SKC123"),
            ("a pattern of several classes", {"vocabulary": ["a"], "token_pattern": r"[a-z]\w*"}, "SKC151"),
            ("an empty range", {"vocabulary": ["a"], "ngram_range": [2, 1]}, "SKC124"),
            ("stop words of characters", {"vocabulary": ["a"], "analyzer": "char", "stop_words": ["a"]}, "SKC124"),
        )
    ),
)


def from_vectorizer(vectorizer: Any, x: Columns) -> Columns:
    """The counts of a `CountVectorizer`, or of what inherits from it."""
    if np.dtype(vectorizer.dtype) not in COUNTING:
        hint = "fit with `dtype=numpy.int64`, the default"
        raise refuse("SKC151", f"`dtype={np.dtype(vectorizer.dtype)}` may overflow", hint=hint)
    vocabulary = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    params = Params(vocabulary=tuple(vocabulary), binary=vectorizer.binary, **parameters_of(vectorizer))
    folded = fold(vectorizer, x)
    return folded.apply(OP, params, classes_of(params.token_pattern, 1), is_finite=True)


COUNTING = (np.int64, np.int32, np.float64, np.float32)  # in which the counts of any text are exact
COUNTED = (
    "analyzer",
    "ngram_range",
    "token_pattern",
    "stop_words",
    "lowercase",
    "strip_accents",
    "binary",
    "vocabulary",
)
FOLLOWED = (*COUNTED, "input", "tokenizer", "preprocessor", "dtype")
SKLEARN = {
    "sklearn.feature_extraction.text.CountVectorizer": Claim(
        from_vectorizer, FOLLOWED, ("max_df", "min_df", "max_features", "encoding", "decode_error")
    )
}

OP = Op(
    name="count_tokens",
    doc=__doc__,
    params=Params,
    state=Classes,
    infer=infer,
    freeze=learned,
    names=names,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    cases=CASES,
    sklearn=SKLEARN,
    null_blind=True,
    is_whole=always(True),
)
