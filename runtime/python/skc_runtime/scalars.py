"""Convert one value of a request to the value of its input, or refuse it: the marshalling table, value by value.

`schemas/marshalling.v1.json` is this table as data, for every language. `columns.py` implements the same for whole
arrays.
"""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc_runtime import iso_time
from skc_runtime.errors import RecordError, shown
from skc_runtime.kinds import (
    DAY_US,
    INT64_MAX,
    INT64_MIN,
    LARGEST_FLOAT32,
    LIMITS,
    TICKS_US,
    Array,
    DType,
    for_every_kind,
)
from skc_runtime.manifest import InputSpec
from skc_runtime.number_text import read_number

Convert = Callable[[object], Any]

EXACT_FLOAT = 2**53  # every integer up to here is a float64
NAN = math.nan
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = datetime.timedelta(microseconds=1)


class _Missing:
    """The value of a missing key."""

    def __repr__(self) -> str:
        return "<missing>"


MISSING = _Missing()


def converter(spec: InputSpec) -> Convert:
    """A function that converts a request's value to that of the input: None for null (NaN for float64), RecordError if
    refused.

    Why two stages: the first line handles the values of nearly every request without another call.
    """
    slow = _checked(spec)
    match spec.kind.element:
        case "float64":
            return lambda value: value if type(value) is float and value == value else slow(value)
        case "float32":
            return slow
        case "string":
            return lambda value: value if type(value) is str and value.isascii() and "\0" not in value else slow(value)
        case "bool":
            return lambda value: value if type(value) is bool else slow(value)
        case "int64":
            return lambda value: value if type(value) is int and INT64_MIN <= value <= INT64_MAX else slow(value)


def _checked(spec: InputSpec) -> Convert:
    """The whole table for one input."""
    name, is_float = spec.name, spec.kind.is_float
    null = NAN if is_float else None
    of_type = reader(spec)

    def convert(value: object) -> Any:
        if value is MISSING and not spec.nullable:
            raise missing_key(name)
        if value is MISSING or is_null(value) or (not is_float and is_nan(value)):
            if not spec.nullable:
                raise null_refused(name)
            return null
        try:
            converted = of_type(value)
        except RecordError as error:
            raise error.at(name) from None
        if converted != converted:  # NaN, which only a float64 can be
            if spec.nan == "error":
                raise nan_refused(name)
            if not spec.nullable:
                raise null_refused(name)
        return converted

    return convert


def is_null(value: object) -> bool:
    """None, and the missing values of NumPy and pandas (recognised without importing pandas)."""
    if value is None:
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    kind = type(value)
    return kind.__name__ in ("NAType", "NaTType") and kind.__module__.partition(".")[0] == "pandas"


def is_nan(value: object) -> bool:
    """A NaN. In an input that is not a float it is what pandas puts for a missing value, in a row as a dict."""
    return isinstance(value, (float, np.floating)) and value != value


def missing_key(name: str) -> RecordError:
    return RecordError(
        "missing-key",
        "the input is missing, and is not nullable",
        name,
        hint="send it, or declare it nullable",
    )


def null_refused(name: str, row: int | None = None) -> RecordError:
    return RecordError(
        "null",
        "the input is null, and is not nullable",
        name,
        row,
        hint="send a value, or declare it nullable",
    )


def nan_refused(name: str, row: int | None = None) -> RecordError:
    return RecordError("nan", "the input is NaN, which `nan: error` forbids", name, row, hint="send null instead")


_COLUMNS_HINT = 'a record has one value for each input; columns go to `transform_columns`, in JSON as {"columns": …}'


def is_column(value: object) -> bool:
    """Whether a value of a dict is a column: anything with a length, except texts and mappings."""
    if isinstance(value, (float, int, str, type(None))):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__len__") and not isinstance(value, (bytes, bytearray, Mapping))


def wrong_type(value: object, expected: str, hint: str | None = None) -> RecordError:
    if hint is None and is_column(value):
        hint = _COLUMNS_HINT
    return RecordError("wrong-type", f"expected {expected}, got {type(value).__name__} {shown(value)}", hint=hint)


def not_exact(value: object, kind: str) -> RecordError:
    return RecordError("not-exact", f"{shown(value)} is not exact as {kind}", hint="round it first, the way you intend")


def not_integral(value: object) -> RecordError:
    return RecordError("not-integral", f"{shown(value)} is not an integer", hint="round it first, the way you intend")


