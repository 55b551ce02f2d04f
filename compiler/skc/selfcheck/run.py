"""Every mutant of an artifact, tried on the rows that `skc verify` generates: which of them it finds, and where.

Only rows count. Comparing the bytes of the file with what plan.json compiles to would detect every mutant without
locating any, so that check is omitted here, and so are the golden records.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx

from skc.artifact import GOLDEN, MODEL, Artifact
from skc.blame.atlas import Atlas, draw_atlas
from skc.diagnostics import fail
from skc.equality import sides
from skc.equality.judge import Judge, other_bits
from skc.equality.recorded import read_golden
from skc.equality.trials import Trial, own_trials
from skc.ir import Pipeline
from skc.oracle.default import step_oracle
from skc.oracle.protocol import Oracle, Outcome, StepOracle, in_words
from skc.passes.prune import prune
from skc.progress import Stages
from skc.rows.boundaries import step_boundaries
from skc.rows.sources import OwnSources
from skc.selfcheck import PER_KIND
from skc.selfcheck.equivalence import Equivalence
from skc.selfcheck.graph_mutants import graph_mutants
from skc.selfcheck.mutant import Mutant, by_kind
from skc.selfcheck.plan_mutants import plan_mutants
from skc.selfcheck.report import MutantResult, SelfCheck
from skc.verification.coverage import CoverageTally
from skc.verification.findings import Findings
from skc.verification.run import Options
from skc_runtime.agreement import same_bits
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.session import GraphSession

Tested = tuple[Trial, Outcome]  # rows, and the sound model's outcome for them


def self_check(
    artifact: Artifact,
    options: Options | None = None,
    per_kind: int | None = PER_KIND,
    progress: Stages | None = None,
    oracle: Oracle | None = None,
) -> SelfCheck:
    """Try mutants of an artifact that is equal to its oracle. `per_kind` bounds how many of each kind; None: all.

    Raises SKC503 if the artifact itself differs.
    """
    started = time.perf_counter()
    report = progress or (lambda _: None)
    pipeline = prune(artifact.pipeline)
    right = step_oracle(pipeline, artifact.manifest, oracle)
    judge = Judge(pipeline, artifact.manifest, right.by_design)
    tested, tally = _tested(artifact, pipeline, judge, right, options or Options(), report)
    atlas = draw_atlas(pipeline, artifact.manifest)
    candidates = [*graph_mutants(atlas, artifact.files[MODEL]), *plan_mutants(artifact, pipeline)]
    mutants, total = by_kind(candidates, per_kind or len(candidates))
    tester = _Tester(artifact, pipeline, atlas, judge, right, tested, Equivalence(atlas.lowered, tally))
    outcomes = []
    for k, mutant in enumerate(mutants):
        report(f"mutant {k + 1} of {len(mutants)}")
        outcome = tester.outcome(mutant)
        if outcome is not None:
            outcomes.append(outcome)
    return SelfCheck(artifact.pipeline.name, tuple(outcomes), total, time.perf_counter() - started)


def _tested(
    artifact: Artifact, pipeline: Pipeline, judge: Judge, oracle: StepOracle, options: Options, progress: Stages
) -> tuple[list[Tested], CoverageTally]:
    """Boundaries, generated and hostile rows, the sound model's outcome for them, and which boundaries they covered."""
    boundaries = step_boundaries(pipeline)
    known, _ = read_golden(artifact.manifest, artifact.files[GOLDEN])
    sources = OwnSources(pipeline, boundaries, options.rows, options.seed, oracle.evaluate, known)
    sound = sides.Graph(artifact.manifest, artifact.files[MODEL])
    tally = CoverageTally(pipeline, boundaries, judge.order, artifact.manifest.guards)
    tested: list[Tested] = []
    for trial in own_trials(sources, oracle, progress):
        got = _run(sound, trial)
        if got is None or judge.compare(got, trial.want).differing.any():
            text = f"the artifact already differs from {in_words(oracle.name)}, so planted faults would show nothing"
            raise fail("SKC503", text, hint="run `skc verify` without --self-check, and fix what it finds")
        tally.look(trial.want.steps, trial.want.guards)
        tested.append((replace(trial, want=trial.want.without_steps()), got))
    return tested, tally


