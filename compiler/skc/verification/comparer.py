"""A graph compared with an oracle, batch by batch: counts differences, keeps findings, and records coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from skc.artifact import MODEL, Artifact
from skc.equality.judge import Judge
from skc.equality.sides import Graph, refusal_code
from skc.equality.tally import Tally
from skc.equality.trials import Trial
from skc.ir import Pipeline
from skc.oracle.protocol import Outcome, StepOracle
from skc.rows.boundaries import StepBoundaries
from skc.rows.sampling import Record
from skc.rows.sources import RecordAt
from skc.values.types import Block
from skc.verification.coverage import CoverageTally
from skc.verification.findings import SERVED, Findings
from skc.verification.report import REFUSED, Check
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array


class Comparer:
    """The two sides of one artifact, and the findings so far. `pipeline` is as it was lowered."""

    def __init__(
        self,
        artifact: Artifact,
        pipeline: Pipeline,
        boundaries: Sequence[StepBoundaries],
        directory: Path | None,
        oracle: StepOracle,
        repeat: tuple[str, ...] = (),
    ) -> None:
        self.artifact, self.pipeline = artifact, pipeline
        self.graph = Graph(artifact.manifest, artifact.files[MODEL])
        self.oracle = oracle
        self.judge = Judge(pipeline, artifact.manifest, oracle.by_design)
        self.findings = Findings(artifact, pipeline, directory, self.oracle, repeat=repeat)
        self.by_design: Counter[str] = Counter()  # rows that only the artifact refuses, and may, by code
        self.tally = Tally(artifact.manifest)
        self.coverage = CoverageTally(pipeline, boundaries, self.judge.order, artifact.manifest.guards)

    def compare(self, check: Check, trial: Trial) -> Check:
        """The check with these rows added: the graph's outcome compared with the oracle's."""
        want = trial.want
        try:
            got = self.graph.run(trial.blocks)
        except SkcRuntimeError as error:
            self.findings.failed(check.name, trial.record(self._first_failing(trial.blocks)), error)
            rows = int(want.defined.sum())
            return check.plus(rows, 0, rows, 0)
        self.coverage.look(want.steps, want.guards)
        return self.add(check, got, want, trial.record)

    def add(self, check: Check, got: Outcome, want: Outcome, record: RecordAt) -> Check:
        """The check with these outcomes added."""
        judgement = self.judge.compare(got, want)
        self.findings.guards(check.name, judgement.refusals, got, want, record)
        self.by_design.update(judgement.by_design)
        served, values = ~(want.refused | got.refused) & want.defined, 0
        for name, result in judgement.columns.items():
            values += int(served.sum()) * len(result.worst_ulp)
            self.tally.add(name, result)
            self.findings.values(check.name, name, result.differs, got, want, record)
        refused = int((want.refused & got.refused & want.defined).sum()) if judgement.columns else 0
        return check.plus(int(want.defined.sum()), values, int(judgement.differing.sum()), refused)

    def add_refusal(self, check: Check, record: Record, code: str, want: Outcome, step: str | None = None) -> Check:
        """The check with a refused record added: its code, the step if known, and what the oracle wants."""
        if not want.defined[0]:
            return check
        is_accepted = self.judge.accepts(code, want)
        if not is_accepted:
            expected = refusal_code(self.artifact.manifest, want.guards[0]) if want.uncoded is None else None
            right = f"refused: {expected}" if expected is not None else REFUSED if want.refused[0] else SERVED
            self.findings.refused(check.name, record, f"refused: {code}", right, step=step)
        return check.plus(1, 0, int(not is_accepted), int(want.refused[0]))

    def _first_failing(self, blocks: Mapping[str, Block]) -> int:
        """A row that makes the graph fail on its own, found by bisection; 0 if only several rows together do."""
        low, high = 0, next(iter(blocks.values())).rows
        while high - low > 1:
            middle = (low + high) // 2
            try:
                self.graph.run(_rows(blocks, slice(low, middle)))
                low = middle
            except SkcRuntimeError:
                high = middle
        return low


def _rows(blocks: Mapping[str, Block], index: Array | slice) -> dict[str, Block]:
    return {name: block.some(index) for name, block in blocks.items()}
