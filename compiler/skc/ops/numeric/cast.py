"""Convert a value to another type: exactly, or by a policy you choose for values that cannot be converted exactly.

Why: a flag becomes 0 or 1, a numeric code becomes a category, a timestamp becomes its day. Only a step that takes
float64 gets integers cast without one: by this step, which then stands before it in the plan.

Example: `rooms: {from: rooms, apply: [{cast: {to: float64}}, standard_scale]}`

Parameters
----------
to : float64, int64, bool, string, timestamp, date or time
inexact : error or round, default error
    int64 to float64: what happens to an integer beyond ±2^53, where float64 cannot hold every integer.
rounding : error, trunc, half_even, floor or ceil, default error
    float64 to int64: what happens to a number that is not whole.
invalid : error or null, default error
    What happens to a value that the new type cannot represent.

    from       to          meaning
    float64    int64       by `rounding`; invalid: ±inf and values beyond int64
    float64    bool        0 is false, 1 is true; invalid: any other
    int64      float64     by `inexact`
    int64      bool        0 is false, 1 is true; invalid: any other
    int64      string      decimal digits
    int64      timestamp   microseconds, or date: days, since 1970-01-01; invalid: not in the years 1 to 9999
    int64      time        microseconds since midnight; invalid: not within the day
    bool       float64     0 and 1, likewise int64
    bool       string      "false" and "true"
    string     int64       -?[0-9]{1,18}, ASCII, nothing around it; invalid: any other
    string     bool        "false" and "true", nothing else; invalid: any other
    timestamp  date        the day in UTC
    date       timestamp   midnight UTC
    timestamp  int64       microseconds since 1970-01-01T00:00:00Z; date: days since 1970-01-01; time: since midnight

A cast to the same type changes nothing. Any other cast is refused (SKC128), with a suggested fix. Null stays null.
A float64 input must be exact, because the last bit decides what is whole. A value that violates a policy of
`error` is guarded: `invalid-value`.

Critical points
---------------
C1  float64 to int64: a number that is not whole is guarded, or rounded as specified: `half_even` rounds 2.5 to 2.
C2  float64 to int64: 2^63 and ±inf are invalid, -2^63 and the float below 2^63 are not; -0.0 is 0.
C3  float64 to any type: NaN is null, never a number.
C4  int64 to float64: beyond ±2^53 guarded, even if float64 happens to hold the integer, or rounded half to
    even.
C5  Number to bool: only 0, -0.0 and 1.
C6  int64 to string keeps every digit; bool to string is lower case.
C7  string to int64: no sign +, no blanks, only ASCII digits, at most 18; "-0" and leading zeros are allowed.
C8  string to bool: exactly "true" and "false".
C9  timestamp to date: the day begins at midnight UTC, also before 1970.
C10 Between a time and int64: nothing is lost; an int64 outside the years 1 to 9999, or the day, is invalid.
C11 Under `invalid: null` the result is null, and null stays null in every cast.
C12 string to float64, float64 to string, a string to a time, and meaningless casts are refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import CASTS, Case, Decision, Known, NoState, Op, parameters, refuse, require_exact
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, KINDS, LIMITS, TIMESTAMP_MAX, TIMESTAMP_MIN, Array, DType

if TYPE_CHECKING:
    from spox import Var

WHOLE = r"-?[0-9]{1,18}"  # 18 digits always fit in int64
LARGEST = 2**53
LAST_FLOATS = (
    math.nextafter(2.0**63, 0),
    math.nextafter(-(2.0**63), -math.inf),
)  # the first is an int64, the second is not
CAN_FAIL: tuple[tuple[DType, DType], ...] = (
    ("float64", "int64"),
    ("float64", "bool"),
    ("int64", "bool"),
    ("int64", "timestamp"),
    ("int64", "date"),
    ("int64", "time"),
    ("string", "int64"),
    ("string", "bool"),
)
HINTS: dict[tuple[DType, DType], str] = {
    ("string", "float64"): "use `parse_number`, or declare the input `{type: float64, text: number}`",
    ("string", "timestamp"): "use `parse_datetime`",
    ("string", "date"): "use `parse_datetime`, then `cast: {to: date}`",
    (
        "float64",
        "string",
    ): "`cast` to int64 first if the values are whole; the digits of a float differ by platform",
}


@parameters
class Params:
    to: DType
    inexact: Literal["error", "round"] = "error"
    rounding: Literal["error", "trunc", "half_even", "floor", "ceil"] = "error"
    invalid: Literal["error", "null"] = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    if x.dtype == params.to:
        return x
    if params.to not in CASTS[x.dtype]:
        hint = HINTS.get((x.dtype, params.to), "cast to int64 first, then convert that")
        raise refuse("SKC128", f"`cast` cannot convert {x.dtype} to {params.to}", hint=hint)
    require_exact(x, op="cast")
    return x.with_(dtype=params.to, nullable=x.nullable or _may_add_nulls(params, x.dtype))


def _may_add_nulls(params: Params, dtype: DType) -> bool:
    return (dtype, params.to) in CAN_FAIL and params.invalid == "null"


class Converted(NamedTuple):
    """Values of the new type, which are invalid (see `invalid`), and which lose information (always an error)."""

    values: Array
    invalid: Array | None = None
    lost: Array | None = None


def apply(params: Params, state: NoState, x: Block) -> Block:
    if x.dtype == params.to:
        return replace(x, guards=())
    values, invalid, lost = _convert(params, x)
    present = x.present()
    broken = np.zeros(present.shape, dtype=bool) if lost is None else present & lost
    if invalid is not None and params.invalid == "error":
        broken = broken | (present & invalid)
    elif invalid is not None:
        present = present & ~invalid
    has_valid = x.dtype == "float64" or x.valid is not None or _may_add_nulls(params, x.dtype)
    block = make_block(params.to, values, present if has_valid else None)
    checked = lost is not None or (invalid is not None and params.invalid == "error")
    return block.guard("invalid-value", broken) if checked else block


def _convert(params: Params, x: Block) -> Converted:
    v = x.values
    match (x.dtype, params.to):
        case ("float64", "int64"):
            return _round(params, v)
        case ("float64" | "int64", "bool"):
            return Converted(v == 1, (v != 0) & (v != 1))
        case ("int64", "float64"):
            outside_ = (v > LARGEST) | (v < -LARGEST)
            return Converted(v.astype(np.float64), lost=outside_ if params.inexact == "error" else None)
        case ("int64", "timestamp" | "date" | "time"):
            low, high = LIMITS[params.to]
            outside = (v < low) | (v > high)
            return Converted(np.where(outside, 0, v), outside)
        case ("int64", "string"):
            return Converted(_each(str, v))
        case ("bool", "string"):
            return Converted(np.where(v, "true", "false").astype(object))
        case ("string", "int64"):
            is_integer = _each(lambda text: re.fullmatch(WHOLE, text) is not None, v).astype(bool)
            return Converted(_each(int, np.where(is_integer, v, "0")).astype(np.int64), ~is_integer)
        case ("string", "bool"):
            return Converted(v == "true", (v != "true") & (v != "false"))
        case ("timestamp", "date"):
            return Converted(v // DAY_US)
        case ("date", "timestamp"):
            return Converted(v * DAY_US)
        case _:  # bool to a number, a time to int64: the stored number
            return Converted(v.astype(KINDS[params.to].numpy))


def _round(params: Params, v: Array) -> Converted:
    functions = {"trunc": np.trunc, "half_even": np.rint, "floor": np.floor, "ceil": np.ceil}
    rounded = v if params.rounding == "error" else functions[params.rounding](v)
    outside = ~((rounded >= -(2.0**63)) & (rounded < 2.0**63))
    lost = ~outside & (np.trunc(v) != v) if params.rounding == "error" else None
    return Converted(np.where(outside, 0.0, rounded).astype(np.int64), outside, lost)


def _each(function: Any, values: Array) -> Array:
    return np.array([function(v) for v in values.ravel().tolist()], dtype=object).reshape(values.shape)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    if x.dtype == params.to:
        return replace(x, guards=())
    values, invalid, lost = _convert_graph(params, x)
    present = x.present()
    broken = [] if lost is None else [lost]
    if invalid is not None and params.invalid == "error":
        broken.append(invalid)
    elif invalid is not None:
        present = all_of(present, op.not_(invalid))
    block = masked(params.to, x.width, values, present)
    if not broken:
        return block
    mask = broken[0] if len(broken) == 1 else op.or_(*broken)
    # The value under a null is converted too, and may violate a policy (NaN, and "" to int64).
    is_present = x.present()
    return block.guard("invalid-value", mask if is_present is None else op.and_(mask, is_present))


def _convert_graph(params: Params, x: GraphBlock) -> tuple[Var, Var | None, Var | None]:
    v = x.values
    match (x.dtype, params.to):
        case ("float64", "int64"):
            return _round_graph(params, v)
        case ("float64" | "int64", "bool"):
            one, zero = (const(n, KINDS[x.dtype].numpy) for n in (1, 0))
            is_one = op.equal(v, one)
            return is_one, op.not_(op.or_(is_one, op.equal(v, zero))), None
        case ("int64", "float64"):
            inexact = op.or_(op.greater(v, const(LARGEST)), op.less(v, const(-LARGEST)))
            return op.cast(v, to=np.float64), None, inexact if params.inexact == "error" else None
        case ("int64", "timestamp" | "date" | "time"):
            low, high = LIMITS[params.to]
            outside = op.or_(op.less(v, const(low)), op.greater(v, const(high)))
            return op.where(outside, const(0), v), outside, None
        case ("int64", "string"):
            return op.cast(v, to=np.str_), None, None
        case ("bool", "string"):
            return op.where(v, const("true"), const("false")), None, None
        case ("string", "int64"):
            is_integer = op.regex_full_match(v, pattern=WHOLE)
            return op.cast(op.where(is_integer, v, const("0")), to=np.int64), op.not_(is_integer), None
        case ("string", "bool"):
            is_true = op.equal(v, const("true"))
            return is_true, op.not_(op.or_(is_true, op.equal(v, const("false")))), None
        case ("timestamp", "date"):  # Div truncates; the remainder has the sign of the divisor
            return op.div(op.sub(v, op.mod(v, const(DAY_US))), const(DAY_US)), None, None
        case ("date", "timestamp"):
            return op.mul(v, const(DAY_US)), None, None
        case ("bool", _):
            return op.cast(v, to=KINDS[params.to].numpy.type), None, None
        case _:
            return v, None, None


def _round_graph(params: Params, v: Var) -> tuple[Var, Var, Var | None]:
    if params.rounding == "trunc":
        rounded = op.where(op.less(v, const(0.0)), op.ceil(v), op.floor(v))
    elif params.rounding == "error":
        rounded = op.floor(v)
    else:
        rounded = {"half_even": op.round, "floor": op.floor, "ceil": op.ceil}[params.rounding](v)
    inside = op.and_(op.greater_or_equal(rounded, const(-(2.0**63))), op.less(rounded, const(2.0**63)))
    lost = op.not_(op.equal(rounded, v)) if params.rounding == "error" else None
    return op.cast(op.where(inside, rounded, const(0.0)), to=np.int64), op.not_(inside), lost


def _decides_by(params: Params, k: int, x: ValueType) -> Decision | None:
    return "last bit" if x.dtype == "float64" and params.to in ("int64", "bool") else None


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """The levels of the input, converted, if they are known."""
    if known is None or x.dtype == params.to:
        return known
    match (x.dtype, params.to):
        case ("int64", "string"):
            return tuple(sorted(map(str, known)))
        case ("bool", "string"):
            return ("false", "true")
        case ("bool", "int64"):
            return (0, 1)
    return None


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if x.dtype == "float64":
        small = [sign * n / 2 for n in range(6) for sign in (-1.0, 1.0)]
        return [
            None,
            *small,
            math.nextafter(0.5, 1),
            5e-324,
            2.0**52 - 0.5,
            2.0**53,
            2.0**63,
            -(2.0**63),
            *LAST_FLOATS,
            math.inf,
            -math.inf,
        ]
    if x.dtype == "int64":
        low, high = LIMITS.get(params.to, (-(2**63) + 1, 2**63 - 2))
        powers = [sign * (LARGEST + step) for sign in (-1, 1) for step in (-1, 0, 1, 2, 3)]
        return [low - 1, low, -1, 0, 1, 2, high, high + 1, *powers, None]
    if x.dtype in LIMITS:
        days = [n * DAY_US + step for n in (-1, 0, 1) for step in (-1, 0, 1)] if x.dtype == "timestamp" else [-1, 0, 1]
        return [*LIMITS[x.dtype], *(days if KINDS[x.dtype].is_time else [1]), None]
    return [False, True, None] if x.dtype == "bool" else [*TEXTS, None]


# fmt: off
TEXTS = (
    "", "0", "-0", "007", "-", "+1", " 1", "1 ", "1\n", "--1", "1.0", "1e3", "1_0", "0x1", "٣", "１",
    "9" * 18, "-" + "9" * 18, "1" * 19, "true", "false", "True", "TRUE", "true ", "tru\u0435", "1", "t",
)
# fmt: on


def _case(name: str, shows: str, dtype: str, params: dict[str, Any], expected: dict[Scalar, Any]) -> Case:
    return Case(
        name=name,
        shows=tuple(shows.split()),
        columns={"x": dtype},
        params=params,
        rows=[[value] for value in expected],
        expect=[[None if value is NO else value] for value in expected.values()],
        guards=[("invalid-value", i, 0) for i, value in enumerate(expected.values()) if value is NO],
    )


def _refused(dtype: str, to: str) -> Case:
    return Case(f"{dtype} to {to}", ("C12",), {"x": dtype}, [], [], {"to": to}, refused="SKC128")


# fmt: off
NO = "guarded"  # marks an output that is not served
INT, FLOAT, BOOL, TEXT, TIME, DATE = (
    {"to": to} for to in ("int64", "float64", "bool", "string", "timestamp", "date"))
OR_NULL = {"invalid": "null"}
TOP, BEYOND = LAST_FLOATS
BIG, NINES = 2**53, "9" * 18
ROUNDED = {"trunc": (2, 2, -2, 0), "half_even": (2, 2, -2, 0), "floor": (2, 2, -3, -1), "ceil": (3, 3, -2, 0)}
CASES = (
    _case("whole or not", "C1 C3", "float64?", INT, {3.0: 3, 2.5: NO, 5e-324: NO, None: None, -4.0: -4}),
    *(_case(f"rounded: {rule}", "C1", "float64", INT | {"rounding": rule},
            dict(zip((2.5, 2.3, -2.5, -0.5), expected, strict=True))) for rule, expected in ROUNDED.items()),
    _case("half to even", "C1", "float64", INT | {"rounding": "half_even"},
          {3.5: 4, 2.500000001: 3, -1.5: -2}),
    _case("limits of int64", "C2", "float64", INT,
          {2.0**63: NO, TOP: 2**63 - 1024, -(2.0**63): -(2**63), BEYOND: NO, -0.0: 0}),
    _case("infinities", "C2", "float64", INT, {math.inf: NO, -math.inf: NO}),
    _case("invalid floats are null", "C2 C11", "float64", INT | OR_NULL,
          {math.inf: None, 1e19: None, 1.5: NO, 1.0: 1}),
    _case("large integers", "C4", "int64", FLOAT, {BIG: 2.0**53, BIG + 1: NO, BIG + 2: NO, -BIG - 1: NO}),
    _case("large integers, rounded", "C4 C11", "int64?", FLOAT | {"inexact": "round"},
          {BIG + 1: 2.0**53, BIG + 3: 2.0**53 + 4, 2**63 - 1: 2.0**63, -(2**63): -(2.0**63), None: None}),
    _case("float to flag", "C3 C5", "float64?", BOOL, {-0.0: False, 1.0: True, 0.5: NO, None: None}),
    _case("integer to flag", "C5 C11", "int64?", BOOL | OR_NULL,
          {0: False, 1: True, 2: None, -1: None, None: None}),
    _case("flag to float", "C11", "bool?", FLOAT, {False: 0.0, True: 1.0, None: None}),
    _case("flag to integer", "C11", "bool?", INT, {False: 0, True: 1, None: None}),
    _case("every digit", "C6 C11", "int64?", TEXT,
          {2**63 - 1: "9223372036854775807", -(2**63): "-9223372036854775808", 0: "0", None: None}),
    _case("flag to text", "C6", "bool?", TEXT, {True: "true", False: "false", None: None}),
    _case("text to integer", "C7", "string", INT,
          {"12": 12, "-0": 0, "007": 7, "+1": NO, " 1": NO, "": NO, "٣": NO, "1\n": NO}),
    _case("18 digits", "C7 C11", "string?", INT | OR_NULL,
          {NINES: 10**18 - 1, f"1{NINES}": None, f"-{NINES}": 1 - 10**18, "-": None, None: None}),
    _case("text to flag", "C8", "string", BOOL, {"true": True, "false": False, "True": NO, "1": NO, "": NO}),
    _case("text to flag or null", "C8 C11", "string?", BOOL | OR_NULL,
          {"true": True, "yes": None, None: None}),
    _case("the day of a moment", "C9", "timestamp?", DATE,
          {-1: -1, 0: 0, DAY_US - 1: 0, DAY_US: 1, TIMESTAMP_MIN: DATE_MIN, None: None}),
    _case("midnight", "C9", "date", TIME,
          {-1: -DAY_US, DATE_MAX: DATE_MAX * DAY_US, DATE_MIN: TIMESTAMP_MIN}),
    _case("moment to integer", "C10", "timestamp?", INT, {TIMESTAMP_MAX: TIMESTAMP_MAX, -1: -1, None: None}),
    _case("date to integer", "C10", "date", INT, {DATE_MAX: DATE_MAX, -1: -1}),
    _case("integer to moment", "C10", "int64", TIME,
          {TIMESTAMP_MAX: TIMESTAMP_MAX, TIMESTAMP_MAX + 1: NO, TIMESTAMP_MIN - 1: NO}),
    _case("integer to date", "C10 C11", "int64?", DATE | OR_NULL,
          {DATE_MIN: DATE_MIN, DATE_MIN - 1: None, DATE_MAX + 1: None, None: None}),
    _case("nothing to do", "C11", "string?", TEXT, {"a": "a", None: None}),
    *(_refused(*pair) for pair in (
        ("string", "float64"), ("float64", "string"), ("string", "date"), ("date", "bool"))),
)
# fmt: on

OP = Op(
    name="cast",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    decides_by=_decides_by,
    is_whole=lambda params, x: params.to == "float64" and x.dtype != "float64",
    levels=levels,
    is_small=lambda params, inputs_are: inputs_are and params.to != "timestamp",  # of a date, which is small
    cases=CASES,
)
