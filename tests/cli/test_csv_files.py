"""CSV files as people have them: what can be read means the same in every form, the rest is refused with a hint."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest

import skc

PIPELINE = """\
skc: 1
name: titanic
inputs:
  Pclass: int64
  Sex: string
  Age: {type: float64, nullable: true}
  Fare: float64
features:
  Age: {from: Age, apply: [{impute: {strategy: median}}, standard_scale]}
  Fare: {from: Fare, apply: [log1p, standard_scale]}
  sex: {from: Sex, apply: [one_hot]}
outputs:
  x: {features: [Age, Fare, Pclass, sex], dtype: float32}
"""
HEADER = ["PassengerId", "Pclass", "Name", "Sex", "Age", "Fare"]
ROWS = [
    [str(i), str(1 + i % 3), f'O\'Hara, Mr.\n"Jo" {i}é', "fe" * (i % 2) + "male", str(i % 40 or ""), f"{i * 1.25}"]
    for i in range(60)
]


def text(header: list[str], rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows([header, *rows])
    return file.getvalue()


PLAIN = text(HEADER, ROWS)
DRESSES: dict[str, tuple[str, bytes]] = {
    "plain": ("a.csv", PLAIN.encode()),
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
    "Windows line ends": ("a.csv", text(HEADER, ROWS, end="\r\n").encode()),
    "no end of the last line": ("a.csv", PLAIN.rstrip("\n").encode()),
    "tabs": ("a.tsv", text(HEADER, ROWS, delimiter="\t").encode()),
    "compressed": ("a.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
    "an index without a name": ("a.csv", text(["", *HEADER], [[str(i), *r] for i, r in enumerate(ROWS)]).encode()),
    "a comma at every end": ("a.csv", text([*HEADER, ""], [[*r, ""] for r in ROWS]).encode()),
    "two columns without a name": ("a.csv", text(["", *HEADER, ""], [["", *r, ""] for r in ROWS]).encode()),
    "another order": ("a.csv", text(HEADER[::-1], [r[::-1] for r in ROWS]).encode()),
}


def compiled(folder: Path, name: str, data: bytes) -> skc.Compiled:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / name).write_bytes(data)
    return skc.compile(folder / "pipeline.yaml", folder / name, verify=False)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return compiled(tmp_path_factory.mktemp("plain"), *DRESSES["plain"]).artifact.files["plan.json"]


@pytest.mark.parametrize("dress", DRESSES)
def test_the_dress_does_not_matter(dress: str, plan: bytes, tmp_path: Path) -> None:
    assert compiled(tmp_path, *DRESSES[dress]).artifact.files["plan.json"] == plan


def with_fare(change: Callable[[str], str]) -> bytes:
    return text(HEADER, [[*r[:5], change(r[5])] for r in ROWS]).encode()


LINES = PLAIN.splitlines(keepends=True)
FARE = "`Fare` is not a float64"
WRONG: dict[str, tuple[str, bytes, str, str, str]] = {
    "semicolons": (
        "a.csv",
        text(HEADER, ROWS, ";").encode(),
        "SKC203",
        "separated by semicolons, not commas",
        'separator: ";"',
    ),
    "tabs": ("a.csv", text(HEADER, ROWS, "\t").encode(), "SKC203", "separated by tabs, not commas", r'separator: "\t"'),
    "decimal commas": (
        "a.csv",
        with_fare(lambda v: v.replace(".", ",")),
        "SKC206",
        f"`0,0` in column {FARE}",
        'decimal: ","',
    ),
    "thousands": ("a.csv", with_fare(lambda v: f"{1e6 + float(v):,}"), "SKC206", "`1,000,000.0`", 'thousands: ","'),
    "blanks": ("a.csv", with_fare(lambda v: f" {v}"), "SKC206", "row 1 (line 2): ` 0.0`", "trim: true"),
    "a currency": ("a.csv", with_fare(lambda v: f"€{v}"), "SKC206", "`€0.0`", "units"),
    "NA": (
        "a.csv",
        with_fare(lambda v: "NA" if v == "2.5" else v),
        "SKC206",
        "row 3 (line 6): `NA`",
        'null_values: ["NA"]',
    ),
    "whole numbers as floats": (
        "a.csv",
        text(HEADER, [[r[0], f"{r[1]}.0", *r[2:]] for r in ROWS]).encode(),
        "SKC206",
        "`1.0` in column `Pclass` is not an int64",
        "declare it float64",
    ),
    "an empty column": (
        "a.csv",
        text(HEADER, [[*r[:4], "", r[5]] for r in ROWS]).encode(),
        "SKC210",
        "no value",
        "drop",
    ),
    "a name twice": (
        "a.csv",
        text([*HEADER, "Age"], [[*r, ""] for r in ROWS]).encode(),
        "SKC203",
        "two columns `Age`",
        "rename",
    ),
    "a name in two cases": (
        "a.csv",
        text([*HEADER, "AGE"], [[*r, ""] for r in ROWS]).encode(),
        "SKC203",
        "`AGE`",
        "rename",
    ),
    "no row": ("a.csv", text(HEADER, []).encode(), "SKC208", "no rows to fit on in", "rows"),
    "nothing": ("a.csv", b"", "SKC203", "has no header", "first line"),
    "no header": ("a.csv", text(ROWS[0], ROWS[1:]).encode(), "SKC204", "lacks 4 columns", "column"),
    "blanks in the header": (
        "a.csv",
        text([f" {h}" for h in HEADER], ROWS).encode(),
        "SKC204",
        "lacks 4",
        "trim: true",
    ),
    "a short line": (
        "a.csv",
        (PLAIN + "61,1,x\n").encode(),
        "SKC203",
        "line 122: 3 fields, where the first line has 6",
        "quotes",
    ),
    "a long line": ("a.csv", (PLAIN + "61,1,x,male,3,4,5\n").encode(), "SKC203", "line 122: 7 fields", "quotes"),
    "an open quote": ("a.csv", (PLAIN + '61,1,"x,male,3,4\n').encode(), "SKC203", "line 122", "quotes"),
    "a quote in quotes": ("a.csv", (PLAIN + '61,1,"a "b" c",male,3,4\n').encode(), "SKC203", "line 122", "quotes"),
    "two kinds of line ends": (
        "a.csv",
        (text(HEADER, ROWS, end="\r\n") + "61,1,x,male,3,4\n").encode(),
        "SKC203",
        "different line endings",
        "perl",
    ),
    "Latin-1": ("a.csv", PLAIN.encode("latin-1"), "SKC203", "line 3, column 9: the byte 0xe9 is not UTF-8", "cp1252"),
    "tabs in Latin-1": (
        "a.csv",
        text(HEADER, ROWS, "\t").encode("latin-1"),
        "SKC203",
        "separated by tabs",
        "separator",
    ),
    "a blank beside a quote": (
        "a.csv",
        (PLAIN + '61,1, "x",male,3,4\n').encode(),
        "SKC203",
        "line 122: a blank",
        "blank",
    ),
    "UTF-16": ("a.csv", PLAIN.encode("utf-16"), "SKC203", "line 1, column 1: the byte 0xff is not UTF-8", "utf-16"),
    "not compressed": ("a.csv.gz", PLAIN.encode(), "SKC203", "cannot be read", "type that its name suggests"),
    "no Parquet": ("a.parquet", PLAIN.encode(), "SKC203", "cannot be read", "type that its name suggests"),
    "no JSON lines": ("a.jsonl", PLAIN.encode(), "SKC203", "cannot be read", "type that its name suggests"),
    "no Arrow": ("a.arrow", PLAIN.encode(), "SKC203", "cannot be read", "type that its name suggests"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_reported(what: str, tmp_path: Path) -> None:
    name, data, code, says, hint = WRONG[what]
    with pytest.raises(skc.SkcError) as error:
        compiled(tmp_path, name, data)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == code
    assert says in diagnostic.message, diagnostic.text()
    assert name in diagnostic.message or code == "SKC210"
    assert diagnostic.hint is not None
    assert hint in diagnostic.hint, diagnostic.text()


def test_a_late_byte_that_is_not_utf8_is_found_too(tmp_path: Path) -> None:
    """The engine finds it where the header's reader has long stopped."""
    many = text(HEADER, [[str(i), "1", "x", "male", "3", "4.0"] for i in range(50_000)]).encode()
    with pytest.raises(skc.SkcError, match=r"a\.csv`, line 50002, column 11: the byte 0xe9 is not UTF-8"):
        compiled(tmp_path, "a.csv", many + b"50001,1,x,\xe9,3,4.0\n")
