"""The format of a date and time as text: a subset of `strptime`, read once, and refused where one reading is
not certain.

Why a subset: within it, the digits and names of a text that matches are found without trying alternatives, so
that a graph can read it: numbers are the runs of digits, whatever stands between them.

Numbers may have fewer digits than usual (`3/9/2019`), but where numbers touch (`%Y%m%d`) each has its full
width.
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
MAX_DIGITS = 18  # what int64 surely holds
ZONE_END = "[+-][0-9:]+$|Z$"


@dataclass(frozen=True)
class Directive:
    """One `%` directive. `is_full` says that a number must have all its digits."""

    letter: Letter
    is_full: bool = False


@dataclass(frozen=True)
class Token:
    """A run of digits, a month name or a zone, with the directives that it holds."""

    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Format:
    """A format: its directives and the literal text between them, in order."""

    pieces: tuple[Directive | str, ...]

    @property
    def letters(self) -> frozenset[Letter]:
        return frozenset(piece.letter for piece in self.pieces if isinstance(piece, Directive))

    @property
    def tokens(self) -> tuple[Token, ...]:
        """What `token_pattern` finds in every text of this format, in order."""
        found = [token for run in self._runs() for token in _split_run(run)]
        return tuple(Token(token) for token in found)

    @property
    def token_pattern(self) -> str:
        """A regular expression that finds the tokens from left to right. Python and RE2 read it alike."""
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
    """A run of numbers that int64 cannot hold, in two: of up to 18 digits, and the rest."""
    ends = list(accumulate(map(_width, run)))
    head = sum(end <= MAX_DIGITS for end in ends)
    return [part for part in (run[:head], run[head:]) if part] if ends[-1] else [run]


def month_pattern() -> str:
    """The English abbreviations in any case, ASCII letters only."""
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in month) for month in MONTHS)


@cache
def read_format(text: str) -> Format:
    """Read a format. Raises SKC126 for what is not in the subset."""
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
    checked = Format(tuple(pieces))
    _check_directives(text, checked)
    _check_literals(text, checked)
    return checked


def _listed() -> str:
    return " ".join(f"%{letter}" for letter in LETTERS)


def refuse_format(text: str, reason: str, hint: str | None = None) -> Exception:
    return fail("SKC126", f"the format `{text}` cannot be read: {reason}", hint=hint)


def _check_directives(text: str, found: Format) -> None:
    letters = [piece.letter for piece in found.pieces if isinstance(piece, Directive)]
    twice = [letter for letter in LETTERS if letters.count(letter) > 1]
    if twice:
        raise refuse_format(text, f"duplicate directive `%{twice[0]}`")
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
    if "z" in letters and found.pieces[-1] != Directive("z"):
        raise refuse_format(text, "`%z` is not at the end")


def _check_literals(text: str, found: Format) -> None:
    """Refuse literal text that could be taken for a part of a number or a name."""
    literals = [piece for piece in found.pieces if isinstance(piece, str)]
    if any(character in "0123456789" for literal in literals for character in literal):
        raise refuse_format(text, "a digit next to a directive could be read as part of a number")
    if any(ord(character) < 32 or character == "\x7f" for literal in literals for character in literal):
        raise refuse_format(text, "it contains a control character")
    for month in MONTHS:
        tokens = re.findall(found.token_pattern, render(found, month=month))
        if len(tokens) != len(found.tokens) or ("b" in found.letters and month not in tokens):
            raise refuse_format(text, "letters next to `%b` could be read as part of a month's name")


def render(found: Format, month: str = "Jan") -> str:
    """A text of this format: the first of January 2000, UTC, under any month's name."""
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
    return "".join(values[piece.letter] if isinstance(piece, Directive) else piece for piece in found.pieces)
