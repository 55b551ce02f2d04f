"""What each column is: its type, the texts that mean null, and how its text is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from skc.data.engine import Stored
from skc.data.text.splitting import BLANKS
from skc.data.text.value_mending import BOOLS
from skc.draft.dates import ISO, Moments, moments_of
from skc.draft.numbers import Written, has_groups, number_form, written_number
from skc.draft.texts import Form, Misfits, Texts
from skc.ir import ReadOptions
from skc.values.types import Scalar
from skc_runtime.kinds import DType

NULL_WORDS = frozenset(
    [
        *("", "na", "n/a", "#n/a", "n.a.", "nan", "null", "none", "nil", "(null)", "<na>", "\\n", "-", "--", ".", "?"),
        *("unknown", "missing", "k.a.", "k. a.", "keine angabe", "#nv", "n.d.", "s/d"),
    ]
)
NULLS_OF_TEXT = NULL_WORDS - {"none", "-", "--", ".", "nil", "unknown", "missing"}  # which may be categories
MOST_EXAMPLES = 2  # of how numbers and dates are written
MOST_WORDS = 5  # other texts among numbers or dates that are taken for null
PAIRS = tuple((yes, no) for yes, no in BOOLS if yes != "1")


@dataclass(frozen=True)
class Meaning:
    """What a column of text is. `nulls` are the texts that mean null; those in `guessed` may mean something else.

    `flags` are the texts for true and false, where `data` has to name them. `is_padded`: blanks stand around texts.
    `guess` is another that the column does not show to be right.
    """

    dtype: DType
    nulls: Mapping[str, int] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    flags: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    written: Written | None = None
    moments: Moments | None = None
    is_padded: bool = False
    guess: str = ""
    examples: tuple[str, ...] = ()

    @property
    def null_values(self) -> tuple[Scalar, ...]:
        """For the input: the empty text needs no mention where only text is read as something else."""
        return tuple(text for text in sorted(self.nulls) if text or self.dtype == "string")


def is_null_word(text: str) -> bool:
    """Whether a text usually means that there is no value."""
    return text.strip(BLANKS).lower() in NULL_WORDS


def meaning_of(stored: Stored, texts: Texts, options: ReadOptions, day_first: bool | None, is_likely: bool) -> Meaning:
    """What a column of text is. Written numbers are read as `options` say; for the others see `moments_of`."""
    values = [text for text in texts.counts if not is_null_word(text)]
    if not values:
        return Meaning("string", dict(texts.counts))
    flags = _flags(values) if stored.is_written else None
    if flags is not None:
        return Meaning("bool", _nulls(texts), flags=flags if flags[0] else None)
    numeric = [text for text in values if _has_digit(text)] if _words(values) <= MOST_WORDS else values
    if not numeric:
        return _text(texts)
    return (
        _number(stored, texts, options)
        or _moments(stored, texts, moments_of(numeric, day_first, is_likely))
        or _formatted(texts, numeric)
        or _text(texts)
    )


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _words(values: Sequence[str]) -> int:
    return sum(not _has_digit(text) for text in values)


def _flags(values: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The texts for true and false, none of which `data` has to name if they are `true` and `false` in any case."""
    lower = {text.lower() for text in values}
    if lower <= {"true", "false"}:
        return (), ()
    pair = next((pair for pair in PAIRS if lower == {*pair}), None)
    if pair is None:
        return None
    yes, no = (tuple(sorted(text for text in values if text.lower() == word)) for word in pair)
    return yes, no


def _nulls(texts: Texts) -> dict[str, int]:
    return {text: n for text, n in texts.counts.items() if is_null_word(text)}


def _fitting(texts: Texts, form: Form) -> tuple[dict[str, int], tuple[str, ...]] | None:
    """The texts of a column that do not have a form and can be taken for nulls, and of these the guesses; None if there
    are others, or if the guesses are most of its values: "0" among many "yes" and "no" is not a column of numbers.
    """
    misfits: Misfits = texts.misfits(form)
    others = tuple(sorted(text for text in misfits.counts if not is_null_word(text)))
    is_word = all(not _has_digit(text) for text in others)
    if not misfits.is_all or len(others) > MOST_WORDS or not is_word or _are_most(others, texts):
        return None
    return dict(misfits.counts), others


def _are_most(words: Sequence[str], texts: Texts) -> bool:
    values = sum(n for text, n in texts.counts.items() if not is_null_word(text))
    return 2 * sum(texts.counts.get(word, 0) for word in words) > values


def _number(stored: Stored, texts: Texts, options: ReadOptions) -> Meaning | None:
    if not stored.is_written:
        return None
    for dtype in ("int64", "float64"):
        fitting = _fitting(texts, number_form(dtype, options))
        if fitting is not None:
            is_guess = (options.decimal, options.thousands) == (".", "") and has_groups(texts.counts)
            return Meaning(
                dtype, *fitting, guess="the point is a decimal mark, not one of thousands" if is_guess else ""
            )
    return None


def _moments(stored: Stored, texts: Texts, moments: Moments | None) -> Meaning | None:
    fitting = None if moments is None else _fitting(texts, moments.form)
    if moments is None or fitting is None:
        return None
    is_plain = stored.is_written and moments.format == ISO and not moments.has_time  # as a request has it too
    return Meaning("date" if is_plain else "string", *fitting, moments=moments, examples=_examples(texts, moments.form))


def _formatted(texts: Texts, values: Sequence[str]) -> Meaning | None:
    stripped = Counter(text.strip() for text in values)
    written = written_number(list(stripped))
    if written is None:
        return None
    is_padded = any(text != text.strip() for text in values)
    form = written.form
    around = Form(rf"\s*(?:{form.pattern})\s*" if is_padded else form.pattern)
    fitting = _fitting(texts, around)
    if fitting is None:
        return None
    return Meaning("string", *fitting, written=written, is_padded=is_padded, examples=_examples(texts, around))


def _examples(texts: Texts, form: Form) -> tuple[str, ...]:
    return tuple(islice((text for text in texts.counts if form.fits(text)), MOST_EXAMPLES))


def _text(texts: Texts) -> Meaning:
    nulls = {text: n for text, n in texts.counts.items() if text.strip(BLANKS).lower() in NULLS_OF_TEXT}
    is_padded = any(text != text.strip() for text in texts.counts if text not in nulls)
    return Meaning("string", nulls, is_padded=is_padded)
