"""The verifier believes the oracle that it is given: the reference is one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted import compiled, nudge, with_model
from sharing import Share
from table_oracle import Table, TableOracle

import skc
from skc import artifact as artifacts
from skc import verifying
from skc.artifact import Artifact
from skc.environment_matrix import matrix
from skc.ir import Pipeline
from skc.oracle.protocol import Evaluation, Oracle, Outcome, StepOracle
from skc.oracle.reference import Reference
from skc.passes.prune import prune
from skc.rows.sampling import to_blocks
from skc.values.types import Block
from skc.verification.explain import explain
from skc.verification.report import Difference
from skc.verification.run import Options, verify, verify_record
from skc_runtime.kinds import Array

ROW = {"at": "2024-01-15 10:00:00", "amount": 4.0, "kind": "b"}
FEW = Options(rows=50)
SCALE, RATIO, PARSE = "amount/1:standard_scale", "ratio/0:expr", "hour/0:parse_datetime"
IMPUTE, ORDINAL = "amount/0:impute", "kind/0:ordinal"


@pytest.fixture(scope="module")
def artifact(share: Share) -> Artifact:
    return artifacts.read(share("planted", compiled) / "artifact")


@pytest.fixture(autouse=True)
def fewer_related_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 300)


def is_kind(blocks: Mapping[str, Block], kind: str | None) -> Array:
    return np.asarray(blocks["kind"].values[:, 0] == kind)


class WithoutSteps:
    """An oracle that knows outputs alone, as another library would, and may be wrong about a category."""

    name = "another library"
    by_design: frozenset[str] = frozenset()

    def __init__(self, artifact: Artifact, wrong: str | None = None) -> None:
        self._oracle: Oracle = Reference(prune(artifact.pipeline), artifact.manifest)
        self._wrong = wrong

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        found = self._oracle.run(blocks).without_steps()
        ids = found.outputs["ids"].copy()
        ids[is_kind(blocks, self._wrong), 1] += 1
        return replace(found, outputs={**found.outputs, "ids": ids})


class Wrong(Reference):
    """The reference, except that a step's values are 1e-3 too great, or that the guards of a step refuse a category."""

    name = steps_name = "a wrong oracle"

    def __init__(self, artifact: Artifact, *, shifted: str | None = None, refused: str | None = None) -> None:
        self.pipeline = prune(artifact.pipeline)
        super().__init__(self.pipeline, artifact.manifest)
        self._shifted, self._refused = shifted, refused

    def evaluate(self, pipeline: Pipeline, blocks: Mapping[str, Block]) -> Evaluation:
        found = super().evaluate(pipeline, blocks)
        if self._refused is not None and "kind" in blocks:
            hits = list(found.guards)
            hits[0] = replace(hits[0], mask=hits[0].mask | is_kind(blocks, self._refused))
            found = replace(found, guards=tuple(hits))
        if self._shifted is None:
            return found
        values = {
            name: replace(block, values=block.values + 1e-3) if name == self._shifted else block
            for name, block in found.values.items()
        }
        outputs = {**found.outputs, "x": found.outputs["x"] + [1e-3, 0.0]} if "x" in found.outputs else found.outputs
        return replace(found, values=values, outputs=outputs)


def first(report: skc.api.Report, check: str) -> Difference:
    return next(d for d in report.differences if d.check == check)


def test_the_boundaries_reached_are_read_from_the_reference_if_the_oracle_knows_no_steps(artifact: Artifact) -> None:
    report = verify(artifact, options=FEW, oracle=WithoutSteps(artifact))
    assert report.is_equal, skc.render(report)
    assert report.coverage == verify(artifact, options=FEW).coverage
    assert {row.tried for row in report.coverage} != {0}


def test_so_is_what_becomes_of_the_users_own_rows(artifact: Artifact) -> None:
    rows = [{"at": "2024-01-15 10:00:00", "amount": float(k), "kind": "new"} for k in range(3)]
    data = [to_blocks(artifact.pipeline.inputs, rows)]
    report = verify(artifact, data=data, options=FEW, oracle=WithoutSteps(artifact))
    assert report.data is not None
    assert (report.data.rows, report.data.refused) == (3, 0)
    assert [(met.kind, met.column, met.rows) for met in report.data.met] == [("unknown", "kind", 3)]


