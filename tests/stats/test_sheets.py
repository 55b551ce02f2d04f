"""Sheets of .xlsx files: cells are read as values in JSON are, and as pandas reads them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from source_tables import load as load_table
from source_tables import refusal, rows

import skc
from skc.data.duckdb.connection import Database
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input, ReadOptions

openpyxl = pytest.importorskip("openpyxl")

DAY, NOON = datetime.date(2025, 5, 3), datetime.datetime(2025, 5, 3, 12, 30, 1, 500000)
HEAD = ["i", "x", "b", "s", "d", "t"]
BODY: list[list[Any]] = [
    [1, 1.5, True, "a", DAY, NOON],
    [-(2**53), 0.1, False, "Köln", datetime.datetime(1900, 3, 1), NOON],
    [],
    [None, 1e300, None, " 01 ", None, None],
]
INPUTS = tuple(
    Input(name, dtype, nullable=True)
    for name, dtype in zip(HEAD, ["int64", "float64", "bool", "string", "date", "string"], strict=True)  # type: ignore[arg-type]  # literals
)


def write(path: Path, table: list[list[Any]], **others: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for title, values in {"Data": table, **others}.items():
        sheet = book.active if title == "Data" else book.create_sheet(title)
        for line in values:
            sheet.append(line)
    book.save(path)
    return path


def found(database: Database, path: Path, inputs: tuple[Input, ...] = INPUTS, **options: Any) -> list[dict[str, Any]]:
    return rows(load_table(database, DataSource(str(path), options=ReadOptions(**options)), inputs))


def refused(database: Database, path: Path, inputs: tuple[Input, ...] = INPUTS, **options: Any) -> SkcError:
    return refusal(database, DataSource(str(path), options=ReadOptions(**options)), inputs)


def test_cells_are_values(database: Database, tmp_path: Path) -> None:
    got = found(database, write(tmp_path / "a.xlsx", [HEAD, *BODY]))
    days = [(day - datetime.date(1970, 1, 1)).days for day in (DAY, datetime.date(1900, 3, 1))]
    noon = "2025-05-03T12:30:01.500000"
    assert [list(row.values()) for row in got] == [
        [1, 1.5, True, "a", days[0], noon],
        [-(2**53), 0.1, False, "Köln", days[1], noon],
        [None, 1e300, None, " 01 ", None, None],
    ]


def test_values_are_those_of_pandas(tmp_path: Path) -> None:
    """Through an artifact, from a sheet with rows above and below."""
    path = write(tmp_path / "a.xlsx", [["old"]], Sales=[["Report of", 2025], [], HEAD, *BODY, ["Total", 5]])
    data = {"path": "a.xlsx", "sheet": "Sales", "skip_rows": 2, "skip_footer": 1, "trim": True}
    (tmp_path / "p.yaml").write_text(
        f"skc: 1\nname: sheet\ndata: {json.dumps(data)}\ninputs:\n"
        "  i: {type: int64, nullable: true}\n  x: float64\n  s: {type: string, nullable: true}\n"
        "outputs:\n  o: {features: [i], dtype: int64}\n  p: {features: [x], dtype: float64}\n"
        "  q: {features: [s], dtype: string}\n"
    )
    skc.compile(tmp_path / "p.yaml", out=tmp_path / "artifact", rows=10)
    skc.transform(tmp_path / "artifact", path, tmp_path / "out.parquet")
    ours = pd.read_parquet(tmp_path / "out.parquet")
    theirs = pd.read_excel(
        path, sheet_name="Sales", skiprows=2, skipfooter=1, dtype={"i": "Int64"}, engine="openpyxl"
    ).dropna(how="all")
    assert ours.iloc[:, 0].dropna().tolist() == theirs["i"].dropna().tolist()
    assert ours.iloc[:, 1].tolist() == theirs["x"].tolist()
    assert ours.iloc[:, 2].tolist() == theirs["s"].str.strip().tolist()


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ([["Report"], [], HEAD, *BODY], {"header": 3}),
        (BODY, {"header": tuple(HEAD)}),
        ([["# of today"], HEAD, BODY[0], ["# no"], *BODY[1:]], {"comment": "#"}),
        ([HEAD, *[[*row, None, ""] for row in BODY]], {}),
    ],
)
def test_the_same_rows(database: Database, tmp_path: Path, table: list[list[Any]], options: Any) -> None:
    first = found(database, write(tmp_path / "a.xlsx", [HEAD, *BODY]))
    assert found(database, write(tmp_path / "b.xlsx", table), **options) == first


def test_texts_for_nulls_and_bools(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [["b", "i", "s"], ["ja", "?", "?"], [True, 2, "#N/A"], [0, 3, "nein"]])
    inputs = (
        Input("b", "bool"),
        Input("i", "int64", nullable=True),
        Input("s", "string", nullable=True),
    )
    options = {"true_values": ("ja",), "false_values": ("0",), "null_values": ("?", "#N/A")}
    got = found(database, path, inputs, **options)
    assert [list(row.values()) for row in got] == [[True, None, None], [True, 2, None], [False, 3, "nein"]]


REFUSED: list[tuple[str, Callable[[Path], Path], dict[str, Any], str, str, str]] = [
    (
        "two sheets",
        lambda path: write(path, [HEAD], More=[HEAD]),
        {},
        "SKC203",
        "it has several sheets: `Data`, `More`",
        'write `sheet: "Data"` under `data`',
    ),
    (
        "no such sheet",
        lambda path: write(path, [HEAD]),
        {"sheet": "data"},
        "SKC203",
        "there is no sheet `data`: `Data`",
        'write `sheet: "Data"` under `data`',
    ),
    (
        "a text for a number",
        lambda path: write(path, [HEAD, [], ["x", 1.0]]),
        {},
        "SKC206",
        'row 1 (row of the sheet 3): `"x"` in column `i` is not an int64',
        "null_values",
    ),
    (
        "a number for a text",
        lambda path: write(path, [HEAD, [1, 1.0, True, 5]]),
        {},
        "SKC206",
        "`5` in column `s` is not a string",
        "declare the type",
    ),
    (
        "an error",
        lambda path: write(path, [HEAD, [1, 1.0, True, "#DIV/0!"]]),
        {},
        "SKC203",
        "row 2: the error `#DIV/0!` in column `s`",
        'write `null_values: ["#DIV/0!"]` under `data`',
    ),
    (
        "an error for a number",
        lambda path: write(path, [HEAD, ["#N/A"]]),
        {},
        "SKC206",
        '`"#N/A"` in column `i` is not an int64',
        "null_values",
    ),
    (
        "a formula that was not computed",
        lambda path: write(path, [HEAD, ["=1+1"]]),
        {},
        "SKC203",
        "cell A2: a formula without a value",
        "save it",
    ),
    (
        "a value beside the table",
        lambda path: write(path, [HEAD, [1, 1.0, True, "a", DAY, "b", "note"]]),
        {},
        "SKC203",
        "row 2: `note` is in a column without a name",
        "give the column a name",
    ),
    ("a column missing", lambda path: write(path, [HEAD[1:]]), {}, "SKC204", "has no column `i`", "column"),
    ("nothing", lambda path: write(path, []), {}, "SKC203", "has no header", "first row"),
    ("no row", lambda path: write(path, [HEAD]), {}, "SKC208", "no rows", "rows"),
    (
        "a date and a time",
        lambda path: write(path, [HEAD, [1, 1.0, True, "a", NOON]]),
        {},
        "SKC206",
        '`"2025-05-03T12:30:01.500000"` in column `d` is not a date',
        "YYYY-MM-DD",
    ),
]


def not_a_sheet(path: Path) -> Path:
    path.write_bytes(b"i,x\n1,2\n")
    return path


REFUSED.append(("a CSV file", not_a_sheet, {}, "SKC203", "cannot be read", "type that its name suggests"))


@pytest.mark.parametrize(
    ("make", "options", "code", "message", "hint"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_is_refused(
    database: Database,
    tmp_path: Path,
    make: Callable[[Path], Path],
    options: dict[str, Any],
    code: str,
    message: str,
    hint: str,
) -> None:
    error = refused(database, make(tmp_path / "a.xlsx"), **options)
    assert error.code == code
    assert message in str(error)
    assert hint in str(error.diagnostics[0].hint)


def test_a_number_is_not_a_date(database: Database, tmp_path: Path) -> None:
    error = refused(database, write(tmp_path / "a.xlsx", [HEAD, [1, 1.0, True, "a", 45000]]))
    assert "`45000` in column `d` is not a date" in str(error)


@pytest.mark.parametrize(
    ("wrong", "right", "options"),
    [
        ([], [HEAD, BODY[0]], {}),
        ([HEAD, ["=1+1"]], [HEAD, [2]], {}),
        ([HEAD, [*BODY[0], "note"]], [[*HEAD, "notes"], [*BODY[0], "note"]], {}),
        ([HEAD, [1, 1.0, True, "#N/A"]], [HEAD, [1, 1.0, True, "#N/A"]], {"null_values": ("#N/A",)}),
    ],
)
def test_a_sheet_that_follows_the_hint(
    database: Database, tmp_path: Path, wrong: list[list[Any]], right: list[list[Any]], options: Any
) -> None:
    assert refused(database, write(tmp_path / "a.xlsx", wrong)).code == "SKC203"
    assert len(found(database, write(tmp_path / "b.xlsx", right), **options)) == 1


def test_a_sheet_that_is_named_as_the_hint_says(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [HEAD, BODY[0]], More=[HEAD])
    assert refused(database, path).code == "SKC203"
    assert len(found(database, path, sheet="Data")) == 1
