"""How an online store seems to write its keys that is only asked for keys: as the likely templates write them."""

from __future__ import annotations

from skc.data.duckdb.connection import Database, engine_errors
from skc.diagnostics import SkcError
from skc.skew.keys.forms import Seen, forms_for
from skc.skew.keys.proposing import sample
from skc.skew.keys.template import KeyTemplate
from skc.skew.parity.store import GetMany, ask
from skc.skew.parity.tables import JOINED, KEYS_OFFLINE

ASKED = 20  # offline keys


def propose_to_store(database: Database, store: GetMany, name: str) -> KeyTemplate | None:
    """The template under which a store has some keys; None if it is none of the likely ones."""
    stem = name.removesuffix("_id").removesuffix("Id") or name
    before = dict.fromkeys(["", f"{name}:", f"{stem}:", f"{stem}s:", f"{name}_", f"{stem}_", f"{name}/", f"{stem}/"])
    forms = forms_for(Seen(sample(database, KEYS_OFFLINE), None))
    best: tuple[int, KeyTemplate] | None = None
    for template in (KeyTemplate(text, form) for text in before for form in forms):
        with engine_errors(JOINED):
            some = f"SELECT k FROM ({KEYS_OFFLINE}) ORDER BY md5(k) LIMIT {ASKED}"
            rows = database.execute(f"SELECT {template.offline('k')} FROM ({some}) ORDER BY 1")
        try:
            there = sum(row is not None for row in ask(store, [template.written(key) for (key,) in rows]))
        except SkcError:
            continue  # a function that cannot take such a key
        if there and (best is None or there > best[0]):
            best = there, template
    return None if best is None else best[1]