def test_an_oracle_that_disagrees_about_one_category_is_reported(artifact: Artifact) -> None:
    report = verify(artifact, options=FEW, oracle=WithoutSteps(artifact, wrong="b"))
    assert not report.is_equal
    found = first(report, "boundaries")
    assert (found.output, found.column, found.want - found.got) == ("ids", "kind", 1)
    assert found.record["kind"] == "b"
    assert {d.output for d in report.differences} == {"ids"}
    assert np.sum([c.differing_rows for c in report.checks if not c.against_reference]) == 0


def test_a_report_names_the_oracle_and_blames_no_step_that_agrees_with_the_reference(artifact: Artifact) -> None:
    report = verify(artifact, options=FEW, oracle=WithoutSteps(artifact, wrong="b"))
    assert report.verdict().startswith("NOT EQUAL: `planted` differs from another library in: ")
    assert {(d.against, d.step, d.located_by) for d in report.differences} == {("another library", None, "reference")}
    assert report.walks == ()
    text = skc.render(report)
    blame = "no step differs from the reference, which another library contradicts; the column is computed by kind/0"
    assert f"step:            {blame}" in text
    assert "\n  another library: " in text
    assert "differs from another library" in skc.render(report, "html")
    assert json.loads(skc.render(report, "json"))["oracle"] == "another library"
    same = verify(artifact, options=FEW, oracle=WithoutSteps(artifact))
    assert same.verdict().startswith("verified: `planted` equals another library (")


def test_a_wrong_graph_is_judged_by_the_oracle_and_its_step_is_found_by_the_reference(artifact: Artifact) -> None:
    broken = with_model(artifact, nudge(3.0, 4.0))
    report = verify(broken, options=FEW, oracle=WithoutSteps(artifact))
    found = first(report, "boundaries")
    assert (found.against, found.column, found.step, found.located_by) == (
        "another library",
        "ratio",
        RATIO,
        "reference",
    )
    (walk,) = report.walks
    assert walk.against == "reference"
    assert [row.step for row in walk.rows if row.differs] == [RATIO]


def test_an_oracle_that_is_wrong_in_one_column_is_reported_by_row_column_and_step(artifact: Artifact) -> None:
    report = verify(artifact, options=FEW, oracle=Wrong(artifact, shifted=SCALE))
    found = first(report, "boundaries")
    assert {(d.output, d.column) for d in report.differences if d.check != "steps"} == {("x", "amount")}
    assert {d.step for d in report.differences if d.check not in ("steps", "golden file")} == {SCALE}
    assert found.want - found.got == pytest.approx(1e-3)
    assert (found.kind, found.against, found.located_by) == ("value", "a wrong oracle", "a wrong oracle")
    assert [column.column for column in report.columns if column.differing_rows] == ["amount"]
    assert [walk.against for walk in report.walks] == ["a wrong oracle"]
    shown = verify_record(artifact, None, ROW, Wrong(artifact, shifted=SCALE))
    assert [(d.check, d.column, d.step) for d in shown.differences] == [
        ("record", "amount", SCALE),
        ("runtime", "amount", SCALE),
    ]


def test_a_step_alone_is_compared_with_an_oracle_that_knows_steps(artifact: Artifact) -> None:
    class ShiftedAlone(Wrong):
        def evaluate(self, pipeline: Pipeline, blocks: Mapping[str, Block]) -> Evaluation:
            found = super().evaluate(pipeline, blocks)
            is_alone = pipeline.name == "cut" and pipeline.steps[0].name == SCALE
            return replace(found, outputs={"out": found.outputs["out"] + 1e-3}) if is_alone else found

    report = verify(artifact, options=FEW, oracle=ShiftedAlone(artifact))
    assert {(d.check, d.step, d.against) for d in report.differences} == {("steps", SCALE, "a wrong oracle")}


