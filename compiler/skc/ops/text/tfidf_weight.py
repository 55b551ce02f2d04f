"""Weight counts of words by how rare the words are, and bring texts of all lengths to one norm: like scikit-learn's
`TfidfTransformer`.

Why: a word that is in every text says little about any of them, and a long text is not more of everything.

Example: `review: {from: review, apply: [{count_tokens: {vocabulary: [good, bad]}}, tfidf_weight]}`

Each count is multiplied by the idf of its column, log((1 + rows) / (1 + rows with the word)) + 1, and each row is then
divided by its norm.

Parameters
----------
norm : "l1", "l2" or null, default "l2"
    Divide each row by the sum of its magnitudes, or by the root of the sum of its squares; null: do not divide.
use_idf : bool, default true
    Multiply by the idf.
smooth_idf : bool, default true
    Count one more row that has every word. Without it the idf is log(rows / rows with the word) + 1.
sublinear_tf : bool, default false
    Replace a count by 1 + log(count) first; 0 stays 0.
numbers : "any" or "counts", default "any"
    What the columns hold. `counts` promises that no number is below 0 and none overflows, so that no row is refused;
    under `sublinear_tf` a number below 0 then becomes 0.

Input: float64, all columns together (null: NaN). Output: float64, the same columns. State: the idf of each column.

Critical points
---------------
C1  The idf is that of the rows in fitting, by the number of rows in which the count is not 0, however large it is.
C2  A row of zeros stays zeros: it is not divided.
C3  A norm that overflows divides to 0. A number that overflows by its idf before that has the guard `not-finite`.
C4  `sublinear_tf` comes before the idf, and 0 stays 0 rather than becoming 1. A number below 0 has no logarithm: guard
    `out-of-range`.
C5  Null makes every column of its row null where there is a norm, else only its own.
C6  Without `smooth_idf` a column of zeros cannot be fitted (SKC210); with it, its idf is log(1 + rows) + 1.
C7  A row alone gives the bits that it gives in a batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skc.emit.blocks import GraphBlock, GraphGuard, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Concern, Op, always, parameters, refuse, require, require_exact
from skc.ops.text.count_tokens import FOLLOWED, from_vectorizer
from skc.stats.requests import ColumnStats, Count, Stat, ValueCounts
from skc.translation import Claim, Columns
from skc.values.types import Block, Guard, Scalar, ValueType

if TYPE_CHECKING:
    from spox import Var

DIGITS = 40  # of a logarithm: enough that rounding it once gives the nearest float


@parameters
class Params:
    norm: Literal["l1", "l2"] | None = "l2"
    use_idf: bool = True
    smooth_idf: bool = True
    sublinear_tf: bool = False
    numbers: Literal["any", "counts"] = "any"


@dataclass(frozen=True)
class State:
    idf: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="tfidf_weight")
    require_exact(x, op="tfidf_weight")
    is_exact = params.norm is None and not params.sublinear_tf
    return x.with_(exact=is_exact)


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Count(), ValueCounts()) if params.use_idf else ()


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(tuple(_idf(params, stats) if params.use_idf else 1.0 for stats in columns))


def _idf(params: Params, stats: ColumnStats) -> float:
    rows = stats[Count()] + params.smooth_idf
    having = sum(count for value, count in stats[ValueCounts()] if value != 0) + params.smooth_idf
    if not having:
        hint = "drop the column, or leave `smooth_idf` true"
        raise refuse("SKC210", "no row has a count above 0 in a column, so its idf is infinite", hint=hint)
    with localcontext(prec=DIGITS):
        return float((Decimal(rows) / Decimal(having)).ln() + 1)


def apply(params: Params, state: State, x: Block) -> Block:
    values, guards = x.values, []
    if params.sublinear_tf:
        values = np.where(values <= 0, 0.0, np.log(values) + 1.0)
        guards.append(Guard("out-of-range", x.values < 0))
    if params.use_idf:
        values = values * np.array(state.idf)
    if params.norm is not None:
        guards.append(Guard("not-finite", np.isinf(values)))
        parts = np.abs(values) if params.norm == "l1" else values * values
        sums = np.array([[_sum(row)] for row in parts.tolist()]).reshape(x.rows, 1)
        norms = sums if params.norm == "l1" else np.sqrt(sums)
        values = values / np.where(norms == 0, 1.0, norms)
    return Block("float64", values, guards=tuple(guards) if params.numbers == "any" else ())


def _sum(row: Sequence[float]) -> float:
    total = 0.0
    for value in row:
        total += value
    return total


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values, zero, guards = x.values, const(0.0), []
    if params.sublinear_tf:
        logarithm = op.add(elementwise(op.log, values, x.width), const(1.0))
        values = op.where(op.less_or_equal(values, zero), zero, logarithm)
        guards.append(GraphGuard("out-of-range", op.less(x.values, zero)))
    if params.use_idf:
        values = op.mul(values, const([state.idf], np.float64))
    if params.norm is not None:
        guards.append(GraphGuard("not-finite", op.isinf(values)))
        norm = _lower_norm(params.norm, values, x.width)
        values = op.div(values, op.where(op.equal(norm, zero), const(1.0), norm))
    return GraphBlock("float64", x.width, values, guards=tuple(guards) if params.numbers == "any" else ())


def _lower_norm(norm: Literal["l1", "l2"], values: Var, width: int) -> Var:
    """float64 [N, 1], by a product: the bits of a ReduceSum depend on the place of the row.

    Why each row is multiplied with itself: a table of a whole vocabulary need not be in memory once more, squared.
    """
    if norm == "l1":
        return op.matmul(op.abs(values), const(np.ones((width, 1))))
    one, two = const([1]), const([2])
    squares = op.matmul(op.unsqueeze(values, one), op.unsqueeze(values, two))
    return op.sqrt(op.squeeze(squares, two))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return [None, 0.0, -0.0, 1.0, 2.0, 3.0, 1000.0, -1.0, 0.5, 5e-324, 1e-160, 1e160]


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "idf 1: in every row" if params.use_idf and state.idf[k] == 1 else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    if params.use_idf and all(value == 0 for value, _ in stats[ValueCounts()]):
        return [Concern("SKC230", "no training row has a count above 0", "drop the column, or check the vocabulary")]
    return []


CASES = (
    Case(
        name="idf and length",
        shows=("C1", "C2", "C7"),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        fit=[[3.0, 1.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]],
        rows=[[3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [-0.0, -2.0, 0.0]],
        expect=[
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [0.3234036939193922, 0.5475700525422905, 0.7717364111651888],
            [0.0, -1.0, 0.0],
        ],
    ),
    Case(
        name="without a norm",
        shows=("C1", "C5"),
        columns={"a": "float64?", "b": "float64?"},
        params={"norm": None, "smooth_idf": False},
        fit=[[1.0, 5.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
        rows=[[2.0, 2.0], [None, 0.0], [0.0, None]],
        expect=[[2.0, 4.772588722239782], [None, 0.0], [0.0, None]],
    ),
    Case(
        name="length alone",
        shows=("C2", "C3", "C5"),
        columns={"a": "float64?", "b": "float64?"},
        params={"use_idf": False},
        rows=[[3.0, -4.0], [0.0, 0.0], [1e200, 1.0], [None, 1.0], [5e-324, 0.0]],
        expect=[[0.6, -0.8], [0.0, 0.0], [0.0, 0.0], [None, None], [5e-324, 0.0]],
    ),
    Case(
        name="a number that overflows",
        shows=("C3",),
        columns={"a": "float64", "b": "float64"},
        fit=[[1.0, 1.0], [0.0, 1.0]],
        rows=[[1e308, 1.0], [-1.7e308, 0.0], [math.inf, 0.0]],
        expect=[[0.0, 0.0], [], []],
        guards=[("not-finite", 1, 0), ("not-finite", 2, 0)],
    ),
    Case(
        name="magnitudes",
        shows=("C2", "C3"),
        columns={"a": "float64", "b": "float64"},
        params={"use_idf": False, "norm": "l1"},
        rows=[[3.0, -1.0], [0.0, 0.0], [1e308, 1e308]],
        expect=[[0.75, -0.25], [0.0, 0.0], [0.0, 0.0]],
    ),
    Case(
        name="logarithms of counts",
        shows=("C4",),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        params={"use_idf": False, "norm": None, "sublinear_tf": True},
        rows=[[1.0, 0.0, 10.0], [-1.0, 0.0, 0.0], [-0.0, None, 2.0]],
        expect=[[1.0, 0.0, 3.302585092994046], [], [0.0, None, 1.6931471805599454]],
        guards=[("out-of-range", 1, 0)],
    ),
    Case(
        name="logarithms before the idf, of counts",
        shows=("C4",),
        columns={"a": "float64", "b": "float64"},
        params={"sublinear_tf": True, "numbers": "counts"},
        fit=[[1.0, 1.0], [0.0, 1.0], [0.0, 2.0]],
        rows=[[10.0, 1.0], [0.0, 5.0], [-1.0, 1.0]],
        expect=[[0.9843827314683798, 0.17604158027821593], [0.0, 1.0], [0.0, 1.0]],
    ),
    Case(
        name="no row has the word",
        shows=("C6",),
        columns={"a": "float64"},
        params={"smooth_idf": False},
        fit=[[0.0], [0.0]],
        rows=[],
        expect=[],
        refused="SKC210",
    ),
    Case(
        name="no row has the word, smoothed",
        shows=("C6",),
        columns={"a": "float64"},
        params={"norm": None},
        fit=[[0.0], [0.0]],
        rows=[[1.0]],
        expect=[[2.0986122886681096]],
    ),
)


def _from_transformer(transformer: Any, x: Columns) -> Columns:
    return _weighted(transformer, x.floats(null="error"), "any")


def _weighted(transformer: Any, x: Columns, numbers: Literal["any", "counts"]) -> Columns:
    width, use_idf = len(x.names), bool(transformer.use_idf)
    params = Params(
        norm=transformer.norm,
        use_idf=use_idf,
        smooth_idf=bool(transformer.smooth_idf),
        sublinear_tf=bool(transformer.sublinear_tf),
        numbers=numbers,
    )
    idf = transformer.idf_.tolist() if use_idf else [1.0] * width
    return x.apply(OP, params, State(tuple(idf)), is_finite=True)


def _from_vectorizer(vectorizer: Any, x: Columns) -> Columns:
    if np.dtype(vectorizer.dtype) != np.float64:
        hint = "fit with `dtype=numpy.float64`, the default"
        raise refuse("SKC151", f"`dtype={np.dtype(vectorizer.dtype)}` of TfidfVectorizer does not compile", hint=hint)
    return _weighted(vectorizer, from_vectorizer(vectorizer, x), "counts")


def normalized(x: Columns, norm: Literal["l1", "l2"]) -> Columns:
    """The same counts, each row divided by its norm."""
    params = Params(norm=norm, use_idf=False, numbers="counts")
    return x.apply(OP, params, State((1.0,) * len(x.names)), is_finite=True)


WEIGHTED = ("norm", "use_idf", "smooth_idf", "sublinear_tf")
SKLEARN = {
    "sklearn.feature_extraction.text.TfidfTransformer": Claim(_from_transformer, WEIGHTED),
    "sklearn.feature_extraction.text.TfidfVectorizer": Claim(
        _from_vectorizer,
        (*FOLLOWED, *WEIGHTED),
        ("max_df", "min_df", "max_features", "encoding", "decode_error"),
    ),
}

OP = Op(
    name="tfidf_weight",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    degenerate=degenerate,
    concerns=concerns,
    arity=always("block"),
    cases=CASES,
    sklearn=SKLEARN,
)
