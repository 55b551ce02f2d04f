"""Parse the text of an expression into a tree of the few constructs that the language has.

Python's parser reads the text; every node of its tree is then either listed here or refused. Nothing is evaluated.
Text is untrusted: its length and depth are bounded, and only `ExpressionError` is raised.
"""

from __future__ import annotations

import ast
import math
import unicodedata
import warnings
from dataclasses import dataclass
from functools import lru_cache

from skc.diagnostics import did_you_mean
from skc.expression.errors import ExpressionError
from skc.values.types import Scalar
from skc_runtime.kinds import INT64_MAX, INT64_MIN

MAX_LENGTH = 4_000  # characters
MAX_DEPTH = 100  # of Python's tree: far below the recursion limit, deeper than anything readable

# function -> least and greatest number of arguments
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "abs": (1, 1),
    "ceil": (1, 1),
    "coalesce": (2, None),
    "cos": (1, 1),
    "exp": (1, 1),
    "floor": (1, 1),
    "is_null": (1, 1),
    "log": (1, 1),
    "log1p": (1, 1),
    "max": (2, None),
    "min": (2, None),
    "round": (1, 1),
    "sin": (1, 1),
    "sqrt": (1, 1),
}
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Not: "not"}
# Common guesses, and what the language has instead.
_HINTS: dict[type[ast.AST], str] = {
    ast.BitAnd: "write `and`",
    ast.BitOr: "write `or`",
    ast.Invert: "write `not`",
    ast.Is: "write `is_null(x)`, or `==`",
    ast.IsNot: "write `not is_null(x)`, or `!=`",
    ast.Tuple: "a list is only allowed to the right of `in`",
    ast.List: "a list is only allowed to the right of `in`",
    ast.Set: "a list is only allowed to the right of `in`",
    ast.JoinedStr: "write a plain string",
}
_ALLOWED = "allowed: + - * / // % **, comparisons, in, and, or, not, if … else …, and " + " ".join(FUNCTIONS)


@dataclass(frozen=True)
class Node:
    """One construct, at `offset` characters into the text.

    `kind` is `literal` (of `value`; None is null), `name` (of identifier `value`), the name of a function, or
    an operator: `+` and its like, `neg`, `pos`, `not`, `and`, `or`; `if` of condition, then, else; `compare`
    with one of `operators` between each two args; `in` with the value and then the literals.
    """

    kind: str
    offset: int
    args: tuple[Node, ...] = ()
    value: Scalar = None
    operators: tuple[str, ...] = ()

    @property
    def is_null(self) -> bool:
        return self.kind == "literal" and self.value is None


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """The tree of an expression. Raises `ExpressionError` SKC130 to SKC135."""
    _check_text(text)
    return _Parser(text).convert(_python_tree(text))


def names(text: str) -> tuple[str, ...]:
    """The identifiers of an expression in order of first appearance: `fare`, or `inputs.fare` as written."""
    offsets: dict[str, int] = {}
    stack = [parse(text)]
    while stack:
        node = stack.pop()
        stack += node.args
        if node.kind == "name":
            name = str(node.value)
            offsets[name] = min(node.offset, offsets.get(name, node.offset))
    return tuple(sorted(offsets, key=lambda name: offsets[name]))


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            "SKC130",
            f"the expression has {len(text)} characters; the limit is {MAX_LENGTH}",
            text,
            MAX_LENGTH,
            "split it into several features",
        )
    for i, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise ExpressionError("SKC130", f"character U+{ord(character):04X} in an expression", text, i, "delete it")
    if not text.strip():
        raise ExpressionError("SKC130", "the expression is empty", text, 0, "for example `fare / max(distance, 0.1)`")


