"""Bodies of requests as bytes: those of `schemas/requests.v1.json`, more from a seed, and damaged ones.

What a made body must give is known from how it was made, never from a runtime: decimals are rounded by exact rational
arithmetic, and of several faults the rules of the two schemas choose one. A damaged body has no answer that is known;
all languages must give the same.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from cells import float_word

ROOT = Path(__file__).parents[2]
REQUESTS = ROOT / "schemas" / "requests.v1.json"
MADE, SEED = 250, 9
EPOCH, MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)
LARGE = 1 << 20  # bytes: such a body is sent once a language
Spelt = tuple[str, Any]  # a value in JSON; what reaches the graph, or a `Refusal`
Part = tuple[bytes, int]  # and how often it is repeated


@dataclass(frozen=True)
class Refusal:
    code: str


@dataclass(frozen=True)
class Body:
    """A body in parts, and what it must give in the form of `requests.v1.json`."""

    id: str
    parts: Sequence[Part]
    extra: str
    expect: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """As the suite holds it."""
        parts = [[base64.b64encode(data).decode(), count] for data, count in self.parts]
        return {"id": self.id, "body": parts, "extra": self.extra, "expect": self.expect}


@cache
def inputs() -> list[dict[str, Any]]:
    """Of the one pipeline that all bodies are for."""
    found: list[dict[str, Any]] = json.loads(REQUESTS.read_bytes())["inputs"]
    return found


def all_bodies() -> Iterator[Body]:
    for case in json.loads(REQUESTS.read_bytes())["bodies"]:
        yield Body(case["id"], written(case), case.get("extra", "error"), case["expect"])
    r = Random(SEED)
    for k in range(MADE):
        yield made(r, f"made-{k}")


def written(case: Mapping[str, Any]) -> list[Part]:
    """The parts of a body of the schema."""
    if "hex" in case:
        return [(bytes.fromhex(case["hex"]), 1)]
    if "text" in case:
        return [(case["text"].encode(), 1)]
    return [(text.encode(), count) for text, count in case["parts"]]


def made(r: Random, name: str) -> Body:
    """A record, records or columns, whose values, keys, order and blanks are drawn."""
    extra = r.choice(["error", "error", "ignore"])
    rows = [_row(r) for _ in range(r.choice([0, 1, 1, 2, 3, 8]))]
    form = r.choice(["record", "records", "columns"])
    if form == "record":
        rows = rows[:1] or [_row(r)]
        text, expect = _object(r, rows[0]), _judged(rows, extra, is_single=True)
    elif form == "records":
        text, expect = _array(r, [_object(r, row) for row in rows]), _judged(rows, extra, is_single=False)
    else:
        columns = {i["name"]: [_value(r, i) for _ in rows] for i in inputs() if not i["nullable"] or r.random() < 0.5}
        if r.random() < 0.1:
            columns["other"] = [("1", None)]
        text = _object(r, {name: (_array(r, [v for v, _ in column]), None) for name, column in columns.items()})
        text, expect = _object(r, {"columns": (text, None)}), _columns_judged(columns, len(rows), extra)
    return Body(name, [((_blank(r) + text + _blank(r)).encode(), 1)], extra, expect)


def _row(r: Random) -> dict[str, Spelt]:
    row = {i["name"]: _value(r, i) for i in inputs() if r.random() < (0.5 if i["nullable"] else 0.995)}
    if r.random() < 0.03:
        row[r.choice(["X", "fare", "\U0001f600", "é "])] = ("[]", None)
    return row


def _value(r: Random, i: Mapping[str, Any]) -> Spelt:
    chance = r.random()
    if chance < 0.02:
        return "null", None if i["nullable"] else Refusal("null")
    if chance < 0.03:
        return r.choice(["[]", "{}", '[{"a": []}]']), Refusal("wrong-type")
    if "text" in i and chance < 0.6:
        text, value = _float(r) if i["type"] == "float64" else _integer(r)
        return (f'"{text}"', value) if r.random() < 0.9 else (f'" {text}"', Refusal("invalid-value"))
    match i["type"]:
        case "float64":
            return _float(r)
        case "float32":
            return _float32(r)
        case "int64":
            return _integer(r) if chance < 0.8 else _integral(r)
        case "bool":
            return r.choice([("true", True), ("false", False)])
        case "string":
            return _string(r)
    if chance < 0.5:
        return _integer(r)
    if i["type"] == "timestamp":
        return _instant(r, is_local="timezone" in i)
    return _day(r) if i["type"] == "date" else _clock(r)


def _float(r: Random) -> Spelt:
    """A decimal near or far, rounded by rational arithmetic."""
    digits = str(r.randrange(1, 10 ** r.randint(1, 40)))
    point = r.randint(0, len(digits))
    text = r.choice(["", "-"]) + (digits[:point].lstrip("0") or "0") + "." + (digits[point:] or "0")
    if r.random() < 0.5:
        text += r.choice("eE") + r.choice(["", "+", "-"]) + str(r.choice([0, 1, 15, 22, 300, 308, 320, 330]))
    try:
        value = float(Fraction(text))
    except OverflowError:
        return text, Refusal("not-exact")
    return text, float_word(-0.0 if value == 0 and text.startswith("-") else value)


def _float32(r: Random) -> Spelt:
    """A decimal as for a float64, or next to the middle of two float32; rounded to a float64, and that to a float32."""
    text, value = _float(r)
    if r.random() < 0.5:
        (low,) = struct.unpack("<f", struct.pack("<I", r.randrange(1, 0x7F7FFFFF)))
        middle = low + low * 2.0**-24 if r.random() < 0.5 else low * (1 + 2.0**-23)
        text = repr(r.choice([-1, 1]) * r.choice([middle, math.nextafter(middle, 0), math.nextafter(middle, math.inf)]))
        value = text
    if isinstance(value, Refusal):
        return text, value
    try:
        (narrow,) = struct.unpack("<f", struct.pack("<f", float(text)))
    except OverflowError:
        return text, Refusal("float32-overflow")
    return text, float_word(narrow)


def _integer(r: Random) -> Spelt:
    value = r.choice([1, -1]) * r.randrange(10 ** r.randint(1, 22))
    return str(value), str(value) if -(2**63) <= value < 2**63 else Refusal("int64-overflow")


def _integral(r: Random) -> Spelt:
    """A float for an integer: judged as the nearest float64."""
    text, value = _float(r)
    if isinstance(value, Refusal):
        return text, Refusal("int64-overflow")
    number = float(value)
    if not number.is_integer():
        return text, Refusal("not-integral")
    return text, str(int(number)) if abs(number) <= 2**53 else Refusal("not-exact")


def _day(r: Random) -> Spelt:
    """A day of the calendar, or one that is not."""
    day = date.fromordinal(r.randint(1, date.max.toordinal()))
    if r.random() < 0.1:
        return json.dumps(f"{day.year:04}-02-30"), Refusal("invalid-value")
    return json.dumps(day.isoformat()), str(day.toordinal() - EPOCH.toordinal())


def _clock(r: Random) -> Spelt:
    """A time of day in one of its forms, or one that is not."""
    micros, digits = r.randrange(86_400_000_000), r.choice([None, 0, 1, 3, 6, 9])
    unit = 60_000_000 if digits is None else 10 ** (6 - min(digits, 6))
    micros -= micros % unit
    seconds, fraction = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + ("" if digits is None else f":{seconds % 60:02}")
    text += f".{fraction * 1000:09}"[: digits + 1] if digits else ""
    match r.randrange(12):
        case 0:
            return json.dumps(text + r.choice(["Z", "+01:00", " "])), Refusal("invalid-value")
        case 1:
            return json.dumps(text.replace(":", ".", 1)), Refusal("invalid-value")
        case 2 if digits == 9:
            return json.dumps(f"{text[:-1]}{r.randint(1, 9)}"), Refusal("not-exact")
    return json.dumps(text), str(micros)


def _instant(r: Random, *, is_local: bool) -> Spelt:
    """A local time and, as a rule, an offset, each in one of its forms. It may lie outside the years 1 to 9999."""
    time = datetime.min + timedelta(microseconds=r.randrange(10 ** r.randint(1, 17)) % (9999 * 365 * 86_400_000_000))
    digits = r.choice([0, 1, 3, 6, 9])
    time -= timedelta(microseconds=time.microsecond % 10 ** (6 - min(digits, 6)))
    text = time.strftime(f"{time.year:04}-%m-%d{r.choice('T ')}%H:%M:%S")
    text += f".{time.microsecond * 1000:09}"[: digits + 1] if digits else ""
    minutes = r.randint(-1439, 1439)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    offsets = [(f"{sign}{hours:02}{r.choice([':', ''])}{rest:02}", minutes), (f"{sign}{hours:02}", minutes - rest)]
    offset, minutes = r.choice([("Z", 0), ("-00:00", 0), *offsets[: 2 if sign == "+" else 1]])
    match r.randrange(12):
        case 0:
            return json.dumps(text), str((time - EPOCH) // MICROSECOND) if is_local else Refusal("naive-datetime")
        case 1:
            return json.dumps(text + offset.lower() + "z"), Refusal("invalid-value")
        case 2 if digits == 9:
            return json.dumps(f"{text[:-1]}{r.randint(1, 9)}{offset}"), Refusal("not-exact")
    micros = (time - EPOCH) // MICROSECOND
    if is_local:
        return r.choice([(json.dumps(text), str(micros)), (json.dumps(text + offset), Refusal("aware-datetime"))])
    return json.dumps(text + offset), str(micros - minutes * 60_000_000)


def _string(r: Random) -> Spelt:
    drawn = [r.choice(["a", "é", "\U0001f600", '"', "\\", "\n", "/", "\u2028", "\x7f"]) for _ in range(r.randint(0, 6))]
    text = "".join(drawn)
    spelt = json.dumps(text, ensure_ascii=r.random() < 0.5)
    if r.random() < 0.03:
        return spelt[:-1] + '\\uDBFF"', Refusal("invalid-utf8")
    if r.random() < 0.03:
        return spelt[:-1] + '\\u0000"', Refusal("nul-in-string")
    return spelt, text


def _object(r: Random, members: Mapping[str, Spelt]) -> str:
    keys = r.sample([*members], len(members))
    spelt = [f"{json.dumps(k, ensure_ascii=r.random() < 0.5)}{_blank(r)}:{_blank(r)}{members[k][0]}" for k in keys]
    return "{" + _blank(r) + ",".join(_blank(r) + member + _blank(r) for member in spelt) + "}"


def _array(r: Random, items: Sequence[str]) -> str:
    return "[" + _blank(r) + ",".join(_blank(r) + item + _blank(r) for item in items) + "]"


def _blank(r: Random) -> str:
    return r.choice(["", "", "", " ", "\n", "\t\r\n"])


def _judged(rows: Sequence[Mapping[str, Spelt]], extra: str, *, is_single: bool) -> dict[str, Any]:
    """Row by row: an unknown key, then input by input."""
    known = {i["name"] for i in inputs()}
    for k, row in enumerate(rows):
        place = None if is_single else k
        unknown = sorted((key for key in row if key not in known), key=str.encode)
        if unknown and extra == "error":
            return {"error": "unknown-key", "input": unknown[0], "row": place}
        for i in inputs():
            if i["name"] not in row and not i["nullable"]:
                return {"error": "missing-key", "input": i["name"], "row": place}
            _, value = row.get(i["name"], ("", None))
            if isinstance(value, Refusal):
                return {"error": value.code, "input": i["name"], "row": place}
    values = {i["name"]: [row.get(i["name"], ("", None))[1] for row in rows] for i in inputs()}
    return {"rows": None if is_single else len(rows), "values": values}


def _columns_judged(columns: Mapping[str, Sequence[Spelt]], rows: int, extra: str) -> dict[str, Any]:
    """An unknown key, then column by column; those that are drawn are all there, and of one length."""
    if "other" in columns and extra == "error":
        return {"error": "unknown-key", "input": "other", "row": None}
    for i in inputs():
        for row, (_, value) in enumerate(columns.get(i["name"], ())):
            if isinstance(value, Refusal):
                return {"error": value.code, "input": i["name"], "row": row}
    nulls = [("", None)] * rows
    values = {i["name"]: [value for _, value in columns.get(i["name"], nulls)] for i in inputs()}
    return {"rows": rows, "values": values}


TOKENS = [
    *(b'{ } [ ] , : " \\ null true false 0 -0 -0.0 1e400 1e-400 9007199254740993 18446744073709551616 0.1 NaN'.split()),
    *(b'\\ud83d \\ude00 \\u0000 \\u0078 "x" "n":7 "s":"a" "columns": [[ ]] {} [] 1.0 1.5 -1 \xff \xed\xa0\xbd'.split()),
    *("😀 é \ufeff \u2028".encode().split(b" ")),
    *(b"\0", b"\x1f", b"\x7f", b"\x80", b" ", b"\n", b"e", b"E", b".", b"-", b"+", b"1" * 30, b"9" * 330, b"[" * 64),
]


TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[-+.\w]+|.', re.S)
VALUES = [
    *b"null true false 0 -0 -0.0 7 1.5 3.0 1e400 -1e400 1e-400 5e-324 1.7976931348623157e308 1e22 1e23 4e15".split(),
    *b"9007199254740992 9007199254740993 9223372036854775807 9223372036854775808 18446744073709551616".split(),
    *b'9007199254740993.0 -9223372036854775808 -9223372036854775809 {} [] "" "a" "x" "n" "s" "t" "columns"'.split(),
    *b'"2024-02-29" "2023-02-29" "0001-01-01" "9999-12-31" "0000-01-01" "2024-02-29T12:00:00Z"'.split(),
    *b'"1969-12-31T23:59:59.999999-05:30" "9999-12-31T23:59:59.999999999Z" "2016-12-31T23:59:60Z" "24:00"'.split(),
    *(b'"2024-02-29 12:00:00.5+01"', b'"2024-02-29T12:00"'),
    *b'"12.50" "007" "+5" ".5" "1e5" "1E-400" "9007199254740993" "-0" "-0.0" "1_0" "inf" "NaN" "3.0" "1e400"'.split(),
    *rb'"\ud83d" "\ude00\ud83d" "\ud83d\ude00" "\u0000" "\u0078" "\u00e9" "1.5" 1.5e 01 NaN'.split(),
]


def damaged(seed: int, count: int) -> Iterator[tuple[bytes, str]]:
    """Bodies with some bytes changed, and `extra`."""
    r = Random(seed)
    sound = [b"".join(data * n for data, n in body.parts) for body in all_bodies() if size(body.parts) < 2000]
    for _ in range(count):
        if r.random() < 0.2:
            body = _with_texts(r)
        elif r.random() < 0.5:
            body = _exchanged(r, r.choice(sound), r.choice(sound))
        else:
            body = r.choice(sound)
            for _ in range(r.choice([1, 1, 2, 3, 6])):
                body = _damage(r, body, r.choice(sound))
        yield body, r.choice(["error", "ignore"])


TEXTS = [text for text in VALUES if re.fullmatch(rb'"[-+0-9.].*"', text)]


def _with_texts(r: Random) -> bytes:
    """A sound record, but for the texts of its times and numbers: some are altered."""
    names = [i["name"] for i in inputs() if "text" in i or i["type"] in ("timestamp", "date")]
    texts = {name: r.choice(TEXTS) for name in r.sample(names, r.choice([1, 1, 2]))}
    members = [json.dumps(name).encode() + b": " + _altered(r, text) for name, text in texts.items()]
    return b'{"x": 1.5, "n": 7, "s": "a", ' + b", ".join(members) + b"}"


def _exchanged(r: Random, body: bytes, other: bytes) -> bytes:
    """Some values and keys replaced by others, or by themselves with a digit or two more: mostly JSON still."""
    words = TOKEN.findall(body)
    places = [k for k, word in enumerate(words) if word[:1] not in b"{}[],: \t\r\n"]
    drawn = [word for word in TOKEN.findall(other) if word[:1] not in b"{}[],: \t\r\n"] + VALUES
    for k in r.sample(places, min(len(places), r.choice([1, 1, 2, 4]))):
        if words[k][:1] == b'"' and r.random() < 0.5:  # a character or two of a text
            words[k] = _altered(r, words[k])
        elif words[k][-1:].isdigit() and r.random() < 0.5:
            words[k] += r.choice([b"0", b"5", b".0", b".5", b"e1", b"e-3", b"E+2", b"0000000000", b"1234567890123"])
        else:
            words[k] = r.choice(drawn)
    return b"".join(words)


def _altered(r: Random, text: bytes) -> bytes:
    """A text with some of its characters taken out, doubled, or replaced by one that a date or a number may have."""
    found = bytearray(text)
    for _ in range(r.choice([1, 1, 2])):
        at = r.randint(min(1, len(found)), max(1, len(found) - 1))
        found[at : at + r.randint(0, 1)] = r.choice([b"", *(bytes([c]) for c in b"0123456789-+:.TtZz eE_,")])
    return bytes(found)


def _damage(r: Random, sound: bytes, other: bytes) -> bytes:
    body = bytearray(sound)
    at = r.randint(0, len(body))
    to = min(len(body), at + r.choice([0, 0, 1, 1, 2, 8, 40]))
    match r.randrange(6):
        case 0:
            del body[at:to]
        case 1:
            body[at:to] = bytes([r.randrange(256)])
        case 2 | 3:
            body[at:to] = r.choice(TOKENS)
        case 4:
            body[at:at] = body[at:to]
        case _:
            start = r.randint(0, len(other))
            body[at:to] = other[start : start + r.choice([1, 4, 16, 80])]
    return bytes(body)


def size(parts: Sequence[Part]) -> int:
    return sum(len(data) * count for data, count in parts)
