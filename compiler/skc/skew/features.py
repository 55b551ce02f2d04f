"""Features that requests of a log have in full, as columns of its rows: what was served, not what is recomputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import ARROW
from skc.ir import Input
from skc.skew.replay.full import Full, decoded
from skc_runtime.kinds import ELEMENTS
from skc_runtime.manifest import OutputSpec


@dataclass
class FullFeatures:
    """The outputs of an artifact as columns of requests. `served` says which requests have them all in full, of whose
    number `count` is; in the others every column is null.
    """

    specs: tuple[OutputSpec, ...]
    prefix: str
    count: int = 0

    @classmethod
    def of(cls, specs: Sequence[OutputSpec], inputs: Sequence[Input]) -> FullFeatures:
        """With names that no input has."""
        prefix = "served "
        while any(i.name.lower().startswith(prefix) for i in inputs):
            prefix = "_" + prefix
        return cls(tuple(specs), prefix)

    @property
    def marker(self) -> str:
        """The column that says which requests have features in full."""
        return f"{self.prefix}all"

    @property
    def names(self) -> dict[str, str]:
        """The column of each output column, by the label that reports have."""
        labels = [f"{spec.name}.{name}" for spec in self.specs for name in spec.columns]
        return {label: f"{self.prefix}{k}" for k, label in enumerate(labels)}

    @property
    def fields(self) -> list[pa.Field]:
        """What `columns` makes."""
        kinds = [ARROW[spec.dtype] for spec in self.specs for _ in spec.columns]
        pairs = zip(self.names.values(), kinds, strict=True)
        return [pa.field(self.marker, pa.bool_()), *(pa.field(name, kind) for name, kind in pairs)]

    def columns(self, features: Sequence[Any]) -> list[pa.Array]:
        """The columns of some requests, of which some have no features, digests, or something else in their place."""
        rows = [k for k, one in enumerate(features) if self._is_full(one)]
        by_output = [decoded(spec, [features[k] for k in rows]) for spec in self.specs]
        whole = set(range(len(rows))).intersection(*(some for _, some in by_output))
        served = np.zeros(len(features), bool)
        served[[rows[k] for k in sorted(whole)]] = True
        self.count += len(whole)
        places = pa.array(np.where(served, np.cumsum(served) - 1, 0), mask=~served)
        arrays: list[pa.Array] = [pa.array(served)]
        for spec, (full, some) in zip(self.specs, by_output, strict=True):
            at = [i for i, k in enumerate(some) if k in whole]
            arrays += [_column(spec, full, at, k).take(places) for k in range(len(spec.columns))]
        return arrays

    def _is_full(self, features: Any) -> bool:
        return isinstance(features, Mapping) and all(isinstance(features.get(s.name), list) for s in self.specs)


def _column(spec: OutputSpec, full: Full, rows: Sequence[int], k: int) -> pa.Array:
    """A column as `ARROW` has it, rounded to the type of the output, as its profile is; a NaN is null."""
    values = full.values[list(rows), k]
    if ELEMENTS[spec.dtype].is_float:
        with np.errstate(over="ignore"):  # what the output cannot hold is infinite
            wide = values.astype(ELEMENTS[spec.dtype].numpy).astype(np.float64)
        return pa.array(wide, mask=np.isnan(wide))
    return pa.array(values, ARROW[spec.dtype], mask=None if full.valid is None else ~full.valid[list(rows), k])