def _run(graph: sides.Graph, trial: Trial) -> Outcome | None:
    """A graph's outcome for the rows; None if it fails on them."""
    try:
        return graph.run(trial.blocks)
    except SkcRuntimeError:
        return None


@dataclass(frozen=True)
class _Tester:
    """Compares mutants with the oracle, and with the sound model, on the rows tried."""

    artifact: Artifact
    pipeline: Pipeline
    atlas: Atlas
    judge: Judge
    oracle: StepOracle
    tried: Sequence[Tested]
    equivalence: Equivalence

    def outcome(self, mutant: Mutant) -> MutantResult | None:
        """The fate of a mutant; None if no model can have the fault, or its graph is the sound one."""
        model = mutant.make()
        if model is None or model == self.artifact.files[MODEL]:
            return None
        try:
            graph = sides.Graph(self.artifact.manifest, model)
        except SkcRuntimeError:
            return MutantResult(mutant, "found", "loading", None)
        changed = replace(self.artifact, files={**self.artifact.files, MODEL: model})
        findings = Findings(changed, self.pipeline, None, self.oracle, self.atlas)
        has_other_bits = False
        for rows, sound in self.tried:
            try:
                got = graph.run(rows.blocks)
            except SkcRuntimeError as error:
                step = findings.failing_step(error)
                return MutantResult(mutant, "found", rows.source, step)
            if self._differs(findings, rows, got):
                return MutantResult(mutant, "found", rows.source, findings.differences[0].step)
            has_other_bits |= _has_other_bits(rows.want.refused, sound, got)
        if has_other_bits:
            return MutantResult(mutant, "within 1e-6", None, None)
        reason = self.equivalence.reason(mutant)
        if reason is not None:
            return MutantResult(mutant, "equivalent", None, None, reason)
        return MutantResult(mutant, "evened out" if self._moves_a_step(mutant, model) else "not found", None, None)

    def _moves_a_step(self, mutant: Mutant, model: bytes) -> bool:
        """Whether a step's value differs in some row, although no output does."""
        models = [onnx.load_from_string(data) for data in (self.artifact.files[MODEL], model)]
        known = {name for node in models[1].graph.node for name in node.output}
        tensors = [
            tensor
            for step, step_tensors in self.atlas.lowered.steps.items()
            for tensor in step_tensors.present
            if tensor in known and mutant.steps & self.atlas.origins[step]
        ]
        # with another parameter a step is no longer fused with its siblings, and has a tensor of its own
        unfused = [step for step in mutant.steps & known if step not in tensors]
        if not tensors and not unfused:
            return False
        sound_session, mutant_session = (
            GraphSession(sides.showing(proto, names))
            for proto, names in zip(models, (tensors, [*tensors, *unfused]), strict=True)
        )
        for rows, _ in self.tried:
            feeds = sides.feeds(self.artifact.manifest, rows.blocks)
            sound, got = sound_session.run(feeds), mutant_session.run(feeds)
            if unfused:
                sound |= self.atlas.steps.session.run(self.atlas.steps.feed(rows.blocks))
            if any(_is_moved(sound[tensor], got[tensor]) for tensor in (*tensors, *unfused)):
                return True
        return False

    def _differs(self, findings: Findings, rows: Trial, got: Outcome) -> bool:
        """Whether verification finds a difference in these rows; the first one is kept among the findings."""
        judgement = self.judge.compare(got, rows.want)
        findings.guards(rows.source, judgement.refusals, got, rows.want, rows.record)
        for name, comparison in judgement.columns.items():
            if not findings.differences:
                findings.values(rows.source, name, comparison.differs, got, rows.want, rows.record)
        return bool(findings.differences)


def _is_moved(sound: Array, got: Array) -> bool:
    """Whether a value differs. A float that is kept as another type is compared as the type of the sound model."""
    return sound.shape != got.shape or not same_bits(sound, got.astype(sound.dtype)).all()


def _has_other_bits(refused: Array, sound: Outcome, got: Outcome) -> bool:
    return any(bits[~refused].any() for bits in other_bits(got, sound).values())
