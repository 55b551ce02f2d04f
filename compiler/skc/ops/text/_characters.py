"""What Python knows of characters, as tables that a state keeps: how they fold, and which are in a class.

Why tables: `str.lower`, `unicodedata` and `re` follow the Unicode version of the Python that fits, and what serves
knows no Unicode at all. A set of characters is a string of pairs, the first and the last of each range, ascending.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Literal

from skc.op import refuse

Accents = Literal["ascii", "unicode"] | None
# What `str.isspace` is true of, in every Unicode version since 6.3.
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
SIGMA, FINAL_SIGMA = "Σ", "ς"
MOST_REPEATED = 8  # of one class: each repetition holds its whole table
_ITEM = r"(?:\\[wSd]|\[(?:[^\\\[\]]|\\[wds.\-'])+\])"
_PATTERN = re.compile(rf"(?:\(\?u\))?(?P<start>\\b)?(?P<items>(?P<item>{_ITEM})(?P=item)*)(?P<end>.*)", re.DOTALL)
_QUANTIFIERS = re.compile(r"(?:(?P<plus>\+)|(?P<star>\*)|\{(?P<least>[0-9]{1,4}),\})(?P<end>\\b)?")


@cache
def all_characters() -> str:
    """Every code point that a text can have, in order: no NUL, no surrogate."""
    return "".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x110000)]))


def ranges_of(characters: str) -> str:
    """The ranges of some characters in ascending order."""
    pairs: list[str] = []
    for c in characters:
        if pairs and ord(c) == ord(pairs[-1]) + 1:
            pairs[-1] = c
        else:
            pairs += [c, c]
    return "".join(pairs)


@cache
def characters_of(ranges: str) -> frozenset[str]:
    """The characters of some ranges."""
    pairs = zip(ranges[::2], ranges[1::2], strict=True)
    return frozenset(chr(code) for first, last in pairs for code in range(ord(first), ord(last) + 1))


@cache
def class_ranges(item: str) -> str:
    r"""The characters that match an item of a pattern, such as `\w` or `[a-z]`."""
    try:
        return ranges_of("".join(re.findall(item, all_characters())))
    except re.error as error:
        hint = r"write a class such as \w or [a-z0-9]"
        raise refuse("SKC151", f"the token pattern has a class that Python refuses: {error}", hint=hint) from None


@cache
def folds(lowercase: bool, accents: Accents) -> Mapping[str, str]:
    """By character what it becomes, if that is something else; for `ascii`, what is not ASCII and gives nothing is
    left out.
    """
    table = {}
    for c in all_characters():
        folded = c.lower() if lowercase else c
        if accents is not None and not folded.isascii():
            parts = unicodedata.normalize("NFKD", folded)
            is_kept = str.isascii if accents == "ascii" else lambda part: not unicodedata.combining(part)
            folded = "".join(filter(is_kept, parts))
        if folded != c and (folded or accents != "ascii"):
            table[c] = folded
    return table


@cache
def sigma_context() -> tuple[str, str]:
    """The cased and the case-ignorable characters, which decide whether a capital sigma becomes a final one.

    Python does not say which they are, so a sigma before each of them is asked: a final one is followed by the end, or
    by ignorable characters and then by one that is not cased.
    """
    cased: list[str] = []
    ignorable: list[str] = []
    for c in all_characters():
        if f"aΣ{c}a".lower()[1] == FINAL_SIGMA:
            continue  # neither
        (ignorable if f"aΣ{c}".lower()[1] == FINAL_SIGMA else cased).append(c)
    return ranges_of("".join(cased)), ranges_of("".join(ignorable))


def parse_token_pattern(pattern: str) -> tuple[str, int, bool]:
    r"""The class of a pattern that repeats one class, how often at least, and whether `\b` surrounds it.

    Raises SKC151 for any other pattern.
    """
    matched = _PATTERN.fullmatch(pattern)
    rest = _QUANTIFIERS.fullmatch(matched["end"]) if matched else None
    if matched is None or rest is None or bool(matched["start"]) != bool(rest["end"]):
        raise _refused(pattern)
    item, count = matched["item"], len(matched["items"]) // len(matched["item"])
    least = count if rest["plus"] else count - 1 if rest["star"] else count - 1 + int(rest["least"])
    is_whole = bool(matched["start"])
    if not 1 <= least <= MOST_REPEATED:
        raise _refused(pattern)
    if is_whole and not characters_of(class_ranges(item)) <= characters_of(class_ranges(r"\w")):
        raise _refused(pattern)
    return item, least, is_whole and item != r"\w"


def _refused(pattern: str) -> Exception:
    hint = r"repeat one class of characters, such as '\w\w+', '\b[a-z]{3,}\b' or '\S+'"
    return refuse("SKC151", f"the token pattern {pattern!r} does not compile", hint=hint)
