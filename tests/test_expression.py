"""The language of `expr`: random expressions by three interpreters, and text from hostile hands."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import op_harness as harness
import pytest
from agreement import values_agree
from expression_rows import STRICT, BeyondInt64Error, Row, Tree, as_type, value_of
from expression_trees import COLUMNS, FLOATS, INTS, ROWS, STRINGS, TIMES, TREES, TYPES, trees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skc.diagnostics import SkcError
from skc.expression import FUNCTIONS, ExpressionError, Node, check, names, parse, unparse
from skc.expression.parse import MAX_DEPTH, MAX_LENGTH
from skc.infer import value_types
from skc.ir import Pipeline
from skc.ops import OPS
from skc.values.types import Scalar, ValueType

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])


def interpret(tree: Tree, row: Row) -> Scalar | type[BeyondInt64Error]:
    try:
        return as_type(tree.dtype, value_of(tree, row))
    except BeyondInt64Error:
        return BeyondInt64Error


def built(text: str) -> Pipeline:
    used = names(text)
    given = {name: COLUMNS[name] for name in used}
    return harness.fit(harness.build(OPS["expr"], {"expression": text, "names": used}, given), ())


def assert_three_agree(tree: Tree, rows: list[tuple[Scalar, ...]], exact: bool) -> None:
    """A Python interpreter of rows, `evaluate` and the graph."""
    pipeline = built(tree.text)
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    given = [[record[i.name] for i in pipeline.inputs] for record in records]
    reference, graph = harness.run_reference(pipeline, given), harness.Graph(pipeline).run(given)
    assert reference.guards == graph.guards, tree.text
    broken = {row for _, row, _ in reference.guards}
    for k, record in enumerate(records):
        want = interpret(tree, record)
        assert (want is BeyondInt64Error) == (k in broken), (tree.text, record, want)
        if want is not BeyondInt64Error:
            assert values_agree(reference.rows[k][0], want, exact), (tree.text, record, reference.rows[k], want)
            assert values_agree(graph.rows[k][0], want, exact), (tree.text, record, graph.rows[k], want)


@settings(MANY, max_examples=200)
@given(TREES, ROWS)
def test_three_interpreters_agree(tree: Tree, rows: list[tuple[Scalar, ...]]) -> None:
    if not names(tree.text):
        with pytest.raises(ExpressionError) as error:
            check(tree.text, {})
        assert error.value.code == "SKC138"
        return
    x = value_types(built(tree.text))[harness.STEP]
    assert (x.dtype, x.exact, x.width) == (tree.dtype, True, 1)
    assert_three_agree(tree, rows, exact=True)


@pytest.mark.parametrize(
    "text",
    [
        "f if c else null",
        "null if b else f",
        "f if not c else 1.0",
        "1.0 if not c else f",
        "f if c else g",
        "f if f != 1 else g",
        "-0.0 if c else (-0.0 if b else f)",
        "coalesce(f, g)",
        "coalesce(f, -0.0)",
        "max(f, g, -0.0)",
        "min(-1, f, 0.0)",
        "max(-1, f)",
        "f + 0.0",
        "0 + f",
        "f - -0.0",
        "f * 1",
        "-(-f)",
        "round(f)",
    ],
)
def test_the_sign_of_zero_survives(text: str) -> None:
    """ONNX Runtime's Where, Max and optimiser each lose it somewhere."""
    used = names(text)
    pipeline = built(text)
    pools: dict[str, list[Scalar]] = {"float64": [-0.0, 0.0, 1.0, -1.0, None], "bool": [True, False, None]}
    choices = [[v for v in pools[TYPES[n].dtype] if v is not None or TYPES[n].nullable] for n in used]
    rows = [list(row) for row in itertools.product(*choices)]
    want = harness.run_reference(pipeline, rows).rows
    for optimised in (True, False):
        got = harness.Graph(pipeline, optimise=optimised).run(rows).rows
        assert [repr(row) for row in got] == [repr(row) for row in want]


def _safe(function: Callable[[float], float]) -> Callable[..., float]:
    def compute(x: Tree, a: float) -> float:
        try:
            return function(a)
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if a in (0.0, -1.0) else math.nan

    return compute


