"""Dates and times as text: the formats of `parse_datetime` that read a whole column, and which of them is meant.

A format that the op does not read is not proposed. A month is written as a number, as an English abbreviation, or by
its name in a language, of which a table makes its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product

from skc.diagnostics import SkcError
from skc.draft.texts import Form
from skc.time.format import read_format

_MONTHS = {  # by language
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
}
MONTHS: Mapping[str, Sequence[str]] = {language: names.split() for language, names in _MONTHS.items()}
ABBREVIATIONS = tuple(name[:3] for name in MONTHS["English"])
ISO = "iso8601"
DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d-%m-%y")
MONTH_FIRST = ("%m.%d.%Y", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%y", "%m/%d/%y", "%m-%d-%y")
CLEAR = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y"),
    *("%d %B %Y", "%d-%B-%Y", "%d. %B %Y", "%B %d, %Y", "%B %d %Y", "%d-%b-%y", "%d %b %y", "%Y%m%d"),
)
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
CLOCKS = ("", *(f"{between}{time}" for time in TIMES for between in (" ", "T", ", ")))
ZONES = ("", "%z", " %z")
PIECES = {
    "Y": "(?P<Y>[0-9]{4})",
    "y": "(?P<y>[0-9]{2})",
    "m": "(?P<m>1[0-2]|0?[1-9])",
    "d": "(?P<d>3[01]|[12][0-9]|0?[1-9])",
    "b": f"(?P<b>(?i:{'|'.join(ABBREVIATIONS)}))",
    "B": f"(?P<B>(?i:{'|'.join(MONTHS['English'])}))",
    "H": "(?:2[0-3]|[01]?[0-9])",
    "I": "(?:1[0-2]|0?[1-9])",
    "M": "[0-5]?[0-9]",
    "S": "[0-5]?[0-9]",
    "f": "[0-9]{1,6}",
    "p": "(?i:am|pm)",
    "z": r"(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])",
}
ISO_PATTERN = (
    r"(?P<Y>[0-9]{4})-(?P<m>0[1-9]|1[0-2])-(?P<d>[0-9]{2})"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?"
)
NAMED = re.compile(r"([0-9]{1,2})(\.?) ([^\W\d_]+) ([0-9]{4})")


@dataclass(frozen=True)
class Moments:
    """How a column of dates or times is written.

    `format` is that of `parse_datetime`; with `months`, that of day, month and year joined by blanks, of which the
    table makes the month a number. `other` is a format that reads all texts too, but as other days.
    """

    format: str
    has_time: bool
    form: Form
    months: Mapping[str, str] | None = None
    language: str = ""
    other: str | None = None
    reason: str = ""

    @property
    def has_zone(self) -> bool:
        """Whether every text names its offset."""
        return "%z" in self.format


def moments_of(texts: Sequence[str], day_first: bool | None) -> Moments | None:
    """How some texts are written, if they are dates or times. `day_first` decides where both readings fit."""
    if not texts:
        return None
    iso = Form(ISO_PATTERN, _day_check(ISO_PATTERN))
    if all(iso.fits(text) for text in texts):
        return Moments(ISO, any(len(text) > 10 for text in texts), iso)
    plain = [Moments(f, "%M" in f, form_of(f)) for f in _formats() if _could_be(f, texts[0])]
    fitting = [moments for moments in plain if all(moments.form.fits(text) for text in texts)]
    if not fitting:
        return _named_months(texts)
    first = fitting[0]
    swapped = next((m for m in fitting if m.format == _swapped(first.format) != first.format), None)
    return first if swapped is None else _chosen(first, swapped, texts, day_first)


@cache
def _formats() -> tuple[str, ...]:
    """The formats that the op reads."""
    combined = ("".join(parts) for parts in product((*CLEAR, *DAY_FIRST, *MONTH_FIRST), CLOCKS, ZONES))
    return tuple(text for text in combined if ("%M" in text or "%z" not in text) and _is_read(text))


def _is_read(text: str) -> bool:
    try:
        read_format(text)
    except SkcError:
        return False
    return True


def _could_be(text: str, first: str) -> bool:
    return form_of(text).fits(first)


@cache
def form_of(text: str) -> Form:
    """The texts of a format that are days."""
    pieces = re.findall(r"%(.)|([^%]+)", text)
    is_full = "%Y%m%d" in text
    pattern = "".join(PIECES[letter] if letter else re.escape(literal) for letter, literal in pieces)
    if is_full:
        pattern = pattern.replace("|0?[1-9])", "|0[1-9])")
    return Form(pattern, _day_check(pattern))


class _day_check:  # noqa: N801  # a function that can be pickled
    """Whether a text that matches a pattern is a day that exists."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __call__(self, text: str) -> bool:
        match = re.fullmatch(self.pattern, text)
        assert match is not None
        parts = match.groupdict()
        year = int(parts.get("Y") or 2000 + int(parts.get("y") or 0))
        try:
            date(year, _month(parts), int(parts["d"]))
        except ValueError:
            return False
        return True


