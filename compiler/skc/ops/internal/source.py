"""Normalise a raw input: sentinels become null, and the value underneath a null becomes the zero of its type.

Internal: the front end inserts it after every input that needs it, so that any program that runs the graph, with or
without one of our runtimes, sees the same nulls.

Parameters
----------
null_values : tuple
    Values of the input's own type that mean null.

Critical points
---------------
C1  A value listed in `null_values` is null; -0.0 and 0.0 are the same value.
C2  Underneath a null is "", 0 or false, whatever the caller sent.
C3  A timestamp or date outside the years 1 to 9999 is guarded, as is a time outside the day: `out-of-range`.
C4  A float32 becomes the float64 of the same value.
"""

from __future__ import annotations

import numpy as np

from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import Case, Decision, NoState, Op, as_before, parameters
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DAY_US, KINDS, LIMITS, TIMESTAMP_MAX, TIMESTAMP_MIN


@parameters
class Params:
    null_values: tuple[bool | int | float | str, ...] = ()


def infer(params: Params, x: ValueType) -> ValueType:
    return x.with_(dtype=x.kind.widens_to or x.dtype, nullable=x.nullable or bool(params.null_values))


def apply(params: Params, state: NoState, x: Block) -> Block:
    present = x.present()
    if params.null_values:
        present = present & ~np.isin(x.values, np.array(params.null_values, dtype=x.values.dtype))
    nullable = x.valid is not None or bool(params.null_values)
    result = make_block(x.kind.widens_to or x.dtype, x.values, present if nullable else None)
    if x.dtype not in LIMITS:
        return result
    low, high = LIMITS[x.dtype]
    outside = present & ((x.values < low) | (x.values > high))
    clipped = Block(x.dtype, np.where(outside, 0, result.values), result.valid)
    return clipped.guard("out-of-range", outside)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    valid, dtype = x.valid, x.kind.widens_to or x.dtype
    values = op.cast(x.values, to=np.float64) if x.kind.widens_to else x.values
    for value in params.null_values:
        sentinel = const(value) if x.dtype == "string" else const(value, KINDS[dtype].numpy)
        valid = all_of(valid, op.not_(op.equal(values, sentinel)))
    result = masked(dtype, x.width, values, valid)
    if x.dtype not in LIMITS:
        return result
    low, high = (const(bound, np.int64) for bound in LIMITS[x.dtype])
    outside = op.or_(op.less(result.values, low), op.greater(result.values, high))
    values = op.where(outside, const(0, np.int64), result.values)
    return GraphBlock(x.dtype, x.width, values, result.valid).guard("out-of-range", outside)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    values: list[Scalar] = list(params.null_values)
    if x.dtype in LIMITS:
        low, high = LIMITS[x.dtype]
        values += [low - 1, low, high, high + 1, -1, 0, 1]
    if x.dtype == "string":
        values += [f" {v}" for v in params.null_values] + [str(v).swapcase() for v in params.null_values]
    return values + ([None] if x.nullable else [])


def _decides_by(params: Params, k: int, x: ValueType) -> Decision | None:
    """A float32 column never contains a sentinel that float32 cannot represent, such as -999.9."""
    are_long = any(isinstance(v, float) and float(np.float32(v)) != v for v in params.null_values)
    return "last bit" if are_long else None


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


CASES = (
    Case(
        name="sentinels are null",
        shows=("C1",),
        columns={"x": "float64?"},
        params={"null_values": [0.0, -999.0]},
        rows=[[0.0], [-0.0], [-999.0], [None], [1.0]],
        expect=[[None], [None], [None], [None], [1.0]],
    ),
    Case(
        name="under a null lies the zero",
        shows=("C1", "C2"),
        columns={"s": "string?"},
        params={"null_values": ["", "NA"]},
        rows=[[""], ["NA"], ["na"], [None]],
        expect=[[None], [None], ["na"], [None]],
    ),
    Case(
        name="float32",
        shows=("C4", "C1"),
        columns={"x": "float32?"},
        params={"null_values": [-999.9000244140625]},
        rows=[
            *([0.7], [-0.0], [1e-45], [3.4028234663852886e38], [float("inf")], [None], [-999.9], [-999.8]),
        ],
        expect=[
            *([0.699999988079071], [-0.0], [1.401298464324817e-45], [3.4028234663852886e38], [float("inf")], [None]),
            *([None], [-999.7999877929688]),
        ],
    ),
    Case(
        name="years 1 to 9999",
        shows=("C3",),
        columns={"t": "timestamp"},
        rows=[[TIMESTAMP_MIN - 1], [TIMESTAMP_MIN], [TIMESTAMP_MAX], [TIMESTAMP_MAX + 1]],
        expect=[[0], [TIMESTAMP_MIN], [TIMESTAMP_MAX], [0]],
        guards=[("out-of-range", 0, 0), ("out-of-range", 3, 0)],
    ),
    Case(
        name="a time within the day",
        shows=("C3", "C2"),
        columns={"t": "time?"},
        rows=[[-1], [0], [DAY_US - 1], [DAY_US], [None]],
        expect=[[0], [0], [DAY_US - 1], [0], [None]],
        guards=[("out-of-range", 0, 0), ("out-of-range", 3, 0)],
    ),
)

OP = Op(
    name="source",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    decides_by=_decides_by,
    levels=as_before,
    carry_back=carry_back,
    cases=CASES,
    internal=True,
)