def overflow(value: object) -> RecordError:
    return RecordError(
        "int64-overflow",
        f"{shown(value)} is outside int64",
        hint="-9223372036854775808 to 9223372036854775807",
    )


def is_integer(value: Any) -> bool:
    """Whether it is an integer, of Python or NumPy; a bool is not one, nor is a duration."""
    if isinstance(value, np.integer):
        return not isinstance(value, np.timedelta64)
    return isinstance(value, int) and not isinstance(value, bool)


def to_float64(value: Any) -> float:
    if isinstance(value, (float, np.floating)):
        converted = float(value)
        if converted != value and value == value:  # a long double is more precise
            raise not_exact(value, "float64")
        return converted
    if isinstance(value, decimal.Decimal):
        return _nearest(value)
    if not is_integer(value):
        raise wrong_type(value, "a number", _number_hint(value))
    integer = int(value)
    try:
        converted = float(integer)
    except OverflowError:
        raise not_exact(value, "float64") from None
    if int(converted) != integer:
        raise not_exact(value, "float64")
    return converted


def _nearest(value: decimal.Decimal) -> float:
    """The nearest float64 of a decimal, which is rounded as the text of a number is."""
    converted = math.nan if value.is_nan() else float(value)
    if math.isinf(converted) and value.is_finite():
        raise not_exact(value, "float64")
    return converted


# The middle of the largest float32 and the next power of two, which rounds to infinity, as everything beyond it.
FLOAT32_OVERFLOW = 2.0**128 - 2.0**103


def to_float32(value: Any) -> float:
    """The nearest float32, ties to even, of the float64 that the value is; as Python's float.

    Why by way of float64: a JSON number is one in every language, and text in a file must mean the same.
    """
    number = to_float64(value)
    if FLOAT32_OVERFLOW <= abs(number) < math.inf:
        raise float32_overflow(value)
    return float(np.float32(number))


def float32_overflow(value: object) -> RecordError:
    return RecordError(
        "float32-overflow",
        f"{shown(value)} is outside float32",
        hint=f"at most {LARGEST_FLOAT32!r} in magnitude; declare the input float64 if it needs more",
    )


def to_int64(value: object) -> int:
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not math.isfinite(number) or number != value or not number.is_integer():
            raise not_integral(value)
        if abs(number) > EXACT_FLOAT:
            raise not_exact(value, "int64: a float beyond 2^53 may represent several integers")
        return int(number)
    if isinstance(value, decimal.Decimal):
        return _whole(value)
    return _integer(value, "an integer", _number_hint(value))


def _number_hint(value: object) -> str | None:
    return "send a number, or declare the input with `text: number`" if isinstance(value, str) else None


_INT64_DIGITS = 19


def _whole(value: decimal.Decimal) -> int:
    """A decimal that is an integer. One of many digits costs nothing."""
    if not value.is_finite():
        raise not_integral(value)
    if value and value.adjusted() >= _INT64_DIGITS:
        raise overflow(value)
    if value and (value.adjusted() < 0 or value != value.to_integral_value()):
        raise not_integral(value)
    return _integer(int(value), "an integer")


def _integer(value: Any, expected: str, hint: str | None = None) -> int:
    if not is_integer(value):
        raise wrong_type(value, expected, hint)
    integer = int(value)
    if not INT64_MIN <= integer <= INT64_MAX:
        raise overflow(value)
    return integer


def to_bool(value: object) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise wrong_type(value, "a bool", hint="0 and 1 are integers: send true or false")
    return bool(value)


def to_string(value: object) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, str):
        raise wrong_type(value, "a string", hint="decode bytes first" if isinstance(value, bytes) else None)
    text = str.__str__(value)  # the text itself, also of a subclass such as an enumeration
    check_string(text)
    return text


