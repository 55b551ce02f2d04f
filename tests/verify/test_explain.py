"""`skc explain`: the walk of one record, right or wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from mutation.subjects import Subject, op_subjects
from planted import compiled, nudge, with_model
from sharing import Share

import skc
from skc import api, cli
from skc import artifact as artifacts
from skc.artifact import MODEL, Artifact
from skc.blame.atlas import draw_atlas
from skc.blame.localise import Localiser
from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline_text
from skc.oracle import reference
from skc.passes.prune import prune
from skc.verification.explain import explain
from skc_runtime.manifest import Signature

RECORD = {"at": "2022-07-01 10:00:00", "amount": 11.0, "kind": "b"}


@pytest.fixture(scope="module")
def folder(share: Share) -> Path:
    return share("planted", compiled)


@pytest.fixture(scope="module")
def artifact(folder: Path) -> Artifact:
    return artifacts.read(folder / "artifact")


def test_a_right_walk(artifact: Artifact) -> None:
    walk = explain(artifact, RECORD)
    assert walk.is_equal
    assert (walk.got, walk.want) == ("served", "served")
    values = {v.step: v.want for v in walk.steps}
    assert values["amount/0:impute"] == 11.0
    assert values["bins/1:bucketize"] == 1  # of the scaled amount
    assert values["hour/1:datetime_part"] == 15  # ten in New York
    assert all(v.is_shown and type(v.got) is type(v.want) for v in walk.steps)
    assert {v.column: v.want for v in walk.outputs}["hour"] == 15
    assert "<- differs" not in skc.render(walk)


def test_nulls_are_null_on_both_sides(artifact: Artifact) -> None:
    walk = explain(artifact, {**RECORD, "amount": None, "kind": None})
    assert walk.is_equal
    source = [v for v in walk.steps if v.op == "source"]
    assert source
    assert all((v.got, v.want) == (None, None) for v in source)


@pytest.mark.parametrize("signature", ["columns", "packed"])
def test_a_null_that_a_step_is_given_as_such(signature: Signature) -> None:
    """An integer that may miss comes with its `valid`, which is no node of the graph."""
    pipeline = """
skc: 1
name: given
inputs: {n: {type: int64, nullable: true}}
features:
  n: {from: n, apply: [{bucketize: {edges: [10], closed: left}}]}
outputs:
  x: {features: [n], dtype: int64}
"""
    read, _ = read_pipeline_text(pipeline, "p.yaml")
    made = skc.compile(read, pa.table({"n": [1, 20]}), signature=signature, rows=100)
    walk = explain(made.artifact, {"n": None})
    assert [(v.got, v.want) for v in walk.steps] == [(None, None)] * len(walk.steps)
    assert walk.is_equal


@pytest.mark.parametrize("subject", [*op_subjects(most=3)], ids=lambda subject: subject.name)
def test_no_step_of_a_sound_model_differs(subject: Subject) -> None:
    """In any row of an op's cases that it serves, in the model itself and in the steps lowered anew."""
    made = subject.artifact()
    pipeline = prune(made.pipeline)
    localiser = Localiser(draw_atlas(pipeline, made.manifest), made.files[MODEL], reference.run)
    refused = {row for _, row, _ in subject.case.guards}
    for row in (row for i, row in enumerate(subject.case.rows) if i not in refused):
        record = dict(zip([i.name for i in pipeline.inputs], row, strict=True))
        assert not [v for v in localiser.walk(record) if v.differs or v.is_foreign], record


def test_the_wrong_step_is_marked_and_what_follows_from_it(artifact: Artifact) -> None:
    walk = explain(with_model(artifact, nudge(1.0, 3.0)), RECORD)
    assert not walk.is_equal
    assert [(v.step, v.got, v.want) for v in walk.steps if v.differs] == [("bins/1:bucketize", 0, 1)]
    assert [(v.output, v.column, v.got, v.want) for v in walk.outputs if v.differs] == [("ids", "bins", 0, 1)]
    marked = [line for line in skc.render(walk).splitlines() if line.endswith("<- differs")]
    assert [line.split() for line in marked] == [
        ["bins/1:bucketize", "amount", "1", "0", "<-", "differs"],
        ["ids", "bins", "1", "0", "<-", "differs"],
    ]


def test_a_row_that_both_sides_refuse(artifact: Artifact) -> None:
    walk = explain(artifact, {**RECORD, "at": "yesterday"})
    assert walk.is_equal
    assert walk.outputs == ()
    assert walk.got == walk.want == "refused: invalid-value at `hour/0:parse_datetime`, column `at`"


def test_the_command(artifact: Artifact, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(folder / "artifact")
    assert cli.run(["explain", out, "--record", json.dumps(RECORD)]) == 0
    assert "reference: served; graph: served" in capsys.readouterr().out
    assert cli.run(["explain", out, "--record", json.dumps(RECORD), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["equal"] is True
    assert {v["step"]: v["want"] for v in facts["steps"]}["bins/1:bucketize"] == "1"
    with pytest.raises(SkcError) as error:
        api.explain(out, '{"amuont": 1}')
    assert error.value.code == "SKC501"
