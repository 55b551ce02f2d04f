"""Replace each category by the mean of the target among its training rows: like scikit-learn's `TargetEncoder`.

Why: a category of thousands is one number instead of thousands of columns.

Example: `city_tip: {from: [fold, city], apply: [{target_encode: {folds: 5}}]}`

The mean of a category contains the target of each of its rows, so a model that was trained on such means would trust
them too much. Training rows therefore have folds, and each is encoded by the rows of all other folds. A request has no
fold, and is encoded by all training rows. Both are rows of the same artifact, and differ in one input:

    data:
      path: rides.parquet                        # with a column `fold`, of the numbers 0 to 4
      target: {column: tip, type: float64}       # training rows have it, requests do not
    inputs:
      city: string
      fold: {type: int64, nullable: true}        # null in a request
    features:
      city_tip: {from: [fold, city], apply: [{target_encode: {folds: 5}}]}

So train the model on what the artifact makes of the training rows with their folds. An encoder that scikit-learn fitted
has the means of all its training rows and no folds: train on its `fit_transform`, best in one pipeline with the model.

Parameters
----------
folds : int from 2 to 1000, default null
    How many folds there are. The first input is then the fold: an integer from 0 to `folds` - 1, which says what is
    left out, or null, by which nothing is. Without folds the state comes from scikit-learn, and there is no such input.
smooth : "auto", or a number of at least 0, default "auto"
    How many rows at the mean of the target are added to each category; auto adds more to categories that vary more
    (empirical Bayes), and none to one whose rows are equal.
target_type : "auto", "continuous", "binary" or "multiclass", default "auto"
    Binary: the share of the second class. Multiclass: the share of each class. Auto: texts and bools are classes,
    numbers are continuous.

Input: the fold, int64 and nullable, then string, int64, bool or float64. Output: float64, never null: one column per
category column, or one per class of the target. State: per column the categories, and per class their values, then that
of a null and that of an unknown value; first by all rows, then without each fold.

Critical points
---------------
C1  A category has its own value, whatever others have.
C2  A value that is not a category has the value of unknown ones, the mean of the target.
C3  A null has a value of its own if training rows have nulls; it is not unknown.
C4  Strings are equal if their code points are, integers are compared as int64, floats are equal if all bits are or both
    are zero.
C5  With several classes the columns of an input column are together, in the order of the classes.
C6  A row of a fold is encoded by the training rows of all other folds: the mean of the target too is theirs.
C7  A category without a row in the other folds has the mean of the target.
C8  With n rows of sum s and a mean target m, a category has (s + smooth·m) / (n + smooth).
C9  With `auto` it is λ·s/n + (1 − λ)·m, where λ = V·n / (V·n + v), V is the variance of the target, and v its variance
    among the rows of the category; m if all targets are equal.
C10 A fold that does not exist is refused (out-of-range).
C11 Binary: the share of the second class, of which texts are ordered by code points, and false is before true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.diagnostics import SkcError
from skc.emit.blocks import GraphBlock, concat_columns, lookup
from skc.emit.opset import const, op
from skc.op import Arity, Concern, Fault, Met, Names, Op, always, parameters, refuse, require, require_exact
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import Key, Keys, key_boundaries, sample, unknown_values
from skc.ops.categorical._target_encode_cases import CASES
from skc.ops.categorical._target_means import State, TargetType, check_classes, learned
from skc.stats.requests import ByTarget, ColumnStats, Stat
from skc.translation import Claim, Columns, apply_each
from skc.values.once import once_per_state
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array

if TYPE_CHECKING:
    from spox import Var

UNKNOWN = -1  # in the graph


@parameters
class Params:
    folds: Annotated[int, Field(ge=2, le=1000)] | None = None
    smooth: Literal["auto"] | Annotated[float, Field(ge=0, allow_inf_nan=False)] = "auto"
    target_type: TargetType = "auto"


def arity(params: Params) -> Arity:
    return "columns" if params.folds is None else "values"


def unlearnable(params: Params) -> SkcError | None:
    if params.folds is not None:
        return None
    hint = "write `from: [FOLD, CATEGORY]` and `{target_encode: {folds: 5}}`; FOLD is a nullable int64 input, 0 to 4"
    return refuse("SKC119", "`target_encode` without `folds` is fitted by scikit-learn only", hint=hint)


def infer(params: Params, *types: ValueType) -> ValueType:
    if params.folds is not None:
        _check_fold(types)
    for x in types if params.folds is None else types[1:]:
        require(x, "string", "int64", "bool", "float64", op="target_encode")
        require_exact(x, op="target_encode")
    return ValueType("float64", width=None)


def _check_fold(types: Sequence[ValueType]) -> None:
    fold = types[0]
    hint = "write `from: [FOLD, CATEGORY]`, and declare FOLD `{type: int64, nullable: true}`"
    if len(types) < 2 or any(x.width != 1 for x in types):
        raise refuse("SKC127", "`target_encode` takes the fold and one or more single columns", hint=hint)
    if fold.dtype != "int64" or not fold.nullable:
        actual = fold.dtype if fold.dtype != "int64" else "an int64 that is never null"
        raise refuse(
            "SKC120", f"the first input of `target_encode` is the fold, a nullable int64, not {actual}", hint=hint
        )


def needs(params: Params, *types: ValueType) -> tuple[Stat, ...]:
    if params.folds is None:
        return ()
    return (_request(params, params.folds),)


def _request(params: Params, folds: int) -> ByTarget:
    return ByTarget(0, folds, None if params.target_type == "auto" else params.target_type != "continuous")


def freeze(params: Params, x: ValueType, stats: Sequence[ColumnStats]) -> State:
    assert params.folds is not None  # see `unlearnable`
    grouped = [column[_request(params, params.folds)] for column in stats[1:]]
    for one in grouped:
        check_classes(one.classes, params.target_type)
    categories, values = zip(*(learned(one, params.folds, params.smooth) for one in grouped), strict=True)
    labels = tuple(label if isinstance(label, str) else str(label).lower() for label in grouped[0].classes)
    return State(categories, values, (labels if len(labels) > 2 else (),) * len(grouped))


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    """A warning if no category is in two folds: then the features of training rows say nothing about the target."""
    if params.folds is None or _is_fold(params, k) or not state.categories[k - _first(params)]:
        return []
    places = [value for value, _ in stats[_request(params, params.folds)].moments if value is not None]
    if len(set(places)) < len(places):
        return []
    text = "no category is in two folds, so every training row gets the mean of the target"
    return [
        Concern("SKC230", text, "group the categories before this step, or put rows of one category in several folds")
    ]


def _first(params: Params) -> int:
    """The index of the first category column."""
    return 0 if params.folds is None else 1


def _is_fold(params: Params, k: int) -> bool:
    return k < _first(params)


@once_per_state
def ids(params: Params, state: State, k: int) -> dict[Key, int]:
    keys = () if _is_fold(params, k) else state.categories[k - _first(params)]
    return {key: place for place, key in enumerate(keys)}


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    first = _first(params)
    groups = (
        tuple(f"{name}_{label}" for label in labels) if labels else (name,)
        for name, labels in zip(columns[first:], state.classes, strict=True)
    )
    return (*((),) * first, *groups)


def apply(params: Params, state: State, *blocks: Block) -> Block:
    fold, category_blocks = (None, blocks) if params.folds is None else (blocks[0], blocks[1:])
    left_out = [0] * blocks[0].rows if fold is None else _left_out(params, fold)
    columns, k = [], 0
    for x in category_blocks:
        present = x.present()
        for j in range(x.width):
            categories = state.categories[k]
            places = {key: place for place, key in enumerate(categories)}
            null, unknown = len(categories), len(categories) + 1
            rows = [
                table * (unknown + 1) + (places.get(value, unknown) if is_present else null)
                for table, value, is_present in zip(left_out, x.values[:, j].tolist(), present[:, j], strict=True)
            ]
            columns.append(np.array(state.values[k]).T[rows].reshape(x.rows, -1))
            k += 1
    block = Block("float64", np.concatenate(columns, axis=1))
    return block if fold is None else block.guard("out-of-range", _is_no_fold(params, fold))


def _left_out(params: Params, fold: Block) -> list[int]:
    """Which of the tables of a column encodes a row."""
    is_fold = fold.present()[:, 0] & ~_is_no_fold(params, fold)[:, 0]
    return [int(value) + 1 if ok else 0 for value, ok in zip(fold.values[:, 0], is_fold, strict=True)]


def _is_no_fold(params: Params, fold: Block) -> Array:
    return np.asarray(fold.present() & ~np.isin(fold.values, range(params.folds or 0)))


def lower(params: Params, state: State, *blocks: GraphBlock) -> GraphBlock:
    """One table for all columns: each begins where the one before it ends."""
    tables = [np.array(values).T for values in state.values]
    starts = np.cumsum([0, *map(len, tables)]).tolist()
    parts, k = [], 0
    for x in blocks[_first(params) :]:
        parts.append(_places(x, state.categories[k : k + x.width], starts[k : k + x.width]))
        k += x.width
    place, fold = concat_columns(parts), None if params.folds is None else blocks[0]
    ends = zip(starts, state.categories, strict=False)
    unknown = op.equal(place, const([[start + len(keys) + 1 for start, keys in ends]], np.int64))
    if fold is not None:
        unknown = concat_columns([op.not_(op.equal(fold.values, fold.values)), unknown])
        sizes = [[len(keys) + 2 for keys in state.categories]]
        place = op.add(place, op.mul(_table_of(params, fold), const(sizes, np.int64)))
    table = np.concatenate(tables)
    width = k * table.shape[1]
    rows = op.gather(const(table), place, axis=0)  # [N, K, classes]
    result = GraphBlock("float64", width, op.reshape(rows, const([0, width])))
    result = result.signal("unknown", unknown)
    return result if fold is None else result.guard("out-of-range", _lower_is_no_fold(params, fold))


def _places(x: GraphBlock, categories: Sequence[Keys], starts: Sequence[int]) -> Var:
    """int64 [N, K]: where the value of each category is in the table, by all rows."""
    numbers = [range(start, start + len(keys)) for start, keys in zip(starts, categories, strict=True)]
    nulls = [start + len(keys) for start, keys in zip(starts, categories, strict=True)]
    place = lookup(x, categories, numbers, UNKNOWN)
    unknown = const([[null + 1 for null in nulls]], np.int64)
    place = op.where(op.less(place, const(0, np.int64)), unknown, place)
    present = x.present()
    return place if present is None else op.where(present, place, const([nulls], np.int64))


def _table_of(params: Params, fold: GraphBlock) -> Var:
    """int64 [N, 1]: 0 for a null, else one more than the fold; 0 too where there is no such fold, which is refused."""
    present = fold.present()
    assert present is not None  # `infer` refuses a fold that cannot be null
    is_fold = op.and_(present, op.not_(_lower_is_no_fold(params, fold)))
    return op.where(is_fold, op.add(fold.values, const(1, np.int64)), const(0, np.int64))


def _lower_is_no_fold(params: Params, fold: GraphBlock) -> Var:
    present = fold.present()
    assert present is not None
    below = op.less(fold.values, const(0, np.int64))
    beyond = op.greater(fold.values, const((params.folds or 0) - 1, np.int64))
    return op.and_(present, op.or_(below, beyond))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    if not _is_fold(params, k):
        return key_boundaries(state.categories[k - _first(params)], x.dtype)
    return [None, INT64_MIN, -1, *switches(params, state, k), params.folds, INT64_MAX]


def switches(params: Params, state: State, k: int) -> Sequence[Scalar]:
    return [*range(params.folds or 0)] if _is_fold(params, k) else []


def marks(params: Params, state: State, k: int) -> Mapping[str, Sequence[Scalar]]:
    if _is_fold(params, k):
        return {"fold": switches(params, state, k)}
    return {"category": state.categories[k - _first(params)]}


def degenerate(params: Params, state: State, k: int) -> str | None:
    return None if _is_fold(params, k) or state.categories[k - _first(params)] else "no category"


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    if not values:
        return []
    return [*(switches(params, state, k) or sample(state.categories[k - _first(params)])), None]


def met(params: Params, state: State, *blocks: Block) -> dict[Met, Array]:
    first, k = _first(params), 0
    unknown = [np.zeros(blocks[0].values.shape, dtype=bool)] * first
    for x in blocks[first:]:
        unknown.append(unknown_values(x, state.categories[k : k + x.width]))
        k += x.width
    return {"unknown": np.concatenate(unknown, axis=1)}


def faults(params: Params, state: State) -> list[Fault]:
    if params.folds is None:
        return []
    return [
        Fault("leak", "a training row is encoded by all rows, its own among them", _moved(state, params.folds, None)),
        Fault("fold", "each fold is encoded without the next fold", _moved(state, params.folds, 1)),
    ]


def _moved(state: State, folds: int, by: int | None) -> State:
    """The same with other values for each fold: those by all rows, or those of the fold `by` places further on."""
    values = []
    for keys, of_column in zip(state.categories, state.values, strict=True):
        size = len(keys) + 2
        order = [0, *(0 if by is None else 1 + (f + by) % folds for f in range(folds))]
        tables = ([table[size * t : size * (t + 1)] for t in order] for table in of_column)
        values.append(tuple(tuple(value for part in parts for value in part) for parts in tables))
    return replace(state, values=tuple(values))


def _from_sklearn(encoder: Any, x: Columns) -> Columns:
    x = groups.as_fitted(encoder, x)
    is_multiclass = encoder.target_type_ == "multiclass"
    classes = len(encoder.classes_) if is_multiclass else 1
    means = encoder.target_mean_.tolist() if is_multiclass else [float(encoder.target_mean_)]
    labels = tuple(map(str, encoder.classes_.tolist())) if is_multiclass else ()
    parts = []
    for k in range(len(encoder.categories_)):
        learned_here = groups.learned_categories(encoder, k, x)
        is_null = [groups.is_missing(category) for category in encoder.categories_[k].tolist()]
        values = []
        for j in range(classes):
            encoding = encoder.encodings_[k * classes + j].tolist()
            of_null = next((v for v, null in zip(encoding, is_null, strict=True) if null), means[j])
            own = (v for v, null in zip(encoding, is_null, strict=True) if not null)
            values.append((*own, of_null, means[j]))
        parts.append((Params(), State((learned_here.frequent,), (tuple(values),), (labels,))))
    return apply_each(OP, x, parts)


SKLEARN = {
    "sklearn.preprocessing.TargetEncoder": Claim(
        _from_sklearn, ("categories", "target_type"), ("smooth", "cv", "shuffle", "random_state")
    )
}

OP = Op(
    name="target_encode",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    unlearnable=unlearnable,
    arity=arity,
    switches=switches,
    faults=faults,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    marks=marks,
    degenerate=degenerate,
    concerns=concerns,
    carry_back=carry_back,
    ids=ids,
    met=met,
    decides_by=always("category"),
    sklearn=SKLEARN,
    cases=CASES,
    null_blind=True,
)
