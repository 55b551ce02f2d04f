"""The meaning of an expression, in NumPy. Shares no code with `lower`.

Every part is a `Column`, which says where it has a value and where it broke (overflowed int64). An overflow in a
branch that a condition does not take does not break the whole, as in any language with short-circuit evaluation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from skc.expression.check import Typed
from skc.values.types import Block
from skc_runtime.kinds import INT64_MAX, INT64_MIN, KINDS, Array

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_REAL: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,  # ties to even
    "abs": np.abs,
    "neg": np.negative,
}


@dataclass(frozen=True)
class Column:
    """[N, 1] values, where there is one (`present`), and where computing it failed (`broken`)."""

    values: Array
    present: Array
    broken: Array


def evaluate(root: Typed, names: Mapping[str, Block]) -> Block:
    """The expression for every row, null where it has no value; overflow is guarded as `invalid-value`."""
    rows = next(iter(names.values())).rows
    with np.errstate(all="ignore"):
        result = _Evaluator(names, rows).column(root)
    has_valid = root.type.nullable and not root.is_float
    block = Block(root.dtype, result.values, result.present if has_valid else None)
    return block.guard("invalid-value", result.broken) if root.can_break else block


@dataclass(frozen=True)
class _Evaluator:
    names: Mapping[str, Block]
    rows: int

    def column(self, x: Typed) -> Column:
        if x.kind == "literal":
            return self.literal(x)
        if x.kind == "name":
            return self.name(x)
        return _OPERATIONS[x.kind](x, [self.column(arg) for arg in x.args])

    def literal(self, x: Typed) -> Column:
        value = KINDS[x.dtype].zero if x.value is None else x.value
        values = np.full((self.rows, 1), value, dtype=KINDS[x.dtype].numpy)
        return Column(values, np.full((self.rows, 1), x.value is not None), self.nowhere())

    def name(self, x: Typed) -> Column:
        block = self.names[str(x.value)]
        return Column(block.values, block.present(), self.nowhere())

    def nowhere(self) -> Array:
        return np.zeros((self.rows, 1), dtype=bool)


def _made(x: Typed, values: Array, present: Array, broken: Array) -> Column:
    """A column with the zero of its type under null; NaN is the null of float64."""
    filled = np.where(present, values, np.array(KINDS[x.dtype].zero, dtype=KINDS[x.dtype].numpy))
    if x.is_float:
        present = present & ~np.isnan(filled)
    return Column(filled.astype(KINDS[x.dtype].numpy), present, broken)


def _all_present(args: Sequence[Column]) -> Array:
    return reduce(np.logical_and, [arg.present for arg in args])


def _any_broken(args: Sequence[Column]) -> Array:
    return reduce(np.logical_or, [arg.broken for arg in args])


def _integers(x: Typed, args: Sequence[Column], exact: Array, present: Array) -> Column:
    """A column of exact Python integers as int64; what does not fit is broken."""
    outside = present & ((exact < INT64_MIN) | (exact > INT64_MAX)).astype(bool)
    values = np.where(outside | ~present, 0, exact).astype(np.int64)
    return _made(x, values, present, _any_broken(args) | outside)


def _arithmetic(x: Typed, args: list[Column]) -> Column:
    a, b = args
    present = _all_present(args)
    compute = _ARITHMETIC[x.kind]
    if x.is_float:
        return _made(x, compute(a.values, b.values), present, _any_broken(args))
    left, right = a.values.astype(object), b.values.astype(object)
    if x.kind in ("//", "%"):
        present = present & (b.values != 0)
        right = np.where(b.values == 0, 1, right)
    return _integers(x, args, compute(left, right), present)


def _power(x: Typed, args: list[Column]) -> Column:
    base, n = args[0], int(x.args[1].value or 0)
    if x.dtype == "int64":
        return _integers(x, args, base.values.astype(object) ** n, base.present)
    values = np.where(np.isnan(base.values), np.nan, 1.0) if n == 0 else _float_power(base.values, n)
    return _made(x, values, base.present, base.broken)


def _float_power(x: Array, n: int) -> Array:
    """x ** n = (x ** (n // 2)) ** 2, times x if n is odd: the order of products decides the last bit."""
    if n == 1:
        return x
    half = _float_power(x, n // 2)
    return half * half * x if n % 2 else half * half


def _real(x: Typed, args: list[Column]) -> Column:
    (a,) = args
    if x.dtype == "int64":  # abs and neg
        integers = a.values.astype(object)
        return _integers(x, args, abs(integers) if x.kind == "abs" else -integers, a.present)
    return _made(x, _REAL[x.kind](a.values), a.present, a.broken)


def _to_float(x: Typed, args: list[Column]) -> Column:
    return _made(x, args[0].values.astype(np.float64), args[0].present, args[0].broken)


def _extreme(x: Typed, args: list[Column]) -> Column:
    better = _COMPARE["<" if x.kind == "min" else ">"]

    def either(a: Array, b: Array) -> Array:  # the first of two equals (0.0 and -0.0)
        return np.where(better(b, a) | (b != b), b, a)

    values = reduce(either, [arg.values for arg in args])
    return _made(x, values, _all_present(args), _any_broken(args))


def _compare(x: Typed, args: list[Column]) -> Column:
    pairs = []
    for symbol, a, b in zip(x.operators, args[:-1], args[1:], strict=True):
        holds = np.asarray(_COMPARE[symbol](a.values, b.values), dtype=bool)
        pairs.append(_made(x, holds, a.present & b.present, a.broken | b.broken))
    together = _and(x, pairs)
    return Column(together.values, together.present, _any_broken(args))


def _in(x: Typed, args: list[Column]) -> Column:
    value, *choices = args
    holds = np.logical_or.reduce([np.asarray(value.values == choice.values, dtype=bool) for choice in choices])
    return _made(x, holds, value.present, value.broken)


def _and(x: Typed, args: list[Column]) -> Column:
    """False as soon as one is false, null if another is null; what follows a false is not computed."""
    is_false = [arg.present & ~arg.values for arg in args]
    return _decided_by(x, is_false, args, decided=False)


def _or(x: Typed, args: list[Column]) -> Column:
    is_true = [arg.present & arg.values for arg in args]
    return _decided_by(x, is_true, args, decided=True)


def _decided_by(x: Typed, decides: list[Array], args: list[Column], *, decided: bool) -> Column:
    settled, broken = np.zeros_like(decides[0]), np.zeros_like(decides[0])
    for arg, decision in zip(args, decides, strict=True):
        broken = broken | (arg.broken & ~settled)
        settled = settled | decision
    return _made(x, settled == decided, settled | _all_present(args), broken)


def _not(x: Typed, args: list[Column]) -> Column:
    (a,) = args
    return _made(x, ~a.values, a.present, a.broken)


def _if(x: Typed, args: list[Column]) -> Column:
    condition, then, otherwise = args
    chosen = condition.values
    present = condition.present & np.where(chosen, then.present, otherwise.present)
    broken = condition.broken | (condition.present & np.where(chosen, then.broken, otherwise.broken))
    return _made(x, np.where(chosen, then.values, otherwise.values), present, broken)


def _coalesce(x: Typed, args: list[Column]) -> Column:
    values, present, broken = args[0].values, args[0].present, args[0].broken
    for arg in args[1:]:
        values = np.where(present, values, arg.values)
        broken = broken | (~present & arg.broken)
        present = present | arg.present
    return _made(x, values, present, broken)


def _is_null(x: Typed, args: list[Column]) -> Column:
    (a,) = args
    return _made(x, ~a.present, np.ones_like(a.present), a.broken)


_OPERATIONS: dict[str, Callable[[Typed, list[Column]], Column]] = {
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_REAL, _real),
    **dict.fromkeys(("min", "max"), _extreme),
    "**": _power,
    "to_float": _to_float,
    "compare": _compare,
    "in": _in,
    "and": _and,
    "or": _or,
    "not": _not,
    "if": _if,
    "coalesce": _coalesce,
    "is_null": _is_null,
}
