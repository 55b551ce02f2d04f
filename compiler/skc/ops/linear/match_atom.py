"""The atom of a dictionary that resembles a row most, with its coefficient: orthogonal matching pursuit with one atom.

Why: it is what scikit-learn's `SparseCoder` and `DictionaryLearning` give with `transform_algorithm='omp'` and a single
nonzero coefficient, which is the default for fewer than 20 columns.

Example: of the correlations 0.5 and -2 with atoms of length 1 the second remains: (0, -2).

Input: 2 M float64 columns without null: the products of a row with M atoms, then the bounds of their errors (see
`linear_map`). Output: M float64 columns, all 0 but the one of the atom. State: the squared length of each atom. It is
learned by scikit-learn.

Critical points
---------------
C1  The product p of the greatest magnitude wins, the first of equals, and its output is p / l / l, with l the length.
C2  Where the square of that magnitude is below 2^-52, all outputs are 0.
C3  A row is guarded with `tie` where another magnitude is nearer to the greatest than the sum of their errors, or the
    greatest nearer to 2^-26 than its error, unless all are below 2^-26 by more than that. An error of 0 makes no tie.
C4  A row is guarded with `rounding-noise` where the error of the product moves the output by more than
    1e-6 max(1, |output|).
C5  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skc.emit.blocks import GraphBlock, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear import _codes
from skc.ops.linear._scores import best_by, lower_best_by, lower_refused, refused
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error

LEAST = 2.0**-26  # of which the square is 2^-52, and that of the float64 below it is less


@parameters
class Params:
    pass


@dataclass(frozen=True)
class State:
    squares: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="match_atom")
    if x.nullable:
        raise refuse("SKC120", "`match_atom` takes values without null", hint="put `impute` before this step")
    return x.with_(exact=False, width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    width = len(state.squares)
    products, noise = x.values[:, :width], x.values[:, width:]
    sizes, lengths = np.abs(products), np.sqrt(np.array(state.squares))
    place = np.argmax(np.where(np.isnan(sizes), np.inf, sizes), axis=1)[:, None]
    is_best = place == np.arange(width)
    best, error = np.take_along_axis(sizes, place, axis=1), np.take_along_axis(noise, place, axis=1)
    is_something = best >= LEAST
    with np.errstate(divide="ignore", invalid="ignore"):
        code = np.where(is_best & is_something, products / lengths / lengths, 0.0)
        moved = np.where(is_best & is_something, noise / lengths / lengths, 0.0)
    margin, both = best_by(sizes, noise, place)
    is_tie = refused(margin >= both, place) & ~(best < LEAST - error)
    is_near = ~(np.abs(best - LEAST) >= error)
    block = Block("float64", code).guard("tie", np.asarray(is_tie | is_near))
    is_noise = np.asarray(~(moved <= allowed_error(code)).all(axis=1, keepdims=True))
    return block.guard("rounding-noise", is_noise)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    width, lengths = len(state.squares), const(np.sqrt([state.squares]))
    products, noise = take_columns(x.values, 0, width), take_columns(x.values, width, 2 * width)
    sizes = op.abs(products)
    place = op.arg_max(op.where(op.isnan(sizes), const(math.inf), sizes), axis=1, keepdims=1)
    best, error = op.gather_elements(sizes, place, axis=1), op.gather_elements(noise, place, axis=1)
    is_something = op.greater_or_equal(best, const(LEAST))
    chosen = op.and_(op.equal(place, const([list(range(width))])), is_something)
    code = op.where(chosen, op.div(op.div(products, lengths), lengths), const(0.0))
    moved = op.where(chosen, op.div(op.div(noise, lengths), lengths), const(0.0))
    margin, both = lower_best_by(sizes, noise, place)
    is_tie = lower_refused(op.greater_or_equal(margin, both), place, width)
    is_tie = op.and_(is_tie, op.not_(op.less(best, op.sub(const(LEAST), error))))
    is_near = op.not_(op.greater_or_equal(op.abs(op.sub(best, const(LEAST))), error))
    most = op.mul(op.max([op.abs(code), const([[1.0]])]), const(TOLERANCE))
    known = op.cast(op.less_or_equal(moved, most), to=np.float64)
    is_noise = op.equal(op.reduce_min(known, const([1]), keepdims=1), const(0.0))
    return GraphBlock("float64", width, code).guard("tie", op.or_(is_tie, is_near)).guard("rounding-noise", is_noise)


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (tuple(f"atom{k}" for k in range(len(state.squares))), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    if k >= len(state.squares):
        return [0.0, 5e-324, 1e-20, 1e-10, 1.0, math.inf]
    ends = [1e-10, LEAST, math.nextafter(LEAST, 0.0), math.nextafter(LEAST, 1.0), 1.0, 2.0, 1e300, math.inf]
    return [None, 0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]


PAIR = {"a": "float64", "b": "float64", "noise_a": "float64", "noise_b": "float64"}
CASES = (
    Case(
        name="the greatest magnitude",
        shows=("C1",),
        columns=PAIR,
        state=State((1.0, 4.0)),
        rows=[[0.5, -2.0, 0.0, 0.0], [2.0, -2.0, 0.0, 0.0], [-3.0, 1.0, 1e-9, 1e-9], [0.0, -0.0, 0.0, 0.0]],
        expect=[[0.0, -0.5], [2.0, 0.0], [-3.0, 0.0], [0.0, 0.0]],
        names=("atom0", "atom1"),
    ),
    Case(
        name="near nothing",
        shows=("C2", "C3"),
        columns=PAIR,
        state=State((1.0, 0.25)),
        rows=[
            [LEAST, 0.0, 0.0, 0.0],
            [math.nextafter(LEAST, 0.0), 0.0, 0.0, 0.0],
            [LEAST, 0.0, 1e-20, 0.0],
            [1e-9, 1e-9, 1e-12, 1e-12],
            [0.0, 2e-8, 0.0, 0.0],
        ],
        expect=[[LEAST, 0.0], [0.0, 0.0], [], [0.0, 0.0], [0.0, 8e-8]],
        guards=[("tie", 2, 0)],
    ),
    Case(
        name="two that only rounding tells apart",
        shows=("C3",),
        columns=PAIR,
        state=State((1.0, 1.0)),
        rows=[
            [1.0, -1.0, 1e-12, 0.0],
            [1.0, 1.5, 0.25, 0.25],
            [1.0, 1.5, 0.25, 0.5],
            [math.nan, 1.0, 0.0, 0.0],
            [1e-9, math.nan, 0.0, 0.0],
        ],
        expect=[[], [], [], [], []],
        guards=[
            *(("tie", row, 0) for row in (0, 2, 3, 4)),
            *(("rounding-noise", row, 0) for row in (1, 2)),
        ],
    ),
    Case(
        name="an atom so short that it enlarges an error",
        shows=("C2", "C4"),
        columns=PAIR,
        state=State((1e-12, 0.0)),
        rows=[
            [1e-6, 0.0, 1e-9, 0.0],
            [1e-6, 0.0, 1e-13, 0.0],
            [1e-6, 0.0, 1e-17, 0.0],
            [0.0, 0.0, 0.0, 0.0],
        ],
        expect=[[], [1e6, 0.0], [1e6, 0.0], [0.0, 0.0]],
        guards=[("rounding-noise", 0, 0)],
    ),
    Case(
        name="values that may be null",
        shows=("C5",),
        columns={"a": "float64?", "noise": "float64?"},
        state=State((1.0,)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="match_atom",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    arity=always("block"),
    decides_by=always("last bit"),
    sklearn=_codes.SKLEARN,
    cases=CASES,
)
