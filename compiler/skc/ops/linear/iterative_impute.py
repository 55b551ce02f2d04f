"""Replace nulls by what linear models of the other columns predict, one column after the other, in several rounds: like
scikit-learn's `IterativeImputer`.

Why: columns that depend on each other tell more about a missing value than the mean of its own column does. The models
come from a fitted imputer.

Input: K float64 columns together (null: NaN). Output: the same columns, never null. State: what fills each column at
first, the models in the order of imputation (the column that each is for, its weights [K] and its intercept), and the
least and the greatest value of each column, empty where none is bounded.

Critical points
---------------
C1  Each model sees what the models before it have imputed; only values that were null are ever replaced.
C2  A prediction is held between the least and the greatest value of its column before the next model sees it.
C3  A column without a model keeps what filled it at first.
C4  A row is guarded with `rounding-noise` where an imputed value may differ by more than 1e-6 max(1, |y|) between
    processors. The same models with weights and intercepts that differ by 2^-26 of themselves, up or down, show how
    far the errors of single operations, (K + 16) 2^-52 of each, spread; that is taken 16 times.
C5  An infinite input from which something is imputed is guarded likewise, and so is whatever might overflow on the
    way: where the magnitudes of all values, weights and intercepts, without bounds, do.
C6  A row in which every value is null is imputed as any other is. scikit-learn does so too in a batch with other rows;
    by itself, it leaves such a row as it was filled at first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear._noise import error_bound
from skc.ops.linear._regressors import linear_parts
from skc.ops.numeric import impute, missing_indicator
from skc.ops.numeric._missing import with_nulls
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

GUARD = "rounding-noise"
TWINS = 2
MOVED = 2.0**-26  # how far the weights of the twins differ
MARGIN = 16.0
CANCELLING = 2.0**40  # far above what the tolerance allows for
MOST_TARGETS = 4
Row = tuple[float, ...]


@parameters
class Params:
    pass


@dataclass(frozen=True)
class State:
    fill: Row
    targets: tuple[int, ...]
    weights: tuple[Row, ...]
    intercepts: Row
    least: Row = ()
    greatest: Row = ()


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="iterative_impute")
    return x.with_(nullable=False, exact=False)


def _factors(step: int, width: int) -> Array:
    """[TWINS, width + 1]: by what the twins multiply the weights and the intercept of a step, 1 ± MOVED as if drawn."""
    number = step * (width + 1) + np.arange(width + 1, dtype=np.uint64) + 1
    mixed = (number * np.uint64(0x9E3779B1)) % np.uint64(2**32)
    bits = (mixed[None] >> (np.uint64(20) + np.arange(TWINS, dtype=np.uint64)[:, None])) & np.uint64(1)
    return np.where(bits == 1, 1 + MOVED, 1 - MOVED)


def apply(params: Params, state: State, x: Block) -> Block:
    missing, width = ~x.present(), x.width
    filled = np.where(missing, np.array(state.fill), x.values)
    values = _imputed(state, filled, missing, np.ones((len(state.targets), width + 1)))
    moved = np.zeros_like(values)
    for twin in range(TWINS):
        factors = np.array([_factors(step, width)[twin] for step in range(len(state.targets))])
        moved = np.maximum(moved, np.abs(_imputed(state, filled, missing, factors) - values))
    known = moved * (MARGIN * error_bound(width) / MOVED) < allowed_error(values)
    largest = _imputed(_magnitudes(state), np.abs(filled), missing, np.ones((len(state.targets), width + 1)))
    refused = missing & ~(known & np.isfinite(largest).all(axis=1, keepdims=True))
    return Block("float64", values).guard(GUARD, refused)


def _imputed(state: State, filled: Array, missing: Array, factors: Array) -> Array:
    """The values after all models, each weight and each intercept times a factor."""
    values = filled.copy()
    for target, weights, intercept, by in zip(state.targets, state.weights, state.intercepts, factors, strict=True):
        predicted = values @ (np.array(weights) * by[:-1]) + intercept * by[-1]
        if state.least:
            predicted = np.clip(predicted, state.least[target], state.greatest[target])
        values[:, target] = np.where(missing[:, target], predicted, values[:, target])
    return values


def _magnitudes(state: State) -> State:
    weights = tuple(tuple(map(abs, row)) for row in state.weights)
    return State(state.fill, state.targets, weights, tuple(map(abs, state.intercepts)))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    """The columns are followed by one of ones, whose weight is the intercept."""
    missing, width = op.isnan(x.values), x.width
    filled = op.where(missing, const([_read_fill(state)]), x.values)
    ones = op.add(op.mul(op.cast(take_columns(missing, 0, 1), to=np.float64), const(0.0)), const(1.0))
    values = concat_columns([filled, ones])
    shadows = op.concat([op.unsqueeze(y, const([0])) for y in (*[values] * TWINS, op.abs(values))], axis=0)
    is_missing = concat_columns([missing, op.equal(ones, const(0.0))])
    columns = const([list(range(width + 1))])
    replaced = {k: op.and_(is_missing, op.equal(columns, const(k, np.int64))) for k in sorted({*state.targets})}
    for step, target in enumerate(state.targets):
        row = np.array([*state.weights[step], state.intercepts[step]])
        rows = np.concatenate([row * _factors(step, width), np.abs(row[None])])[..., None]  # [TWINS + 1, K + 1, 1]
        least, greatest = (state.least[target], state.greatest[target]) if state.least else (-math.inf, math.inf)
        open_end = np.array([0.0] * TWINS + [math.inf])[:, None, None]
        predicted = _predicted(values, row[:, None], np.array([[least]]), np.array([[greatest]]))
        values = op.where(replaced[target], predicted, values)
        predicted = _predicted(shadows, rows, least - open_end, greatest + open_end)
        shadows = op.where(replaced[target], predicted, shadows)
    result = GraphBlock("float64", width, take_columns(values, 0, width))
    uncertain = _is_uncertain(values, shadows, width)
    return result.guard(GUARD, op.and_(missing, take_columns(uncertain, 0, width)))


def _read_fill(state: State) -> Row:
    """What fills each column at first, 0 where a model replaces it before any reads it."""
    order, weights = [*state.targets], state.weights
    return tuple(
        value if k not in order or any(row[k] for row in weights[: order.index(k)]) else 0.0
        for k, value in enumerate(state.fill)
    )


def _predicted(values: Var, weights: Array, least: Array, greatest: Array) -> Var:
    predicted = op.matmul(values, const(weights))
    if np.isfinite(least).any():
        predicted = op.max([predicted, const(least)])
    return op.min([predicted, const(greatest)]) if np.isfinite(greatest).any() else predicted


def _is_uncertain(values: Var, shadows: Var, width: int) -> Var:
    """bool [N, K], by what became of the twins, and of the magnitudes."""
    axis = const([0])
    twins = op.slice(shadows, axis, const([TWINS]), axis)
    distance = op.reduce_max(op.abs(op.sub(twins, values)), axis, keepdims=0)
    most = op.mul(op.max([op.abs(values), const([[1.0]])]), const(TOLERANCE * MOVED / MARGIN / error_bound(width)))
    largest = op.squeeze(op.slice(shadows, const([TWINS]), const([TWINS + 1]), axis), axis)
    is_finite = op.cast(op.equal(op.sub(largest, largest), const(0.0)), to=np.float64)
    are_finite = op.equal(op.reduce_min(is_finite, const([1]), keepdims=1), const(1.0))
    return op.not_(op.and_(op.less(distance, most), are_finite))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    """Also values that add up to nothing but rounding errors, if another column has one of them."""
    bounds = [bound for bound in (state.least[k], state.greatest[k]) if math.isfinite(bound)] if state.least else []
    lasts = {target: weights[k] for target, weights in zip(state.targets, state.weights, strict=True)}
    cancelling = [CANCELLING / weight for weight in [*lasts.values()][:MOST_TARGETS] if weight]
    ends = [1.0, 1e17, 1.7976931348623157e308, math.inf, *cancelling]
    return [None, 0.0, -0.0, 5e-324, state.fill[k], *bounds, *ends, *(-end for end in ends)]


CASES = (
    Case(
        name="one after the other",
        shows=("C1", "C3"),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        state=State(
            fill=(1.0, 10.0, -0.5),
            targets=(0, 1, 0),
            weights=((0.0, 2.0, 0.0), (1.0, 0.0, 1.0), (0.0, -1.0, 0.5)),
            intercepts=(0.5, 0.0, 1.0),
        ),
        rows=[[None, None, None], [None, 3.0, -0.0], [4.0, None, 8.0], [-0.0, 0.0, 5e-324]],
        # the first row is filled with 1, 10, -0.5, then: a = 20.5, b = 20, a = -20 - 0.25 + 1
        expect=[[-19.25, 20.0, -0.5], [-2.0, 3.0, -0.0], [4.0, 12.0, 8.0], [-0.0, 0.0, 5e-324]],
        names=("a", "b", "c"),
    ),
    Case(
        name="bounds",
        shows=("C2",),
        columns={"a": "float64?", "b": "float64?"},
        state=State(
            fill=(0.0, 0.0),
            targets=(0, 1),
            weights=((0.0, 2.0), (3.0, 0.0)),
            intercepts=(0.5, -1.0),
            least=(-1.0, -math.inf),
            greatest=(2.0, math.inf),
        ),
        rows=[[None, None], [None, 5.0], [None, -5.0], [5.0, None], [None, 1e307], [None, 0.5]],
        expect=[[0.5, 0.5], [2.0, 5.0], [-1.0, -5.0], [5.0, 14.0], [2.0, 1e307], [1.5, 0.5]],
    ),
    Case(
        name="nothing is certain",
        shows=("C4", "C5"),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        state=State(
            fill=(1e6, 0.0, 0.0),
            targets=(2, 0),
            weights=((1.0, -1.0, 0.0), (0.0, 0.0, 2.0)),
            intercepts=(1.0, 0.0),
        ),
        rows=[
            [None, 1e6, None],
            [1e17, 1e17, None],
            [1e17, 1e17, 0.0],
            [1e17, -1e17, None],
            [math.inf, 1.0, None],
            [math.inf, 1.0, 1.0],
            [1.7e308, 1.7e308, None],
        ],
        expect=[[2.0, 1e6, 1.0], [], [1e17, 1e17, 0.0], [1e17, -1e17, 2e17], [], [math.inf, 1.0, 1.0], []],
        guards=[(GUARD, 1, 2), (GUARD, 4, 2), (GUARD, 6, 2)],
    ),
    Case(
        name="every value is missing",
        shows=("C6",),
        columns={"a": "float64?", "b": "float64?"},
        state=State(fill=(1.0, 1.0), targets=(1, 0), weights=((4.0, 0.0), (0.0, 2.0)), intercepts=(1.0, 0.0)),
        rows=[[None, None]],
        expect=[[10.0, 5.0]],
    ),
)


def _from_sklearn(imputer: Any, x: Columns) -> Columns:
    """Columns that had no value in fitting are dropped, or filled alone under `keep_empty_features`."""
    if imputer.sample_posterior:
        hint = "fit with `sample_posterior=False`, the default"
        raise refuse("SKC151", "`sample_posterior=True` draws imputed values at random", hint=hint)
    raw = with_nulls(imputer.missing_values, x)
    fill = np.asarray(imputer.initial_imputer_.statistics_, dtype=np.float64)
    is_empty = np.asarray(getattr(imputer, "_is_empty_feature", np.isnan(fill)))  # it is not there before 1.6
    kept = np.flatnonzero(imputer.keep_empty_features | ~is_empty)
    state, columns = _state(imputer, fill[kept], is_empty[kept]), raw.pick(kept.tolist())
    if state.targets:
        imputed = columns.apply(OP, Params(), state, is_finite=True)
    else:
        alone = impute.State(state.fill, (False,) * len(kept))
        imputed = columns.apply(impute.OP, impute.Params(strategy="median"), alone, is_finite=True)
    if imputer.indicator_ is None or not len(imputer.indicator_.features_):
        return imputed
    return imputed.beside(missing_indicator.shown(raw, imputer.indicator_.features_.tolist()))


def _state(imputer: Any, fill: Array, is_empty: Array) -> State:
    width, targets, weights, intercepts = len(fill), [], [], []
    for target, others, model in imputer.imputation_sequence_ if imputer.n_iter_ else ():
        if is_empty[target]:
            continue
        parts = linear_parts(model)
        if parts is None:
            name = type(model).__name__
            hint = "use BayesianRidge, the default, or another linear regression such as Ridge"
            raise refuse("SKC151", f"IterativeImputer with the estimator {name} does not compile", hint=hint)
        row = np.zeros(width)
        row[others] = parts[0]
        targets.append(int(target))
        weights.append(tuple(row.tolist()))
        intercepts.append(parts[1])
    return State(tuple(fill.tolist()), tuple(targets), tuple(weights), tuple(intercepts), **_bounds(imputer, width))


def _bounds(imputer: Any, width: int) -> Mapping[str, Row]:
    """The bounds, if any value is bounded."""
    if not imputer.n_iter_:
        return {}
    bounds = np.array([imputer._min_value, imputer._max_value], dtype=np.float64)
    least, greatest = bounds.reshape(2, width).tolist()
    is_bounded = any(map(math.isfinite, (*least, *greatest)))
    return {"least": tuple(least), "greatest": tuple(greatest)} if is_bounded else {}


SKLEARN = {
    "sklearn.impute.IterativeImputer": Claim(
        _from_sklearn,
        ("missing_values", "add_indicator", "keep_empty_features", "sample_posterior", "estimator"),
        (
            *("initial_strategy", "fill_value", "imputation_order", "n_nearest_features", "skip_complete"),
            *("min_value", "max_value", "max_iter", "tol", "random_state", "verbose"),
        ),
    )
}

OP = Op(
    name="iterative_impute",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    arity=always("block"),
    sklearn=SKLEARN,
    cases=CASES,
    exact=False,
)
