"""Replace nulls, like scikit-learn's `SimpleImputer`.

Why: most models do not accept nulls, and what replaces them should be a deliberate choice.

Example: `age: {from: age, apply: [{impute: {strategy: median}}]}`

Parameters
----------
strategy : mean, median, most_frequent or constant; default mean, constant if `value` is given
    `mean` and `median` for float64 only, `most_frequent` and `constant` for every type.
value : number, bool or text, default null
    What replaces a null under `constant`: a value of the column's type (for float64 also an integer, if float64
    holds it exactly); for a timestamp an integer, microseconds since 1970-01-01 UTC, for a date the days since
    then.
add_indicator : bool, default false
    Append, after all imputed columns, a column `missingindicator_NAME` for each column that held a null in
    fitting: 1 where the value was missing, else 0. Only for float64 and int64, and of the same type.

Input: every type. Output: the same type, never null. State: the value of each column, and whether it has an
indicator.

Critical points
---------------
C1  The mean is exact, rounded once: scikit-learn's may differ in the last bits.
C2  The median of an even number of values is the quantile of type 7 at 1/2: b - (b - a) / 2 for the two in the
    middle; scikit-learn's (a + b) / 2 may differ in the last bit of the larger, and may overflow.
C3  Of equally frequent values the smallest is used: strings by UTF-8 bytes, false before true.
C4  A null is not a value: it is never the most frequent, and "" is not null.
C5  Nulls are imputed in serving even if the column had none in fitting.
C6  A constant is of the column's own type: 0 and 0.0 are float64, only 0 is int64; any other is refused
    (SKC123).
C7  A value that is not null keeps its bits, including -0.0, infinities and the zero of its type.
C8  A column without values has no mean, median or mode (SKC210); one with an infinity has no mean or median, and
    an infinite mode cannot be imputed (SKC211); a median may overflow (SKC212). A constant needs no values
    in fitting.
C9  Indicators come last, in the order of their columns, and only of columns that held a null in fitting.
C10 Refused: mean and median of other types, most_frequent of float64 values that are not exact,
    indicators of other types (SKC120, SKC121), and `value` without `constant` or `constant` without `value`
    (SKC124).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import numpy as np

from skc.codes import Code
from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.op import SMALL, Case, Known, Names, Op, parameters, refuse, require_exact
from skc.ops.numeric import missing_indicator
from skc.ops.numeric._constants import Constant, constant_of
from skc.ops.numeric._missing import left_as_they_are, with_nulls
from skc.stats.requests import ColumnStats, Mean, NullCount, Quantiles, Stat, ValueCounts
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import KINDS, RANGES, DType

Strategy = Literal["mean", "median", "most_frequent", "constant"]
# The statistic that each strategy takes its value from.
STATISTICS: dict[Strategy, Stat] = {
    "mean": Mean(),
    "median": Quantiles((0.5,)),
    "most_frequent": ValueCounts(limit=1),
}


@parameters
class Params:
    strategy: Strategy | None = None
    value: bool | int | float | str | None = None
    add_indicator: bool = False


@dataclass(frozen=True)
class State:
    value: tuple[bool | int | float | str, ...]
    indicator: tuple[bool, ...]


def _strategy(params: Params) -> Strategy:
    return params.strategy or ("mean" if params.value is None else "constant")


def infer(params: Params, x: ValueType) -> ValueType:
    strategy = _strategy(params)
    if (strategy == "constant") != (params.value is not None):
        raise refuse("SKC124", "`strategy: constant` and `value` go together", hint="give both, or only `value`")
    if params.value is not None:
        constant_of(params.value, x.dtype, "value")
    if strategy in ("mean", "median") and x.dtype != "float64":
        cast_hint = "`cast` to float64 first, or " if x.dtype in ("int64", "bool") else ""
        raise refuse(
            "SKC120",
            f"`impute` has no {strategy} for {x.dtype}",
            hint=f"{cast_hint}use `strategy: most_frequent`",
        )
    if strategy == "most_frequent":
        require_exact(x, op="impute")
    if params.add_indicator and x.dtype not in ("float64", "int64"):
        raise refuse(
            "SKC120",
            f"`add_indicator` takes float64 or int64, not {x.dtype}",
            hint="define a separate feature: `expr: is_null(NAME)`",
        )
    return x.with_(nullable=False, width=None if params.add_indicator else x.width)


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    strategy = _strategy(params)
    statistic = () if strategy == "constant" else (STATISTICS[strategy],)
    return (*statistic, NullCount()) if params.add_indicator else statistic


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(
        value=tuple(_value(params, x.dtype, stats) for stats in columns),
        indicator=tuple(params.add_indicator and stats[NullCount()] > 0 for stats in columns),
    )


def _value(params: Params, dtype: DType, stats: ColumnStats) -> Constant:
    if params.value is not None:
        return constant_of(params.value, dtype, "value")
    strategy = _strategy(params)
    statistic = stats[STATISTICS[strategy]]
    if statistic is None or statistic == ():
        hint = "drop the column, or give a `value` to replace nulls"
        raise refuse("SKC210", f"a column has no values to compute the {strategy} from", hint=hint)
    value: Constant = statistic if strategy == "mean" else statistic[0] if strategy == "median" else statistic[0][0]
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        code: Code = "SKC211" if strategy == "most_frequent" else "SKC212"
        raise refuse(code, f"the {strategy} of a column is {value}", hint="`clip` the column before this step")
    return value + 0.0  # -0.0, an underflow, becomes 0.0: ONNX Runtime's Where does not preserve it


def apply(params: Params, state: State, x: Block) -> Block:
    missing = ~x.present()
    values = np.where(missing, np.array(state.value, dtype=KINDS[x.dtype].numpy), x.values)
    indicators = missing[:, list(state.indicator)].astype(values.dtype)
    return Block(x.dtype, np.concatenate([values, indicators], axis=1) if any(state.indicator) else values)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    if not x.kind.is_float and x.valid is None:  # nothing can be missing, so no indicator either
        return GraphBlock(x.dtype, x.width, x.values)
    missing = op.isnan(x.values) if x.valid is None else op.not_(x.valid)
    fill = const([state.value], None if x.dtype == "string" else KINDS[x.dtype].numpy)
    # ONNX Runtime has no Where over bool; the value under a null is false
    is_bool = x.dtype == "bool"
    values = op.or_(x.values, op.and_(missing, fill)) if is_bool else op.where(missing, fill, x.values)
    columns = [k for k, has_indicator in enumerate(state.indicator) if has_indicator]
    if columns:
        indicators = op.cast(op.gather(missing, const(columns), axis=1), to=KINDS[x.dtype].numpy)
        values = concat_columns([values, indicators])
    return GraphBlock(x.dtype, x.width + len(columns), values)


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    # The indicators are in the last group: they come after all columns.
    flagged = (name for name, has_indicator in zip(columns, state.indicator, strict=True) if has_indicator)
    if not columns:
        return ()
    *firsts, last = columns
    return (*((name,) for name in firsts), (last, *(f"missingindicator_{name}" for name in flagged)))


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({*known, state.value[k]} if x.nullable else known))  # type: ignore[type-var]  # of one type


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    value = state.value[k]
    match x.dtype:
        case "float64" | "float32":
            near = [
                math.nextafter(float(value), -math.inf),
                float(value),
                math.nextafter(float(value), math.inf),
            ]
            return [None, *near, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]
        case "bool":
            return [None, False, True]
        case "string":
            return [None, str(value), f"{value} ", "", "nan", "None", "\U0001f600"]
        case "int64" | "timestamp" | "date" | "time":
            low, high = RANGES[x.dtype]
            return [None, int(value), 0, 1, -1, low, high]
    assert_never(x.dtype)


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


def _refused(point: str, code: str, dtype: DType, params: dict[str, Scalar], *fit: list[Scalar]) -> Case:
    name = f"refused: {params} of {dtype}"
    return Case(name, (point,), {"x": f"{dtype}?"}, [], [], params=params, fit=fit, refused=code)


def _constant(dtype: DType, value: Scalar, filled: Scalar, zero: Scalar, other: Scalar) -> Case:
    columns = {"x": f"{dtype}?", "y": f"{dtype}?"}
    rows: list[list[Scalar]] = [[None, None], [zero, other]]
    expect: list[list[Scalar]] = [[filled, filled], [zero, other]]
    name, fit = f"the constant {value!r} of {dtype}", [[None, other]]
    return Case(name, ("C6", "C7", "C8"), columns, rows, expect, params={"value": value}, fit=fit)


def _is_small(params: Params, inputs_are: bool) -> bool:
    """The replacement is a parameter, or within the range of the training values."""
    return inputs_are and not (isinstance(params.value, int | float) and abs(params.value) > SMALL)


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "no null in fitting: no indicator" if params.add_indicator and not state.indicator[k] else None


CASES = (
    Case(
        name="the mean",
        shows=("C1", "C4", "C5", "C7"),
        columns={"x": "float64?", "y": "float64?"},
        # The mean of 0.1, 0.2 and 0.3; with the sum rounded first it would be 0.19999999999999998.
        fit=[[0.1, 1.0], [0.2, 2.0], [None, 3.0], [0.3, 6.0]],
        rows=[[None, None], [-0.0, math.inf], [None, -math.inf], [5e-324, -1e308]],
        expect=[
            [0.2, 3.0],
            [-0.0, math.inf],
            [0.2, -math.inf],
            [5e-324, -1e308],
        ],
    ),
    Case(
        name="the mean cancels exactly",
        shows=("C1",),
        columns={"x": "float64?"},
        params={"strategy": "mean"},
        fit=[[1e308], [1.0], [-1e308], [1.0]],
        rows=[[None]],
        expect=[[0.5]],
    ),
    Case(
        name="the median",
        shows=("C2", "C5"),
        columns={"odd": "float64?", "even": "float64?", "close": "float64?", "large": "float64?"},
        params={"strategy": "median"},
        fit=[[3.0, 1.0, -1.0, 1e308], [1.0, 9.0, 1.0000000000000002, 1.5e308], [2.0, None, None, None]],
        rows=[[None, None, None, None], [7.0, 7.0, 7.0, 7.0]],
        expect=[[2.0, 5.0, 2.220446049250313e-16, 1.25e308], [7.0, 7.0, 7.0, 7.0]],
    ),
    Case(
        name="ties for the most frequent number",
        shows=("C3", "C4"),
        columns={"x": "float64?", "y": "float64?"},
        params={"strategy": "most_frequent"},
        fit=[[2.0, None], [-1.0, None], [2.0, None], [-1.0, 4.0], [7.0, 5.0]],
        rows=[[None, None], [0.0, 1.0]],
        expect=[[-1.0, 4.0], [0.0, 1.0]],
    ),
    Case(
        name="ties for the most frequent text",
        shows=("C3", "C4", "C7"),
        columns={"s": "string?", "t": "string?"},
        params={"strategy": "most_frequent"},
        fit=[["b", ""], ["B", ""], ["b", None], ["B", "é"], [None, "e"], [None, None], [None, None]],
        rows=[[None, None], ["", "\U0001f600"]],
        expect=[["B", ""], ["", "\U0001f600"]],
    ),
    Case(
        name="the most frequent integer, where none was missing",
        shows=("C3", "C5", "C7"),
        columns={"n": "int64?"},
        params={"strategy": "most_frequent"},
        fit=[[2**53 + 1], [2**53 + 1], [2**53], [2**53]],
        rows=[[None], [0], [2**63 - 1]],
        expect=[[2**53], [0], [2**63 - 1]],
    ),
    Case(
        name="the most frequent flag",
        shows=("C3", "C7"),
        columns={"tie": "bool?", "true": "bool?"},
        params={"strategy": "most_frequent"},
        fit=[[True, True], [False, None]],
        rows=[[None, None], [True, False], [False, True]],
        expect=[[False, True], [True, False], [False, True]],
    ),
    _constant("float64", 0, 0.0, -0.0, 1e308),
    _constant("float64", -1.5, -1.5, 0.0, math.inf),
    _constant("int64", 2**53 + 1, 2**53 + 1, 0, -(2**63)),
    _constant("bool", True, True, False, True),
    _constant("bool", False, False, False, True),
    _constant("string", "<missing>", "<missing>", "", "nan"),
    _constant("string", "", "", " ", "é"),
    _constant("timestamp", 1_000_000, 1_000_000, 0, -62_135_596_800_000_000),
    _constant("date", -1, -1, 0, 2_932_896),
    Case(
        name="columns of which one can be null",
        shows=("C5", "C6"),
        columns={"x": "int64", "y": "int64?"},
        params={"strategy": "constant", "value": -1},
        rows=[[0, None], [1, 0]],
        expect=[[0, -1], [1, 0]],
    ),
    Case(
        name="no column can be null",
        shows=("C7",),
        columns={"x": "string", "y": "string"},
        params={"value": "<missing>"},
        rows=[["", "a"]],
        expect=[["", "a"]],
    ),
    Case(
        name="indicators",
        shows=("C9",),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        params={"strategy": "median", "add_indicator": True},
        fit=[[None, 1.0, 3.0], [2.0, 1.0, None]],
        rows=[[None, None, None], [0.0, math.inf, -0.0]],
        expect=[[2.0, 1.0, 3.0, 1.0, 1.0], [0.0, math.inf, -0.0, 0.0, 0.0]],
        names=("a", "b", "c", "missingindicator_a", "missingindicator_c"),
    ),
    Case(
        name="indicators of integers",
        shows=("C9",),
        columns={"a": "int64", "b": "int64?"},
        params={"value": 0, "add_indicator": True},
        fit=[[1, None]],
        rows=[[5, None], [0, 0]],
        expect=[[5, 0, 1], [0, 0, 0]],
        names=("a", "b", "missingindicator_b"),
    ),
    Case(
        name="no indicator where nothing was missing",
        shows=("C5", "C9"),
        columns={"a": "float64?"},
        params={"add_indicator": True},
        fit=[[1.0], [3.0]],
        rows=[[None]],
        expect=[[2.0]],
        names=("a",),
    ),
    _refused("C6", "SKC123", "float64", {"value": 2**53 + 1}),
    _refused("C6", "SKC123", "float64", {"value": "0"}),
    _refused("C6", "SKC123", "float64", {"value": False}),
    _refused("C6", "SKC123", "int64", {"value": 0.0}),
    _refused("C6", "SKC123", "int64", {"value": True}),
    _refused("C6", "SKC123", "int64", {"value": 2**63}),
    _refused("C6", "SKC123", "string", {"value": 0}),
    _refused("C6", "SKC123", "string", {"value": "a\0b"}),
    _refused("C6", "SKC123", "bool", {"value": 1}),
    _refused("C6", "SKC123", "date", {"value": 2_932_897}),
    _refused("C8", "SKC210", "float64", {"strategy": "mean"}, [None]),
    _refused("C8", "SKC210", "float64", {"strategy": "median", "add_indicator": True}, [None]),
    _refused("C8", "SKC210", "string", {"strategy": "most_frequent"}, [None]),
    _refused("C8", "SKC211", "float64", {}, [0.0], [math.inf]),
    _refused("C8", "SKC211", "float64", {"strategy": "most_frequent"}, [0.0], [math.inf], [math.inf]),
    _refused("C8", "SKC212", "float64", {"strategy": "median"}, [-1.7e308], [1.7e308]),
    _refused("C10", "SKC120", "int64", {}),
    _refused("C10", "SKC120", "string", {"strategy": "median"}),
    _refused("C10", "SKC120", "string", {"strategy": "most_frequent", "add_indicator": True}),
    _refused("C10", "SKC124", "float64", {"strategy": "constant"}),
    _refused("C10", "SKC124", "float64", {"strategy": "median", "value": 0.0}),
)


def _from_sklearn(imputer: Any, x: Columns) -> Columns:
    """Columns that had no value in fitting are dropped, or filled with 0 under `keep_empty_features`."""
    is_object = imputer.strategy in ("most_frequent", "constant")  # any other strategy converts to float64
    is_left = left_as_they_are(imputer.missing_values, x) if is_object else [False] * len(x.types)
    raw = with_nulls(imputer.missing_values, x)
    values = imputer.statistics_.tolist()
    kept = [k for k, value in enumerate(values) if value is None or value == value]
    to_fill = [k for k in kept if not is_left[k]]
    filled = _filled(imputer, [values[k] for k in to_fill], raw.pick(to_fill))
    if any(is_left):
        beside = filled.beside(x.pick([k for k in kept if is_left[k]]))
        order = [*to_fill, *(k for k in kept if is_left[k])]
        filled = beside.pick([order.index(k) for k in kept])
    if imputer.keep_empty_features and not kept:  # NaN replaces what is missing
        filled = raw
    if imputer.indicator_ is None or not len(imputer.indicator_.features_):
        return filled
    if any(t.dtype == "string" for t in raw.types):
        raise refuse(
            "SKC151",
            "`add_indicator` of a SimpleImputer of text does not compile: its output is text and booleans in one array",
            hint="add the indicator as a MissingIndicator of its own, in a FeatureUnion",
        )
    return filled.beside(missing_indicator.shown(raw, imputer.indicator_.features_.tolist()))


def _filled(imputer: Any, values: list[Any], x: Columns) -> Columns:
    """The columns with these values for what is missing."""
    is_text = bool(x.types) and x.types[0].dtype == "string"
    wrong = next((value for value in values if isinstance(value, str) != is_text or value is None), values)
    if wrong is not values:
        raise refuse(
            "SKC151",
            f"a SimpleImputer fills {'text' if is_text else 'numbers'} with {wrong!r}, which is not",
            hint="set `fill_value` to a value of the columns' type",
        )
    # A constant of the sort that the strategy gives: the state alone says which value replaces a null.
    is_average = imputer.strategy in ("mean", "median") and not is_text
    state = State(tuple(values if is_text else map(float, values)), (False,) * len(values))
    return x.apply(OP, Params(strategy=imputer.strategy if is_average else "most_frequent"), state, is_finite=True)


SKLEARN = {
    "sklearn.impute.SimpleImputer": Claim(
        _from_sklearn,
        ("missing_values", "strategy", "fill_value", "add_indicator", "keep_empty_features"),
        ("copy",),
    )
}


OP = Op(
    name="impute",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    levels=levels,
    carry_back=carry_back,
    arity=lambda params: "block" if params.add_indicator else "columns",
    is_small=_is_small,
    degenerate=degenerate,
    sklearn=SKLEARN,
    cases=CASES,
    null_blind=True,
    replaces_null=True,
)
