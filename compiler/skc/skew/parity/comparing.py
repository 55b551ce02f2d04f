"""Every value of the online rows against that of the offline row that holds at their time, as SQL.

Each pair of rows gets a code per column, in the table `compared`: `n` and `f` are the online and the offline row, `k`
the key, `t` the time of the offline row, `c0`, `c1`, … the codes. What is counted, looked up or shown afterwards reads
only the codes, and the rows of those that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from skc.data.duckdb.connection import Database, engine_errors
from skc.ir import Input
from skc.skew.parity.tables import JOINED, Side

Kind = Literal[
    "equal", "only-offline", "only-online", "stale", "within-lag", "narrowed", "negated", "other", "unreadable"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
CODES: Mapping[Kind, int] = {kind: code for code, kind in enumerate(KINDS)}
END = 2**62  # later than any time


@dataclass(frozen=True)
class KeyCounts:
    """Keys and rows of the two sides. `early` are online rows of a time before the first offline row of their key."""

    matched: int
    missing: int
    ghosts: int
    early: int
    behind: int = 0  # online rows whose key has a newer offline row
    behind_us: int = 0  # how much newer at most


def compare(
    database: Database, columns: Sequence[tuple[int, Input]], offline: Side, online: Side, *, has_time: bool
) -> None:
    """Make the table `compared`. `columns` are those that both sides have, with their numbers."""
    codes = ", ".join(f"{_code(k, value, online)} AS c{k}" for k, value in columns)
    with engine_errors(JOINED):
        if has_time:
            database.execute(
                "CREATE TABLE current AS SELECT n.rowid AS n, n.k AS k, max(f.t) AS t FROM online AS n "
                f"JOIN offline AS f ON f.k = n.k AND f.t <= coalesce(n.t, {END}) GROUP BY n.rowid, n.k"
            )
            rows = "current AS c JOIN online AS n ON n.rowid = c.n JOIN offline AS f ON f.k = c.k AND f.t = c.t"
        else:
            rows = "online AS n JOIN offline AS f ON f.k = n.k"
        more = f", {codes}" if codes else ""
        database.execute(
            f"CREATE TABLE compared AS SELECT n.rowid AS n, f.rowid AS f, n.k AS k, f.t AS t{more} FROM {rows}"
        )


def _code(k: int, value: Input, online: Side) -> str:
    f, n = f"f.v{k}", f"n.v{k}"
    whens = [(f"n.u{k} IS NOT NULL", "unreadable")] if value.name in online.unreadable else []
    whens += [
        (f"{f} IS NOT DISTINCT FROM {n}", "equal"),
        (f"{n} IS NULL", "only-offline"),
        (f"{f} IS NULL", "only-online"),
    ]
    if value.kind.is_number:
        whens += [(narrowed(value, f, n), "narrowed"), (f"{f} = -{n}", "negated")]
    cases = " ".join(f"WHEN {test} THEN {CODES[kind]}" for test, kind in whens)  # type: ignore[index]  # they are kinds
    return f"CAST(CASE {cases} ELSE {CODES['other']} END AS UTINYINT)"


def narrowed(value: Input, one: str, other: str) -> str:
    """SQL: whether one of two different numbers is the other after float32, as its value or as its shortest digits;
    of integers, after float64.
    """
    if value.dtype == "int64":
        through = "TRY_CAST(CAST({} AS DOUBLE) AS BIGINT)".format
        return f"({through(one)} = {other} OR {through(other)} = {one})"
    if not value.kind.is_float:
        return "false"
    a, b = (f"TRY_CAST({x} AS FLOAT)" for x in (one, other))
    tests = [
        test
        for single, x in ((a, one), (b, other))
        for test in (f"CAST({single} AS DOUBLE) = {x}", f"CAST(CAST({single} AS VARCHAR) AS DOUBLE) = {x}")
    ]
    return f"({a} = {b} AND ({' OR '.join(tests)}))"


def count_keys(database: Database, *, has_time: bool, lag: int) -> KeyCounts:
    """How the keys match."""
    with engine_errors(JOINED):
        missing, ghosts = (
            database.execute(
                f"SELECT count(*) FROM (SELECT DISTINCT k FROM {one} WHERE k IS NOT NULL) ANTI JOIN {other} USING (k)"
            )[0][0]
            for one, other in (("offline", "online"), ("online", "offline"))
        )
        keys = "SELECT DISTINCT k FROM online WHERE k IS NOT NULL"
        ((matched,),) = database.execute(f"SELECT count(*) FROM ({keys}) SEMI JOIN offline USING (k)")
        if not has_time:
            return KeyCounts(matched, missing, ghosts, 0)
        ((early,),) = database.execute(
            "SELECT count(*) FROM (SELECT rowid AS n, k FROM online WHERE k IS NOT NULL) "
            "SEMI JOIN offline USING (k) ANTI JOIN compared USING (n)"
        )
        newest = "SELECT k, max(t) AS t FROM offline GROUP BY k"
        ((behind, most),) = database.execute(
            f"SELECT count(*), max(f.t - n.t) FROM online AS n JOIN ({newest}) AS f ON f.k = n.k "
            f"WHERE f.t - n.t > {lag}"
        )
    return KeyCounts(matched, missing, ghosts, early, behind, most or 0)


def count_kinds(database: Database, numbers: Sequence[int]) -> dict[int, dict[Kind, int]]:
    """By the number of a column, how many pairs of rows are of each kind, none of them stale yet."""
    if not numbers:
        return {}
    counted = [f"count(*) FILTER (c{k} = {code}) AS n{k}_{code}" for k in numbers for kind, code in CODES.items()]
    with engine_errors(JOINED):
        row = database.row(f"SELECT {', '.join(counted)} FROM compared")
    return {k: {kind: int(row[f"n{k}_{code}"]) for kind, code in CODES.items()} for k in numbers}
