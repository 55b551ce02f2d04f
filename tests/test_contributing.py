"""The files and folders that CONTRIBUTING's way through the house names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPILER = ROOT / "compiler" / "skc"


def named_paths() -> list[str]:
    """What is written as `code` and looks like a path. `<name>` and `{a,b}` stand for any, and for each."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## The way through the house")[1].split("\n## ")[0]
    words = re.findall(r"`([^`\s]+)`", section)
    return [word for word in dict.fromkeys(words) if "/" in word or word.endswith(".py")]


def found(path: str) -> bool:
    pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
    alternatives = re.search(r"\{(.*)\}", pattern)
    names = alternatives[1].split(",") if alternatives else [""]
    patterns = [pattern.replace(alternatives[0], name) if alternatives else pattern for name in names]
    roots = (COMPILER, ROOT, ROOT / "runtime" / "python")
    return all(any(any(root.glob(one)) for root in roots) for one in patterns)


@pytest.mark.parametrize("path", named_paths())
def test_a_named_path_exists(path: str) -> None:
    assert found(path)


def test_the_section_names_paths_and_a_missing_one_is_found() -> None:
    assert len(named_paths()) > 20
    assert not found("frontend/nowhere.py")
    assert not found("runtime/{python,cobol}")
