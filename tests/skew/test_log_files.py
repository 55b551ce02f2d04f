"""`skc log convert` and `skc log cut`: a log as a table, and the end of its old files."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sharing import Share
from skewed_rides import RIDES, week

import skc
import skc_runtime
from skc import cli
from skc.diagnostics import SkcError
from skc.skew.log_convert import convert_log
from skc.skew.log_cut import cut_log, time_of
from skc_runtime import RecordError

DAY = 86_400_000_000
FIRST = 20_000 * DAY
EACH = 50  # requests of a file


def make(folder: Path) -> None:
    folder.mkdir()
    text = (RIDES / "pipeline.yaml").read_text().replace("path: data.csv", f"path: {RIDES / 'data.csv'}")
    for name, log in (("open", ""), ("hiding", "log: {omit: [driver], hash: [passengers]}\n")):
        (folder / f"{name}.yaml").write_text(text + log)
        skc.compile(folder / f"{name}.yaml", out=folder / name, rows=0, verify=False)
        for day in range(3):
            serve(folder / name, folder / f"{name}-log", day)


def serve(artifact: Path, log: Path, day: int) -> None:
    """A file of requests of one day, the last of which is refused."""
    rows = week().slice(day * EACH, EACH).to_pylist()
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(log, transformer, on_full="wait", features="full", salt="s" * 16) as opened,
    ):
        for k, row in enumerate(rows):
            record: dict[str, Any] = {**row, "pickup": "no time"} if k == EACH - 1 else row
            features = error = None
            try:
                features = transformer.transform_record(record)
            except RecordError as refused:
                error = refused
            at = FIRST + day * DAY + k
            opened.add(f"{day}-{k}", record, features, error=error, time_us=at, prediction=None if error else 0.5)


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("log-files", make)


def test_a_converted_log_is_a_table_of_what_was_asked_and_answered(home: Path, tmp_path: Path) -> None:
    done = convert_log([home / "open-log"], tmp_path / "log.parquet", skc_runtime.load(home / "open").manifest)
    assert (done.rows, done.files, done.damaged) == (3 * EACH, 3, 0)
    table = pq.read_table(tmp_path / "log.parquet").sort_by("time_us")
    asked = week().slice(0, 3 * EACH)
    for name in ("distance_km", "fare", "passengers", "night", "driver", "payment"):
        assert table[name].to_pylist() == asked[name].to_pylist(), name
    refused = [k for k, code in enumerate(table["error_code"].to_pylist()) if code is not None]
    assert refused == [EACH - 1, 2 * EACH - 1, 3 * EACH - 1]
    assert set(table["error_input"].drop_null().to_pylist()) == {"pickup"}
    kept = [k for k in range(3 * EACH) if k not in refused]
    with skc_runtime.load(home / "open") as transformer:
        served = transformer.transform(asked.take(kept))
        for output in transformer.manifest.outputs:
            for k, name in enumerate(output.columns):
                column = table[f"{output.name}.{name}"].take(kept).to_numpy()
                np.testing.assert_array_equal(column, served[output.name][:, k], err_msg=name)
                assert column.dtype == served[output.name].dtype
    report = skc.drift(tmp_path / "log.parquet", home / "open", window="1d", by="time_us")
    assert [part.rows for part in report.parts] == [EACH] * 3


def test_what_a_log_hides_stays_hidden(home: Path, tmp_path: Path) -> None:
    convert_log([home / "hiding-log"], tmp_path / "log.parquet", skc_runtime.load(home / "hiding").manifest)
    table = pq.read_table(tmp_path / "log.parquet")
    assert "driver" not in table.column_names
    assert {len(text) for text in table["passengers"].drop_null().to_pylist()} == {16}


def test_without_an_artifact_a_request_is_json(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = tmp_path / "torn.jsonl.gz"
    data = gzip.compress(next((home / "open-log").iterdir()).read_bytes())
    torn.write_bytes(data[: len(data) // 2])
    out = tmp_path / "log.parquet"
    assert cli.run(["log", "convert", str(torn), "-o", str(out)]) == 0
    err = capsys.readouterr().err
    assert "left out 1 line, damaged or cut short" in err or "left out 2 lines" in err
    table = pq.read_table(out)
    assert 0 < table.num_rows < EACH
    assert json.loads(table["request"][0].as_py()).keys() >= {"fare", "pickup"}
    assert cli.run(["log", "convert", str(torn), "-o", str(out)]) == 2
    assert "SKC410" in capsys.readouterr().err
    hiding = ["--force", "--artifact", str(home / "hiding")]  # of the same plan: hiding changes no feature
    assert cli.run(["log", "convert", str(home / "open-log"), "-o", str(out), *hiding]) == 0
    assert "driver" not in pq.read_table(out).column_names
    assert cli.run(["log", "convert", str(home / "open.yaml"), "-o", str(tmp_path / "x.parquet")]) == 2
    assert "SKC602" in capsys.readouterr().err
    assert not (tmp_path / "x.parquet").exists()


def copied(home: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in (home / "open-log").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_files_whose_requests_are_all_older_are_deleted(home: Path, tmp_path: Path) -> None:
    folder = copied(home, tmp_path / "log")
    assert cut_log(folder, FIRST + EACH - 1).files == ()  # the last request of the first file is not before
    would = cut_log(folder, FIRST + EACH, dry_run=True)
    assert (len(would.files), would.requests, would.kept) == (1, EACH, 2)
    assert len(list(folder.iterdir())) == 3
    assert cut_log(folder, FIRST + EACH).files == would.files
    assert not would.files[0].exists()
    still_open = sorted(folder.iterdir())[0]
    still_open.rename(folder / f"{still_open.name}.open")
    assert cut_log(folder, FIRST + 10 * DAY).kept == 1
    assert [file.name for file in folder.iterdir()] == [f"{still_open.name}.open"]


def test_nothing_is_deleted_where_a_file_is_not_a_log(home: Path, tmp_path: Path) -> None:
    folder = copied(home, tmp_path / "log")
    (folder / "zz.jsonl").write_text('{"my": "data"}\n')
    with pytest.raises(SkcError, match="SKC602"):
        cut_log(folder, FIRST + 10 * DAY)
    assert len(list(folder.iterdir())) == 4
    with pytest.raises(SkcError, match="give the folder that the service writes into"):
        cut_log(folder / "zz.jsonl", FIRST)
    (folder / "zz.jsonl").unlink()
    assert cut_log(folder, FIRST + 10 * DAY).kept == 0


def test_a_date_is_of_utc_unless_it_says_otherwise(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert time_of("2024-10-05") == int(datetime(2024, 10, 5, tzinfo=UTC).timestamp()) * 1_000_000
    assert time_of("2024-10-05T02:00:00.000001+02:00") == time_of("2024-10-05") + 1
    assert time_of("1969-12-31T23:59:59.999999") == -1
    folder = copied(home, tmp_path / "log")
    assert cli.run(["log", "cut", str(folder), "--before", "yesterday"]) == 2
    assert "SKC140" in capsys.readouterr().err
    assert cli.run(["log", "cut", str(folder), "--before", "2024-10-05", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert f"would delete 1 file with {EACH} requests, and kept 2" in err
