"""What differs between two answers to one request, by field.

A prediction is any number of an answer: it differs if |a - b| > max(absolute, relative · |a|). Why a floor: of scores
of 3 % on average that are equal but for 2e-4, every eighth is more than 5 % of itself away. Features are compared as
`skc verify` does, or with a tolerance of the user.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from skc.skew.shadow.answers import Answer, number_of
from skc_runtime.agreement import agree
from skc_runtime.kinds import ELEMENTS
from skc_runtime.log_lines import digest
from skc_runtime.manifest import Manifest, OutputSpec

REFUSED = "refused"
Kind = Literal["prediction", "feature", "field", "refusal"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with both values. A feature has the `place` of its column: the output, and the index in it."""

    field: str
    kind: Kind
    a: Any
    b: Any
    place: tuple[str, int] | None = None


@dataclass(frozen=True)
class Rules:
    """When two values differ. Without a manifest, floats are features that are not exact."""

    absolute: float = 1e-3
    relative: float = 0.05
    tolerance: float | None = None
    manifest: Manifest | None = None
    ignore: frozenset[str] = frozenset()
    prediction: str | None = None  # the only field that is compared, besides features
    outputs: Mapping[str, OutputSpec] = field(init=False)

    def __post_init__(self) -> None:
        specs = () if self.manifest is None else self.manifest.outputs
        valid = [
            OutputSpec(o.valid, "bool", o.columns, (True,) * len(o.columns), None) for o in specs if o.valid is not None
        ]
        object.__setattr__(self, "outputs", {o.name: o for o in (*specs, *valid)})

    def differences(self, a: Answer, b: Answer) -> list[Difference]:
        """Every field that differs."""
        if a.refusal is not None or b.refusal is not None:
            return [] if a.refusal == b.refusal else [Difference(REFUSED, "refusal", a.refusal, b.refusal)]
        differences = [] if a.fields == b.fields else list(self._fields(a.fields, b.fields))
        if a.features != b.features:
            differences += self._features(a.features, b.features)
        return differences

    def is_compared(self, name: str) -> bool:
        """Whether a field outside of the features is compared."""
        if self.prediction is not None:
            return name == self.prediction or name.startswith((f"{self.prediction}[", f"{self.prediction}."))
        return name not in self.ignore

    def _fields(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
        for name in dict.fromkeys((*a, *b)):
            if not self.is_compared(name):
                continue
            one, other = a.get(name), b.get(name)
            x, y = number_of(one), number_of(other)
            if x is not None and y is not None:
                if self.is_far(x, y):
                    yield Difference(name, "prediction", one, other)
            elif one != other or type(one) is not type(other) or (name in a) != (name in b):
                is_number = x is not None or y is not None
                yield Difference(name, "prediction" if is_number else "field", one, other)

    def is_far(self, a: float, b: float) -> bool:
        """Whether two predictions differ. NaN and the infinities agree only with themselves."""
        if a == b or (math.isnan(a) and math.isnan(b)):
            return False
        if not (math.isfinite(a) and math.isfinite(b)):
            return True
        return abs(a - b) > max(self.absolute, self.relative * abs(a))

    def _features(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
        for name in dict.fromkeys((*a, *b)):
            if name not in a or name not in b:
                continue  # one side does not give it: there is nothing to compare
            one, other = a[name], b[name]
            if one == other:
                continue
            if isinstance(one, int) or isinstance(other, int):
                if self._digest(name, one) != self._digest(name, other):
                    yield Difference(name, "feature", one, other)
            elif len(one) != len(other):
                yield Difference(name, "feature", f"{len(one)} values", f"{len(other)} values")
            else:
                yield from self._columns(name, one, other)

    def _columns(self, name: str, a: Sequence[Any], b: Sequence[Any]) -> Iterator[Difference]:
        spec = self.outputs.get(name)
        for k, (one, other) in enumerate(zip(a, b, strict=True)):
            if one != other and self._is_other(spec, k, one, other):
                yield Difference(column_name(spec, name, k), "feature", one, other, (name, k))

    def _is_other(self, spec: OutputSpec | None, k: int, a: Any, b: Any) -> bool:
        is_float = spec is None or ELEMENTS[spec.dtype].is_float
        x, y = (math.nan if v is None and is_float else number_of(v) for v in (a, b))
        if x is None or y is None:
            return str(a) != str(b)
        if not is_float:
            return str(a) != str(b)  # an int64 is a decimal in a log, and may be a number elsewhere
        if self.tolerance is not None:
            same = x == y or (math.isnan(x) and math.isnan(y))
            return not (same or abs(x - y) <= self.tolerance)
        dtype = np.float64 if spec is None else ELEMENTS[spec.dtype].numpy
        exact = spec is not None and k < len(spec.exact) and spec.exact[k]
        with np.errstate(over="ignore"):
            return not bool(agree(np.array([y]).astype(dtype), np.array([x]).astype(dtype), exact)[0])

    def _digest(self, name: str, value: Any) -> Any:
        """The CRC-32 of features that are given in full; None if it cannot be made."""
        spec = self.outputs.get(name)
        if isinstance(value, int) or spec is None:
            return value
        try:
            return digest(array_of(spec, value))
        except (TypeError, ValueError, OverflowError):
            return None


def array_of(spec: OutputSpec, values: Sequence[Any]) -> Any:
    """The features of one request as the runtime gives them, [K]. Raises TypeError or ValueError."""
    element = ELEMENTS[spec.dtype]
    if element.is_float:
        plain = [math.nan if v is None else v if (n := number_of(v)) is None else n for v in values]
        return np.array(plain, dtype=element.numpy)
    return np.array([element.zero if v is None else element.python(v) for v in values], dtype=element.numpy)


def column_name(spec: OutputSpec | None, output: str, k: int) -> str:
    """What a report calls a column of an output."""
    return f"{output}: {spec.columns[k]}" if spec is not None and k < len(spec.columns) else f"{output}[{k}]"
