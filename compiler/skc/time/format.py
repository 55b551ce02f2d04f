"""Date and time formats: a subset of `strptime`, parsed once, and refused if they are ambiguous.

Why a subset: within it, the digits and names of a text that matches are found without trying alternatives, so that a
graph can parse it: numbers are the runs of digits, whatever separates them.

Numbers may have fewer digits than usual (`3/9/2019`), but adjacent numbers (`%Y%m%d`) each have their full width.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, product, starmap
from typing import Literal

from skc.diagnostics import fail
from skc.time.names import (
    DAYS,
    FULL_DAYS,
    FULL_MONTHS,
    MONTHS,
    MOST_LETTERS,
    NameTable,
    are_distinct,
    in_any_case,
    name_table,
)

Letter = Literal["Y", "y", "m", "d", "j", "H", "I", "M", "S", "f", "p", "b", "a", "z"]
# The fewest and the most digits of a number.
WIDTHS: dict[Letter, tuple[int, int]] = {
    "Y": (4, 4),
    "y": (2, 2),
    "m": (1, 2),
    "d": (1, 2),
    "j": (1, 3),
    "H": (1, 2),
    "I": (1, 2),
    "M": (1, 2),
    "S": (1, 2),
    "f": (1, 9),
}
FRACTION = 6  # digits of a fraction that touches another number, and of microseconds
LETTERS: tuple[Letter, ...] = (*WIDTHS, "p", "b", "a", "z")
CLOCK: frozenset[Letter] = frozenset(("H", "I", "M", "S", "f", "p"))  # of a time without a date
SHORTHANDS = {"T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "F": "%Y-%m-%d"}
MAX_DIGITS = 18  # always fits int64
HALVES = ("AM", "PM")
ZONE_END = "[+-][0-9:]+$|Z$"
TWO_DIGIT_YEAR_START = 1969  # by POSIX: 69 is 1969, 68 is 2068
# What each directive needs: one letter of each group.
NEEDS: tuple[tuple[Letter, tuple[str, ...]], ...] = (
    ("d", ("mb",)),
    ("a", ("dj",)),
    ("M", ("HI",)),
    ("S", ("M",)),
    ("f", ("S",)),
    ("I", ("p",)),
    ("p", ("I",)),
    ("z", ("HI",)),
)
CONTRADICTIONS = ("Yy", "mbj", "HI")


@dataclass(frozen=True)
class Directive:
    """One `%` directive: a number of `least` to `most` digits (`is_padded`: the first of two may be a blank); a name,
    one of `names`; AM or PM; or a zone.
    """

    letter: Letter
    least: int = 0
    most: int = 0
    is_padded: bool = False
    names: tuple[str, ...] = ()

    @property
    def is_full(self) -> bool:
        """A number must have all its digits."""
        return 0 < self.least == self.most


@dataclass(frozen=True)
class Token:
    """A run of digits, a name, AM or PM, or a zone, with its directives."""

    directives: tuple[Directive, ...]

    @property
    def letters(self) -> tuple[Letter, ...]:
        return tuple(directive.letter for directive in self.directives)

    @property
    def most(self) -> int:
        """Digits."""
        return sum(directive.most for directive in self.directives)


@dataclass(frozen=True)
class Format:
    """The directives of a format and the literal text between them, in order. A year of two digits is one of the 100
    years from `two_digit_year_start` on.
    """

    pieces: tuple[Directive | str, ...]
    two_digit_year_start: int = TWO_DIGIT_YEAR_START

    @property
    def directives(self) -> tuple[Directive, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Directive))

    @property
    def letters(self) -> frozenset[Letter]:
        return frozenset(directive.letter for directive in self.directives)

    @property
    def has_date(self) -> bool:
        return not self.letters <= CLOCK

    def names(self, letter: Letter) -> tuple[str, ...]:
        """The names of the months (`b`) or days (`a`), () if the format has none."""
        return next((directive.names for directive in self.directives if directive.letter == letter), ())

    @property
    def months(self) -> NameTable:
        """What distinguishes the names of its months."""
        return name_table(self.names("b"))

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that `token_pattern` matches in every text of this format, in order."""
        return tuple(Token(token) for run in self._runs() for token in _split_run(run))

    @property
    def token_pattern(self) -> str:
        """A regular expression that matches the tokens from left to right. It means the same in Python and RE2: names
        go from the longest to the shortest, because Python takes the first that matches, the tokenizer the longest.
        """
        digits = max((token.most for token in self.tokens if len(token.directives) > 1), default=MAX_DIGITS)
        names = (*self.months.heads, *self.names("a"), *(HALVES if "p" in self.letters else ()))
        patterns = [f"[0-9]{{1,{max(digits, WIDTHS['f'][1])}}}", *([ZONE_END] if "z" in self.letters else [])]
        return "|".join([*patterns, *map(in_any_case, sorted(names, key=len, reverse=True))])

    def _runs(self) -> list[tuple[Directive, ...]]:
        runs: list[tuple[Directive, ...]] = []
        touches = False
        for piece in self.pieces:
            is_number = isinstance(piece, Directive) and piece.most > 0
            if isinstance(piece, Directive):
                runs = [*runs[:-1], (*runs[-1], piece)] if is_number and touches else [*runs, (piece,)]
            touches = is_number
        return runs


