"""A sample of rows in SQL that is a function of the rows alone: not of their order, or where they are stored.

Of c rows that are equal ⌊c s + u⌋ are taken, where s is the share of rows to take, and u in [0, 1) a hash of their
values: the rule of `skc.data.sampling`, whose hash SQL does not have. So it takes other rows than other engines do.

Why `sha256`: Postgres refuses `md5` where only approved functions are allowed, and its own hashes may change.
"""

from __future__ import annotations

from collections.abc import Sequence

from skc.data.engine import Column
from skc.data.postgres.columns import normal
from skc.data.postgres.connection import scalar

BITS = 52  # of the hash that decide


def sample_of(rows: str, columns: Sequence[Column], size: int, count: int) -> str:
    """A query for about `size` of the `count` rows; all, if there are no more."""
    names = [f"c{k}" for k in range(len(columns))]
    read = ", ".join(f"{normal(column)} AS {name}" for column, name in zip(columns, names, strict=True))
    typed = f"(SELECT {read} FROM {rows}) AS typed"
    if count <= size:
        return f"SELECT * FROM {typed}"
    listed = ", ".join(names)
    hashed = f"SELECT {listed}, sha256(convert_to(ROW({listed})::text, 'UTF8')) AS h FROM {typed} OFFSET 0"
    windows = "row_number() OVER (PARTITION BY h) AS r, count(*) OVER (PARTITION BY h) AS c"
    uniform = f"('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bit({BITS})::int8 / {scalar(2.0**BITS)}"
    counted = f"SELECT {listed}, {windows}, {uniform} AS u FROM ({hashed}) AS hashed"
    return f"SELECT {listed} FROM ({counted}) AS counted WHERE r <= floor(c * {scalar(size / count)} + u)"
