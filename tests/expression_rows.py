"""A second interpreter of expressions: row by row, in plain Python. It shares nothing with skc."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skc.values.types import Scalar
from skc_runtime.kinds import DType

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class BeyondInt64Error(Exception):
    """int64 cannot hold it."""


@dataclass(frozen=True)
class Tree:
    """An expression as the generator made it: its text, and what the row interpreter below computes by."""

    kind: str
    dtype: DType
    text: str
    args: tuple[Tree, ...] = ()
    value: Any = None


Row = Mapping[str, Scalar]


def value_of(x: Tree, row: Row) -> Scalar:
    """One value, computed lazily; None is null."""
    result = _value_of(x, row)
    if isinstance(result, float) and math.isnan(result):
        return None
    if x.dtype == "int64" and result is not None and not INT_MIN <= result <= INT_MAX:  # type: ignore[operator]  # an int
        raise BeyondInt64Error
    return result


def _value_of(x: Tree, row: Row) -> Any:
    match x.kind:
        case "literal":
            return x.value
        case "name":
            return row[x.text]
        case "if":
            condition = value_of(x.args[0], row)
            return None if condition is None else as_type(x.dtype, value_of(x.args[1 if condition else 2], row))
        case "and" | "or":
            return _logic(x, row)
        case "coalesce":
            for arg in x.args:
                value = value_of(arg, row)
                if value is not None:
                    return as_type(x.dtype, value)
            return None
        case "is_null":
            return value_of(x.args[0], row) is None
    values = [value_of(arg, row) for arg in x.args]
    if any(arg.dtype == "float64" for arg in x.args):
        values = [as_type("float64", value) for value in values]
    if x.kind == "compare":
        return _compare(x, *values)
    if any(value is None for value in values):
        return None
    return STRICT[x.kind](x, *values)


def _logic(x: Tree, row: Row) -> bool | None:
    decided, is_unknown = x.kind == "or", False
    for arg in x.args:
        value = value_of(arg, row)
        if value is decided:
            return decided
        is_unknown = is_unknown or value is None
    return None if is_unknown else not decided


def as_type(dtype: DType, value: Any) -> Any:
    return float(value) if dtype == "float64" and value is not None else value


def _divide(x: Tree, a: Any, b: Any) -> float:
    a, b = float(a), float(b)
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _ieee(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compute(x: Tree, a: Any, b: Any) -> Any:
        return function(a, b)

    return compute


def _power(x: Tree, a: Any, n: Any) -> Any:
    n = int(n)
    if n == 0:
        return 1.0 if x.dtype == "float64" else 1
    if n == 1:
        return a
    half = _power(x, a, n // 2)
    return half * half * a if n % 2 else half * half


def _integral(function: Callable[[float], int]) -> Callable[..., Any]:
    def compute(x: Tree, a: Any) -> Any:
        if isinstance(a, int) or math.isinf(a):
            return a
        return math.copysign(float(function(a)), a)

    return compute


def _compare(x: Tree, *values: Any) -> bool | None:
    """False if one pair compares false, else null if one pair has a null."""
    pairs = list(zip(x.value, values[:-1], values[1:], strict=True))
    known = [COMPARE[o](a, b) for o, a, b in pairs if a is not None and b is not None]
    return False if not all(known) else None if len(known) < len(pairs) else True


def _extreme(x: Tree, *values: Any) -> Any:
    return min(values) if x.kind == "min" else max(values)  # Python, too, takes the first of equals


COMPARE: dict[str, Any] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STRICT: dict[str, Any] = {
    "+": _ieee(operator.add),
    "-": _ieee(operator.sub),
    "*": _ieee(operator.mul),
    "/": _divide,
    "//": lambda x, a, b: None if b == 0 else a // b,
    "%": lambda x, a, b: None if b == 0 else a % b,
    "**": _power,
    "neg": lambda x, a: -a,
    "abs": lambda x, a: abs(a),
    "sqrt": lambda x, a: math.nan if a < 0 else math.sqrt(a),
    "floor": _integral(math.floor),
    "ceil": _integral(math.ceil),
    "round": _integral(round),
    "in": lambda x, a, *choices: a in choices,
    "not": lambda x, a: not a,
    "min": _extreme,
    "max": _extreme,
}
