"""Data of which no draft can be made: a typed error with the file, the line, the column and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc

Files = Mapping[str, bytes | pa.Table]
UMLAUTS = "".join(f"{k},Köln\n" for k in range(30)).encode()


def written(folder: Path, files: Files) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            (folder / name).write_bytes(data)
        else:
            pq.write_table(data, folder / name)


CASES: dict[str, tuple[Files, str, str, tuple[str, ...], str, Files]] = {
    # files, DATA, code, what is said, the hint, the files that follow it (none: another test, or nothing to try)
    "an empty file": ({"a.csv": b""}, "a.csv", "SKC203", ("a.csv` has no header",), "the first line names", {}),
    "blank lines": ({"a.csv": b"\n \n\n"}, "a.csv", "SKC203", ("a.csv` has no header",), "the first line names", {}),
    "a header without rows": ({"a.csv": b"v,s\n"}, "a.csv", "SKC208", ("no rows in ",), "give data with rows", {}),
    "a wrong byte in the middle": (
        {"a.csv": b"v,s\n" + UMLAUTS + b"31,K\xf6ln\n" + UMLAUTS},
        "a.csv",
        "SKC203",
        ("a.csv`, line 32, column 5: the byte 0xf6 is not UTF-8",),
        "correct the byte",
        {"a.csv": b"v,s\n" + UMLAUTS + "31,Köln\n".encode() + UMLAUTS},
    ),
    "ragged rows": (
        {"a.csv": b"v,s\n" + b"1,a\n" * 20 + b"2,b,c\n" + b"1,b\n" * 20},
        "a.csv",
        "SKC203",
        ("a.csv`, line 22: 3 fields, where the first line has 2; `c` has no column",),
        "as many fields as the first",
        {"a.csv": b"v,s\n" + b"1,a\n" * 20 + b"2,b\n" + b"1,b\n" * 20},
    ),
    "two headers": (
        {"a.csv": b"v,s\n1,a\n2,b\n", "b.csv": b"w,s\n3,c\n4,c\n"},
        "*.csv",
        "SKC204",
        ("b.csv has no column `v`",),
        "give all files the same columns",
        {"b.csv": b"v,s\n3,c\n4,c\n"},
    ),
    "a column more": (
        {"a.csv": b"v,s\n1,a\n2,b\n", "b.csv": b"v,s,w\n3,c,1\n4,c,2\n"},
        "*.csv",
        "SKC204",
        ("a.csv has no column `w`",),
        "give all files the same columns",
        {"a.csv": b"v,s,w\n1,a,1\n2,b,1\n"},
    ),
    "Parquet parts of different types": (
        {"a.parquet": pa.table({"v": [1.5], "s": ["a"]}), "b.parquet": pa.table({"v": ["2.5"], "s": ["b"]})},
        "*.parquet",
        "SKC205",
        ("column `v` is DOUBLE in ", "a.parquet, and VARCHAR in ", "b.parquet"),
        "store it as one type in all files",
        {"b.parquet": pa.table({"v": [2.5], "s": ["b"]})},
    ),
    "a picture": (
        {"a.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9},
        "a.png",
        "SKC202",
        ("a.png` is not a file of text",),
        "skc reads .csv",
        {},
    ),
    "lines of JSON that are not records": (
        {"a.jsonl": b"[1]\n"},
        "a.jsonl",
        "SKC203",
        ("a.jsonl`, line 1: it is not an object",),
        "write one record as a JSON object",
        {"a.jsonl": b'{"v": 1}\n{"v": 2}\n'},
    ),
    "no column that can be a feature": (
        {"a.csv": b"v,s\n" + b"1,a\n" * 30},
        "a.csv",
        "SKC210",
        ("no column of ", "a.csv", "`v`: it is the same in every row"),
        "other data",
        {"a.csv": b"v,s\n" + b"1,a\n2,a\n" * 30},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_error_that_says_what_mends_it(name: str, tmp_path: Path) -> None:
    files, data, code, says, hint, mended = CASES[name]
    written(tmp_path, files)
    with pytest.raises(skc.SkcError) as error:
        skc.init(tmp_path / data, tmp_path / "pipeline.yaml")
    diagnostic = error.value.diagnostics[0]
    assert diagnostic.code == code
    text = diagnostic.text()
    assert all(words in text for words in says), text
    assert hint in str(diagnostic.hint), text
    assert not (tmp_path / "pipeline.yaml").exists()
    if mended:
        written(tmp_path, mended)
        assert_compiles(tmp_path / data, tmp_path)


def assert_compiles(data: Any, folder: Path, **options: Any) -> skc.Drafted:
    drafted = skc.init(data, folder / "pipeline.yaml", **options)
    done = skc.compile(folder / "pipeline.yaml", rows=10)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    return drafted


EDGES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "one row": (b"v,s\n1,a\n", ()),
    "one column": (b"v\n1\n2\n3\n", ("  v: int64  # 1 to 3",)),
    "one column of text": (b"name\nRome\nOslo\nRome\n", ("  name: string",)),
    "a name twice": (b"v,s,v\n1,a,2\n2,b,4\n", ("  header: [v, s, v_2]  # the file has a name twice", "  v_2: int64")),
    "names that differ in case": (b"v,V\n1,2\n2,4\n", ("  header: [v, V_2]",)),
    "columns without a name": (b",v,\n0,5,a\n1,6,b\n2,7,b\n", ('  "(unnamed 1)": int64', '  "(unnamed 3)": string')),
    "names that YAML reads otherwise": (
        'yes,1e3,a: b,"q""u",größe,😀,null,- x,#y,no\n1,2,3,4,5,6,7,8,9,1\n2,3,4,5,6,7,8,9,10,2\n'.encode(),
        (
            '  "yes": int64',
            '  "1e3": int64',
            '  "a: b": int64',
            '  "q\\"u": int64',
            "  größe: int64",
            '  "😀": int64',
        ),
    ),
    "names that a feature cannot have": (
        b"a/b,c#d,inputs,x\n$1,$2,a,1\n$2,$3,b,2\n",
        ("  a_b: {from: a/b", '  c_d: {from: "c#d"', "  x_: {"),
    ),
    "names of features": (
        b"numbers,flags,categories\n1,true,a\n2,false,b\n3,false,b\n",
        ("  numbers_: {from: numbers", "  flags_: {from: flags}"),
    ),
    "a name that no input can have": (b"a.valid,v\n1,2\n2,3\n", ("its name cannot be that of an input",)),
    "mixed decimals": (b"v;s\n1,5;a\n2.5;b\n3,5;a\n", ("  v: string",)),
    "points that may divide thousands": (
        b"v,s\n1.234,1\n21.500,2\n3.100,4\n",
        ("v: float64  # 1.234 to 21.5; guess: the point is a decimal mark, not one of thousands",),
    ),
    "thousands that the prices show": (
        "v;s\n1.234;1.234,56 €\n21.500;2,50 €\n3.100;4,00 €\n".encode(),
        ("  v: int64  # 1,234 to 21,500", "  decimal: "),
    ),
    "codes with zeros": (b"zip,v\n01234,1\n20095,2\n01234,3\n", ("  zip: string",)),
    "integers beyond 2^53": (
        b"v,s\n9007199254740993,1\n9007199254740995,2\n",
        ("guess: it has integers beyond",),
    ),
    "infinities": (b"v,s\n1.5,1\ninf,2\n-inf,3\n2.5,4\n", ("null_values: [",)),
    "a group of two digits": (b'v,s\n"1,50",a\n"2,50",b\n', ('  decimal: ","',)),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_compile(name: str, tmp_path: Path) -> None:
    data, lines = EDGES[name]
    (tmp_path / "a.csv").write_bytes(data)
    drafted = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml")
    for line in lines:
        assert line in drafted.text, drafted.text
    assert_compiles(tmp_path / "a.csv", tmp_path, force=True)


def test_many_columns(tmp_path: Path) -> None:
    lines = [[f"c{k}" for k in range(300)], *([str((k * row) % 7) for k in range(300)] for row in range(1, 5))]
    (tmp_path / "a.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    drafted = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml")
    assert drafted.inputs == 257, "every seventh is the same in every row"
    assert max(map(len, drafted.text.splitlines())) <= 120
    skc.compile(tmp_path / "pipeline.yaml", rows=10, signature="packed", verify=False)
