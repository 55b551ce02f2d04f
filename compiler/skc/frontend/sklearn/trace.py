"""FunctionTransformer: the function is traced with symbols instead of numbers, and becomes expressions.

Why a trial: a trace may miss what a function does with the values of a column (`fillna`, a cache). So the function is
also called on rows of numbers, zeros, NaN and infinities, and every row must be what the expressions give.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from skc import expression
from skc.diagnostics import SkcError, fail
from skc.frontend.sklearn.columns import Table
from skc.frontend.sklearn.symbols import Kind, NotTraceableError, Symbol, as_symbols, constant
from skc.ir import EXPRESSION
from skc.op import NoState
from skc.ops import OPS
from skc.values.types import Block, ValueType, column_block
from skc_runtime.agreement import agree
from skc_runtime.kinds import KINDS, Array, DType, for_every_kind

TRACED_ROWS = (2, 3)  # a function that depends on the number of rows gives different texts
FINITE = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.25, -2.75, 1e-9, 100.0, 12345.678, 1e16, -1e16, 1e300, 5e-324)
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
# What a function is tried on, as far as a column of the type can be traced.
TRIED: Mapping[DType, Sequence[Any]] = for_every_kind(
    {
        "float64": FINITE + NOT_FINITE,
        "float32": (),
        "int64": (0, 1, -1, 2, 3, 7, 10, -25, 100, 1000, 123456),
        "bool": (False, True),
        "string": ("a", "b", "", "Z 9"),
        "timestamp": (),
        "date": (),
        "time": (),
    }
)
TRIALS = 300


@dataclass(frozen=True)
class Frame:
    """What the function takes: the kind of each column; their names where it takes a data frame."""

    kinds: tuple[Kind, ...]
    names: tuple[str, ...] | None

    def of(self, columns: Sequence[Array]) -> Any:
        """A data frame or an array with these columns."""
        if self.names is None:
            return np.column_stack(columns)
        import pandas as pd

        return pd.DataFrame(dict(zip(self.names, columns, strict=True)))


def traced(estimator: Any, x: Table) -> Table:
    """The columns that the function of a FunctionTransformer computes. Raises SKC150 where it cannot be traced."""
    x = x.at(x.path or "function")
    arguments = estimator.kw_args or {}
    fitted_names: Any = getattr(estimator, "feature_names_in_", None)
    is_frame = fitted_names is not None and not estimator.validate
    x = x.floats(null="error") if estimator.validate else x
    x = x if is_frame else x.of_one_kind()
    frame = Frame(tuple(_kind(x, k) for k in range(len(x.types))), tuple(map(str, fitted_names)) if is_frame else None)

    def function(data: Any) -> Any:
        return estimator.func(data, **arguments)

    try:
        symbols = _symbols(function, frame)
        _try(function, frame, symbols, is_checked=estimator.validate)
    except NotTraceableError as reason:
        hint = "write it with arithmetic, comparisons, numpy.where and ufuncs over columns, or apply it before"
        raise fail("SKC150", f"the function `{_name(estimator.func)}` cannot be traced: {reason}", hint=hint) from None
    return x.pick(()).beside(*(_column(x, symbol) for symbol in symbols))


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", function))


def _kind(x: Table, k: int) -> Kind:
    dtype = x.types[k].dtype
    is_number = dtype in ("int64", "bool")
    if not TRIED[dtype] or (x.types[k].nullable and is_number):
        hint = "convert it to float64 before this step: a function may do anything with a missing integer"
        raise fail(
            "SKC150", f"column `{x.names[k]}` is {x.types[k]}, which a function cannot be traced with", hint=hint
        )
    return cast(Kind, dtype)  # times are refused above


def _symbols(function: Any, frame: Frame) -> list[Symbol]:
    """The symbol of each output column.

    A data frame of symbols cannot hold an array that takes every ufunc. A function that names no column is traced with
    such an array as well: what it makes of a data frame is tried on numbers.
    """
    try:
        return _of_any_rows(function, frame)
    except NotTraceableError as reason:
        if frame.names is None:
            raise
        try:
            return _of_any_rows(function, replace(frame, names=None))
        except NotTraceableError:
            raise reason from None


def _of_any_rows(function: Any, frame: Frame) -> list[Symbol]:
    symbols, *others = [_trace(function, frame, rows) for rows in TRACED_ROWS]
    if any([s.text for s in other] != [s.text for s in symbols] for other in others):
        raise NotTraceableError("its result depends on the number of rows")
    for symbol in symbols:
        if symbol.row is None:
            raise NotTraceableError(f"an output column is the constant {symbol.text}")
    return symbols


def _trace(function: Any, frame: Frame, rows: int) -> list[Symbol]:
    """The symbol of each output column."""
    columns = []
    for k, kind in enumerate(frame.kinds):
        column = np.empty(rows, dtype=object)
        column[:] = [Symbol(f"c{k}", kind, row) for row in range(rows)]
        columns.append(column)
    try:
        with np.errstate(all="ignore"):
            values = _values(function(as_symbols(frame.of(columns))))
    except NotTraceableError:
        raise
    except Exception as error:  # whatever a user's function raises for what is not a number
        raise NotTraceableError(f"it raises {type(error).__name__}: {str(error)[:200]}") from None
    if values.ndim != 2 or len(values) != rows:
        raise NotTraceableError("it does not give a table with a row for each row: " + str(values.shape))
    symbols = [[constant(value) for value in row] for row in values.tolist()]
    for i, row in enumerate(symbols):
        if any(s.row not in (i, None) for s in row) or [s.text for s in row] != [s.text for s in symbols[0]]:
            raise NotTraceableError("a row of it depends on other rows of the batch")
    return symbols[0]


def _values(result: Any) -> Array:
    if hasattr(result, "tocsr"):
        raise NotTraceableError("it gives a sparse matrix")
    if not isinstance(result, np.ndarray) and not hasattr(result, "columns"):
        raise NotTraceableError(f"it gives a {type(result).__name__}, not an array or a data frame")
    return np.asarray(result)


def _try(function: Any, frame: Frame, symbols: Sequence[Symbol], *, is_checked: bool) -> None:
    """Compare the function with the expressions on rows of numbers."""
    draw = random.Random(0)
    pools = [FINITE if is_checked and KINDS[kind].is_float else TRIED[kind] for kind in frame.kinds]
    rows = [[draw.choice(pool) for _ in range(TRIALS)] for pool in pools]
    blocks = [column_block(kind, values, nullable=False) for kind, values in zip(frame.kinds, rows, strict=True)]
    columns = [b.values[:, 0].astype(object) if b.dtype == "string" else b.values[:, 0].copy() for b in blocks]
    try:
        with np.errstate(all="ignore"):
            theirs = _values(function(frame.of(columns)))
    except NotTraceableError:
        raise
    except Exception as error:  # as above
        raise NotTraceableError(f"it raises {type(error).__name__} for some numbers: {str(error)[:200]}") from None
    for j, symbol in enumerate(symbols):
        ours = _evaluated(symbol, blocks)
        refused = np.zeros(TRIALS, dtype=bool)
        for guard in ours.guards:
            refused |= guard.mask.any(axis=1)
        if ours.dtype == "string":
            same = ours.values[:, 0] == theirs[:, j]
        else:
            same = agree(ours.values[:, 0].astype(float), theirs[:, j].astype(float), False)
        wrong = np.flatnonzero(~same & ~refused)
        if len(wrong):
            row = [values[wrong[0]] for values in rows]
            raise NotTraceableError(f"for {row} it gives {theirs[wrong[0], j]!r}, and `{symbol.text}` another value")


def _evaluated(symbol: Symbol, blocks: Sequence[Block]) -> Block:
    if symbol.text.startswith("c") and symbol.text[1:].isdigit():
        return blocks[int(symbol.text[1:])]
    names = expression.names(symbol.text)
    params = OPS[EXPRESSION].params(expression=symbol.text, names=names)
    try:
        OPS[EXPRESSION].infer(params, *(_plain_type(blocks[int(name[1:])]) for name in names))
    except SkcError as error:
        raise NotTraceableError(f"`{symbol.text}` is not an expression: {error.diagnostics[0].message}") from None
    with np.errstate(all="ignore"):
        computed: Block = OPS[EXPRESSION].apply(params, NoState(), *(blocks[int(name[1:])] for name in names))
    return computed


def _plain_type(block: Block) -> ValueType:
    return ValueType(block.dtype, nullable=block.kind.is_float)


def _column(x: Table, symbol: Symbol) -> Table:
    """One output column: a column of the input, or an expression of several."""
    if symbol.text.startswith("c") and symbol.text[1:].isdigit():
        return x.pick([int(symbol.text[1:])])
    names = expression.names(symbol.text)
    return x.pick([int(name[1:]) for name in names]).computed(symbol.text, names)
