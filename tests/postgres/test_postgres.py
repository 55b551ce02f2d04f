"""Postgres gives what DuckDB gives: the same plans to the byte, the same answers to every question; or it refuses."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from engine_cases import pipeline, step
from engine_questions import QUESTIONS, WITHOUT, B, F, G, N, S, answers, counted, opened, table_of_questions
from servers import fold_case

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import ARROW, Grouping
from skc.data.postgres import reading
from skc.data.postgres import table as postgres_table
from skc.data.postgres.engine import open_postgres
from skc.data.postgres.reading import Reading
from skc.data.sampling import sampled
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import Input


@pytest.fixture(scope="module")
def questions() -> pa.Table:
    """Without a NUL, which Postgres does not store."""
    table = table_of_questions()
    texts = [None if text is None else text.replace("\0", "") for text in table["s"].to_pylist()]
    return table.set_column(table.schema.get_field_index("s"), "s", pa.array(texts))


def test_every_question_has_the_same_answer(questions: pa.Table, stored: Any) -> None:
    with opened(open_duckdb, questions) as one, opened(open_postgres, stored(questions)) as other:
        expected, given = answers(one, pairs=False), answers(other, pairs=False)
    for key, value in expected.items():
        assert repr(given[key]) == repr(value), key


def test_values_are_counted_alike(questions: pa.Table, stored: Any) -> None:
    groupings = {
        f"{c.name}{k}{limit}{least}": Grouping(c, least, limit)
        for k, c in enumerate((F, G, N, B, S, *WITHOUT))
        for limit, least in ((None, 1), (3, 1), (None, 30), (0, 1), (1000, 2))
    }
    with opened(open_duckdb, questions) as data:
        expected = counted(data, {key: Grouping(g.column) for key, g in groupings.items()})
    with opened(open_postgres, stored(questions)) as data:
        given = counted(data, groupings)
    for key, grouping in groupings.items():
        counts = sorted((n for *_, n in expected[key]), reverse=True)
        least = grouping.min_count
        if grouping.limit is not None and grouping.limit < len(counts):
            least = max(least, counts[grouping.limit - 1] if grouping.limit else counts[0] + 1)
        assert given.get(key, set()) == {one for one in expected[key] if one[-1] >= least}, key


def sampled_rows(data: str, size: int) -> list[str]:
    with opened(open_postgres, data) as rows:
        return sorted(map(repr, sampled(rows, [F, N, S, B], size).to_pylist()))


def test_a_sample_is_the_same_in_any_order(stored: Any) -> None:
    """2,000 rows, a half of which are equal, and of which -0.0 and 0.0 are the same."""
    draw = random.Random(3)
    rows = [{"f": draw.gauss(0, 1), "g": 1.0, "n": k, "b": None, "s": "ä", "same": "x"} for k in range(1000)]
    rows += [{"f": (-0.0, 0.0)[k % 2], "g": None, "n": None, "b": True, "s": None, "same": "x"} for k in range(1000)]
    schema = pa.schema([(i.name, ARROW[i.dtype]) for i in QUESTIONS])
    schema = schema.set(1, pa.field("g", pa.float32()))
    one = sampled_rows(stored(pa.Table.from_pylist(rows, schema)), 400)
    draw.shuffle(rows)
    assert sampled_rows(stored(pa.Table.from_pylist(rows, schema)), 400) == one
    alike = sum("'n': None" in row for row in one)
    assert alike in (200, 201)  # of rows that are equal, their share
    assert 150 < len(one) - alike < 250
    assert len(set(one)) == len(one) - alike + 1
    assert len(sampled_rows(stored(pa.Table.from_pylist(rows, schema)), 2000)) == 2000


FAULTS: dict[str, tuple[str, Callable[[str], str]]] = {  # a function that writes SQL, and what is changed in it
    "a null is counted": ("_groups", lambda sql: sql.replace(" WHERE v IS NOT NULL", "")),
    "a tie is lost": ("_groups", lambda sql: sql.replace("rank()", "row_number()")),
    "a row is lost": ("_groups", lambda sql: sql.replace(") AS s WHERE v", " OFFSET 1) AS s WHERE v")),
    "places begin at 1": ("_places", lambda sql: sql.replace(") - 1 AS i", ") AS i")),
    "texts are numbers": ("_places", lambda sql: sql.replace("ORDER BY v", "ORDER BY v::text")),
    "nulls come first": (
        "_places",
        lambda sql: sql.replace("ORDER BY v", "ORDER BY v NULLS FIRST").replace(" WHERE v IS NOT NULL", ""),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_show(fault: str, questions: pa.Table, stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    name, changed = FAULTS[fault]
    written = getattr(postgres_table, name)
    monkeypatch.setattr(postgres_table, name, lambda *arguments: changed(written(*arguments)))
    test = test_values_are_counted_alike if name == "_groups" else test_every_question_has_the_same_answer
    with pytest.raises((AssertionError, KeyError, TypeError)):
        test(questions, stored)


READ: dict[str, Callable[[str], str]] = {
    "NaN is a value": lambda sql: sql.replace("NULLIF(", "coalesce("),
    "texts by the collation of the database": lambda sql: sql.replace(' COLLATE "C"', ""),
}


@pytest.mark.parametrize("fault", READ)
def test_planted_faults_of_reading_show(
    fault: str, database: Any, stored: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fold_case(database, "alike") and fault == "texts by the collation of the database":
        pytest.skip("the server is built without ICU, so it cannot take different texts for equal")
    table = pa.table({"x": [1.0, math.nan, None, 3.0] * 3, "s": ["a", "A", "b", "ä"] * 3})
    data = stored(table, 'x double precision, s text COLLATE "alike"')
    made = pipeline(
        step("ids", "vocabulary", "inputs/s"),
        step("scaled", "quantile_bin", "inputs/x", bins=2),
        inputs=(Input("x", "float64", nullable=True), Input("s", "string")),
    )
    expected = fit(made, table).pipeline
    assert fit(made, data, open_engine=open_postgres).pipeline == expected
    monkeypatch.setattr(reading, "Reading", lambda value, bad=None: Reading(READ[fault](value), bad))
    try:
        assert fit(made, data, open_engine=open_postgres).pipeline != expected
    except SkcError as error:
        assert fault == "NaN is a value", error
