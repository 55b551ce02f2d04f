"""Hints about data, followed by machine: what they say is done to the failing input, and that error is gone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc
import skc_runtime
from skc.diagnostics import SkcError

FEATURES = """\
features:
  v: {from: v, apply: [FIRST{one_hot: {unknown: zeros}}]}
outputs:
  x: {features: [v], dtype: float64}
"""


@dataclass(frozen=True)
class Try:
    """A pipeline on one column, and its data: bytes of a file, or a table."""

    declared: str
    data: Any
    name: str = "rows.csv"
    where: str | None = None
    first: str = ""  # steps before the last

    def codes(self, folder: Path) -> list[str]:
        return [d.code for d in self.diagnostics(folder)]

    def diagnostics(self, folder: Path) -> tuple[skc.Diagnostic, ...]:
        given: Any = self.data
        if isinstance(given, bytes):
            (folder / self.name).write_bytes(given)
            given = folder / self.name
        elif isinstance(given, pa.Table) and self.name.endswith(".parquet"):
            pq.write_table(given, folder / self.name)
            given = folder / self.name
        where = f"data: {{path: unused.csv, where: {self.where!r}}}\n" if self.where else ""
        text = f"skc: 1\nname: hints\n{where}inputs: {{v: {self.declared}}}\n{FEATURES.replace('FIRST', self.first)}"
        (folder / "pipeline.yaml").write_text(text)
        try:
            skc.compile(folder / "pipeline.yaml", given, verify=False)
        except SkcError as error:
            return error.diagnostics
        return ()


def by_command(wrong: Try, hint: str, folder: Path) -> Try:
    """Run the command that a hint gives, with the names of the files put in."""
    found = re.search(r"`(.*)`", hint) or re.search(r"(python3 .*)$", hint)
    assert found is not None
    command = found[1].replace("OLD", f"'{folder / wrong.name}'").replace("NEW", f"'{folder / 'new.csv'}'")
    command = command.replace("python3", sys.executable)
    subprocess.run(command, shell=True, check=True, env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"})
    return replace(wrong, data=(folder / "new.csv").read_bytes(), name="new.csv")


def numbers(*values: Any, dtype: pa.DataType | None = None) -> pa.Table:
    return pa.table({"v": pa.array(values, dtype)})


Follow = Callable[[Try, str, Path], Try]


def instead(**changes: Any) -> Follow:
    """The same with other words: what the hint says to write."""
    return lambda wrong, hint, folder: replace(wrong, **changes)


TEXT = "string"
CUT = "{bucketize: {edges: [0], closed: left}}, "
HOUR = "{datetime_part: {part: hour}}, "
MONTH = "{datetime_part: {part: month}}, "
CASES: list[tuple[str, str, Try, Follow]] = [
    # a part of the hint, the code, the failing input, what the hint says
    ("iconv -f latin1", "SKC203", Try(TEXT, "v\ncafé\nb\n".encode("latin1")), by_command),
    ("iconv -f utf-16", "SKC203", Try(TEXT, "v\ncafé\nb\n".encode("utf-16")), by_command),
    ("perl -pe", "SKC203", Try(TEXT, b"v,w\r\na,1\rb,2\r\n"), by_command),
    ("perl -pe", "SKC203", Try(TEXT, b"v,w\r\na,1\nb,2\r\n"), by_command),
    ("write it with commas", "SKC203", Try(TEXT, b'v;w\nNone;"a,b"\nNA;"c;""d"\n'), by_command),
    ("write it with commas", "SKC203", Try(TEXT, b"v|w\nNone|1\n|2\n"), by_command),
    ("call it .tsv", "SKC203", Try(TEXT, "v\tw\na\t1\né\t2\n".encode()), instead(name="rows.tsv")),
    ("take the blank out", "SKC203", Try(TEXT, b'w,v\na, "b"\n'), instead(data=b'w,v\na,"b"\n')),
    ("take the blank out", "SKC203", Try(TEXT, b'w,v\na, "b"\n'), instead(data=b'w,v\na," b"\n')),
    ("as many fields", "SKC203", Try(TEXT, b"v,w\na,1,\n"), instead(data=b"v,w\na,1\n")),
    ("as many fields", "SKC203", Try(TEXT, b"v,w\na,b,1\n"), instead(data=b'v,w\n"a,b",1\n')),
    ('"say ""hi"""', "SKC203", Try(TEXT, b'v,w\n"say "hi"",1\n'), instead(data=b'v,w\n"say ""hi""",1\n')),
    ('write "" for an empty', "SKC203", Try(TEXT, b"v\na\n\nb\n"), instead(data=b'v\na\n""\nb\n')),
    ('write "" for an empty', "SKC203", Try(TEXT, b"v\na\n\nb\n"), instead(data=b"v\na\nb\n")),
    ("first line names", "SKC203", Try(TEXT, b""), instead(data=b"v\na\n")),
    ("put a line of names above", "SKC204", Try(TEXT, b"a,1\nb,2\n"), instead(data=b"v,w\na,1\nb,2\n")),
    ("rename one", "SKC203", Try(TEXT, b"v,w,W\na,1,2\n"), instead(data=b"v,w,W2\na,1,2\n")),
    ("did you mean `vv`?", "SKC204", Try(TEXT, b"vv,w\na,1\n"), instead(data=b"v,w\na,1\n")),
    ("take the comma out", "SKC203", Try(TEXT, b'{"v": "a",}', "r.jsonl"), instead(data=b'{"v": "a"}')),
    (
        "write null",
        "SKC203",
        Try("float64", b'{"v": -Infinity}', "r.jsonl", first=CUT),
        instead(data=b'{"v": "-Infinity"}'),
    ),
    ("write null", "SKC203", Try(TEXT, b'{"v": "a", "w": NaN}', "r.jsonl"), instead(data=b'{"v": "a", "w": null}')),
    ("one record as a JSON object", "SKC203", Try(TEXT, b'["a"]', "r.jsonl"), instead(data=b'{"v": "a"}')),
    ("every key once", "SKC203", Try(TEXT, b'{"v": "a", "v": "b"}', "r.jsonl"), instead(data=b'{"v": "a"}')),
    ("a decimal point", "SKC206", Try("float64", b'v\n"1,5"\n2\n', first=CUT), instead(data=b"v\n1.5\n2\n")),
    (
        "list texts that mean null",
        "SKC206",
        Try("int64", b"v\n1\nNA\n"),
        instead(declared="{type: int64, nullable: true, null_values: [NA]}"),
    ),
    (
        "or declare it float64",
        "SKC206",
        Try("int64", b"v\n1.5\n2\n", first="{bucketize: {edges: [0], closed: left}}, "),
        instead(declared="float64"),
    ),
    (
        "if it is an id, declare it `string`",
        "SKC206",
        Try("int64", b"v\n18446744073709551615\n1\n"),
        instead(declared=TEXT),
    ),
    (
        "write it as text in the data",
        "SKC206",
        Try("int64", numbers(2**64 - 1, dtype=pa.uint64())),
        instead(declared=TEXT, data=numbers(str(2**64 - 1))),
    ),
    (
        "if it fits 64 bits, declare it int64",
        "SKC206",
        Try("float64", numbers(2**53 + 1), first=CUT),
        instead(declared="int64", first=""),
    ),
    (
        "write true or false",
        "SKC206",
        Try("bool", b"v\nyes\nno\n", first="{cast: {to: int64}}, "),
        instead(data=b"v\ntrue\nfalse\n"),
    ),
    (
        "2024-05-01T12:00:00Z",
        "SKC206",
        Try("timestamp", b"v\n2024-05-01 12:00\n", first=HOUR),
        instead(data=b"v\n2024-05-01T12:00:00Z\n"),
    ),
    (
        "declare it `string` and use `parse_datetime`",
        "SKC206",
        Try("timestamp", b"v\n01.05.2024 12:00\n", first=HOUR),
        instead(
            declared=TEXT,
            first='{parse_datetime: {format: "%d.%m.%Y %H:%M", timezone: UTC, invalid: error}}, ' + HOUR,
        ),
    ),
    (
        "write YYYY-MM-DD",
        "SKC206",
        Try("date", b"v\n1.5.2024\n", first="{datetime_part: {part: day}}, "),
        instead(data=b"v\n2024-05-01\n"),
    ),
    ("declare the type that the data has", "SKC206", Try(TEXT, b'{"v": 1}', "r.jsonl"), instead(declared="int64")),
    (
        "remove that to read NaN as null",
        "SKC209",
        Try("{type: float64, nullable: true, nan: error}", b"v\nnan\n1\n", first=CUT),
        instead(declared="{type: float64, nullable: true}", first=f"{{impute: {{value: 0}}}}, {CUT}"),
    ),
    ("nullable: true}`", "SKC209", Try("int64", b'v\n1\n""\n'), instead(declared="{type: int64, nullable: true}")),
    ("leave such rows out by `where`", "SKC209", Try("int64", b'v\n1\n""\n'), instead(where="v IS NOT NULL")),
    ("take the NUL out", "SKC206", Try(TEXT, b"v\na\0b\nc\n"), instead(data=b"v\nab\nc\n")),
    ("give data with rows", "SKC208", Try(TEXT, b"v\n"), instead(data=b"v\na\n")),
    ("widen `where`", "SKC208", Try(TEXT, b"v\na\n", where="v = 'b'"), instead(where="v = 'b' OR v = 'a'")),
    (
        "CAST(x AS DOUBLE)",
        "SKC207",
        Try(TEXT, b"v,w\na,1\nb,2\n", where="w + 1 > 1.5"),
        instead(where="CAST(w AS DOUBLE) + 1 > 1.5"),
    ),
    (
        "or declare it `bool`",
        "SKC205",
        Try("int64", numbers(True, False)),
        instead(declared="bool", first="{cast: {to: int64}}, "),
    ),
    ("convert the column in the data", "SKC205", Try(TEXT, numbers(1, 2)), instead(data=numbers("1", "2"))),
    (
        "store the column as DOUBLE",
        "SKC205",
        Try("float64", numbers(Decimal("1.50")), first=CUT),
        instead(data=numbers(1.5)),
    ),
    (
        "give the column a time zone",
        "SKC205",
        Try("timestamp", numbers(1, dtype=pa.timestamp("us")), first=HOUR),
        instead(data=numbers(1, dtype=pa.timestamp("us", "UTC"))),
    ),
    (
        "put `parse_datetime` before",
        "SKC205",
        Try("timestamp", numbers("2024-05-01"), first=MONTH),
        instead(
            declared=TEXT,
            first='{parse_datetime: {format: "%Y-%m-%d", timezone: UTC, invalid: error}}, ' + MONTH,
        ),
    ),
    (
        "give every column one type",
        "SKC203",
        Try(TEXT, pd.DataFrame({"v": ["a", 1]})),
        instead(data=pd.DataFrame({"v": ["a", "1"]})),
    ),
    ("pandas, Polars and PyArrow tables", "SKC202", Try(TEXT, b"v\na\n", "rows.txt"), instead(name="rows.csv")),
    ("give a path, or a pandas", "SKC202", Try(TEXT, [{"v": "a"}]), instead(data=pl.DataFrame({"v": ["a"]}))),
    (
        "look for a quote that is never closed",
        "SKC203",
        Try(TEXT, b'v,w\n"a,1\n' + b"b,2\n" * 600_000),
        instead(data=b'v,w\n"a",1\n' + b"b,2\n" * 1000),
    ),
    ("kind that its name says", "SKC203", Try(TEXT, b"v\na\n", "rows.parquet"), instead(name="rows.csv")),
    (
        "clip the column before",
        "SKC211",
        Try("float64", b"v\ninf\n1\n2\n", first="{quantile_bin: {bins: 2}}, "),
        instead(first="{clip: {min: 0, max: 9}}, {quantile_bin: {bins: 2}}, "),
    ),
]


