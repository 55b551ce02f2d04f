"""Decide what a column is used for, from what all of its rows say.

An id, a constant and a column whose categories hardly repeat teach a model nothing that holds for the next row: they
are left out, with the reason; an author who knows better puts them back.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from skc.data.engine import Aggregate, Column, Data, Grouping
from skc.draft.column_draft import ColumnDraft, Role, Seen, times
from skc.draft.columns import Meaning
from skc.frontend.problems import shown
from skc.ir import Input
from skc.values.types import Scalar

FEW_ROWS = 20  # below which every row may well have its own value
MOST_COUNTED, MOST_TOGETHER = 5_000, 500_000  # different texts of a column, and of all columns
MOST_REPEATS = 10  # that a column of other numbers than ids would not avoid
REPEATS = 0.5  # of the rows may have a category of their own
LARGEST = 2**53
ID_NAME = re.compile(
    r"(^|[\W_])(id|ids|uid|uuid|guid|key|index|idx|nr|row|rownum|row_?number)$|[a-z]I[dD]$|^\(unnamed ", re.IGNORECASE
)
CAMEL_ID = re.compile(r"[a-z](Id|ID)$")
YEAR_NAME = re.compile(r"year|jahr|anno|ann[ée]e|año|rok", re.IGNORECASE)
UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
LOW_CODES = (-99, -999, -9999, -99999)
HIGH_CODES = (999, 9999, 99999, 999999)
INFINITE = (math.inf, -math.inf)
ISOLATED = 5  # times the next number
LEAST_OTHERS = 3  # different numbers
SHOWN = 4  # categories


def seen_of_all(data: Data, columns: Sequence[Column], *, is_counted: bool) -> list[Seen]:
    """What the rows of each column say; texts and times are counted, if `is_counted`."""
    aggregates = [aggregate for column in columns for aggregate in _aggregates(column)]
    results = dict(zip(aggregates, data.aggregate(aggregates), strict=True))
    facts = [[results[aggregate] for aggregate in _aggregates(column)] for column in columns]
    most = most_counted(len(columns))
    groupings = {
        str(k): Grouping(column) if distinct <= most else Grouping(column, max(2, values // 1000))
        for k, (column, (values, distinct, *_)) in enumerate(zip(columns, facts, strict=True))
        if is_counted and distinct and (column.kind.is_time or not column.kind.is_ordered)
    }
    counts = _counts(data, groupings)
    rows = data.count()
    seen = []
    for k, (values, distinct, *bounds) in enumerate(facts):
        least, greatest = bounds or (None, None)
        seen.append(Seen(rows, values, distinct, least, greatest, counts.get(str(k), {})))
    return seen


def most_counted(columns: int) -> int:
    """How many different texts of a column are counted, so that all of them fit into memory."""
    return max(100, min(MOST_COUNTED, MOST_TOGETHER // max(columns, 1)))


def _aggregates(column: Column) -> list[Aggregate]:
    aggregates = [Aggregate("count", column), Aggregate("distinct", column)]
    bounds = [Aggregate("least", column), Aggregate("greatest", column)]
    return aggregates + bounds if column.kind.is_ordered else aggregates


def _counts(data: Data, groupings: Mapping[str, Grouping]) -> dict[str, dict[Scalar, int]]:
    """The values of each column with their counts, the most frequent first."""
    rows: dict[str, list[tuple[Scalar, int]]] = {key: [] for key in groupings}
    for groups in data.groups(groupings):
        columns = (groups.table[name].to_pylist() for name in ("k", "v", "n"))
        for k, value, n in zip(*columns, strict=True):
            rows[groups.keys[k]].append((value, n))
    return {key: dict(sorted(pairs, key=lambda pair: (-pair[1], str(pair[0])))) for key, pairs in rows.items()}


def column_of(value: Input, null_values: tuple[Scalar, ...] = ()) -> Column:
    """A column for the engine, of whose values some are null."""
    nulls = (*value.null_values, *null_values) if value.dtype == "string" else null_values
    return Column(value.name, value.dtype, f"column `{value.name}`", null_values=nulls)


def codes_of(data: Data, value: Input, seen: Seen) -> tuple[dict[Scalar, int], Seen]:
    """Numbers that stand for null, with how often they occur, and what the others say: infinities, and numbers such as
    -999 from which all others are far away.
    """
    codes: dict[Scalar, int] = {}
    for known in (INFINITE, LOW_CODES + HIGH_CODES):
        if not value.kind.is_number or seen.distinct < LEAST_OTHERS:
            break
        for code in dict.fromkeys(bound for bound in (seen.least, seen.greatest) if bound in known):
            (without,) = seen_of_all(data, [column_of(value, (*codes, code))], is_counted=False)
            if known == INFINITE or _is_far(code, without, seen.values - without.values):
                codes[code] = seen.values - without.values
                seen = without
    return codes, seen


def _is_far(code: Scalar, others: Seen, count: int) -> bool:
    """Whether a number that occurs several times is far from all others."""
    assert isinstance(code, int | float)
    assert isinstance(others.least, int | float)
    assert isinstance(others.greatest, int | float)
    return count > 1 and others.least >= 0 and (code < 0 or others.greatest * ISOLATED <= code)


def draft_of_column(
    value: Input, seen: Seen, meaning: Meaning | None, frequency: int, others: int, codes: int
) -> ColumnDraft:
    """What a column is used for. `frequency` is how often a category must occur, `others` how many get a column;
    `codes` is how many nulls are numbers such as -999.
    """
    guesses = tuple(_guessed_nulls(meaning))
    facts: tuple[str, ...] = tuple(_nulls(seen, meaning)) if seen.nulls > codes else ()
    reason = _why_left_out(value, seen, meaning, frequency)
    if reason is not None:
        return ColumnDraft(value, None, seen, meaning, (reason[0], *facts), (reason[0],) if reason[1] else ())
    role = _role(value, meaning)
    return ColumnDraft(
        value, role, seen, meaning, (*_about(value, seen, meaning, role, frequency, others), *facts), guesses
    )


def _role(value: Input, meaning: Meaning | None) -> Role:
    if value.kind.is_time or value.kind.is_clock or (meaning is not None and meaning.moments is not None):
        return "moment"
    if value.kind.is_number or (meaning is not None and meaning.written is not None):
        return "number"
    return "flag" if value.dtype == "bool" else "category"


def _nulls(seen: Seen, meaning: Meaning | None) -> list[str]:
    """How many values are null, and which texts mean it, where they are known."""
    if not seen.nulls:
        return []
    words = {} if meaning is None else meaning.nulls
    if sum(words.values()) != seen.nulls:  # null in the data, or counted in the first rows only
        return [f"{times(seen.nulls)} of {times(seen.rows)} are null"]
    named = {word: "empty" if word == "" else quoted(word) for word in words}
    if len(words) == 1:
        return [f"{times(seen.nulls)} of {times(seen.rows)} are {next(iter(named.values()))}"]
    listed = ", ".join(f"{times(n)} {named[word]}" for word, n in sorted(words.items(), key=lambda one: -one[1]))
    return [f"{times(seen.nulls)} of {times(seen.rows)} are null: {listed}"]


def _guessed_nulls(meaning: Meaning | None) -> list[str]:
    if meaning is None or not meaning.guessed:
        return [meaning.guess] if meaning is not None and meaning.guess else []
    words = ", ".join(f"{times(meaning.nulls[word])} {quoted(word)}" for word in meaning.guessed)
    return [f"{words} may mean null"]


def _why_left_out(value: Input, seen: Seen, meaning: Meaning | None, frequency: int) -> tuple[str, bool] | None:
    """Why a column is left out, and whether that is a guess."""
    if not seen.values:
        return "it has no value", False
    if seen.distinct == 1 and not seen.nulls and seen.rows > 1:
        return "it is the same in every row", False
    role = _role(value, meaning)
    if value.dtype == "int64":
        return _why_no_number(value, seen)
    if role == "category" and seen.values >= FEW_ROWS:
        return _why_no_category(value, seen, frequency)
    return None


def _why_no_number(value: Input, seen: Seen) -> tuple[str, bool] | None:
    assert isinstance(seen.least, int)
    assert isinstance(seen.greatest, int)
    if max(-seen.least, seen.greatest) > LARGEST:
        return f"it has integers beyond 2^53, such as {max(seen.greatest, -seen.least)}, which are ids", True
    is_unique = seen.distinct == seen.rows and seen.rows >= FEW_ROWS
    is_named = ID_NAME.search(value.name) is not None or CAMEL_ID.search(value.name) is not None
    if is_unique and is_named:
        return "an id: another number in every row", True
    repeats = seen.rows**2 / (2 * (seen.greatest - seen.least + 1))  # to expect among so many numbers of a quantity
    if is_unique and repeats >= MOST_REPEATS and not YEAR_NAME.search(value.name):
        return f"an id: {times(seen.least)} to {times(seen.greatest)}, and no number is there twice", True
    if is_named and seen.distinct > REPEATS * seen.values and seen.values >= FEW_ROWS:
        return f"an id: {times(seen.distinct)} different numbers", True
    return None


def _why_no_category(value: Input, seen: Seen, frequency: int) -> tuple[str, bool] | None:
    texts = [text for text in seen.counts if isinstance(text, str)]
    if texts and all(UUID.fullmatch(text) for text in texts):
        return f"an id: {times(seen.distinct)} different UUIDs", True
    if seen.distinct == seen.values:
        what = "free text" if texts and sum(text.count(" ") for text in texts) > 3 * len(texts) else "an id or a name"
        ops = "; see `skc ops` for those on tokens" if what == "free text" else ""
        return f"{what}: another text in every row{ops}", True
    if seen.distinct > REPEATS * seen.values:
        return f"an id or a name: {times(seen.distinct)} different texts in {times(seen.values)} rows", True
    if max(seen.counts.values(), default=0) < frequency:
        return f"no text occurs {frequency} times: {times(seen.distinct)} different ones", True
    return None


def _about(value: Input, seen: Seen, meaning: Meaning | None, role: Role, frequency: int, others: int) -> list[str]:
    if role == "category" and seen.counts:
        return [_categories(seen, frequency, others)]
    if meaning is not None and meaning.examples and value.dtype == "string":
        return [f"such as {', '.join(map(quoted, meaning.examples))}"]
    if isinstance(seen.least, int | float) and not isinstance(seen.least, bool) and value.kind.is_number:
        return [f"{_number(seen.least)} to {_number(seen.greatest)}"]
    return []


def _categories(seen: Seen, frequency: int, others: int) -> str:
    top = ", ".join(f"{quoted(str(value))} {times(n)}" for value, n in list(seen.counts.items())[:SHOWN])
    text = f"{times(seen.distinct)} categories: {top}{', …' if seen.distinct > SHOWN else ''}"
    kept = sum(n for n in list(seen.counts.values())[:others] if n >= frequency)
    if seen.distinct > others:
        text += f"; the first {others} are {kept / seen.values:.0%} of the values"
    return text


def quoted(text: str) -> str:
    """A text as comments show it."""
    return json.dumps(shown(text), ensure_ascii=False)


def _number(value: Scalar) -> str:
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        value = int(value)
    return times(value) if isinstance(value, int) else str(value)
