"""Stand-ins for numbers: what a function computes from them is the text of an expression.

A function is called once with an array of symbols instead of numbers. Each operator and each ufunc gives another
symbol, whose text is in the language of `expr`. What needs the number itself (a branch, a comparison as a truth value,
a conversion) raises `NotTraceableError`.

Why rows: the array has several rows, and symbols of different rows never meet. A mean or a sort over the batch is
refused by that, since a row would depend on its batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skc_runtime.kinds import KINDS

LARGEST = 1.7976931348623157e308
MOST_TEXT = 4000  # characters, as in pipeline.yaml
Kind = Literal["int64", "float64", "bool", "string"]


class NotTraceableError(Exception):
    """The function does something that has no expression; the text says what."""


@dataclass(frozen=True, eq=False)
class Symbol:
    """A value of one row: the text that computes it, and its kind. `row` is None for a constant."""

    text: str
    kind: Kind
    row: int | None

    def __bool__(self) -> bool:
        raise NotTraceableError("it branches on a value (`if`, `and`, `max`, a sort)")

    def __float__(self) -> float:
        raise NotTraceableError("it converts a column to plain numbers")

    def __int__(self) -> int:
        raise NotTraceableError("it converts a column to plain integers")

    def __add__(self, other: Any) -> Symbol:
        return arithmetic("+", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return arithmetic("+", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return arithmetic("-", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return arithmetic("-", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return arithmetic("*", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return arithmetic("*", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return arithmetic("/", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return arithmetic("/", other, self)

    def __pow__(self, exponent: Any) -> Symbol:
        return power(self, exponent)

    def __neg__(self) -> Symbol:
        return call("-({})", number(self))

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        return call("abs({})", number(self))

    def __lt__(self, other: Any) -> Symbol:
        return comparison("<", self, other)

    def __le__(self, other: Any) -> Symbol:
        return comparison("<=", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return comparison(">", self, other)

    def __ge__(self, other: Any) -> Symbol:
        return comparison(">=", self, other)

    def __eq__(self, other: Any) -> Symbol:  # type: ignore[override]  # a symbol, as of an array
        return comparison("==", self, other)

    def __ne__(self, other: Any) -> Symbol:  # type: ignore[override]  # likewise
        return comparison("!=", self, other)

    def __and__(self, other: Any) -> Symbol:
        return logic("and", self, other)

    def __or__(self, other: Any) -> Symbol:
        return logic("or", self, other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Symbol:
        if self.kind != "bool":
            raise NotTraceableError("it inverts the bits of a number")
        return Symbol(f"(not {self.text})", "bool", self.row)

    __hash__ = None  # type: ignore[assignment]  # equal symbols are not one value

    def __getattr__(self, name: str) -> Any:
        """The methods that ufuncs call on the elements of an array of objects, in a data frame."""
        if name in UNARY:
            return lambda: UNARY[name](self)
        raise AttributeError(name)


def constant(value: Any) -> Symbol:
    """A number of the function's own as a symbol."""
    if isinstance(value, Symbol):
        return value
    plain = (
        value.item() if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim) else value
    )
    if isinstance(plain, bool):
        return Symbol("true" if plain else "false", "bool", None)
    if isinstance(plain, int) and abs(plain) < 2**63:
        return Symbol(f"({plain})" if plain < 0 else str(plain), "int64", None)
    if isinstance(plain, float) and math.isfinite(plain):
        return Symbol(f"({plain!r})" if math.copysign(1, plain) < 0 else repr(plain), "float64", None)
    raise NotTraceableError(f"it computes with {value!r}")


def number(value: Any) -> Symbol:
    """A symbol that is a number: a bool counts as 0.0 or 1.0."""
    x = constant(value)
    if x.kind == "string":
        raise NotTraceableError("it computes with text")
    return Symbol(f"(1.0 if {x.text} else 0.0)", "float64", x.row) if x.kind == "bool" else x


