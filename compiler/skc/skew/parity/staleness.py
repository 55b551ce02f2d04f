"""Online values that are those of an older offline row: since when they no longer hold.

A value is `behind` by the time from the row that replaced it until the time of the online row; if that has none, until
the last time of the offline table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skc.data.duckdb.connection import Database, engine_errors
from skc.ir import Input
from skc.skew.parity.comparing import CODES, Kind, narrowed
from skc.skew.parity.tables import JOINED, each_part

SEARCHED: tuple[Kind, ...] = ("only-offline", "only-online", "negated", "other")


@dataclass(frozen=True)
class Behind:
    """How far the stale values of a column are behind, in microseconds; and how much older their rows are, at most."""

    median_us: int
    most_us: int
    older_us: int


def find_stale(database: Database, columns: Sequence[tuple[int, Input]], lag: int | None) -> dict[int, Behind]:
    """Give the codes of stale values, and of those that are behind by no more than a `lag`, in `compared`; say by
    how much the stale ones of each column are behind.
    """
    behind: dict[int, Behind] = {}
    is_late = "true" if lag is None else f"s.behind > {lag}"
    code = f"CASE WHEN {is_late} THEN {CODES['stale']} ELSE {CODES['within-lag']} END"
    with engine_errors(JOINED):
        ((horizon,),) = database.execute("SELECT max(t) FROM offline")
        for k, _ in columns:
            database.execute(f"CREATE TABLE stale{k} (n BIGINT, t BIGINT, behind BIGINT, older BIGINT)")
        for _ in each_part(database, "offline", "online", "compared"):
            for k, value in columns:
                database.execute(f"CREATE OR REPLACE TEMP TABLE late AS {_stale(k, value, horizon)}")
                database.execute(f"INSERT INTO stale{k} FROM late")
                database.execute(f"UPDATE compared SET c{k} = {code} FROM late AS s WHERE compared.n = s.n")
        for k, _ in columns:
            ((most, median, older),) = database.execute(
                f"SELECT max(behind), quantile_disc(behind, 0.5), max(older) FROM stale{k} AS s WHERE {is_late}"
            )
            if most is not None:
                behind[k] = Behind(int(median), int(most), int(older))
    return behind


def _stale(k: int, value: Input, horizon: int) -> str:
    """Online rows `n` with the time `t` of the last older offline row that has their value, by how much that is older
    than the right one, and `behind`.
    """
    searched = ", ".join(str(CODES[kind]) for kind in SEARCHED)
    same = f"f.v{k} IS NOT DISTINCT FROM n.v{k}"
    if value.kind.is_float:
        same = f"({same} OR {narrowed(value, f'f.v{k}', f'n.v{k}')})"
    matches = (
        f"SELECT c.n AS n, c.k AS k, any_value(coalesce(n.t, {horizon})) AS until, "
        "any_value(c.t) AS right_t, max(f.t) AS t FROM compared_part AS c "
        f"JOIN online_part AS n ON n.id = c.n JOIN offline_part AS f ON f.k = c.k AND f.t < c.t "
        f"WHERE c.c{k} IN ({searched}) AND {same} GROUP BY c.n, c.k"
    )
    return (
        "SELECT m.n AS n, any_value(m.t) AS t, any_value(m.until) - min(f.t) AS behind, "
        f"any_value(m.right_t - m.t) AS older FROM ({matches}) AS m "
        "JOIN offline_part AS f ON f.k = m.k AND f.t > m.t GROUP BY m.n"
    )