def _split_run(run: tuple[Directive, ...]) -> list[tuple[Directive, ...]]:
    """Split a run of numbers that does not fit int64 in two: up to 18 digits, and the rest."""
    ends = list(accumulate(directive.most for directive in run))
    head = sum(end <= MAX_DIGITS for end in ends)
    return [half for half in (run[:head], run[head:]) if half] if ends[-1] else [run]


@cache
def read_format(
    text: str,
    months: tuple[str, ...] | None = None,
    days: tuple[str, ...] | None = None,
    two_digit_year_start: int | None = None,
) -> Format:
    """Parse a format, with names of months and days other than the English ones, and the first year that two digits can
    mean. Raises SKC126 if the format is outside the subset, or has no place for one of these.
    """
    parts: list[Directive | str] = []
    for match in re.finditer(r"%([1-9]f|.?)|[^%]+", _spelled_out(text), flags=re.DOTALL):
        directive = match.group(1)
        parts.append(match.group() if directive is None else _directive(text, directive, months, days))
    start = TWO_DIGIT_YEAR_START if two_digit_year_start is None else two_digit_year_start
    parsed = Format(_widened(text, parts), start)
    _check_directives(text, parsed)
    options = {"months": (months, "b"), "days": (days, "a"), "two_digit_year_start": (two_digit_year_start, "y")}
    for name, (option, letter) in options.items():
        if option is not None and letter not in parsed.letters:
            raise refuse_format(text, f"it has no `%{letter}`", f"leave out `{name}`")
    _check_names(text, parsed)
    _check_literals(text, parsed)
    return parsed


def _spelled_out(text: str) -> str:
    """The format with the directives that shorthands such as `%T` stand for."""
    return re.sub("%(.)", lambda m: SHORTHANDS.get(m.group(1), m.group()), text, flags=re.DOTALL)


def _directive(
    text: str, directive: str, months: tuple[str, ...] | None, days: tuple[str, ...] | None
) -> Directive | str:
    """One directive, without its `%`."""
    match directive:
        case "%":
            return "%"
        case "b" | "B":
            return Directive("b", names=months or (MONTHS if directive == "b" else FULL_MONTHS))
        case "a" | "A":
            return Directive("a", names=days or (DAYS if directive == "a" else FULL_DAYS))
        case "e":
            return Directive("d", *WIDTHS["d"], is_padded=True)
        case "p" | "z":
            return Directive(directive)
    if len(directive) == 2:
        return Directive("f", int(directive[0]), int(directive[0]))
    for letter, (least, most) in WIDTHS.items():
        if letter == directive:
            return Directive(letter, least, most)
    there_is = " ".join(f"%{letter}" for letter in (*LETTERS, "B", "A", "e", *SHORTHANDS, "3f"))
    raise refuse_format(text, f"`%{directive}` is not supported", f"there is {there_is} and %%")


def _widened(text: str, parts: Sequence[Directive | str]) -> tuple[Directive | str, ...]:
    """The parts, with the full width of numbers that touch each other."""
    is_number = [False, *(isinstance(part, Directive) and part.most > 0 for part in parts), False]
    pieces: list[Directive | str] = []
    for i, part in enumerate(parts):
        if not isinstance(part, Directive) or not is_number[i + 1] or not (is_number[i] or is_number[i + 2]):
            pieces.append(part)
            continue
        if part.is_padded:
            raise refuse_format(text, "`%e` is next to another number", "write %d")
        width = FRACTION if part.letter == "f" and not part.is_full else part.most
        pieces.append(Directive(part.letter, width, width))
    return tuple(pieces)


