"""`skc transform --engine spark` writes what DuckDB writes, to the bit, or nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import orders
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import toolchains

import skc
from skc import cli
from skc.diagnostics import SkcError
from skc.streaming import spark

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
ROOT = Path(__file__).parents[2]
RIDES = ROOT / "examples" / "rides"


def bits(table: pa.Table) -> dict[str, list[Any]]:
    """Values with their bits; floats as integers, None where there is none."""
    columns = {}
    for name, column in zip(table.column_names, table.combine_chunks().columns, strict=True):
        kind = {pa.float32(): pa.int32(), pa.float64(): pa.int64()}.get(column.type)
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        columns[name] = (str(column.type), whole.to_pylist() if kind is None else whole.view(kind).to_pylist())
    return columns


def written(folder: Path) -> pa.Table:
    """The rows of all files in the order of their names."""
    return pq.read_table(folder)


def divided(table: pa.Table, folder: Path, files: int) -> str:
    """The rows in so many files; some have none if there are several."""
    folder.mkdir()
    size = -(-table.num_rows // max(1, files - 2))
    for k in range(files):
        pq.write_table(table.slice(k * size, size), folder / f"{k:03}.parquet")
    return str(folder / "*.parquet")


def assert_the_same(artifact: Path, data: Any, out: Path, one: Any = None, **options: Any) -> pa.Table:
    """As DuckDB transforms `one`, or the same data."""
    want = skc.transform(artifact, data if one is None else one, out / "one.parquet", force=True, **options)
    made = skc.transform(artifact, data, out / "folder", engine="spark", force=True, **options)
    assert {**made, "seconds": 0} == {**want, "seconds": 0}
    table = written(out / "folder")
    assert bits(table) == bits(pq.read_table(out / "one.parquet"))
    assert (out / "folder" / "_SUCCESS").exists()
    return table


@pytest.fixture(scope="module")
def rides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    """The example's artifact, and its rows with types."""
    folder = tmp_path_factory.mktemp("rides")
    skc.compile(RIDES / "pipeline.yaml", out=folder / "artifact", rows=100)
    skc.transform(folder / "artifact", RIDES / "data.csv", folder / "x.parquet", keep=[*INPUTS, "ride_id"])
    return folder / "artifact", pq.read_table(folder / "x.parquet", columns=[*INPUTS, "ride_id"]).slice(0, 1_500)


INPUTS = ["pickup", "zone", "driver", "passengers", "distance_km", "fare", "payment", "night"]


@pytest.mark.parametrize("files", [1, 7])
def test_the_example_is_the_same_in_any_number_of_files(
    files: int, rides: tuple[Path, pa.Table], tmp_path: Path
) -> None:
    artifact, table = rides
    data = divided(table, tmp_path / "data", files)
    made = assert_the_same(artifact, data, tmp_path, keep=["ride_id", "fare", "night"], refused="column")
    assert made.num_rows == 1_500
    if files == 1:
        assert_the_same(artifact, str(RIDES / "data.csv"), tmp_path, plain_names=True)


def test_real_data_are_the_same(tmp_path: Path) -> None:
    toolchains.need("real data")
    for name in toolchains.REAL:
        subject, data = ROOT / "tests" / "real" / f"{name}.yaml", toolchains.real_data() / f"{name}.csv"
        skc.compile(subject, data, tmp_path / name, verify=False)
        assert assert_the_same(tmp_path / name, str(data), tmp_path).num_rows > 800


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `orders`, whose steps refuse some rows."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "pipeline.yaml").write_text(orders.PIPELINE, encoding="utf-8")
    orders.write_csv(folder / "rows.csv", orders.ROWS)
    skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=100)
    return folder / "artifact"


def with_refused(rows: int) -> pa.Table:
    """Among them some that are refused: by a step, and since they have a null."""
    table = orders.table([orders.row(i) for i in range(rows)])
    words = ["zzz" if k % 40 == 7 else text for k, text in enumerate(table["it's"].to_pylist())]
    times = pa.array([None if k % 50 == 3 else v for k, v in enumerate(table["at"].to_pylist())], orders.UTC)
    return table.set_column(3, "it's", pa.array(words)).set_column(0, "at", times)


