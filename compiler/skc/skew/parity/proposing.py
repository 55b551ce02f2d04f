"""How the online store seems to write its keys, when none of the offline keys is there.

A proposal is a template that was tried: of a sample of the online keys, most that have its shape are keys of the
offline table once they are read by it. A store that is only asked for keys is asked for some of them as the likely
templates write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.data.duckdb.connection import Database, engine_errors
from skc.diagnostics import SkcError
from skc.skew.parity.keys import ANY, FORMS, KeyTemplate
from skc.skew.parity.store import GetMany, ask
from skc.skew.parity.tables import JOINED

SAMPLED = 1000  # online keys
ASKED = 20  # offline keys
MOST_ENDS = 12  # texts before, and after, that are tried
LEAST_SHARE = 0.5  # of the keys of a shape
WIDTHS = range(2, 21)
YEARS = 4  # digits in a row that may be a part of a time


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


def propose(database: Database) -> KeyTemplate | None:
    """The template that reads most of the online keys as offline ones; None if there is none."""
    raw = "SELECT coalesce(k, r) AS k FROM online WHERE coalesce(k, r) IS NOT NULL"
    with engine_errors(JOINED):
        rows = database.execute(f"SELECT k FROM ({raw}) ORDER BY md5(k) LIMIT {SAMPLED}")
    keys = list(dict.fromkeys(key for (key,) in rows))
    shapes = sorted(_shapes(keys), key=lambda shape: shape.cost)
    fields = [[field for key in keys if (field := shape.field(key)) is not None] for shape in shapes]
    best: tuple[tuple[Any, ...], KeyTemplate] | None = None
    for form, rank in _forms(fields):
        matching = _matches(database, fields, KeyTemplate(form=form))
        for place, (shape, own) in enumerate(zip(shapes, fields, strict=True)):
            matches = matching.get(place, 0)
            if not matches or matches < LEAST_SHARE * len(own):
                continue
            score = (-matches, rank > 0, *shape.cost, rank)
            if best is None or score < best[0]:
                best = score, KeyTemplate(shape.before, form, shape.after)
    return None if best is None else best[1]


def _forms(fields: Sequence[Sequence[str]]) -> Iterator[tuple[str, int]]:
    widths = Counter(len(field) for own in fields for field in own if field.isdigit() and field.startswith("0"))
    padded = [f"0>{width}" for width, _ in widths.most_common(3) if width in WIDTHS]
    for rank, form in enumerate([*FORMS, *padded]):
        yield form, rank


def _matches(database: Database, fields: Sequence[Sequence[str]], template: KeyTemplate) -> dict[int, int]:
    """By the number of a shape, how many of its fields are offline keys."""
    numbers = [place for place, own in enumerate(fields) for _ in own]
    texts = [field for own in fields for field in own]
    database.register("fields", pa.table({"c": pa.array(numbers, pa.int64()), "f": pa.array(texts, pa.string())}))
    with engine_errors(JOINED):
        keys = f"SELECT {template.offline('k')} AS f FROM offline WHERE k IS NOT NULL"
        there = f"SELECT DISTINCT f FROM ({keys}) SEMI JOIN fields USING (f)"
        rows = database.execute(f"SELECT c, count(*) FROM fields JOIN ({there}) USING (f) GROUP BY c")
    database.connection.unregister("fields")
    return {int(place): int(number) for place, number in rows}


def _shapes(keys: Sequence[str]) -> set[_Shape]:
    """Texts before and after the key that many keys have in common, and ends that differ after a separator."""
    before = _ends(keys)
    after = [text[::-1] for text in _ends([key[::-1] for key in keys])]
    marks = Counter(letter for key in keys for letter in set(key) if not letter.isalnum())
    common = [mark for mark, number in marks.most_common(6) if number >= LEAST_SHARE * len(keys) and mark != ANY]
    shapes = {_Shape(head, tail) for head in before for tail in after}
    shapes |= {_Shape(head, mark + ANY) for head in before for mark in common}
    shapes |= {_Shape(ANY + mark, tail) for tail in after for mark in common}
    return {shape for shape in shapes if not set("{}*") & set(shape.before[1:] + shape.after[:-1])}


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


def propose_to_store(database: Database, store: GetMany, name: str) -> KeyTemplate | None:
    """The template under which a store has some keys; None if it is none of the likely ones."""
    stem = name.removesuffix("_id").removesuffix("Id") or name
    before = dict.fromkeys(["", f"{name}:", f"{stem}:", f"{stem}s:", f"{name}_", f"{stem}_", f"{name}/", f"{stem}/"])
    forms = [*FORMS, *(f"0>{width}" for width in WIDTHS)]
    best: tuple[int, KeyTemplate] | None = None
    for template in (KeyTemplate(text, form) for text in before for form in forms):
        with engine_errors(JOINED):
            some = f"SELECT k FROM offline WHERE k IS NOT NULL ORDER BY md5(k) LIMIT {ASKED}"
            rows = database.execute(f"SELECT {template.offline('k')} FROM ({some}) ORDER BY 1")
        try:
            there = sum(row is not None for row in ask(store, [template.written(key) for (key,) in rows]))
        except SkcError:
            continue  # a function that cannot take such a key
        if there and (best is None or there > best[0]):
            best = there, template
    return None if best is None else best[1]
