"""Convert requests to the tensors of the graph: a record, many records, columns by name, or a table of another library.

Why prepared per manifest: a single-row request takes a few tens of microseconds in all, so everything that can be known
in advance (names, converters, the order of tensor columns) is computed once, in `Marshaller`. It is immutable
afterwards, so threads can share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from skc_runtime import arrow, columns, json_request, scalars
from skc_runtime.columns import Column
from skc_runtime.errors import RecordError, SkcRuntimeError, shown
from skc_runtime.kinds import ELEMENTS, INT64_MAX, INT64_MIN, Array, InputElement
from skc_runtime.manifest import InputSpec, Manifest, TensorSpec
from skc_runtime.scalars import FLOAT32_OVERFLOW, MISSING, Convert, converter, is_column
from skc_runtime.texts import Texts, packed

Extra = Literal["error", "ignore"]
_LONGEST_WORD = 100  # only hints depend on it, and a hostile key may be long
Feeds = dict[str, Array]


@dataclass(frozen=True)
class Request:
    """The tensors of a single record, [1, width]."""

    feeds: Feeds

    def value(self, spec: InputSpec, row: int) -> object:
        """The value of an input."""
        value = self.feeds[spec.slot.tensor][row, spec.slot.column]
        return value if isinstance(value, str) else value.item()


@dataclass(frozen=True)
class Batch:
    """The columns [N] of all inputs, by name."""

    columns: Mapping[str, Column]
    rows: int

    def at(self, rows: Array) -> Batch:
        """Some of the rows, by their numbers, int64 [M]."""
        return Batch({name: column.at(rows) for name, column in self.columns.items()}, len(rows))

    def longest(self) -> int:
        """The length of the longest text."""
        return max((column.longest() for column in self.columns.values()), default=0)

    def lengths(self) -> list[int]:
        """The length of the longest text of each row."""
        return [max(row) for row in zip(*filter(None, (c.lengths() for c in self.columns.values())), strict=True)]

    def value(self, spec: InputSpec, row: int) -> object:
        """The value of an input."""
        return self.columns[spec.name].value(row)


@dataclass(frozen=True)
class _Lane:
    """All input columns of one element type: adjacent tensors, each a run of columns."""

    element: InputElement
    numpy: np.dtype[Any]
    zero: Any  # what is under a null
    fields: tuple[tuple[str, Convert], ...]  # the inputs with values in this lane, in the order of the manifest
    keys: tuple[str, ...]  # their names
    nullable: tuple[int, ...]  # those of them that have a companion `valid`
    order: tuple[int, ...] | None  # the lane's columns as indices into values + valid bits; None if that is their order
    tensors: tuple[tuple[str, int, int], ...]
    names: tuple[str, ...]  # of the tensors
    plain: frozenset[type]  # the types that are a value, or an allowed null, without conversion
    refuses_nan: bool  # NaN is refused for some input of floats


class Marshaller:
    """Turns requests for one manifest into tensors. Immutable, so safe to share between threads."""

    def __init__(self, manifest: Manifest) -> None:
        self._inputs = manifest.inputs
        self._tensors = manifest.tensors
        self._known = frozenset(i.name for i in manifest.inputs)
        self._converters = {i.name: converter(i) for i in manifest.inputs}
        self._one_by_one = manifest.signature == "columns"
        lanes = [_lane(manifest, element, self._converters) for element in _LANES]
        self._lanes = tuple(lane for lane in lanes if lane.tensors)

    def request(self, data: object, extra: Extra) -> Request | Batch:
        """A dict as one record, a list of dicts as records, a table by its columns. Raises RecordError."""
        check_extra(extra)
        if isinstance(data, Mapping):
            return self._record(data, extra)
        if isinstance(data, (list, tuple)):
            return self._records(data, extra)
        if arrow.can_read(data):
            try:
                return self._arrow(data)
            except (ImportError, arrow.NotExportedError):
                pass  # pandas without pyarrow, or with objects of several types in a column
        if not hasattr(data, "collect") and hasattr(data, "columns") and hasattr(data, "__getitem__"):
            return self._frame(data)
        raise _unsupported(data)

    def record(self, data: object, extra: Extra) -> Request:
        """One record. Raises RecordError."""
        check_extra(extra)
        if not isinstance(data, Mapping):
            raise _not_a_record(data, "a dict")
        return self._record(data, extra)

    def records(self, data: object, extra: Extra) -> Batch:
        """A list of records. Raises RecordError with the row."""
        check_extra(extra)
        if not isinstance(data, (list, tuple)):
            message = f"expected records, got {type(data).__name__} {shown(data)}"
            raise RecordError("unsupported-data", message, hint="a list of dicts")
        return self._records(data, extra)

    def columns(self, data: object, extra: Extra) -> Batch:
        """Columns by the names of inputs. Raises RecordError with the input and the row."""
        check_extra(extra)
        if not isinstance(data, Mapping):
            message = f"expected columns, got {type(data).__name__} {shown(data)}"
            hint = "a dict of lists, arrays or series; a whole table goes to `transform`"
            raise RecordError("unsupported-data", message, hint=hint)
        return self._columns(data, extra)

    def json(self, body: object, extra: Extra) -> Request | Batch:
        """JSON of one record, of records, or of columns. Raises RecordError."""
        check_extra(extra)
        form, data = json_request.read(body)
        if extra == "ignore":  # ignored values are not inspected later
            json_request.check_depth(data)
        try:
            if form == "record":
                return self._record(data, extra)
            return self._records(data, extra) if form == "records" else self._columns(data, extra)
        except RecordError:
            json_request.check_depth(data)  # an unknown key may be nested: too deep JSON takes precedence over it
            raise

    def _record(self, record: Mapping[Any, object], extra: Extra) -> Request:
        if extra == "error" and not self._known.issuperset(record):
            raise self._unknown_key(record)
        get = record.get
        feeds: Feeds = {}
        bits: list[bool] = []
        try:
            for lane in self._lanes:
                row: list[Any] = list(map(get, lane.keys))
                if not _is_plain(lane, row):
                    row = [convert(get(name, MISSING)) for name, convert in lane.fields]
                self._put(feeds, lane, row, bits)
        except RecordError:
            self._refuse_values(record)  # the first of several refusals in the manifest's order, as in a batch
            raise
        return Request(feeds)

    def _refuse_values(self, record: Mapping[Any, object]) -> None:
        """Raise the refusal of the first input, in the manifest's order, whose value is refused."""
        for spec in self._inputs:
            self._converters[spec.name](record.get(spec.name, MISSING))

    def _put(self, feeds: Feeds, lane: _Lane, row: list[Any], bits: list[bool]) -> None:
        """Add the tensors of one lane of a record; a null becomes a zero and a False in `valid`."""
        if lane.nullable:
            if None in row:
                present = row if len(lane.nullable) == len(row) else [row[i] for i in lane.nullable]
                bits += [value is not None for value in present]
                zero = lane.zero
                row = [zero if value is None else value for value in row]
            else:
                bits += [True] * len(lane.nullable)
        if lane.element == "bool":
            row += bits
        if lane.order is not None:
            row = [row[i] for i in lane.order]
        values = np.array(row, dtype=lane.numpy)
        if self._one_by_one:
            feeds.update(zip(lane.names, values.reshape(-1, 1, 1), strict=True))
            return
        values = values.reshape(1, -1)
        if len(lane.names) == 1:
            feeds[lane.names[0]] = values
            return
        for tensor, start, stop in lane.tensors:
            feeds[tensor] = values[:, start:stop]

    def _unknown_key(self, record: Mapping[Any, object]) -> RecordError:
        """Report the first unknown key by UTF-8 bytes: the same in every language, whatever the order of the keys."""
        import difflib  # only an error needs it

        unknown = [key for key in record if key not in self._known]
        texts = [key for key in unknown if isinstance(key, str)]
        key = min(texts, key=_utf8) if texts else unknown[0]
        is_word = isinstance(key, str) and len(key) <= _LONGEST_WORD
        near = difflib.get_close_matches(key, self._known, n=1) if is_word else []
        hint = f"did you mean `{near[0]}`?" if near else 'leave it out, or pass extra="ignore"'
        name = key if isinstance(key, str) else shown(key)
        return RecordError("unknown-key", f"the pipeline has no input {shown(key)}", name, hint=hint)

    def _records(self, records: Sequence[object], extra: Extra) -> Batch:
        """If several rows are refused, the first one is reported, as when reading row by row."""
        maps: list[Mapping[Any, object]] = []
        for row, record in enumerate(records):
            if not isinstance(record, Mapping):
                self._refuse_rows(maps)
                raise _not_a_record(record, "each row is a dict").at(row=row)
            if extra == "error" and not self._known.issuperset(record):
                self._refuse_rows(maps)
                raise self._unknown_key(record).at(row=row)
            maps.append(record)
        values_by_input: dict[str, Column] = {}
        try:
            for spec in self._inputs:
                values = [record.get(spec.name, MISSING) for record in maps]
                values_by_input[spec.name] = columns.from_list(spec, self._converters[spec.name], values)
        except RecordError:
            self._refuse_rows(maps)
            raise
        return self._batch(values_by_input, len(maps))

    def _refuse_rows(self, records: Sequence[Mapping[Any, object]]) -> None:
        for row, record in enumerate(records):
            try:
                self._refuse_values(record)
            except RecordError as error:
                raise error.at(row=row) from None

    def _columns(self, data: Mapping[Any, object], extra: Extra) -> Batch:
        """First check what does not depend on values: unknown keys, missing columns, lengths."""
        if extra == "error" and not self._known.issuperset(data):
            raise self._unknown_key(data)
        rows: int | None = None
        for spec in self._inputs:
            if spec.name in data:
                rows = columns.same_length(spec, columns.length_of(spec, data[spec.name]), rows)
            elif not spec.nullable:
                raise scalars.missing_key(spec.name)
        columns_by_input = {
            spec.name: self._column(spec, data[spec.name]) for spec in self._inputs if spec.name in data
        }
        for spec in self._inputs:
            if spec.name in columns_by_input:  # again, for an Arrow stream, whose length is known only now
                rows = columns.same_length(spec, len(columns_by_input[spec.name].values), rows)
        return self._batch(columns_by_input, _rows_of_others(data) if rows is None else rows)

    def _column(self, spec: InputSpec, data: object) -> Column:
        if arrow.can_read(data):
            try:
                return columns.from_raw(spec, arrow.read_column(data))
            except (ImportError, arrow.NotExportedError):
                pass  # as for a table
            except RecordError as error:
                raise error.at(spec.name) from None
        return columns.from_any(spec, self._converters[spec.name], data)

    def _arrow(self, data: object) -> Batch:
        raw, rows = arrow.read_table(data, self._known)
        specs = [spec for spec in self._inputs if spec.name in raw]
        return self._batch({spec.name: columns.from_raw(spec, raw[spec.name]) for spec in specs}, rows)

    def _frame(self, data: Any) -> Batch:
        """A data frame by duck typing, as pandas has it: `columns`, `frame[name]`, and series with `isna`,
        `to_numpy`.
        """
        names = list(data.columns)
        series: dict[str, object] = {}
        for name in names:
            if name in self._known:
                if names.count(name) > 1:
                    raise RecordError("duplicate-column", "the table has several columns of this name", name)
                series[name] = data[name]
        columns_by_input = {
            spec.name: columns.from_any(spec, self._converters[spec.name], series[spec.name])
            for spec in self._inputs
            if spec.name in series
        }
        return self._batch(columns_by_input, len(data))

    def _batch(self, columns_by_input: dict[str, Column], rows: int) -> Batch:
        for spec in self._inputs:
            if spec.name not in columns_by_input:
                columns_by_input[spec.name] = columns.null_column(spec, rows)
        return Batch(columns_by_input, rows)

    def feeds(self, batch: Batch, chunk: slice) -> Feeds:
        """The tensors of some rows of a batch."""
        parts: dict[str, dict[int, Array | Texts]] = {tensor.name: {} for tensor in self._tensors}
        for spec in self._inputs:
            column = batch.columns[spec.name]
            parts[spec.slot.tensor][spec.slot.column] = column.values[chunk]
            if spec.valid is not None and column.valid is not None:
                parts[spec.valid.tensor][spec.valid.column] = column.valid[chunk]
        return {tensor.name: _tensor(tensor, parts[tensor.name]) for tensor in self._tensors}