def test_frames_refused_rows_and_columns_to_keep_are_the_same(session: Any, artifact: Path, tmp_path: Path) -> None:
    """Also of names and types that Spark has its own way with."""
    table = with_refused(400).append_column("a.b `c`", pa.array([f"t{i}" for i in range(400)]))
    table = table.append_column("X.RATIO", pa.array([i / 3 for i in range(400)]))
    pq.write_table(table, tmp_path / "rows.parquet", coerce_timestamps="us")
    options: Any = {"refused": "column", "keep": ["day", "at", "a.b `c`", "X.RATIO", "it's"]}
    data = str(tmp_path / "rows.parquet")
    made = assert_the_same(artifact, data, tmp_path, **options)
    assert len(set(made["refused"].to_pylist())) == 3
    session.conf.set("spark.sql.caseSensitive", "true")
    try:
        frame = session.read.parquet(data).coalesce(1)
        again = assert_the_same(artifact, frame, tmp_path, data, **options)
        seven = skc.transform(artifact, frame.repartition(7), tmp_path / "seven", **options)
    finally:
        session.conf.unset("spark.sql.caseSensitive")
    assert bits(again) == bits(made)
    assert seven["rows"] == 400
    order = [("at", "ascending"), ("it's", "ascending"), ("a.b `c`", "ascending")]
    assert bits(written(tmp_path / "seven").sort_by(order)) == bits(made.sort_by(order))


def refusal_of(*given: Any, **options: Any) -> list[Any]:
    with pytest.raises(SkcError) as error:
        skc.transform(*given, **options)
    return [(d.code, d.message, d.hint, d.notes) for d in error.value.diagnostics]


def test_a_refused_row_is_named_and_nothing_is_left(session: Any, artifact: Path, tmp_path: Path) -> None:
    """That of the first file, although a later one may be read before."""
    table = with_refused(200)
    data, out = divided(table, tmp_path / "data", 4), tmp_path / "out"
    out.mkdir()
    want = refusal_of(artifact, data, out / "x.parquet")
    assert want[0][1].startswith(f"{tmp_path}/data/000.parquet, row 4")
    assert want[0][0] == "SKC209"
    nulls = want[0][3]
    made = refusal_of(artifact, data, out / "folder", engine="spark")
    assert [one[:3] for one in made] == [one[:3] for one in want]
    assert (made[0][3], nulls) == (("2 of 100 rows are null",), ("4 of 200 rows are null",))
    words = table.set_column(0, "at", table["at"].fill_null(table["at"][0]))
    data = divided(words, tmp_path / "words", 4)
    want = refusal_of(artifact, data, out / "x.parquet")
    assert want[0][0] == "SKC502"
    assert refusal_of(artifact, data, out / "folder", engine="spark") == want
    pq.write_table(pa.concat_tables([*[orders.table(orders.ROWS)] * 450, words]), tmp_path / "many.parquet")
    data = str(tmp_path / "many.parquet")  # more rows than are transformed at once
    want = refusal_of(artifact, data, out / "x.parquet")
    assert want[0][1].startswith(f"{data}, row 90008: ")
    assert refusal_of(artifact, data, out / "folder", engine="spark") == want
    frame = session.read.parquet(str(tmp_path / "words" / "000.parquet")).coalesce(1)
    ((code, message, _, _),) = refusal_of(artifact, frame, out / "folder")
    assert (code, message.partition(": ")[0]) == ("SKC502", "partition 0, row 8")
    rows = [orders.row(i) for i in range(20)]
    rows[11][2] = "many"
    orders.write_csv(tmp_path / "rows.csv", rows)
    want = refusal_of(artifact, tmp_path / "rows.csv", out / "x.parquet")
    assert refusal_of(artifact, str(tmp_path / "rows.csv"), out / "folder", engine="spark") == want
    assert [*out.iterdir()] == []


