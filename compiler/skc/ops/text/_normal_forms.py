"""The normal forms NFC and NFKC as a table of segments: a character and the marks that follow it.

Why segments: what a text becomes is decided within each, and nearly all that are written are in a table or stay as they
are. The others (marks in another order, several that may combine, the letters of Hangul syllables) are refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Literal

from skc.ops.text._characters import all_characters, ranges_of

Form = Literal["NFC", "NFKC"]
VOWELS_AND_FINALS = [*map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A8, 0x11C3))]


@dataclass(frozen=True)
class Segments:
    """`marks` attach to what precedes them. A single mark of `single` leaves a character that is neither a mark nor of
    `composed` as it is, and so do marks of the classes `still`, in that order. `table`: what other segments become.
    """

    marks: str
    composed: str
    single: str
    still: tuple[str, ...]
    table: Mapping[str, str]


@cache
def segments_of(form: Form) -> Segments:
    """Those of the Python that runs."""
    listed = [c for c in all_characters() if unicodedata.category(c) not in ("Cn", "Co")]  # the others stay
    parts = {c: unicodedata.decomposition(c) for c in listed}
    pairs = {c: codes.split() for c, codes in parts.items() if codes and codes[0] != "<"}
    seconds = {chr(int(pair[1], 16)) for pair in pairs.values() if len(pair) == 2}
    attached = {c for c in listed if unicodedata.combining(c)} | seconds | {*VOWELS_AND_FINALS}
    normal = {c: unicodedata.normalize(form, c) for c in listed}
    attached |= {c for c in listed if normal[c][0] in attached}
    table = {c: normal[c] for c in listed if normal[c] != c}
    for c in pairs:
        if normal[c] == c:
            table |= dict.fromkeys(_spellings(c, form), c)
    stays = {c for c in listed if normal[c] == c and unicodedata.normalize("NFD", c) == c}
    still: dict[int, list[str]] = {}
    for c in sorted((attached & stays) - seconds - {*VOWELS_AND_FINALS}):
        still.setdefault(unicodedata.combining(c), []).append(c)
    return Segments(
        _ranges(attached),
        _ranges({*listed} - stays - attached),
        _ranges({c for c in attached & stays if unicodedata.combining(c)}),
        tuple(_ranges({*still[rank]}) for rank in sorted(still) if rank),
        table,
    )


def _spellings(c: str, form: Form) -> Iterator[str]:
    """The other ways to write a composed character, by a base and marks."""
    base, *marks = [*unicodedata.normalize("NFD", c)]
    for order in permutations(marks):
        for taken in range(len(order) + 1):
            head = unicodedata.normalize("NFC", base + "".join(order[:taken]))
            text = head + "".join(order[taken:])
            if len(head) == 1 and text != c and unicodedata.normalize(form, text) == c:
                yield text


def _ranges(characters: set[str]) -> str:
    return ranges_of("".join(sorted(characters)))