def _month(parts: Mapping[str, str | None]) -> int:
    if parts.get("m"):
        return int(parts["m"] or 0)
    name = (parts.get("b") or parts.get("B") or "")[:3].title()
    return ABBREVIATIONS.index(name) + 1


def _swapped(text: str) -> str:
    """The format with the day and the month exchanged."""
    return text.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")


def _chosen(first: Moments, swapped: Moments, texts: Sequence[str], day_first: bool | None) -> Moments:
    """Of two formats that read all texts, the one that is meant, and why."""
    is_day_first = first.format.index("%d") < first.format.index("%m")
    by_day, by_month = (first, swapped) if is_day_first else (swapped, first)
    day_numbers, month_numbers = ({_number(by_day.form, text, of) for text in texts} for of in "dm")
    reason = ""
    if day_first is None and len(day_numbers) != len(month_numbers) and 1 in (len(day_numbers), len(month_numbers)):
        # the first of every month, for example: what never changes is the day
        day_first = len(day_numbers) == 1
        reason = "the day is the number that is always the same"
    chosen, other = (
        (by_day, by_month) if day_first or (day_first is None and "." in first.format) else (by_month, by_day)
    )
    return Moments(chosen.format, chosen.has_time, chosen.form, other=other.format, reason=reason)


def _number(form: Form, text: str, group: str) -> int:
    match = re.fullmatch(form.pattern, text)
    assert match is not None
    return int(match[group])


def _named_months(texts: Sequence[str]) -> Moments | None:
    """`3. Mai 2025`: day, month and year between blanks, the month by its name."""
    matches = [NAMED.fullmatch(text) for text in texts]
    if any(match is None for match in matches):
        return None
    matched = [match for match in matches if match is not None]
    names, points = {match[3] for match in matched}, {match[2] for match in matched}
    language = next((one for one, known in MONTHS.items() if names <= {*_spellings(known)}), None)
    if language is None or len(points) > 1:
        return None
    months = {name: str(_index(language, name)) for name in _spellings(MONTHS[language])}
    point = next(iter(points))
    pattern = f"(?P<d>[0-9]{{1,2}}){re.escape(point)} (?P<n>{'|'.join(map(re.escape, months))}) (?P<Y>[0-9]{{4}})"
    form = Form(pattern, _NamedDayCheck(pattern, tuple(months.items())))
    if not all(form.fits(text) for text in texts):
        return None
    return Moments(f"%d{point} %m %Y", False, form, _used(months, names), language)


def _spellings(names: Iterable[str]) -> list[str]:
    """As they are written in running text, in lower case, and with a capital letter."""
    return [spelling for name in names for spelling in dict.fromkeys((name, name.lower(), name.title()))]


def _used(months: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """All months in the spelling of those that there are."""
    spell = str.lower if all(name == name.lower() for name in names) else str.title
    return {name: number for name, number in months.items() if name == spell(name) or name in names}


def _index(language: str, name: str) -> int:
    return [one.lower() for one in MONTHS[language]].index(name.lower()) + 1


class _NamedDayCheck:
    """Whether a day with the name of its month exists."""

    def __init__(self, pattern: str, months: tuple[tuple[str, str], ...]) -> None:
        self.pattern, self.months = pattern, months

    def __call__(self, text: str) -> bool:
        match = re.fullmatch(self.pattern, text)
        assert match is not None
        try:
            date(int(match["Y"]), int(dict(self.months)[match["n"]]), int(match["d"]))
        except ValueError:
            return False
        return True


def years_of(moments: Moments, texts: Iterable[str]) -> list[int]:
    """The years of texts that have the form."""
    matches = (re.fullmatch(moments.form.pattern, text) for text in texts)
    matched = [match.groupdict() for match in matches if match is not None]
    return sorted({int(parts.get("Y") or 2000 + int(parts.get("y") or 0)) for parts in matched})
