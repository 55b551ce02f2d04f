"""The predictions of a model, compared with those that it made when it was validated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.ir import Input, ProfileOptions, ReadOptions
from skc.profile.document import ColumnProfile, Profile
from skc.skew.freezing import freeze_columns
from skc.skew.reference import read_profile


@dataclass(frozen=True)
class Prediction:
    """A column of predictions, how it is read, and its profile over `rows` rows."""

    column: ColumnProfile
    rows: int
    input: Input


def read_prediction(name: str, reference: Any, reading: ReadOptions, threads: int | None) -> Prediction:
    """The profile of a column of a table, or of a profile in a .json file that `skc profile` wrote.

    Raises SKC200 to SKC206, SKC401, SKC402, SKC623.
    """
    profile = _frozen(reference)
    if profile is None:
        profile = freeze_columns(reference, [name], reading, ProfileOptions(), threads)
    column = next((column for column in profile.columns if column.name == name), None)
    if column is None:
        names = [column.name for column in profile.columns]
        hint = did_you_mean(name, names) or "freeze a table that has it with `skc profile`"
        raise fail("SKC623", f"the reference has no column `{name}`", hint=hint)
    return Prediction(column, profile.rows, Input(name, column.dtype, nullable=True))


def _frozen(reference: Any) -> Profile | None:
    """The profile that a path names; an array of records has the same suffix."""
    if not isinstance(reference, str | Path) or Path(reference).suffix != ".json":
        return None
    try:
        return read_profile(Path(reference))
    except SkcError as error:
        if error.code == "SKC401":
            return None
        raise
