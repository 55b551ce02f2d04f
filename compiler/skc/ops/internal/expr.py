"""Compute one column from others with an expression: `fare / max(distance, 0.1)`.

Why: most features are ratios, differences, thresholds and defaults. An expression follows Python's grammar, but
only what is listed here exists, with the meaning given here.

Example: `per_mile: {expr: "fare / max(distance, 0.1)", apply: [{quantile_bin: {bins: 10}}]}`

It is not used in `apply`: a feature has `expr:` instead of `from:`, and `apply` may follow. A name in it is a
feature or an input; `inputs.NAME` is always the input. The text has at most 4000 characters and 100 levels of
nesting, over any number of lines, with comments after `#`; inside {…} YAML requires quotes around it.

Values: float64, int64, bool, string, timestamp and date, each one column wide.
Literals: `1.5`, `3` (int64), `true`, `'text'`, `null`.
Arithmetic: `+ - * /`; `//` and `%` of int64; `x ** n` with n from 0 to 16.
Comparison: `== != < <= > >=`, chained as in `0 <= x < 5`; `x in ('a', 'b')`, `not in`.
Logic: `and or not`. Choice: `a if condition else b`, `coalesce(a, b, …)`, `is_null(x)`.
Functions: `min max abs floor ceil round sqrt exp log log1p sin cos`. `floor ceil round` keep the type; `round`
takes ties to even; sin and cos take radians.

Arithmetic can produce a null (NaN) without a null operand: inf - inf, 0 / 0, the log of a negative number. Whether
an expression is nullable is always known; `coalesce(x, 0)` makes it not nullable.

Critical points
---------------
C1  Combined with float64, an int64 becomes the nearest float64 (ties to even): beyond 2^53 a different number.
C2  `/` is float64 division, also for int64: x / 0 is an infinity, and 0 / 0 is null, as is every NaN.
C3  `//` and `%` are Python's: rounded toward minus infinity, the sign of the divisor; division by zero gives null.
C4  int64 that overflows (+, -, *, **, abs, //, unary -) is guarded: `invalid-value`.
C5  What `if`, `and`, `or` or `coalesce` does not select is not evaluated: overflow there is ignored.
C6  Null in arithmetic, comparison, functions, min, max or the condition of `if` gives null.
C7  `and` and `or` use three-valued logic: `false and null` is false, `true or null` is true, otherwise null stays.
C8  `coalesce` is its first argument that is not null; `is_null` is never null; `null` takes its type from
    the other operand.
C9  log(0) is -inf, log and sqrt below 0 null, log1p likewise below -1; exp overflows to inf.
C10 `x ** n` is the square of `x ** (n // 2)`, times x where n is odd; x ** 0 is 1.
C11 `min` and `max` return the first of equal arguments, so max(0.0, -0.0) is 0.0; null if any is null.
C12 Comparison, rounding, `is_null`, and the sign under log or sqrt never depend on the result of a log or exp
    (SKC121); arithmetic, min, max and `coalesce` may. A comparison of one such column with numbers, as in
    `log_fare < 3`, is made of the exact column before the logarithm, if the steps between rise or fall throughout.
C13 Strings are equal if their code points are; they cannot be ordered (SKC134). Times can be ordered, but not used
    in arithmetic.
C14 Other calls, attributes, mismatched types, integers beyond int64 and so on are refused (SKC130 to SKC138).
C15 `a < b < c` is `a < b and b < c`, but all operands are computed, and all are float64 if one is.
C16 sin and cos of an infinity are null. Their operand may not be the result of a log, exp, sin or cos (SKC121):
    where it is large, its last bits decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from skc.diagnostics import bug
from skc.emit.blocks import GraphBlock
from skc.expression import Typed, check, decides_on, evaluate, near_literals, outcomes, parse
from skc.expression import lower as lower_expression
from skc.expression import names as identifiers
from skc.op import Case, Decision, Known, Names, NoState, Op, always, parameters
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN

INF = math.inf


@parameters
class Params:
    expression: str
    names: tuple[str, ...]
    name: str = ""


def infer(params: Params, *types: ValueType) -> ValueType:
    if identifiers(params.expression) != params.names or len(params.names) != len(types):
        raise bug(f"expr has names {params.names} and {len(types)} inputs for `{params.expression}`")
    return check(params.expression, dict(zip(params.names, types, strict=True))).type


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    """One column, which belongs to the first input; the others have none."""
    return ((params.name or " ".join(params.expression.split()),), *((),) * (len(columns) - 1))


def apply(params: Params, state: NoState, *blocks: Block) -> Block:
    block_by_name = dict(zip(params.names, blocks, strict=True))
    return evaluate(_checked(params, blocks), block_by_name)


def lower(params: Params, state: NoState, *blocks: GraphBlock) -> GraphBlock:
    block_by_name = dict(zip(params.names, blocks, strict=True))
    return lower_expression(_checked(params, blocks), block_by_name)


def _checked(params: Params, blocks: Sequence[Block | GraphBlock]) -> Typed:
    """The typed tree, by the types of the blocks; `infer` has checked that they are exact where required. A float64
    block does not show whether it contains NaN.
    """
    nullable = [block.dtype == "float64" or block.valid is not None for block in blocks]
    return _typed(params, tuple(ValueType(b.dtype, nullable=n) for b, n in zip(blocks, nullable, strict=True)))


@lru_cache
def _typed(params: Params, types: tuple[ValueType, ...]) -> Typed:
    return check(params.expression, dict(zip(params.names, types, strict=True)))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return near_literals(params.expression, x)


def _decides_by(params: Params, k: int, x: ValueType) -> Decision | None:
    decides = x.dtype == "float64" and decides_on(parse(params.expression), params.names[k])
    return "last bit" if decides else None


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """The values of an expression that chooses among integers or texts."""
    values = outcomes(parse(params.expression))
    kinds = {type(value) for value in values or ()}
    return tuple(sorted(values)) if values and kinds in ({int}, {str}) else None  # type: ignore[type-var]  # of one kind


def _case(name: str, shows: str, expression: str, columns: str, rows: list[list[Scalar]], expect: list[Scalar]) -> Case:
    """A case whose columns are written `x: float64, n: int64?`."""
    types = dict(column.split(": ") for column in columns.split(", "))
    return Case(
        name=name,
        shows=tuple(shows.split()),
        columns=types,
        params={"expression": expression, "names": [*types]},
        rows=rows,
        expect=[[value] for value in expect],
    )


def _refused(name: str, shows: str, code: str, expression: str, columns: str) -> Case:
    return replace(_case(name, shows, expression, columns, [], []), refused=code)


def _overflow(
    name: str, shows: str, expression: str, rows: list[list[Scalar]], bad: list[int], expect: list[Scalar]
) -> Case:
    columns = "n: int64" if len(rows[0]) == 1 else "n: int64, m: int64"
    return replace(
        _case(name, shows, expression, columns, rows, expect),
        guards=[("invalid-value", row, 0) for row in bad],
    )


# fmt: off
CASES = (
    replace(
        _case("ratio", "C6", "fare / max(distance, 0.1)", "fare: float64?, distance: float64?",
            [[1.0, 0.0], [3.0, 2.0], [None, 1.0], [1.0, None]], [10.0, 1.5, None, None]),
        names=("fare / max(distance, 0.1)",),
    ),
    _case("promotion rounds to nearest even", "C1", "n + 0.0", "n: int64",
        [[2**53 + 1], [2**53 + 3], [2**63 - 1]], [2.0**53, 2.0**53 + 4, 2.0**63]),
    _case("comparison after promotion", "C1", "n == 9007199254740992.0", "n: int64",
        [[2**53], [2**53 + 1], [2**53 + 2]], [True, True, False]),
    _case("true division", "C2", "n / m", "n: int64, m: int64", [[7, 2], [1, 0], [-1, 0], [0, 0]],
        [3.5, INF, -INF, None]),
    _case("division by zeros of both signs", "C2", "x / y", "x: float64, y: float64",
        [[1.0, -0.0], [0.0, 0.0], [INF, INF]], [-INF, None, None]),
    _case("a quotient is rounded before its product", "C2", "1 / x * 5", "x: float64", [[3.0], [49.0]],
        [1.6666666666666665, 0.1020408163265306]),
    _case("floor division", "C3", "n // m", "n: int64, m: int64",
        [[-7, 2], [7, -2], [-7, -2], [6, -2], [7, 0]], [-4, -4, 3, -3, None]),
    _case("floor division by a literal", "C3", "n // 3 + n // -3", "n: int64",
        [[7], [-7], [6], [INT64_MIN], [INT64_MAX]], [-1, -1, 0, -1, -1]),
    _case("modulo", "C3 C4", "n % m", "n: int64, m: int64", [[-7, 3], [7, -3], [6, 3], [5, 0], [INT64_MIN, -1]],
        [2, -2, 0, None, 0]),
    _overflow("sum overflows", "C4", "n + m", [[INT64_MAX, 1], [INT64_MAX, 0], [INT64_MIN, -1], [INT64_MIN, INT64_MAX]],
        [0, 2], [None, INT64_MAX, None, -1]),
    _overflow("difference overflows", "C4", "n - m", [[INT64_MIN, 1], [0, INT64_MIN], [-1, INT64_MIN]], [0, 1],
        [None, None, INT64_MAX]),
    _overflow("product overflows", "C4", "n * m",
        [[2**32, 2**31], [-(2**32), 2**31], [INT64_MIN, -1], [3_037_000_500, 3_037_000_500]], [0, 2, 3],
        [None, INT64_MIN, None, None]),
    _overflow("product with a literal", "C4", "n * -3",
        [[INT64_MAX // 3], [INT64_MAX // 3 + 1], [-(INT64_MAX // 3) - 1]], [1, 2], [-INT64_MAX + 1, None, None]),
    _overflow("product with a positive literal", "C4", "n * 3",
        [[INT64_MAX // 3], [INT64_MAX // 3 + 1], [-(INT64_MAX // 3)], [-(INT64_MAX // 3) - 1]], [1, 3],
        [INT64_MAX - 1, None, 1 - INT64_MAX, None]),
    _overflow("quotient and negation overflow", "C4", "-n // m", [[INT64_MIN, 1], [INT64_MAX, 1], [INT64_MAX, -1]],
        [0], [None, -INT64_MAX, INT64_MAX]),
    _overflow("least by -1", "C4", "n // m", [[INT64_MIN, -1], [INT64_MIN, 1]], [0], [None, INT64_MIN]),
    _overflow("absolute value overflows", "C4", "abs(n)", [[INT64_MIN], [INT64_MIN + 1]], [0], [None, INT64_MAX]),
    _overflow("what is left out does not overflow", "C5",
        "n * n if n < 3000000000 and n > -3000000000 else 0", [[INT64_MAX], [-3]], [], [0, 9]),
    _overflow("short circuit of or", "C5", "n < 0 or n + n > 0", [[INT64_MIN], [INT64_MAX], [0]], [1],
        [True, None, False]),
    _overflow("short circuit of and", "C5", "n > 0 and n + n > 0", [[INT64_MIN], [INT64_MAX], [1]], [1],
        [False, None, True]),
    _case("coalesce leaves out", "C5 C8", "coalesce(m, n + 1)", "m: int64?, n: int64",
        [[3, INT64_MAX], [None, 4]], [3, 5]),
    _case("null condition", "C6", "1 if b else 2", "b: bool?", [[True], [False], [None]], [1, 2, None]),
    _case("null condition of float64", "C6", "1.5 if b else 2", "b: bool?", [[True], [False], [None]],
        [1.5, 2.0, None]),
    _case("null comparison", "C6", "x > 1", "x: float64?", [[1.0], [math.nextafter(1.0, 2.0)], [None]],
        [False, True, None]),
    _case("three-valued and", "C7", "a and b", "a: bool?, b: bool?",
        [[False, None], [None, False], [True, None], [None, None], [True, True]],
        [False, False, None, None, True]),
    _case("three-valued or", "C7", "a or not b", "a: bool?, b: bool?",
        [[True, None], [None, False], [False, None], [None, True], [False, True]],
        [True, True, None, None, False]),
    _case("is_null", "C8", "is_null(x) or is_null(n) or is_null(s)", "x: float64, n: int64?, s: string?",
        [[1.0, 1, "a"], [None, 1, ""], [1.0, None, ""], [1.0, 1, None]], [False, True, True, True]),
    _case("null literal", "C8", "s if s != '' else null", "s: string", [["a"], [""], [" "]],
        ["a", None, " "]),
    _case("domains of log and sqrt", "C9", "sqrt(x)", "x: float64", [[4.0], [-0.0], [-5e-324], [INF]],
        [2.0, -0.0, None, INF]),
    _case("log of zero and below", "C9", "log(x)", "x: float64", [[1.0], [0.0], [-0.0], [-5e-324], [5e-324]],
        [0.0, -INF, -INF, None, -744.4400719213812]),
    _case("sine and cosine", "C16", "sin(x) + 10 * cos(x)", "x: float64?",
        [[0.0], [-math.pi / 2], [1e22], [INF], [-INF], [None]],
        [10.0, -0.9999999999999993, 4.379947004184201, None, None, None]),
    _refused("sine of an exp", "C16", "SKC121", "sin(exp(x))", "x: float64"),
    _case("log1p at and below -1", "C9", "log1p(x)", "x: float64", [[-1.0], [-2.0], [1e-300], [INF]],
        [-INF, None, 1e-300, INF]),
    _case("exp overflows", "C9", "exp(n)", "n: int64", [[0], [709], [710], [-746]],
        [1.0, 8.218407461554972e307, INF, 0.0]),
    _case("order of a power", "C10", "x ** 7", "x: float64?", [[1.1], [-0.0], [None], [-INF]],
        [1.9487171000000014, -0.0, None, -INF]),
    _case("power zero", "C10 C6", "x ** 0", "x: float64?", [[0.0], [INF], [None]], [1.0, 1.0, None]),
    _overflow("integer power", "C10 C4", "n ** 3", [[-3], [2097151], [2097152], [-2097152]], [2],
        [-27, 2097151**3, None, INT64_MIN]),
    _case("first of equals", "C11", "max(x, y, 0.0)", "x: float64, y: float64",
        [[-0.0, 0.0], [0.0, -0.0], [-1.0, -0.0], [1.0, None]], [-0.0, 0.0, -0.0, None]),
    _case("min of integers and times", "C11", "min(n, m)", "n: int64?, m: int64",
        [[INT64_MIN, 3], [2**53 + 1, 2**53], [None, 1]], [INT64_MIN, 2**53, None]),
    _case("inexact values may be compared in size", "C12", "max(log(x), 0) + 1", "x: float64",
        [[0.5], [1.0], [math.e]], [1.0, 1.0, 2.0]),
    _refused("comparison of a log", "C12", "SKC121", "log(x) > 3", "x: float64"),
    _refused("rounding of an exp", "C12", "SKC121", "round(exp(x))", "x: float64"),
    _refused("sign of a log", "C12", "SKC121", "sqrt(log(x))", "x: float64"),
    _case("softplus", "C12", "log1p(exp(x))", "x: float64", [[0.0], [-INF]], [0.6931471805599453, 0.0]),
    _case("rounding", "C12", "round(x) + 10 * floor(x) + 100 * ceil(x)", "x: float64",
        [[0.5], [1.5], [2.5], [-0.5]], [100.0, 212.0, 322.0, -10.0]),
    _case("string membership", "C13", "s in ('é', 'NA')", "s: string?",
        [["é"], ["e\u0301"], ["na"], ["NA"], [None]], [True, False, False, True, None]),
    _case("times have an order", "C13", "max(s, t)", "s: date?, t: date", [[1, 2], [3, 2], [None, 0]],
        [2, 3, None]),
    _refused("strings have no order", "C13", "SKC134", "s < 'b'", "s: string"),
    _refused("times have no arithmetic", "C13", "SKC134", "s - t", "s: timestamp, t: timestamp"),
    *(
        _refused(f"refused: {text}", "C14", code, text, "x: float64")
        for code, text in (
            ("SKC130", "x +"),
            ("SKC131", "x.real"),
            ("SKC132", "eval(x)"),
            ("SKC133", "abs(x, 1)"),
            ("SKC134", "x and true"),
            ("SKC135", "x + 9223372036854775808"),
            ("SKC136", "x ** 0.5"),
        )
    ),
    _case("chain", "C15 C6", "0 <= n < x", "n: int64?, x: float64",
        [[0, 1.0], [1, 1.0], [-1, None], [None, 1.0]], [True, False, False, None]),
)
# fmt: on

OP = Op(
    name="expr",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    decides_by=_decides_by,
    levels=levels,
    cases=CASES,
    names=names,
    arity=always("values"),
)
