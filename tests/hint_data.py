"""Data with a mistake, and what the hint says to do about it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import skc
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
    options: Mapping[str, Any] = field(default_factory=dict)  # of reading

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
        declared = {**self.options, **({"where": self.where} if self.where else {})}
        where = f"data: {json.dumps(declared)}\n" if declared else ""
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


def with_options(wrong: Try, hint: str, folder: Path) -> Try:
    """The same with the options that the hint says to write under `data`."""
    written = re.findall("`([a-z_]+): ([^`]*)`", hint.partition("` under `data`")[0] + "`")
    assert written, hint
    declared = wrong.declared
    if "declare the input `nullable: true`" in hint:
        declared = f"{{type: {declared}, nullable: true}}"
    options = {name: json.loads(value) for name, value in written}
    return replace(wrong, declared=declared, options={**wrong.options, **options})


def numbers(*values: Any, dtype: pa.DataType | None = None) -> pa.Table:
    return pa.table({"v": pa.array(values, dtype)})


Follow = Callable[[Try, str, Path], Try]


def instead(**changes: Any) -> Follow:
    """The same with other words: what the hint says to write."""
    return lambda wrong, hint, folder: replace(wrong, **changes)


TEXT = "string"
CUT = "{bucketize: {edges: [0], closed: left}}, "
NULLS = f"{{impute: {{value: 0}}}}, {CUT}"
SEMICOLON = {"separator": ";"}
HOUR = "{datetime_part: {part: hour}}, "
LOCAL = "{type: timestamp, timezone: Europe/Berlin}"
MONTH = "{datetime_part: {part: month}}, "
CASES: list[tuple[str, str, Try, Follow]] = [
    # a part of the hint, the code, the failing input, what the hint says
    ("or the encoding that the file", "SKC203", Try(TEXT, "v\ncafé\nb\n".encode("latin1")), with_options),
    ("or the encoding that the file", "SKC203", Try(TEXT, b"v\ncaf\x81\nb\n"), with_options),
    ('`encoding: "utf-8', "SKC203", Try(TEXT, "v\ncafé ß\nb\n".encode(), options={"encoding": "ascii"}), with_options),
    ('`encoding: "utf-16', "SKC203", Try(TEXT, "v\ncafé\nb\n".encode("utf-16")), with_options),
    (
        "check the encoding; a text with such",
        "SKC203",
        Try(TEXT, b"v\n+2AA-\nb\n", options={"encoding": "utf-7"}),
        instead(options={}),
    ),
    ("perl -pe", "SKC203", Try(TEXT, b"v,w\r\na,1\rb,2\r\n"), by_command),
    ("perl -pe", "SKC203", Try(TEXT, b"v,w\r\na,1\nb,2\r\n"), by_command),
    ("`separator: ", "SKC203", Try(TEXT, b'v;w\nNone;"a,b"\nNA;"c;""d"\n'), with_options),
    ("`separator: ", "SKC203", Try(TEXT, b"v|w\nNone|1\n|2\n"), with_options),
    ("`separator: ", "SKC203", Try(TEXT, "v\tw\na\t1\né\t2\n".encode()), with_options),
    ("`separator: ", "SKC203", Try(TEXT, b"v,w\na,1\n", options={"separator": ";"}), with_options),
    ("`separator: ", "SKC203", Try(TEXT, b"  v   w\n  a   1\n"), with_options),
    ("`skip_rows: ", "SKC203", Try(TEXT, b"Report; of\nv;w\na;1\n"), with_options),
    ("`skip_rows: ", "SKC204", Try(TEXT, b"Report\n\nv,w\na,1\n"), with_options),
    ("`skip_rows: ", "SKC204", Try(TEXT, b"v,w\na,1\n", options={"skip_rows": 1}), with_options),
    ("`trim: ", "SKC204", Try(TEXT, b"w, v\n1, a\n"), with_options),
    ("if such lines are not rows", "SKC203", Try(TEXT, b"v,w\na,1\nb,2\nTotal\n\n"), with_options),
    ("`comment: ", "SKC203", Try(TEXT, b"v,w\na,1\n# of today\nb,2\n"), with_options),
    ("`trim: ", "SKC203", Try(TEXT, b'w,v\na, "b"\n'), with_options),
    ("`trim: ", "SKC203", Try(TEXT, b'w,v\n"a" ,"b"\n'), with_options),
    ("`decimal: ", "SKC206", Try("float64", b'v\n"1,5"\n2\n', first=CUT), with_options),
    ("`thousands: ", "SKC206", Try("float64", b'v\n"1,500.25"\n2.5\n', first=CUT), with_options),
    ("`thousands: ", "SKC206", Try("float64", b"v;w\n1.500,25;a\n2,5;b\n", first=CUT, options=SEMICOLON), with_options),
    ("or declare it float64 if", "SKC206", Try("int64", b'v\n"1,500"\n2\n'), with_options),
    ("or declare it float64 if", "SKC206", Try("int64", b"v\n1.500\n2.250\n"), instead(declared="float64", first=CUT)),
    ("`trim: ", "SKC206", Try("float64", b"v,w\n 1.5,a\n2 ,b\n", first=CUT), with_options),
    (
        "with the marks that `decimal`",
        "SKC206",
        Try("float64", b"v;w\n1.5;a\n2,5;b\n", first=CUT, options={**SEMICOLON, "decimal": ","}),
        instead(data=b"v;w\n1,5;a\n2,5;b\n"),
    ),
    (
        "write all numbers of a column alike",
        "SKC206",
        Try("float64", b'v\n"1,5"\n2.5\n', first=CUT),
        instead(data=b"v\n1.5\n2.5\n"),
    ),
    ("`true_values: ", "SKC206", Try("bool", b"v\nYes\nno\n", first="{cast: {to: int64}}, "), with_options),
    ("`true_values: ", "SKC206", Try("bool", b"v\n1\n0\ntrue\n", first="{cast: {to: int64}}, "), with_options),
    ("`null_values: ", "SKC206", Try("int64", b"v\n1\nNA\n"), with_options),
    ("`null_values: ", "SKC206", Try("{type: int64, nullable: true}", b"v\n1\n?\n"), with_options),
    (
        "`null_values: ",
        "SKC206",
        Try("{type: float64, nullable: true}", b'v\nk.A.\n"1,5"\n', first=NULLS),
        with_options,
    ),
    ("or remove the blank", "SKC203", Try(TEXT, b'w,v\na, "b"\n'), instead(data=b'w,v\na,"b"\n')),
    ("or remove the blank", "SKC203", Try(TEXT, b'w,v\na, "b"\n'), instead(data=b'w,v\na," b"\n')),
    ("as many fields", "SKC203", Try(TEXT, b"v,w\na,1,\n"), instead(data=b"v,w\na,1\n")),
    ("as many fields", "SKC203", Try(TEXT, b"v,w\na,b,1\n"), instead(data=b'v,w\n"a,b",1\n')),
    ('"say ""hi"""', "SKC203", Try(TEXT, b'v,w\n"say "hi"",1\n'), instead(data=b'v,w\n"say ""hi""",1\n')),
    ('write "" for an empty', "SKC203", Try(TEXT, b"v\na\n\nb\n"), instead(data=b'v\na\n""\nb\n')),
    ('write "" for an empty', "SKC203", Try(TEXT, b"v\na\n\nb\n"), instead(data=b"v\na\nb\n")),
    ("first line names", "SKC203", Try(TEXT, b""), instead(data=b"v\na\n")),
    ("with a name for each column", "SKC204", Try(TEXT, b"a,1\nb,2\n"), instead(options={"header": ["v", "w"]})),
    ("add a line of names above", "SKC204", Try(TEXT, b"a,1\nb,2\n"), instead(data=b"v,w\na,1\nb,2\n")),
    ("rename one", "SKC203", Try(TEXT, b"v,w,W\na,1,2\n"), instead(data=b"v,w,W2\na,1,2\n")),
    ("names are compared without", "SKC203", Try(TEXT, b"v,w,W,w\na,1,2,3\n"), with_options),
    ("names are compared without", "SKC203", Try(TEXT, b"\nv,v\na,1\n", options={"skip_rows": 1}), with_options),
    (
        "rename one of them; names are compared",
        "SKC203",
        Try(TEXT, b"v,v\na,1\n", options={"header": 1}),
        instead(data=b"v,w\na,1\n"),
    ),
    ("a record in every line .jsonl", "SKC203", Try(TEXT, b'{"v": "a"}\n', "rows.json"), instead(name="rows.jsonl")),
    (
        "for a file of text with any other name",
        "SKC202",
        Try(TEXT, b"v;w\na;1\n", "rows.txt"),
        instead(options=SEMICOLON),
    ),
    ("did you mean `vv`?", "SKC204", Try(TEXT, b"vv,w\na,1\n"), instead(data=b"v,w\na,1\n")),
    ("remove the comma", "SKC203", Try(TEXT, b'{"v": "a",}', "r.jsonl"), instead(data=b'{"v": "a"}')),
    (
        "write null",
        "SKC203",
        Try("float64", b'{"v": -Infinity}', "r.jsonl", first=CUT),
        instead(data=b'{"v": "-Infinity"}'),
    ),
    ("write null", "SKC203", Try(TEXT, b'{"v": "a", "w": NaN}', "r.jsonl"), instead(data=b'{"v": "a", "w": null}')),
    ("one record as a JSON object", "SKC203", Try(TEXT, b'["a"]', "r.jsonl"), instead(data=b'{"v": "a"}')),
    (
        "keys of a record must be unique",
        "SKC203",
        Try(TEXT, b'{"v": "a", "v": "b"}', "r.jsonl"),
        instead(data=b'{"v": "a"}'),
    ),
    ("a decimal point", "SKC206", Try("float64", b"v\n1.5 kg\n2\n", first=CUT), instead(data=b"v\n1.5\n2\n")),
    (
        "list strings that mean null",
        "SKC206",
        Try("int64", b"v\n1\nn1\n"),
        instead(declared="{type: int64, nullable: true, null_values: [n1]}"),
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
        Try("bool", b"v\nyes!\nno!\n", first="{cast: {to: int64}}, "),
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
    ("exclude such rows with `where`", "SKC209", Try("int64", b'v\n1\n""\n'), instead(where="v IS NOT NULL")),
    ("remove the NUL", "SKC206", Try(TEXT, b"v\na\0b\nc\n"), instead(data=b"v\nab\nc\n")),
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
        "or give the column one in the data",
        "SKC205",
        Try("timestamp", numbers(1, dtype=pa.timestamp("us")), first=HOUR),
        instead(data=numbers(1, dtype=pa.timestamp("us", "UTC"))),
    ),
    (
        "declare the zone, `{type: timestamp, timezone: Europe/Berlin}`",
        "SKC205",
        Try("timestamp", numbers(1, dtype=pa.timestamp("us")), first=HOUR),
        instead(declared=LOCAL),
    ),
    (
        "the column has a time zone: leave out `timezone`",
        "SKC205",
        Try(LOCAL, numbers(1, dtype=pa.timestamp("us", "UTC")), first=HOUR),
        instead(declared="timestamp"),
    ),
    (
        "write ISO 8601 without an offset",
        "SKC206",
        Try(LOCAL, b"v\n2024-05-01T12:00:00Z\n", first=HOUR),
        instead(data=b"v\n2024-05-01T12:00:00\n"),
    ),
    (
        "if the times have an offset, leave out `timezone`",
        "SKC206",
        Try(LOCAL, b"v\n2024-05-01T12:00:00Z\n", first=HOUR),
        instead(declared="timestamp"),
    ),
    (
        "give every column a single type",
        "SKC203",
        Try(TEXT, pd.DataFrame({"v": ["a", 1]})),
        instead(data=pd.DataFrame({"v": ["a", "1"]})),
    ),
    ("pandas, Polars and PyArrow tables", "SKC202", Try(TEXT, b"v\na\n", "rows.txt"), instead(name="rows.csv")),
    ("give a path, or a pandas", "SKC202", Try(TEXT, [{"v": "a"}]), instead(data=pl.DataFrame({"v": ["a"]}))),
    (
        "check for an unclosed quote",
        "SKC203",
        Try(TEXT, b'v,w\n"a,1\n' + b"b,2\n" * 600_000),
        instead(data=b'v,w\n"a",1\n' + b"b,2\n" * 1000),
    ),
    ("type that its name suggests", "SKC203", Try(TEXT, b"v\na\n", "rows.parquet"), instead(name="rows.csv")),
    (
        "clip the column before",
        "SKC211",
        Try("float64", b"v\ninf\n1\n2\n", first="{quantile_bin: {bins: 2}}, "),
        instead(first="{clip: {min: 0, max: 9}}, {quantile_bin: {bins: 2}}, "),
    ),
    ("every input must be a column", "SKC204", Try(TEXT, b"zzzzzz,w\na,1\n"), instead(data=b"v,w\na,1\n")),
    (
        "write `TRY_CAST(x AS",
        "SKC207",
        Try(TEXT, b"v,w\na,1\nb,x\n", where="CAST(w AS DOUBLE) > 0"),
        instead(where="TRY_CAST(w AS DOUBLE) > 0"),
    ),
    ("write one SQL condition", "SKC207", Try(TEXT, b"v\na\n", where="v = "), instead(where="v = 'a'")),
    (
        "give a `value` to replace nulls",
        "SKC210",
        Try("{type: float64, nullable: true}", b"v,w\n,1\n,2\n", first="{impute: {strategy: mean}}, " + CUT),
        instead(first="{impute: {value: 0}}, " + CUT),
    ),
    (
        "put `impute: {value: 0}` before",
        "SKC210",
        Try("{type: float64, nullable: true}", b"v,w\n,1\n,2\n", first="standard_scale, {impute: {value: 0}}, " + CUT),
        instead(first="{impute: {value: 0}}, standard_scale, " + CUT),
    ),
    (
        "add it to `categories`",
        "SKC214",
        Try(TEXT, b"v\na\nb\n", first="{ordinal: {categories: [a], unknown: error}}, "),
        instead(first="{ordinal: {categories: [a, b], unknown: error}}, "),
    ),
    (
        "clip or rescale the column",
        "SKC212",
        Try("float64", b"v\n1e200\n-1e200\n", first="standard_scale, " + CUT),
        instead(first="{clip: {min: 0, max: 9}}, standard_scale, " + CUT),
    ),
    (
        "write `points: [[0, 0], [1, 1]]`",
        "SKC124",
        Try("float64", b"v\n1\n2\n", first="interpolate, " + CUT),
        instead(first="{interpolate: {points: [[0, 0], [1, 1]]}}, " + CUT),
    ),
]
