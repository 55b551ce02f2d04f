"""What is wrong with files: a typed error with the file, the line, the column and the value, and the option that mends
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc

PIPELINE = """\
skc: 1
name: files
data: {DATA}
inputs: {v: float64, s: string}
outputs: {x: {features: [v], dtype: float64}}
"""
Files = Mapping[str, bytes | pa.Table]


@dataclass(frozen=True)
class Bad:
    """Files, what each error says, and the options with which there is none (None if the files must change)."""

    files: Files
    code: str
    says: tuple[str, ...]
    hint: str
    mended: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    path: str = "a.csv"


def one(data: bytes, *rest: Any, **more: Any) -> Bad:
    return Bad({"a.csv": data}, *rest, **more)


GOOD = b"v,s\n1.5,a\n2,b\n"
SEMICOLON = {"separator": ";"}
CASES: dict[str, Bad] = {
    "wrong separator": one(
        b"v;s\n1.5;a\n", "SKC203", ("a.csv` has fields separated by semicolons, not commas",), "separator", SEMICOLON
    ),
    "wrong encoding": one(
        "v,s\n1,Köln\n".encode("cp1252"),
        "SKC203",
        ("a.csv`, line 2, column 4: the byte 0xf6 is not UTF-8",),
        "encoding",
        {"encoding": "cp1252"},
    ),
    "another encoding": one(
        "v,s\n1,Köln\n".encode(),
        "SKC203",
        ("a.csv`, line 2, column 4: the byte 0xc3 is not ascii",),
        "encoding",
        {"encoding": "utf-8"},
        options={"encoding": "ascii"},
    ),
    "a ragged row": one(
        b"v,s\n1,a\n2,b,c\n3,d\n",
        "SKC203",
        ("a.csv`, line 3: 3 fields, where the first line has 2; `c` has no column",),
        "as many fields as the first",
    ),
    "rows above": one(b"Report\n\nv,s\n1,a\n", "SKC204", ("a.csv has no column `v`",), "skip_rows", {"skip_rows": 2}),
    "rows below": one(b"v,s\n1,a\n2,b\nTotal\n", "SKC203", ("line 4: 1 field",), "skip_footer", {"skip_footer": 1}),
    "comments": one(b"v,s\n# no\n1,a\n", "SKC203", ("line 2: 1 field",), "comment", {"comment": "#"}),
    "decimal commas": one(
        b"v;s\n1,5;a\n2;b\n",
        "SKC206",
        ("a.csv, row 1 (line 2): `1,5` in column `v` is not a float64",),
        "decimal",
        {"decimal": ",", **SEMICOLON},
        options=SEMICOLON,
    ),
    "mixed decimals": one(
        b"v;s\n1,5;a\n2.5;b\n",
        "SKC206",
        ("a.csv, row 1 (line 2): `1,5` in column `v`",),
        "write all numbers of a column alike",
        options=SEMICOLON,
    ),
    "mixed decimals, read with a comma": one(
        b"v;s\n1,5;a\n2.5;b\n",
        "SKC206",
        ("a.csv, row 2 (line 3): `2.5` in column `v`",),
        "list strings that mean null",
        options={**SEMICOLON, "decimal": ","},
    ),
    "a group of two digits": one(
        b'v,s\n"1,50",a\n',
        "SKC206",
        ("row 1 (line 2): `1,50`",),
        "write `decimal",
        {"decimal": ","},
        options={"thousands": ","},
    ),
    "a name twice": one(
        b"v,s,v\n1,a,2\n", "SKC203", ("two columns `v`",), "header", {"header": ["v", "s", "w"], "skip_rows": 1}
    ),
    "an empty file": one(b"", "SKC203", ("`", "a.csv` has no header"), "first line"),
    "a header without rows": one(
        b"v,s\n", "SKC208", ("there are no rows to fit on in ", "a.csv"), "give data with rows"
    ),
    "no header": one(b"1,a\n2,b\n", "SKC204", ("a.csv has no column `v`",), "header", {"header": ["v", "s"]}),
    "two headers": Bad(
        {"a.csv": GOOD, "b.csv": b"V,s\n3,c\n"},
        "SKC204",
        ("b.csv has no column `v`",),
        "a.csv`, or name files without it",
        path="*.csv",
    ),
    "two separators": Bad(
        {"a.csv": GOOD, "b.csv": b"v;s\n3;c\n"},
        "SKC203",
        ("b.csv` has fields separated by semicolons, not commas",),
        "separator",
        path="*.csv",
    ),
    "Parquet parts of different types": Bad(
        {"a.parquet": pa.table({"v": [1.5], "s": ["a"]}), "b.parquet": pa.table({"v": ["2.5"], "s": ["b"]})},
        "SKC205",
        ("b.parquet: column `v` is VARCHAR, but is declared float64",),
        "declare it `string`",
        path="*.parquet",
    ),
    "blanks": one(b"v, s\n1.5, a\n", "SKC204", ("a.csv has no column `s`",), "trim", {"trim": True}),
    "a null": one(b"v,s\n1.5,a\nNA,b\n", "SKC206", ("row 2 (line 3): `NA` in column `v`",), "null_values"),
    "the rows of another header": one(
        GOOD,
        "SKC203",
        ("line 1: 2 fields, where `header` has 3",),
        "as many fields",
        {"header": ["v", "s"], "skip_rows": 1},
        options={"header": ["v", "s", "w"]},
    ),
}


def errors(folder: Path, path: str, options: Mapping[str, Any]) -> tuple[skc.Diagnostic, ...]:
    (folder / "pipeline.yaml").write_text(PIPELINE.replace("{DATA}", json.dumps({"path": path, **options})))
    try:
        skc.compile(folder / "pipeline.yaml", verify=False)
    except skc.SkcError as error:
        return error.diagnostics
    return ()


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_one_error_that_says_what_mends_it(name: str, tmp_path: Path) -> None:
    bad = CASES[name]
    for file, data in bad.files.items():
        if isinstance(data, bytes):
            (tmp_path / file).write_bytes(data)
        else:
            pq.write_table(data, tmp_path / file)
    diagnostic, *others = errors(tmp_path, bad.path, bad.options)
    assert {other.hint for other in others} <= {diagnostic.hint}  # one for each column
    assert diagnostic.code == bad.code
    assert all(words in diagnostic.message for words in bad.says), diagnostic.text()
    assert bad.hint in str(diagnostic.hint), diagnostic.text()
    if name == "two headers":  # the file that has the columns, and the same columns in both
        assert errors(tmp_path, "a.csv", {}) == ()
        (tmp_path / "b.csv").write_bytes(GOOD)
        assert errors(tmp_path, bad.path, {}) == ()
    if bad.mended is not None:
        assert errors(tmp_path, bad.path, bad.mended) == ()
