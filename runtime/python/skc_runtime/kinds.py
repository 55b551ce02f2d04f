"""What a value is: the element types of tensors, and the kinds of values built on them. Needs only NumPy.

Why one table: facts about a type that are written down twice diverge. Code that needs one looks it up in `KINDS` or
`ELEMENTS`. A table that gives each kind its own behavior stays next to that behavior, and is built by `for_every_kind`
or `for_every_element`, so its module cannot be imported while a kind is missing. A new kind starts with one entry here;
mypy, an import or `tests/test_kinds.py` then names every place that has to handle it.

Why floats are different: the null of a float is NaN, among the values. Every other kind has a companion `NAME.valid`
that is true where there is a value, and stores its zero where there is none.

Why float32 is only of an input: a request is rounded to it, in every language alike, and the graph widens that to
float64, which changes no value. So a bin edge at 0.7 divides the numbers of a float32 column and those of JSON alike,
and no op computes in float32.

Why a list has a declared length: a row must not depend on its batch, so the width of a tensor can never be that of the
longest list in the batch. See `ListOf`; no op takes or returns lists yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

# Of an input, or a value of a pipeline.
DType = Literal["float64", "float32", "int64", "bool", "string", "timestamp", "date", "time"]
InputElement = Literal["float64", "float32", "int64", "bool", "string"]  # of an input tensor
OutputDType = Literal["float32", "float64", "int64", "bool", "string"]  # of an output tensor
JsonForm = Literal["number", "decimal", "boolean", "string"]
Array = NDArray[Any]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# 0001-01-01 and 9999-12-31, the years that every calendar computation is exact for.
DATE_MIN, DATE_MAX = -719_162, 2_932_896
DAY_US = 86_400_000_000
TIMESTAMP_MIN, TIMESTAMP_MAX = DATE_MIN * DAY_US, (DATE_MAX + 1) * DAY_US - 1

_V = TypeVar("_V")


@dataclass(frozen=True)
class Element:
    """The element type of a tensor. `zero` is stored under a null; for a float it is NaN, the null itself.

    `json` is the form of a value in golden records and reports: non-finite floats and -0.0 are words, and "decimal" is
    an integer in a string.
    """

    name: OutputDType
    numpy: np.dtype[Any]
    python: type
    zero: Any
    json: JsonForm
    onnxruntime: str  # as ONNX Runtime names it

    @property
    def is_float(self) -> bool:
        """Whether NaN is its null, so that it needs no `valid`."""
        return self.numpy.kind == "f"


@dataclass(frozen=True)
class Kind:
    """The kind of an input or of a value of a pipeline. `range` is set for kinds stored as integers; for times it is
    narrower than that of the element type. `tick_us` is set for times: the microseconds that a difference of 1 stands
    for. A kind that `is_clock` counts microseconds from midnight. `widens_to` is set for a kind that only an input can
    have: the kind of its value in a pipeline.
    """

    name: DType
    element: InputElement
    range: tuple[int, int] | None = None
    is_ordered: bool = True
    is_number: bool = False
    tick_us: int | None = None
    is_clock: bool = False
    widens_to: DType | None = None

    @property
    def is_time(self) -> bool:
        """Whether it counts from 1970-01-01."""
        return self.tick_us is not None

    @property
    def is_instant(self) -> bool:
        """Whether it counts microseconds from 1970, so that a local time needs a time zone."""
        return self.tick_us == 1

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype that stores it."""
        return ELEMENTS[self.element].numpy

    @property
    def python(self) -> type:
        """The type of a value in plain Python."""
        return ELEMENTS[self.element].python

    @property
    def zero(self) -> Any:
        """The value stored under a null."""
        return ELEMENTS[self.element].zero

    @property
    def is_float(self) -> bool:
        """Whether NaN is its null, so that it needs no `valid`."""
        return ELEMENTS[self.element].is_float


def _check_total(table: Mapping[Any, Any], names: Sequence[str]) -> None:
    different = sorted(set(names) ^ set(table))
    if different:
        raise LookupError(f"a table that decides about {', '.join(names)} differs in {', '.join(different)}")


def for_every_element(table: dict[OutputDType, _V]) -> dict[OutputDType, _V]:
    """Check that a table has an entry for every element type. Raises LookupError."""
    _check_total(table, get_args(OutputDType))
    return table


