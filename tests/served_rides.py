"""Logs of rides that were served, many of them in a moment, as `Log` of the runtime writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skc_runtime import RecordError, Transformer, log_lines
from skc_runtime.kinds import Array
from skc_runtime.log_lines import Entry, Lines
from skc_runtime.log_options import Features

BEGIN = 1_763_000_000_000_000  # microseconds
EACH = 60_000_000  # a minute
AT_ONCE = 8192
# Features [N, K] by output as the model got them, of those that the artifact computes and of the requests.
Own = Callable[[Mapping[str, Array], Sequence[Mapping[str, Any]]], Mapping[str, Array]]


def write_log(
    path: Path,
    transformer: Transformer,
    records: Sequence[Mapping[str, Any]],
    *,
    features: Features = "digest",
    own: Own | None = None,
    salt: bytes = b"",
    first: int = 0,
    sample: float = 1.0,
) -> None:
    """One complete file: request k has the id `rK` and came k minutes after the first, beginning at k = `first`."""
    lines = Lines(transformer.manifest, features, 0, salt)
    facts = {
        "writer": f"{first:016x}",
        "part": 0,
        "after": 0,
        "logged": 0,
        "sample": sample,
        "sample_by": "id",
        "features": features,
    }
    with path.open("wb") as file:
        file.write(log_lines.header(transformer.manifest, transformer.identity, facts))
        n = 0
        for start in range(0, len(records), AT_ONCE):
            for entry in _entries(transformer, records[start : start + AT_ONCE], own, first + start):
                n += 1
                entry.n = n
                file.write(lines.record(entry))
        file.write(log_lines.trailer(n, n, 0, 0))


def _entries(
    transformer: Transformer, records: Sequence[Mapping[str, Any]], own: Own | None, first: int
) -> list[Entry]:
    served, errors = _served(transformer, records)
    together = transformer.transform_records([records[k] for k in served])
    changed = None if own is None else own(together, [records[k] for k in served])
    rows = {k: i for i, k in enumerate(served)}
    entries = []
    for k, record in enumerate(records):
        given = None if changed is None or k not in rows else {name: a[rows[k]] for name, a in changed.items()}
        made = {name: a[rows[k]] for name, a in together.items()} if k in rows else None
        time_us = BEGIN + (first + k) * EACH
        entries.append(Entry(0, f"r{first + k}", time_us, record, made, errors.get(k), None, 250, given, *[None] * 4))
    return entries


def _served(transformer: Transformer, records: Sequence[Mapping[str, Any]]) -> tuple[list[int], dict[int, RecordError]]:
    """The rows that are served, and why the others are not."""
    try:
        transformer.transform_records(list(records))
    except RecordError:
        errors: dict[int, RecordError] = {}
        for k, record in enumerate(records):
            try:
                transformer.transform_record(record)
            except RecordError as error:
                errors[k] = error
        return [k for k in range(len(records)) if k not in errors], errors
    return list(range(len(records))), {}
