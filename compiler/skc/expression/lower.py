"""An expression as ONNX nodes. Shares no code with `evaluate`, which is the meaning.

Two invariants keep the number of nodes low. A null float64 is NaN, and a null bool is stored as false, so most
operations need not look at nulls at all. Any other null may be stored as any value; the result is masked once, at the
end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock, all_of, elementwise, log1p, masked, where_not
from skc.emit.opset import const, op
from skc.emit.pick import Candidate, better, pick
from skc.expression.check import Typed
from skc.values.types import Scalar
from skc_runtime.kinds import INT64_MAX, INT64_MIN, KINDS, DType

if TYPE_CHECKING:
    from spox import Var

# Lambdas, because `op` imports ONNX on first use, which must not happen at import.
_FLOAT: dict[str, Callable[[Var, Var], Var]] = {
    "+": lambda a, b: op.add(a, b),
    "-": lambda a, b: op.sub(a, b),
    "*": lambda a, b: op.mul(a, b),
    "/": lambda a, b: op.div(a, b),
}
_REAL: dict[str, Callable[[Var], Var]] = {
    "exp": lambda x: elementwise(op.exp, x, 1),
    "log": lambda x: elementwise(op.log, x, 1),
    "log1p": lambda x: log1p(x, 1),
    "sqrt": lambda x: op.sqrt(x),
    "sin": lambda x: elementwise(op.sin, x, 1),
    "cos": lambda x: _cosine(x),
    "floor": lambda x: op.floor(x),
    "ceil": lambda x: op.ceil(x),
    "round": lambda x: op.round(x),
    "abs": lambda x: op.abs(x),
    "neg": lambda x: op.neg(x),
}
_COMPARE: dict[str, Callable[[Var, Var], Var]] = {
    "==": lambda a, b: op.equal(a, b),
    "!=": lambda a, b: op.not_(op.equal(a, b)),
    "<": lambda a, b: op.less(a, b),
    "<=": lambda a, b: op.less_or_equal(a, b),
    ">": lambda a, b: op.greater(a, b),
    ">=": lambda a, b: op.greater_or_equal(a, b),
}


def _cosine(x: Var) -> Var:
    """1 - 2 sin²(x / 2): older ONNX Runtimes have no Cos in float64, and x + pi / 2 rounds where x is large."""
    half = elementwise(op.sin, op.mul(x, const(0.5)), 1)
    return op.sub(const(1.0), op.mul(const(2.0), op.mul(half, half)))


@dataclass(frozen=True)
class Term:
    """[N, 1] values ([1, 1] where all rows have the same); None means always for `valid`, never for `broken`."""

    values: Var
    valid: Var | None = None
    broken: Var | None = None


def lower(root: Typed, names: Mapping[str, GraphBlock]) -> GraphBlock:
    """The expression over blocks [N, 1]; overflow is guarded as `invalid-value`."""
    term = _term(root, {name: Term(block.values, block.valid) for name, block in names.items()})
    first = next(iter(names.values())).values
    values, valid = _per_row(term.values, first), None
    if root.type.nullable and not root.is_float:
        valid = _per_row(const([[True]]) if term.valid is None else term.valid, first)
    result = masked(root.dtype, 1, values, valid)
    if not root.can_break:
        return result
    return result.guard("invalid-value", _per_row(const([[False]]) if term.broken is None else term.broken, first))


def _per_row(x: Var, like: Var) -> Var:
    """Expand [1, 1], the result of an expression without names, to one value per row."""
    if x.unwrap_tensor().shape != (1, 1):
        return x
    if x.unwrap_tensor().dtype != np.bool_:
        return op.expand(x, op.shape(like))
    same = op.equal(like, like)
    return op.or_(x, op.and_(same, op.not_(same)))  # unlike Expand it keeps the static width that a guard needs


def _term(x: Typed, names: Mapping[str, Term]) -> Term:
    if x.kind == "literal":
        value = KINDS[x.dtype].zero if x.value is None else x.value
        return Term(
            _constants([value], x.dtype),
            const([[False]]) if x.value is None and not x.is_float else None,
        )
    if x.kind == "name":
        return names[str(x.value)]
    return _LOWERINGS[x.kind](x, [_term(arg, names) for arg in x.args])


def _constants(values: Sequence[Scalar], dtype: DType) -> Var:
    return const(np.array([values], dtype=np.str_ if dtype == "string" else KINDS[dtype].numpy))


def _int(value: int) -> Var:
    return const([[value]], np.int64)


def _any_of(*masks: Var | None) -> Var | None:
    present = [mask for mask in masks if mask is not None]
    return reduce(op.or_, present) if present else None


def _strict(values: Var, args: Sequence[Term], broken: Var | None = None) -> Term:
    """Null where an argument is; broken where an argument is, or where the operation itself broke on values."""
    valid = all_of(*(arg.valid for arg in args))
    own_failures = None if broken is None else all_of(broken, valid)
    return Term(values, valid, _any_of(*(arg.broken for arg in args), own_failures))


def _arithmetic(x: Typed, args: list[Term]) -> Term:
    a, b = args
    if x.is_float:
        return _strict(_FLOAT[x.kind](a.values, b.values), args)
    if x.kind == "*":
        return _strict(op.mul(a.values, b.values), args, _product_overflow(x, a.values, b.values))
    is_sum = x.kind == "+"
    values = (op.add if is_sum else op.sub)(a.values, b.values)
    # Without overflow, a + b < a if and only if b < 0; wrapping around inverts that. Likewise a - b > a.
    moved = (op.less if is_sum else op.greater)(values, a.values)
    return _strict(values, args, op.xor(moved, op.less(b.values, _int(0))))


def _product_overflow(x: Typed, a: Var, b: Var) -> Var:
    for value, factor in ((b, x.args[0]), (a, x.args[1])):
        if factor.is_literal:
            return _outside(value, int(factor.value or 0))
    return _wraps(a, b, op.mul(a, b))


def _wraps(a: Var, b: Var, product: Var) -> Var:
    """bool: a·b does not fit int64, where `product` is a·b modulo 2^64.

    If it fits, product = a·b, and the float64 product differs from it only by rounding, below 2^12. If not,
    product is off by 2^64 or more, and rounding is below 2^14 where |a·b| < 2^65; beyond, |product| <= 2^63.
    """
    nearly = op.mul(op.cast(a, to=np.float64), op.cast(b, to=np.float64))
    distance = op.abs(op.sub(nearly, op.cast(product, to=np.float64)))
    return op.greater(distance, const([[2.0**62]]))


def _outside(x: Var, factor: int) -> Var:
    """bool: x times a known factor does not fit int64."""
    if factor in (0, 1):
        return const([[False]])
    if factor > 0:
        low, high = -(-INT64_MIN // factor), INT64_MAX // factor
    else:
        low, high = -(INT64_MAX // -factor), min(-INT64_MIN // -factor, INT64_MAX)
    return op.or_(op.less(x, _int(low)), op.greater(x, _int(high)))


def _floor_division(x: Typed, args: list[Term]) -> Term:
    """Div truncates toward zero, Mod takes the divisor's sign; by 0, and INT64_MIN by -1, both would trap."""
    a, b = args
    is_known = x.args[1].is_literal
    traps = None if is_known and x.args[1].value != -1 else op.and_(_is(a.values, INT64_MIN), _is(b.values, -1))
    dividend = a.values if traps is None else op.where(traps, _int(0), a.values)
    by_zero = None if is_known else _is(b.values, 0)
    divisor = b.values if by_zero is None else op.where(by_zero, _int(1), b.values)
    valid = all_of(a.valid, b.valid, None if by_zero is None else op.not_(by_zero))
    broken = _any_of(a.broken, b.broken)
    if x.kind == "%":
        return Term(op.mod(dividend, divisor), valid, broken)
    truncated = op.div(dividend, divisor)
    product = op.mul(truncated, divisor)
    if is_known:  # the exact quotient is below the truncated one
        is_above = (op.greater if int(x.args[1].value or 0) > 0 else op.less)(product, dividend)
    else:
        signs_differ = op.xor(op.less(dividend, _int(0)), op.less(divisor, _int(0)))
        is_above = op.and_(signs_differ, op.not_(op.equal(product, dividend)))
    values = op.sub(truncated, op.cast(is_above, to=np.int64))
    return Term(values, valid, _any_of(broken, None if traps is None else all_of(traps, valid)))