def refuse_format(text: str, reason: str, hint: str | None = None) -> Exception:
    return fail("SKC126", f"the format `{text}` cannot be read: {reason}", hint=hint)


def _check_directives(text: str, parsed: Format) -> None:
    letters = [directive.letter for directive in parsed.directives]
    duplicates = [letter for letter in LETTERS if letters.count(letter) > 1]
    if duplicates:
        raise refuse_format(text, f"duplicate directive `%{duplicates[0]}`")
    for group in CONTRADICTIONS:
        both = [letter for letter in group if letter in letters]
        if len(both) > 1:
            raise refuse_format(text, f"`%{both[0]}` and `%{both[1]}` may contradict each other")
    if "p" in letters and "H" in letters:
        raise refuse_format(text, "`%p` belongs to an hour of 1 to 12", "write %I instead of %H")
    if not letters or (parsed.has_date and not {"Y", "y"} & {*letters}):
        raise refuse_format(text, "it has no year", "add %Y")
    hours: tuple[tuple[Letter, tuple[str, ...]], ...] = (("H", ("dj",)), ("I", ("dj",))) if parsed.has_date else ()
    for letter, groups in (*NEEDS, *hours):
        for group in groups:
            if letter in letters and not {*group} & {*letters}:
                raise refuse_format(text, f"`%{letter}` without `%{group[0]}` does not identify an instant")
    if "z" in letters and parsed.pieces[-1] != Directive("z"):
        raise refuse_format(text, "`%z` is not at the end")


def _check_names(text: str, parsed: Format) -> None:
    for name in (*parsed.names("b"), *parsed.names("a")):
        if not name or not name.isprintable() or any(character in "0123456789" for character in name):
            raise refuse_format(text, f"{name!r} cannot be a name", "a name has at least one letter, and no digit")
    for letter in ("b", "a"):
        if not are_distinct(parsed.names(letter)):
            reason = f"two of its names do not differ in their first {MOST_LETTERS} letters"
            raise refuse_format(text, reason, "write a different name for each")


def _check_literals(text: str, parsed: Format) -> None:
    """Refuse literal text that could be read as part of a number or a name."""
    literals = [piece for piece in parsed.pieces if isinstance(piece, str)]
    if any(character in "0123456789" for literal in literals for character in literal):
        raise refuse_format(text, "a digit next to a directive could be read as part of a number")
    if any(ord(character) < 32 or character == "\x7f" for literal in literals for character in literal):
        raise refuse_format(text, "it contains a control character")
    halves = HALVES if "p" in parsed.letters else ("",)
    pattern, tokens, months = re.compile(parsed.token_pattern), parsed.tokens, parsed.months
    for names in starmap(Names, product(parsed.names("b") or ("",), parsed.names("a") or ("",), halves)):
        expected = [_token_text(months, token, names) for token in tokens]
        if pattern.findall(render(parsed, names)) != expected:
            raise refuse_format(text, "letters next to a name could be read as part of the name")


@dataclass(frozen=True)
class Names:
    """The names in one text."""

    month: str
    day: str
    half: str = "AM"  # of the day


def filler(parsed: Format) -> str:
    """A valid text."""
    return render(parsed, Names(*((*parsed.names(letter), "")[0] for letter in ("b", "a"))))


def render(parsed: Format, names: Names) -> str:
    """The first of January 2000, 12 AM, UTC, in this format, with the given names."""
    return "".join(_rendered(piece, names) if isinstance(piece, Directive) else piece for piece in parsed.pieces)


def _token_text(months: NameTable, token: Token, names: Names) -> str:
    if token.letters == ("b",):
        return months.head_of(names.month)
    return "".join(_rendered(directive, names) for directive in token.directives)


def _rendered(directive: Directive, names: Names) -> str:
    texts: dict[Letter, str] = {"Y": "2000", "y": "00", "m": "01", "d": "01", "j": "001", "H": "00", "I": "12"}
    texts |= {"M": "00", "S": "00", "f": "0" * directive.most}
    texts |= {"p": names.half, "b": names.month, "a": names.day, "z": "Z"}
    return texts[directive.letter]
