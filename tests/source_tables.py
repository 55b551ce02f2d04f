"""The same rows as a table and as a file of each kind, and how a test loads them."""

from __future__ import annotations

import gzip
import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from skc.data.contract import check_contract
from skc.data.duckdb.connection import Database, open_database
from skc.data.duckdb.loading import load_training
from skc.data.duckdb.training import Training
from skc.data.engine import Column
from skc.data.sources import resolve
from skc.data.statistics import summarise
from skc.diagnostics import SkcError, Span
from skc.ir import DataSource, Input

MICRO = 1_577_836_800_000_000  # 2020-01-01T00:00:00Z
INPUTS = (
    Input("x", "float64", nullable=True, null_values=("NA",)),
    Input("i", "int64", nullable=True),
    Input("b", "bool", nullable=True),
    Input("s", "string", nullable=True),
    Input("t", "timestamp", nullable=True),
    Input("d", "date", nullable=True),
)
ROWS = [
    {"x": 1.5, "i": -(2**63), "b": True, "s": "", "t": MICRO, "d": 18262},
    {"x": None, "i": None, "b": None, "s": 'a,\n"ü', "t": None, "d": None},
    {"x": math.inf, "i": 7, "b": False, "s": "NA", "t": MICRO + 1, "d": -719162},
]
CSV = (
    "d,unused,t,s,b,i,x\n"
    "2020-01-01,1,2020-01-01T00:00:00Z,,TRUE,-9223372036854775808,1.5\n"
    ',2,,"a,\n""ü",,,NA\n'
    "0001-01-01,3,2020-01-01 05:30:00.000001+05:30,NA,False,+7,inf\n"
)


OTHERS = ExitStack()  # databases for a second load, closed with the first


def load(database: Database, data: Any, inputs: tuple[Input, ...] = INPUTS, where: str | None = None) -> Training:
    if database.execute("SELECT NOT current_setting('enable_external_access')::BOOLEAN")[0][0]:  # a load confines it
        database = OTHERS.enter_context(open_database(threads=2))
    declared = DataSource("unused.csv", where, span=Span("pipeline.yaml", 3, 5)) if where else None
    source, declared = resolve(data, declared)
    return load_training(database, source, inputs, declared)


def rows(training: Training) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = training.database.run(f"SELECT * FROM {training.sql}").to_pylist()
    return found


def refusal(database: Database, data: Any, inputs: tuple[Input, ...] = INPUTS, where: str | None = None) -> SkcError:
    with pytest.raises(SkcError) as error:
        check(load(database, data, inputs, where))
    return error.value


def check(training: Training) -> list[str]:
    """The messages of the contract's warnings."""
    columns = {i.name: Column(i.name, i.dtype, i.name) for i in training.inputs}
    warnings = check_contract(training, training.count(), summarise(training, columns))
    return [warning.code for warning in warnings]


def arrow_table() -> pa.Table:
    types = {"x": pa.float64(), "i": pa.int64(), "b": pa.bool_(), "s": pa.string()}
    columns = {name: pa.array([row[name] for row in ROWS], dtype) for name, dtype in types.items()}
    columns["t"] = pa.array([row["t"] for row in ROWS], pa.timestamp("us", "Europe/Paris"))
    columns["d"] = pa.array([row["d"] for row in ROWS], pa.int32()).cast(pa.date32())
    return pa.table(columns)


def write(folder: Path, name: str) -> str:
    """The same rows as a file of each kind."""
    path = folder / name
    match path.suffix:
        case ".csv":
            path.write_text(CSV, encoding="utf-8-sig")
        case ".tsv":
            path.write_text(CSV.replace("a,", "\1").replace(",", "\t").replace("\1", "a,"), encoding="utf-8")
        case ".gz":
            path.write_bytes(gzip.compress(CSV.encode()))
        case ".jsonl":
            times = ["2020-01-01T00:00:00Z", None, "2020-01-01T00:00:00.000001Z"]
            days = ["2020-01-01", None, "0001-01-01"]
            records = [{**row, "t": t, "d": d} for row, t, d in zip(ROWS, times, days, strict=True)]
            records[2]["x"] = "Infinity"
            del records[1]["i"]
            path.write_text("\n".join(map(json.dumps, records)))
        case ".parquet":
            pq.write_table(arrow_table(), path)
        case ".arrow" | ".feather":
            pyarrow.feather.write_feather(arrow_table(), path)
        case ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.register("rows", arrow_table())
                connection.execute("CREATE SCHEMA other; CREATE TABLE other.rides AS SELECT * FROM rows")
            return f"{path}::other.rides"
    return str(path)


def one(dtype: Any, **kwargs: Any) -> tuple[Input, ...]:
    return (Input("v", dtype, span=Span("pipeline.yaml", 7, 3), **kwargs), Input("k", "int64"))


NUL_INPUTS = (Input("s", "string", nullable=True),)


def nul_sources(folder: Path) -> dict[str, Any]:
    values = ["a", "b", "a\0b", None, "c\0"]
    table = pa.table({"s": values})
    (folder / "n.csv").write_text('s\na\nb\na\0b\n""\nc\0\n')
    (folder / "n.jsonl").write_text("".join(json.dumps({"s": v}) + "\n" for v in values))
    pq.write_table(table, folder / "n.parquet")
    return {
        "csv": str(folder / "n.csv"),
        "jsonl": str(folder / "n.jsonl"),
        "parquet": str(folder / "n.parquet"),
        "arrow": table,
        "dictionary": table.cast(pa.schema([("s", pa.dictionary(pa.int32(), pa.string()))])),
    }