def call(template: str, *arguments: Symbol, kind: Kind | None = None) -> Symbol:
    """A symbol of the text in which each argument takes its place."""
    rows = {x.row for x in arguments if x.row is not None}
    if len(rows) > 1:
        raise NotTraceableError("a row of it depends on other rows of the batch")
    text = template.format(*(x.text for x in arguments))
    if len(text) > MOST_TEXT:
        raise NotTraceableError(f"its expression is longer than {MOST_TEXT} characters")
    kinds = {x.kind for x in arguments}
    return Symbol(text, kind or ("int64" if kinds == {"int64"} else "float64"), rows.pop() if rows else None)


def arithmetic(operator: str, a: Any, b: Any) -> Symbol:
    return call(f"({{}} {operator} {{}})", number(a), number(b), kind="float64" if operator == "/" else None)


def comparison(operator: str, a: Any, b: Any) -> Symbol:
    """False where either is NaN, or true of `!=`."""
    answer = "true" if operator == "!=" else "false"
    x, y = constant(a), constant(b)
    return call(f"coalesce({{}} {operator} {{}}, {answer})", x, y, kind="bool")


def logic(operator: str, a: Any, b: Any) -> Symbol:
    x, y = constant(a), constant(b)
    if {x.kind, y.kind} != {"bool"}:
        raise NotTraceableError("it combines the bits of numbers")
    return call(f"({{}} {operator} {{}})", x, y, kind="bool")


def power(base: Any, exponent: Any) -> Symbol:
    x, n = number(base), constant(exponent)
    value = None if n.row is not None else float(n.text.strip("()"))
    if value is None or x.row is None:
        raise NotTraceableError("it raises to a power that is not a constant")
    if value == 0.5:
        return UNARY["sqrt"](x)
    if value == -1 and KINDS[x.kind].is_float:
        return call("(1.0 / {})", x)
    if value not in range(17):
        raise NotTraceableError(f"it raises to the power {value:g}; `expr` has whole powers from 0 to 16")
    return call(f"({{}} ** {int(value)})", x)


def choice(condition: Any, a: Any, b: Any) -> Symbol:
    """`numpy.where`."""
    x, y = constant(a), constant(b)
    if x.kind != y.kind:
        x, y = floats(x), floats(y)
    return call("({} if {} else {})", x, truth(condition), y, kind=x.kind)


def truth(value: Any) -> Symbol:
    x = constant(value)
    return x if x.kind == "bool" else comparison("!=", x, 0)


def floats(value: Any) -> Symbol:
    x = number(value)
    return x if KINDS[x.kind].is_float else call("({} + 0.0)", x, kind="float64")


def converted(value: Any, dtype: Any) -> Symbol:
    """`astype`."""
    x, kind = constant(value), np.dtype(dtype).kind
    if kind == "f" and np.dtype(dtype).itemsize == 8:
        return floats(x)
    if kind == "b":
        return truth(x)
    if kind == "i" and np.dtype(dtype).itemsize == 8 and x.kind in ("bool", "int64"):
        return Symbol(f"(1 if {x.text} else 0)", "int64", x.row) if x.kind == "bool" else x
    raise NotTraceableError(f"it converts numbers to {np.dtype(dtype)}")


def _function(name: str) -> Callable[[Any], Symbol]:
    return lambda x: call(f"{name}({{}})", number(x), kind="float64")


def _sign(x: Any) -> Symbol:
    value = number(x)
    zero = "0" if value.kind == "int64" else "0.0"
    one = "1" if value.kind == "int64" else "1.0"
    return call(f"({one} if {{0}} > 0 else (-{one} if {{0}} < 0 else {zero}))", value)


def _rounded(name: str) -> Callable[[Any], Symbol]:
    return lambda x: call(f"{name}({{}})", number(x))


