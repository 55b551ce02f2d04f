"""Training rows that know the future are found when a pipeline is compiled, and when its rows are checked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from looked_up import PIPELINE, training

import skc
from skc import cli
from skc.diagnostics import SkcError

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
