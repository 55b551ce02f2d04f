"""Training rows that know the future are found when a pipeline is compiled, and when its rows are checked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frame_in_memory import open_in_memory
from looked_up import PIPELINE, training
from unheld_engine import open_unheld

import skc
from skc import cli
from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import OpenEngine
from skc.data.spark import jobs
from skc.data.spark.data import SparkData
from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline
from skc.skew.freshness.leaks import leak_warnings

GOLDEN = """\
warning[SKC662]: `last_click` has a value from after `shown_at` in 10 of 1,000 rows
  --> pipeline.yaml:5:68
   first in the table, row 51: `last_click_at` is 2025-11-01 03:50:00 UTC, 3 h after 2025-11-01 00:50:00 UTC

hint: join each value as it was at the time of the label: no request will have one from later"""
LATE = timedelta(hours=-3)


def compiled(folder: Path, rows: pa.Table, text: str = PIPELINE) -> tuple[skc.Diagnostic, ...]:
    """The warnings about leaks."""
    (folder / "pipeline.yaml").write_text(text)
    made = skc.compile(folder / "pipeline.yaml", rows, verify=False)
    return tuple(warning for warning in made.warnings if warning.code == "SKC662")


def test_one_row_in_a_hundred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = training(1000, lambda k: LATE if k % 100 == 50 else timedelta(0))
    (warning,) = compiled(Path(), rows)
    assert warning.text() == GOLDEN
    joined = rows.set_column(2, "last_click_at", rows["shown_at"])
    assert compiled(Path(), joined) == ()  # as the hint says


def test_the_rows_of_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that have no label are not training rows: a request is checked as before."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    rows = training(30, lambda k: LATE if k == 20 else timedelta(0))
    pq.write_table(rows, "rows.parquet")
    pq.write_table(rows.drop_columns(["shown_at"]), "requests.parquet")
    assert cli.run(["check", "pipeline.yaml", "--data", "rows.parquet"]) == cli.EQUAL
    said = capsys.readouterr().err
    assert "SKC662" in said
    assert "in 1 of 30 rows\n" in said
    assert "first in rows.parquet, row 21: `last_click_at` is" in said
    assert cli.run(["check", "pipeline.yaml", "--data", "requests.parquet"]) == cli.EQUAL
    assert "SKC662" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "label", "leaks"),
    [
        ("2025-11-01T10:00:00Z", "2025-11-01T10:00:00Z", 0),
        ("2025-11-01T10:00:00.000001Z", "2025-11-01T10:00:00Z", 1),
        (None, "2025-11-01T10:00:00Z", 0),
        ("2025-11-01T10:00:00Z", None, 0),
    ],
)
def test_a_microsecond_decides(value: str | None, label: str | None, leaks: int, tmp_path: Path) -> None:
    rows = training(4, lambda k: timedelta(0))
    late = rows.set_column(2, "last_click_at", pa.array([None] * 3 + [value], pa.string()))
    late = late.set_column(0, "shown_at", pa.array([None] * 3 + [label], pa.string()))
    assert len(compiled(tmp_path, late)) == leaks


def test_rows_that_where_leaves_out_do_not_count(tmp_path: Path) -> None:
    text = PIPELINE.replace("data: {", 'data: {where: "clicks < 4", ')
    rows = training(100, lambda k: LATE if k % 5 == 4 else timedelta(0))  # clicks is k % 5
    assert compiled(tmp_path, rows, text) == ()
    (warning,) = compiled(tmp_path, rows, text.replace("< 4", "> 2"))
    assert warning.message.endswith("in 20 of 40 rows")
    assert warning.notes[0].startswith("first in the table, row 5: ")


@pytest.mark.parametrize("missing", ["last_click_at", "shown_at"])
def test_a_column_that_training_does_not_have_is_refused(missing: str, tmp_path: Path) -> None:
    with pytest.raises(SkcError, match=rf"SKC623.*no column `{missing}`") as caught:
        compiled(tmp_path, training(9, lambda k: LATE).drop_columns([missing]))
    assert caught.value.diagnostics[0].span is not None


def test_a_column_that_holds_no_times_is_refused(tmp_path: Path) -> None:
    rows = training(9, lambda k: LATE).append_column("score", [[0.5] * 9])
    with pytest.raises(SkcError, match=r"SKC623.*holds no times"):
        compiled(tmp_path, rows, PIPELINE.replace("as_of: last_click_at", "as_of: score"))


def test_nothing_is_read_where_no_time_of_a_label_is_known(tmp_path: Path) -> None:
    assert compiled(tmp_path, training(9, lambda k: LATE), PIPELINE.replace(", event_time: shown_at", "")) == ()


def files(folder: Path, many: int, rows: pa.Table) -> str:
    """Rows in so many files, whose order is not that of their sizes."""
    ends = [0, *(k * k * len(rows) // many**2 for k in range(1, many + 1))]
    for k in range(many):
        pq.write_table(rows.slice(ends[k], ends[k + 1] - ends[k]), folder / f"{k}.parquet")
    return str(folder / "*.parquet")


def warned(folder: Path, data: Any, open_engine: OpenEngine) -> list[str]:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    pipeline, _ = read_pipeline(folder / "pipeline.yaml")
    return [one.text() for one in leak_warnings(pipeline, data, None, open_engine)]


@pytest.mark.parametrize("many", [1, 4])
@pytest.mark.parametrize("first", [0, 70, 999])
def test_rows_in_parts_are_counted_where_they_lie(
    many: int, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The functions of the engine for Spark say the same to the byte, and no column comes to the driver."""
    data = files(tmp_path, many, training(1000, lambda k: LATE if k >= first and k % 7 == first % 7 else timedelta(0)))
    expected = warned(tmp_path, data, open_duckdb)
    monkeypatch.delattr(SparkData, "batches")
    monkeypatch.setattr("skc.data.spark.engine.rows_of_block", lambda _: 13)
    assert warned(tmp_path, data, open_in_memory()) == expected
    (text,) = expected
    assert f"row {first + 1}:" in text or many > 1


