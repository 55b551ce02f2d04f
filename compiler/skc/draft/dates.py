"""Dates and times as text: the formats of `parse_datetime` that read a whole column, and which of them is meant.

A format that the op does not read is not proposed. A month is a number, an English name, or a name in another language,
which the op is then given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
ZONE = re.compile(r" ?(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
ISO_PATTERN = (
    r"(?P<Y>[0-9]{4})-(?P<m>0[1-9]|1[0-2])-(?P<d>[0-9]{2})"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?"
)


@dataclass(frozen=True)
class Moments:
    """How a column of dates or times is written.

    `format` and `months` are those of `parse_datetime`. `other` is a format that reads all texts too, but as other
    days, and `reason` why it is not meant.
    """

    format: str
    has_date: bool
    has_time: bool
    form: Form
    months: tuple[str, ...] = ()
    language: str = ""
    other: str | None = None
    reason: str = ""

    @property
    def has_zone(self) -> bool:
        """Whether every text names its offset."""
        return "%z" in self.format

    def fits_all(self, texts: Sequence[str]) -> bool:
        """Whether all texts are of this form."""
        return all(self.form.fits(text) for text in texts)


def moments_of(texts: Sequence[str], day_first: bool | None, is_likely: bool = False) -> Moments | None:
    """How some texts are written, if they are dates or times.

    `day_first` decides where both readings fit; without it, whether the day `is_likely` first, if nothing else does.
    """
    if not texts:
        return None
    iso = Form(ISO_PATTERN, DayCheck(ISO_PATTERN))
    if all(iso.fits(text) for text in texts):
        return Moments(ISO, True, any(len(text) > 10 for text in texts), iso)
    plain = [_of_format(text) for text in _formats(texts[0])]
    fitting = [moments for moments in plain if moments.fits_all(texts)]
    if not fitting:
        return _with_months(texts)
    first = fitting[0]
    swapped = next((m for m in fitting if m.format == _swapped(first.format) != first.format), None)
    return first if swapped is None else _chosen(first, swapped, texts, day_first, is_likely)


def _of_format(text: str, months: tuple[str, ...] = ()) -> Moments:
    return Moments(text, "%d" in text, "%M" in text, form_of(text, months), months)


def _formats(text: str) -> Iterator[str]:
    """The formats that may read a text, and that the op has: those with its characters between letters and digits."""
    for shape in dict.fromkeys((_shape(text), _shape(ZONE.sub("", text)))):
        yield from (form for form in _by_shape().get(shape, ()) if _is_read(form))


@cache
def _by_shape() -> Mapping[str, Sequence[str]]:
    formats: dict[str, list[str]] = {}
    for parts in (*product((*CLEAR, *DAY_FIRST, *MONTH_FIRST), CLOCKS, ZONES), *((time,) for time in TIMES)):
        form = "".join(parts)
        if "%M" in form or "%z" not in form:
            formats.setdefault(_shape(re.sub("%.", "", form.removesuffix(" %z"))), []).append(form)
    return formats


def _shape(text: str) -> str:
    return re.sub(r"[^\W_]", "", text)


@cache
def _is_read(text: str) -> bool:
    try:
        read_format(text)
    except SkcError:
        return False
    return True


@cache
def form_of(text: str, months: tuple[str, ...] = ()) -> Form:
    """The texts of a format that are days, or times of the day."""
    pieces = re.findall(r"%(.)|([^%]+)", text)
    of = {**PIECES, "B": f"(?P<B>(?i:{'|'.join(months)}))"} if months else PIECES
    pattern = "".join(of[letter] if letter else re.escape(literal) for letter, literal in pieces)
    if "%Y%m%d" in text:  # adjacent numbers have their full width
        pattern = pattern.replace("|0?[1-9])", "|0[1-9])")
    return Form(pattern, DayCheck(pattern, months) if "%d" in text else None)


class DayCheck:
    """Whether a text that matches a pattern is a day that exists: a function that can be pickled."""

    def __init__(self, pattern: str, months: tuple[str, ...] = ()) -> None:
        self.pattern = pattern
        self.months = [name.lower() for name in months]

    def __call__(self, text: str) -> bool:
        try:
            self.day_of(text)
        except ValueError:
            return False
        return True

    def day_of(self, text: str) -> date:
        """The day of a text that matches. Raises ValueError if there is none."""
        match = re.fullmatch(self.pattern, text)
        assert match is not None
        parts = match.groupdict()
        year = int(parts.get("Y") or 2000 + int(parts.get("y") or 0))
        name = (parts.get("B") or "").lower()
        month = self.months.index(name) + 1 if self.months else _month(parts)
        return date(year, month, int(parts["d"]))


def _month(parts: Mapping[str, str | None]) -> int:
    if parts.get("m"):
        return int(parts["m"] or 0)
    name = (parts.get("b") or parts.get("B") or "")[:3].title()
    return ABBREVIATIONS.index(name) + 1


def _swapped(text: str) -> str:
    """The format with the day and the month exchanged."""
    return text.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")


def _chosen(first: Moments, swapped: Moments, texts: Sequence[str], day_first: bool | None, is_likely: bool) -> Moments:
    """Of two formats that read all texts, the one that is meant, and why."""
    is_day_first = first.format.index("%d") < first.format.index("%m")
    by_day, by_month = (first, swapped) if is_day_first else (swapped, first)
    if day_first is not None:
        return by_day if day_first else by_month
    days, months = (len({_number(by_day.form, text, of) for text in texts}) for of in "dm")
    if days != months and 1 in (days, months):  # the first of every month, for example
        reason = "the day is the number that is always the same"
        return (
            replace(by_day, other=by_month.format, reason=reason)
            if days == 1
            else replace(by_month, other=by_day.format, reason=reason)
        )
    if is_likely or "." in first.format:
        return replace(by_day, other=by_month.format)
    return replace(by_month, other=by_day.format)


def _number(form: Form, text: str, group: str) -> int:
    match = re.fullmatch(form.pattern, text)
    assert match is not None
    return int(match[group])


def _with_months(texts: Sequence[str]) -> Moments | None:
    """`3. Mai 2025`: months by their names in another language than English."""
    words = {word.lower() for text in texts for word in re.findall(r"[^\W\d_]+", text)}
    for language, names in MONTHS.items():
        if language == "English" or not words & {name.lower() for name in names}:
            continue
        named = (_of_format(form, tuple(names)) for form in _formats(texts[0]) if "%B" in form)
        fitting = next((moments for moments in named if moments.fits_all(texts)), None)
        if fitting is not None:
            return replace(fitting, language=language)
    return None


def days_of(moments: Moments, texts: Iterable[str]) -> list[date]:
    """The days of texts that have the form; none for times of the day."""
    check = moments.form.holds
    matching = (text for text in texts if moments.form.fits(text))
    return sorted({check.day_of(text) for text in matching}) if isinstance(check, DayCheck) else []
