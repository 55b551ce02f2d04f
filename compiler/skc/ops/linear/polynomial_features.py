"""All products of the columns up to a degree: like scikit-learn's `PolynomialFeatures`.

Why: a linear model learns curves and interactions only if they are among its features.

Example: `terms: {from: [length, width], apply: [{polynomial_features: {degree: 2, include_bias: false}}]}`

Parameters
----------
degree : int from 0 to 16, default 2
    The greatest number of factors.
min_degree : int, default 0
    The least number of factors; up to 1, the columns themselves are among the products. (scikit-learn:
    `degree=(min, max)`.)
interaction_only : bool, default false
    Only products of different columns.
include_bias : bool, default true
    A column of ones first.

Input: float64 (null: NaN). Output: float64, named `1`, `x`, `x^2`, `x y`; nullable, since 0 times an infinity is NaN.

Critical points
---------------
C1  Columns are ordered by degree, and within a degree as the combinations of the input columns are.
C2  Each product is computed from the last factor to the first, with the bits of scikit-learn: (z y) x.
C3  `interaction_only` leaves out powers of one column; `min_degree` leaves out shorter products.
C4  The column of ones is 1 for a row with a null too; every product with a null is null.
C5  Infinities follow IEEE arithmetic. (scikit-learn refuses them.)
C6  More than 10,000 output columns, and none at all, are refused (SKC124).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import chain, combinations, combinations_with_replacement
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, always, parameters, refuse, require
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

MOST_COLUMNS = 10_000
Term = tuple[int, ...]


@parameters
class Params:
    degree: Annotated[int, Field(ge=0, le=16)] = 2
    min_degree: Annotated[int, Field(ge=0, le=16)] = 0
    interaction_only: bool = False
    include_bias: bool = True


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="polynomial_features")
    count = None if x.width is None else _count(params, x.width)
    if count is not None and not 0 < count <= MOST_COLUMNS:
        hint = "lower `degree`, write `interaction_only: true`, or take fewer columns" if count else "raise `degree`"
        raise refuse("SKC124", f"`polynomial_features` would give {count} columns", hint=hint)
    return x.with_(nullable=True, width=count)


def _count(params: Params, width: int) -> int:
    """Without listing the terms, which may be too many."""
    degrees = range(max(1, params.min_degree), params.degree + 1)
    products = sum(math.comb(width if params.interaction_only else width + d - 1, d) for d in degrees)
    return products + params.include_bias


def _of_degree(params: Params, width: int, degree: int) -> Iterator[Term]:
    choose = combinations if params.interaction_only else combinations_with_replacement
    return choose(range(width), degree)


def _terms(params: Params, width: int) -> list[Term]:
    degrees = range(max(1, params.min_degree), params.degree + 1)
    products = chain.from_iterable(_of_degree(params, width, degree) for degree in degrees)
    return [*([()] if params.include_bias else []), *products]


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    """All in the group of the first column: a product comes from several."""
    named = []
    for term in _terms(params, len(columns)):
        powers = [columns[k] if n == 1 else f"{columns[k]}^{n}" for k, n in Counter(term).items()]
        named.append(" ".join(powers) or "1")
    return (tuple(named), *((),) * (len(columns) - 1))


def apply(params: Params, state: NoState, x: Block) -> Block:
    columns = []
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for term in _terms(params, x.width):
            product = np.ones(x.rows) if not term else x.values[:, term[-1]]
            for k in reversed(term[:-1]):
                product = product * x.values[:, k]
            columns.append(product)
    return Block("float64", np.stack(columns, axis=1))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    """Degree by degree: each product is a shorter one times its first factor."""
    level, products = list(_of_degree(params, x.width, 1)), x.values
    parts = []
    if params.include_bias:
        first = op.gather(x.values, const([0]), axis=1)
        parts.append(op.where(op.equal(first, first), const(1.0), const(1.0)))
    for degree in range(1, params.degree + 1):
        if degree > 1:
            places = {term: i for i, term in enumerate(level)}
            level = list(_of_degree(params, x.width, degree))
            if not level:
                break
            shorter = op.gather(products, const([places[term[1:]] for term in level]), axis=1)
            products = op.mul(shorter, op.gather(x.values, const([term[0] for term in level]), axis=1))
        if degree >= params.min_degree:
            parts.append(products)
    return GraphBlock("float64", _count(params, x.width), concat_columns(parts))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return [None, 0.0, -0.0, 1.0, -1.0, 1e-200, 1e200, -1e200, 5e-324, math.inf, -math.inf]


CASES = (
    Case(
        name="squares and interactions",
        shows=("C1", "C4", "C5"),
        columns={"x": "float64?", "y": "float64?"},
        rows=[[2.0, -3.0], [None, 2.0], [math.inf, 0.0], [-0.0, 1e200]],
        expect=[
            [1.0, 2.0, -3.0, 4.0, -6.0, 9.0],
            [1.0, None, 2.0, None, None, 4.0],
            [1.0, math.inf, 0.0, math.inf, None, 0.0],
            [1.0, -0.0, 1e200, 0.0, -0.0, math.inf],
        ],
        names=("1", "x", "y", "x^2", "x y", "y^2"),
    ),
    Case(
        name="order of the factors",
        shows=("C2", "C3"),
        columns={"x": "float64", "y": "float64", "z": "float64"},
        params={"degree": 3, "min_degree": 2, "interaction_only": True, "include_bias": False},
        rows=[[1e-200, 1e200, 1e200], [0.1, 0.2, 0.7]],
        # 0.2 * 0.7 is 0.13999999999999999; that times 0.1 is rounded once more
        expect=[
            [1.0, 1.0, math.inf, math.inf],
            [0.020000000000000004, 0.06999999999999999, 0.13999999999999999, 0.013999999999999999],
        ],
        names=("x y", "x z", "y z", "x y z"),
    ),
    Case(
        name="without ones",
        shows=("C3",),
        columns={"x": "float64"},
        params={"degree": 3, "include_bias": False},
        rows=[[1.1], [-2.0]],
        expect=[[1.1, 1.2100000000000002, 1.3310000000000004], [-2.0, 4.0, -8.0]],
        names=("x", "x^2", "x^3"),
    ),
    Case(
        name="no column",
        shows=("C6",),
        columns={"x": "float64"},
        params={"degree": 0, "include_bias": False},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="too many columns",
        shows=("C6",),
        columns={f"x{k}": "float64" for k in range(12)},
        params={"degree": 16},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
)


def _from_sklearn(features: Any, x: Columns) -> Columns:
    least, most = features._min_degree, features._max_degree
    params = Params(
        degree=most,
        min_degree=least,
        interaction_only=features.interaction_only,
        include_bias=features.include_bias,
    )
    return x.floats(null="error").apply(OP, params)


SKLEARN = {
    "sklearn.preprocessing.PolynomialFeatures": Claim(
        _from_sklearn, ("degree", "interaction_only", "include_bias"), ("order",)
    )
}

OP = Op(
    name="polynomial_features",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    arity=always("block"),
    sklearn=SKLEARN,
    cases=CASES,
)
