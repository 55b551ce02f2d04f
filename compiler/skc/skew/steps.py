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
from skc.skew.parts import WHOLE, Part
from skc.skew.report import ColumnDrift, Role
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
    role: Role = "step"

    def judged(self, verdict: Judged) -> ColumnDrift:
        """As a column of a report."""
        nothing = Tally(self.rows, 0, 0, (0, 0), 0, 0, (), (), 0, ())
        return ColumnDrift(self.name, "bool", self.role, 0, nothing, self.compared, verdict, self.inputs)


def step_of(counted: CountedStep, scales: DriftScales, part: Part = WHOLE) -> StepDrift:
    """What a step met in all rows, or in a part. It is not watched where one of its inputs is not, unless named."""
    kind = counted.kind
    name = StepCount(kind.step, kind.input, kind.kind, counted.training).label
    m, (met, n) = counted.training_rows, counted.serving[part]
    before, after = (k / rows if rows else 0.0 for k, rows in ((counted.training, m), (met, n)))
    p = measures.rate(counted.training, m, met, n)
    effect = Effect("steps", abs(after - before), p, n, m, before, after, kind.kind)
    others = Bar("other", m - counted.training, n - met)
    bars = (Bar(kind.kind, counted.training, met), others)
    compared = Compared((effect,) if m and n else (), Statistics(), bars if m and n else (), ())
    named = dict(scales.columns)
    is_ignored = name not in named and any(named.get(i, ()) is None for i in kind.inputs)
    own = None if is_ignored else scales_of(name, scales, DEFAULTS)
    return StepDrift(name, kind.step, kind.inputs, n, own, compared)
