"""The oracle that is used where no other is given, and what completes one that knows no steps: the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skc.ir import Pipeline
from skc.oracle import reference
from skc.oracle.protocol import REFERENCE, Alone, AsksAlone, Evaluate, Evaluation, Oracle, Outcome, StepOracle
from skc.oracle.signals import with_signals
from skc.values.types import Block
from skc_runtime.manifest import Guards, Manifest, Signals

EVALUATE: Evaluate = reference.run


def step_oracle(pipeline: Pipeline, manifest: Manifest, oracle: Oracle | None = None) -> StepOracle:
    """The oracle given, or the reference. An oracle that knows no steps gets their values from the reference."""
    if oracle is None:
        return reference.Reference(pipeline, manifest)
    return oracle if isinstance(oracle, StepOracle) else _WithSteps(oracle, pipeline, manifest.guards, manifest.signals)


@dataclass(frozen=True)
class _WithSteps:
    """The verdict of one oracle, and the steps of the reference. Guards are compared only if the oracle names them."""

    oracle: Oracle
    pipeline: Pipeline
    guards: Guards | None
    signals: Signals | None
    steps_name: str = REFERENCE

    @property
    def name(self) -> str:
        return self.oracle.name

    @property
    def by_design(self) -> frozenset[str]:
        return self.oracle.by_design

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        verdict, seen = self.oracle.run(blocks), self.evaluate(self.pipeline, blocks)
        fired = verdict.guards if verdict.uncoded is None else seen.outcome(self.guards).guards
        return with_signals(replace(verdict, guards=fired, steps=seen.values), self.signals, self.pipeline)

    def alone(self) -> Alone | None:
        return self.oracle.alone() if isinstance(self.oracle, AsksAlone) else None

    def evaluate(self, pipeline: Pipeline, blocks: Mapping[str, Block]) -> Evaluation:
        return EVALUATE(pipeline, blocks)
