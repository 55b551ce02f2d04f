"""A command that is refused, and the one that its hint says instead: what the tests of every command's hints do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from skc import cli

Command = tuple[str, ...]
# a part of the hint, what is refused, and what it says to do
Followed = Mapping[str, tuple[Command, Command]]
SMALL = """\
skc: 1
name: small
inputs: {x: float64, s: string}
outputs: {out: {features: [x], dtype: float64}}
"""


def follow(
    followed: Followed, words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the folder `home`, the first command is refused with the hint, and the second is not refused."""
    monkeypatch.chdir(home)
    wrong, right = followed[words]
    assert cli.run([*wrong]) == cli.USER
    assert f"hint: {words}" in capsys.readouterr().err
    assert cli.run([*right]) in (cli.EQUAL, cli.DIFFERENT), capsys.readouterr().err