def test_a_folder_is_replaced_whole_or_not_at_all(artifact: Path, tmp_path: Path) -> None:
    orders.write_csv(tmp_path / "rows.csv", orders.ROWS)
    bad = [*orders.ROWS[:9], [*orders.ROWS[9][:3], "zzz", *orders.ROWS[9][4:]]]
    orders.write_csv(tmp_path / "bad.csv", bad)
    out = tmp_path / "out"
    data: Any = str(tmp_path / "rows.csv")
    skc.transform(artifact, data, out, engine="spark")
    before = sorted(out.iterdir())
    assert refusal_of(artifact, data, out, engine="spark")[0][0] == "SKC410"
    assert refusal_of(artifact, str(tmp_path / "bad.csv"), out, engine="spark", force=True)[0][0] == "SKC502"
    assert sorted(out.iterdir()) == before
    skc.transform(artifact, data, out, engine="spark", force=True, keep=["label"])
    assert written(out).column_names[-1] == "label"
    (out / "notes.txt").write_text("mine")
    ((code, message, hint, _),) = refusal_of(artifact, data, out, engine="spark", force=True)
    assert (code, hint) == ("SKC693", "choose another folder, or remove it first")
    assert message == f"`{out}` is not a table that Spark wrote: it has `notes.txt`"
    assert refusal_of(artifact, data, tmp_path / "rows.csv", engine="spark", force=True)[0][0] == "SKC693"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out", "rows.csv"]
    url = f"file://{tmp_path}/below/a-url"
    assert skc.transform(artifact, data, url, engine="spark", refused="column")["refused"] == 0
    assert written(tmp_path / "below" / "a-url").num_rows == len(orders.ROWS)
    assert refusal_of(artifact, data, url, engine="spark")[0][:2] == ("SKC410", f"`{url}` already exists")


def test_what_spark_cannot_write_is_refused(session: Any, artifact: Path, tmp_path: Path) -> None:
    table = orders.table(orders.ROWS)
    numbers = pa.array(range(len(orders.ROWS)), pa.uint64())
    pq.write_table(table.append_column("extra", numbers), tmp_path / "a.parquet")
    pq.write_table(table.append_column("extra", pa.array([1] * len(table), pa.int32())), tmp_path / "b.parquet")
    pq.write_table(table.append_column("extra", pa.array(["1"] * len(table))), tmp_path / "c.parquet")
    given: Any = {"engine": "spark", "keep": ["extra"]}
    message = "column `extra` is uint64, which Spark cannot hold"
    assert refusal_of(artifact, str(tmp_path / "a.parquet"), tmp_path / "x", **given)[0][:2] == ("SKC694", message)
    ((code, message, _, _),) = refusal_of(artifact, str(tmp_path / "[bc].parquet"), tmp_path / "x", **given)
    assert (code, message[:60]) == (
        "SKC205",
        "column `extra` is int32 in the first file, and string in " + str(tmp_path)[:3],
    )
    data: Any = str(tmp_path / "b.parquet")
    assert refusal_of(artifact, data, tmp_path / "x", engine="spark", keep=["at", "at"])[0][0] == "SKC413"
    assert refusal_of(artifact, data, tmp_path / "x", engine="spark", table="csv")[0][0] == "SKC140"
    assert refusal_of(artifact, data, pa.BufferOutputStream(), engine="spark")[0][0] == "SKC140"
    assert refusal_of(artifact, data, "s3://bucket/x", engine="spark", force=True)[0][0] == "SKC140"
    assert refusal_of(artifact, data, tmp_path / "x", master="local[2]")[0][0] == "SKC140"
    database = "postgresql://127.0.0.1:1/none::rides"
    assert refusal_of(artifact, database, tmp_path / "x", engine="spark")[0][0] == "SKC202"
    (tmp_path / "file").touch()
    assert refusal_of(artifact, data, tmp_path / "file" / "x", engine="spark")[0][0] == "SKC412"
    assert not (tmp_path / "x").exists()


def test_the_command_prints_what_it_wrote_and_leaves_the_session_as_it_was(
    session: Any, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(with_refused(80), "rows.parquet")
    before = {name: session.conf.get(name, None) for name in spark.SETTINGS}
    command = ["transform", os.fspath(artifact), "rows.parquet", "-o", "made", "--engine", "spark"]
    command += ["--master", "local[2]"]
    code = cli.run([*command, "--refused", "column", "--keep", "label"])
    assert code == cli.EQUAL
    assert capsys.readouterr().err.startswith("wrote 80 rows, 11 columns, 4 of them refused, to made in ")
    assert {name: session.conf.get(name, None) for name in spark.SETTINGS} == before
    assert cli.run([*command, "--force"]) == cli.USER  # they are an error now
    assert cli.run([*command, "--force", "--format", "json", "--refused", "column"]) == cli.EQUAL
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rows"], facts["refused"], facts["columns"][-1]) == (80, 4, "refused")
