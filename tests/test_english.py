"""What users read is plain technical English: foreign phrases are refused ("How we write" in CONTRIBUTING).

Why phrases and not a style checker: each of these was wrong every time it occurred, so the test raises no false alarms;
a sentence that needs one is listed in ALLOWED with the reason. The test reads the documents, the descriptions in the
schemas, the pages of the ops, the docstrings of commands and public data, and all string literals of the compiler and
of the runtimes, but not the docstrings of functions.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOREIGN = {
    r"(?<!there )(?<!There )\b(is|are|was|were) no (?!longer\b|more\b|later\b|worse\b|way\b)": "is not a",
    r"\bstands? twice\b": "duplicate",
    r"\ba way out\b|\bthe way out\b": "a suggested fix",
    r"\bheld against\b": "compared with",
    r"\b(is|are) told\b|\btold apart\b|\btells? (mistakes|which|whether|what)\b": "reports, distinguishes",
    r"\b(does|do|declared|made) otherwise\b": "differently",
    r"\b(are|is) wanted, not\b": "expected …, got …",
    r"\bwhoever\b|\bWhoever\b": "anyone who",
    r"\bwithout a word\b": "without output",
    r"\bturns? the question round\b|\bturned round\b": "inverted",
    r"\bbeside (the|its|an?|each|this|that)\b": "next to, in addition to",
    r"\bin a circle\b": "circular",
    r"\bcalls? under way\b": "in progress",
    r"\bit is seen that\b": "state the fact",
    r"\blook whether\b": "check whether",
    r"\bhas no meaning\b": "is not supported",
}
ALLOWED = {
    'State the fact in the usual word order: "`x` is not a column of …", not "is no column"': "quotes one",
    'duplicate key `age`", not "stands twice".': "quotes one",
}
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "action.yml", "dev.py")
CODE = {
    "runtime/java/src/main": (".java", r'"((?:[^"\\\n]|\\.)*)"'),
    "runtime/go": (".go", r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`'),
    "runtime/cpp/src": (".cpp", r'"((?:[^"\\\n]|\\.)*)"'),
}


def findings(text: str) -> list[str]:
    """The foreign phrases of a text, each with what to write instead."""
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return [f"{found[0]!r}: {better}" for phrase, better in FOREIGN.items() for found in re.finditer(phrase, text)]


def documents() -> Iterator[tuple[str, str]]:
    for path in [*(ROOT / name for name in DOCUMENTS), *ROOT.glob("runtime/*/README.md")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def schemas() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "schemas").glob("*.json")):
        yield from ((path.name, text) for text in _described(json.loads(path.read_text(encoding="utf-8"))))


def _described(value: object) -> Iterator[str]:
    """Titles, descriptions and what is said about a table, in any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("title", "description", "about", "meaning"):
                yield from (text for text in (inner if isinstance(inner, list) else [inner]) if isinstance(text, str))
            yield from _described(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _described(inner)


def python() -> Iterator[tuple[str, str]]:
    for path in [*ROOT.glob("compiler/skc/**/*.py"), *ROOT.glob("runtime/python/**/*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        hidden = {id(doc) for doc in _docstrings(tree, is_op="ops" in path.parts and path.name[0] != "_")}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", " ".join(node.value.split())


def _docstrings(tree: ast.Module, is_op: bool) -> Iterator[ast.expr]:
    """Those that no user reads: all but the page of an op and the help of a command."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) or not ast.get_docstring(node):
            continue
        is_read = (is_op and node is tree) or getattr(node, "decorator_list", None)
        statement = node.body[0]
        if not is_read and isinstance(statement, ast.Expr):
            yield statement.value


def other_languages() -> Iterator[tuple[str, str]]:
    for folder, (suffix, literal) in CODE.items():
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if not path.name.endswith("_test.go"):
                text = path.read_text(encoding="utf-8")
                for found in re.finditer(literal, text):
                    number = text.count("\n", 0, found.start()) + 1
                    yield f"{path.relative_to(ROOT)}:{number}", next(filter(None, found.groups()), "")


@pytest.mark.parametrize("source", [documents, schemas, python, other_languages], ids=lambda source: source.__name__)
def test_what_users_read_is_plain_english(source: object) -> None:
    assert callable(source)
    texts = list(source())
    assert len(texts) > 30, "nothing was read"
    found = [f"{place}: {finding}" for place, text in texts for finding in findings(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "`age` is no column of the data",
        "the key `age` stands twice",
        "each with line, column and a way out",
        "the graph is held against the reference",
        "an array is wanted, not null",
        "2^53 and 2^53 + 1 are told apart",
        "Show what a new artifact does otherwise",
        "write it beside the artifact",
    ],
)
def test_a_foreign_phrase_is_found(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize(
    "text", ["there is no file `a.csv`", "it is no longer needed", "otherwise null stays", "one of the ways out"]
)
def test_plain_english_is_not(text: str) -> None:
    assert not findings(text)
