"""The generated table of the benchmarks: 13 float and 26 string columns, 10 % nulls, seeded."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

NUMBERS = [f"n{k:02}" for k in range(13)]
STRINGS = [f"s{k:02}" for k in range(26)]
# distinct values per string column, as in click logs: from a handful to 300,000
DISTINCT = [round(4 * (300_000 / 4) ** (k / 25)) for k in range(26)]


def make_table(rows: int, seed: int = 0) -> pa.Table:
    """`rows` rows. Strings follow a power law, so that small vocabularies cover most rows."""
    source = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    for k, name in enumerate(NUMBERS):
        values = source.lognormal(mean=k / 4, sigma=1.0, size=rows) * (-1) ** k
        columns[name] = pa.array(values, mask=source.random(rows) < 0.1)
    for name, distinct in zip(STRINGS, DISTINCT, strict=True):
        codes = np.minimum((source.random(rows) ** 2 * distinct).astype(np.int64), distinct - 1)
        words = pa.array([f"{name}_{code:06x}" for code in range(distinct)])
        indices = pa.array(codes, mask=source.random(rows) < 0.1)
        columns[name] = words.take(indices)
    return pa.table(columns)
