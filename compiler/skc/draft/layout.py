"""How a file of text is written: the options of `data` that read it, with what is a guess.

The engine's sniffer proposes a separator, a quote, a comment, the rows above and whether there is a header. What it
proposes is tried with the reader of `skc.data.text`, which the pipeline will be read with, and mended where it finds
other records: several characters between fields, blanks around them, a footer, a name that is there twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from skc.data.engine import Engine, Layout
from skc.data.sources import numbered
from skc.data.text.lines import LineError, all_lines
from skc.data.text.mending import layout_changes
from skc.data.text.opening import UNREADABLE
from skc.data.text.records import Record, long_fields, records_of
from skc.data.text.splitting import BLANKS
from skc.data.text.table import TextError, first_problem
from skc.draft.encodings import encoding_of
from skc.ir import WHITESPACE, ReadOptions

HEAD_LINES, HEAD_CHARACTERS = 20_000, 4_000_000  # that the layout is reading in
TRIED = 2_000  # records
ALIKE, LEAST_ALIKE = 0.9, 0.5  # of the records have as many fields
SEPARATORS = (",", ";", "\t", "|", "::", "||", "~", WHITESPACE)
QUOTES = ('"', "'", "")
MOST_RECORDS = 100_000  # of a file whose last record is checked
NUMBER = re.compile(r"[-+]?[0-9][0-9.,'\u00a0\u202f ]*|")


@dataclass(frozen=True)
class Reading:
    """Options, and for each that needs one a comment; those in `guesses` are guesses."""

    options: ReadOptions
    comments: dict[str, str] = field(default_factory=dict)
    guesses: frozenset[str] = frozenset()

    def changed(self, comment: str | None = None, *, is_guess: bool = False, **changes: object) -> Reading:
        """With other options, of which the first has a comment."""
        name = next(iter(changes))
        comments = self.comments if comment is None else {**self.comments, name: comment}
        guesses = self.guesses | {name} if is_guess else self.guesses
        return Reading(replace(self.options, **changes), comments, guesses)  # type: ignore[arg-type]  # names of fields


def layout_of(file: str, default: str | None, folder: Path, engine: Engine) -> Reading:
    """The options that read a file, whose first lines are copied into `folder`. Raises UNREADABLE.

    `default` is the separator that the name of the file says, None if it does not.
    """
    encoding = encoding_of(file)
    reading = Reading(ReadOptions())
    if encoding.name != "utf-8":
        comment = f"line {encoding.line} then reads `{encoding.shown}`" if encoding.line else None
        reading = reading.changed(comment, is_guess=encoding.line > 0, encoding=encoding.name)
    lines = _head(file, encoding.name)
    if not "".join(lines).strip():
        return reading
    head = folder / "head.txt"
    head.write_text("".join(lines), encoding="utf-8", newline="")
    reading = _divided(reading, engine.layout("".join(lines)), str(head), default)
    separator = reading.options.separator or default or ","
    in_utf8 = replace(reading.options, encoding="utf-8")
    for name, value in layout_changes(str(head), replace(in_utf8, skip_footer=0), separator).items():
        if name == "skip_rows":
            reading = reading.changed(None, skip_rows=value)
    reading = _trimmed(reading, str(head), separator)
    reading = _named(reading, str(head), separator)
    return _without_footer(reading, file, separator)


def _head(file: str, encoding: str) -> list[str]:
    lines: list[str] = []
    size = 0
    try:
        for line in islice(all_lines(file, encoding), HEAD_LINES):
            lines.append(line)
            size += len(line)
            if size > HEAD_CHARACTERS:
                break
    except LineError:  # which the reader reports
        pass
    return lines


def _divided(reading: Reading, layout: Layout | None, head: str, default: str | None) -> Reading:
    """With the separator, the quote, the comment and the rows above that make records of the same length."""
    base = replace(reading.options, encoding="utf-8")
    sniffed: list[ReadOptions] = []
    if layout is not None:
        options = replace(base, separator=layout.separator, comment=layout.comment, skip_rows=layout.skip_rows)
        sniffed = [replace(options, quote=quote) for quote in ([layout.quote] if layout.quote else QUOTES)]
    others = [replace(base, separator=one, quote=quote) for one in SEPARATORS for quote in _quotes(head)]
    best = next((o for o in sniffed if _share(_widths(head, o)) >= ALIKE), None)
    best = best or next((o for o in others if _is_table(_widths(head, o))), None)
    if best is None:  # one column, or records of several lengths
        best = max([*sniffed, *others], key=lambda o: _share(_widths(head, o)))
        if _share(_widths(head, best)) < LEAST_ALIKE:
            best = replace(base, separator=default or ",", comment=layout.comment if layout is not None else "")
    changes = {
        "separator": None if best.separator == default else best.separator,
        "quote": best.quote,
        "comment": best.comment,
        "skip_rows": best.skip_rows,
    }
    reading = replace(reading, options=replace(reading.options, **changes))  # type: ignore[arg-type]  # names of fields
    is_sniffed = any(best is one for one in sniffed)
    if (is_sniffed and layout is not None and not layout.has_header) or (
        not is_sniffed and _begins_with_numbers(head, best)
    ):
        reading = reading.changed("the first row is like those below it", is_guess=True, header=False)
    if best.separator == WHITESPACE:
        reading = reading.changed("blanks divide fields", is_guess=True, separator=WHITESPACE)
    return reading


def _begins_with_numbers(head: str, options: ReadOptions) -> bool:
    """Whether the first record has only numbers, and so no names."""
    first = next(iter(_records(head, options, options.separator or ",", 1)), None)
    return first is not None and all(re.fullmatch(r"[-+]?[0-9.,]+", one.strip(BLANKS)) for one in first.fields)


def _quotes(head: str) -> tuple[str, ...]:
    """What may be the quote, where the engine does not say."""
    return ('"',) if '"' in Path(head).read_text(encoding="utf-8") else ('"', "'")


def _widths(head: str, options: ReadOptions) -> list[int]:
    return [len(record.fields) for record in _records(head, options, options.separator or ",") if record.fields]


def _is_table(widths: Sequence[int]) -> bool:
    """Whether nearly all records have as many fields as the first, which has the names."""
    return _share(widths) >= ALIKE and Counter(widths).most_common(1)[0][0] == widths[0]


def _share(widths: Sequence[int]) -> float:
    """The share of records with the most frequent length, 0 if that is a single field."""
    if not widths:
        return 0
    width, number = Counter(widths).most_common(1)[0]
    return 0 if width < 2 else number / len(widths)


def _records(file: str, options: ReadOptions, separator: str, most: int = TRIED) -> list[Record]:
    """The first records, as far as they can be read; none of a file of which less than half can."""
    records: list[Record] = []
    try:
        with long_fields():
            records.extend(islice(records_of(file, options, separator), most))
    except (LineError, *UNREADABLE):
        return [] if len(records) < most / 2 else records
    return records


def _trimmed(reading: Reading, head: str, separator: str) -> Reading:
    """With `trim` where blanks stand around most fields, or next to a quote."""
    if separator == WHITESPACE:
        return reading
    options = replace(reading.options, encoding="utf-8")
    fields = [one for record in _records(head, options, separator) for one in record.fields[1:] if one.strip(BLANKS)]
    blanks = BLANKS.replace(separator, "")
    padded = sum(one != one.strip(blanks) for one in fields)
    problem = first_problem(head, options, separator)
    is_beside_quote = isinstance(problem, TextError) and "blank next to a quote" in problem.message
    if is_beside_quote or (fields and padded * 2 > len(fields)):
        return reading.changed("blanks around the fields", trim=True)
    return reading


def _named(reading: Reading, head: str, separator: str) -> Reading:
    """With names in the place of a header that has a name twice, or none for a column that is named by a number."""
    if reading.options.header is not True:
        return reading
    first = next(iter(_records(head, replace(reading.options, encoding="utf-8"), separator, 1)), None)
    if first is None:
        return reading
    written = [name or f"(unnamed {k})" for k, name in enumerate(first.fields, start=1)]
    names = numbered(written)
    if names == written:
        return reading
    skipped = first.line + len(first.lines) - 1
    return reading.changed("the file has a name twice", header=tuple(names), skip_rows=skipped)


def _without_footer(reading: Reading, file: str, separator: str) -> Reading:
    """Without the last lines, if they are shorter or longer than records, or a sum of the others."""
    changes = layout_changes(file, reading.options, separator)
    if "skip_footer" in changes:
        return reading.changed("lines that are not rows", skip_footer=changes["skip_footer"])
    records = [record.fields for record in _all_records(file, reading.options, separator)]
    if len(records) < 4 or not _is_sum(records):
        return reading
    return reading.changed(f"the last row begins with `{records[-1][0][:30]}`", is_guess=True, skip_footer=1)


def _all_records(file: str, options: ReadOptions, separator: str) -> Iterator[Record]:
    """All records with fields; none of a file with too many, or one that cannot be read."""
    records = [one for one in _records(file, options, separator, MOST_RECORDS + 1) if one.fields]
    return iter(records if len(records) <= MOST_RECORDS else [])


def _is_sum(records: Sequence[Sequence[str]]) -> bool:
    """Whether the last record begins with a word that no other has, in a column of numbers."""
    *others, last = records
    word, firsts = last[0].strip(), [fields[0].strip() for fields in others[1:]]
    numbers = sum(NUMBER.fullmatch(text) is not None for text in firsts)
    is_word = re.fullmatch(r"[^\W\d].*", word) is not None and word not in firsts
    return is_word and len(last) > 1 and not last[1] and numbers >= ALIKE * len(firsts)
