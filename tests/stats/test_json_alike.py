"""JSON lines are read as a strict reader of JSON reads them, or refused with their line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NoReturn

import pytest
from source_tables import load, one, refusal, rows

from skc.data.duckdb.connection import Database
from skc.data.duckdb.raw import open_raw
from skc.data.sources import Source
from skc.diagnostics import SkcError
from skc.ir import Input

WRONG = [
    ('{"v": NaN}', "`NaN` is not JSON"),
    ('{"v": -Infinity}', "`-Infinity` is not JSON"),
    ('{"v": [1, {"w": Infinity}]}', "`Infinity` is not JSON"),
    ('{"v": nan}', "`nan` is not JSON"),
    ('{"v": -inf}', "`-inf` is not JSON"),
    ('{"spare": inf, "v": 1}', "is not JSON"),
    ('{"v": 1,}', "is not JSON at column 9"),
    ('{"v": 1, "w": [2 , ] }', "is not JSON"),
    ("[1]", "it is not an object"),
    ("null", "it is not an object"),
    ('"v"', "it is not an object"),
    ('{"v": 1, "\\u0076": 1}', "duplicate key `v`"),
]


@pytest.mark.parametrize(("record", "says"), WRONG)
def test_what_strict_readers_refuse_is_refused_with_its_line(
    database: Database, tmp_path: Path, record: str, says: str
) -> None:
    text = '{"v": 1, "k": 1, "s": "x: NaN, }"}\n\n  \n' + record + '\n{"v": 2, "k": 1}\n'
    (tmp_path / "a.jsonl").write_text(text)
    error = refusal(database, str(tmp_path / "a.jsonl"), one("float64", nullable=True))
    assert error.code == "SKC203"
    assert "a.jsonl`, line 4: " in str(error)
    assert says in str(error)
    assert error.diagnostics[0].hint


def test_texts_that_look_like_it_are_read(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"v": "x: NaN", "k": 1}\n{"v": "[,}", "k": 2}\n{"v": ",]: -inf", "k": 3}\n')
    got = rows(load(database, str(tmp_path / "a.jsonl"), one("string")))
    assert [row["v"] for row in got] == ["x: NaN", "[,}", ",]: -inf"]


PIECES = [
    *'{}[]:,"',
    '"v"',
    '"w"',
    ": ",
    "1",
    "-",
    "0",
    ".5",
    "e3",
    "NaN",
    "nan",
    "Infinity",
    "null",
    "true",
    "\\u0041",
]
PIECES += [" ", "\t", '"x"', "\\", "\n", "\ufeff", "é", "\x01", "'", "/", "//", "[1,2]", '{"v":3}']


def strict(text: str) -> list[str] | None:
    """Each record's value of `v` as strict JSON, where every line is an object without a duplicate key."""

    def constant(name: str) -> NoReturn:
        raise ValueError(name)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {"twice": True} if len(dict(pairs)) < len(pairs) else dict(pairs)

    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_constant=constant, object_pairs_hook=once)
        except ValueError:
            return None
        if not isinstance(record, dict) or record.get("twice") is True:
            return None
        found.append(json.dumps(record.get("v")))
    return found


def test_small_files_are_read_as_strict_readers_read_them_or_refused(database: Database, tmp_path: Path) -> None:
    random_ = random.Random(5)
    path = tmp_path / "a.jsonl"
    inputs = (Input("v", "string"),)
    read = 0
    for _ in range(700):
        pieces = ["{", '"v"', ":", "1", "}", "\n", "{", '"w"', ":", '"x"', ",", '"v"', ":", "[", "2", "]", "}"]
        for _ in range(random_.randint(0, 2)):
            place = random_.randrange(len(pieces) + 1)
            pieces[place : place + random_.randint(0, 1)] = [random_.choice(PIECES)]
        text = "".join(pieces)
        path.write_text(text, encoding="utf-8")
        try:
            (group,) = open_raw(database, Source("jsonl", (str(path),)), inputs, []).groups
            got = [value for (value,) in database.execute(group.sql)]
        except SkcError as error:
            assert error.code == "SKC203"
            continue
        assert [json.dumps(None if v is None else json.loads(v)) for v in got] == strict(text), text
        read += 1
    assert read > 150
