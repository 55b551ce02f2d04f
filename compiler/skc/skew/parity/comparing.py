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
from skc.skew.parity.tables import JOINED, Side, each_part

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
    current = (
        "SELECT n.id AS n, n.k AS k, max(f.t) AS t FROM online_part AS n "
        f"JOIN offline_part AS f ON f.k = n.k AND f.t <= coalesce(n.t, {END}) GROUP BY n.id, n.k"
    )
    rows = "online_part AS n JOIN offline_part AS f ON f.k = n.k"
    if has_time:
        rows = "current AS c JOIN online_part AS n ON n.id = c.n JOIN offline_part AS f ON f.k = c.k AND f.t = c.t"
    more = f", {codes}" if codes else ""
    with engine_errors(JOINED):
        for number, _ in enumerate(each_part(database, "offline", "online")):
            if has_time:
                database.execute(f"CREATE OR REPLACE TEMP TABLE current AS {current}")
            pairs = f"SELECT n.id AS n, f.id AS f, n.k AS k, f.t AS t, f.p AS p{more} FROM {rows}"
            database.execute(f"INSERT INTO compared {pairs}" if number else f"CREATE TABLE compared AS {pairs}")


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
    keys = "(SELECT DISTINCT k FROM {}_part WHERE k IS NOT NULL)".format
    early = (
        "(SELECT id AS n, k FROM online_part WHERE k IS NOT NULL) "
        "SEMI JOIN offline_part USING (k) ANTI JOIN compared_part USING (n)"
    )
    newer = (
        "SELECT f.t - n.t AS behind FROM online_part AS n "
        f"JOIN (SELECT k, max(t) AS t FROM offline_part GROUP BY k) AS f ON f.k = n.k WHERE f.t - n.t > {lag}"
    )
    counted = [
        f"SELECT count(*) FROM {keys('online')} SEMI JOIN offline_part USING (k)",
        f"SELECT count(*) FROM {keys('offline')} ANTI JOIN online_part USING (k)",
        f"SELECT count(*) FROM {keys('online')} ANTI JOIN offline_part USING (k)",
    ]
    counted += [f"SELECT count(*) FROM {early}", f"SELECT count(*) FROM ({newer})"] if has_time else []
    totals, most = [0] * 5, 0
    with engine_errors(JOINED):
        for _ in each_part(database, "offline", "online", "compared"):
            for place, sql in enumerate(counted):
                totals[place] += int(database.execute(sql)[0][0])
            if has_time:
                most = max(most, database.execute(f"SELECT max(behind) FROM ({newer})")[0][0] or 0)
    matched, missing, ghosts, early_rows, behind = totals
    return KeyCounts(matched, missing, ghosts, early_rows, behind, most)


def count_kinds(database: Database, numbers: Sequence[int]) -> dict[int, dict[Kind, int]]:
    """By the number of a column, how many pairs of rows are of each kind, none of them stale yet."""
    if not numbers:
        return {}
    counted = [f"count(*) FILTER (c{k} = {code}) AS n{k}_{code}" for k in numbers for kind, code in CODES.items()]
    with engine_errors(JOINED):
        row = database.row(f"SELECT {', '.join(counted)} FROM compared")
    return {k: {kind: int(row[f"n{k}_{code}"]) for kind, code in CODES.items()} for k in numbers}
