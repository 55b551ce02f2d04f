"""Other versions of ONNX Runtime, and the record of what was verified where."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from planted import compiled, nudge, with_model
from sharing import Share
from typer.testing import CliRunner

import skc
from skc import artifact as artifacts
from skc import cli
from skc.artifact import Artifact
from skc.diagnostics import SkcError
from skc.environment_matrix import Environment, Matrix, matrix, rows_to_try
from skc.rows.sampling import Record
from skc_runtime import load


@pytest.fixture(scope="module")
def folder(share: Share) -> Path:
    return share("planted", compiled) / "artifact"


@pytest.fixture(scope="module")
def own(folder: Path) -> tuple[Artifact, list[Record]]:
    made = artifacts.read(folder)
    return made, rows_to_try(made, 200, 0, lambda _: None)


def test_this_environment_and_the_evaluator(own: tuple[Artifact, list[Record]]) -> None:
    found = matrix(*own, [], lambda _: None)
    here, evaluator = found.environments
    assert (here.name, here.rows, here.differing, here.other_bits) == ("this one", 1000, 0, 0)
    assert evaluator.note.startswith("not applicable: ")  # it has no Tokenizer
    assert found.is_equal
    assert "equals its reference in 1 environments" in skc.render(found)


def test_a_wrong_model_differs_in_every_environment(own: tuple[Artifact, list[Record]]) -> None:
    made, rows = own
    here = matrix(with_model(made, nudge(3.0, 3.5)), rows, [], lambda _: None).environments[0]
    assert here.differing > 0


def test_the_evaluator_counts_for_information_only() -> None:
    right = Environment("this one", ("3", "2", "1"), 10, 0, 0)
    evaluator = Environment("onnx reference evaluator", ("3", "2", "onnx 1"), 10, 3, 0)
    assert Matrix("m", (right, evaluator)).is_equal
    wrong = Matrix("m", (right, evaluator, replace(right, name="onnxruntime 1.18", differing=1)))
    assert not wrong.is_equal
    assert "DIFFERS from its reference in some of 2 environments" in skc.render(wrong)
    assert wrong.to_json()["equal"] is False


def test_another_version(folder: Path) -> None:
    """The oldest that artifacts run on, installed from the package registry."""
    if os.environ.get("CI") != "true" and os.environ.get("SKC_ENVIRONMENTS") is None:
        pytest.skip("it installs ONNX Runtime: CI does, or SKC_ENVIRONMENTS=1")
    found = skc.environments(folder, ["1.21"], rows=200)
    other = found.environments[-1]
    assert other.name == "onnxruntime 1.21"
    assert other.versions[2].startswith("1.21.")
    assert (other.rows, other.differing) == (1000, 0)
    assert found.is_equal, skc.render(found)


@pytest.mark.parametrize("version", ["", "x", "1", "1.2.3.4", "1.18; rm", "-r x", "0.0"])
def test_no_version(folder: Path, version: str) -> None:
    if version == "0.0" and os.environ.get("CI") != "true":
        pytest.skip("it asks the package registry")
    with pytest.raises(SkcError) as error:
        skc.environments(folder, [version], rows=20)
    assert error.value.code == "SKC504"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, list(arguments))


def test_the_record_of_a_verification_is_saved_with_the_artifact(folder: Path) -> None:
    """And is none of its files: the identity stays, and it loads."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = run("verify", str(folder), "--rows", "50", "--save", "--format", "json")
    assert done.exit_code == cli.EQUAL
    facts = json.loads((folder / "verified.json").read_text())
    assert facts["equal"] is True
    assert facts["plan"] == json.loads(done.stdout)["plan"]
    assert {"system", "machine", "libc", "cpu_features", "python", "numpy", "onnxruntime"} <= set(facts["machine"])
    assert facts["machine"]["cpu_features"]
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "verified.json"} == before
    load(folder).close()
    assert run("verify", str(folder), "--rows", "50").exit_code == cli.EQUAL


def test_an_invalid_version_is_reported_before_any_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.verification.run.verify", lambda *_, **__: pytest.fail("it has begun"))
    done = run("verify", str(folder), "--onnxruntime", "1.18,x")
    assert isinstance(done.exception, SkcError)
    assert done.exception.code == "SKC504"


@pytest.mark.parametrize("options", [["--record", "{}"], ["--format", "html"], ["--self-check"]])
def test_options_that_make_no_sense_together(folder: Path, options: list[str]) -> None:
    done = run("verify", str(folder), "--onnxruntime", "1.18", *options)
    assert isinstance(done.exception, SkcError)
    assert done.exception.code == "SKC140"