@MANY
@given(st.sampled_from(["exp", "log", "log1p", "sin", "cos"]), trees("float64", 2) | trees("int64", 2), ROWS)
def test_transcendentals_agree(function: str, arg: Tree, rows: list[tuple[Scalar, ...]]) -> None:
    compute = _safe(getattr(math, function))
    STRICT[function] = lambda x, a: math.nan if function == "log1p" and a < -1 else compute(x, float(a))
    if function in ("sin", "cos"):
        STRICT[function] = lambda x, a: math.nan if math.isinf(a) else getattr(math, function)(a)
    if function == "log":
        STRICT[function] = lambda x, a: math.nan if a < 0 else compute(x, float(a))
    tree = Tree(function, "float64", f"{function}({arg.text})", (arg,))
    if names(tree.text):
        assert not value_types(built(tree.text))[harness.STEP].exact
        assert_three_agree(tree, rows, exact=False)


@MANY
@given(TREES)
def test_the_type_promises_no_more_than_it_keeps(tree: Tree) -> None:
    """Where the type says that nothing is null, rows of zeros, infinities and nulls give none."""
    if not names(tree.text):
        return
    pipeline = built(tree.text)
    if value_types(pipeline)[harness.STEP].nullable:
        return
    pools: dict[str, list[Any]] = {"float64": FLOATS, "int64": INTS, "bool": [True, False], "string": STRINGS}
    for k in range(len(FLOATS)):
        record = {n: (pools.get(x.dtype, TIMES) * 15)[k] for n, x in TYPES.items()}
        for null in (False, True):
            given_row = [None if null and TYPES[i.name].nullable else record[i.name] for i in pipeline.inputs]
            run = harness.run_reference(pipeline, [given_row])
            assert run.guards or run.rows[0][0] is not None, (tree.text, given_row)


# ---- hostile text ----

