"""The rides of the example as an Arrow table, its fourth week clean, and with what goes wrong in serving planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

RIDES = Path(__file__).parents[1] / "examples" / "rides"
LAST_WEEK = "2025-11-10"
NULLS = ["", "NA"]


def rides() -> pa.Table:
    """All rows, with the types of the pipeline's inputs."""
    types = {"passengers": pa.int64(), "distance_km": pa.float64(), "fare": pa.float64(), "night": pa.bool_()}
    types |= dict.fromkeys(("pickup", "zone", "driver", "payment"), pa.string())
    options = pa.csv.ConvertOptions(column_types=types, null_values=NULLS, strings_can_be_null=True)
    return pa.csv.read_csv(RIDES / "data.csv", convert_options=options).drop_columns(["ride_id", "tipped"])


def training() -> pa.Table:
    """The rows that the pipeline is fitted on."""
    table = rides()
    return table.filter(pc.less(table["pickup"], LAST_WEEK))


def week() -> pa.Table:
    """The fourth week."""
    table = rides()
    return table.filter(pc.greater_equal(table["pickup"], LAST_WEEK))


def _changed(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _some(table: pa.Table, share: float) -> pa.Array:
    return pa.array(np.random.default_rng(5).random(len(table)) < share)


def _cents(table: pa.Table) -> pa.Table:
    return _changed(table, "fare", pc.multiply(table["fare"], 100.0))


def _miles(table: pa.Table) -> pa.Table:
    return _changed(table, "distance_km", pc.divide(table["distance_km"], 1.609))


def _zero_for_null(table: pa.Table) -> pa.Table:
    return _changed(table, "fare", pc.fill_null(table["fare"], 0.0))


def _timeouts(table: pa.Table) -> pa.Table:
    return _changed(table, "fare", pc.if_else(_some(table, 0.05), None, table["fare"]))


def _upper_case(table: pa.Table) -> pa.Table:
    return _changed(table, "payment", pc.utf8_upper(table["payment"]))


def _new_category(table: pa.Table) -> pa.Table:
    return _changed(table, "payment", pc.if_else(_some(table, 0.02), "crypto", table["payment"]))


def _one_zone(table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(table["zone"], "Midtown"))


def _swapped(table: pa.Table) -> pa.Table:
    return _changed(_changed(table, "fare", table["distance_km"]), "distance_km", table["fare"])


def _rounded_down(table: pa.Table) -> pa.Table:
    return _changed(table, "distance_km", pc.floor(table["distance_km"]))


# cause -> what it does to a table, and the columns that it changes
PLANTED: Mapping[str, tuple[Callable[[pa.Table], pa.Table], set[str]]] = {
    "cents for dollars": (_cents, {"fare"}),
    "miles for kilometres": (_miles, {"distance_km"}),
    "zero in place of null": (_zero_for_null, {"fare"}),
    "5 % of look-ups time out": (_timeouts, {"fare"}),
    "another case": (_upper_case, {"payment"}),
    "a new category in 2 %": (_new_category, {"payment"}),
    "one zone only": (_one_zone, {"zone"}),
    "two columns swapped": (_swapped, {"fare", "distance_km"}),
    "rounded down": (_rounded_down, {"distance_km"}),
}
