"""Plain values of outputs by the one definition of agreement, and the pairs that every definition is tried on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from skc.values.types import Scalar
from skc_runtime.agreement import agree
from skc_runtime.golden import decode_value

PAIRS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "schemas" / "agreement.v1.json").read_bytes(),
)["pairs"]


def values_agree(got: Scalar, want: Scalar, exact: bool) -> bool:
    """Whether one value agrees with another; None is null, and agrees with itself alone."""
    if got is None or want is None:
        return got is want
    if type(got) is not type(want):
        return False
    dtype = object if isinstance(got, str) else None
    return bool(agree(np.array([got], dtype=dtype), np.array([want], dtype=dtype), exact)[0])


def decoded(pair: dict[str, Any]) -> tuple[Scalar, Scalar]:
    """The two values of a pair."""
    got, want = (decode_value(pair["dtype"], pair[key], pair["id"]) for key in ("got", "want"))
    return got, want


def may_agree(pair: dict[str, Any], exact: bool) -> bool:
    """What the table says of a pair in a column that is exact, or is not."""
    return bool(pair["agree"] == "bits" or (pair["agree"] == "tolerance" and not exact))
