"""Date and time formats: a subset of `strptime`, parsed once, and refused if they are ambiguous.

Why a subset: within it, the digits and names of a text that matches are found without trying alternatives, so that a
graph can parse it: numbers are the runs of digits, whatever separates them.

Numbers may have fewer digits than usual (`3/9/2019`), but adjacent numbers (`%Y%m%d`) each have their full width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Literal

from skc.diagnostics import fail

Letter = Literal["Y", "m", "d", "j", "H", "M", "S", "f", "b", "z"]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WIDTHS: dict[Letter, int] = {"Y": 4, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2, "f": 6}
LETTERS: tuple[Letter, ...] = (*WIDTHS, "b", "z")
MAX_DIGITS = 18  # always fits int64
ZONE_END = "[+-][0-9:]+$|Z$"


@dataclass(frozen=True)
class Directive:
    """One `%` directive. `is_full`: a number must have all its digits."""

    letter: Letter
    is_full: bool = False


@dataclass(frozen=True)
class Token:
    """A run of digits, a month name or a zone, with its directives."""

    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Format:
    """The directives of a format and the literal text between them, in order."""

    pieces: tuple[Directive | str, ...]

    @property
    def letters(self) -> frozenset[Letter]:
        return frozenset(piece.letter for piece in self.pieces if isinstance(piece, Directive))

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that `token_pattern` matches in every text of this format, in order."""
        runs = [token for run in self._runs() for token in _split_run(run)]
        return tuple(Token(token) for token in runs)

    @property
    def token_pattern(self) -> str:
        """A regular expression that matches the tokens from left to right. It means the same in Python and RE2."""
        digits = max((sum(map(_width, t.letters)) for t in self.tokens if len(t.letters) > 1), default=MAX_DIGITS)
        patterns = [f"[0-9]{{1,{max(digits, 6)}}}"]
        if "b" in self.letters:
            patterns.append(month_pattern())
        if "z" in self.letters:
            patterns.append(ZONE_END)
        return "|".join(patterns)

    def _runs(self) -> list[tuple[Letter, ...]]:
        runs: list[tuple[Letter, ...]] = []
        touches = False
        for piece in self.pieces:
            if isinstance(piece, Directive) and piece.letter in WIDTHS:
                runs = [*runs[:-1], (*runs[-1], piece.letter)] if touches else [*runs, (piece.letter,)]
                touches = True
                continue
            touches = False
            if isinstance(piece, Directive):
                runs.append((piece.letter,))
        return runs


def _width(letter: Letter) -> int:
    return WIDTHS.get(letter, 0)


def _split_run(run: tuple[Letter, ...]) -> list[tuple[Letter, ...]]:
    """Split a run of numbers that does not fit int64 in two: up to 18 digits, and the rest."""
    ends = list(accumulate(map(_width, run)))
    head = sum(end <= MAX_DIGITS for end in ends)
    return [half for half in (run[:head], run[head:]) if half] if ends[-1] else [run]


def month_pattern() -> str:
    """The English abbreviations in any case, ASCII letters only."""
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in month) for month in MONTHS)


@cache
def read_format(text: str) -> Format:
    """Parse a format. Raises SKC126 if it is outside the subset."""
    parts: list[Letter | str] = []
    is_directive: list[bool] = []
    for match in re.finditer(r"%(.?)|[^%]+", text, flags=re.DOTALL):
        letter = match.group(1)
        if letter is not None and letter != "%" and letter not in LETTERS:
            raise refuse_format(text, f"`%{letter}` is not supported", f"there is {_listed()} and %%")
        parts.append(match.group() if letter is None else letter)
        is_directive.append(letter is not None and letter != "%")
    numbers = [flag and part in WIDTHS for part, flag in zip(parts, is_directive, strict=True)]
    pieces: list[Directive | str] = []
    for i, part in enumerate(parts):
        touches = numbers[i] and (numbers[i - 1 : i] == [True] or numbers[i + 1 : i + 2] == [True])
        pieces.append(Directive(part, touches) if is_directive[i] else part)  # type: ignore[arg-type]  # checked above
    parsed = Format(tuple(pieces))
    _check_directives(text, parsed)
    _check_literals(text, parsed)
    return parsed


def _listed() -> str:
    return " ".join(f"%{letter}" for letter in LETTERS)


def refuse_format(text: str, reason: str, hint: str | None = None) -> Exception:
    return fail("SKC126", f"the format `{text}` cannot be read: {reason}", hint=hint)


def _check_directives(text: str, parsed: Format) -> None:
    letters = [piece.letter for piece in parsed.pieces if isinstance(piece, Directive)]
    duplicates = [letter for letter in LETTERS if letters.count(letter) > 1]
    if duplicates:
        raise refuse_format(text, f"duplicate directive `%{duplicates[0]}`")
    for letter, needs in (
        ("Y", ""),
        ("d", "mb"),
        ("H", "dj"),
        ("M", "H"),
        ("S", "M"),
        ("f", "S"),
        ("z", "H"),
    ):
        if letter == "Y" and "Y" not in letters:
            raise refuse_format(text, "it has no year", "add %Y")
        if needs and letter in letters and not set(needs) & set(letters):
            raise refuse_format(text, f"`%{letter}` without `%{needs[0]}` does not identify an instant")
    months = [letter for letter in ("m", "b", "j") if letter in letters]
    if len(months) > 1:
        raise refuse_format(text, f"`%{months[0]}` and `%{months[1]}` may contradict each other")
    if "z" in letters and parsed.pieces[-1] != Directive("z"):
        raise refuse_format(text, "`%z` is not at the end")


def _check_literals(text: str, parsed: Format) -> None:
    """Refuse literal text that could be read as part of a number or a name."""
    literals = [piece for piece in parsed.pieces if isinstance(piece, str)]
    if any(character in "0123456789" for literal in literals for character in literal):
        raise refuse_format(text, "a digit next to a directive could be read as part of a number")
    if any(ord(character) < 32 or character == "\x7f" for literal in literals for character in literal):
        raise refuse_format(text, "it contains a control character")
    for month in MONTHS:
        tokens = re.findall(parsed.token_pattern, render(parsed, month=month))
        if len(tokens) != len(parsed.tokens) or ("b" in parsed.letters and month not in tokens):
            raise refuse_format(text, "letters next to `%b` could be read as part of a month's name")


def render(parsed: Format, month: str = "Jan") -> str:
    """The first of January 2000, UTC, in this format, with the given month name."""
    values = {
        "Y": "2000",
        "m": "01",
        "d": "01",
        "j": "001",
        "H": "00",
        "M": "00",
        "S": "00",
        "f": "000000",
        "z": "Z",
    }
    values["b"] = month
    return "".join(values[piece.letter] if isinstance(piece, Directive) else piece for piece in parsed.pieces)
