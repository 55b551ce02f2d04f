"""Copies of files that an engine cannot read in their place: those of another machine, and JSON packed otherwise."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from skc.data.remote import FULL, download, is_remote, name_of
from skc.data.sources import JSON, Source
from skc.data.text.opening import UNREADABLE, opened, packing
from skc.diagnostics import fail

UNPACKED = (".bz2", ".xz")  # which no engine unpacks by itself; fields of text are read by `skc.data.text`


def with_copies(source: Source, folder: Path) -> Source:
    """The source with a copy of each such file that has none yet, in a folder that is deleted after use.

    Raises SKC201, SKC202 for a table of a database, SKC203.
    """
    if source.kind == "postgres":
        hint = "export the rows to Parquet, and give the files"
        raise fail(
            "SKC202", "rows in Postgres are read only for fitting, by `skc compile`", span=source.span, hint=hint
        )
    copies: dict[str, str] = {}
    for k, file in enumerate(source.files):
        place = source.path(file)
        if is_remote(place):
            place = str(folder / f"{k}-{os.path.basename(name_of(file))}")
            download(file, place, source.span)
        packed = packing(place)
        if source.kind in JSON and packed in UNPACKED:
            place = _unpacked(place, str(folder / f"{k}-{os.path.basename(place)[: -len(packed)]}"), file, source)
        if place != file:
            copies[file] = place
    return replace(source, copies=copies) if copies else source


def _unpacked(path: str, target: str, file: str, source: Source) -> str:
    try:
        with opened(path) as packed, open(target, "wb") as plain:
            shutil.copyfileobj(packed, plain)
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        hint = "check that the file is complete, and of the type that its name suggests"
        notes = [str(error)[:300]]
        raise fail("SKC203", f"`{file}` cannot be unpacked", span=source.span, hint=hint, notes=notes) from error
    return target
