"""Features that a log has in full: the arrays of golden.jsonl, decoded for many requests at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import OutputSpec


@dataclass(frozen=True)
class Full:
    """An output of some requests, [N, K], and of one that can be null and is not of floats, what is valid."""

    values: Array
    valid: Array | None

    def row(self, row: int) -> list[Any]:
        """The values of a row."""
        return [self.value(row, column) for column in range(self.values.shape[1])]

    def value(self, row: int, column: int) -> Any:
        """A value as plain Python; None is null."""
        if self.valid is not None and not self.valid[row, column]:
            return None
        value = self.values[row, column]
        plain = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(plain, float) and plain != plain else plain


def decoded(spec: OutputSpec, features: Sequence[Mapping[str, Any]]) -> tuple[Full, list[int]]:
    """One output of some requests, and which of them have it whole. Floats are float64, whatever the output's type:
    what a model got may be more exact.
    """
    whole: list[int] = []
    rows: list[Sequence[Any]] = []
    for k, one in enumerate(features):
        row = _row(spec, one[spec.name])
        if row is not None:
            whole.append(k)
            rows.append(row)
    element, shape = ELEMENTS[spec.dtype], (len(whole), len(spec.columns))
    if element.is_float:
        return Full(np.array(rows, dtype=np.float64).reshape(shape), None), whole
    present = np.array([[value is not None for value in row] for row in rows], dtype=bool).reshape(shape)
    for i, k in enumerate(whole):
        bits = None if spec.valid is None else features[k].get(spec.valid)
        if isinstance(bits, list) and len(bits) == shape[1]:
            present[i] &= [bit is True for bit in bits]
    filled = [[element.zero if value is None else value for value in row] for row in rows]
    array = np.array(filled, dtype=element.numpy).reshape(shape)
    return Full(array, present if spec.valid is not None or not present.all() else None), whole


def _row(spec: OutputSpec, values: Sequence[Any]) -> Sequence[Any] | None:
    """The values of one request, None for null; None if the log has something else in their place."""
    if len(values) != len(spec.columns):
        return None
    if ELEMENTS[spec.dtype].is_float and set(map(type, values)) <= {float}:
        return values
    try:
        return [golden.decode_value(spec.dtype, value, spec.name) for value in values]
    except SkcRuntimeError:
        return None
