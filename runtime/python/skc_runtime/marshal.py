"""Requests made into the tensors of the graph: a record, many records, a dict of columns, or a table of some
library.

Why prepared per manifest: a single-row request has a few tens of microseconds in all, so what can be known
before it comes (names, converters, the order of tensor columns) is worked out once, in `Marshaller`. Nothing
in it changes afterwards, so threads share it freely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skc_runtime import arrow, columns
from skc_runtime.columns import DTYPES, ZEROS, Column
from skc_runtime.errors import RecordError, SkcRuntimeError, shown
from skc_runtime.manifest import ELEMENT_OF, Element, InputSpec, Manifest
from skc_runtime.scalars import INT64_MAX, INT64_MIN, MISSING, Array, Convert, converter

Extra = Literal["error", "ignore"]
Feeds = dict[str, Array]


@dataclass(frozen=True)
class Request:
    """Tensors for the graph. `rows` is None for a single record, whose tensors have one row."""

    feeds: Feeds
    rows: int | None


@dataclass(frozen=True)
class _Lane:
    """All input columns of one element type: tensors side by side, each a run of columns."""

    element: Element
    fields: tuple[tuple[str, Convert], ...]  # the inputs whose values lie here, in the order of the manifest
    keys: tuple[str, ...]  # their names
    nullable: tuple[int, ...]  # those of them that have a companion `valid`
    order: tuple[int, ...] | None  # the lane's columns as places in values + valid bits; None if that is their order
    tensors: tuple[tuple[str, int, int], ...]
    names: tuple[str, ...]  # of the tensors
    plain: frozenset[type]  # the types that mean a value, or an admitted null, without any conversion
    refuses_nan: bool  # for some float64 input NaN is not simply null


class Marshaller:
    """Turns requests for one manifest into tensors. Immutable, so safe to share between threads."""

    def __init__(self, manifest: Manifest) -> None:
        self._inputs = manifest.inputs
        self._tensors = manifest.tensors
        self._known = frozenset(i.name for i in manifest.inputs)
        self._converters = {i.name: converter(i) for i in manifest.inputs}
        self._one_by_one = manifest.signature == "columns"
        elements: tuple[Element, ...] = (
            "float64",
            "int64",
            "string",
            "bool",
        )  # bool last: it holds the valid bits
        lanes = [_lane(manifest, element, self._converters) for element in elements]
        self._lanes = tuple(lane for lane in lanes if lane.tensors)

    def request(self, data: object, extra: Extra) -> Request:
        """Tell what was given, and marshal it. Raises RecordError."""
        if extra not in ("error", "ignore"):
            raise SkcRuntimeError("invalid-option", f"extra={shown(extra)}", hint='"error" or "ignore"')
        if isinstance(data, (list, tuple)):
            return self._records(data, extra)
        if isinstance(data, Mapping):
            return self._columns(data) if self._holds_columns(data) else self._record(data, extra)
        if arrow.can_read(data):
            try:
                return self._arrow(data)
            except (ImportError, arrow.NotExportedError):
                pass  # pandas without pyarrow, or with objects of several types in a column
        if not hasattr(data, "collect") and hasattr(data, "columns") and hasattr(data, "__getitem__"):
            return self._frame(data)
        raise _unsupported(data)

    def _holds_columns(self, data: Mapping[Any, object]) -> bool:
        """By the first value of a known input: a request is all columns or all scalars."""
        for key, value in data.items():
            if key in self._known:
                return is_column(value)
        return any(is_column(value) for value in data.values())

    def _record(self, record: Mapping[Any, object], extra: Extra) -> Request:
        if extra == "error" and not self._known.issuperset(record):
            raise self._unknown_key(record)
        get = record.get
        feeds: Feeds = {}
        bits: list[bool] = []
        try:
            for lane in self._lanes:
                row: list[Any] = [get(key) for key in lane.keys]
                if not _is_plain(lane, row):
                    row = [convert(get(name, MISSING)) for name, convert in lane.fields]
                self._put(feeds, lane, row, bits)
        except RecordError:
            for spec in self._inputs:  # of several refusals the first in the manifest's order, as in a batch
                self._converters[spec.name](get(spec.name, MISSING))
            raise
        return Request(feeds, None)

    def _put(self, feeds: Feeds, lane: _Lane, row: list[Any], bits: list[bool]) -> None:
        """The tensors of one lane of a record; a null becomes a zero and a bit that says so."""
        bits += [row[i] is not None for i in lane.nullable]
        if lane.nullable and None in row:
            row = [ZEROS[lane.element] if value is None else value for value in row]
        if lane.element == "bool":
            row += bits
        if lane.order is not None:
            row = [row[i] for i in lane.order]
        values = np.array(row, dtype=DTYPES[lane.element])
        if self._one_by_one:
            feeds.update(zip(lane.names, values.reshape(-1, 1, 1), strict=True))
            return
        values = values.reshape(1, -1)
        for tensor, start, stop in lane.tensors:
            feeds[tensor] = values[:, start:stop]

    def _unknown_key(self, record: Mapping[Any, object]) -> RecordError:
        import difflib  # only an error needs it

        key = next(key for key in record if key not in self._known)
        near = difflib.get_close_matches(key, self._known, n=1) if isinstance(key, str) else []
        hint = f"did you mean `{near[0]}`?" if near else 'leave it out, or pass extra="ignore"'
        name = key if isinstance(key, str) else shown(key)
        return RecordError("unknown-key", f"the pipeline has no input {shown(key)}", name, hint=hint)

    def _records(self, records: Sequence[object], extra: Extra) -> Request:
        for row, record in enumerate(records):
            if not isinstance(record, Mapping):
                message = f"a record is wanted, not {type(record).__name__} {shown(record)}"
                raise RecordError("unsupported-data", message, row=row, hint="each row is a dict")
            if extra == "error" and not self._known.issuperset(record):
                raise self._unknown_key(record).at(row=row)
        found: dict[str, Column] = {}
        for spec in self._inputs:
            values = [record.get(spec.name, MISSING) for record in records]  # type: ignore[attr-defined]  # checked above
            found[spec.name] = columns.from_list(spec, self._converters[spec.name], values)
        return Request(self._feeds(found, len(records)), len(records))

    def _columns(self, data: Mapping[Any, object]) -> Request:
        found: dict[str, Column] = {}
        for spec in self._inputs:
            if spec.name in data:
                found[spec.name] = self._column(spec, data[spec.name])
        if not found:
            lengths = [len(value) for value in data.values() if is_column(value)]  # type: ignore[arg-type]  # a column has a length
            return self._batch(found, lengths[0] if lengths else 0)
        rows = len(next(iter(found.values())).values)
        for name, column in found.items():
            if len(column.values) != rows:
                raise RecordError(
                    "unequal-lengths",
                    f"{len(column.values)} rows, where the columns before have {rows}",
                    name,
                )
        return self._batch(found, rows)

    def _column(self, spec: InputSpec, given: object) -> Column:
        if arrow.can_read(given):
            try:
                return columns.from_raw(spec, arrow.read_column(given))
            except (ImportError, arrow.NotExportedError):
                pass  # as for a table
            except RecordError as error:
                raise error.at(spec.name) from None
        return columns.from_any(spec, self._converters[spec.name], given)

    def _arrow(self, data: object) -> Request:
        raw, rows = arrow.read_table(data, self._known)
        specs = [spec for spec in self._inputs if spec.name in raw]
        return self._batch({spec.name: columns.from_raw(spec, raw[spec.name]) for spec in specs}, rows)

    def _frame(self, data: Any) -> Request:
        """A data frame by duck typing, as pandas has it: `columns`, `frame[name]`, and series with `isna`,
        `to_numpy`.
        """
        names = list(data.columns)
        given: dict[str, object] = {}
        for name in names:
            if name in self._known:
                if names.count(name) > 1:
                    raise RecordError("duplicate-column", "the table has several columns of this name", name)
                given[name] = data[name]
        found = {
            spec.name: columns.from_any(spec, self._converters[spec.name], given[spec.name])
            for spec in self._inputs
            if spec.name in given
        }
        return self._batch(found, len(data))

    def _batch(self, found: dict[str, Column], rows: int) -> Request:
        for spec in self._inputs:
            if spec.name not in found:
                found[spec.name] = columns.null_column(spec, rows)
        return Request(self._feeds(found, rows), rows)

    def _feeds(self, found: Mapping[str, Column], rows: int) -> Feeds:
        parts: dict[str, dict[int, Array]] = {tensor.name: {} for tensor in self._tensors}
        for spec in self._inputs:
            column = found[spec.name]
            parts[spec.slot.tensor][spec.slot.column] = column.values
            if spec.valid is not None and column.valid is not None:
                parts[spec.valid.tensor][spec.valid.column] = column.valid
        feeds: Feeds = {}
        for tensor in self._tensors:
            if tensor.width == 1:
                feeds[tensor.name] = np.ascontiguousarray(parts[tensor.name][0]).reshape(-1, 1)
                continue
            feeds[tensor.name] = np.empty((rows, tensor.width), dtype=DTYPES[tensor.dtype])
            for k, values in parts[tensor.name].items():
                feeds[tensor.name][:, k] = values
        return feeds


def _unsupported(data: object) -> RecordError:
    hint = "a dict, a list of dicts, a dict of lists or arrays, or a table that exports Arrow"
    if hasattr(data, "collect"):  # of Polars or Spark
        hint = "its rows are not there yet: collect() them first"
    elif hasattr(data, "to_dict"):
        hint = "for one row of a pandas table give row.to_dict()"
    told = " ".join(shown(data).split())  # some libraries draw whole tables
    message = f"{type(data).__name__} {told} is neither a record nor records, columns or a table"
    return RecordError("unsupported-data", message, hint=hint)


def _is_plain(lane: _Lane, row: list[Any]) -> bool:
    """Whether every value of a lane is what the tensor wants, or a null that is admitted; nothing needs converting.

    Why: nearly every request is so, and one look at all values of a type costs a fifth of a look at each.
    """
    if not lane.plain.issuperset(map(type, row)):
        return False
    match lane.element:
        case "float64":
            return not lane.refuses_nan or all(value == value for value in row)
        case "int64":
            return all(INT64_MIN <= value <= INT64_MAX for value in row if value is not None)
        case "string":
            return _is_sound("".join(filter(None, row)))
        case "bool":
            return True


def _is_sound(text: str) -> bool:
    """No NUL and no lone surrogate: what every language can hand to the graph."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def is_column(value: object) -> bool:
    """Whether a value of a dict is a column: whatever has a length, but texts and mappings."""
    if isinstance(value, (float, int, str, type(None))):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__len__") and not isinstance(value, (bytes, bytearray, Mapping))