def test_a_row_that_the_graph_serves_although_the_oracle_refuses_it_is_a_difference_of_its_own(
    artifact: Artifact,
) -> None:
    report = verify(artifact, options=FEW, oracle=Wrong(artifact, refused="b"))
    assert {(d.kind, d.output, d.step) for d in report.differences} == {("served", "skc.guards", PARSE)}
    found = first(report, "boundaries")
    assert (found.got, found.record["kind"]) == ("served", "b")
    assert found.want.startswith("refused: ")
    one = verify_record(artifact, None, ROW, Wrong(artifact, refused="b"))
    assert {(d.check, d.kind, d.step) for d in one.differences} == {(c, "served", PARSE) for c in ("record", "runtime")}


KINDS = """
skc: 1
name: kinds
inputs:
  amount: {type: float64, nullable: true}
  kind: string
features:
  amount: {from: amount, apply: [{impute: {value: 0.5}}]}
  kind: {from: kind, apply: [{ordinal: {categories: [a, b]}}]}
outputs:
  x: {features: [amount, kind], dtype: float64}
"""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "pipeline.yaml").write_text(KINDS)
    (folder / "rows.csv").write_text("amount,kind\n1.5,a\n2.5,b\n")
    return skc.compile(folder / "pipeline.yaml", str(folder / "rows.csv"), verify=False).artifact


def features(kinds: Mapping[str, float], *, offset: float = 0.0) -> Callable[[Table], Table]:
    """The pipeline as a function on columns; a category that it does not know raises."""

    def transform(table: Table) -> Table:
        unknown = {*table["kind"]} - {*kinds}
        if unknown:
            raise ValueError(f"unknown categories {sorted(unknown)}")
        amount = np.where(np.isnan(table["amount"]), 0.5, table["amount"])
        amount = amount + offset if offset else amount  # which keeps -0.0
        return {"x": np.stack([amount, [kinds[kind] for kind in table["kind"]]], axis=1)}

    return transform


def test_an_oracle_over_a_function_of_a_table_agrees(kinds: Artifact) -> None:
    oracle = TableOracle(kinds.manifest, features({"a": 0.0, "b": 1.0}))
    report = verify(kinds, options=Options(rows=2_000), oracle=oracle)
    assert report.is_equal, skc.render(report)
    assert report.verdict().startswith("verified: `kinds` equals a function (")
    generated = next(check for check in report.checks if check.name == "generated")
    assert 0 < generated.refused_rows < generated.rows == 2_000
    assert oracle.calls < 4_000  # batches, halved only where they raise
    assert {row.step for row in report.coverage if row.is_whole} == {IMPUTE, ORDINAL}


def test_its_values_are_compared(kinds: Artifact) -> None:
    report = verify(kinds, options=FEW, oracle=TableOracle(kinds.manifest, features({"a": 0.0, "b": 1.001})))
    assert {(d.kind, d.column, d.record["kind"]) for d in report.differences} == {("value", "kind", "b")}


def test_a_refusal_that_it_has_no_code_for_is_compared(kinds: Artifact) -> None:
    report = verify(kinds, options=FEW, oracle=TableOracle(kinds.manifest, features({"a": 0.0})))
    assert {(d.kind, d.got, d.want, d.record["kind"]) for d in report.differences} == {
        ("served", "served", "refused", "b")
    }
    assert not report.is_equal


def serving_all(table: Table) -> Table:
    return features({"a": 0.0, "b": 1.0} | {kind: -1.0 for kind in table["kind"] if kind not in ("a", "b")})(table)


def test_a_refusal_of_the_artifact_alone_is_a_difference(kinds: Artifact) -> None:
    report = verify(kinds, options=FEW, oracle=TableOracle(kinds.manifest, serving_all))
    assert {(d.kind, d.want) for d in report.differences} == {("refused", "served")}
    assert {d.step for d in report.differences if d.check != "golden file"} == {ORDINAL}
    assert all(d.got.startswith("refused: ") for d in report.differences)
    assert report.by_design == ()