def _tensor(tensor: TensorSpec, columns: Mapping[int, Array | Texts]) -> Array:
    """[N, width] of its columns [N] by their number."""
    if tensor.dtype == "string":
        return packed([columns[k] for k in range(tensor.width)])
    if tensor.width == 1:
        return np.ascontiguousarray(columns[0]).reshape(-1, 1)
    values = np.empty((len(columns[0]), tensor.width), dtype=ELEMENTS[tensor.dtype].numpy)
    for k, column in columns.items():
        values[:, k] = column
    return values


def _rows_of_others(data: Mapping[Any, Any]) -> int:
    """The number of rows if no column is an input: the length of the first extra column by UTF-8 bytes."""
    names = [name for name in data if isinstance(name, str) and is_column(data[name])]
    return len(data[min(names, key=_utf8)]) if names else 0


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def check_extra(extra: Extra) -> None:
    if extra not in ("error", "ignore"):
        raise SkcRuntimeError("invalid-option", f"extra={shown(extra)}", hint='"error" or "ignore"')


def _not_a_record(data: object, hint: str) -> RecordError:
    return RecordError("unsupported-data", f"expected a record, got {type(data).__name__} {shown(data)}", hint=hint)


def _unsupported(data: object) -> RecordError:
    hint = "a dict, a list of dicts, or a table that exports Arrow; a dict of columns goes to `transform_columns`"
    if hasattr(data, "collect"):  # Polars or Spark
        hint = "its rows are not computed yet: call collect() first"
    elif hasattr(data, "to_dict"):
        hint = "one row of a pandas table is table.iloc[[i]], which keeps the type of each column"
    text = " ".join(shown(data).split())  # some libraries draw whole tables
    message = f"{type(data).__name__} {text} is neither a record nor records, columns or a table"
    return RecordError("unsupported-data", message, hint=hint)


