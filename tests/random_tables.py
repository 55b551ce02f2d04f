"""Random typed columns for random pipelines: plain values beside the ones that break preprocessing.

A column's `flavour` says what its values are good for: text that reads as a time, as a number, or as nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa

from skc.values.types import Scalar
from skc_runtime.kinds import DATE_MAX, DATE_MIN, TIMESTAMP_MAX, TIMESTAMP_MIN, DType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
TINY = (0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, -1e-300)
HUGE = (1e308, -1e308, 1.7976931348623157e308, -1.7976931348623157e308, 2.0**53 + 2, 1e22)
PLAIN = (0.0, -0.0, 0.5, 1.0, 1.5, 2.5, -3.25, 0.1, 0.3, 7.0, 100.0, -1.0, -0.5, 1e-9, 12345.678)
INTS = (0, 1, -1, 2, 3, 7, 10, -7, 59, 255, 1_000_000)
FAR_INTS = (2**31, 2**53, 2**53 + 1, -(2**53) - 1, INT_MAX, INT_MIN, INT_MAX - 1, INT_MIN + 1, 2**62)
WORDS = ("a", "b", "A", "", " ", "ab", "null", "nan", "None", "0", "infrequent", "true", "0:a", "1:a", "it's", '"')
UNICODE = (
    "é",
    "e\u0301",
    "İ",
    "ı",
    "ß",
    "中文",
    "𠮷",
    "😀",
    "👩‍👩‍👧",
    "\u202eabc",
    "\ufeff",
    "\u2028",
    "z" * 300,
    "a😀",
)
FORMATS = (
    "iso8601",
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%Y",
    "%Y%m%d%H%M",
    "%Y-%j",
    "%d %b %Y %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M%z",
    "%d/%m/%y %I:%M %p",
    "%A, %d %B %Y",
    "%a %b %d %H:%M:%S.%f %Y",
)
FLOAT_FLAVOURS = ("plain", "plain", "plain", "whole", "unit", "tiny", "huge", "constant", "infinite", "wild")


@dataclass(frozen=True)
class Column:
    """One input with its declaration and its training values; None is null."""

    name: str
    dtype: DType
    nullable: bool
    null_values: tuple[Scalar, ...]
    flavour: str
    values: tuple[Scalar, ...]

    @property
    def declaration(self) -> Any:
        """The value of its key under `inputs:`."""
        if not self.nullable:
            return self.dtype
        nulls = {"null_values": list(self.null_values)} if self.null_values else {}
        return {"type": self.dtype, "nullable": True, **nulls}

    def arrow(self, order: list[int], typed: bool) -> pa.Array:
        """The values in that order; times as Arrow's own types where `typed` and where those can hold them."""
        values = [self.values[i] for i in order]
        types = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_(), "string": pa.string()}
        if self.dtype == "string" and typed:
            return pa.array(values, pa.large_string() if len(order) % 2 else pa.dictionary(pa.int32(), pa.string()))
        if self.dtype in types or not typed:
            return pa.array(values, types.get(self.dtype, pa.int64()))
        if self.dtype == "timestamp":
            return pa.array(values, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        return pa.array(values, pa.int32()).cast(pa.date32())


def random_column(r: Random, name: str, rows: int, dtype: DType | None = None) -> Column:
    """A column of any flavour, and of any type where none is given."""
    dtypes: tuple[DType, ...] = ("float64", "float64", "int64", "string", "string", "bool", "timestamp", "date")
    dtype = dtype or r.choice(dtypes)
    nullable = r.random() < 0.5
    flavour, draw = _flavour(r, dtype)
    few = [draw() for _ in range(r.choice((1, 2, 3, 6)))]
    values = [r.choice(few) if r.random() < 0.5 else draw() for _ in range(rows)]
    if flavour == "constant":
        values = [few[0]] * rows
    sentinels: tuple[Scalar, ...] = ()
    if nullable:
        rate = r.choice((0.0, 0.1, 0.5, 0.9))
        values = [None if i and r.random() < rate else v for i, v in enumerate(values)]
        if r.random() < 0.4:  # a column without any value would be refused
            sentinels = tuple(dict.fromkeys(v for v in r.choices(few, k=2) if v != values[0]))
    return Column(name, dtype, nullable, sentinels, flavour, tuple(values))


def _flavour(r: Random, dtype: DType) -> tuple[str, Any]:
    """A flavour, and a function that draws one value of it."""
    match dtype:
        case "float64":
            flavour = r.choice(FLOAT_FLAVOURS)
            return flavour, lambda: random_float(r, flavour)
        case "int64":
            flavour = r.choice(("small", "small", "far", "flag"))
            pools = {"small": INTS, "far": (*INTS, *FAR_INTS), "flag": (0, 1)}
            return flavour, lambda: r.choice(pools[flavour]) if r.random() < 0.8 else r.randint(-50, 50)
        case "bool":
            return "plain", lambda: r.random() < 0.5
        case "timestamp":
            ends = (TIMESTAMP_MIN, TIMESTAMP_MAX, 0, -1, 1_762_077_599_999_999, 1_762_077_600_000_000)
            return "plain", lambda: r.choice(ends) if r.random() < 0.2 else r.randint(-(2**51), 2**51)
        case "date":
            return (
                "plain",
                lambda: r.choice((DATE_MIN, DATE_MAX, 0, -1)) if r.random() < 0.2 else r.randint(-9999, 30000),
            )
        case "string":
            return _text_flavour(r)


def random_float(r: Random, flavour: str) -> float:
    """A number of that flavour; only `infinite` and `wild` hold infinities."""
    pools = {
        "plain": PLAIN,
        "whole": (0.0, -0.0, 1.0, 2.0, 3.0, -7.0, 2.0**53),
        "unit": (0.0, -0.0, 1.0),
        "tiny": TINY,
        "huge": (*PLAIN, *HUGE),
        "constant": (*PLAIN, *TINY, *HUGE),
        "infinite": (*PLAIN, float("inf"), float("-inf")),
        "wild": (*PLAIN, *TINY, *HUGE, float("inf"), float("-inf")),
    }
    if flavour in ("plain", "huge", "wild") and r.random() < 0.4:
        return r.choice((r.gauss(0, 1), r.uniform(-1000, 1000), round(r.uniform(0, 9), 2)))
    return r.choice(pools[flavour])


def _text_flavour(r: Random) -> tuple[str, Any]:
    flavour = r.choice(("words", "words", "unicode", "digits", "flags", "time", "time"))
    match flavour:
        case "digits":
            return flavour, lambda: str(r.choice((0, -1, 7, 42, 999_999_999_999_999_999))) if r.random() < 0.9 else "x1"
        case "flags":
            return flavour, lambda: r.choice(("true", "false", "true", "True")) if r.random() < 0.9 else "no"
        case "time":
            form = r.choice(FORMATS)
            return f"time {form}", lambda: random_time(r, form)
    pool = WORDS if flavour == "words" else WORDS + UNICODE
    return flavour, lambda: r.choice(pool)


def random_time(r: Random, form: str) -> str:
    """A text of that format; one in thirty is not a time."""
    if r.random() < 0.03:
        return r.choice(("", "2020-02-30", "soon", "2020-02-29 24:00:00"))
    seconds = r.choice(
        (r.randint(-(2**33), 2**34), 1_762_063_200 + r.randint(0, 20_000), r.randint(-62_000_000_000, 2**37))
    )
    moment = EPOCH + timedelta(seconds=seconds, microseconds=r.choice((0, 0, 1, 999_999)))
    year = f"{moment.year:04}"  # which `strftime` writes without zeros on some systems
    if form == "iso8601":
        shape = r.choice(("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"))
        tail = "" if shape == "%Y-%m-%d" else r.choice(("", "Z", "+05:30", "-08", "+0000"))
        return moment.strftime(shape.replace("%Y", year)) + tail
    tail = r.choice(("Z", "+0530", "-08:00")) if form.endswith("%z") else ""
    return moment.strftime(form.replace("%Y", year).replace("%z", "")) + tail


def written(value: Any) -> str:
    """A value in YAML's flow style: JSON, with the line ends that YAML knows and JSON does not escaped."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "\u2028\u2029\x85\ufeff\x7f\u202e":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
