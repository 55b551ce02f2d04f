"""The columns of a profile that a report is about, with the thresholds of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skc.ir import DriftScales, Scale
from skc.output_values import OutputColumn
from skc.profile.document import ColumnProfile
from skc.profile.scales import DEFAULTS, OF_PREDICTIONS, scales_of
from skc.skew.ages import CountedAge
from skc.skew.compare import compare, compare_ages, is_instant
from skc.skew.effects import Compared, Tally
from skc.skew.outputs import CountedOutput
from skc.skew.prediction import Prediction
from skc.skew.reference import Reference
from skc.skew.report import Role

NOTHING: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class Watched:
    """A column of a profile, over `rows` rows, with the scales of its measures; None: it is not watched. Of an output,
    what it is computed from, and of ages, what they are.
    """

    profile: ColumnProfile
    rows: int
    role: Role
    scales: Mapping[str, Scale] | None
    computed: OutputColumn | None = None
    aged: CountedAge | None = None

    @property
    def name(self) -> str:
        """As the report calls it."""
        return self.profile.name

    @property
    def inputs(self) -> tuple[str, ...]:
        if self.aged is not None:
            return self.aged.inputs
        return () if self.computed is None else self.computed.inputs

    @property
    def has_moments(self) -> bool:
        return self.profile.numbers is not None and not is_instant(self.profile)

    def compared(
        self, tally: Tally, moments: tuple[float | None, float | None] = NOTHING, *, is_whole: bool = False
    ) -> Compared:
        """Both sides. Of an output that moves with the calendar, as an instant does, only the nulls count."""
        if self.aged is not None:
            return compare_ages(self.aged.profile, self.rows, tally, self.aged.median if is_whole else None)
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


def watched_ages(reference: Reference, ages: Sequence[CountedAge], scales: DriftScales) -> list[Watched]:
    """Ages as columns to watch."""
    rows = 0 if reference.profile.ages is None else reference.profile.ages.rows
    return [
        Watched(
            replace(one.profile.column, name=one.profile.label),
            rows,
            "age",
            scales_of(one.profile.label, scales, DEFAULTS),
            aged=one,
        )
        for one in ages
    ]


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
