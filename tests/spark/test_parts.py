"""Small parts are read together, and each keeps its number, its rows and its words."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from engine_cases import pipeline, step
from engine_questions import opened
from frame_in_memory import open_in_memory

from skc.data.default import open_engine
from skc.data.engine import AnyRow, Engine, IsNull
from skc.data.spark import parts
from skc.data.spark.jobs import Refused, state_of
from skc.data.spark.parts import Asking, Found, FrameParts, Reader
from skc.data.spark.rows import read
from skc.diagnostics import SkcError, fail
from skc.fit import fit
from skc.ir import DataSource, Input

NAMES = ("s", "skc: part")  # the second is one that skc itself would choose
INPUTS = (Input("s", "string", nullable=True), Input("skc: part", "int64", text="number"))
READER = Reader(FrameParts(NAMES), INPUTS, DataSource(), "1GB", 1024)
Partitions = Mapping[int, Sequence[tuple[str | None, str]]]
TASKS = ([0, 2, 70, 400], [1, 3, 4], [*range(100, 300)], [*range(501, 570, 2)])  # the partitions of tasks


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each engine that was opened."""
    opened_so_far = list[int]()

    @contextmanager
    def counting(threads: int | None, memory_limit: str) -> Iterator[Engine]:
        opened_so_far.append(1)
        with open_engine(threads, memory_limit) as engine:
            yield engine

    monkeypatch.setattr(parts, "open_engine", counting)
    return opened_so_far


