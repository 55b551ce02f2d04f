"""Annotations of a pull request: one line each, whatever they hold; and the action and the hook that make them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from planted import compiled, nudge, with_model
from ruamel.yaml import YAML
from sharing import Share

from skc import artifact as artifacts
from skc import cli
from skc.artifact import Artifact
from skc.reports.github import command

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


@pytest.fixture(scope="module")
def folder(share: Share) -> Path:
    return share("planted", compiled)


@pytest.fixture(scope="module")
def artifact(folder: Path) -> Artifact:
    return artifacts.read(folder / "artifact")


def lines(text: str) -> list[tuple[str, str, str]]:
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(found), text
    return [match.groups() for match in found if match]  # type: ignore[misc]  # three groups


def test_equal(artifact: Artifact, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", str(folder / "artifact"), "--rows", "50", "--format", "github"]) == cli.EQUAL
    told = capsys.readouterr()
    assert [(kind, title) for kind, title, _ in lines(told.out)] == [("notice", "title=skc verify")]
    assert "verified: `planted`" in told.out
    assert "boundaries reached" in told.err, "the log of the job has the whole report"


def test_a_difference_for_each_column(
    artifact: Artifact, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = with_model(artifact, nudge(1.0, 3.0))
    monkeypatch.setattr(artifacts, "read", lambda path, **options: wrong)
    assert cli.run(["verify", str(tmp_path), "--rows", "50", "--format=github"]) == cli.DIFFERENT
    found = lines(capsys.readouterr().out)
    assert [kind for kind, _, _ in found] == ["error"] * len(found)
    assert ("title=skc verify%3A ids%2C bins") in {title for _, title, _ in found}
    body = next(text for _, title, text in found if "bins" in title)
    assert "%0A  step:" in body
    assert "bins/1:bucketize is the first that differs" in body
    assert found[-1][2].startswith("NOT EQUAL")


def test_an_artifact_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["verify", "nowhere", "--format", "github"]) == cli.USER
    ((kind, title, text),) = lines(capsys.readouterr().out)
    assert (kind, title) == ("error", "title=SKC404")
    assert "nowhere" in text


@pytest.mark.parametrize("text", ["a\nb", "50% of\r\nit", "::error::x", "a,b:c", "é😀"])
def test_no_text_can_begin_another_command(text: str) -> None:
    made = command("error", text, text, file=text)
    assert "\n" not in made
    assert "\r" not in made
    assert lines(made)
    properties, _, message = made.removeprefix("::error ").partition("::")
    undone = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert undone == text
    assert properties.count(",") == 1


def yaml(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("data", ["", "some rows.csv"])
def test_the_action_runs(artifact: Artifact, folder: Path, data: str) -> None:
    """The script of its last step, with the inputs that it declares."""
    action = yaml("action.yml")
    step = action["runs"]["steps"][-1]
    inputs = {name: value.get("default", "") for name, value in action["inputs"].items()}
    inputs |= {"artifact": str(folder / "artifact"), "data": data and str(folder / data), "rows": "50"}
    if data:
        shutil.copy(folder / "rows.csv", folder / data)
    given = {key: inputs[re.fullmatch(r"\$\{\{ inputs\.(\S+) }}", v)[1]] for key, v in step["env"].items()}  # type: ignore[index]  # all match
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, **given, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("::notice title=skc verify::verified")
    assert ("the rows of the given data" in done.stderr) == bool(data)


def test_the_hook_is_a_command_that_exists() -> None:
    (hook,) = yaml(".pre-commit-hooks.yaml")
    assert hook["entry"].split()[0] == "skc"
    assert cli.run([hook["entry"].split()[1], "--help"]) == 0
    assert (hook["pass_filenames"], hook["language"]) == (False, "python")
