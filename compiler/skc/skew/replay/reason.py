"""Why a column differs, as a report has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skc.skew.causes import Cause


@dataclass(frozen=True)
class Reason:
    """A rule that explains all `rows` that were looked at. `text` completes "the service served", or of an input "the
    request had".
    """

    kind: str
    text: str
    rows: int
    parameters: Mapping[str, Any]


def reason_of(cause: Cause | None) -> Reason | None:
    """A cause, if there is one."""
    return None if cause is None else Reason(cause.kind, cause.text, cause.rows, cause.parameters)
