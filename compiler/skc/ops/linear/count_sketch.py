"""A sketch of the products of columns, which approximates a polynomial kernel: like scikit-learn's
`PolynomialCountSketch`.

Why: a linear model on it does what one on all products of so many columns would, with far fewer columns. Source: Pham
and Pagh, "Fast and scalable polynomial kernels via explicit feature maps", 2013.

Example: of one column, in bucket 2 of 4 twice with the sign -1, the sketch of degree 2 is (x², 0, 0, 0).

Parameters
----------
components : int from 1 to 2048
    The number of buckets M.

Input: K float64 columns without null. Output: M float64 columns, the circular convolution of one sketch per degree. A
sketch adds each column, times `scale` and its sign, to its bucket. State: for each degree the bucket and the sign of
each column, `scale`, and `constant`, a further column if there are K + 1 buckets. It is learned by scikit-learn.

Critical points
---------------
C1  Result k is the sum of the products of one value from each sketch, from buckets whose sum is k modulo M.
C2  Columns that share a bucket are added up, and cancel if they are equal and their signs differ.
C3  With one degree, it is the sketch itself.
C4  A row is guarded with `rounding-noise` where the terms of a result cancel so far that rounding errors may exceed
    1e-6 max(1, |y|): with (M + K D + 16) 2^-52 (scale Σ|x| + constant)^D as their bound, D being the degree. Each
    result has the errors of all, because scikit-learn multiplies Fourier transforms. An overflow is guarded likewise.
C5  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear._noise import UNCERTAIN, error_bound, is_noise
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

MOST_COMPONENTS = 2048
GUARD = "rounding-noise"


@parameters
class Params:
    components: Annotated[int, Field(ge=1, le=MOST_COMPONENTS)]


@dataclass(frozen=True)
class State:
    buckets: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[int, ...], ...]
    scale: float = 1.0
    constant: float = 0.0


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="count_sketch")
    if x.nullable:
        raise refuse("SKC120", "`count_sketch` takes values without null", hint="put `impute` before this step")
    return x.with_(exact=False, width=params.components)


def apply(params: Params, state: State, x: Block) -> Block:
    columns = len(state.buckets[0])
    scaled = np.full((x.rows, columns), state.constant)
    scaled[:, : x.width] = state.scale * x.values
    product = np.ones((x.rows, params.components), dtype=complex)
    with np.errstate(over="ignore", invalid="ignore"):
        for buckets, signs in zip(state.buckets, state.signs, strict=True):
            sketch = np.zeros((x.rows, params.components))
            for k in range(columns):
                sketch[:, buckets[k]] += signs[k] * scaled[:, k]
            product = product * np.fft.fft(sketch, axis=1)
        y = np.fft.ifft(product, axis=1).real
        size = np.abs(scaled).sum(axis=1, keepdims=True) ** len(state.buckets)
    return Block("float64", y).guard(GUARD, is_noise(y, size * _bound(params, state)))


def _bound(params: Params, state: State) -> float:
    return error_bound(params.components + len(state.buckets) * len(state.buckets[0]))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    """The Fourier transform as a product with a matrix, of which the second half of the frequencies is redundant."""
    width, degree = params.components, len(state.buckets)
    half = width // 2 + 1
    scaled = op.mul(x.values, const([[state.scale]]))
    weights, intercepts = _transforms(params, state, x.width, half)
    frequencies = op.add(op.matmul(scaled, const(weights)), const(intercepts))
    parts = [take_columns(frequencies, half * i, half * (i + 1)) for i in range(2 * degree)]
    real, imaginary = parts[0], parts[1]
    for other_real, other_imaginary in zip(parts[2::2], parts[3::2], strict=True):
        real, imaginary = (
            op.sub(op.mul(real, other_real), op.mul(imaginary, other_imaginary)),
            op.add(op.mul(real, other_imaginary), op.mul(imaginary, other_real)),
        )
    y = op.matmul(concat_columns([real, imaginary]), const(_back(width, half)))
    size = op.add(op.matmul(op.abs(scaled), const(np.ones((x.width, 1)))), const([[state.constant]]))
    noise = op.mul(_power(size, degree), const([[_bound(params, state)]]))
    most = op.mul(op.max([op.abs(y), const([[1.0]])]), const(TOLERANCE))
    known = op.cast(op.less(noise, most), to=np.float64)
    refused = op.equal(op.reduce_min(known, const([1]), keepdims=1), const(0.0))
    return GraphBlock("float64", width, y).guard(GUARD, refused)


def _transforms(params: Params, state: State, width: int, half: int) -> tuple[Array, Array]:
    """[K, 2 half D] and [1, 2 half D]: for each degree the real and the imaginary parts of the sketch's frequencies."""
    cosine, sine = _waves(params.components, half)
    blocks: list[Array] = []
    for buckets, signs in zip(state.buckets, state.signs, strict=True):
        sketch = np.zeros((len(buckets), params.components))
        sketch[np.arange(len(buckets)), list(buckets)] = signs
        blocks += [sketch @ cosine, -(sketch @ sine)]
    both = np.hstack(blocks)
    constants = both[width:] * state.constant
    return both[:width], constants.sum(axis=0, keepdims=True)


