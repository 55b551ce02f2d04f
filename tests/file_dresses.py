"""The same table, written as people write files: the options of skc that read each, and those of pandas.

Numbers with thousands are read by pandas' engine in Python: the one in C does not round them correctly.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

NAMES = ("i", "x", "b", "s")
WORDS = ("", "Köln", "a b", "é", "Straße", "x")
Cell = str | float | int | bool | None
SEMICOLON = {"separator": ";"}
COMMA = {**SEMICOLON, "decimal": ","}
ONLY_TABLE = "i,x,b,s"


def numbers(seed: int, count: int) -> list[float]:
    """Doubles of all magnitudes, each of which needs up to 17 digits."""
    source = random.Random(seed)
    return [source.uniform(-1, 1) * 10 ** source.randint(-12, 14) for _ in range(count)]


def table(words: tuple[str, ...] = WORDS, rows: int = 60) -> list[tuple[Cell, ...]]:
    """Rows of i (int64), x (float64), b (bool), s (string); null where a number or a bool is missing."""
    source = random.Random(7)
    found = []
    for k, x in enumerate(numbers(8, rows)):
        i = None if k % 11 == 3 else source.randint(-(2**53), 2**53) if k % 2 else source.randint(-9999, 9999)
        b = None if k % 13 == 5 else source.random() < 0.5
        found.append((i, None if k % 7 == 2 else x, b, source.choice(words)))
    return found


@dataclass(frozen=True)
class Style:
    """How values are written."""

    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    null: str = ""
    bools: tuple[str, str] = ("false", "true")
    quote: str = '"'
    end: str = "\n"
    exponent: bool = True

    def value(self, value: Cell) -> str:
        if value is None:
            return self.null
        if isinstance(value, bool):
            return self.bools[value]
        if isinstance(value, str):
            return value
        text = repr(value) if self.exponent or isinstance(value, int) else f"{value:.4f}"
        whole, point, rest = text.partition(".")
        if self.thousands and whole.lstrip("-").isdigit():
            whole = f"{int(whole):,}".replace(",", self.thousands) if int(whole) else whole
        return whole + point.replace(".", self.decimal) + rest

    def line(self, values: tuple[str, ...]) -> str:
        if len(self.separator) > 1:
            return self.separator.join(values) + self.end
        text = io.StringIO()
        options: dict[str, Any] = (
            {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        )
        csv.writer(text, delimiter=self.separator, lineterminator=self.end, **options).writerow(values)
        return text.getvalue()


def text(rows: list[tuple[Cell, ...]], style: Style, header: bool = True) -> str:
    lines = [NAMES] if header else []
    return "".join(map(style.line, [*lines, *(tuple(map(style.value, row)) for row in rows)]))


@dataclass(frozen=True)
class Dress:
    """`data` as in YAML, and the arguments of `pandas.read_csv`."""

    name: str
    data: bytes
    options: Mapping[str, Any]
    pandas: Mapping[str, Any]
    null: str = ""
    file: str = "rows.csv"
    names: tuple[str, ...] = NAMES


def _dress(
    name: str,
    style: Style,
    options: Mapping[str, Any],
    pandas: Mapping[str, Any],
    encoding: str = "utf-8",
    words: tuple[str, ...] = WORDS,
    above: str = "",
    below: str = "",
    change: Callable[[str], str] = str,
    header: bool = True,
    **others: Any,
) -> Dress:
    body = change(text(table(words), style, header))
    return Dress(name, (above + body + below).encode(encoding), options, pandas, style.null, **others)


PLAIN = (";", "a,b", 'say "hi"', "x\ny", *WORDS)
GERMAN = Style(";", ",", ".", exponent=False)


def _commented(body: str) -> str:
    lines = body.splitlines(keepends=True)
    return "".join(f"# a comment; {k}\n{line}" if k % 9 == 4 else line for k, line in enumerate(lines))


def _padded(body: str) -> str:
    return body.replace(",", " ,  ").replace("\n", " \n")


def _packed(file: str, pack: Callable[[bytes], bytes]) -> Dress:
    return Dress(f"packed {file}", pack(text(table(), Style()).encode()), {}, {}, file=file)


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


DRESSES: list[Dress] = [
    _dress("semicolons", Style(";"), SEMICOLON, {"sep": ";"}, words=PLAIN),
    _dress("semicolons and decimal commas", Style(";", ","), COMMA, {"sep": ";", "decimal": ","}),
    _dress("decimal commas in quotes", Style(decimal=","), {"decimal": ","}, {"decimal": ","}),
    _dress(
        "German: 1.234,56 in cp1252",
        GERMAN,
        {**COMMA, "thousands": ".", "encoding": "cp1252"},
        {"sep": ";", "decimal": ",", "thousands": ".", "encoding": "cp1252", "engine": "python"},
        "cp1252",
        words=("€", "–", *PLAIN),
    ),
    _dress(
        "French: 1 234,56 with no-break spaces",
        Style(";", ",", "\u00a0", exponent=False),
        {**COMMA, "thousands": "\u00a0"},
        {"sep": ";", "decimal": ",", "thousands": "\u00a0", "engine": "python"},
    ),
    _dress(
        "Swiss: 1'234.56",
        Style(";", ".", "'", exponent=False),
        {**SEMICOLON, "thousands": "'"},
        {"sep": ";", "thousands": "'", "engine": "python"},
    ),
    _dress(
        "English: 1,234.56 in quotes",
        Style(thousands=",", exponent=False),
        {"thousands": ","},
        {"thousands": ",", "engine": "python"},
    ),
    _dress("tabs in .csv", Style("\t"), {"separator": "\t"}, {"sep": "\t"}, words=PLAIN),
    _dress("bars", Style("|"), {"separator": "|"}, {"sep": "|"}, words=PLAIN),
    _dress("two colons", Style("::"), {"separator": "::"}, {"sep": "::", "engine": "python"}),
    _dress(
        "blanks between fields",
        Style("   ", null="NA"),
        {"separator": "whitespace", "null_values": ["NA"]},
        {"sep": r"\s+"},
        words=("Köln", "é", "x"),
        change=lambda body: body.replace("\n", "  \n"),
    ),
    _dress("Latin-1", Style(), {"encoding": "latin-1"}, {"encoding": "latin-1"}, "latin-1", words=PLAIN),
    _dress("UTF-8 with a mark", Style(), {}, {"encoding": "utf-8-sig"}, "utf-8-sig", words=PLAIN),
    _dress("UTF-16", Style(), {"encoding": "utf-16"}, {"encoding": "utf-16"}, "utf-16", words=(*PLAIN, "😀", "\u0a0d")),
    _dress("UTF-16 without a mark", Style(), {"encoding": "utf-16-le"}, {"encoding": "utf-16-le"}, "utf-16-le"),
    _dress(
        "Shift JIS",
        Style(),
        {"encoding": "shift_jis"},
        {"encoding": "shift_jis"},
        "shift_jis",
        words=("東京", "ソ,表", "", "x"),
    ),
    _dress("KOI8-R", Style(), {"encoding": "koi8-r"}, {"encoding": "koi8-r"}, "koi8-r", words=("Москва", "", "x")),
    _dress("EBCDIC", Style(), {"encoding": "cp037"}, {"encoding": "cp037"}, "cp037", words=("a,b", "", "é")),
    _dress(
        "no header",
        Style(),
        {"header": False},
        {"header": None, "names": [f"column_{k}" for k in (1, 2, 3, 4)]},
        header=False,
        names=("column_1", "column_2", "column_3", "column_4"),
    ),
    _dress("names given", Style(), {"header": list(NAMES)}, {"header": None, "names": list(NAMES)}, header=False),
    _dress(
        "names given in the place of others",
        Style(),
        {"header": ["I", "X", "B", "S"], "skip_rows": 1},
        {"header": None, "names": ["I", "X", "B", "S"], "skiprows": 1},
        names=("I", "X", "B", "S"),
    ),
    _dress("the header in row 3", Style(), {"header": 3}, {"header": 2}, above="Report\nof today, late\n"),
    _dress(
        "rows above the header",
        Style(),
        {"skip_rows": 3},
        {"skiprows": 3},
        above='Report\n\nan open " quote, here\n',
        words=PLAIN,
    ),
    _dress(
        "a footer",
        Style(),
        {"skip_footer": 2},
        {"skipfooter": 2, "engine": "python"},
        below="Total,5\n3 May 2025\n",
    ),
    _dress("comments", Style(), {"comment": "#"}, {"comment": "#"}, change=_commented),
    _dress(
        "blanks around fields",
        Style(),
        {"trim": True},
        {"sep": r" *, *", "engine": "python"},
        change=_padded,
        words=("Köln", "a b", "x"),
    ),
    _dress("single quotes", Style(quote="'"), {"quote": "'"}, {"quotechar": "'"}, words=(*PLAIN, "it's", "'")),
    _dress(
        "no quotes",
        Style(";", quote=""),
        {**SEMICOLON, "quote": ""},
        {"sep": ";", "quoting": csv.QUOTE_NONE},
        words=('5" disk', '"', "a,b", "", "'"),
    ),
    _dress(
        "NA for all",
        Style(null="n/a"),
        {"null_values": ["n/a", "?"]},
        {"na_values": ["n/a", "?"]},
        words=("n/a", "?", "NA", "", "x"),
    ),
    _dress(
        "ja and nein",
        Style(bools=("nein", "ja")),
        {"true_values": ["ja"], "false_values": ["nein"]},
        {"true_values": ["ja"], "false_values": ["nein"]},
    ),
    _dress(
        "0 and 1",
        Style(bools=("0", "1")),
        {"true_values": ["1"], "false_values": ["0"]},
        {"true_values": ["1"], "false_values": ["0"]},
    ),
    _dress("CR LF, quoted lines, cp1252", Style(end="\r\n"), {"encoding": "cp1252"}, {"encoding": "cp1252"}, "cp1252"),
    _packed("rows.csv.gz", gzip.compress),
    _packed("rows.csv.bz2", bz2.compress),
    _packed("rows.csv.xz", lzma.compress),
    _packed("rows.csv.zst", zstd),
    _dress(
        "all at once",
        Style(";", ",", ".", null="k.A.", bools=("nein", "ja"), exponent=False, end="\r\n"),
        {
            **COMMA,
            "thousands": ".",
            "encoding": "cp1252",
            "skip_rows": 2,
            "skip_footer": 1,
            "null_values": ["k.A."],
            "true_values": ["ja"],
            "false_values": ["nein"],
        },
        {
            "sep": ";",
            "decimal": ",",
            "thousands": ".",
            "encoding": "cp1252",
            "skiprows": 2,
            "skipfooter": 1,
            "na_values": ["k.A."],
            "true_values": ["ja"],
            "false_values": ["nein"],
            "engine": "python",
        },
        "cp1252",
        above="Auswertung der Umsätze 2025\r\nerstellt am 3. Mai 2025;; intern\r\n",
        below="Summe;;;8.971.950.773,56\r\n",
    ),
]