def _is_plain(lane: _Lane, row: list[Any]) -> bool:
    """Whether every value of a lane has the type of the tensor, or is an allowed null: nothing needs converting.

    Why: this holds for nearly every request, and one check of all values costs a fifth of checking each.
    """
    if not lane.plain.issuperset(map(type, row)):
        return False
    match lane.element:
        case "float64":
            return not lane.refuses_nan or all(value == value for value in row)
        case "float32":
            if lane.refuses_nan and any(value != value for value in row):
                return False
            return not any(value is not None and abs(value) >= FLOAT32_OVERFLOW for value in row)
        case "int64":
            return all(INT64_MIN <= value <= INT64_MAX for value in row if value is not None)
        case "string":
            return _is_sound("".join(filter(None, row)))
        case "bool":
            return True


def _is_sound(text: str) -> bool:
    """Whether every language can pass the text to the graph: no NUL and no lone surrogate."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def _lane(manifest: Manifest, element: InputElement, converters: Mapping[str, Convert]) -> _Lane:
    specs = [spec for spec in manifest.inputs if spec.kind.element == element]
    slots = [spec.slot for spec in specs]
    if element == "bool":  # the valid bits in the order in which the lanes produce them
        slots += [spec.valid for kind in _LANES for spec in _with_valid(manifest, kind) if spec.valid]
    tensors = [tensor for tensor in manifest.tensors if tensor.dtype == element]
    starts: dict[str, int] = {}
    width = 0
    for tensor in tensors:
        starts[tensor.name], width = width, width + tensor.width
    index = {starts[slot.tensor] + slot.column: i for i, slot in enumerate(slots)}
    order = tuple(index[k] for k in range(width))
    plain = ELEMENTS[element].python
    admits_null = all(spec.nullable for spec in specs)
    return _Lane(
        element=element,
        numpy=ELEMENTS[element].numpy,
        zero=ELEMENTS[element].zero,
        fields=tuple((spec.name, converters[spec.name]) for spec in specs),
        keys=tuple(spec.name for spec in specs),
        nullable=tuple(i for i, spec in enumerate(specs) if spec.valid is not None),
        order=None if order == tuple(range(width)) else order,
        tensors=tuple((t.name, starts[t.name], starts[t.name] + t.width) for t in tensors),
        names=tuple(t.name for t in tensors),
        plain=frozenset([plain, type(None)] if admits_null else [plain]),
        refuses_nan=not admits_null or any(spec.nan == "error" for spec in specs),
    )


# bool last: it has the valid bits
_LANES: tuple[InputElement, ...] = (*(e for e in get_args(InputElement) if e != "bool"), "bool")


def _with_valid(manifest: Manifest, element: InputElement) -> list[InputSpec]:
    return [i for i in manifest.inputs if i.kind.element == element and i.valid is not None]
