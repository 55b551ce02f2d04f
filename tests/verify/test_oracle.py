"""The verifier believes the oracle that it is given: the reference is one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from planted import compiled
from sharing import Share

import skc
from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.equality.sides import Oracle, Outcome, Reference
from skc.passes.prune import prune
from skc.rows.sampling import to_blocks
from skc.values.types import Block
from skc.verification.run import Options, verify


@pytest.fixture(scope="module")
def artifact(share: Share) -> Artifact:
    return artifacts.read(share("planted", compiled) / "artifact")


@pytest.fixture(autouse=True)
def fewer_related_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 300)


class WithoutSteps:
    """An oracle that knows outputs alone, as another library would, and may be wrong about a category."""

    name = "another library"
    knows_steps = False

    def __init__(self, artifact: Artifact, wrong: str | None = None) -> None:
        self._oracle: Oracle = Reference(prune(artifact.pipeline), artifact.manifest)
        self._wrong = wrong

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        found = self._oracle.run(blocks).without_steps()
        ids = found.outputs["ids"].copy()
        ids[blocks["kind"].values[:, 0] == self._wrong, 1] += 1
        return replace(found, outputs={**found.outputs, "ids": ids})


def test_an_oracle_that_knows_no_steps_shows_no_coverage(artifact: Artifact) -> None:
    report = verify(artifact, options=Options(rows=50), oracle=WithoutSteps(artifact))
    assert report.is_equal, skc.render(report)
    assert {row.tried for row in report.coverage} == {0}


def test_such_an_oracle_counts_rows_of_data_alone(artifact: Artifact) -> None:
    rows = [{"at": "2024-01-15 10:00:00", "amount": float(k), "kind": "a"} for k in range(3)]
    data = [to_blocks(artifact.pipeline.inputs, rows)]
    report = verify(artifact, data=data, options=Options(rows=50), oracle=WithoutSteps(artifact))
    assert report.data is not None
    assert (report.data.rows, report.data.refused, report.data.met) == (3, 0, ())


def test_an_oracle_that_disagrees_about_one_category_is_reported(artifact: Artifact) -> None:
    report = verify(artifact, options=Options(rows=50), oracle=WithoutSteps(artifact, wrong="b"))
    assert not report.is_equal
    found = next(d for d in report.differences if d.check == "boundaries")
    assert (found.output, found.column, found.want - found.got) == ("ids", "kind", 1)
    assert found.record["kind"] == "b"
    assert {d.output for d in report.differences} == {"ids"}
    assert np.sum([c.differing_rows for c in report.checks if not c.against_reference]) == 0


def test_a_report_names_the_oracle_and_blames_no_step_that_it_does_not_know(artifact: Artifact) -> None:
    report = verify(artifact, options=Options(rows=50), oracle=WithoutSteps(artifact, wrong="b"))
    assert report.verdict().startswith("NOT EQUAL: `planted` differs from another library in: ")
    assert {(d.against, d.step) for d in report.differences} == {("another library", None)}
    assert report.walks == ()
    text = skc.render(report)
    assert (
        "step:            not known, since another library has outputs alone; the column is computed by kind/0" in text
    )
    assert "\n  another library: " in text
    assert "reference" not in text.replace("its reference", "")
    assert "differs from another library" in skc.render(report, "html")
    assert json.loads(skc.render(report, "json"))["oracle"] == "another library"
    same = verify(artifact, options=Options(rows=50), oracle=WithoutSteps(artifact))
    assert same.verdict().startswith("verified: `planted` equals another library (")
