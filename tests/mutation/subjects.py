"""What faults are planted in: every op's cases, the example, and the pipelines on real data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mutation.grid import shown_by
from op_harness import fitted as harness_fitted

import skc
from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.ir import Ref
from skc.op import AnyOp, Case
from skc.ops import OPS
from skc.rows.sampling import Record
from skc.selfcheck.report import MutantResult, SelfCheck

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Subject:
    """An op's case, by name."""

    op: AnyOp
    case: Case

    @property
    def name(self) -> str:
        return f"{self.op.name}: {self.case.name}"

    def artifact(self) -> Artifact:
        fitted = harness_fitted(self.op, replace(self.case, fit=self.case.fit or self.case.rows))
        (*before, last), (output,) = fitted.steps, fitted.outputs
        name = f"feature/0:{self.op.name}"
        steps = (*before, replace(last, name=name))
        return artifacts.assemble(
            replace(fitted, steps=steps, features=(), outputs=(replace(output, refs=(Ref(name),)),))
        )


def op_subjects(most: int | None = None) -> Iterator[Subject]:
    """The cases of every op that compile, at most so many of each, spread over all."""
    for op in OPS.values():
        cases = [case for case in op.cases if case.refused is None and (case.rows or case.fit)]
        count = len(cases) if most is None else min(most, len(cases))
        for i in range(count):
            yield Subject(op, cases[i * len(cases) // count])


def shown(artifact: Artifact, subject: Subject, check: SelfCheck) -> Iterator[tuple[MutantResult, Record]]:
    """What is not found in the subject's artifact or called equivalent, and yet a row of the grid shows it."""
    for outcome in check.outcomes:
        if outcome.fate in ("not found", "equivalent"):
            record = shown_by(artifact, subject.case, outcome.mutant)
            if record is not None:
                yield outcome, record


def compiled(pipeline: Path, data: Path | None, folder: Path) -> Artifact:
    """A pipeline compiled and verified into a folder."""
    done = skc.compile(pipeline, None if data is None else str(data), folder / "artifact", rows=1000)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    return done.artifact
