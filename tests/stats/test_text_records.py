"""Lines and fields of text, whatever the encoding, the separator and the size of a block."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
from pathlib import Path
from typing import Any

import pytest
from file_dresses import DRESSES, zstd
from source_tables import rows as rows_of

from skc.data.duckdb.connection import Database
from skc.data.duckdb.loading import load_training
from skc.data.sources import resolve
from skc.data.text import lines
from skc.data.text.lines import WrongByteError, all_lines
from skc.data.text.records import long_fields
from skc.data.text.splitting import Splitter
from skc.data.text.table import TextError, column_names, lines_of, rows
from skc.diagnostics import SkcError
from skc.frontend.yaml.data import options_to_json, read_options_text
from skc.ir import DataSource, Input, ReadOptions

ENCODINGS = ("utf-8", "utf-16", "utf-32", "utf-7", "cp1252", "shift_jis", "gb18030", "euc_kr", "cp037", "iso2022_jp")
TEXT = "a,b\r\n1,\n\nx y,z\r\n日本" * 3
LETTERS = [*([","] * 5), *(['"'] * 5), '""', " ", "a", "b", "\n", "\r\n", "é"]


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 18])
def test_lines_do_not_depend_on_blocks(
    encoding: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "CHUNK", size)
    text = TEXT.encode(encoding, "replace").decode(encoding)
    file = written(tmp_path / "a.csv", text.encode(encoding))
    assert list(all_lines(file, encoding)) == list(io.StringIO(text, newline="\n"))


@pytest.mark.parametrize(
    ("encoding", "data", "line", "column", "byte"),
    [
        ("utf-8", b"a\n\xc3\xa9\xff\n", 2, 2, 0xFF),
        ("utf-8", b"a\nb\xc3", 2, 2, 0xC3),  # the end of the file
        ("utf-8", b"\xef\xbb\xbf\xff", 1, 1, 0xFF),  # behind a mark
        ("ascii", b"a\nb\n\xe9", 3, 1, 0xE9),
        ("cp1252", b"a\nb\x81", 2, 2, 0x81),
        ("utf-16-le", "a\nb".encode("utf-16-le") + b"\x00", 2, 2, 0x00),
        ("shift_jis", "日\n本".encode("shift_jis") + b"\x81", 2, 2, 0x81),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1 << 18])
def test_a_wrong_byte_has_a_line_and_a_column(
    encoding: str, data: bytes, line: int, column: int, byte: int, size: int, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(lines, "CHUNK", size)
    taken = []
    with pytest.raises(WrongByteError) as error:
        taken.extend(all_lines(written(tmp_path / "a.csv", data), encoding))
    assert (error.value.line, error.value.column, error.value.byte) == (line, column, byte)


def test_utf16_without_a_mark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongByteError, match="BOM"):
        list(all_lines(written(tmp_path / "a.csv", "ab".encode("utf-16-le")), "utf-16"))


def as_csv(text: str, separator: str) -> list[list[str]] | None:
    try:
        reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, strict=True)
        return list(reader)
    except csv.Error:
        return None


def test_a_splitter_splits_as_python_does() -> None:
    """Where there is nothing that only it knows."""
    source = random.Random(5)
    splitter, same = Splitter(",", '"', trim=False), 0
    for _ in range(20_000):
        text = "".join(source.choice(LETTERS) for _ in range(source.randint(1, 10)))
        try:
            found = list(splitter.records(io.StringIO(text, newline="\n")))
        except csv.Error:
            found = None
        assert found == as_csv(text, ","), repr(text)
        same += found is not None
    assert same > 3000


@pytest.mark.parametrize(
    ("separator", "text", "fields"),
    [
        (",", ' a , " b " ,c d\t,""\n', ["a", " b ", "c d", ""]),
        (",", '"x\n, y" ,\t\n', ["x\n, y", ""]),
        (",", 'a "b" , 5"\n', ['a "b"', '5"']),
        ("\t", 'a \t "b"\n', ["a", "b"]),
        ("whitespace", '  a \t b "c d"  \r\n', ["a", "b", "c d"]),
        ("::", '"a::b":: c\n', ["a::b", "c"]),
        (",", "\u00a0a\u00a0,\x1c\n", ["\u00a0a\u00a0", "\x1c"]),  # blanks are spaces and tabs
    ],
)
def test_what_is_trimmed(separator: str, text: str, fields: list[str]) -> None:
    assert list(Splitter(separator, '"', trim=True).records(io.StringIO(text, newline="\n"))) == [fields]


def table(tmp_path: Path, data: bytes, **options: Any) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    file = written(tmp_path / "a.csv", data)
    with long_fields():
        names = column_names(file, ReadOptions(**options), ",")
        return names, [(row.line, row.fields) for row in rows(file, ReadOptions(**options), ",")]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    data = b'Report\n\n# no\na,b\n"1\n# 2",3\n# 4\n\n5,6\n# 7\n\nTotal,\n\n\n'
    got = table(tmp_path, data, skip_rows=2, comment="#", skip_footer=1)
    assert got == (("a", "b"), [(5, ["1\n# 2", "3"]), (9, ["5", "6"])])


def test_lines_of_rows_that_are_there_no_more(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", b"a,b\n1,2\n3\n4,5\n")
    assert lines_of(file, ReadOptions(), ",", {1, 3}) == {1: 2}


def test_a_footer_longer_than_the_file_leaves_nothing(tmp_path: Path) -> None:
    assert table(tmp_path, b"a,b\n1,2\n", skip_footer=5) == ((), [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "line 3: 1 field, where the first line has 2"),
        ({"skip_rows": 1, "header": ("x", "y", "z")}, "line 2: 2 fields, where `header` has 3"),
        ({"header": ("x",)}, "line 1: 2 fields, where `header` has 1; `b` has no column"),
    ],
)
def test_a_ragged_row_is_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(TextError) as error:
        table(tmp_path, b"a,b\n1,2\n3\n", **options)
    assert error.value.message == message


@pytest.mark.parametrize("dress", DRESSES, ids=[dress.name for dress in DRESSES])
def test_options_survive_a_round_trip(dress: Any) -> None:
    """As an artifact keeps them."""
    options = read_options_text(json.dumps(dress.options), "a.json")
    assert options_to_json(options) == dress.options
    assert read_options_text(json.dumps(options_to_json(options)), "a.json") == options


def test_the_first_bad_rows_are_reported_together(database: Database, tmp_path: Path) -> None:
    """All columns, every text with its first line, and how many."""
    body = "".join(f"{k if k % 3 else 'n/a'},{'1;5' if k % 2 else k},x\n" for k in range(40))
    (tmp_path / "a.csv").write_text("i,x,s\n" + body)
    inputs = (Input("i", "int64"), Input("x", "float64"), Input("s", "string"))
    source, declared = resolve(str(tmp_path / "a.csv"), DataSource())
    with pytest.raises(SkcError) as error:
        load_training(database, source, inputs, declared)
    first, second = error.value.diagnostics
    assert "row 1 (line 2): `n/a` in column `i` is not an int64" in first.message
    assert "14 such values in the first 1,000 rows that have one: `n/a` in row 1 (line 2) and 13 more" in first.notes[0]
    assert "row 2 (line 3): `1;5` in column `x` is not a float64" in second.message
    assert "20 such values" in second.notes[0]


def test_nulls_of_the_data_do_not_override_those_of_an_input(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("i,j,s,t\n?,-,?,?\n1,2,-,\n")
    inputs = (
        Input("i", "int64", nullable=True),
        Input("j", "int64", nullable=True, null_values=("-",)),
        Input("s", "string", nullable=True),
        Input("t", "string", nullable=True, null_values=("-",)),  # which are null in the graph
    )
    options = ReadOptions(null_values=("?", ""))
    source, declared = resolve(str(tmp_path / "a.csv"), DataSource(options=options))
    found = rows_of(load_training(database, source, inputs, declared))
    assert found == [{"i": None, "j": None, "s": None, "t": "?"}, {"i": 1, "j": 2, "s": "-", "t": ""}]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zst", "a.jsonl.bz2", "a.json.xz"])
@pytest.mark.parametrize("lost", [1, 12, 400])
@pytest.mark.parametrize("options", [ReadOptions(), ReadOptions(skip_footer=1)])
def test_a_file_that_is_cut_is_refused(
    database: Database, tmp_path: Path, name: str, lost: int, options: ReadOptions
) -> None:
    """It must not be read as a shorter one."""
    generator = random.Random(6)
    numbers = [generator.random() for _ in range(30_000)]  # more than one block
    lines = {"csv": "v\n{}\n", "jsonl": "{}\n", "json": "[{}]"}[name.split(".")[1]]
    is_json = ".json" in name
    cells = [f'{{"v": {number}}}' if is_json else str(number) for number in numbers]
    body = lines.format(("," if ".json." in name else "\n").join(cells)).encode()
    packed = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}[name.rsplit(".", 1)[1]](body)
    (tmp_path / name).write_bytes(packed[:-lost])
    source, declared = resolve(DataSource(str(tmp_path / name), options=options), None)
    with pytest.raises(SkcError) as error:
        load_training(database, source, (Input("v", "float64"),), declared)
    assert error.value.code == "SKC203"
    assert name in str(error.value)
    assert error.value.diagnostics[0].hint