def _python_tree(text: str) -> ast.expr:
    """Python's tree of the text between parentheses, so that line breaks and comments are insignificant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns about (`1or 2`, `'\d'`) is an error here
            tree = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        offset = _offset(text, error.lineno or 1, (error.offset or 1) - 1)
        message = (error.msg or "invalid syntax").removesuffix(" (<unknown>, line 1)")
        raise _syntax(text, offset, message) from None
    except (ValueError, OverflowError) as error:
        raise _syntax(text, 0, str(error)) from None
    except (MemoryError, RecursionError):
        raise _too_deep(text) from None
    _check_depth(text, tree)
    is_whole = tree.lineno > 1 or tree.col_offset > 0 or isinstance(tree, ast.Tuple | ast.GeneratorExp)
    if not is_whole:  # the text closed the parenthesis that was put before it
        raise _syntax(text, len(text), "unmatched ')'")
    return tree


def _check_depth(text: str, tree: ast.AST) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise _too_deep(text)


def _syntax(text: str, offset: int, message: str) -> ExpressionError:
    return ExpressionError("SKC130", f"this is not an expression: {message}", text, offset, _ALLOWED)


def _too_deep(text: str) -> ExpressionError:
    return ExpressionError(
        "SKC130",
        f"the expression is nested more than {MAX_DEPTH} deep",
        text,
        0,
        "split it into several features",
    )


def _offset(text: str, line: int, column: int) -> int:
    """Characters into the text, from a 1-based line and a 0-based column of the text between parentheses."""
    before = text.split("\n")[: line - 1]
    return sum(len(part) + 1 for part in before) + column - (1 if line == 1 else 0)


class _Parser:
    """Converts Python's tree to ours."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = f"({text}\n)".split("\n")

    def convert(self, node: ast.expr) -> Node:
        match node:
            case ast.Constant(value=value):
                return self.literal(node, value)
            case ast.Name(id=word):
                return self.name(node, word)
            case ast.Attribute(value=ast.Name(id="inputs"), attr=attr):
                return Node("name", self.offset(node), value=f"inputs.{self.as_written(node, attr)}")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if type(value) in (int, float):
                return self.literal(node, -value)  # type: ignore[operator]  # the guard says it is a number
            case ast.UnaryOp(op=unary, operand=operand):
                return self.operation(node, _UNARY.get(type(unary)), unary, operand)
            case ast.BinOp(left=left, op=binary, right=right):
                return self.operation(node, _BINARY.get(type(binary)), binary, left, right)
            case ast.BoolOp(op=boolean, values=values):
                return self.operation(node, "and" if isinstance(boolean, ast.And) else "or", boolean, *values)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.operation(node, "if", node, test, body, orelse)
            case ast.Call():
                return self.call(node)
        raise self.not_allowed(node, node)

    def literal(self, node: ast.expr, value: object) -> Node:
        if value is not None and not isinstance(value, bool | int | float | str):
            raise self.not_allowed(node, node)
        reason = _unfit_literal(value)
        if reason is not None:
            raise ExpressionError("SKC135", reason, self.text, self.offset(node), "choose another value")
        return Node("literal", self.offset(node), value=value)

    def name(self, node: ast.Name, word: str) -> Node:
        if word in CONSTANTS:
            return Node("literal", self.offset(node), value=CONSTANTS[word])
        return Node("name", self.offset(node), value=self.as_written(node, word))

    def operation(self, node: ast.expr, kind: str | None, operator: ast.AST, *operands: ast.expr) -> Node:
        if kind is None:
            raise self.not_allowed(node, operator)
        return Node(kind, self.offset(node), tuple(self.convert(operand) for operand in operands))

    def comparison(self, node: ast.Compare) -> Node:
        if isinstance(node.ops[0], ast.In | ast.NotIn) and len(node.ops) == 1:
            return self.membership(node)
        for operator in node.ops:
            if type(operator) not in _COMPARE:
                raise self.not_allowed(node, operator)
        args = tuple(self.convert(operand) for operand in (node.left, *node.comparators))
        operators = tuple(_COMPARE[type(operator)] for operator in node.ops)
        return Node("compare", self.offset(node), args, operators=operators)

    def membership(self, node: ast.Compare) -> Node:
        (listed,) = node.comparators
        items = listed.elts if isinstance(listed, ast.Tuple | ast.List | ast.Set) else []
        choices = tuple(self.convert(item) for item in items)
        if not choices or any(item.kind != "literal" or item.value is None for item in choices):
            raise ExpressionError(
                "SKC131",
                "`in` takes a list of literals",
                self.text,
                self.offset(listed),
                "for example `payment in ('cash', 'card')`",
            )
        result = Node("in", self.offset(node), (self.convert(node.left), *choices))
        return result if isinstance(node.ops[0], ast.In) else Node("not", self.offset(node), (result,))

    def call(self, node: ast.Call) -> Node:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.not_allowed(node, node)
        function = node.func.id
        if function not in FUNCTIONS:
            hint = did_you_mean(function, FUNCTIONS) or "functions: " + " ".join(FUNCTIONS)
            raise ExpressionError("SKC132", f"unknown function `{function}`", self.text, self.offset(node), hint)
        args = tuple(self.convert(arg) for arg in node.args)
        (least, most), count = FUNCTIONS[function], len(args)
        if count < least or (most is not None and count > most):
            expected = f"{least} argument{'s' if least > 1 else ''}" + (" or more" if most is None else "")
            raise ExpressionError(
                "SKC133",
                f"`{function}` takes {expected}, not {count}",
                self.text,
                self.offset(node),
                "round(x / 10) * 10 rounds to tens" if function == "round" else f"write {expected}",
            )
        return Node(function, self.offset(node), args)

    def not_allowed(self, node: ast.expr, culprit: ast.AST) -> ExpressionError:
        source = " ".join(self.segment(node).split())
        return ExpressionError(
            "SKC131",
            f"`{source[:40]}{'…' if len(source) > 40 else ''}` is not part of the expression language",
            self.text,
            self.offset(node),
            _alias_hint(source) if isinstance(culprit, ast.Attribute) else _HINTS.get(type(culprit), _ALLOWED),
        )

    def offset(self, node: ast.expr) -> int:
        return self.place(node.lineno, node.col_offset)

    def place(self, line: int, column: int) -> int:
        """Characters into the text; Python counts bytes of UTF-8."""
        characters = len(self.lines[line - 1].encode()[:column].decode())
        return max(0, _offset(self.text, line, characters))

    def segment(self, node: ast.expr) -> str:
        """The text of a node."""
        return self.text[self.offset(node) : self.place(node.end_lineno or 1, node.end_col_offset or 0)]

    def as_written(self, node: ast.expr, identifier: str) -> str:
        """The identifier as written in the text: inputs are named that way, but Python's tree has the NFKC form."""
        source = self.segment(node).rsplit(".", 1)[-1].strip()
        return source if unicodedata.normalize("NFKC", source) == identifier else identifier


def _unfit_literal(value: Scalar) -> str | None:
    """Why a literal cannot be a value, or None."""
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        return f"{value:.6g} is beyond int64" if abs(value) < 10**300 else "an integer beyond int64"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number beyond float64"
    if isinstance(value, str) and any(c == "\0" or unicodedata.category(c) == "Cs" for c in value):
        return "a string with NUL or a lone surrogate, which no runtime can send"
    return None


def _alias_hint(source: str) -> str:
    """What to write for a name with dots."""
    name = source.removeprefix("inputs.")
    if not all(map(str.isidentifier, name.split("."))):
        return "only `inputs.NAME` has a dot"
    alias = name.replace(".", "_")
    return f"if it is a column, define a feature `{alias}: {{from: {name}}}`, and write `{alias}` here"
