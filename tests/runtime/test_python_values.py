"""Values and columns that only Python has: enums, NumPy scalars, dates, pandas and Polars."""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from request_forms import send

from skc_runtime import RecordError, Transformer

Identity = Callable[..., Transformer]


class Colour(str, enum.Enum):  # noqa: UP042  # its str() is not its text, which is the point
    RED = "red"


NEW_YORK = ZoneInfo("America/New_York")
PYTHON_VALUES: list[tuple[str, Any, Any]] = [
    ("float64", np.float64(1.5), 1.5),
    ("float64", np.float32(0.1), 0.10000000149011612),
    ("float64", np.int8(-3), -3.0),
    ("float64", np.longdouble(2.5), 2.5),
    ("float64", np.longdouble(1) + np.longdouble(2) ** -60, "not-exact"),
    ("float64", np.bool_(True), "wrong-type"),
    ("float64", 1 + 0j, "wrong-type"),
    ("float64", np.timedelta64(5, "s"), "wrong-type"),
    ("int64", np.int16(5), 5),
    ("int64", np.uint64(2**63), "int64-overflow"),
    ("int64", np.float32(4.0), 4),
    ("int64", np.timedelta64(5, "s"), "wrong-type"),
    ("int64", np.bool_(True), "wrong-type"),
    ("bool", np.bool_(True), True),
    ("bool", np.int8(1), "wrong-type"),
    ("string", np.str_("é"), "é"),
    ("string", Colour.RED, "red"),
    ("string", np.bytes_(b"a"), "wrong-type"),
    ("timestamp", datetime.datetime(2024, 7, 1, 8, tzinfo=NEW_YORK), 1_719_835_200_000_000),
    ("timestamp", datetime.datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK, fold=1), 1_730_615_400_000_000),
    ("timestamp", datetime.datetime.max.replace(tzinfo=datetime.UTC), 253_402_300_799_999_999),
    ("timestamp", np.datetime64("2024-02-29T12:00:00.000001"), "naive-datetime"),
    ("timestamp", np.datetime64("2024-02-29T12", "h"), "naive-datetime"),
    ("timestamp", np.datetime64(1000, "ns"), "naive-datetime"),
    ("timestamp", np.datetime64(10**12, "as"), "naive-datetime"),
    ("timestamp", np.datetime64("2024-02-29"), "wrong-type"),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00Z"), 1_709_208_000_000_000),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00.000000001Z"), "not-exact"),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00"), "naive-datetime"),
    ("timestamp", np.datetime64("NaT", "us"), None),
    ("timestamp", pd.NaT, None),
    ("date", datetime.date.min, -719_162),
    ("date", np.datetime64("2024-02-29"), 19_782),
    ("date", np.datetime64("2024-02", "M"), 19_754),
    ("date", np.datetime64(10**9, "Y"), "int64-overflow"),
    ("date", np.datetime64("2024-02-29T00:00:00"), 19_782),
    ("date", np.datetime64("2024-02-29T00:00:01"), "not-integral"),
    ("date", np.datetime64(0, "fs"), 0),
    ("date", np.datetime64(1, "fs"), "not-integral"),
    ("date", np.datetime64("NaT"), None),
    ("date", pd.Timestamp("2024-02-29"), 19_782),
    ("date", datetime.datetime(2024, 2, 29), 19_782),
    ("date", datetime.datetime(2024, 2, 29, 0, 0, 0, 1), "not-integral"),
    ("date", pd.Timestamp("2024-02-29T00:00:00.000000001"), "not-integral"),
    ("date", pd.Timestamp("2024-02-29", tz="UTC"), "wrong-type"),
    ("time", datetime.time(17, 30, 0, 1), 63_000_000_001),
    ("time", datetime.time.max, 86_399_999_999),
    ("time", datetime.time(17, 30, tzinfo=datetime.UTC), "wrong-type"),
    ("time", datetime.timedelta(hours=1), "wrong-type"),
    ("time", np.datetime64("2024-02-29T17:30"), "wrong-type"),
    ("time", np.timedelta64(5, "us"), "wrong-type"),
    ("timestamp", datetime.time(17, 30), "wrong-type"),
    ("float64", Decimal("0.1"), 0.1),
    ("float64", Decimal("9007199254740993"), 2.0**53),  # ties to even
    ("float64", Decimal("9007199254740993.00000000000000000000000000000001"), 2.0**53 + 2),
    ("float64", Decimal("-0"), -0.0),
    ("float64", Decimal("1e-400"), 0.0),
    ("float64", Decimal("1e400"), "not-exact"),
    ("float64", Decimal("1e1000000000"), "not-exact"),
    ("float64", Decimal("Infinity"), math.inf),
    ("float32", Decimal("0.7"), 0.699999988079071),
    ("float32", Decimal("1.000000059604644775390625000000000000000001"), 1.0),  # a float64 first
    ("float32", Decimal("1e39"), "float32-overflow"),
    ("int64", Decimal("3.00"), 3),
    ("int64", Decimal("9007199254740993"), 2**53 + 1),
    ("int64", Decimal("9223372036854775807.000"), 2**63 - 1),
    ("int64", Decimal("9223372036854775807.5"), "not-integral"),
    ("int64", Decimal("9223372036854775808"), "int64-overflow"),
    ("int64", Decimal("1e1000000000"), "int64-overflow"),
    ("int64", Decimal("0e1000000000"), 0),
    ("int64", Decimal("1e-1000000000"), "not-integral"),
    ("int64", Decimal("2.5"), "not-integral"),
    ("int64", Decimal("NaN"), "not-integral"),
    ("bool", Decimal(1), "wrong-type"),
    ("string", Decimal("1.5"), "wrong-type"),
    ("timestamp", Decimal(1), "wrong-type"),
    ("int64", uuid.UUID(int=5), "wrong-type"),
    ("string", pd.NA, None),
]


