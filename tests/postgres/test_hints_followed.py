"""What a hint says to do about a table of Postgres is done, and helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis
import looked_up
import pyarrow as pa
import pyarrow.parquet
import pytest
from engine_cases import pipeline, step

import skc
from skc.data.postgres.engine import open_postgres
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import DataSource, Input, Pipeline

TEXTS = Input("v", "string")
NUMBERS = Input("v", "float64")
TIMES = Input("v", "timestamp")
VIEWS: dict[str, tuple[Input, str, list[Any], str, str]] = {  # input, type, values, what the hint says, a view
    "blanks": (TEXTS, "char(3)", ["a", "b"], "cast the column to text in a view", "v::text AS v FROM {}"),
    "numbers": (NUMBERS, "text", ["1.5", "2"], "cast the column in a view", "v::float8 AS v FROM {}"),
    "money": (NUMBERS, "money", ["1.5", "2"], "cast the column in a view", "v::numeric AS v FROM {}"),
    "wide": (NUMBERS, "bigint", [1, 2**53 + 1], "or exclude such rows in a view", "v FROM {} WHERE v < 9e15"),
}


def ids(value: Input, where: str | None = None) -> Pipeline:
    op = ("impute", {"strategy": "most_frequent"}) if value.kind.is_time else ("vocabulary", {})
    made = pipeline(step("ids", op[0], f"inputs/{value.name}", **op[1]), inputs=(value,))
    return replace(made, data=DataSource(where=where))


def hint_of(made: Pipeline, data: Any) -> str:
    with pytest.raises(SkcError) as error:
        fit(made, data, open_engine=open_postgres)
    (diagnostic,) = error.value.diagnostics
    return str(diagnostic.hint)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_helps(name: str, database: Any, url: str, stored: Any) -> None:
    value, declared, values, words, query = VIEWS[name]
    table = stored(pa.table({"v": values}), f"v {declared}").rpartition("::")[2]
    assert words in hint_of(ids(value), f"{url}::{table}")
    database.execute(f"CREATE VIEW view_{name} AS SELECT {query.format(table)}")
    assert fit(ids(value), f"{url}::view_{name}", open_engine=open_postgres).rows == len(values) - (name == "wide")


def test_a_zone_is_declared(stored: Any) -> None:
    data = stored(pa.table({"v": ["2024-01-01 00:00:00"]}), "v timestamp")
    assert "declare the zone" in hint_of(ids(TIMES), data)
    assert fit(ids(replace(TIMES, zone="Europe/Berlin")), data, open_engine=open_postgres).rows == 1


def test_a_condition_is_written_in_a_view_or_an_expression(database: Any, url: str, stored: Any, tmp_path: Any) -> None:
    rows = pa.table({"v": [1.0, 2.0, 3.0]})
    data = stored(rows)
    name = data.rpartition("::")[2]
    assert "in a view, or in a table expression of Ibis" in hint_of(ids(NUMBERS, "v > 1"), data)
    database.execute(f"CREATE VIEW chosen AS SELECT * FROM {name} WHERE v > 1")
    expected = fit(ids(NUMBERS, "v > 1"), rows).pipeline.steps
    assert fit(ids(NUMBERS), f"{url}::chosen", open_engine=open_postgres).pipeline.steps == expected
    con = ibis.postgres.connect(host="127.0.0.1", port=database.info.port, user="postgres", database="postgres")
    table = con.table(name)
    assert fit(ids(NUMBERS), table.filter(table.v > 1), open_engine=open_postgres).pipeline.steps == expected
    assert "write its rows into a table" in hint_of(ids(NUMBERS), table.limit(2))
    database.execute(f"CREATE TABLE first AS SELECT * FROM {name} LIMIT 2")
    assert fit(ids(NUMBERS), con.table("first"), open_engine=open_postgres).rows == 2
    con.con.execute("BEGIN")
    assert "commit or roll back first" in hint_of(ids(NUMBERS), table)
    con.con.execute("COMMIT")
    assert fit(ids(NUMBERS), table, open_engine=open_postgres).rows == 3
    pyarrow.parquet.write_table(table.to_pyarrow(), tmp_path / "rows.parquet")  # as the others say
    assert fit(ids(NUMBERS, "v > 1"), tmp_path / "rows.parquet").pipeline.steps == expected
    con.disconnect()


def test_rows_with_the_time_of_their_label_are_exported(stored: Any, tmp_path: Path) -> None:
    """A database does not compare times of values and labels, and says so before anything is fitted."""
    rows = looked_up.training(9, lambda k: timedelta(hours=-3))
    (tmp_path / "pipeline.yaml").write_text(looked_up.PIPELINE)
    kinds = {"timestamp[us, tz=UTC]": "timestamptz", "string": "text", "double": "float8", "int64": "bigint"}
    data = stored(rows, ", ".join(f"{f.name} {kinds[str(f.type)]}" for f in rows.schema))
    with pytest.raises(SkcError, match=r"SKC699.*`event_time` is `shown_at`: Postgres does not give values") as error:
        skc.compile(tmp_path / "pipeline.yaml", data, verify=False)
    (refused,) = error.value.diagnostics
    assert refused.span is not None
    assert "export the rows to Parquet" in str(refused.hint)
    pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
    made = skc.compile(tmp_path / "pipeline.yaml", str(tmp_path / "rows.parquet"), verify=False)
    assert [warning.code for warning in made.warnings].count("SKC662") == 1