def test_unless_its_code_is_meant_for_that(kinds: Artifact) -> None:
    oracle = TableOracle(kinds.manifest, serving_all, by_design=frozenset({"unknown-category"}))
    report = verify(kinds, options=FEW, oracle=oracle)
    assert report.is_equal, skc.render(report)
    ((code, rows),) = ((one.code, one.rows) for one in report.by_design)
    assert code == "unknown-category"
    assert f", {rows:,} by the artifact alone (unknown-category)" in report.verdict()
    assert json.loads(skc.render(report, "json"))["by_design"] == [{"code": code, "rows": rows}]
    assert explain(kinds, {"amount": 1.0, "kind": "z"}, oracle).is_equal
    assert not explain(kinds, {"amount": 1.0, "kind": "z"}, TableOracle(kinds.manifest, serving_all)).is_equal


def test_a_code_that_is_meant_for_that_does_not_excuse_a_served_row(kinds: Artifact) -> None:
    refusing = TableOracle(kinds.manifest, features({"a": 0.0}), by_design=frozenset({"unknown-category"}))
    assert {d.kind for d in verify(kinds, options=FEW, oracle=refusing).differences} == {"served"}


def test_rows_that_it_does_not_define_are_not_compared(kinds: Artifact) -> None:
    wrong, right = features({"a": 7.0}, offset=1.0), features({"a": 0.0, "b": 1.0})

    def transform(table: Table) -> Table:
        return right(table) if (table["amount"] > 0).all() else wrong(table)

    def alone(table: Table) -> Table:
        made = [
            transform({name: column[i : i + 1] for name, column in table.items()}) for i in range(len(table["kind"]))
        ]
        return {"x": np.concatenate([one["x"] for one in made])}

    oracle = TableOracle(kinds.manifest, alone, defines=lambda table: table["amount"] > 0)
    report = verify(kinds, options=FEW, oracle=oracle)
    assert report.is_equal, skc.render(report)
    everything = {check.name: check.rows for check in verify(kinds, options=FEW).checks}
    assert all(
        check.rows < everything[check.name] for check in report.checks if check.name in ("boundaries", "generated")
    )
    assert not verify(kinds, options=FEW, oracle=TableOracle(kinds.manifest, alone)).is_equal


def test_every_public_function_asks_the_same_oracle(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "artifact"
    skc.artifact.write(artifact, folder)

    def wrong(made: Artifact, source: object = None, rows: int = 0) -> StepOracle:
        return Wrong(made, shifted=SCALE)

    monkeypatch.setattr(verifying, "oracle_of", wrong)
    record = json.dumps(ROW)
    reports: list[Any] = [skc.verify(folder, rows=50), skc.verify(folder, record=record)]
    assert [report.oracle for report in reports] == ["a wrong oracle"] * 2
    assert not any(report.is_equal for report in reports)
    walk = skc.explain(folder, record)
    assert [value.step for value in walk.steps if value.differs] == [SCALE]
    assert walk.verdict().startswith("graph and a wrong oracle of `planted` DIFFER on the record: ")
    tried = skc.environments(folder, rows=50)
    assert (tried.oracle, tried.is_equal) == ("a wrong oracle", False)
    with pytest.raises(skc.SkcError, match="already differs from a wrong oracle") as raised:
        skc.self_check(folder, rows=50)
    assert raised.value.diagnostics[0].code == "SKC503"


def test_an_environment_is_compared_by_the_rule_of_the_oracle(kinds: Artifact) -> None:
    records = [{"amount": 1.0, "kind": kind} for kind in ("a", "b", "z")]

    def differing(oracle: Oracle) -> int:
        return matrix(kinds, records, (), lambda _: None, oracle).environments[0].differing

    assert differing(TableOracle(kinds.manifest, features({"a": 0.0, "b": 1.0}))) == 0
    assert differing(TableOracle(kinds.manifest, features({"a": 0.0}))) == 1
    assert differing(TableOracle(kinds.manifest, serving_all)) == 1
    assert differing(TableOracle(kinds.manifest, serving_all, by_design=frozenset({"unknown-category"}))) == 0