@pytest.mark.parametrize(("kind", "given", "want"), PYTHON_VALUES)
def test_values_only_python_has(kind: str, given: Any, want: Any, identity_of: Identity) -> None:
    """Scalars of NumPy and pandas, dates and times: alone, in a list, and in an array of their own dtype."""
    transformer = identity_of([{"name": "v", "type": kind, "nullable": True, "nan": "null"}])
    requests = [{"v": given}, [{"v": given}], {"v": [given]}, {"v": deque([given])}]
    if isinstance(given, np.generic):
        requests.append({"v": np.array([given])})
    for request in requests:
        if isinstance(want, str) and "-" in want:
            with pytest.raises(RecordError) as caught:
                send(transformer, request)
            assert (caught.value.code, caught.value.input) == (want, "v")
            continue
        outputs = send(transformer, request)
        got = outputs["out.v"].ravel().tolist()[0]
        is_valid = outputs["out.v.valid"].ravel().tolist()[0] if "out.v.valid" in outputs else True
        assert (got if is_valid else None) == want


def test_a_uuid_is_its_text(identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": "string", "nullable": True, "nan": "null"}])
    given = uuid.UUID("12345678-1234-5678-1234-56781234567F")
    for request in ({"v": given}, [{"v": given}], {"v": [given]}, {"v": pd.Series([given])}):
        assert send(transformer, request)["out.v"].ravel().tolist() == [str(given).lower()]


COLUMNS: list[tuple[str, Any, Any]] = [
    ("float64", np.array([1, 2], dtype=np.int32), [1.0, 2.0]),
    ("float64", np.array([1.5, np.nan], dtype=np.float32), [1.5, None]),
    ("float64", np.array([1, 2**53 + 1]), ("not-exact", 1)),
    ("float64", np.array([1, 2**60]), [1.0, 2.0**60]),
    ("float64", np.array([1.5, 2.5]).astype(">f8"), [1.5, 2.5]),
    ("float64", np.array(["1", "2"]), ("wrong-type", None)),
    ("float64", np.ma.masked_array([1.5, 9.0], [False, True]), [1.5, None]),
    ("float64", [1, 2.5, None], [1.0, 2.5, None]),
    ("float64", [1, 2], [1.0, 2.0]),
    ("int64", np.array([1.0, 2.5]), ("not-integral", 1)),
    ("int64", np.array([1.0, np.inf], dtype=np.float16), ("not-integral", 1)),
    ("int64", np.array([1, 2**63], dtype=np.uint64), ("int64-overflow", 1)),
    ("int64", np.array([1, 2], dtype="m8[s]"), ("wrong-type", None)),
    ("int64", np.ma.masked_array([0.5, 2.0], [True, False]), [None, 2]),
    ("int64", np.ma.masked_array([0.5, 2.5], [True, False]), ("not-integral", 1)),
    ("int64", [None, 2.5], ("not-integral", 1)),
    ("int64", pd.Series([1, None], dtype="Int64"), [1, None]),
    ("int64", pd.Series([1.0, None]), [1, None]),
    ("int64", range(2), [0, 1]),
    ("int64", np.zeros((2, 1)), ("wrong-shape", None)),
    ("int64", {1, 2}, ("unsupported-data", None)),
    ("bool", np.array([True, False]), [True, False]),
    ("bool", [True, None], [True, None]),
    ("bool", np.array([0, 1]), ("wrong-type", None)),
    ("string", np.array(["a", "é"]), ["a", "é"]),
    ("string", np.array(["a", None], dtype=object), ["a", None]),
    ("string", np.array(["a", b"b"], dtype=object), ("wrong-type", 1)),
    ("string", np.array([b"a"]), ("wrong-type", None)),
    ("string", ["a", "b\0"], ("nul-in-string", 1)),
    ("string", ["\ud83d", "\ude00"], ("invalid-utf8", 0)),
    ("string", [np.str_("a"), Colour.RED], ["a", "red"]),
    ("string", pd.Series(["a", None]), ["a", None]),
    ("string", pd.Series(["a", "b", "a"], dtype="category"), ["a", "b", "a"]),
    ("timestamp", pd.Series(pd.to_datetime(["2024-02-29T12:00Z", None])), [1_709_208_000_000_000, None]),
    ("timestamp", np.array(["1970-01-01T00:00", "NaT"], dtype="M8[s]"), ("naive-datetime", None)),
    ("timestamp", np.array(["NaT", "NaT"], dtype="M8[s]"), [None, None]),
    ("timestamp", np.array([0.0]), ("wrong-type", None)),
    ("date", np.array(["1970-01-02", "NaT"], dtype="M8[D]"), [1, None]),
    ("date", np.array(["1970-01-02T00", "1970-01-02T01"], dtype="M8[h]"), ("not-integral", 1)),
]


@pytest.mark.parametrize(("kind", "given", "want"), COLUMNS)
def test_columns_only_python_has(kind: str, given: Any, want: Any, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": kind, "nullable": True, "nan": "null"}])
    if isinstance(want, tuple):
        with pytest.raises(RecordError) as caught:
            transformer.transform_columns({"v": given})
        assert (caught.value.code, caught.value.input, caught.value.row) == (want[0], "v", want[1])
        return
    outputs = transformer.transform_columns({"v": given})
    values = outputs["out.v"][:, 0].tolist()
    present = outputs["out.v.valid"][:, 0].tolist() if "out.v.valid" in outputs else [v == v for v in values]
    assert [v if ok else None for v, ok in zip(values, present, strict=True)] == want


class Bare:
    """A pandas frame where pyarrow is not installed: pandas offers Arrow and then cannot import it."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)

    def __arrow_c_stream__(self, schema: object = None) -> object:
        raise ImportError("pyarrow is not installed")

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, name: Any) -> Any:
        return Bare(self._held[name])


def test_pandas_without_pyarrow(identity_of: Identity) -> None:
    kinds = {"f": "float64", "i": "int64", "b": "bool", "s": "string", "t": "timestamp", "d": "date"}
    transformer = identity_of([{"name": n, "type": t, "nullable": True, "nan": "null"} for n, t in kinds.items()])
    frame = pd.DataFrame(
        {
            "f": [1.5, None],
            "i": [7.0, None],
            "b": pd.Series([True, None], dtype="boolean"),
            "s": ["😀", None],
            "t": pd.to_datetime(["2024-02-29T12:00Z", None]),
            "d": [datetime.date(2024, 2, 29), None],
            "extra": [object(), object()],
        }
    )
    without = transformer.transform(Bare(frame))
    with_pyarrow = transformer.transform(frame.drop(columns="extra"))
    for name, values in with_pyarrow.items():
        np.testing.assert_array_equal(without[name], values)
    assert without["out.i"].tolist() == [[7], [0]]
    doubled = pd.DataFrame([[1.5, 2.5]], columns=["f", "f"])
    with pytest.raises(RecordError) as caught:
        transformer.transform(Bare(doubled))
    assert (caught.value.code, caught.value.input) == ("duplicate-column", "f")


def test_pandas_that_pyarrow_cannot_convert(identity_of: Identity) -> None:
    """Objects of several types in a column: read without Arrow, where each value is told by its row."""
    transformer = identity_of([{"name": "s", "type": "string", "nullable": True, "nan": "null"}])
    frame = pd.DataFrame({"s": pd.Series(["a", None], dtype=object), "extra": pd.Series([1, "b"], dtype=object)})
    assert transformer.transform(frame)["out.s"].tolist() == [["a"], [""]]
    frame["s"] = pd.Series(["a", 3], dtype=object)
    for given in (frame, {"s": frame["s"]}):
        with pytest.raises(RecordError) as caught:
            send(transformer, given)
        assert (caught.value.code, caught.value.input, caught.value.row) == ("wrong-type", "s", 1)


def test_a_row_of_pandas_as_a_dict_is_that_row_of_the_table(identity_of: Identity) -> None:
    """NaN, NaT and NA stand for a missing value of any type, and an integer column with a gap holds floats."""
    kinds = ("string", "int64", "bool", "timestamp", "date", "float64")
    transformer = identity_of([{"name": kind, "type": kind, "nullable": True, "nan": "null"} for kind in kinds])
    day = datetime.date(2024, 2, 29)
    frame = pd.DataFrame(
        {
            "string": ["a", np.nan],
            "int64": [3, None],
            "bool": [True, np.nan],
            "timestamp": pd.to_datetime(["2024-02-29T12:00Z", None]),
            "date": [day, np.nan],
            "float64": [0.5, None],
        }
    )
    whole = transformer.transform(frame)
    for row in range(2):
        single = transformer.transform(frame.iloc[row].to_dict())
        assert {name: single[name].tolist() for name in single if "valid" in name} == {
            name: whole[name][row].tolist() for name in whole if "valid" in name
        }
        assert all(np.array_equal(single[name], whole[name][row], equal_nan=name == "out.float64") for name in single)
    assert [whole[f"out.{kind}.valid"].tolist() for kind in kinds[:-1]] == [[[True], [False]]] * 5