TOKENS = [
    *COLUMNS,
    *FUNCTIONS,
    *(
        "inputs",
        ".",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "=",
        ":=",
        "lambda",
        "if",
        "else",
        "for",
        "in",
        "is",
    ),
    *(
        "not",
        "and",
        "or",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "@",
        "&",
        "|",
        "~",
        "<",
        ">",
        "==",
        "!=",
        "<>",
        "<<",
    ),
    *(
        "1",
        "0",
        "1e400",
        "9" * 30,
        "9" * 5000,
        "0x10",
        "1j",
        "'a'",
        "b'a'",
        "f'{f}'",
        "'\\x00'",
        "'\\ud800'",
        "\\",
    ),
    *(
        "'''",
        '"',
        "#",
        "\n",
        "\t",
        "\0",
        "\r",
        "\ud800",
        "\u2028",
        "µ",
        "ﬁ",
        "𝒳",
        "·",
        "None",
        "True",
        "null",
        "...",
    ),
    *("await", "yield", "__import__('os')", "print", "eval", "*", ";", "!", "$", "?", "`"),
]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map(" ".join) | st.text(max_size=40))
def test_only_an_error_of_ours_comes_out(text: str) -> None:
    error: ExpressionError | None = None
    try:
        found = names(text)
        for dtype in ("float64", "int64", "bool", "string", "date"):
            with_type = {name: ValueType(dtype) for name in found}  # type: ignore[arg-type]  # literals all
            check(text, with_type)
    except ExpressionError as raised:
        error = raised
    if error is not None:
        assert 0 <= error.offset <= len(text)
        assert "SKC121" <= error.code <= "SKC138"
        assert str(error).encode(errors="strict")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000,
        "(" * 90 + "f" + ")" * 90 + "+" * 300 + "f",
        "-" * 3990 + "f",
        "not " * 900 + "f",
        "f" + "+f" * 1900,
        "f" + "**1" * 1000,
        "abs(" * 150 + "f" + ")" * 150,
        "f if f else " * 300 + "f",
        "f" * (MAX_LENGTH + 1),
        "[" * 3000,
        "f'" + "{" * 3000,
        "inputs" + ".a" * 1500,
    ],
    ids=lambda text: text[:12],
)
def test_depth_and_length_are_bounded(text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert error.value.code in ("SKC130", "SKC131")


def test_the_deepest_expression_passes_every_stage() -> None:
    tree = Tree("name", "float64", "f")
    for _ in range(MAX_DEPTH - 2):
        tree = Tree("+", "float64", f"{tree.text}+g", (tree, Tree("name", "float64", "g")))
    assert_three_agree(tree, [(1.0, 1.0, 0, 0, True, True, "", "", 0, 0)], exact=True)


# ---- names, places and messages ----


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("b if a else c", ("b", "a", "c")),
        ("inputs.fare - fare + inputs . fare", ("inputs.fare", "fare")),
        ("max(x, 1) + x", ("x",)),
        ("null if is_null(min) else min", ("min",)),
        ("µ + ﬁ", ("µ", "ﬁ")),
        ("a <\n  b  # a comment\n  + 1", ("a", "b")),
        ("'a' == b", ("b",)),
    ],
)
def test_names_in_order_and_as_written(text: str, found: tuple[str, ...]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("code", "text", "place"),
    [
        ("SKC130", " ", 0),
        ("SKC130", "x +", 3),
        ("SKC130", "x) + (x", 7),
        ("SKC130", "x\0", 1),
        ("SKC130", "x = 1", 0),
        ("SKC130", "1or x", 0),
        ("SKC131", "x + y.real", 4),
        ("SKC131", "é + (lambda: 1)", 5),
        ("SKC131", "x\n + [y]", 5),
        ("SKC131", "x in y", 5),
        ("SKC131", "x in (1, y)", 5),
        ("SKC131", "x & y", 0),
        ("SKC131", "x is null", 0),
        ("SKC131", "max(*x)", 4),
        ("SKC131", "round(x, n=1)", 0),
        ("SKC131", "'abc'.join(x)", 0),
        ("SKC131", "f'{x}'", 0),
        ("SKC131", "(y := x)", 1),
        ("SKC131", "x, y", 0),
        ("SKC132", "1 + lgo(x)", 4),
        ("SKC133", "x + round(x, 1)", 4),
        ("SKC133", "coalesce(x)", 0),
        ("SKC134", "x + 'a'", 4),
        ("SKC134", "s == 1", 5),
        ("SKC134", "x and b", 0),
        ("SKC134", "1 if x else 2", 5),
        ("SKC134", "x // 2", 0),
        ("SKC134", "x == null", 5),
        ("SKC134", "null", 0),
        ("SKC134", "x if b else s", 12),
        ("SKC134", "coalesce(null, null)", 0),
        ("SKC134", "d - d", 0),
        ("SKC134", "d == '2024-01-01'", 5),
        ("SKC134", "d > 1", 4),
        ("SKC134", "b < b", 0),
        ("SKC135", "x + 9223372036854775808", 4),
        ("SKC135", "-9223372036854775809 + x", 0),
        ("SKC135", "1e999 + x", 0),
        ("SKC135", "s == 'a\\0'", 5),
        ("SKC136", "x ** -1", 5),
        ("SKC136", "x ** 17", 5),
        ("SKC136", "n // 0", 5),
        ("SKC137", "x + wide", 4),
        ("SKC137", "x + unknown", 4),
        ("SKC121", "1 if exp(x) > 1 else 0", 5),
        ("SKC121", "x + round(inexact)", 10),
        ("SKC121", "is_null(log(x))", 8),
        ("SKC121", "sqrt(inexact)", 5),
    ],
)
def test_errors_know_their_place(code: str, text: str, place: int) -> None:
    types = {
        **{name: ValueType("float64") for name in "xy"},
        "n": ValueType("int64"),
        "s": ValueType("string"),
        "b": ValueType("bool"),
        "d": ValueType("date"),
        "wide": ValueType("float64", width=3),
        "unknown": ValueType("float64", width=None),
        "inexact": ValueType("float64", exact=False),
    }
    with pytest.raises(ExpressionError) as error:
        check(text, types)
    assert (error.value.code, error.value.offset) == (code, place)
    assert error.value.diagnostics[0].hint


def test_a_caret_shows_the_place() -> None:
    with pytest.raises(SkcError) as error:
        parse("fare /\n  mx(distance, 0.1)")
    assert error.value.diagnostics[0].text().splitlines() == [
        "error[SKC132]: unknown function `mx`",
        "     mx(distance, 0.1)",
        "     ^",
        "",
        "hint: did you mean `max`?",
    ]


def test_a_condition_may_not_come_from_what_the_machine_decides_but_its_size_may_be_used() -> None:
    types = {"x": ValueType("float64"), "inexact": ValueType("float64", exact=False)}
    for text in (
        "max(log(x), 0) + exp(inexact)",
        "log1p(exp(x))",
        "coalesce(log(x), 0)",
        "log(1 / (1 + exp(-x)))",
    ):
        assert not check(text, types).type.exact
    assert check("sqrt(x) + x ** 3", types).type.exact


@pytest.mark.parametrize("text", [case.params["expression"] for case in OPS["expr"].cases if case.refused is None])
def test_a_tree_as_text_is_the_same_tree(text: str) -> None:
    def shape(node: Node) -> object:
        return (node.kind, repr(node.value), node.operators, [shape(arg) for arg in node.args])

    assert shape(parse(unparse(parse(text)))) == shape(parse(text))