def check_string(text: str) -> None:
    """Refuse text that some language or ONNX Runtime itself cannot represent."""
    if "\0" in text:
        raise RecordError(
            "nul-in-string", f"{shown(text)} contains a NUL", hint="ONNX Runtime would truncate the string there"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise RecordError("invalid-utf8", f"{shown(text)} contains a lone surrogate") from None


def to_timestamp(value: Any) -> int:
    """int64 microseconds since the epoch, UTC."""
    if isinstance(value, str):
        return iso_time.read_instant(str.__str__(value))
    if isinstance(value, np.datetime64):
        return from_datetime64(value, "timestamp")
    if not isinstance(value, datetime.datetime):
        return _integer(value, "a timestamp (int microseconds, an aware datetime, or ISO 8601 text)")
    if value.utcoffset() is None:
        raise RecordError(
            "naive-datetime",
            f"{shown(value)} has no time zone, so it does not identify an instant",
            hint="datetime.replace(tzinfo=datetime.timezone.utc), or the zone you intend",
        )
    if getattr(value, "nanosecond", 0):  # pandas.Timestamp
        raise not_exact(value, "microseconds")
    return _integer((value - EPOCH) // MICROSECOND, "a timestamp")


def to_local(value: Any) -> int:
    """int64 microseconds since 1970-01-01T00:00:00 of a local time."""
    if isinstance(value, str):
        return iso_time.read_local(str.__str__(value))
    if isinstance(value, np.datetime64):
        return from_datetime64(value, "timestamp", is_local=True)
    if not isinstance(value, datetime.datetime):
        return _integer(value, "a local time (a naive datetime, ISO 8601 text without an offset, or int microseconds)")
    if value.utcoffset() is not None:
        raise aware(value)
    if getattr(value, "nanosecond", 0):  # pandas.Timestamp
        raise not_exact(value, "microseconds")
    return _integer((value.replace(tzinfo=datetime.UTC) - EPOCH) // MICROSECOND, "a local time")


def aware(value: object) -> RecordError:
    message = f"{shown(value)} has a time zone, but the input is a local time"
    return RecordError("aware-datetime", message, hint=iso_time.AWARE)


def to_date(value: object) -> int:
    """int64 days since the epoch."""
    if isinstance(value, str):
        return iso_time.read_day(str.__str__(value))
    if isinstance(value, np.datetime64):
        return from_datetime64(value, "date")
    if isinstance(value, datetime.datetime):
        return _midnight(value)
    if isinstance(value, datetime.date):
        return value.toordinal() - EPOCH_DAY
    return _integer(value, "a date (int days, a date, or ISO 8601 text)")


def to_clock(value: object) -> int:
    """int64 microseconds since midnight."""
    if isinstance(value, str):
        return iso_time.read_clock(str.__str__(value))
    if not isinstance(value, datetime.time):
        return _integer(value, CLOCK)
    if value.tzinfo is not None:
        raise wrong_type(value, CLOCK, hint="a time of day has no zone: send .replace(tzinfo=None)")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


CLOCK = "a time (int microseconds since midnight, a time, or ISO 8601 text)"


def _midnight(value: datetime.datetime) -> int:
    """A time without a zone at midnight, by which pandas, which has no dates, means one."""
    if value.utcoffset() is not None:
        raise wrong_type(value, "a date", hint="which day an instant falls on depends on the zone: send .date()")
    if value.time() != datetime.time.min or getattr(value, "nanosecond", False):
        raise not_integral(value)
    return value.toordinal() - EPOCH_DAY


def from_datetime64(value: np.datetime64, kind: DType, *, is_local: bool = False) -> int:
    """NumPy's own dates and instants; see `datetimes`."""
    try:
        return int(datetimes(np.asarray(value).reshape(1), kind, is_local=is_local)[0])
    except RecordError as error:  # row 0 of an array built here is not a row of the request
        raise RecordError(error.code, error.message, hint=error.hint) from None


# The length of NumPy's units as a fraction of a microsecond: (numerator, denominator).
UNITS_US = {
    "W": (7 * DAY_US, 1),
    "D": (DAY_US, 1),
    "h": (3_600_000_000, 1),
    "m": (60_000_000, 1),
    "s": (1_000_000, 1),
    "ms": (1_000, 1),
    "us": (1, 1),
    "ns": (1, 1_000),
    "ps": (1, 1_000_000),
    "fs": (1, 1_000_000_000),
    "as": (1, 1_000_000_000_000),
}
_CALENDAR_LIMIT = 10_000_000  # years or months NumPy converts to days without overflow


def _not_microseconds(value: object) -> RecordError:
    return not_exact(value, "microseconds")


@dataclass(frozen=True)
class TimeRules:
    """What a kind of time takes of datetime64: an instant, whose time zone must be known, or a day, which must not
    depend on one. `between_ticks` is the error for a value that the kind cannot count.
    """

    expected: str
    is_instant: bool
    between_ticks: Callable[[object], RecordError]


TIMES: Mapping[DType, TimeRules | None] = for_every_kind(
    {
        "float64": None,
        "float32": None,
        "int64": None,
        "bool": None,
        "string": None,
        "timestamp": TimeRules("a timestamp (int microseconds, an instant, or ISO 8601 text)", True, _not_microseconds),
        "date": TimeRules("a date (int days, or ISO 8601 text)", False, not_integral),
        "time": None,
    }
)


def time_rules(kind: DType) -> TimeRules:
    """The rules of a kind of time. Raises TypeError for any other kind, which no caller passes."""
    rules = TIMES[kind]
    if rules is None:
        raise TypeError(f"{kind} is not a kind of time")
    return rules


def datetimes(values: Array, kind: DType, *, zoned: bool = False, is_local: bool = False) -> Array:
    """datetime64 [N] without NaT as the int64 of a kind of time. Raises RecordError, its row filled in.

    Units of a day or more are dates, the others times. A date is not an instant, nor is a time without a known zone
    (`zoned`), such as NumPy's own: both are refused as a timestamp. A local time (`is_local`) must not have
    one. A time at midnight is accepted as a date, because libraries without a date type represent dates that way.
    """
    rules = time_rules(kind)
    unit, count = np.datetime_data(values.dtype)
    if unit == "generic":
        raise RecordError("wrong-type", "a datetime64 without a unit")
    is_date = unit in ("Y", "M", "W", "D")
    if is_date and rules.is_instant:
        raise wrong_type(values.dtype, "an instant", hint="a date has no time of day: send an instant")
    if rules.is_instant and zoned and is_local:
        message = "the column has a time zone, but the input is a local time"
        raise RecordError("aware-datetime", message, hint=iso_time.AWARE)
    if rules.is_instant and not zoned and not is_local:
        hint = "give the column a time zone (UTC, or the one you mean), or send int microseconds since 1970 UTC"
        raise RecordError(
            "naive-datetime", f"{values.dtype} has no time zone, so it does not identify an instant", hint=hint
        )
    raw = values.astype(values.dtype.newbyteorder("=")).view(np.int64)
    if unit in ("Y", "M"):
        limit = _CALENDAR_LIMIT // count
        _refuse_where((raw > limit) | (raw < -limit), values, overflow)
        return values.astype("datetime64[D]").view(np.int64)
    numerator, denominator = UNITS_US[unit]
    numerator, denominator = numerator * count, denominator * TICKS_US[kind]
    divisor = math.gcd(numerator, denominator)
    return _scaled(raw, numerator // divisor, denominator // divisor, values, rules)


def _scaled(raw: Array, numerator: int, denominator: int, values: Array, rules: TimeRules) -> Array:
    """raw × numerator ÷ denominator. Refuses, showing the value, if the result is not an int64."""
    if max(numerator, denominator) > INT64_MAX:
        raw = raw.astype(object)  # Python's integers: slow, and only for units such as attoseconds
    quotient = raw // denominator
    _refuse_where(quotient * denominator != raw, values, rules.between_ticks)
    limit = INT64_MAX // numerator
    _refuse_where((quotient > limit) | (quotient < -limit), values, overflow)
    return (quotient * numerator).astype(np.int64)


def _refuse_where(mask: Array, values: Array, error: Callable[[object], RecordError]) -> None:
    if mask.any():
        row = int(mask.argmax())
        raise error(values[row]).at(row=row)


def reader(spec: InputSpec) -> Convert:
    """What converts a value that is not null, without the rules about NaN. Raises RecordError."""
    of_type = _CONVERTERS[spec.type] if spec.timezone is None else to_local
    if spec.text is None:
        return of_type
    return lambda value: of_type(read_number(str.__str__(value)) if isinstance(value, str) else value)


def takes_text(spec: InputSpec) -> bool:
    """Whether the values of an input are not texts, but may be written as such."""
    return spec.type in LIMITS or spec.text is not None


_CONVERTERS: dict[DType, Callable[[object], Any]] = for_every_kind(
    {
        "float64": to_float64,
        "float32": to_float32,
        "int64": to_int64,
        "bool": to_bool,
        "string": to_string,
        "timestamp": to_timestamp,
        "date": to_date,
        "time": to_clock,
    }
)