def _waves(width: int, half: int) -> tuple[Array, Array]:
    """[width, half]: cos and sin of 2π i f / width, of which i f is reduced to one turn first, to be accurate."""
    turns = 2 * np.pi * (np.outer(np.arange(width), np.arange(half)) % width) / width
    return np.cos(turns), np.sin(turns)


def _back(width: int, half: int) -> Array:
    """[2 half, width]: from the real and imaginary parts of half of the frequencies to the values."""
    cosine, sine = _waves(width, half)
    times = np.full((half, 1), 2.0)
    times[0] = 1.0
    if width % 2 == 0:
        times[-1] = 1.0
    return np.vstack([times * cosine.T, -times * sine.T]) / width


def _power(x: Var, degree: int) -> Var:
    result = x
    for _ in range(degree - 1):
        result = op.mul(result, x)
    return result


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (tuple(f"sketch{k}" for k in range(params.components)), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = [1.0, 1e3, 1e6, *UNCERTAIN, 1e100, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]


PAIR = {"a": "float64", "b": "float64"}
CASES = (
    Case(
        name="a convolution",
        shows=("C1", "C2"),
        columns=PAIR,
        params={"components": 3},
        # sketches (2a, 2b, 0) and (0, 0, 2b - 2a)
        state=State(((0, 1), (2, 2)), ((1, 1), (-1, 1)), scale=2.0),
        rows=[[1.0, 2.0], [3.0, 3.0], [0.0, -1.0], [-0.0, 0.0]],
        expect=[[8.0, 0.0, 4.0], [0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        names=("sketch0", "sketch1", "sketch2"),
    ),
    Case(
        name="one sketch",
        shows=("C2", "C3"),
        columns=PAIR,
        params={"components": 4},
        state=State(((1, 1, 3),), ((1, -1, -1),), constant=0.5),
        rows=[[2.5, 0.25], [1.0, 1.0]],
        expect=[[0.0, 2.25, 0.0, -0.5], [0.0, 0.0, 0.0, -0.5]],
    ),
    Case(
        name="three, with a constant",
        shows=("C1",),
        columns={"a": "float64"},
        params={"components": 2},
        # sketches (a, 2), (2 - a, 0) and (0, a + 2)
        state=State(((0, 1), (0, 0), (1, 1)), ((1, 1), (-1, 1), (1, 1)), constant=2.0),
        rows=[[1.0], [3.0], [-2.0]],
        expect=[[6.0, 3.0], [-10.0, -15.0], [0.0, 0.0]],
    ),
    Case(
        name="a single bucket",
        shows=("C1", "C2"),
        columns=PAIR,
        params={"components": 1},
        state=State(((0, 0), (0, 0)), ((1, 1), (1, -1))),
        rows=[[3.0, 2.0], [1e200, 1.0], [math.inf, 0.0]],
        expect=[[5.0], [], []],
        guards=[("rounding-noise", 1, 0), ("rounding-noise", 2, 0)],
    ),
    Case(
        name="a small product next to a large one",
        shows=("C4",),
        columns=PAIR,
        params={"components": 4},
        state=State(((0, 1), (0, 1)), ((1, 1), (1, 1))),
        rows=[[1e9, 1e-3], [1e3, 1e-3], [1e9, 1e9]],
        expect=[[], [1e6, 2.0, 1e-6, 0.0], []],
        guards=[("rounding-noise", 0, 0), ("rounding-noise", 2, 0)],
    ),
    Case(
        name="values that may be null",
        shows=("C5",),
        columns={"a": "float64?"},
        params={"components": 2},
        state=State(((0,),), ((1,),)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)


def _rows(matrix: Any) -> Sequence[tuple[int, ...]]:
    return tuple(map(tuple, matrix.tolist()))


def _from_sklearn(sketch: Any, x: Columns) -> Columns:
    if sketch.coef0 < 0:
        hint = "use a `coef0` that is not negative"
        raise refuse("SKC151", f"the square root of `coef0={sketch.coef0}` is not a number", hint=hint)
    if sketch.n_components > MOST_COMPONENTS:
        hint = f"use at most {MOST_COMPONENTS}"
        raise refuse("SKC151", f"`n_components={sketch.n_components}` does not compile", hint=hint)
    scale, constant = float(np.sqrt(sketch.gamma)), float(np.sqrt(sketch.coef0))
    state = State(tuple(_rows(sketch.indexHash_)), tuple(_rows(sketch.bitHash_)), scale, constant)
    return x.floats(null="error").apply(OP, Params(components=sketch.n_components), state, is_finite=True)


OP = Op(
    name="count_sketch",
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
    sklearn={
        "sklearn.kernel_approximation.PolynomialCountSketch": Claim(
            _from_sklearn, ("gamma", "degree", "coef0", "n_components"), ("random_state",)
        )
    },
    cases=CASES,
    exact=False,
)
