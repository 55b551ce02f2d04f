"""What an artifact knows of the values that each input had in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skc.artifact import Artifact
from skc.profile.document import ColumnProfile
from skc.skew.reference import sentinels_of
from skc.skew.shadow.inputs import Known
from skc_runtime import golden
from skc_runtime.kinds import KINDS


def known_of(artifact: Artifact) -> Mapping[str, Known]:
    """By input, as far as its profile has it."""
    profile = artifact.profile
    columns = {} if profile is None else {column.name: column for column in profile.columns}
    sentinels = sentinels_of(artifact.pipeline)
    return {
        i.name: _known(
            i.kind.is_number, columns.get(i.name), [golden.encode_value(i.kind.element, v) for v in sentinels[i.name]]
        )
        for i in artifact.manifest.inputs
    }


def _known(is_number: bool, column: ColumnProfile | None, sentinels: Sequence[Any]) -> Known:
    nulls = frozenset(sentinels)
    if column is None:
        return Known(is_number, nulls)
    kind, categories, numbers = KINDS[column.dtype], column.categories, column.numbers
    values = None
    if categories is not None and not categories.other_rows and kind.element in ("string", "bool"):
        values = frozenset(value for value, _ in categories.counts)
    if numbers is None or not kind.is_number or numbers.low is None or numbers.high is None:
        return Known(is_number, nulls, values)
    return Known(is_number, nulls, values, float(numbers.low), float(numbers.high))
