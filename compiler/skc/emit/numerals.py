"""Numbers out of strings inside the graph.

How: a text is cut into what stands before the number, the number, and what stands after it. The first gives the sign
and the last a power of ten, both by lookup; the number is split at its decimal mark, and its fraction is padded with
zeros to FRACTION digits. Sign, digits and exponent together are a numeral without a decimal mark, which is read exactly
(`opset.float_of`). A text of another form gives any number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skc.emit.opset import const, float_of, ml, op, tokenize_by
from skc.emit.pieces import first_matches, joined_few, match_at, one_of, split_at, with_example, without_example

if TYPE_CHECKING:
    from spox import Var

FRACTION = 18  # digits after the decimal mark at most; before it as many
GROUPS = 6  # of three digits
START, END = "\x02", "\x03"  # control characters, which no number has before or after it
EXPONENT = "[eE][+-]?(?:[01]?[0-9]{1,2}|2[0-7][0-9])"


@dataclass(frozen=True)
class Layout:
    """How a number is written: every text before it and whether it makes it negative, every text after it and the
    power of ten that it stands for.
    """

    decimal: str
    thousands: str | None
    before: Mapping[str, bool]
    after: Mapping[str, int]
    has_exponent: bool


def pattern_of(layout: Layout, *, is_bounded: bool) -> str:
    """A regular expression for valid texts: those that are read, or those of any number of digits."""
    digits = f"[0-9]{{1,{FRACTION}}}" if is_bounded else "[0-9]+"
    point, whole = re.escape(layout.decimal), digits
    if layout.thousands is not None:
        groups = f"{{1,{GROUPS - 1}}}" if is_bounded else "+"
        whole = f"(?:{digits}|[0-9]{{1,3}}(?:{re.escape(layout.thousands)}[0-9]{{3}}){groups})"
    number = f"(?:{whole}(?:{point}(?:{digits})?)?|{point}{digits})"
    after = one_of([*layout.after])
    if layout.has_exponent:
        after = f"(?:{EXPONENT if is_bounded else '[eE][+-]?[0-9]+'}|{after})"
    return f"{one_of([*layout.before])}{number}{after}"


def exponents() -> dict[str, int]:
    """Every text of the form EXPONENT, and its number."""
    digits = [f"{n:0{width}}" for width in (1, 2, 3) for n in range(min(10**width, 280))]
    return {f"{e}{sign}{text}": int(f"{sign}{text}") for e in "eE" for sign in ("", "+", "-") for text in digits}


def numbers(layout: Layout, texts: Var, width: int) -> Var:
    """float64 [N, width]: the nearest to the number in each text, if the text matches the bounded pattern."""
    point, inside = re.escape(layout.decimal), f"0-9{re.escape(layout.decimal + (layout.thousands or ''))}"
    pieces = f"{START}[^0-9{point}]*|[{inside}]*[0-9{point}]|[^0-9{point}{START}][^{START}]*"
    marked = op.string_concat(const(START), with_example(texts, width, f"1{layout.decimal}5"))
    matches = tokenize_by(op.string_concat(marked, const(END)), pieces, width)
    before, number, after = (match_at(matches, place) for place in range(3))
    sign = _looked_up(before, {START + text: "-" for text, is_negative in layout.before.items() if is_negative})
    powers = {text + END: power for text, power in layout.after.items()}
    if layout.has_exponent:
        powers |= {text + END: power for text, power in exponents().items()}
    exponent = _looked_up(after, {text: f"e{power - FRACTION}" for text, power in powers.items()})
    parts = split_at(number, layout.decimal, 2)
    whole, fraction = match_at(parts, 0), match_at(parts, 1)
    if layout.thousands is not None:
        whole = joined_few(split_at(whole, layout.thousands), width, GROUPS)
    fraction = first_matches(op.string_concat(fraction, const("0" * FRACTION)), f"[0-9]{{{FRACTION}}}", width)
    digits = op.string_concat(op.string_concat(sign, whole), op.string_concat(fraction, exponent))
    return without_example(float_of(digits))


def _looked_up(texts: Var, table: Mapping[str, str]) -> Var:
    return ml.label_encoder(texts, keys_strings=list(table), values_strings=list(table.values()), default_string="")