def _lane(manifest: Manifest, element: Element, converters: Mapping[str, Convert]) -> _Lane:
    specs = [spec for spec in manifest.inputs if ELEMENT_OF[spec.type] == element]
    slots = [spec.slot for spec in specs]
    if element == "bool":  # the valid bits in the order in which the lanes give them
        slots += [spec.valid for kind in _VALID_ORDER for spec in _with_valid(manifest, kind) if spec.valid]
    tensors = [tensor for tensor in manifest.tensors if tensor.dtype == element]
    starts: dict[str, int] = {}
    width = 0
    for tensor in tensors:
        starts[tensor.name], width = width, width + tensor.width
    place = {starts[slot.tensor] + slot.column: i for i, slot in enumerate(slots)}
    order = tuple(place[k] for k in range(width))
    admits_null = all(spec.nullable for spec in specs)
    return _Lane(
        element=element,
        fields=tuple((spec.name, converters[spec.name]) for spec in specs),
        keys=tuple(spec.name for spec in specs),
        nullable=tuple(i for i, spec in enumerate(specs) if spec.valid is not None),
        order=None if order == tuple(range(width)) else order,
        tensors=tuple((t.name, starts[t.name], starts[t.name] + t.width) for t in tensors),
        names=tuple(t.name for t in tensors),
        plain=frozenset([_PLAIN[element], type(None)] if admits_null else [_PLAIN[element]]),
        refuses_nan=not admits_null or any(spec.nan == "error" for spec in specs),
    )


_PLAIN: Mapping[Element, type] = {"float64": float, "int64": int, "string": str, "bool": bool}


_VALID_ORDER: tuple[Element, ...] = ("int64", "string", "bool")


def _with_valid(manifest: Manifest, element: Element) -> list[InputSpec]:
    return [i for i in manifest.inputs if ELEMENT_OF[i.type] == element and i.valid is not None]