@pytest.mark.parametrize("open_engine", [open_duckdb, open_unheld, open_in_memory()])
def test_texts_are_times_whatever_is_beside_them(open_engine: OpenEngine, tmp_path: Path) -> None:
    """With and without an offset; the first that is none is named, of the column that is read first."""
    rows = training(100, lambda k: timedelta(0))
    texts = [f"2025-11-01T10:00:00{'Z' if k % 2 else ''}" for k in range(100)]
    late = [*texts[:60], "2025-11-01T12:00:00+01:00", *texts[61:]]
    rows = rows.set_column(0, "shown_at", pa.array(texts)).set_column(2, "last_click_at", pa.array(late))
    (text,) = warned(tmp_path, files(tmp_path, 4, rows), open_engine)
    assert "in 1 of 100 rows" in text
    assert "3.parquet, row 5: `last_click_at` is 2025-11-01 11:00:00 UTC, 1 h after" in text
    wrong = rows.set_column(2, "last_click_at", pa.array([*texts[:40], "soon", *texts[:40], "later", *texts[:18]]))
    with pytest.raises(SkcError, match=r"SKC623.*`last_click_at` does not hold times: 'soon'"):
        warned(tmp_path, files(tmp_path, 4, wrong), open_engine)
    for row in (3, 40, 99):  # in the first part, in another, in the last
        one = rows.set_column(2, "last_click_at", pa.array([*texts[:row], "once", *texts[row + 1 :]]))
        with pytest.raises(SkcError, match=r"SKC623.*`last_click_at` does not hold times: 'once'"):
            warned(tmp_path, files(tmp_path, 4, one), open_engine)
    both = wrong.set_column(0, "shown_at", pa.array([*texts[:99], "never"]))
    with pytest.raises(SkcError, match=r"SKC623.*`shown_at` does not hold times: 'never'"):
        warned(tmp_path, files(tmp_path, 4, both), open_engine)


def test_no_rows_leak_nothing(tmp_path: Path) -> None:
    data = files(tmp_path, 1, training(1, lambda k: LATE).slice(0, 0))
    assert warned(tmp_path, data, open_in_memory()) == warned(tmp_path, data, open_duckdb) == []


def test_what_comes_to_the_driver_does_not_grow_with_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row leaks: a state of a fixed size for each task, and of each table in memory one place."""
    sizes: list[int] = []

    def counting(state: object) -> pa.RecordBatch:
        batch = jobs_state_batch(state)
        sizes.append(len(batch.column(0)[0].as_py()))
        return batch

    jobs_state_batch = jobs.state_batch
    for module in ("jobs", "table", "parts"):
        monkeypatch.setattr(f"skc.data.spark.{module}.state_batch", counting)
    totals = []
    for rows in (1_000, 50_000):
        sizes.clear()
        warned(tmp_path, files(tmp_path, 1, training(rows, lambda k: LATE)), open_in_memory())
        totals.append(sum(sizes))
    assert 0 < totals[1] < totals[0] + 64