def given(partitions: Partitions, task: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """The rows of a task, 3 to a batch, as Spark gives them: a batch has rows of several partitions."""
    rows = [(s, n, part) for part in task for s, n in partitions.get(part, ())]
    for k in range(0, len(rows), 3):
        s, n, part = zip(*rows[k : k + 3], strict=True)
        arrays = [pa.array(s, pa.string()), pa.array(n, pa.string()), pa.array(part, pa.int32())]
        yield pa.record_batch(arrays, ["c0", "c1", "part"])


def read_in(partitions: Partitions, tasks: Sequence[Sequence[int]], reader: Reader = READER) -> tuple[Any, list[Any]]:
    """The rows of each partition, by the places that the reader gives them, and what it says of them."""
    rows, facts = dict[tuple[int, int], Any](), list[Any]()
    for task in tasks:
        for batch in reader(given(partitions, task)):
            part, row, n, *cells, fact = (column[0] for column in batch.columns)
            if fact.is_valid:
                facts.append(pickle.loads(fact.as_py()))
                continue
            columns = [read(cell)[0].to_pylist() for cell in cells]
            assert [len(column) for column in columns] == [n.as_py()] * 2
            for k, values in enumerate(zip(*columns, strict=True)):
                place = part.as_py(), row.as_py() + k
                assert place not in rows
                rows[place] = values
    return rows, facts


PARTITIONS: Partitions = {
    part: [(None if (part + k) % 5 == 0 else f"{part}.{k}", str(part * 10 + k)) for k in range(1 + part % 4)]
    for task in TASKS
    for part in task
    if part not in (2, 150)  # these are without rows
}
PLACED = {(part, k): (s, int(n)) for part, rows in PARTITIONS.items() for k, (s, n) in enumerate(rows)}


def test_every_row_keeps_its_partition_and_its_place(engines: list[int]) -> None:
    rows, facts = read_in(PARTITIONS, TASKS)
    assert rows == PLACED
    counted = {part: n for fact in facts for part, n in fact.rows.items()}
    assert counted == {part: len(of) for part, of in PARTITIONS.items()}
    assert len(engines) == 3 + 2  # a task has 199 partitions with rows, and 128 are read at once


def test_where_leaves_each_partition_its_own_rows(engines: list[int]) -> None:
    reader = replace(READER, declared=DataSource(where='s IS NOT NULL AND "skc: part" % 10 <> 1'))
    rows, facts = read_in(PARTITIONS, TASKS, reader)
    left = [(part, of) for (part, _), of in PLACED.items() if of[0] is not None and of[1] % 10 != 1]
    assert sorted((part, of) for (part, _), of in rows.items()) == sorted(left)
    for fact in facts:
        for part, n in fact.rows.items():
            assert {row for of, row in rows if of == part} == {*range(n)}
    assert len(engines) == 5


def test_large_partitions_are_read_one_by_one(engines: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SMALL", 1)
    assert read_in(PARTITIONS, TASKS)[0] == PLACED
    assert len(engines) == len(PARTITIONS)


@pytest.mark.parametrize("bad", [[70], [400], [0, 70], [1, 3, 4], [299], [101, 298]])
def test_what_is_refused_is_what_the_first_partition_alone_gets(bad: list[int], engines: list[int]) -> None:
    """With its row, and its own counts."""
    partitions = dict(PARTITIONS) | {part: [*PARTITIONS[part], ("x", "many"), ("y", "few")] for part in bad}
    task = next(one for one in TASKS if bad[0] in one)
    _, facts = read_in(partitions, [task])
    refused = min((fact for fact in facts if isinstance(fact, Refused)), key=attrgetter("part"))
    few = len(engines)
    _, (alone,) = read_in(partitions, [[bad[0]]])
    assert refused == alone
    (diagnostic,) = refused.diagnostics
    row = len(PARTITIONS[bad[0]]) + 1
    assert diagnostic.message.startswith(f"partition {bad[0]}, row {row}: `many` in column `skc: part`")
    assert refused.part == bad[0]
    assert few <= 2 * (1 + 2 * 7)  # by halves of 128, twice; and not one for each


def test_what_together_is_too_much_is_read_by_halves(engines: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that none of them has alone, such as of memory."""
    loaded = Reader._loaded

    def limited(self: Reader, engine: Engine, several: parts.Several) -> Any:
        if len(several.numbers) > 20:
            raise fail("SKC221", "out of memory")
        return loaded(self, engine, several)

    monkeypatch.setattr(Reader, "_loaded", limited)
    assert read_in(PARTITIONS, TASKS)[0] == PLACED


def test_parts_read_again_that_changed_are_an_error() -> None:
    with pytest.raises(SkcError, match="SKC206"):
        read_in({0: [("x", "many")]}, [[0]], replace(READER, is_again=True))


def asked(question: Callable[[Any], Any], among: range | None = None, most: int = 9) -> list[tuple[int, Any]]:
    """What is found in all tasks, by the first partition it is of."""
    asking = Asking(READER, question, among, most)
    answers = [state_of(of.column(0)[0].as_py()) for task in TASKS for of in asking(given(PARTITIONS, task))]
    return sorted(answers, key=lambda answer: answer[0])


@pytest.mark.parametrize("most", [1, 6])
def test_rows_are_found_in_the_order_of_partitions(most: int, engines: list[int]) -> None:
    """Though one task has partitions from between those of another."""
    nulls = [place for place, (s, _) in sorted(PLACED.items()) if s is None]
    found = [row.place for _, rows in asked(Found(IsNull("s"), 0, most), most=most) for row in rows]
    assert found[:most] == [f"partition {part}, row {row + 1}" for part, row in nulls[:most]]
    assert len(engines) < 45


def test_a_row_is_looked_for_in_its_own_partition(engines: list[int]) -> None:
    for part in (0, 3, 400, 299):
        engines.clear()
        ((_, (row,)),) = asked(Found(AnyRow(), len(PARTITIONS[part]) - 1, 1), range(part, part + 1))
        assert row.place == f"partition {part}, row {len(PARTITIONS[part])}"
        assert len(engines) == 1


@pytest.mark.parametrize("small", [1, 40, 1 << 24])
@pytest.mark.parametrize("where", [None, "n % 7 = 3", "n < 5 OR n > 56"])
def test_rows_of_many_files_are_found_by_number(
    small: int, where: str | None, engines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As DuckDB finds them, also where files, or all that are read together, have no row that `where` leaves."""
    monkeypatch.setattr(parts, "SMALL", small)
    number = 0
    for k in range(30):
        texts = ["n\n"]
        for _ in range(k % 5):
            texts.append(f"{number}\n")
            number += 1
        (tmp_path / f"{k:03}.csv").write_text("".join(texts))
    inputs = (Input("n", "int64"),)
    found = list[list[tuple[str, Any]]]()
    for engine in (open_engine, open_in_memory(1)):
        with opened(engine, str(tmp_path / "*.csv"), where, inputs) as data:
            numbers = sorted({*range(0, data.count(), 5), data.count() - 1, data.count()})
            rows = [data.find(AnyRow(), k) for k in numbers]
        found.append([(row.place, dict(row.values)) for row in rows])
    of_duckdb, of_spark = found
    assert of_spark[:-1] == of_duckdb[:-1]
    assert not of_spark[-1][1]
    assert len(of_duckdb) > 3


def test_small_files_are_read_together(engines: list[int], tmp_path: Path) -> None:
    for k in range(300):
        (tmp_path / f"{k:03}.csv").write_text(f"n\n{k}\n")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64"),))
    fitted = fit(made, str(tmp_path / "*.csv"), open_engine=open_in_memory(1))
    assert fitted.pipeline == fit(made, str(tmp_path / "*.csv")).pipeline
    assert len(engines) == 8  # one for each task
