"""Hypothesis strategies: well-typed expressions over a fixed set of columns, and rows for them."""

from __future__ import annotations

import math
from typing import Any

from expression_rows import COMPARE, INT_MAX, INT_MIN, Tree
from hypothesis import strategies as st

from skc.expression.parse import MAX_LENGTH
from skc.values.types import ValueType
from skc_runtime.kinds import DType

COLUMNS = {
    "f": "float64?",
    "g": "float64",
    "i": "int64?",
    "j": "int64",
    "b": "bool?",
    "c": "bool",
    "s": "string?",
    "t": "string",
    "u": "timestamp?",
    "v": "timestamp",
}
TYPES = {name: ValueType(t.removesuffix("?"), nullable=t.endswith("?")) for name, t in COLUMNS.items()}  # type: ignore[arg-type]  # types as text
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, 0.1, 3.7, 2.0**53, 1e300, 5e-324, math.inf, -math.inf]
INTS = [0, 1, -1, 2, 3, -7, 10, 2**31, 2**53 + 1, 3_037_000_500, INT_MAX, INT_MIN, INT_MIN + 1, 2**62]
STRINGS = ["", "a", "A", "é", "e\u0301", "😀", "it's"]
TIMES = [0, 1, -1, 1_700_000_000_000_000]


NUMBERS: tuple[DType, ...] = ("float64", "int64")


def literals(dtype: DType) -> st.SearchStrategy[Tree]:
    pools: dict[DType, list[Any]] = {
        "float64": [v for v in FLOATS if math.isfinite(v)],
        "int64": INTS,
        "bool": [True, False],
        "string": STRINGS,
    }
    return st.sampled_from(pools[dtype]).map(
        lambda v: Tree("literal", dtype, f"({v!r})" if dtype in NUMBERS else repr(v), value=v)
    )


def columns(dtype: DType) -> st.SearchStrategy[Tree]:
    of_type = [name for name, x in TYPES.items() if x.dtype == dtype]
    return st.sampled_from(of_type).map(lambda name: Tree("name", dtype, name))


@st.composite
def trees(draw: st.DrawFn, dtype: DType, depth: int = 3) -> Tree:
    """An exact expression of that type."""
    leaves = columns(dtype) if dtype == "timestamp" else columns(dtype) | literals(dtype)
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(leaves)
    kind = draw(st.sampled_from(KINDS[dtype]))
    return draw(BUILDERS[kind](kind, dtype, depth - 1))


def _same(draw: st.DrawFn, dtype: DType, depth: int, count: int) -> list[Tree]:
    """Parts that together have that type: of float64 some may be int64, but not all."""
    parts = [draw(trees(dtype, depth)) for _ in range(count)]
    if dtype == "float64" and draw(st.booleans()):
        parts[draw(st.integers(0, count - 1))] = draw(trees("int64", depth))
    if all(part.dtype == "int64" for part in parts) and dtype == "float64":
        parts[0] = draw(trees(dtype, 0))
    return parts


