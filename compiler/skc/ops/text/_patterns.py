"""Regular expressions that mean the same in Python and in RE2, which the graph has: a parser that refuses all others.

Why not Python's parser: it is private, and takes more than can be shown to be the same. What is left is a regular
language in the textbook's sense: characters, classes that list their characters, groups, alternatives and repetition.
`\\w`, `\\d` and `\\b` are Unicode in Python and ASCII in RE2; lookaround, references and lazy repetition are not
regular, or do not change what matches. Whether a whole text is in such a language does not depend on who asks.

Which part of a text is replaced does depend on it: Python takes the first alternative that succeeds, and ONNX Runtime
the longest match. `require_plain` lets only those through where the two are one: classes in a row, each repeated as
long as it lasts, so that the next character alone decides how to go on.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from skc.op import refuse
from skc.ops.text._characters import WHITE_SPACE

MOST_REPEATED = 1000  # what RE2 allows, in all
NAMED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
OTHERS = "".join(map(chr, range(1, 0x3000)))
_COUNTS = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")


@dataclass(frozen=True)
class Class:
    """One character: of these pairs of characters (first and last of a range), or of none of them."""

    pairs: tuple[tuple[str, str], ...]
    is_negated: bool = False

    def __str__(self) -> str:
        inside = "".join(f"{re.escape(a)}-{re.escape(b)}" if a != b else re.escape(a) for a, b in self.pairs)
        return f"[{'^' if self.is_negated else ''}{inside}]"

    def holds(self, c: str) -> bool:
        """The character is one of the class."""
        return any(a <= c <= b for a, b in self.pairs) != self.is_negated


@dataclass(frozen=True)
class Repeated:
    """A class or a group, so many times; `most` is None without a limit."""

    part: Class | Choice
    least: int = 1
    most: int | None = 1

    def __str__(self) -> str:
        if (self.least, self.most) == (1, 1):
            return str(self.part)
        return f"{self.part}{{{self.least},{'' if self.most is None else self.most}}}"


@dataclass(frozen=True)
class Choice:
    """Alternatives, each a sequence."""

    branches: tuple[tuple[Repeated, ...], ...]

    def __str__(self) -> str:
        return f"(?:{'|'.join(''.join(map(str, branch)) for branch in self.branches)})"


DOT = Class((("\n", "\n"),), is_negated=True)
SPACES = Class(tuple((c, c) for c in WHITE_SPACE))


def parse_pattern(pattern: str) -> Choice:
    """The structure of a pattern. Raises SKC129 for one that may mean something else to RE2."""
    parser = _Parser(pattern)
    choice = parser.choice()
    if parser.rest:
        raise parser.refused(f"`{parser.rest[0]}`", "escape it with a backslash, or remove it")
    if _repetition(choice) > MOST_REPEATED:
        raise parser.refused("more than 1000 repetitions", "use smaller numbers, or no upper limit")
    return choice


def _repetition(choice: Choice) -> int:
    """The product of nested counts, at most."""
    products = [1]
    for item in (item for branch in choice.branches for item in branch):
        count = max(item.least, item.most or 1, 1)
        products.append(count * (_repetition(item.part) if isinstance(item.part, Choice) else 1))
    return max(products)


def require_plain(pattern: str) -> Sequence[Repeated]:
    """The classes of a pattern that always has one match at a place, the longest. Raises SKC129 for any other."""
    branches = parse_pattern(pattern).branches
    items = branches[0]
    is_flat = len(branches) == 1 and all(isinstance(item.part, Class) for item in items)
    if not is_flat or not any(item.least for item in items):
        hint = "write one class after another without groups and alternatives, such as [0-9]+"
        raise _refusal(pattern, "to replace, a pattern whose match may depend on the engine", hint)
    for i, item in enumerate(items):
        if item.least == item.most:
            continue
        for after in items[i + 1 :]:
            if _overlap(item.part, after.part):
                hint = "let each class that is repeated differ from what follows it"
                raise _refusal(pattern, "to replace, a pattern whose match may depend on the engine", hint)
            if after.least:
                break
    return items


def _overlap(a: Class | Choice, b: Class | Choice) -> bool:
    """Whether a character is of both; membership changes only at an end of a range."""
    if not (isinstance(a, Class) and isinstance(b, Class)):
        return False
    ends = {1, *(ord(c) for pair in (*a.pairs, *b.pairs) for c in pair)}
    near = {chr(code) for end in ends for code in (end, end + 1) if code < sys.maxunicode}
    return any(a.holds(c) and b.holds(c) for c in near)


def _refusal(pattern: str, what: str, hint: str) -> Exception:
    return refuse("SKC129", f"the pattern `{pattern}` has {what}", hint=hint)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern, self.rest = pattern, pattern

    def refused(self, what: str, hint: str) -> Exception:
        return _refusal(self.pattern, what, hint)

    def take(self, text: str) -> bool:
        """Move past a text, if it comes next."""
        if not self.rest.startswith(text):
            return False
        self.rest = self.rest[len(text) :]
        return True

    def next(self) -> str:
        """Move past one character."""
        if not self.rest:
            raise self.refused("no end", "complete it")
        c, self.rest = self.rest[0], self.rest[1:]
        return c

    def choice(self) -> Choice:
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        return Choice(tuple(branches))

    def sequence(self) -> tuple[Repeated, ...]:
        items = []
        while self.rest and self.rest[0] not in "|)":
            items.append(self.repeated())
        return tuple(items)

    def repeated(self) -> Repeated:
        part = self.part()
        least, most = self.counts()
        if self.rest[:1] in ("?", "+", "*") and (least, most) != (1, 1):
            raise self.refused("a lazy or possessive repetition", "leave out the second sign")
        if _COUNTS.match(self.rest):
            raise self.refused("two repetitions in a row", "put the first in a group")
        return Repeated(part, least, most)

    def counts(self) -> tuple[int, int | None]:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return counts
        matched = _COUNTS.match(self.rest)
        if matched is None:
            return 1, 1
        self.take(matched[0])
        least = int(matched[1])
        most = int(matched[3]) if matched[3] else None if matched[2] else least
        if most is not None and most < max(least, 1):
            raise self.refused(f"the empty repetition `{matched[0]}`", "write the smaller number first")
        return least, most

    def part(self) -> Class | Choice:
        c = self.next()
        if c == "(":
            if self.take("?") and not self.take(":"):
                raise self.refused(f"`(?{self.rest[:1]}`", "use plain groups")
            choice = self.choice()
            if not self.take(")"):
                raise self.refused("a group without an end", "close it with `)`")
            return choice
        if c == "[":
            return self.listed()
        if c == ".":
            return DOT
        if c in "^$":
            hint = "leave it out: `matches` looks at a whole text, and `replace` at every place"
            raise self.refused(f"`{c}`", hint)
        if c in "*+?{}]":
            raise self.refused(f"`{c}` without something before it", "escape it with a backslash")
        return self.escaped() if c == "\\" else Class(((c, c),))

    def listed(self) -> Class:
        is_negated = self.take("^")
        pairs: list[tuple[str, str]] = []
        while not self.take("]"):
            pairs += self.range()
        if not pairs:
            raise self.refused("an empty class", "list its characters, and escape `]`")
        return Class(tuple(pairs), is_negated)

    def range(self) -> Sequence[tuple[str, str]]:
        first = self.listed_character()
        if len(first) > 1 or not self.rest.startswith("-") or self.rest.startswith("-]"):
            return first
        self.take("-")
        last = self.listed_character()
        if len(last) > 1 or last[0][0] < first[0][0]:
            raise self.refused("a range that is empty", "write the smaller character first, and escape `-`")
        return [(first[0][0], last[0][0])]

    def listed_character(self) -> Sequence[tuple[str, str]]:
        c = self.next()
        if c in "[&~|" or (c == "-" and self.rest.startswith("-")):
            raise self.refused(f"`{c}` in a class", "escape it with a backslash")
        return self.escaped().pairs if c == "\\" else [(c, c)]

    def escaped(self) -> Class:
        c = self.next()
        if c == "s":
            return SPACES
        if c in NAMED:
            return Class(((NAMED[c], NAMED[c]),))
        if c.isalnum() or c == "_":
            hint = r"list the characters: [0-9] for \d, [A-Za-z0-9_] for \w"
            raise self.refused(f"`\\{c}`, which is not the same everywhere", hint)
        return Class(((c, c),))


def examples(choice: Choice) -> tuple[str, ...]:
    """A text for each branch with the fewest repetitions, one with one more, and one with the last of each range."""
    texts = [
        "".join(_example(item, more, last) for item in branch)
        for branch in choice.branches
        for more in (0, 1)
        for last in (False, True)
    ]
    return tuple(dict.fromkeys(text for text in texts if text)) or ("a",)


def _example(item: Repeated, more: int, last: bool) -> str:
    if isinstance(item.part, Choice):
        one = examples(item.part)[-1 if last else 0]
    elif item.part.is_negated:
        one = next(c for c in ("é😀a" if last else "a~1\u00a0中\t") + OTHERS if item.part.holds(c))
    else:
        one = item.part.pairs[-1][1] if last else item.part.pairs[0][0]
    return one * min(item.least + more, item.least + 1 if item.most is None else item.most)
