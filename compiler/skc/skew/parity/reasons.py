"""Why online values are others: hypotheses of `skc.skew.causes`, tried on some rows of each kind of difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.data.duckdb.connection import Database, engine_errors
from skc.ir import Input
from skc.skew.causes import Column, Context, explain
from skc.skew.parity.comparing import CODES, Kind
from skc.skew.parity.tables import JOINED
from skc_runtime.kinds import KINDS, Array

TRIED = 2000  # rows of a kind, and of equal ones beside them
EXPLAINED: tuple[Kind, ...] = ("other", "only-online")


@dataclass(frozen=True)
class Reason:
    """What explains all the rows of a kind that were tried. `text` completes "online it is …"."""

    kind: str
    text: str
    rows: int
    parameters: Mapping[str, Any]


def find_reasons(
    database: Database, columns: Sequence[tuple[int, Input]], kinds: Mapping[int, Mapping[Kind, int]]
) -> dict[int, dict[Kind, Reason]]:
    """By the number of a column and the kind of difference, where one hypothesis explains it."""
    reasons: dict[int, dict[Kind, Reason]] = {}
    for k, value in columns:
        for kind in EXPLAINED:
            if kinds[k].get(kind) and (reason := _reason(database, columns, k, value, kind)) is not None:
                reasons.setdefault(k, {})[kind] = reason
    return reasons


def _reason(
    database: Database, columns: Sequence[tuple[int, Input]], k: int, value: Input, kind: Kind
) -> Reason | None:
    some = [
        f"(SELECT n, f, c{k} FROM compared WHERE c{k} = {CODES[one]} ORDER BY md5(k), n LIMIT {TRIED})"
        for one in (kind, "equal")
    ]
    others = [(j, i) for j, i in columns if j != k]
    chosen = [f"c.c{k} AS code", f"n.v{k} AS online", *(f"f.v{j} AS f{j}" for j in (k, *(j for j, _ in others)))]
    sql = (
        f"SELECT {', '.join(chosen)} FROM ({' UNION ALL '.join(some)}) AS c "
        "JOIN online AS n ON n.rowid = c.n JOIN offline AS f ON f.rowid = c.f ORDER BY c.n"
    )
    with engine_errors(JOINED):
        rows = database.run(sql)
    differs = rows["code"].to_numpy() == CODES[kind]
    context = Context(differs, tuple(_column(i, rows[f"f{j}"]) for j, i in others))
    cause = explain(_column(value, rows["online"]), _column(value, rows[f"f{k}"]), context)
    return None if cause is None else Reason(cause.kind, cause.text, cause.rows, cause.parameters)


def _column(value: Input, column: pa.ChunkedArray) -> Column:
    """A column as blocks of skc hold it."""
    there = column.is_valid().to_numpy()
    kind = "float64" if value.kind.is_float else value.dtype
    filled: Array = column.fill_null(KINDS[kind].zero).to_numpy()
    valid = None if value.kind.is_float or there.all() else there
    return Column(value.name, kind, filled.astype(object) if kind == "string" else filled, valid, "input")
