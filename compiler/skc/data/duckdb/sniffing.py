"""How a text is divided into fields, as the engine's own sniffer tells."""

from __future__ import annotations

import duckdb

from skc.data.duckdb.connection import Database, literal
from skc.data.engine import Layout

EMPTY = "(empty)"  # what the engine writes for no character


def sniffed(database: Database, lines: str) -> Layout | None:
    """See `Engine.layout`."""
    path = database.folder / f"{database.new_name('head')}.csv"
    path.write_bytes(lines.encode("utf-8", errors="backslashreplace"))
    names = '"Delimiter", "Quote", "Comment", "SkipRows", "HasHeader"'
    try:
        rows = database.execute(f"SELECT {names} FROM sniff_csv({literal(str(path))}, sample_size = -1)")
    except (duckdb.Error, UnicodeDecodeError):  # it found nothing that fits
        return None
    finally:
        path.unlink()
    ((separator, quote, comment, skipped, has_header),) = rows
    quote, comment = ("" if character == EMPTY else character for character in (quote, comment))
    return Layout(separator, quote, comment, int(skipped), bool(has_header))
