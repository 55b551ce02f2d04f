"""Every line of `schemas/marshalling.v1.json`, in every form a request can have."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skc_runtime import RecordError, Transformer
from skc_runtime.errors import CODES, GUARD_CODES
from skc_runtime.golden import encode_value
from skc_runtime.kinds import for_every_kind

TABLE = json.loads((Path(__file__).parents[2] / "schemas" / "marshalling.v1.json").read_bytes())
VALUES = [pytest.param(row, id=row["id"]) for row in TABLE["values"]]
REQUESTS = [pytest.param(row, id=row["id"]) for row in TABLE["requests"]]
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0.0": -0.0}
GOOD = for_every_kind(
    {
        "float64": {"float": 0.25},
        "float32": {"float": 0.25},
        "int64": {"int": "7"},
        "bool": {"bool": True},
        "string": {"string": "good"},
        "timestamp": {"int": "7"},
        "date": {"int": "7"},
        "time": {"int": "7"},
    }
)
Identity = Callable[..., Transformer]
Transform = Callable[..., Mapping[str, Any]]
NOT_GIVEN = object()


def python_value(given: Mapping[str, Any]) -> Any:
    """A given value as Python has it; NOT_GIVEN where Python cannot hold it."""
    ((kind, value),) = given.items()
    match kind:
        case "null":
            return None
        case "int":
            return int(value) if len(value) < 4000 else NOT_GIVEN
        case "float":
            return WORDS[value] if isinstance(value, str) else float(value)
        case "bytes":
            return bytes.fromhex(value)
        case "utf16":
            return "".join(chr(int(unit, 16)) for unit in value)
        case "instant" | "naive":
            return datetime.datetime.fromisoformat(value)
        case "clock":
            return datetime.time.fromisoformat(value)
        case "day":
            return datetime.date.fromisoformat(value)
        case "utf8" | "missing":
            return NOT_GIVEN
    return value


def arrow_array(given: Mapping[str, Any]) -> Any:
    """A column of one row as pyarrow has it; NOT_GIVEN where it has none."""
    ((kind, value),) = given.items()
    match kind:
        case "missing" | "list" | "object" | "utf16":
            return NOT_GIVEN
        case "utf8":
            data = bytes.fromhex(value)
            offsets = np.array([0, len(data)], dtype=np.int32)
            return pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(data))
        case "int":
            return pa.array([int(value)], pa.uint64() if int(value) >= 2**63 else pa.int64())
        case "float":
            return pa.array([python_value(given)], pa.float64())
        case "naive":
            return pa.array([python_value(given)], pa.timestamp("us"))
        case "instant":
            return pa.array([python_value(given)], pa.timestamp("us", "UTC"))
    return pa.array([python_value(given)])


def reached(transformer: Transformer, outputs: Mapping[str, Any], name: str, row: int | None) -> Any:
    """What reached the graph, in JSON form; None is null."""
    spec = next(i for i in transformer.manifest.inputs if i.name == name)
    at = (0,) if row is None else (row, 0)
    value = outputs[f"out.{name}"][at].item() if spec.type != "string" else outputs[f"out.{name}"][at]
    valid = outputs.get(f"out.{name}.valid")
    if (valid is not None and not valid[at]) or (spec.kind.is_float and math.isnan(value)):
        return None
    return encode_value(spec.kind.element, value)


def check(transform: Transform, request: Any, row: int | None, expect: Mapping[str, Any], **keys: Any) -> None:
    """Send a request; the value of input `v` in that row must be as expected."""
    if "error" in expect:
        with pytest.raises(RecordError) as refused:
            transform(request)
        assert refused.value.code == expect["error"], refused.value
        assert refused.value.input == "v"
        assert refused.value.row == keys.get("error_row", row)
        return
    got = reached(transform.__self__, transform(request), "v", row)  # type: ignore[attr-defined]  # a bound method
    wanted = expect.get("value")
    assert (type(got), got) == (type(wanted), wanted)


@pytest.mark.parametrize("signature", ["columns", "packed"])
@pytest.mark.parametrize("row", VALUES)
def test_value(row: dict[str, Any], signature: str, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", **row["input"]}], signature)
    forms = row.get("forms", ["record", "records", "columns", "table"])
    expect = row["expect"]
    value = python_value(row["given"])
    good = python_value(GOOD[row["input"]["type"]])
    is_missing = "missing" in row["given"]
    if is_missing or value is not NOT_GIVEN:
        here = {} if is_missing else {"v": value}
        if "record" in forms:
            check(transformer.transform, here, None, expect)
            check(transformer.transform_record, here, None, expect)
        if "records" in forms:
            check(transformer.transform, [{"v": good}, here], 1, expect)
            check(transformer.transform_records, ({"v": good}, here), 1, expect)
    if is_missing:
        check(transformer.transform, pa.table({"other": [1, 2]}), 1, expect, error_row=None)
    elif value is not NOT_GIVEN and "columns" in forms:
        for column in ([good, value], (good, value), objects([good, value])):
            check(transformer.transform_columns, {"v": column}, 1, expect)
    array = arrow_array(row["given"]) if "table" in forms else NOT_GIVEN
    if array is not NOT_GIVEN:
        codes = ("wrong-type",) if "string" in row["given"] else ("wrong-type", "naive-datetime", "aware-datetime")
        of_column = expect.get("error") in codes  # it is the column that has the type
        error_row = None if of_column else 0
        for request in tables(array):
            check(transformer.transform, request, 0, expect, error_row=error_row)
        for request in ({"v": array}, {"v": pa.chunked_array([array])}):
            check(transformer.transform_columns, request, 0, expect, error_row=error_row)


def objects(values: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def tables(array: Any) -> list[Any]:
    """One Arrow column as a table of several libraries."""
    table = pa.table({"v": array})
    found = [table, table.to_batches()[0], pa.table({"v": pa.chunked_array([array[:0], array])})]
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return found  # other libraries would not take it
    return [*found, pl.from_arrow(table)]


@pytest.mark.parametrize("signature", ["columns", "packed"])
@pytest.mark.parametrize("row", REQUESTS)
def test_request(row: dict[str, Any], signature: str, identity_of: Identity) -> None:
    transformer = identity_of(row["inputs"], signature)
    transform = transformer.transform if row["form"] == "table" else getattr(transformer, f"transform_{row['form']}")
    for request in requests(row):
        if "error" in row["expect"]:
            with pytest.raises(RecordError) as refused:
                transform(request, extra=row["extra"])
            error = refused.value
            wanted = row["expect"]
            assert (error.code, error.input, error.row) == (wanted["error"], wanted["input"], wanted["row"])
            continue
        outputs = transform(request, extra=row["extra"])
        for output in transformer.manifest.outputs:
            shape = (1,) if row["expect"]["rows"] is None else (row["expect"]["rows"], 1)
            assert outputs[output.name].shape == shape
            want = np.dtype(object if output.dtype == "string" else output.dtype)
            assert outputs[output.name].dtype == want
            assert output.valid is None or outputs[output.valid].dtype == bool
        for name, values in row["expect"]["values"].items():
            single = row["expect"]["rows"] is None
            got = [reached(transformer, outputs, name, None if single else i) for i in range(len(values))]
            assert got == values


def requests(row: dict[str, Any]) -> list[Any]:
    """The request in its form; a table as each library makes it."""
    data = row["data"]
    if row["form"] == "record":
        return orders({name: python_value(value) for name, value in data.items()})
    if row["form"] == "records":
        return [[{name: python_value(value) for name, value in record.items()} for record in data]]
    columns = {name: [python_value(value) for value in values] for name, values in data.items()}
    if row["form"] == "columns":
        return [*orders(columns), {name: tuple(values) for name, values in columns.items()}]
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    return [pa.table(columns), pl.DataFrame(columns), frame, WithoutArrow(frame)]


def orders(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same mapping, its keys in every order."""
    return [dict(pairs) for pairs in permutations(data.items())]


