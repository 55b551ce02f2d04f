"""Planted faults are found, and blamed on the step that has them: in a case of every op, and in the example.

`python tests/mutation/run.py` tries all of them, on real data too.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest
from mutation.grid import shown_by
from mutation.known import rule_of
from mutation.subjects import Subject, op_subjects, shown
from onnx import helper, numpy_helper
from planted import PIPELINE, nudge, with_model
from planted import compiled as planted
from sharing import Share
from typer.testing import CliRunner

import skc
from skc import artifact as artifacts
from skc import cli
from skc.blame.atlas import draw_atlas
from skc.cli import app
from skc.diagnostics import SkcError
from skc.selfcheck.mutant import Mutant
from skc.selfcheck.report import Fate, MutantResult, SelfCheck
from skc.selfcheck.run import self_check
from skc.verification.run import Options, verify

KINDS = {  # what the issue of trust is about; each must have been tried, and found somewhere
    "float off by 1e-5",
    "float off by an ulp of float32",
    "edge at the next float",
    "`<` for `<=`",
    "half up for half even",
    "entries swapped",
    "category dropped",
    "unknown sent to id 0",
    "key accepted in another case",
    "key accepted with a blank",
    "null replaced at the wrong step",
    "columns swapped",
    "output columns swapped",
    "output column added",
    "output column missing",
    "float32 in the middle",
    "season off by an hour",
    "transition missing",
    "ddof 1 for 0",
    "guard that never fires",
    "guard that always fires",
}


def check_all(name: str, check: SelfCheck) -> None:
    assert check.outcomes
    for outcome in (*check.survivors, *check.misplaced):
        assert rule_of(name, outcome) is not None, (name, outcome.to_json())


@pytest.mark.parametrize("subject", [*op_subjects(most=1)], ids=lambda subject: subject.name)
def test_faults_in_an_op(subject: Subject) -> None:
    artifact = subject.artifact()
    check = self_check(artifact, Options(rows=100), per_kind=2)
    check_all(subject.name, check)
    assert [(o.to_json(), record) for o, record in shown(artifact, subject, check)] == []


def test_the_grid_shows_what_it_should() -> None:
    """A fault that verification finds, on the same rows."""
    subject = next(s for s in op_subjects() if s.name == "bucketize: closed left")
    check = self_check(subject.artifact(), Options(rows=100))
    found = [o for o in check.outcomes if o.mutant.kind == "`<` for `<=`"]
    assert {o.fate for o in found} == {"found"}
    assert all(shown_by(subject.artifact(), subject.case, o.mutant) is not None for o in found)


def test_faults_in_the_example(rides_artifact: Path) -> None:
    """Every kind that the example can have."""
    check = self_check(artifacts.read(rides_artifact), Options(rows=2000))
    found = {o.mutant.kind for o in check.outcomes if o.fate == "found"}
    assert found >= KINDS - {"half up for half even", "null replaced at the wrong step"}
    check_all("rides", check)


def test_through_the_command_line(tmp_path: Path) -> None:
    subject = next(s for s in op_subjects() if s.name == "bucketize: closed left")
    artifacts.write(subject.artifact(), tmp_path / "artifact")
    command = ["verify", str(tmp_path / "artifact"), "--self-check", "--rows", "200"]
    done = CliRunner().invoke(app, [*command, "--format", "json"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert {m["kind"] for m in facts["mutants"] if m["fate"] == "found"} >= {"`<` for `<=`", "edge at the next float"}
    assert "self-check of `case`" in CliRunner().invoke(app, command).stdout


def test_a_verifier_that_sees_less_lets_faults_through(
    rides_artifact: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The self-check can fail: without boundaries, and with few rows, it says what was not found."""
    monkeypatch.setattr("skc.selfcheck.run.step_boundaries", lambda pipeline: ())
    check = self_check(artifacts.read(rides_artifact), Options(rows=20), per_kind=3)
    assert {o.mutant.kind for o in check.survivors} >= {"transition missing", "edge at the next float"}
    assert "not found: no row tried exposes it" in skc.render(check)


