"""The typed tree: the type of every part of an expression, and where an int64 is promoted to float64.

`evaluate` and `lower` both work from this tree alone, so neither decides on types or promotions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from skc.codes import Code
from skc.diagnostics import bug
from skc.expression.errors import ExpressionError
from skc.expression.parse import Node, parse
from skc.values.types import Scalar, ValueType
from skc_runtime.kinds import KINDS, DType

MAX_POWER = 16
_DECISIONS = ("compare", "in", "floor", "ceil", "round")
_NUMBERS: tuple[DType, ...] = ("float64", "int64")
_ORDERED = tuple(dtype for dtype, kind in KINDS.items() if kind.is_number or kind.range is not None)


@dataclass(frozen=True)
class Typed:
    """A node with its type; args have the types the operation works on. `to_float` promotes an int64.

    `can_break`: a row may overflow int64, which is an error.
    `nonnegative`: every value is known to be null, or neither negative nor -0.0.
    """

    kind: str
    type: ValueType
    args: tuple[Typed, ...] = ()
    value: Scalar = None
    operators: tuple[str, ...] = ()
    can_break: bool = False
    nonnegative: bool = False

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def is_float(self) -> bool:
        return self.type.kind.is_float

    @property
    def is_literal(self) -> bool:
        return self.kind == "literal"

    @property
    def may_be_negative_zero(self) -> bool:
        is_known = self.kind == "to_float" or (self.is_literal and str(self.value) != "-0.0")
        return self.is_float and not self.nonnegative and not is_known

    @property
    def may_be_infinite(self) -> bool:
        return self.is_float and not self.is_literal and self.kind != "to_float"

    @property
    def may_be_zero(self) -> bool:
        return not (self.is_literal and self.value)


def check(text: str, types: Mapping[str, ValueType]) -> Typed:
    """Type an expression whose names have `types`. Raises `ExpressionError` SKC121, SKC130 to SKC138."""
    root = parse(text)
    checker = _Checker(text, types)
    if not types:
        raise checker.error(
            "SKC138",
            "an expression must use at least one input",
            root,
            "use at least one column: a constant is the same for every row",
        )
    return checker.operand(root)


def outcomes(node: Node) -> frozenset[Scalar] | None:
    """All values that an expression can have, if it only chooses among literals; else None."""
    match node.kind:
        case "literal":
            return frozenset() if node.value is None else frozenset({node.value})
        case "if" | "coalesce":
            parts = [outcomes(part) for part in node.args[node.kind == "if" :]]
            return None if None in parts else frozenset().union(*(values for values in parts if values is not None))
        case "neg":
            (arg,) = node.args
            is_number = arg.kind == "literal" and type(arg.value) is int
            return frozenset({-arg.value}) if is_number else None  # type: ignore[operator]  # is_number: an int
    return None


def decides_on(node: Node, name: str) -> bool:
    """Whether the expression compares or rounds something computed from the name, so that its last bit may decide."""
    if node.kind in _DECISIONS and _has_name(node, name):
        return True
    return any(decides_on(arg, name) for arg in node.args)


def _has_name(node: Node, name: str) -> bool:
    is_it = node.kind == "name" and node.value == name
    return is_it or any(_has_name(arg, name) for arg in node.args)


def _literal(value: Scalar) -> Typed:
    dtypes: dict[type, DType] = {bool: "bool", int: "int64", float: "float64", str: "string"}
    negative = not isinstance(value, int | float) or value < 0 or str(value) == "-0.0"
    return Typed("literal", ValueType(dtypes[type(value)]), value=value, nonnegative=not negative)


def _to_float(x: Typed) -> Typed:
    if x.is_float:
        return x
    if x.is_literal and isinstance(x.value, int):
        return _literal(float(x.value))
    return Typed("to_float", x.type.with_(dtype="float64"), (x,), can_break=x.can_break)


@dataclass(frozen=True)
class _Checker:
    text: str
    types: Mapping[str, ValueType]

    def error(self, code: Code, message: str, node: Node, hint: str | None = None) -> ExpressionError:
        return ExpressionError(code, message, self.text, node.offset, hint)

    def operand(self, node: Node) -> Typed:
        """The typed node, which must not be a bare `null`."""
        if node.is_null:
            raise self.error("SKC134", "`null` has no type here", node, "test for null with `is_null(x)`")
        return self.typed(node)

    def typed(self, node: Node) -> Typed:
        match node.kind:
            case "literal":
                return _literal(node.value)
            case "name":
                return self.name(node)
            case "if" | "coalesce":
                return self.choice(node)
            case "compare" | "in":
                return self.comparison(node)
            case "**":
                return self.power(node)
        args = tuple(self.operand(arg) for arg in node.args)
        return _RULES[node.kind](self, node, args)

    def name(self, node: Node) -> Typed:
        x = self.types.get(str(node.value))
        if x is None:
            raise bug(f"expression name `{node.value}` is not among the step's names")
        if x.width != 1:
            columns = "an unknown number of" if x.width is None else str(x.width)
            raise self.error(
                "SKC137",
                f"`{node.value}` has {columns} columns; an expression needs a single column",
                node,
                "use it before the step that turns it into several columns",
            )
        return Typed("name", x, value=node.value)

    def made(self, node: Node, x: ValueType | DType, args: Sequence[Typed], **more: bool) -> Typed:
        """A node over `args`: null where one of them is, exact where all are."""
        base = x if isinstance(x, ValueType) else ValueType(x)
        nullable = base.nullable or any(arg.type.nullable for arg in args)
        x = base.with_(nullable=nullable, exact=all(arg.type.exact for arg in args))
        can_break = more.pop("can_break", False) or any(arg.can_break for arg in args)
        return Typed(node.kind, x, tuple(args), operators=node.operators, can_break=can_break, **more)

    def require(self, node: Node, args: Sequence[Typed], dtypes: Sequence[DType]) -> None:
        for arg, part in zip(args, node.args, strict=True):
            if arg.dtype not in dtypes:
                allowed = " or ".join(dtypes)
                raise self.error(
                    "SKC134",
                    f"`{_word(node)}` takes {allowed}, not {arg.dtype}",
                    part,
                    self.type_hint(node, arg.dtype),
                )

    def type_hint(self, node: Node, dtype: DType) -> str:
        if KINDS[dtype].is_clock:
            return "use the step `datetime_part`, or `cast: {to: int64}`, to turn a time of day into a number"
        if KINDS[dtype].is_time:
            return (
                "use the step `elapsed` to subtract times"
                if node.kind == "-"
                else "use the step `datetime_part` to turn a time into a number"
            )
        if dtype == "string":
            return (
                "put `parse_number` into a feature and use that, or declare the input `{type: float64, text: number}`"
            )
        if dtype == "bool":
            return "write `1 if condition else 0` to turn a condition into a number"
        if node.kind in ("//", "%") and KINDS[dtype].is_float:
            return "write `floor(a / b)`, or `a - b * floor(a / b)`"
        if node.kind in ("and", "or", "not", "if"):
            return "write a comparison, for example `x != 0`"
        return "declare another type for the input, or `cast` it in a separate feature"

    def require_exact(self, node: Node, args: Sequence[Typed]) -> None:
        for arg, part in zip(args, node.args, strict=True):
            if not arg.type.exact:
                raise self.error(
                    "SKC121",
                    f"`{_word(node)}` would decide on a value whose last bits depend on the machine "
                    "(it follows a log, exp or sine)",
                    part,
                    "decide before the inexact function: `x > 20` instead of `log(x) > 3`",
                )

    def unify(self, node: Node, args: Sequence[Typed], parts: Sequence[Node]) -> tuple[Typed, ...]:
        """Bring all to one type: int64 is promoted if another is float64."""
        dtypes = {arg.dtype for arg in args}
        if dtypes == {"int64", "float64"}:
            return tuple(_to_float(arg) for arg in args)
        for arg, part in zip(args, parts, strict=True):
            if arg.dtype != args[0].dtype:
                message = f"`{_word(node)}` over {args[0].dtype} and {arg.dtype}"
                raise self.error(
                    "SKC134", message, part, "both sides must have the same type: `cast` one of them in a step"
                )
        return tuple(args)

    def choice(self, node: Node) -> Typed:
        """`if` and `coalesce`: the value of one of several parts, some of which may be `null`."""
        parts = node.args[1:] if node.kind == "if" else node.args
        known = [part for part in parts if not part.is_null]
        if not known:
            raise self.error("SKC134", f"every value of `{_word(node)}` is null", node, "one of them must have a type")
        unified = iter(self.unify(node, [self.typed(part) for part in known], known))
        values = [None if part.is_null else next(unified) for part in parts]
        dtype = next(value.dtype for value in values if value is not None)
        null = Typed("literal", ValueType(dtype, nullable=True), nonnegative=True)
        chosen = tuple(null if value is None else value for value in values)
        nonnegative = all(value.nonnegative for value in chosen)
        if node.kind == "if":
            condition = self.operand(node.args[0])
            test = Node(node.kind, node.offset, node.args[:1])
            self.require(test, [condition], ("bool",))
            return self.made(node, dtype, (condition, *chosen), nonnegative=nonnegative)
        result = self.made(node, dtype, chosen, nonnegative=nonnegative)
        return replace(result, type=result.type.with_(nullable=all(value.type.nullable for value in chosen)))

    def comparison(self, node: Node) -> Typed:
        args = self.unify(node, [self.operand(arg) for arg in node.args], node.args)
        if set(node.operators) & {"<", "<=", ">", ">="}:
            self.require(node, args, _ORDERED)
        if not _can_be_carried(node, args):
            self.require_exact(node, args)
            return self.made(node, "bool", args)
        result = self.made(node, "bool", args)
        return replace(result, type=result.type.with_(exact=True))

    def power(self, node: Node) -> Typed:
        base, exponent = (self.operand(arg) for arg in node.args)
        n = exponent.value
        if not exponent.is_literal or type(n) is not int or not 0 <= n <= MAX_POWER:
            raise self.error(
                "SKC136",
                f"the exponent of `**` must be an integer literal from 0 to {MAX_POWER}",
                node.args[1],
                "write `sqrt(x)`, `1 / x ** n`, or `exp(y * log(x))`",
            )
        self.require(Node("**", node.offset, node.args[:1]), [base], _NUMBERS)
        breaks = base.dtype == "int64" and n >= 2
        nonnegative = (n % 2 == 0) or base.nonnegative
        return self.made(node, base.dtype, (base, exponent), can_break=breaks, nonnegative=nonnegative)


def _can_be_carried(node: Node, args: Sequence[Typed]) -> bool:
    """Whether this compares a column with literals, so that `skc.carry` can compare an exact column instead."""
    columns = [arg for arg in args if not arg.is_literal]
    return node.kind == "compare" and len(columns) == 1 and columns[0].kind == "name" and columns[0].type.carries


def _word(node: Node) -> str:
    return {"neg": "-", "pos": "+", "compare": " ".join(node.operators)}.get(node.kind, node.kind)


Rule = Callable[[_Checker, Node, tuple[Typed, ...]], Typed]


def _sum(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _NUMBERS)
    a, b = args = checker.unify(node, args, node.args)
    makes_nan = a.may_be_infinite and b.may_be_infinite  # inf - inf
    is_nonnegative = node.kind == "+" and a.nonnegative and b.nonnegative
    return checker.made(
        node,
        ValueType(a.dtype, nullable=makes_nan),
        args,
        can_break=a.dtype == "int64",
        nonnegative=is_nonnegative,
    )


def _product(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _NUMBERS)
    a, b = args = checker.unify(node, args, node.args)
    makes_nan = (a.may_be_infinite and b.may_be_zero) or (b.may_be_infinite and a.may_be_zero)
    return checker.made(
        node,
        ValueType(a.dtype, nullable=makes_nan),
        args,
        can_break=a.dtype == "int64",
        nonnegative=a.nonnegative and b.nonnegative,
    )


def _quotient(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _NUMBERS)
    a, b = args = tuple(_to_float(arg) for arg in args)
    makes_nan = (a.may_be_zero and b.may_be_zero) or (a.may_be_infinite and b.may_be_infinite)
    x = ValueType("float64", nullable=makes_nan)
    return checker.made(node, x, args, nonnegative=a.nonnegative and b.nonnegative)


def _floor_division(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, ("int64",))
    divisor = args[1]
    if divisor.is_literal and divisor.value == 0:
        raise checker.error("SKC136", f"`{node.kind}` by zero is always null", node.args[1], "divide by another number")
    overflows = node.kind == "//" and not (divisor.is_literal and divisor.value != -1)
    return checker.made(node, ValueType("int64", nullable=not divisor.is_literal), args, can_break=overflows)


def _sign(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _NUMBERS)
    if node.kind == "pos":
        return args[0]
    dtype = args[0].dtype
    return checker.made(node, dtype, args, can_break=dtype == "int64", nonnegative=node.kind == "abs")


def _rounding(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _NUMBERS)
    checker.require_exact(node, args)
    return args[0] if args[0].dtype == "int64" else checker.made(node, "float64", args)


def _real(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    """exp, log, log1p, sqrt, sin and cos."""
    checker.require(node, args, _NUMBERS)
    x = _to_float(args[0])
    # of an infinity sin and cos are null, whatever its sign
    makes_nan = node.kind in ("sin", "cos") or (node.kind != "exp" and not x.nonnegative)
    if makes_nan:
        checker.require_exact(node, args)  # its sign, or its size, decides whether the result is null
    keeps_sign = node.kind in ("sqrt", "log1p") and x.nonnegative
    result = checker.made(
        node, ValueType("float64", nullable=makes_nan), (x,), nonnegative=node.kind == "exp" or keeps_sign
    )
    return result if node.kind == "sqrt" else replace(result, type=result.type.with_(exact=False))


def _extreme(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, _ORDERED)
    args = checker.unify(node, args, node.args)
    has_floor = any(arg.is_literal and isinstance(arg.value, int | float) and arg.value > 0 for arg in args)
    nonnegative = all(arg.nonnegative for arg in args) or (node.kind == "max" and has_floor)
    return checker.made(node, args[0].dtype, args, nonnegative=nonnegative)


def _logic(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require(node, args, ("bool",))
    return checker.made(node, "bool", args)


def _is_null(checker: _Checker, node: Node, args: tuple[Typed, ...]) -> Typed:
    checker.require_exact(node, args)
    result = checker.made(node, "bool", args)
    return replace(result, type=result.type.with_(nullable=False))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("+", "-"), _sum),
    "*": _product,
    "/": _quotient,
    **dict.fromkeys(("//", "%"), _floor_division),
    **dict.fromkeys(("neg", "pos", "abs"), _sign),
    **dict.fromkeys(("floor", "ceil", "round"), _rounding),
    **dict.fromkeys(("exp", "log", "log1p", "sqrt", "sin", "cos"), _real),
    **dict.fromkeys(("min", "max"), _extreme),
    **dict.fromkeys(("and", "or", "not"), _logic),
    "is_null": _is_null,
}
