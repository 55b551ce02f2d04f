"""What users read is plain technical English: foreign phrases are refused ("How we write" in CONTRIBUTING).

Why phrases and not a style checker: each of these was wrong every time it occurred, so the test raises no false alarms;
a sentence that needs one is listed in ALLOWED with the reason. The test reads the documents, the descriptions in the
schemas, all string literals of the compiler and of the runtimes, and the docstrings and comments of those in Python,
which engineers read: what is written there finds its way into messages.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
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
    r"\b[Ww]hoever\b|\b(some|no)body (who|has|does|looks?|sweeps)\b": "anyone who, or name the reader",
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
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{name}:{node.lineno}", " ".join(node.value.split())
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield f"{name}:{token.start[0]}", token.string


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
        "the progress of somebody who does not ask",
    ],
)
def test_a_foreign_phrase_is_found(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize(
    "text", ["there is no file `a.csv`", "it is no longer needed", "otherwise null stays", "one of the ways out"]
)
def test_plain_english_is_not(text: str) -> None:
    assert not findings(text)