def test_the_exit_code_says_whether_a_fault_survives(
    rides_artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where every fault is found, within the tolerance or equivalent; 1 where one that is none of these is not."""
    check = SelfCheck("rides", (), 0, 0.0)
    mutant = Mutant("a kind", "a fault", frozenset({"a step"}), lambda: None)
    command = ["verify", str(rides_artifact), "--self-check", "--rows", "20"]
    for fate in get_args(Fate):
        told = replace(check, outcomes=(MutantResult(mutant, fate, None, None),))
        monkeypatch.setattr("skc.verifying.planted_faults", lambda *_, told=told, **__: told)
        assert cli.run(command) == (cli.DIFFERENT if fate == "not found" else cli.EQUAL), fate
        assert cli.run([*command, "--format", "json"]) == (cli.DIFFERENT if fate == "not found" else cli.EQUAL), fate
        assert "planted faults found" in capsys.readouterr().out


def test_an_artifact_that_differs_is_refused(share: Share) -> None:
    wrong = with_model(artifacts.read(share("planted", planted) / "artifact"), nudge(10.0, 11.0))
    with pytest.raises(SkcError) as error:
        self_check(wrong, Options(rows=100))
    assert error.value.code == "SKC503"


@pytest.mark.parametrize("options", [["--data", "x.csv"], ["--record", "{}"], ["--format", "junit"]])
def test_options_that_make_no_sense_together(rides_artifact: Path, options: list[str]) -> None:
    done = CliRunner().invoke(app, ["verify", str(rides_artifact), "--self-check", *options])
    assert isinstance(done.exception, SkcError)
    assert done.exception.code == "SKC140"


@pytest.mark.parametrize("feature", ["hour", "o'clock", "何時"])
def test_a_model_that_fails_is_blamed_on_the_step_whose_node_fails(tmp_path: Path, feature: str) -> None:
    """An index out of range in the table of a time zone: ONNX Runtime names the node, and the node has a step."""
    text = PIPELINE.replace("  hour:", f'  "{feature}":').replace("kind, hour]", f'kind, "{feature}"]')
    artifact = planted(tmp_path, text, rows=100)
    atlas = draw_atlas(artifact.pipeline, artifact.manifest)
    step = f"{feature}/1:datetime_part"

    def out_of_range(model: onnx.ModelProto) -> None:
        nodes = model.graph.node
        place = next(i for i, n in enumerate(nodes) if n.op_type == "Gather" and atlas.owners(n.name) == {step})
        model.graph.initializer.append(numpy_helper.from_array(np.array(10**9), "far"))
        nodes.insert(place, helper.make_node("Add", [nodes[place].input[1], "far"], ["beyond"]))
        nodes[place + 1].input[1] = "beyond"

    report = verify(with_model(artifact, out_of_range), options=Options(rows=100))
    assert not report.is_equal
    failed = [d for d in report.differences if "fails: ONNX Runtime failed" in str(d.got)]
    assert failed
    assert {d.step for d in failed} == {step}


def test_a_mutant_that_lays_out_its_inputs_differently_is_none_of_its_step(tmp_path: Path) -> None:
    """Packed columns are in the order of first use: swapping the inputs of `x` gave `y` the column of another input."""
    (tmp_path / "pipeline.yaml").write_text(
        "skc: 1\nname: p\ninputs: {a: {type: float64, nullable: true}, b: float64}\n"
        "features: {x: {from: [a, b], apply: [max_abs_scale]}, y: {from: b, apply: [log1p, max_abs_scale]}}\n"
        "outputs: {o: {features: [x, y], dtype: float32}}\n"
    )
    (tmp_path / "rows.csv").write_text("a,b\n-4.0,0.5\n2.0,0.25\n,8.0\n3.0,3.0\n")
    done = skc.compile(tmp_path / "pipeline.yaml", tmp_path / "rows.csv", verify=False, signature="packed")
    check = self_check(done.artifact, Options(rows=100))
    assert any(o.fate == "found" for o in check.outcomes)
    assert [o.to_json() for o in check.misplaced] == []


def test_a_parameter_of_fitting_alone_is_no_fault_behind_fused_steps(tmp_path: Path) -> None:
    """`pad` moves ids while fitting. Changed afterwards it only keeps two steps from being fused."""
    (tmp_path / "pipeline.yaml").write_text(
        "skc: 1\nname: p\ninputs: {a: string, b: string}\n"
        "features: {x: {from: a, apply: [{vocabulary: {}}]}, y: {from: b, apply: [{vocabulary: {}}]}}\n"
        "outputs: {o: {features: [x, y], dtype: int64}}\n"
    )
    (tmp_path / "rows.csv").write_text("a,b\nu,v\nu,w\n")
    done = skc.compile(tmp_path / "pipeline.yaml", tmp_path / "rows.csv", verify=False)
    check = self_check(done.artifact, Options(rows=100), None)
    assert check.outcomes
    assert [o.mutant.what for o in check.outcomes if "pad is" in o.mutant.what] == []