@st.composite
def _binary(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    if kind == "/":
        parts = [draw(trees(draw(st.sampled_from(NUMBERS)), depth)) for _ in range(2)]
    else:
        parts = _same(draw, dtype, depth, 2)
    if kind in ("//", "%") and parts[1].kind == "literal" and parts[1].value == 0:
        parts[1] = Tree("literal", "int64", "3", value=3)
    return Tree(kind, dtype, f"({parts[0].text} {kind} {parts[1].text})", tuple(parts))


@st.composite
def _power_tree(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    base, n = draw(trees(dtype, depth)), draw(st.integers(0, 16))
    return Tree(kind, dtype, f"(({base.text}) ** {n})", (base, Tree("literal", "int64", str(n), value=n)))


@st.composite
def _unary(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    arg = draw(trees(dtype, depth))
    if kind in ("neg", "round"):
        arg = draw(columns(dtype)) if arg.kind == "literal" else arg  # these of a literal are literals
    written = {"neg": f"(-{arg.text})", "not": f"(not {arg.text})"}
    return Tree(kind, dtype, written.get(kind, f"{kind}({arg.text})"), (arg,))


@st.composite
def _function(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    parts = _same(draw, dtype, depth, draw(st.integers(2, 3)))
    return Tree(kind, dtype, f"{kind}({', '.join(part.text for part in parts)})", tuple(parts))


@st.composite
def _choice(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    condition, parts = draw(trees("bool", depth)), _same(draw, dtype, depth, 2)
    k = draw(st.integers(0, 3))
    if k < 2:
        known = parts[1 - k] if parts[1 - k].dtype == dtype else draw(trees(dtype, 0))
        parts[1 - k], parts[k] = known, Tree("literal", dtype, "null")
    text = f"({parts[0].text} if {condition.text} else {parts[1].text})"
    return Tree("if", dtype, text, (condition, *parts))


@st.composite
def _comparison(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    of = draw(st.sampled_from(["float64", "int64", "bool", "string", "timestamp"]))
    is_ordered = of not in ("bool", "string")
    parts = _same(draw, of, depth, draw(st.integers(2, 3)))
    symbols = [draw(st.sampled_from([*COMPARE] if is_ordered else ["==", "!="])) for _ in parts[1:]]
    text = parts[0].text + "".join(f" {o} {part.text}" for o, part in zip(symbols, parts[1:], strict=True))
    return Tree("compare", "bool", f"({text})", tuple(parts), tuple(symbols))


@st.composite
def _membership(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    of = draw(st.sampled_from(["float64", "int64", "bool", "string"]))
    value, choices = draw(trees(of, depth)), draw(st.lists(literals(of), min_size=1, max_size=3))
    text = f"({value.text} in [{', '.join(choice.text for choice in choices)}])"
    return Tree("in", "bool", text, (value, *choices))


@st.composite
def _logic_tree(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    parts = [draw(trees("bool", depth)) for _ in range(draw(st.integers(2, 3)))]
    return Tree(kind, "bool", f"({f' {kind} '.join(part.text for part in parts)})", tuple(parts))


@st.composite
def _is_null(draw: st.DrawFn, kind: str, dtype: DType, depth: int) -> Tree:
    arg = draw(trees(draw(st.sampled_from([x.dtype for x in TYPES.values()])), depth))
    return Tree(kind, "bool", f"is_null({arg.text})", (arg,))


KINDS: dict[DType, list[str]] = {
    "float64": ["+", "-", "*", "/", "**", "neg", "abs", "sqrt", "floor", "ceil", "round"],
    "int64": ["+", "-", "*", "//", "%", "**", "neg", "abs", "round"],
    "bool": ["compare", "in", "and", "or", "not", "is_null"],
    "string": [],
    "timestamp": [],
}
for _dtype in KINDS:
    KINDS[_dtype] += ["if", "coalesce"] + (["min", "max"] if _dtype in (*NUMBERS, "timestamp") else [])
BUILDERS: dict[str, Any] = {
    **dict.fromkeys(("+", "-", "*", "/", "//", "%"), _binary),
    **dict.fromkeys(("neg", "abs", "sqrt", "floor", "ceil", "round", "not"), _unary),
    **dict.fromkeys(("min", "max", "coalesce"), _function),
    **dict.fromkeys(("and", "or"), _logic_tree),
    "**": _power_tree,
    "if": _choice,
    "compare": _comparison,
    "in": _membership,
    "is_null": _is_null,
}

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.sampled_from(FLOATS) | st.floats(allow_nan=False),
    "int64": st.sampled_from(INTS) | st.integers(INT_MIN, INT_MAX) | st.integers(-20, 20),
    "bool": st.booleans(),
    "string": st.sampled_from(STRINGS),
    "timestamp": st.sampled_from(TIMES),
}
ROWS = st.lists(
    st.tuples(*(VALUES[x.dtype] | st.none() if x.nullable else VALUES[x.dtype] for x in TYPES.values())),
    min_size=1,
    max_size=9,
)
TREES = st.sampled_from([*KINDS]).flatmap(trees).filter(lambda tree: len(tree.text) < MAX_LENGTH)
