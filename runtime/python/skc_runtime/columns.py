"""Convert one column of a request to the column of its input, or refuse it: the marshalling table, array by array.

Why in addition to `scalars.py`: a batch of a million rows must not cost a Python call for every value. Any value that
is not of the plain type goes through the scalar converter, so a list and an array of the same values are accepted or
refused alike.
"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skc_runtime import scalars
from skc_runtime.errors import RecordError, shown
from skc_runtime.kinds import ELEMENTS, INT64_MAX, Array
from skc_runtime.manifest import InputSpec
from skc_runtime.scalars import EXACT_FLOAT, Convert
from skc_runtime.texts import FEW, Texts, blank, of_strings

_EXACT = decimal.Context(prec=100)  # more digits than a decimal of Arrow has


@dataclass(frozen=True)
class RawColumn:
    """A column as a library represents it: bool, int, float, str objects, texts or datetime64, [N].

    `valid` is bool [N], None if nothing is missing. `zoned` marks instants that have a time zone. With a `scale`, the
    values are decimals: integers to be divided by ten to the power of it. With `codes`, int64 [N], `values` are entries
    of a dictionary, at least one, and row i has `values[codes[i]]`. `is_clock` marks microseconds since
    midnight.
    """

    values: Array | Texts
    valid: Array | None = None
    zoned: bool = False
    scale: int | None = None
    codes: Array | None = None
    is_clock: bool = False

    @property
    def rows(self) -> int:
        """N."""
        return len(self.values if self.codes is None else self.codes)

    def expanded(self) -> RawColumn:
        """The same column without a dictionary."""
        return self if self.codes is None else replace(self, values=self.values[self.codes], codes=None)


@dataclass(frozen=True)
class Column:
    """The values of an input, [N], of its element type, and for a nullable one that is not float64, which are valid."""

    values: Array | Texts
    valid: Array | None

    def at(self, rows: Array) -> Column:
        """Some of the rows, by their numbers, int64 [M]."""
        return Column(self.values[rows], None if self.valid is None else self.valid[rows])

    def lengths(self) -> Sequence[int]:
        """Those of its texts, [N]; none if it has other values."""
        if isinstance(self.values, Texts):
            lengths: list[int] = self.values.sizes.tolist()
            return lengths
        return list(map(len, self.values.tolist())) if self.values.dtype.kind == "O" else []

    def longest(self) -> int:
        """The length of the longest text."""
        return self.values.longest if isinstance(self.values, Texts) else max(self.lengths(), default=0)

    def value(self, row: int) -> object:
        """As a value of Python."""
        if isinstance(self.values, Texts):
            return self.values[row : row + 1].objects()[0]
        value = self.values[row]
        return value if isinstance(value, str) else value.item()


def null_column(spec: InputSpec, rows: int) -> Column:
    """A column that was not sent: all null if the input is nullable, else refused."""
    if not spec.nullable:
        raise scalars.missing_key(spec.name)
    return _nulls(spec, rows)


def _nulls(spec: InputSpec, rows: int) -> Column:
    element = spec.kind.element
    valid = None if spec.valid is None else np.zeros(rows, dtype=bool)
    if element == "string" and rows >= FEW:
        return Column(blank(rows), valid)
    return Column(np.full(rows, ELEMENTS[element].zero, dtype=ELEMENTS[element].numpy), valid)


def from_list(spec: InputSpec, convert: Convert, values: Sequence[object]) -> Column:
    """A column of Python values; `scalars.MISSING` stands for a missing key."""
    plain = spec.kind.python
    kinds = set(map(type, values))
    if kinds <= {plain} or (kinds == {plain, type(None)} and plain is not float):
        try:
            return _from_plain(spec, values, type(None) in kinds)
        except (OverflowError, RecordError):
            pass  # the scalar converters find the first row that is refused
    if plain is float and kinds == {float, type(None)} and spec.nullable and spec.nan == "null":
        return from_raw(spec, RawColumn(np.array(values, dtype=np.float64)))  # NumPy converts None to NaN
    converted = []
    for row, value in enumerate(values):
        try:
            converted.append(convert(value))
        except RecordError as error:
            raise error.at(spec.name, row) from None
    if spec.kind.is_float:
        return Column(np.array(converted, dtype=spec.kind.numpy), None)
    return _from_plain(spec, converted, spec.nullable)


def _from_plain(spec: InputSpec, values: Sequence[Any], has_none: bool) -> Column:
    """Values that are all of the same Python type, or None."""
    dtype = np.dtype(np.float64) if spec.kind.is_float else spec.kind.numpy
    if not has_none:
        return from_raw(spec, RawColumn(np.array(values, dtype=dtype)))
    valid = np.array([value is not None for value in values], dtype=bool)
    zero = spec.kind.zero
    filled = [zero if value is None else value for value in values]
    return from_raw(spec, RawColumn(np.array(filled, dtype=dtype), valid))


def from_raw(spec: InputSpec, raw: RawColumn) -> Column:
    """A column of another library. Raises RecordError with input and row."""
    try:
        return _from_raw(spec, raw)
    except RecordError as error:
        raise error.at(spec.name) from None


def _from_raw(spec: InputSpec, raw: RawColumn) -> Column:
    if raw.rows == 0:  # of any type: in many libraries an empty column has none
        return _nulls(spec, 0)
    raw = raw.expanded()
    valid = _present(spec, raw)
    if valid is not None and not valid.any():
        return _nulls(spec, len(valid))
    values = raw.values
    if isinstance(values, Texts):
        texts = values if valid is None else values.where(valid)
        if spec.type == "string" and texts.are_sound():
            return _column(spec, texts, valid)
        values = texts.objects()
    if raw.scale is not None:
        values = _of_decimals(spec, values, raw.scale, valid)
    if raw.is_clock and not spec.kind.is_clock:
        raise RecordError("wrong-type", f"expected a column for {spec.type}, got a column of times of day")
    values = _read_texts(spec, values, valid)
    if valid is None:
        return _column(spec, _typed(spec, values, raw.zoned), None)
    typed = _typed(spec, _zeroed(values, valid), raw.zoned)
    if not isinstance(typed, Texts):
        element = spec.kind.element
        typed = np.where(valid, typed, np.array(ELEMENTS[element].zero, dtype=ELEMENTS[element].numpy))
    return _column(spec, typed, valid)


def _column(spec: InputSpec, values: Array | Texts, valid: Array | None) -> Column:
    if spec.kind.is_float and not isinstance(values, Texts):
        _check_nan(spec, values, valid)
    if spec.valid is None:
        return Column(values, None)
    return Column(values, np.ones(len(values), dtype=bool) if valid is None else valid)


def _present(spec: InputSpec, raw: RawColumn) -> Array | None:
    """Where there is a value, None if everywhere. Refuses a null in an input that is not nullable."""
    valid, values = raw.valid, raw.values
    if isinstance(values, Texts):
        pass
    elif values.dtype.kind == "M":
        valid = _without(np.isnat(values), valid)
    elif values.dtype.kind == "f" and spec.kind.is_number and not spec.kind.is_float:
        valid = _without(np.isnan(values), valid)
    if valid is None or valid.all():
        return None
    if not spec.nullable:
        raise scalars.null_refused(spec.name, int(np.argmin(valid)))
    return valid


def _read_texts(spec: InputSpec, column: Array, valid: Array | None) -> Array:
    """A column of texts for an input whose values are not texts, such as dates, read one by one."""
    if column.dtype.kind not in "OUT" or not scalars.takes_text(spec):
        return column
    read = scalars.reader(spec)
    texts = column.tolist()
    values = np.zeros(len(texts), dtype=np.float64 if spec.kind.is_float else np.int64)
    for row in range(len(texts)) if valid is None else np.flatnonzero(valid).tolist():
        try:
            values[row] = read(texts[row])
        except RecordError as error:
            raise error.at(row=row) from None
    return values


def _of_decimals(spec: InputSpec, values: Array, scale: int, valid: Array | None) -> Array:
    """Decimals as the type of a number: the nearest float64, or an int64."""
    if not spec.kind.is_number:
        raise RecordError("wrong-type", f"expected a column for {spec.type}, got a column of decimals")
    numbers = np.zeros(len(values), dtype=np.float64 if spec.kind.is_float else np.int64)
    convert = scalars.to_float64 if spec.kind.is_float else scalars.to_int64
    for row in range(len(values)) if valid is None else np.flatnonzero(valid).tolist():
        try:
            numbers[row] = convert(decimal.Decimal(values[row]).scaleb(-scale, _EXACT))
        except RecordError as error:
            raise error.at(row=row) from None
    return numbers


def _zeroed(values: Array, valid: Array) -> Array:
    """Store the zero of the type under nulls, where there may be anything, including values that would be refused."""
    zero = "" if values.dtype.kind == "O" else np.zeros((), dtype=values.dtype)
    return np.where(valid, values, zero)


def _without(missing: Array, valid: Array | None) -> Array | None:
    if not missing.any():
        return valid
    present: Array = ~missing if valid is None else valid & ~missing
    return present


def _check_nan(spec: InputSpec, values: Array, valid: Array | None) -> None:
    """Refuse a NaN (as opposed to a null) if the input says so; otherwise it is null."""
    if spec.nullable and spec.nan == "null":
        return
    nan = np.isnan(values) if valid is None else np.isnan(values) & valid
    if not nan.any():
        return
    row = int(nan.argmax())
    if spec.nan == "error":
        raise scalars.nan_refused(spec.name, row)
    raise scalars.null_refused(spec.name, row)


def _typed(spec: InputSpec, values: Array, zoned: bool) -> Array | Texts:
    """[N] values, none missing, as the element type of the input."""
    match spec.type:
        case "float64":
            return _floats(values)
        case "float32":
            return _rounded(values)
        case "int64":
            return _truncated(values) if values.dtype.kind == "f" else _integers(values, "an integer")
        case "bool":
            if values.dtype.kind != "b":
                raise _wrong_dtype(values, "a bool", "0 and 1 are integers: send true or false")
            return values
        case "string":
            return _strings(values)
        case "timestamp" | "date":
            return _times(spec, values, zoned)
        case "time":
            return _integers(values, scalars.CLOCK)


def _wrong_dtype(values: Array, expected: str, hint: str | None = None) -> RecordError:
    kind = "strings" if values.dtype.kind in "OUT" else values.dtype
    return RecordError("wrong-type", f"expected {expected}, got a column of {kind}", hint=hint)


def _refuse_first(mask: Array, values: Array, error: Any) -> None:
    if mask.any():
        row = int(mask.argmax())
        raise error(values[row].item()).at(row=row)


def _floats(values: Array) -> Array:
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            converted = values.astype(np.float64, copy=False)
        if values.dtype.itemsize > 8:  # a long double is more precise
            _refuse_first((converted != values) & ~np.isnan(values), values, _not_float64)
        return converted
    if values.dtype.kind not in "iu":
        raise _wrong_dtype(values, "a number")
    converted = values.astype(np.float64)
    if values.dtype.itemsize < 8:
        return converted
    for row in np.flatnonzero((values > EXACT_FLOAT) | (values < -EXACT_FLOAT)).tolist():
        if int(converted[row]) != int(values[row]):
            raise _not_float64(int(values[row])).at(row=row)
    return converted


def _rounded(values: Array) -> Array:
    """The nearest float32, ties to even, of each float64."""
    if values.dtype == np.float32 or values.dtype == np.float16:
        return values.astype(np.float32, copy=False)
    floats = _floats(values)
    is_outside = (np.abs(floats) >= scalars.FLOAT32_OVERFLOW) & np.isfinite(floats)
    _refuse_first(is_outside, values, scalars.float32_overflow)
    return floats.astype(np.float32)


def _not_float64(value: object) -> RecordError:
    return scalars.not_exact(value, "float64")


def _truncated(values: Array) -> Array:
    """Floats that are integers, as int64."""
    if values.dtype.itemsize < 8:
        values = values.astype(np.float64)
    _refuse_first(~np.isfinite(values) | (np.floor(values) != values), values, scalars.not_integral)
    _refuse_first(np.abs(values) > EXACT_FLOAT, values, _not_int64)
    return values.astype(np.int64)


def _integers(values: Array, expected: str) -> Array:
    if values.dtype.kind not in "iu":
        raise _wrong_dtype(values, expected)
    if values.dtype == np.uint64:
        _refuse_first(values > INT64_MAX, values, scalars.overflow)
    return values.astype(np.int64, copy=False)


def _not_int64(value: object) -> RecordError:
    return scalars.not_exact(value, "int64: a float beyond 2^53 may represent several integers")


def _strings(values: Array) -> Array | Texts:
    """str objects. One join and one encode check all of them; the row is searched for only if one is refused."""
    if values.dtype.kind in "UT":
        values = values.astype(object)
    if values.dtype.kind != "O":
        hint = "decode bytes first" if values.dtype.kind == "S" else None
        raise _wrong_dtype(values, "a string", hint)
    texts = values.tolist()
    if set(map(type, texts)) <= {str}:
        if len(texts) < FEW:
            joined = "".join(texts)
            if "\0" not in joined and (joined.isascii() or _is_unicode(joined)):
                return values
        elif (sound := of_strings(texts)) is not None:
            return sound
    for row, text in enumerate(texts):
        try:
            texts[row] = scalars.to_string(text)
        except RecordError as error:
            raise error.at(row=row) from None
    return np.array(texts, dtype=object)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _times(spec: InputSpec, values: Array, zoned: bool) -> Array:
    rules = scalars.time_rules(spec.type)
    if values.dtype.kind != "M":
        return _integers(values, rules.expected)
    if zoned and not rules.is_instant:
        raise RecordError(
            "wrong-type",
            "expected a date, got an instant with a time zone",
            hint="which day an instant falls on depends on the zone: convert it to a date first",
        )
    return scalars.datetimes(values, spec.type, zoned=zoned, is_local=spec.timezone is not None)


def length_of(spec: InputSpec, data: object) -> int | None:
    """The rows of a column of a dict; None if it must be read to know. Raises RecordError for anything but a column."""
    if isinstance(data, np.ndarray) and data.ndim != 1:
        raise RecordError("wrong-shape", f"a column has one dimension, not shape {data.shape}", spec.name)
    if not scalars.is_column(data) and not hasattr(data, "__arrow_c_stream__"):
        raise _not_a_column(spec, data)
    return len(data) if hasattr(data, "__len__") else None


def same_length(spec: InputSpec, length: int | None, rows: int | None) -> int | None:
    """The number of rows, as far as it is known. Raises RecordError if a column has a different one."""
    if length is None or rows is None:
        return length if rows is None else rows
    if length != rows:
        message = f"{length} rows, but the previous columns have {rows}"
        raise RecordError("unequal-lengths", message, spec.name, hint="all columns must have the same length")
    return rows


def _not_a_column(spec: InputSpec, data: object) -> RecordError:
    message = f"expected a column, got {type(data).__name__} {shown(data)}"
    return RecordError("unsupported-data", message, spec.name, hint="a list, a NumPy array, or a series")


def from_any(spec: InputSpec, convert: Convert, data: object) -> Column:
    """A column of a dict: a list or tuple, an array, or a series of another library."""
    if isinstance(data, (list, tuple)):
        return from_list(spec, convert, data)
    if isinstance(data, np.ma.MaskedArray):
        present = ~np.ma.getmaskarray(data)
        return from_array(spec, convert, np.ma.getdata(data), present)
    if isinstance(data, np.ndarray):
        return from_array(spec, convert, data, None)
    if hasattr(data, "isna") and hasattr(data, "to_numpy"):
        return from_array(spec, convert, data.to_numpy(), ~np.asarray(data.isna().to_numpy(), dtype=bool))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes, bytearray)):
        return from_list(spec, convert, list(data))
    raise _not_a_column(spec, data)


def from_array(spec: InputSpec, convert: Convert, values: Array, valid: Array | None) -> Column:
    """A NumPy array [N]. Objects are Python values; a False in `valid` is null."""
    if values.ndim != 1:
        raise RecordError("wrong-shape", f"a column has one dimension, not shape {values.shape}", spec.name)
    if values.dtype.kind != "O":
        return from_raw(spec, RawColumn(values, valid))
    objects = values.tolist()
    if valid is not None:
        objects = [value if ok else None for value, ok in zip(objects, valid.tolist(), strict=True)]
    return from_list(spec, convert, objects)
