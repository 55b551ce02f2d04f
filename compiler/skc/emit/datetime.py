"""Reading dates and times out of strings inside the graph.

How: a regular expression decides whether a text is valid, as far as that is possible without a calendar. An invalid
text is replaced by a valid one, so that nothing after it can fail. Then the tokenizer finds runs of digits,
`Cast` makes them numbers (of at most 18 digits, and digits only, so that no locale and no overflow can
matter), and the rest is arithmetic.

Why the reshapes: for an empty batch the tokenizer loses the shape of its output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skc.diagnostics import bug
from skc.emit import calendar
from skc.emit.opset import const, ml, op, tokenize_by
from skc.time.format import FRACTION, Directive, Format, Letter, Token, filler
from skc.time.names import in_any_case, spellings

if TYPE_CHECKING:
    from spox import Var

_HOUR = 3_600_000_000  # microseconds
_YEAR = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_FULL: dict[Letter, str] = {
    "Y": _YEAR,
    "y": "[0-9]{2}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "j": "(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "H": "(?:[01][0-9]|2[0-3])",
    "I": "(?:0[1-9]|1[0-2])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "p": "[AaPp][Mm]",
}
_SHORT: dict[Letter, str] = {
    **_FULL,
    "m": "(?:0?[1-9]|1[0-2])",
    "d": "(?:0?[1-9]|[12][0-9]|3[01])",
    "j": "(?:0{0,2}[1-9]|0?[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "H": "(?:[01]?[0-9]|2[0-3])",
    "I": "(?:0?[1-9]|1[0-2])",
    "M": "[0-5]?[0-9]",
    "S": "[0-5]?[0-9]",
}
_OFFSET = "[+-](?:[01][0-9]|2[0-3])"
_SHORT["z"] = f"(?:Z|{_OFFSET}:?[0-5][0-9])"
_NOON = dict.fromkeys(spellings("pm"), 12 * _HOUR)  # what is not found is AM
_ISO_DATE = f"{_YEAR}-{_FULL['m']}-{_FULL['d']}"
_ISO_TIME = f"{_FULL['H']}:{_FULL['M']}(?::{_FULL['S']}(?:[.][0-9]{{1,9}})?)?"
ISO_FILLER = "2000-01-01"
_END = "~"  # does not occur in any text that matches
_UNITS: dict[Letter, int] = {"H": _HOUR, "I": _HOUR, "p": 1, "M": 60_000_000, "S": 1_000_000, "f": 1}


@dataclass(frozen=True)
class Fields:
    """The fields of the texts, each int64 [N, K]; None where the format does not have that field (no year: no
    date). `time` and `offset` are in microseconds; `is_naive` (bool) is true where an optional offset is absent, and
    None where the format leaves no choice.
    """

    year: Var | None = None
    month: Var | None = None
    day: Var | None = None
    day_of_year: Var | None = None
    time: Var | None = None
    offset: Var | None = None
    is_naive: Var | None = None


def some(field: Var | None) -> Var:
    """A field that the format has."""
    if field is None:
        raise bug("the format does not have this field")
    return field


def pattern_of(layout: Format | None, to: str) -> str:
    """A regular expression for valid texts, leaving the lengths of months to the calendar; None is ISO 8601."""
    if layout is None:
        instant = f"{_ISO_DATE}(?:[T ]{_ISO_TIME}(?:Z|{_OFFSET}(?::?[0-5][0-9])?)?)?"
        return {"timestamp": instant, "date": _ISO_DATE, "time": _ISO_TIME}[to]
    return "".join(_piece_pattern(p) if isinstance(p, Directive) else re.escape(p) for p in layout.pieces)


def _piece_pattern(directive: Directive) -> str:
    if directive.names:
        return f"(?:{'|'.join(map(in_any_case, directive.names))})"
    if directive.letter == "f":
        return f"[0-9]{{{directive.least},{directive.most}}}"
    if directive.is_padded:
        return f"(?:{_SHORT[directive.letter]}| [1-9])"
    return (_FULL if directive.is_full else _SHORT)[directive.letter]


def offset_keys(*, hours_only: bool) -> dict[str, int]:
    """Every way to write an offset, and its microseconds."""
    keys = {"Z": 0}
    for sign, factor in (("+", 60_000_000), ("-", -60_000_000)):
        for minutes in range(24 * 60):
            hour, minute = f"{minutes // 60:02}", f"{minutes % 60:02}"
            keys[f"{sign}{hour}{minute}"] = keys[f"{sign}{hour}:{minute}"] = factor * minutes
            if hours_only and minute == "00":
                keys[f"{sign}{hour}"] = factor * minutes
    return keys


def _lookup(x: Var, table: Mapping[str, int]) -> Var:
    return ml.label_encoder(x, keys_strings=list(table), values_int64s=list(table.values()), default_int64=0)


def read_fields(layout: Format | None, text: Var, width: int, to: str) -> Fields:
    """The fields of strings [N, width] that match `pattern_of(layout, to)`."""
    if layout is None:
        return {"timestamp": _iso_fields, "date": _iso_date, "time": _iso_time}[to](text, width)
    tokens = layout.tokens
    pieces = _pieces(text, layout.token_pattern, width, len(tokens))
    numbers = _numbers(pieces, tokens)
    if "b" in layout.letters:
        numbers["m"] = _lookup(_at(pieces, tokens, "b"), layout.months.numbers)
    if "f" in layout.letters and "f" not in numbers:
        numbers["f"] = _fraction(_at(pieces, tokens, "f"))
    if "p" in layout.letters:
        numbers["p"] = _lookup(_at(pieces, tokens, "p"), _NOON)
    offset = _lookup(_at(pieces, tokens, "z"), offset_keys(hours_only=False)) if "z" in layout.letters else None
    return Fields(
        year=_year(layout, numbers),
        month=numbers.get("m"),
        day=numbers.get("d"),
        day_of_year=numbers.get("j"),
        time=_time_of_day(numbers),
        offset=offset,
    )


def _year(layout: Format, numbers: Mapping[Letter, Var]) -> Var | None:
    """The year; of two digits the one that ends in them, and is the first year that they can mean or later."""
    if "y" not in numbers:
        return numbers.get("Y")
    start = layout.two_digit_year_start
    later = op.mod(op.add(numbers["y"], calendar.constant(-start % 100)), calendar.constant(100))
    return op.add(later, calendar.constant(start))


def _pieces(text: Var, pattern: str, width: int, count: int) -> Var:
    """Strings [N, width, count]: the matches of a pattern, of which every text has `count`."""
    return op.reshape(tokenize_by(text, pattern, width), const([0, width, count]))


def _at(pieces: Var, tokens: tuple[Token, ...], letter: Letter) -> Var:
    """The strings [N, K] of the token that holds just that directive."""
    index = [token.letters for token in tokens].index((letter,))
    return op.gather(pieces, const(index, np.int64), axis=2)


def _numbers(pieces: Var, tokens: tuple[Token, ...]) -> dict[Letter, Var]:
    """The numbers [N, K], all but names, AM and PM, offsets and a fraction by itself."""
    rows: list[tuple[Letter, int, int, int]] = []  # letter, token, divisor, modulus
    used: list[int] = []
    for i, token in enumerate(tokens):
        if not token.most or token.letters == ("f",):
            continue
        weight = 1
        for directive in reversed(token.directives):
            rows.append((directive.letter, len(used), weight, 10**directive.most))
            weight *= 10**directive.most
        used.append(i)
    if not used:
        return {}
    chosen = pieces if len(used) == len(tokens) else op.gather(pieces, const(used, np.int64), axis=2)
    numbers = op.cast(chosen, to=np.int64)
    if len(rows) == len(used):
        return {row[0]: _field(numbers, row[1]) for row in rows}
    columns = [list(column) for column in zip(*rows, strict=True)]
    spread = op.gather(numbers, const(columns[1], np.int64), axis=2)
    numbers = op.mod(op.div(spread, const(columns[2], np.int64)), const(columns[3], np.int64))
    fields = {row[0]: _field(numbers, i) for i, row in enumerate(rows)}
    if "f" in fields:
        fields["f"] = _microseconds(
            fields["f"], next(d.most for token in tokens for d in token.directives if d.letter == "f")
        )
    return fields


def _microseconds(fraction: Var, digits: int) -> Var:
    """A fraction of so many digits, as an integer, in microseconds; more than six digits are cut."""
    if digits <= FRACTION:
        return fraction if digits == FRACTION else op.mul(fraction, calendar.constant(10 ** (FRACTION - digits)))
    return op.div(fraction, calendar.constant(10 ** (digits - FRACTION)))


def _field(numbers: Var, index: int) -> Var:
    return op.gather(numbers, const(index, np.int64), axis=2)


def _fraction(digits: Var) -> Var:
    """One to nine digits [N, K] as microseconds: padded with zeros on the right, then cut to six digits."""
    padded = op.string_concat(digits, const(np.array("00000")))
    width = digits.unwrap_tensor().shape[1]  # type: ignore[index]  # [N, K]
    six = tokenize_by(padded, "^[0-9]{6}", int(width))  # type: ignore[arg-type]  # K is known
    return op.cast(op.reshape(six, const([0, int(width)])), to=np.int64)  # type: ignore[arg-type]  # K is known


def _time_of_day(numbers: Mapping[Letter, Var]) -> Var | None:
    """Microseconds; an hour of 1 to 12 counts from 12, and `p` is what PM adds."""
    total: Var | None = None
    for letter, unit in _UNITS.items():
        if letter not in numbers:
            continue
        part = op.mod(numbers[letter], calendar.constant(12)) if letter == "I" else numbers[letter]
        part = part if unit == 1 else op.mul(part, const(unit, np.int64))
        total = part if total is None else op.add(total, part)
    return total


def _iso_date(text: Var, width: int) -> Fields:
    pairs = op.cast(_pieces(text, "[0-9]{2}", width, 4), to=np.int64)
    year = op.add(op.mul(_field(pairs, 0), const(100, np.int64)), _field(pairs, 1))
    return Fields(year, _field(pairs, 2), _field(pairs, 3))


def _iso_time(text: Var, width: int) -> Fields:
    on_a_day = op.string_concat(const(np.array(ISO_FILLER)), text)
    return Fields(time=_field(_iso_numbers(on_a_day, width), 3))


def _iso_fields(text: Var, width: int) -> Fields:
    split = f"{_ISO_DATE}(?:[T ][0-9:.]+)?|(?:Z|[+-][0-9:]+)?{_END}"
    parts = _pieces(op.string_concat(text, const(np.array(_END))), split, width, 2)
    main, zone = (op.gather(parts, const(i, np.int64), axis=2) for i in (0, 1))
    numbers = _iso_numbers(main, width)
    year, month, day, time = (_field(numbers, i) for i in range(4))
    offsets = {key + _END: value for key, value in offset_keys(hours_only=True).items()}
    is_naive = op.equal(zone, const(np.array(_END)))
    return Fields(year, month, day, time=time, offset=_lookup(zone, offsets), is_naive=is_naive)


def _iso_numbers(text: Var, width: int) -> Var:
    """int64 [N, width, 4]: year, month, day and time.

    Date and time are padded with zeros on the right, so that every pair of digits is at a fixed index: four pairs of
    the date, three of the time, three of the fraction. A row of zeros is added and dropped at the end, because the
    number of pairs is not static, and an empty batch would have none.
    """
    zeros = op.const(np.full((1, width), "0" * 8))
    padded = op.string_concat(op.concat([zeros, text], axis=0), const(np.array("0" * 12)))
    pairs = op.slice(tokenize_by(padded, "[0-9]{2}", width), const([0]), const([10]), const([2]))
    weights = np.zeros((10, 4), dtype=np.int64)
    weights[[0, 1], 0] = 100, 1
    weights[2, 1] = weights[3, 2] = 1
    weights[4:, 3] = 3_600_000_000, 60_000_000, 1_000_000, 10_000, 100, 1
    numbers = op.matmul(op.cast(pairs, to=np.int64), const(weights))
    return op.slice(numbers, const([1]), const([np.iinfo(np.int64).max]), const([0]))


def day_number(fields: Fields) -> tuple[Var, Var | None]:
    """The days since 1970-01-01, and whether that day exists (None: always). A missing month or day counts as 1."""
    year = calendar.year_start(some(fields.year))
    if fields.day_of_year is not None:
        exists = op.less_or_equal(fields.day_of_year, calendar.year_length(year))
        return _since_epoch(year.start, fields.day_of_year, -1), exists
    if fields.month is None:
        return _since_epoch(year.start, None, 0), None
    before, length = calendar.month_start(year, fields.month)
    if fields.day is None:
        return _since_epoch(before, None, 1), None
    return _since_epoch(before, fields.day, 0), op.less_or_equal(fields.day, length)


def _since_epoch(start: Var, days: Var | None, shift: int) -> Var:
    total = start if days is None else op.add(start, days)
    return op.add(total, calendar.constant(shift - calendar.EPOCH_DAY))


def replacement(layout: Format | None, to: str) -> str:
    """A valid text that replaces an invalid one."""
    if layout is not None:
        return filler(layout)
    return "00:00" if to == "time" else ISO_FILLER
