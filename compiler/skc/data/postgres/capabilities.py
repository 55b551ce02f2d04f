"""What each dialect of SQL computes exactly where the rows lie, and what it refuses: the only table of it.

`docs/warehouses.md` prints it, and every refusal takes its reason from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skc.diagnostics import SkcError, Span, fail

Dialect = Literal["postgres", "bigquery", "clickhouse", "snowflake", "trino"]
Statistic = Literal[
    "counts and nulls",
    "bounds",
    "means and variances",
    "quantiles",
    "value counts",
    "covariances",
    "statistics of a target",
    "profiles of inputs",
    "a sample of rows",
    "statistics of the output of steps",
    "`where`",
    "texts as numbers or times",
    "columns to carry along",
    "values from after their label",
]
NAMES: Mapping[Dialect, str] = {
    "postgres": "Postgres",
    "bigquery": "BigQuery",
    "clickhouse": "ClickHouse",
    "snowflake": "Snowflake",
    "trino": "Trino",
}
EXPORT = "export the rows to Parquet, and give the files as the data: DuckDB reads them"


@dataclass(frozen=True)
class Exact:
    """Computed where the rows lie, equal to every other engine to the last bit."""

    how: str


@dataclass(frozen=True)
class Refused:
    """Not computed. `hint` says what to do instead."""

    why: str
    hint: str = EXPORT


POSTGRES: Mapping[Statistic, Exact | Refused] = {
    "counts and nulls": Exact("`count`; NaN is null"),
    "bounds": Exact("`min`, `max`; -0.0 is 0.0"),
    "means and variances": Exact("mantissas are added up as whole numbers, for each exponent, and divided once"),
    "quantiles": Exact("`row_number()` gives the values at the places, which are interpolated once"),
    "value counts": Exact('`GROUP BY` in the collation "C", so by bytes; ties are sorted by UTF-8 bytes'),
    "covariances": Exact("as means: products of mantissas are whole numbers of at most 106 bits"),
    "statistics of a target": Exact("as means, for each value and fold"),
    "profiles of inputs": Exact("counts, places and value counts as above"),
    "a sample of rows": Exact(
        "by `sha256` of the values of a row: the same rows each time, and not those of other engines"
    ),
    "statistics of the output of steps": Exact(
        "`GROUP BY` of the inputs that it is computed from, floats by their bits; the graph runs here on distinct rows"
    ),
    "`where`": Refused(
        "it is written in the dialect of DuckDB", "write the condition in a view, or in a table expression of Ibis"
    ),
    "texts as numbers or times": Refused("it reads texts by other rules", "cast the column in a view"),
    "columns to carry along": Refused("fitting needs none", "leave them out"),
    "values from after their label": Refused("it reads texts as times by other rules"),
}
NOT_RUN = Refused("no server of it has run the tests")
CAPABILITIES: Mapping[Dialect, Mapping[Statistic, Exact | Refused]] = {
    "postgres": POSTGRES,
    **{dialect: dict.fromkeys(POSTGRES, NOT_RUN) for dialect in NAMES if dialect != "postgres"},
}


def not_exact(statistic: Statistic, what: str, span: Span | None = None, dialect: Dialect = "postgres") -> SkcError:
    """SKC699 for a statistic; `what` names the column, step or data that it is of."""
    reason = CAPABILITIES[dialect][statistic]
    assert isinstance(reason, Refused)
    message = f"{what}: {NAMES[dialect]} does not give {statistic} exactly, since {reason.why}"
    return fail("SKC699", message, span=span, hint=reason.hint)


def not_run(name: str) -> SkcError:
    """SKC699 for a database of another dialect."""
    known = NAMES.get(name, name)  # type: ignore[call-overload]  # any name that Ibis has
    message = f"rows in {known} cannot be fitted on where they lie: {NOT_RUN.why}, and results may differ"
    return fail("SKC699", message, hint=f"{EXPORT}; rows in Postgres can stay there")
