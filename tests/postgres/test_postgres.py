"""Postgres gives what DuckDB gives: the same plans to the byte, the same answers to every question; or it refuses."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from engine_questions import WITHOUT, B, F, G, N, S, answers, counted, opened, table_of_questions

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import Grouping
from skc.data.postgres.engine import open_postgres


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