def _is(x: Var, value: int) -> Var:
    return op.equal(x, _int(value))


def _power(x: Typed, args: list[Term]) -> Term:
    base, n = args[0], int(x.args[1].value or 0)
    is_float = x.is_float
    if n == 0:
        one = const([[1.0]]) if is_float else _int(1)
        return Term(op.where(op.isnan(base.values), base.values, one) if is_float else one, base.valid, base.broken)
    values, broken = base.values, None
    for bit in bin(n)[3:]:  # from the second highest bit down: square, and multiply where it is set
        for factor in (values, base.values)[: 1 + int(bit)]:
            product = op.mul(values, factor)
            broken = broken if is_float else _any_of(broken, _wraps(values, factor, product))
            values = product
    return _strict(values, [base], broken)


def _real(x: Typed, args: list[Term]) -> Term:
    (a,) = args
    overflows = _is(a.values, INT64_MIN) if x.dtype == "int64" else None
    return _strict(_REAL[x.kind](a.values), args, overflows)


def _to_float(x: Typed, args: list[Term]) -> Term:
    (a,) = args
    values = op.cast(a.values, to=np.float64)
    return Term(values if a.valid is None else op.where(a.valid, values, const([[np.nan]])), None, a.broken)


def _candidate(term: Term, x: Typed) -> Candidate:
    return Candidate(term.values, x.is_float and x.type.nullable, x.may_be_negative_zero)