def for_every_kind(table: dict[DType, _V]) -> dict[DType, _V]:
    """Check that a table has an entry for every kind. Raises LookupError."""
    _check_total(table, get_args(DType))
    return table


_NAN = float("nan")
ELEMENTS: Mapping[OutputDType, Element] = for_every_element(
    {
        "float32": Element("float32", np.dtype(np.float32), float, _NAN, "number", "tensor(float)"),
        "float64": Element("float64", np.dtype(np.float64), float, _NAN, "number", "tensor(double)"),
        "int64": Element("int64", np.dtype(np.int64), int, 0, "decimal", "tensor(int64)"),
        "bool": Element("bool", np.dtype(np.bool_), bool, False, "boolean", "tensor(bool)"),
        "string": Element("string", np.dtype(object), str, "", "string", "tensor(string)"),
    }
)


# A timestamp is int64 microseconds since 1970-01-01T00:00:00Z, a date int64 days since 1970-01-01 (proleptic
# Gregorian), a time int64 microseconds since midnight, on no day in particular.
KINDS: Mapping[DType, Kind] = for_every_kind(
    {
        "float64": Kind("float64", "float64", is_number=True),
        "float32": Kind("float32", "float32", is_number=True, widens_to="float64"),
        "int64": Kind("int64", "int64", range=(INT64_MIN, INT64_MAX), is_number=True),
        "bool": Kind("bool", "bool"),
        "string": Kind("string", "string", is_ordered=False),
        "timestamp": Kind("timestamp", "int64", range=(TIMESTAMP_MIN, TIMESTAMP_MAX), tick_us=1),
        "date": Kind("date", "int64", range=(DATE_MIN, DATE_MAX), tick_us=DAY_US),
        "time": Kind("time", "int64", range=(0, DAY_US - 1), is_clock=True),
    }
)
DTYPES: tuple[DType, ...] = tuple(KINDS)
RANGES: Mapping[DType, tuple[int, int]] = {name: kind.range for name, kind in KINDS.items() if kind.range is not None}
TICKS_US: Mapping[DType, int] = {name: kind.tick_us for name, kind in KINDS.items() if kind.tick_us is not None}
# The kinds that are narrower than their elements: what a request sends outside of them is guarded.
LIMITS: Mapping[DType, tuple[int, int]] = {n: r for n, r in RANGES.items() if KINDS[n].is_time or KINDS[n].is_clock}
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
YEARS: Mapping[DType, tuple[int, int]] = {name: RANGES[name] for name, kind in KINDS.items() if kind.is_time}


@dataclass(frozen=True)
class ListOf:
    """`list<T>`: at most `length` items of a kind, to which it refers instead of repeating its facts.

    Outside the graph, rows of lists are a flat block: the items of all rows in order, and the length of each row. The
    graph gets `NAME` [N, length], padded with the zero of the item, and `NAME.length` int64 [N, 1]; with the signature
    `packed`, `length` adjacent columns of the item's tensor and one of int64. The empty list is a value; a null list
    is a False in `NAME.valid`, since a list is not a float. Items cannot be null, but float items can be NaN. In JSON a
    list is an array of items in their own form.
    """

    item: Kind
    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError(f"a list of at most {self.length} items")

    def __str__(self) -> str:
        return f"list<{self.item.name}>"

    @property
    def zero(self) -> tuple[Any, ...]:
        """The value stored under a null: no item."""
        return ()

    def tensors(self, name: str) -> tuple[tuple[str, InputElement, int], ...]:
        """(name, element, width) of the tensors for an input of that name."""
        return (name, self.item.element, self.length), (f"{name}.length", "int64", 1)

    def flat(self, rows: Sequence[Sequence[Any]]) -> tuple[Array, Array]:
        """The items of all rows [sum of lengths], and the lengths, int64 [N]."""
        items = [item for row in rows for item in row]
        return np.array(items, self.item.numpy), np.array([len(row) for row in rows], np.int64)

    def padded(self, items: Array, lengths: Array) -> Array:
        """[N, length]: a row of it is a function of that row alone. Raises ValueError for a list that is too long."""
        if (lengths > self.length).any():
            raise ValueError(f"row {int(np.argmax(lengths > self.length))} has more than {self.length} items")
        padded = np.full((len(lengths), self.length), self.item.zero, self.item.numpy)
        padded[np.arange(self.length) < lengths[:, None]] = items
        return padded
