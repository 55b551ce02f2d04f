"""The thresholds of drift as they are written in profile.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skc.ir import DriftScales, Scale, Scales
from skc.profile.scales import DEFAULTS
from skc_runtime.strict_json import Fields, malformed


def drift_to_json(drift: DriftScales) -> dict[str, Any]:
    """A column without `measures` is not watched."""
    columns = [
        {"name": name, **({} if scales is None else {"measures": _scales_to_json(scales)})}
        for name, scales in drift.columns
    ]
    return {"measures": _scales_to_json(drift.measures), "columns": columns}


def _scales_to_json(scales: Scales) -> list[list[Any]]:
    return [[measure, scale.minor, scale.moderate, scale.severe] for measure, scale in scales]


def drift_from_json(fields: Fields) -> DriftScales:
    measures = _scales(fields.items("measures"), fields.location)
    columns = []
    for item in fields.objects("columns"):
        columns.append(
            (item.text("name"), _scales(item.items("measures"), item.location) if "measures" in item else None)
        )
        item.done()
    fields.done()
    return DriftScales(measures, tuple(columns))


def _scales(items: Sequence[Any], location: str) -> Scales:
    if not all(isinstance(item, list) and len(item) == 4 and item[0] in DEFAULTS for item in items):
        raise malformed(location, "a scale is a measure and three levels")
    if not all(level is None or type(level) in (int, float) for item in items for level in item[1:]):
        raise malformed(location, "a level is a number, or null where there is none")
    return tuple((name, Scale(*(None if n is None else float(n) for n in levels))) for name, *levels in items)
