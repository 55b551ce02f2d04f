"""Every hint that the compiler and the Python runtime can give, found in their source by machine.

A hint is a text given as `hint=`, assigned to a name with `hint` in it, returned by a function with `hint` in its name,
or given by position to a parameter of that name. A placeholder is written `{}`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("compiler/skc", "runtime/python/skc_runtime")


@cache
def templates() -> Mapping[str, str]:
    """Each hint, and a place where it is written."""
    paths = [path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    everywhere: dict[str, set[int]] = {}
    for tree in trees.values():
        for name, position in _positions(tree):
            everywhere.setdefault(name, set()).add(position)
    shared = {name: found.pop() for name, found in everywhere.items() if len(found) == 1}
    found: dict[str, str] = {}
    for path, tree in trees.items():
        positions = shared | dict(_positions(tree))
        for node in ast.walk(tree):
            for text in _hints(node, positions):
                if " " in text.replace("{}", "").strip():  # a single word is never one
                    found.setdefault(text, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}")
    return found


def _positions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Where functions and classes take a hint by position."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            if "hint" in names and node.name != "__init__":
                yield node.name, names.index("hint")
        elif isinstance(node, ast.ClassDef):
            fields = [f.target.id for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)]
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    fields = [argument.arg for argument in method.args.args[1:]]
            if "hint" in fields:
                yield node.name, fields.index("hint")


def pattern(template: str) -> re.Pattern[str]:
    """What a hint of this template looks like."""
    return re.compile(".*".join(map(re.escape, template.split("{}"))), re.DOTALL)


def _hints(node: ast.AST, positions: Mapping[str, int]) -> Iterator[str]:
    match node:
        case ast.Call():
            for keyword in node.keywords:
                if keyword.arg is not None and "hint" in keyword.arg.lower():
                    yield from _texts(keyword.value)
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in positions and len(node.args) > positions[called]:
                yield from _texts(node.args[positions[called]])
        case ast.Assign():
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if any(_is_of_hints(name) for name in names):
                yield from _texts(node.value)
        case ast.AnnAssign():
            if isinstance(node.target, ast.Name) and _is_of_hints(node.target.id) and node.value is not None:
                yield from _texts(node.value)
        case ast.FunctionDef():
            if _is_of_hints(node.name):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from _texts(inner.value)


def _is_of_hints(name: str) -> bool:
    return "hint" in name.lower() or name in ("did_you_mean", "_ALLOWED")


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr():
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        case ast.BinOp(op=ast.Add()):
            for left in [*_texts(node.left)] or ["{}"]:
                for right in [*_texts(node.right)] or ["{}"]:
                    yield left + right
        case ast.IfExp():
            yield from _texts(node.body)
            yield from _texts(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _texts(value)
        case ast.Call(func=ast.Name(id="for_every_kind"), args=[table]):
            yield from _texts(table)
        case ast.Dict():
            for entry in node.values:
                yield from _texts(entry)
        case ast.Tuple() if len(node.elts) == 2:  # a pattern, and the hint for what matches it
            yield from _texts(node.elts[1])
        case ast.Tuple() | ast.List():
            for entry in node.elts:
                yield from _texts(entry)
