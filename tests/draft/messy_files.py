"""Tables of columns of many kinds, written in a random style: what `skc init` has to find out, by seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

ROWS = 120
NAMES = ("Köln", "a b", "Straße", "it's", "x; y", "Łódź", "{a}", "#1", "a: b", "yes", "- b")


@dataclass(frozen=True)
class Style:
    """How a file is written."""

    separator: str
    decimal: str
    thousands: str
    encoding: str
    end: str
    null: str
    above: str
    below: str

    def number(self, value: float, digits: int) -> str:
        text = f"{value:,.{digits}f}" if self.thousands else f"{value:.{digits}f}"
        return text.translate(str.maketrans({",": self.thousands, ".": self.decimal}))

    def field(self, text: str) -> str:
        is_quoted = any(character in text for character in (self.separator, '"', "\n")) or text.startswith("#")
        return '"' + text.replace('"', '""') + '"' if is_quoted else text

    def line(self, fields: list[str]) -> str:
        return self.separator.join(map(self.field, fields)) + self.end


@dataclass(frozen=True)
class Kind:
    """A kind of column: how a value is written, and the role that a draft should find; None if it is left out."""

    role: str | None
    cell: Callable[[random.Random, int, Style], str]
    is_text: bool = True  # of which the draft does not read numbers
    may_miss: bool = True


def _at(source: random.Random) -> str:
    return f"{datetime(2024, 1, 1) + timedelta(minutes=source.randrange(500_000)):%Y-%m-%d %H:%M}"


def _day(source: random.Random) -> date:
    return date(2021, 1, 1) + timedelta(days=source.randrange(1200))


KINDS: dict[str, Kind] = {
    "count": Kind("number", lambda s, k, w: w.number(s.randint(-5000, 50_000), 0), is_text=False),
    "amount": Kind("number", lambda s, k, w: w.number(s.uniform(-50, 90_000), 2), is_text=False),
    "price": Kind("number", lambda s, k, w: f"{w.number(s.uniform(0, 9000), 2)} €"),
    "dollars": Kind("number", lambda s, k, w: f"${w.number(s.uniform(0, 9000), 2)}"),
    "share": Kind("number", lambda s, k, w: f"{w.number(s.uniform(0, 99), 1)}%"),
    "size": Kind("number", lambda s, k, w: f"{s.randint(1, 99)}{s.choice('kM')}"),
    "flag": Kind("flag", lambda s, k, w: s.choice(("true", "false")), is_text=False),
    "place": Kind("category", lambda s, k, w: s.choice(NAMES)),
    "zip": Kind("category", lambda s, k, w: f"0{s.randint(1, 9)}00"),
    "day": Kind("moment", lambda s, k, w: _day(s).isoformat(), is_text=False),
    "german_day": Kind("moment", lambda s, k, w: f"{_day(s):%d.%m.%Y}"),
    "at": Kind("moment", lambda s, k, w: _at(s)),
    "key": Kind(None, lambda s, k, w: f"{k:05}-{s.randrange(16**6):06x}", may_miss=False),
    "order_id": Kind(None, lambda s, k, w: str(500 + k), is_text=False, may_miss=False),
    "constant": Kind(None, lambda s, k, w: "EUR", may_miss=False),
}  # fmt: skip


@dataclass(frozen=True)
class MessyFile:
    """Its bytes, and its columns: the kind of each, and the texts of its fields."""

    data: bytes
    style: Style
    columns: dict[str, tuple[Kind, list[str]]]


def messy_file(seed: int) -> MessyFile:
    """The file of a seed."""
    source = random.Random(seed)
    separator = source.choice([",", ";", "\t", "|"])
    marks = [(".", ""), (".", "'"), *([(".", ","), (",", "."), (",", "")] if separator != "," else [])]
    decimal, thousands = source.choice(marks)
    above = source.choice(["", "", "Report\n", "Report of today\n\n"])
    below = source.choice(["", "", "end of report\n"])
    encoding = source.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])
    style = Style(
        separator,
        decimal,
        thousands,
        encoding,
        source.choice(["\n", "\r\n"]),
        source.choice(["", "NA", "?"]),
        above,
        below,
    )
    chosen = source.sample(sorted(KINDS), source.randint(5, 10))
    columns: dict[str, tuple[Kind, list[str]]] = {}
    for name in chosen:
        kind = KINDS[name]
        share = source.choice([0, 0, 0.1, 0.4]) if kind.may_miss else 0
        cells = [style.null if source.random() < share else kind.cell(source, k, style) for k in range(ROWS)]
        columns[name] = (kind, _readable(cells, encoding))
    records = [list(columns), *map(list, zip(*(cells for _, cells in columns.values()), strict=True))]
    text = style.above.replace("\n", style.end) + "".join(map(style.line, records)) + style.below
    return MessyFile(text.encode(encoding), style, columns)


def _readable(cells: list[str], encoding: str) -> list[str]:
    """With the characters that the encoding has."""
    return [cell.replace("Łódź", "Lodz") for cell in cells] if encoding == "cp1252" else cells


def expected(text: str, style: Style) -> Any:
    """The number that a field of a column of numbers is."""
    return None if text == style.null else float(text.replace(style.thousands, "").replace(style.decimal, "."))
