"""What a step met, as a column of a report: the share of rows, on both sides.

A null of an input is not repeated: the input has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skc.ir import DriftScales, Scale
from skc.profile.document import StepCount
from skc.profile.scales import DEFAULTS, scales_of
from skc.skew import measures
from skc.skew.effects import Bar, Compared, Effect, Statistics, Tally
from skc.skew.outputs import CountedStep
from skc.skew.report import ColumnDrift
from skc.skew.verdicts import Judged


@dataclass(frozen=True)
class StepDrift:
    """A count on both sides, with the scales of its measure; None: it is not watched."""

    name: str
    step: str
    inputs: tuple[str, ...]
    rows: int
    scales: Mapping[str, Scale] | None
    compared: Compared

    def judged(self, verdict: Judged) -> ColumnDrift:
        """As a column of a report."""
        nothing = Tally(self.rows, 0, 0, (0, 0), 0, 0, (), (), 0, ())
        return ColumnDrift(self.name, "bool", "step", 0, nothing, self.compared, verdict, self.inputs)


def step_of(counted: CountedStep, scales: DriftScales) -> StepDrift:
    """What a step met. It is not watched where one of its inputs is not, unless it is named."""
    kind = counted.kind
    name = StepCount(kind.step, kind.input, kind.kind, counted.training).label
    m, n = counted.training_rows, counted.serving_rows
    before, after = (k / rows if rows else 0.0 for k, rows in ((counted.training, m), (counted.serving, n)))
    p = measures.rate(counted.training, m, counted.serving, n)
    effect = Effect("steps", abs(after - before), p, n, m, before, after, kind.kind)
    others = Bar("other", m - counted.training, n - counted.serving)
    bars = (Bar(kind.kind, counted.training, counted.serving), others)
    compared = Compared((effect,) if m and n else (), Statistics(), bars if m and n else (), ())
    named = dict(scales.columns)
    is_ignored = name not in named and any(named.get(i, ()) is None for i in kind.inputs)
    own = None if is_ignored else scales_of(name, scales, DEFAULTS)
    return StepDrift(name, kind.step, kind.inputs, n, own, compared)
