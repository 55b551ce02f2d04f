"""Nothing that belongs to an op is forgotten: what is not made from its file is asked for here, by its name.

`make generated` writes the schemas, the table in README and the texts of the graphs; the rest is written by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import graph_text
import pytest
from random_steps import BY_TYPE, MAKERS
from random_yaml import SEVERAL

from skc.ir import NODES
from skc.op import AnyOp
from skc.ops import OPS
from skc_runtime.kinds import DTYPES

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GENERATED = ("README.md", "schemas/plan.v1.schema.json", "schemas/pipeline.v1.schema.json")
# Ops that nothing else computes the same way, so that there is nothing to compare them with: by name, the reason.
INCOMPARABLE = {
    "null_if": "its reference is one comparison with each value",
    "map": "its reference is a dict of Python",
    "cast": "NumPy is what its reference is written in; it saturates and truncates in silence where the op refuses",
    "cyclical": "its reference is the sine and the cosine of NumPy",
}


@cache
def comparisons() -> tuple[str, ...]:
    """The functions of the tests that compare ops with other libraries, as text."""
    files = [*sorted(TESTS.glob("test_ops_sklearn_*.py")), TESTS / "test_time.py", TESTS / "test_text.py"]
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    return tuple(ast.unparse(node) for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))


def missing(op: AnyOp) -> Iterator[str]:
    """In words, what an op that a user applies still lacks."""
    for path in GENERATED if not op.is_fitted_elsewhere else GENERATED[:2]:
        if not re.search(rf"[`\"]{op.name}[`\"]", (ROOT / path).read_text("utf-8")):
            yield f"`{op.name}` is not in {path}: run `make generated`"
    if not (graph_text.FOLDER / f"{op.name}.txt").exists():
        yield f"tests/graphs has no `{op.name}`.txt: run `make generated`"
    if f"`{op.name}`" not in (ROOT / "CHANGELOG.md").read_text("utf-8"):
        yield f"CHANGELOG.md does not mention `{op.name}`"
    if not op.is_fitted_elsewhere:
        yield from _not_random(op)
    yield from _not_compared(op)


def _not_random(op: AnyOp) -> Iterator[str]:
    if op.name not in MAKERS and op.name not in SEVERAL:
        yield f"tests/random_steps.py has no MAKERS entry for `{op.name}`, so no random pipeline uses it"
    taken = {dtype.removesuffix("?") for case in op.cases if case.refused is None for dtype in case.columns.values()}
    for dtype in DTYPES:
        if dtype in taken and op.name not in BY_TYPE[dtype] and dtype not in SEVERAL.get(op.name, ()):
            yield f"tests/random_steps.py: BY_TYPE offers `{op.name}` no {dtype}, which its cases take"


def _not_compared(op: AnyOp) -> Iterator[str]:
    named = [text for text in comparisons() if f"'{op.name}'" in text]
    if not named and op.name not in INCOMPARABLE:
        yield f"no test in tests/test_ops_sklearn_*.py compares `{op.name}` with another library"
    if named and op.name in INCOMPARABLE:
        yield f"`{op.name}` is compared with another library: remove it from INCOMPARABLE"
    (like,) = re.findall(r"[Ll]ike\s+scikit-learn's\s+`(\w+)", op.doc)[:1] or [None]
    if like and not any(re.search(rf"\b{like}\(", text) for text in comparisons()):
        yield f"`{op.name}` is like scikit-learn's {like}, and no test in tests/test_ops_sklearn_*.py calls {like}"


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.name not in NODES], ids=lambda op: op.name)
def test_nothing_of_an_op_is_forgotten(op: AnyOp) -> None:
    found = list(missing(op))
    assert not found, "\n".join(found)


def test_what_is_forgotten_is_named() -> None:
    """Of an op that has only its file: every sentence above."""
    doc = "Like scikit-learn's `Forgotten(strategy=1)`."
    found = list(missing(replace(OPS["clip"], name="forgotten", doc=doc)))
    assert all("`forgotten`" in line for line in found)
    assert len(found) == len(GENERATED) + 7  # the graphs, CHANGELOG, MAKERS, two types, a comparison, a class


def test_the_tables_name_no_other_ops() -> None:
    assert {*MAKERS, *SEVERAL, *INCOMPARABLE} <= {*OPS} - {*NODES}
    assert {name for names in BY_TYPE.values() for name in names} == {*MAKERS}
