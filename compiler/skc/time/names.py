"""Names of months and days in texts, and how to distinguish those of months.

Why heads: a table of every spelling in upper and lower case has 2^9 entries for `September` alone. A regular expression
has matched the whole name before; the fewest first letters by which all
months differ then identify it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FULL_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_LETTERS = 12  # of a head, so that its spellings stay few


@dataclass(frozen=True)
class NameTable:
    """The heads of names in order: the first letters by which they differ, the whole name if that is shorter."""

    heads: tuple[str, ...]

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each name, from 1, by each spelling of its head."""
        return {spelling: i for i, head in enumerate(self.heads, 1) for spelling in spellings(head)}

    def head_of(self, name: str) -> str:
        """The head of one of the names."""
        return next(head for head in sorted(self.heads, key=len, reverse=True) if name.startswith(head))


@cache
def name_table(names: tuple[str, ...]) -> NameTable:
    """The table of names that `are_distinct`, or of none."""
    length = next(n for n in range(MOST_LETTERS + 1) if _are_distinct(names, n) or not names)
    return NameTable(tuple(name[:length] for name in names))


def are_distinct(names: tuple[str, ...]) -> bool:
    """No two names are the same in any case, and their first letters tell them apart."""
    return _are_distinct(names, MOST_LETTERS)


def _are_distinct(names: tuple[str, ...], length: int) -> bool:
    heads = [_folded(name[:length]) for name in names]
    return len({*heads}) == len(heads)


def _folded(name: str) -> str:
    """The same for all spellings of a name."""
    return "".join(cases(cases(character)[0])[0] for character in name)


def cases(character: str) -> list[str]:
    """The character, and its lower and upper case where that is one character."""
    return sorted({c for c in (character, character.lower(), character.upper()) if len(c) == 1})


def spellings(name: str) -> list[str]:
    """All ways to write a name in lower and upper case."""
    return ["".join(characters) for characters in product(*map(cases, name))]


def in_any_case(name: str) -> str:
    """A regular expression for a name in lower and upper case, which means the same in Python and RE2."""
    parts = [cases(character) for character in name]
    return "".join(f"[{''.join(part)}]" if len(part) > 1 else re.escape(part[0]) for part in parts)