@pytest.mark.parametrize(
    ("words", "code", "wrong", "follow"), CASES, ids=[f"{k}-{c[0][:30]}" for k, c in enumerate(CASES)]
)
def test_the_hint_works(words: str, code: str, wrong: Try, follow: Follow, tmp_path: Path) -> None:
    told = wrong.diagnostics(tmp_path)
    hints = [str(d.hint) for d in told if d.code == code]
    assert any(words in hint for hint in hints), told
    (hint, *_) = [hint for hint in hints if words in hint]
    assert not follow(wrong, hint, tmp_path).diagnostics(tmp_path)


def test_what_a_command_wrote_has_the_same_values(tmp_path: Path) -> None:
    """None, NA and the empty text are texts, before and after."""
    wrong = Try(TEXT, b"v;w\nNone;1\nNA;2\n;3\nnan;4\n")
    (told,) = wrong.diagnostics(tmp_path)
    assert by_command(wrong, str(told.hint), tmp_path).data == b"v,w\r\nNone,1\r\nNA,2\r\n,3\r\nnan,4\r\n"


def test_the_glob_of_a_folder_is_one_to_copy(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        f"skc: 1\nname: hints\ninputs: {{v: string}}\n{FEATURES.replace('FIRST', '')}"
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README").write_text("x")
    with pytest.raises(SkcError, match="no file in it that skc reads"):
        skc.compile(tmp_path / "pipeline.yaml", tmp_path / "data", verify=False)
    for name in ("b.CSV.gz", "a.jsonl"):
        (tmp_path / "data" / name).write_text('{"v": "a"}')
    with pytest.raises(SkcError) as error:
        skc.compile(tmp_path / "pipeline.yaml", tmp_path / "data", verify=False)
    (glob,) = re.findall("'(.*)'", str(error.value.diagnostics[0].hint))
    assert skc.compile(tmp_path / "pipeline.yaml", glob, verify=False).stages[0].rows == 1


def test_a_row_of_a_table_is_served_as_the_hint_says(tmp_path: Path) -> None:
    """NaN in a column of text or integers is null there, which `row.to_dict()` would not make of it."""
    text = (
        "skc: 1\nname: hints\ninputs: {v: {type: int64, nullable: true}, s: {type: string, nullable: true}}\n"
        "outputs:\n  x: {features: [v], dtype: int64}\n  t: {features: [s], dtype: string}\n"
    )
    (tmp_path / "pipeline.yaml").write_text(text)
    skc.compile(tmp_path / "pipeline.yaml", out=tmp_path / "artifact", rows=100)
    table = pd.DataFrame({"v": [np.nan, 1.0], "s": [None, "a"]})
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        with pytest.raises(skc_runtime.RecordError) as error:
            transformer.transform(table.iloc[1])
        assert "table.iloc[[i]]" in str(error.value.hint)
        for k in range(2):
            made = transformer.transform(table.iloc[[k]])
            assert [made["x"].shape, made["t"].shape] == [(1, 1), (1, 1)]
