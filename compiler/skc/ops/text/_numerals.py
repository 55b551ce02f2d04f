"""The reference for numbers as text, one text at a time; and the inverse, which produces texts for tests. Shares
nothing with `skc.emit.numerals` but the limits.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal

from skc.emit.numerals import FRACTION

GAPS = ("", " ", "\u00a0", "\u202f")  # between a number and what belongs to it
SIGNS = ("", "+", "-")
LARGEST_EXPONENT = 279
EXACT = 400  # digits: more than any float64 within the limits has


@dataclass(frozen=True)
class Writing:
    """How numbers are written: see the parameters of `parse_number`. `scales` are texts with their powers of ten."""

    decimal: str
    thousands: str | None
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    scales: tuple[tuple[str, int], ...]
    exponent: bool


Outcome = tuple[float, Literal["", "invalid-value", "out-of-range"]]


def befores(writing: Writing) -> Iterator[tuple[str, bool]]:
    """Every text before a number, and whether it makes it negative."""
    for sign in SIGNS:
        yield sign, sign == "-"
        for prefix in writing.prefixes:
            for gap in GAPS:
                yield f"{sign}{prefix}{gap}", sign == "-"
                if sign:
                    yield f"{prefix}{gap}{sign}", sign == "-"


def afters(writing: Writing) -> Iterator[tuple[str, int]]:
    """Every text after a number, and the power of ten that it stands for."""
    for scale, power in writing.scales:
        for gap in GAPS if scale else ("",):
            yield f"{gap}{scale}", power
            for suffix in writing.suffixes:
                for second in GAPS:
                    yield f"{gap}{scale}{second}{suffix}", power


def read(writing: Writing, text: str) -> Outcome:
    """The number, or 0.0 and what is wrong with it."""
    for start, is_negative in befores(writing):
        if not text.startswith(start):
            continue
        rest = text.removeprefix(start)
        end = len(rest.rstrip())
        while end and not (rest[end - 1] in string.digits or rest[end - 1] == writing.decimal):
            end -= 1
        number, after = rest[:end], rest[end:]
        outcome = _read_unsigned(writing, number, after)
        if outcome is not None:
            value, problem = outcome
            return -value if is_negative else value, problem
    return 0.0, "invalid-value"


def _read_unsigned(writing: Writing, number: str, after: str) -> Outcome | None:
    powers = dict(afters(writing))
    mantissa, e, exponent = number.replace("E", "e").partition("e") if writing.exponent else (number, "", "")
    if e:
        digits = exponent[1:] if exponent[:1] in ("+", "-") else exponent
        if after or not _are_digits(digits):
            return None
        power = int(exponent)
        is_far = len(digits) > 3 or abs(power) > LARGEST_EXPONENT
    elif after in powers:
        power, is_far = powers[after], False
    else:
        return None
    whole, point, fraction = mantissa.partition(writing.decimal)
    groups = [whole] if writing.thousands is None else whole.split(writing.thousands)
    if not all(map(_are_digits, groups)) and not (point and whole == "" and fraction):
        return None
    if (fraction and not _are_digits(fraction)) or not (len(groups) == 1 or _are_groups(groups)):
        return None
    digits = "".join(groups)
    if is_far or max(len(digits), len(fraction)) > FRACTION:
        return 0.0, "out-of-range"
    return float(f"{digits or 0}.{fraction or 0}e{power}"), ""


def _are_groups(groups: Sequence[str]) -> bool:
    return len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def _are_digits(text: str) -> bool:
    return text != "" and set(text) <= {*string.digits}


def write(writing: Writing, value: float) -> Iterator[str]:
    """Texts of a number, in each scale: its shortest digits and its exact ones, as far as the limits allow."""
    for scale, power in writing.scales:
        with localcontext(prec=EXACT):
            exact, shortest = (Decimal(value).scaleb(-power), Decimal(repr(value)).scaleb(-power))
        for number in (shortest, exact):
            whole, _, fraction = format(number, "f").partition(".")
            fraction = fraction.rstrip("0")
            if len(whole.lstrip("-")) <= FRACTION and len(fraction) <= FRACTION:
                yield whole + (writing.decimal + fraction if fraction else "") + scale
