"""The columns of a profile that a report is about, with the thresholds of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skc.ir import DriftScales, Scale
from skc.output_values import OutputColumn
from skc.profile.document import ColumnProfile
from skc.profile.scales import DEFAULTS, OF_PREDICTIONS, scales_of
from skc.skew.compare import compare, is_instant
from skc.skew.effects import Compared, Tally
from skc.skew.outputs import CountedOutput
from skc.skew.prediction import Prediction
from skc.skew.reference import Reference
from skc.skew.report import Role

NOTHING: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class Watched:
    """A column of a profile, over `rows` rows, with the scales of its measures; None: it is not watched. Of an output,
    what it is computed from.
    """

    profile: ColumnProfile
    rows: int
    role: Role
    scales: Mapping[str, Scale] | None
    computed: OutputColumn | None = None

    @property
    def name(self) -> str:
        """As the report calls it."""
        return self.profile.name

    @property
    def inputs(self) -> tuple[str, ...]:
        return () if self.computed is None else self.computed.inputs

    @property
    def has_moments(self) -> bool:
        return self.profile.numbers is not None and not is_instant(self.profile)

    def compared(self, tally: Tally, moments: tuple[float | None, float | None] = NOTHING) -> Compared:
        """Both sides. Of an output that moves with the calendar, as an instant does, only the nulls count."""
        result = compare(self.profile, self.rows, tally, moments)
        if self.computed is None or not self.computed.follows_calendar:
            return result
        return replace(result, effects=tuple(effect for effect in result.effects if effect.measure == "nulls"))


def watched_columns(reference: Reference, scales: DriftScales, prediction: Prediction | None) -> list[Watched]:
    """The inputs of a profile, and a column of predictions."""
    profile = reference.profile
    watched = [
        Watched(column, profile.rows, "input", scales_of(column.name, scales, DEFAULTS)) for column in profile.columns
    ]
    if prediction is not None:
        own = scales_of(prediction.column.name, scales, OF_PREDICTIONS)
        watched.append(Watched(prediction.column, prediction.rows, "prediction", own))
    return watched


def watched_outputs(reference: Reference, outputs: Sequence[CountedOutput], scales: DriftScales) -> list[Watched]:
    """Outputs as columns to watch. Where an input is not watched, what is computed from it is not, unless named."""
    named = dict(scales.columns)
    ignored = {name for name, own in scales.columns if own is None}
    rows = 0 if reference.profile.outputs is None else reference.profile.outputs.rows
    watched = []
    for one in outputs:
        label = one.column.label
        is_ignored = label not in named and not ignored.isdisjoint(one.column.inputs)
        own = None if is_ignored else scales_of(label, scales, DEFAULTS)
        watched.append(Watched(replace(one.profile.column, name=label), rows, "output", own, one.column))
    return watched
