"""SECURITY.md claims nothing without a test: each sentence of its lists names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_CLAIMS = ("Security", "Reporting a vulnerability", "Who is trusted with what", "Out of scope")
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def sections() -> dict[str, list[str]]:
    """The lines below each heading."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            found[line.lstrip("# ")] = lines = []
        elif line:
            lines.append(line)
    return found


CLAIMS = [line for name, lines in sections().items() if name not in WITHOUT_CLAIMS for line in lines]


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def faults(claim: str) -> list[str]:
    """What is wrong with a line that claims something."""
    references = REFERENCE.findall(claim)
    sentence = claim[: claim.index("`tests/")].strip() if references else claim
    found = [] if claim.startswith("* ") else ["it is not one item of a list"]
    found += [] if references else ["it names no test"]
    found += ["it is more than one sentence"] if re.search(r"\. +\S", sentence) or not sentence.endswith(".") else []
    found += [f"there is no {file}" for file, _ in references if not (ROOT / file).is_file()]
    files = [(file, name) for file, name in references if (ROOT / file).is_file()]
    return found + [f"there is no {name} in {file}" for file, name in files if name not in functions(file)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[:50])
def test_a_claim_has_its_tests(claim: str) -> None:
    assert faults(claim) == []


def test_the_page_has_its_parts() -> None:
    assert set(WITHOUT_CLAIMS) < sections().keys()
    assert len(CLAIMS) > 25
    for who in ("pipeline", "data", "artifact", "request"):
        assert any(name.startswith("What stops") and name.endswith(who) for name in sections())


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("* Nothing is read.", "it names no test"),
        ("Nothing is read. `tests/security/test_document.py::faults`", "it is not one item of a list"),
        ("* Nothing is read. `tests/security/test_gone.py::test_x`", "there is no tests/security/test_gone.py"),
        (
            "* Nothing is read. `tests/security/test_document.py::test_gone`",
            "there is no test_gone in tests/security/test_document.py",
        ),
        ("* One. Two. `tests/security/test_document.py::faults`", "it is more than one sentence"),
    ],
)
def test_a_claim_without_its_test_is_found(line: str, fault: str) -> None:
    assert faults(line) == [fault]