UNARY: Mapping[str, Callable[[Any], Symbol]] = {
    "exp": _function("exp"),
    "log": _function("log"),
    "log1p": _function("log1p"),
    "sin": _function("sin"),
    "cos": _function("cos"),
    "sqrt": _function("sqrt"),
    "log2": lambda x: call("(log({}) / 0.6931471805599453)", number(x), kind="float64"),
    "log10": lambda x: call("(log({}) / 2.302585092994046)", number(x), kind="float64"),
    "expm1": lambda x: call("(exp({}) - 1.0)", number(x), kind="float64"),
    "tanh": lambda x: call("(1.0 - 2.0 / (exp(2.0 * {}) + 1.0))", number(x), kind="float64"),
    "floor": _rounded("floor"),
    "ceil": _rounded("ceil"),
    "rint": _rounded("round"),
    "absolute": lambda x: call("abs({})", number(x)),
    "fabs": lambda x: call("abs({})", floats(x)),
    "negative": lambda x: call("(-{})", number(x)),
    "positive": number,
    "conjugate": number,
    "square": lambda x: call("({} ** 2)", number(x)),
    "reciprocal": lambda x: call("(1.0 / {})", number(x)),
    "sign": _sign,
    "isnan": lambda x: call("is_null({})", number(x), kind="bool"),
    "logical_not": lambda x: ~truth(x),
    "invert": lambda x: ~constant(x),
}
BINARY: Mapping[str, Callable[[Any, Any], Symbol]] = {
    "add": lambda a, b: arithmetic("+", a, b),
    "subtract": lambda a, b: arithmetic("-", a, b),
    "multiply": lambda a, b: arithmetic("*", a, b),
    "divide": lambda a, b: arithmetic("/", a, b),
    "power": power,
    "float_power": power,
    "maximum": lambda a, b: call("max({}, {})", number(a), number(b)),
    "minimum": lambda a, b: call("min({}, {})", number(a), number(b)),
    "less": lambda a, b: comparison("<", a, b),
    "less_equal": lambda a, b: comparison("<=", a, b),
    "greater": lambda a, b: comparison(">", a, b),
    "greater_equal": lambda a, b: comparison(">=", a, b),
    "equal": lambda a, b: comparison("==", a, b),
    "not_equal": lambda a, b: comparison("!=", a, b),
    "logical_and": lambda a, b: logic("and", truth(a), truth(b)),
    "logical_or": lambda a, b: logic("or", truth(a), truth(b)),
    "bitwise_and": lambda a, b: logic("and", a, b),
    "bitwise_or": lambda a, b: logic("or", a, b),
}
TERNARY: Mapping[str, Callable[[Any, Any, Any], Symbol]] = {
    "clip": lambda x, low, high: BINARY["minimum"](BINARY["maximum"](x, low), high),
}
UFUNCS: Mapping[str, Callable[..., Symbol]] = {**UNARY, **BINARY, **TERNARY}


class SymbolArray(np.ndarray[Any, Any]):
    """An array of symbols, on which NumPy's own slicing, stacking and broadcasting work."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        function = UFUNCS.get(ufunc.__name__)
        if function is None or kwargs.get("where", True) is not True or kwargs.get("dtype") is not None:
            raise NotTraceableError(f"it calls `numpy.{ufunc.__name__}`, which has no expression")
        plain = [np.asarray(x) if isinstance(x, np.ndarray) else x for x in inputs]
        lifted = np.frompyfunc(function, ufunc.nin, 1)
        if method == "__call__":
            result = lifted(*plain)
        elif method == "reduce":
            result = lifted.reduce(plain[0], axis=kwargs.get("axis", 0), keepdims=kwargs.get("keepdims", False))
        else:
            raise NotTraceableError(f"it calls `numpy.{ufunc.__name__}.{method}`, which has no expression")
        if out is None:
            return as_symbols(result)
        out[0][...] = result
        return out[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where and len(args) == 3:
            return as_symbols(np.frompyfunc(choice, 3, 1)(*map(_plain, args)))
        if func is np.nan_to_num:
            return _nan_to_num(*args, **kwargs)
        return super().__array_function__(func, types, args, kwargs)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        return as_symbols(np.frompyfunc(lambda x: converted(x, dtype), 1, 1)(np.asarray(self)))


def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if posinf is not None or neginf is not None or not copy:
        raise NotTraceableError("it calls `numpy.nan_to_num` with `posinf`, `neginf` or `copy`")
    return np.where(np.isnan(x), nan, np.clip(x, -LARGEST, LARGEST))


def _plain(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, np.ndarray) else x


def as_symbols(x: Any) -> Any:
    return x.view(SymbolArray) if isinstance(x, np.ndarray) else x
