"""How one system seems to write the keys of another, when no key of either is in the other.

A proposal is a template that was tried: of a sample of the keys that are written so, most that have its shape are keys
of the other side once they are read by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from skc.data.duckdb.connection import Database, engine_errors
from skc.skew.keys.forms import ANY, RESERVED, Form, Seen, forms_for, marks_of
from skc.skew.keys.template import KeyTemplate

SAMPLED = 1000  # keys of a side
MOST_ROWS = 20  # of a key, in a sample
MOST_ENDS = 12  # texts before, and after, that are tried
LEAST_SHARE = 0.5  # of the keys of a shape
YEARS = 4  # digits in a row that may be a part of a time
FAILED = "the keys of the two sides cannot be compared"


@dataclass(frozen=True)
class Proposal:
    """How the keys of the other side are written, and how many of those that were tried are keys then."""

    template: KeyTemplate
    matches: int
    of: int


@dataclass(frozen=True)
class _Shape:
    """What is around the field of a template."""

    before: str
    after: str

    @property
    def cost(self) -> tuple[bool, int, int]:
        """The simplest first: nothing open, and little around the key. A tail that may be a time is not a constant."""
        dated = sum(letter.isdigit() for letter in self.before + self.after) >= YEARS
        is_open = ANY in self.before[:1] + self.after[-1:]
        return dated or is_open, dated, len(self.before) + len(self.after)

    def field(self, key: str) -> str | None:
        """The text of the field in a key; None if it is not of this shape."""
        before, after = self.before, self.after
        if before.startswith(ANY):
            head, separator, rest = key.partition(before[1:])
            key = rest if separator else ""
            del head
        elif key.startswith(before):
            key = key[len(before) :]
        else:
            return None
        if after.endswith(ANY):
            key, separator, _ = key.partition(after[:-1])
            return key if separator and key else None
        return key[: len(key) - len(after)] or None if key.endswith(after) else None


class Proposals:
    """Templates of the keys `k` of a relation, `written`, that make keys of another relation, `plain`, of them."""

    def __init__(self, database: Database, plain: str, written: str) -> None:
        self._database, self._plain = database, plain
        keys = sample(database, written)
        self._keys = len(keys)
        self._shapes = sorted(_shapes(keys), key=lambda shape: shape.cost)
        self._fields = [[field for key in keys if (field := shape.field(key)) is not None] for shape in self._shapes]
        self._seen = Seen(sample(database, plain), [field for own in self._fields for field in own])

    def best(self, least: float, *, merging: bool) -> Proposal | None:
        """The template by which most keys match: at least this share of those of its shape. With `merging` only forms
        in which different keys may be one, or that both sides are brought into.
        """
        best: tuple[tuple[int | bool, ...], Proposal] | None = None
        forms = [form for form in forms_for(self._seen) if (form.kind.merges or form.of_both) == merging]
        for rank, form in enumerate(forms):
            matching = self._matches(form)
            for place, (shape, own) in enumerate(zip(self._shapes, self._fields, strict=True)):
                fields, keys = matching.get(place, (0, 0))
                if not fields or fields < least * len(own):
                    continue
                score = (-keys, rank > 0, *shape.cost, rank)
                if best is None or score < best[0]:
                    template = KeyTemplate(shape.before, form, shape.after)
                    best = score, Proposal(template, fields, self._keys)
        return None if best is None else best[1]

    def _matches(self, form: Form) -> dict[int, tuple[int, int]]:
        """By the number of a shape, how many of its fields are keys in a form, and how many keys. What two keys are in
        it is the key of neither.
        """
        with engine_errors(FAILED), self._registered():
            field = form.sql("f") if form.of_both else "f"
            if form.of_both and not self._database.execute(f"SELECT 1 FROM fields WHERE f <> {field} LIMIT 1"):
                return {}  # what the form of one side has found
            keys = f"SELECT {form.sql('k')} AS f, k FROM ({self._plain})"
            fields = f"SELECT c, {field} AS f FROM fields"
            if form.of_both:
                fields += " GROUP BY c, 2 HAVING min(fields.f) = max(fields.f)"
            there = (
                f"SELECT f FROM ({keys}) SEMI JOIN ({fields}) AS fields USING (f) WHERE f <> '' "
                "GROUP BY f HAVING min(k) = max(k)"
            )
            rows = self._database.execute(
                f"SELECT c, count(*), count(DISTINCT f) FROM ({fields}) JOIN ({there}) USING (f) GROUP BY c"
            )
        return {int(place): (int(fields), int(keys)) for place, fields, keys in rows}

    @contextmanager
    def _registered(self) -> Iterator[None]:
        numbers = [place for place, own in enumerate(self._fields) for _ in own]
        table = pa.table({"c": pa.array(numbers, pa.int64()), "f": pa.array(self._seen.others, pa.string())})
        self._database.register("fields", table)
        yield
        self._database.connection.unregister("fields")


def sample(database: Database, relation: str) -> list[str]:
    """Some keys `k` of a relation, the same whatever the order of its rows."""
    with engine_errors(FAILED):
        rows = database.execute(f"SELECT k FROM ({relation}) ORDER BY md5(k) LIMIT {SAMPLED * MOST_ROWS}")
    return list(dict.fromkeys(key for (key,) in rows))[:SAMPLED]


def _shapes(keys: Sequence[str]) -> set[_Shape]:
    """Texts before and after the key that many keys have in common, and ends that differ after a separator."""
    before = [text for text in _ends(keys) if not RESERVED & set(text)]
    after = [text[::-1] for text in _ends([key[::-1] for key in keys]) if not RESERVED & set(text)]
    common = marks_of(keys)
    shapes = {_Shape(head, tail) for head in before for tail in after}
    shapes |= {_Shape(head, mark + ANY) for head in before for mark in common}
    shapes |= {_Shape(ANY + mark, tail) for tail in after for mark in common}
    return shapes


def _ends(keys: Sequence[str]) -> list[str]:
    """Beginnings of many keys: up to a separator or a digit; and what all have in common, and a little less."""
    counts = Counter(key[: place + 1] for key in keys for place in _breaks(key[:64]))
    frequent = [text for text, number in counts.most_common(MOST_ENDS) if number >= 0.05 * len(keys)]
    shared = min(keys, default="")
    for key in keys:
        while not key.startswith(shared):
            shared = shared[:-1]
    shorter = [shared[: len(shared) - cut] for cut in range(4) if len(shared) > cut]
    return list(dict.fromkeys(["", *frequent, *shorter]))


def _breaks(key: str) -> list[int]:
    """Where a separator stands, or the last of the letters before the first digit."""
    first = next((place for place, letter in enumerate(key) if letter.isdigit()), 0)
    breaks = [place for place, letter in enumerate(key) if not letter.isalnum()]
    return breaks if first == 0 or first - 1 in breaks else [first - 1, *breaks]
