"""mypy refuses an op whose functions take their arguments in another order, or answer something else.

Why by generated functions: `Op` gives the type of each of them, so a facet that is added later is checked as well, and
one that is added as `Callable[..., …]`, which takes anything, fails here.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import mypy.api
import pytest

from skc import op as op_module
from skc.op import Op

ROOT = Path(__file__).parents[1]
SOURCE = ast.parse(inspect.getsource(op_module)).body
HEADER = [
    *(ast.unparse(node) for node in SOURCE if isinstance(node, ast.Import | ast.ImportFrom)),
    "from skc.op import *",
    "from skc.op import P, S",
    "class Params: ...",
    "class State: ...",
    "class Other: ...",
]
REQUIRED = ("infer", "apply", "lower", "boundaries")


def signatures() -> dict[str, tuple[list[str], str]]:
    """By field of `Op` that is a function: the types of its arguments, and what it answers."""
    found = {}
    for field in dataclasses.fields(Op):
        match = re.search(r"Callable\[\[(.*?)\], (.*?)\]( \| None)?$", str(field.type))
        if match or "Callable" in str(field.type):
            assert match, f"`{field.name}` must name the types of its arguments, not {field.type}"
            arguments = ast.parse(f"[{match[1]}]", mode="eval").body
            assert isinstance(arguments, ast.List)
            found[field.name] = ([ast.unparse(argument) for argument in arguments.elts], match[2])
    return found


def wrong_orders(arguments: list[str]) -> Iterator[list[str]]:
    """Every pair of neighbours swapped, and another class where the parameters are wanted."""
    for k in range(len(arguments) - 1):
        yield [*arguments[:k], arguments[k + 1], arguments[k], *arguments[k + 2 :]]
    yield ["Other" if argument == "P" else argument for argument in arguments]


def function(name: str, arguments: list[str], answer: str) -> str:
    declared = ", ".join(f"a{k}: {argument}" for k, argument in enumerate(arguments))
    text = f"def {name}({declared}) -> {answer}: raise NotImplementedError"
    return re.sub(r"\bS\b", "State", re.sub(r"\bP\b", "Params", text))


def op(**functions: str) -> str:
    """The construction of an op on one line, with other functions in the place of the right ones."""
    chosen = {name: f"right_{name}" for name in REQUIRED} | functions
    given = ", ".join(f"{name}={value}" for name, value in chosen.items())
    return f'Op(name="", doc="", params=Params, state=State, cases=(), {given})'


def errors(tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By line of a module, what mypy reports there."""
    monkeypatch.chdir(ROOT)  # where its configuration and its cache lie
    source = [*HEADER, *lines]
    file = tmp_path / "wrong_op.py"
    file.write_text("\n".join(source) + "\n", encoding="utf-8")
    out, failed, _ = mypy.api.run(["--config-file", "pyproject.toml", str(file)])
    assert not failed, failed
    # from its cache mypy repeats what it said of the same text in another folder
    found = re.findall(r"^.*\bwrong_op\.py:(\d+): error: (.*)$", out, re.M)
    return {source[int(number) - 1]: message for number, message in found}


def test_another_order_of_arguments_is_a_type_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, wrong = [], {}
    for name, (arguments, answer) in signatures().items():
        lines.append(function(f"right_{name}", arguments, answer))
        for k, order in enumerate(wrong_orders(arguments)):
            lines.append(function(f"wrong_{name}_{k}", order, answer))
            wrong[op(**{name: f"wrong_{name}_{k}"})] = f"{name}({', '.join(order)})"
        lines.append(function(f"answers_{name}", arguments, "Other"))
        wrong[op(**{name: f"answers_{name}"})] = f"{name} -> Other"
    right = op(**{name: f"right_{name}" for name in signatures()})
    found = errors(tmp_path, [*lines, right, *wrong], monkeypatch)
    assert right not in found, found[right]
    assert not {line: text for line, text in found.items() if line not in wrong}
    assert [what for line, what in wrong.items() if line not in found] == []
    assert {"apply", "lower", "boundaries", "degenerate", "levels"} <= signatures().keys()


def test_a_code_that_is_not_in_the_table_is_a_type_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a diagnostic is made; `skc.codes.Code` lists those that there are."""
    made = (
        'fail("{}", "")',
        'refuse("{}", "")',
        'Diagnostic("{}", "")',
        'Concern("{}", "", "")',
        'engine_errors("", code="{}")',
    )
    imports = ["from skc.diagnostics import Diagnostic", "from skc.data.duckdb.connection import engine_errors"]
    right, wrong = ([call.format(code) for call in made] for code in ("SKC220", "SKC999"))
    assert errors(tmp_path, [*imports, *right, *wrong], monkeypatch).keys() == {*wrong}
