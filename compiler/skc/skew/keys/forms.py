"""The forms of a key: how the texts of two systems for one key differ. A form is one line of `FORMS`.

Why SQL: keys of tables of any size are brought into a form, and keys that match nowhere are tried against all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from skc.data.duckdb.connection import literal

ANY = "*"  # in a template, whatever a store adds at one end
BOTH = "~"  # before a form of both sides
RESERVED = {*"{}", ANY}
WIDTHS = range(2, 21)
MOST_ARGUMENTS = 3
SHARE_OF_MARK = 0.5  # of the keys


@dataclass(frozen=True)
class Seen:
    """Some keys of the side that is brought into a form, and texts of the other; None if that cannot be seen."""

    keys: Sequence[str]
    others: Sequence[str] | None


@dataclass(frozen=True)
class KeyForm:
    """A form by its name, as a template says it. In `words` and in `sql`, `{a}` is the argument that follows the name,
    and in `sql`, `{k}` is the key, a text.
    """

    name: str
    words: str  # after "the keys are"
    sql: str
    merges: bool = False  # different keys may be one in this form
    argument: str = ""  # its pattern
    likely: Callable[[Seen], Iterable[str]] = lambda _: ("",)  # arguments worth trying


def _widths(seen: Seen) -> Iterable[str]:
    if seen.others is None:
        return map(str, WIDTHS)
    counts = Counter(len(text) for text in seen.others if text.isdigit() and text.startswith("0"))
    return [str(width) for width, _ in counts.most_common(MOST_ARGUMENTS) if width in WIDTHS]


def _marks(seen: Seen) -> Iterable[str]:
    return marks_of(seen.keys)[:MOST_ARGUMENTS]


def marks_of(keys: Sequence[str]) -> list[str]:
    """What separates the parts of most keys, and can stand in a template."""
    counts = Counter(mark for key in keys for mark in set(key) if not mark.isalnum() and mark not in RESERVED)
    return [mark for mark, number in counts.most_common(6) if number >= SHARE_OF_MARK * len(keys)]


_WITHOUT_DASHES = "lower(replace({k}, '-', ''))"
_WITH_DASHES = "concat_ws('-', {})".format(
    ", ".join(f"substr({_WITHOUT_DASHES}, {start}, {n})" for start, n in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))
)
_DIGITS = "regexp_replace({k}, '[^0-9]', '', 'g')"
_WITHOUT_ZEROS = "CASE WHEN ltrim({k}, '0') = '' AND {k} <> '' THEN '0' ELSE ltrim({k}, '0') END"
_NUMBER = f"nullif({_WITHOUT_ZEROS.replace('{k}', _DIGITS)}, '')"
_WITH_ZEROS = "CASE WHEN length({k}) >= {a} THEN {k} ELSE lpad({k}, {a}, '0') END"
_WITH_FRACTION = "CASE WHEN regexp_full_match({k}, '-?[0-9]+') THEN {k} || '.0' ELSE {k} END"
FORMS: tuple[KeyForm, ...] = (
    KeyForm("", "", "{k}"),
    KeyForm("lower", "in lower case", "lower({k})"),
    KeyForm("upper", "in upper case", "upper({k})"),
    KeyForm("strip", "without spaces around them", r"regexp_replace({k}, '^\s+|\s+$', '', 'g')"),
    KeyForm("trim0", "without zeros in front", _WITHOUT_ZEROS),
    KeyForm("int", "without a fraction, such as 12 for 12.0", r"regexp_replace({k}, '\.0+$', '')"),
    KeyForm("float", "with a fraction, such as 12.0 for 12", _WITH_FRACTION),
    KeyForm("hex", "without dashes, in lower case", _WITHOUT_DASHES),
    KeyForm("uuid", "with the dashes of a UUID, in lower case", _WITH_DASHES),
    KeyForm("0>", "with zeros in front, {a} characters long", _WITH_ZEROS, argument="[1-9][0-9]?", likely=_widths),
    KeyForm("after ", "without what is before the last `{a}`", "split_part({k}, {t}, -1)", True, "[^*]", _marks),
    KeyForm("before ", "without what is after the first `{a}`", "split_part({k}, {t}, 1)", True, "[^*]", _marks),
    KeyForm("digits", "as the digits in them, without zeros in front", _NUMBER, merges=True),
    KeyForm("fold", "in one case", "replace(lower(upper({k})), 'ß', 'ss')", merges=True),
)


@dataclass(frozen=True)
class Form:
    """A form with its argument. One of both sides is that in which the keys of both are compared."""

    kind: KeyForm = FORMS[0]
    argument: str = ""
    of_both: bool = False

    @property
    def text(self) -> str:
        """As a template says it."""
        return f"{BOTH if self.of_both else ''}{self.kind.name}{self.argument}"

    @property
    def words(self) -> str:
        return ("both " if self.of_both else "") + self.kind.words.replace("{a}", self.argument)

    def sql(self, key: str) -> str:
        """SQL: a key, a text, in this form."""
        sql = self.kind.sql.replace("{t}", literal(self.argument)).replace("{a}", self.argument)
        return sql.replace("{k}", key)


AS_IT_IS = Form()


def read_form(text: str) -> Form | None:
    """The form that a template names: `upper`, `0>8`, `after :`, `~lower`; None if there is none."""
    of_both, name = text.startswith(BOTH), text.removeprefix(BOTH)
    for kind in FORMS[1:] if of_both else FORMS:
        argument = name.removeprefix(kind.name)
        if name.startswith(kind.name) and re.fullmatch(kind.argument, argument):
            return Form(kind, argument, of_both)
    return None


def forms_for(seen: Seen) -> list[Form]:
    """Forms worth trying, of one side and then of both. None of both is worth it where no key can be seen."""
    one = [Form(kind, argument) for kind in FORMS for argument in kind.likely(seen)]
    if seen.others is None:
        return one
    return one + [replace(form, of_both=True) for form in one if form.kind.name]