def _extreme(x: Typed, args: list[Term]) -> Term:
    candidates = [_candidate(arg, typed) for arg, typed in zip(args, x.args, strict=True)]
    return _strict(reduce(lambda a, b: better(x.kind, a, b), candidates).values, args)


def _compare(x: Typed, args: list[Term]) -> Term:
    present = [_present(arg, typed) for arg, typed in zip(args, x.args, strict=True)]
    pairs = []
    for k, symbol in enumerate(x.operators):
        holds, valid = _COMPARE[symbol](args[k].values, args[k + 1].values), all_of(*present[k : k + 2])
        is_false_at_null = x.args[0].is_float and symbol != "!="
        pairs.append(Term(holds if valid is None or is_false_at_null else op.and_(holds, valid), valid))
    together = _and(x, pairs)
    return Term(together.values, together.valid, _any_of(*(arg.broken for arg in args)))


def _present(term: Term, typed: Typed) -> Var | None:
    if not typed.is_float:
        return term.valid
    return op.not_(op.isnan(term.values)) if typed.type.nullable else None


def _in(x: Typed, args: list[Term]) -> Term:
    value = args[0]
    equal = op.equal(value.values, _constants([choice.value for choice in x.args[1:]], x.args[0].dtype))
    if len(x.args) > 2:
        equal = op.greater(op.reduce_max(op.cast(equal, to=np.float64), const([1]), keepdims=1), const(0.0))
    valid = _present(value, x.args[0])
    return Term(equal if valid is None else op.and_(equal, valid), valid, value.broken)


def _false(x: Term) -> Var:
    """bool: where it is false, and not null."""
    return op.not_(x.values) if x.valid is None else op.and_(op.not_(x.values), x.valid)


def _and(x: Typed, args: list[Term]) -> Term:
    return _decided_by(_false, lambda arg: arg.values, args, is_and=True)


