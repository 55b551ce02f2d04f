"""What users read is plain technical English: foreign phrases are refused ("How we write" in CONTRIBUTING).

Why phrases and not a style checker: each of these was wrong every time it occurred, so the test raises no false alarms;
a sentence that needs one is listed in ALLOWED with the reason. The test reads the documents, the descriptions in the
schemas, and all string literals, docstrings and comments of the compiler and of the runtimes, which engineers read:
what is written there finds its way into messages. Names of variables in Python are checked as well.
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
    r"\b[Ss]ees? to it that\b": "ensures, checks",
    r"\bmade into\b": "converted to",
    r"\bthe very (bits|type|same)\b": "exactly the",
    r"\bis looked at\b": "is checked",
    r"\b(broke|breaks?) a policy\b": "violates a policy",
    r"\bstands? (there|under|behind|where|twice)\b": "is stored under, is before, or name the relation",
    r"\blies? (beside|there|behind|under)\b": "is stored next to, is under",
    r"\bjudged (whole|by it)\b": "refused as a whole, depends on it",
    r"\bby whoever\b|\bthe work of nobody\b": "name the reader",
    r"\bin silence\b": "silently",
    r"\bfits? together\b": "consistent",
    r"\b(is|are) said (in|by|to|when)\b": "documented, reported",
}
# Participles and pronouns as names of variables: name what the value is (`matches`, `expected`, `actual`).
FOREIGN_NAMES = {"found", "told", "given", "wanted", "made", "meant", "said", "asked"}
ALLOWED = {
    'State the fact in the usual word order: "`x` is not a column of …", not "is no column"': "quotes one",
    'duplicate key `age`", not "stands twice".': "quotes one",
}
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "action.yml",
    "dev.py",
    "docs/scikit-learn.md",
)
CODE = {
    "runtime/java/src/main": (".java", r'"((?:[^"\\\n]|\\.)*)"'),
    "runtime/java-spark/src/main": (".java", r'"((?:[^"\\\n]|\\.)*)"'),
    "runtime/go": (".go", r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`'),
    "runtime/cpp/src": (".cpp", r'"((?:[^"\\\n]|\\.)*)"'),
    "runtime/cpp/include": (".hpp", r'"((?:[^"\\\n]|\\.)*)"'),
}
COMMENT = r"(?s:/\*\*.*?\*/)|(?m:^\s*//.*$\n?)+|\s// .*"  # a block, adjacent lines, the end of a line


def findings(text: str) -> list[str]:
    """The foreign phrases of a text, each with what to write instead."""
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return [f"{match[0]!r}: {better}" for phrase, better in FOREIGN.items() for match in re.finditer(phrase, text)]


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
                for match in re.finditer(literal, text):
                    number = text.count("\n", 0, match.start()) + 1
                    yield f"{path.relative_to(ROOT)}:{number}", next(filter(None, match.groups()), "")
                for match in re.finditer(COMMENT, text):
                    number = text.count("\n", 0, match.start()) + 1
                    yield (
                        f"{path.relative_to(ROOT)}:{number}",
                        " ".join(re.sub(r"(?m)^\s*(//|\*)", "", match[0]).split()),
                    )


@pytest.mark.parametrize("source", [documents, schemas, python, other_languages], ids=lambda source: source.__name__)
def test_what_users_read_is_plain_english(source: object) -> None:
    assert callable(source)
    texts = list(source())
    assert len(texts) > 30, "nothing was read"
    foreign = [f"{place}: {finding}" for place, text in texts for finding in findings(text)]
    assert not foreign, "\n".join(foreign)


def foreign_names(source: str) -> list[tuple[int, str]]:
    """The foreign names of variables and parameters, each with its line."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [(node.lineno, node.arg) for node in nodes if isinstance(node, ast.arg)]
    names += [(n.lineno, n.id) for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return sorted((line, name) for line, name in names if name in FOREIGN_NAMES)


def test_variables_are_named_after_what_they_hold() -> None:
    paths = [*ROOT.glob("compiler/skc/**/*.py"), *ROOT.glob("runtime/python/**/*.py")]
    assert len(paths) > 100
    foreign = [
        f"{path.relative_to(ROOT)}:{line}: `{name}`"
        for path in paths
        for line, name in foreign_names(path.read_text(encoding="utf-8"))
    ]
    assert not foreign, "\n".join(foreign)


@pytest.mark.parametrize("source", ["found = 1", "def f(told): ...", "for given in (): ...", "x = lambda wanted: 1"])
def test_a_foreign_name_is_found(source: str) -> None:
    assert foreign_names(source)


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
        "the caller sees to it that it fits",
        "rows that broke a policy of `error`",
    ],
)
def test_a_foreign_phrase_is_found(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize(
    "text", ["there is no file `a.csv`", "it is no longer needed", "otherwise null stays", "one of the ways out"]
)
def test_plain_english_is_not(text: str) -> None:
    assert not findings(text)