class WithoutArrow:
    """A pandas frame as it is where pyarrow is not installed."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.columns = frame.columns

    def __arrow_c_stream__(self, schema: object = None) -> object:
        raise ImportError("pyarrow is not installed")

    def __getitem__(self, name: str) -> Any:
        return WithoutArrowSeries(self._frame[name])

    def __len__(self) -> int:
        return len(self._frame)


class WithoutArrowSeries:
    def __init__(self, series: Any) -> None:
        self._series = series
        self.isna, self.to_numpy = series.isna, series.to_numpy

    def __arrow_c_stream__(self, schema: object = None) -> object:
        raise ImportError("pyarrow is not installed")

    def __len__(self) -> int:
        return len(self._series)


def test_the_table_is_well_formed() -> None:
    ids = [row["id"] for row in TABLE["values"] + TABLE["requests"]]
    assert len(ids) == len(set(ids))
    for row in TABLE["values"] + TABLE["requests"]:
        assert CODES.get(row["expect"].get("error"), "record") == "record"
    tested = {row["expect"].get("error") for row in TABLE["values"] + TABLE["requests"]}
    elsewhere = {"duplicate-column", "unsupported-type", "unsupported-data", "wrong-shape"}
    elsewhere |= {"malformed-json", "request-too-large"}  # schemas/requests.v1.json
    assert {code for code, kind in CODES.items() if kind == "record"} == tested - {None} | elsewhere | GUARD_CODES