def _or(x: Typed, args: list[Term]) -> Term:
    return _decided_by(lambda arg: arg.values, _false, args, is_and=False)


def _decided_by(
    decides: Callable[[Term], Var], agrees: Callable[[Term], Var], args: list[Term], *, is_and: bool
) -> Term:
    """Kleene's `and` (decided by one false) or `or` (by one true); operands after the deciding one cannot break it."""
    values = reduce(op.and_ if is_and else op.or_, [arg.values for arg in args])
    valid = None
    if any(arg.valid is not None for arg in args):
        decided = reduce(op.or_, [decides(arg) for arg in args])
        valid = op.or_(decided, reduce(op.and_, [agrees(arg) for arg in args]))
    broken = args[0].broken
    for k, arg in enumerate(args[1:], 1):
        if arg.broken is not None:
            settled = reduce(op.or_, [decides(before) for before in args[:k]])
            broken = _any_of(broken, op.and_(arg.broken, op.not_(settled)))
    return Term(values, valid, broken)


def _not(x: Typed, args: list[Term]) -> Term:
    return Term(_false(args[0]), args[0].valid, args[0].broken)


def _if(x: Typed, args: list[Term]) -> Term:
    condition, then, otherwise = args
    valid = None
    if then.valid is not None or otherwise.valid is not None:
        valid = _select(condition, then.valid, otherwise.valid)
    elif not x.is_float:
        valid = condition.valid
    broken = None
    if then.broken is not None or otherwise.broken is not None:
        never = const([[False]])
        parts = [never if part.broken is None else part.broken for part in (then, otherwise)]
        broken = _select(condition, *parts)
    broken = _any_of(condition.broken, broken)
    if x.dtype == "bool":  # Where has no kernel for bool
        return Term(_select(condition, then.values, otherwise.values), valid, broken)
    holds = condition.values
    if x.may_be_negative_zero:  # the optimiser would swap the branches of a Not, see `where_not`
        holds = op.equal(holds, const(True))
    values = pick(holds, _candidate(then, x.args[1]), _candidate(otherwise, x.args[2])).values
    if x.is_float and condition.valid is not None:
        values = where_not(condition.valid, const([[np.nan]]), values)
    return Term(values, valid, broken)


def _select(condition: Term, then: Var | None, otherwise: Var | None) -> Var:
    """bool: `then` where the condition is true, `otherwise` where false, false where null; None is true."""
    yes = condition.values if then is None else op.and_(condition.values, then)
    no = _false(condition) if otherwise is None else op.and_(_false(condition), otherwise)
    return op.or_(yes, no)


def _coalesce(x: Typed, args: list[Term]) -> Term:
    result, chosen = args[0], _candidate(args[0], x.args[0])
    for arg, typed in zip(args[1:], x.args[1:], strict=True):
        if result.valid is None and not chosen.may_be_nan:
            return result
        missing = op.isnan(result.values) if result.valid is None else op.not_(result.valid)
        candidate = _candidate(arg, typed)
        if x.dtype == "bool":
            values = op.or_(result.values, op.and_(missing, arg.values))
        else:
            chosen = replace(pick(missing, candidate, chosen), may_be_nan=candidate.may_be_nan)
            values = chosen.values
        valid = None if arg.valid is None or result.valid is None else op.or_(result.valid, arg.valid)
        later = None if arg.broken is None else op.and_(missing, arg.broken)
        result = Term(values, valid, _any_of(result.broken, later))
    return result


def _is_null(x: Typed, args: list[Term]) -> Term:
    (a,) = args
    if x.args[0].is_float:
        return Term(op.isnan(a.values), None, a.broken)
    return Term(const([[False]]) if a.valid is None else op.not_(a.valid), None, a.broken)


_LOWERINGS: dict[str, Callable[[Typed, list[Term]], Term]] = {
    **dict.fromkeys(("+", "-", "*", "/"), _arithmetic),
    **dict.fromkeys(("//", "%"), _floor_division),
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
