"""`skc init` as it is meant to be used: a file, one command, and a pipeline that compiles without an edit."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import skc
from skc import cli

ROWS = """\
id,age,city,joined,vip,score,target
1,34,Oslo,2025-05-01,true,1.5,0
2,,Rome,2025-05-02,false,2.5,1
3,28,,2024-01-31,true,-999,0
4,51,Oslo,2025-05-04,false,0.5,1
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [line.split(",", 1) for line in ROWS.splitlines()[1:]]
    lines = [f"{k},{rows[k % len(rows)][1]}" for k in range(1, 41)]
    (tmp_path / "data.csv").write_text("\n".join([ROWS.splitlines()[0], *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_minute(here: Path, run: Any) -> None:
    code, out, err = run("init", "data.csv", "--target", "target")
    assert (code, out) == (cli.EQUAL, "")
    assert err.startswith("wrote pipeline.yaml: `data`, 7 columns of 40 rows: 5 inputs, 2 left out\n")
    assert "next: skc compile pipeline.yaml -o artifact" in err
    text = (here / "pipeline.yaml").read_text()
    assert "  path: data.csv\n" in text
    assert "  # target: the target, which no request has\n" in text
    assert "  # id: int64  # left out: guess: an id: another number in every row\n" in text
    assert "  age: {type: int64, nullable: true}  # 28 to 51; 10 of 40 are empty\n" in text
    assert '  city: {type: string, nullable: true, null_values: [""]}  #' in text
    assert "score: {type: float64, nullable: true, null_values: [-999]}" in text
    assert "guess: 10 of 40 are -999, and mean null" in text
    assert "joined: date" in text
    assert "joined_year" in text
    code, _, err = run("compile", "pipeline.yaml", "-o", "made", "--rows", "100")
    assert code == cli.EQUAL, err
    assert "warning" not in err
    assert "verified: `data` equals its reference" in err


def test_a_file_is_not_overwritten(here: Path, run: Any) -> None:
    (here / "pipeline.yaml").write_text("mine")
    code, out, err = run("init", "data.csv")
    assert (code, out) == (cli.USER, "")
    assert "error[SKC410]: `pipeline.yaml` already exists" in err
    assert (here / "pipeline.yaml").read_text() == "mine"
    assert run("init", "data.csv", "--force")[0] == cli.EQUAL
    assert (here / "pipeline.yaml").read_text().startswith("# A first pipeline for data.csv")
    (here / "folder").mkdir()
    assert "error[SKC412]" in run("init", "data.csv", "-o", "folder", "--force")[2]


def test_the_same_file_gives_the_same_text(here: Path, run: Any) -> None:
    _, first, _ = run("init", "data.csv", "-o", "-")
    _, second, _ = run("init", "data.csv", "-o", "-")
    assert first == second
    assert first == skc.init("data.csv").text


def test_stdout_and_json(here: Path, run: Any) -> None:
    code, out, err = run("init", "data.csv", "-o", "-", "--format", "json")
    assert code == cli.EQUAL
    facts = json.loads(err)
    assert facts["text"] == out
    assert facts["path"] is None
    assert facts["rows"] == 40
    assert [column["name"] for column in facts["columns"]] == ["id", "age", "city", "joined", "vip", "score", "target"]
    code, out, err = run("init", "data.csv", "-o", "made/pipeline.yaml", "--format", "json")
    assert (code, err) == (cli.EQUAL, "")
    assert json.loads(out)["path"] == "made/pipeline.yaml"
    assert '  path: "../data.csv"\n' in (here / "made" / "pipeline.yaml").read_text(), "from the folder of the pipeline"
    assert run("compile", "made/pipeline.yaml", "-o", "made/artifact", "--rows", "10")[0] == cli.EQUAL


def test_a_target_that_is_no_column(here: Path, run: Any) -> None:
    code, _, err = run("init", "data.csv", "--target", "tarrget")
    assert code == cli.USER
    assert "error[SKC204]: data.csv has no column `tarrget`" in err
    assert "did you mean `target`?" in err
    assert "the columns are: id, age, city" in run("init", "data.csv", "--target", "zzz")[2]
    assert run("init", "data.csv", "--target", "target", "-o", "-")[0] == cli.EQUAL
    assert not (here / "pipeline.yaml").exists()


@pytest.mark.parametrize("kind", ["pandas", "arrow", "parquet", "feather", "jsonl", "json", "xlsx", "duckdb", "folder"])
def test_tables_of_every_kind(kind: str, here: Path) -> None:
    """The types are those of the table; what is written in text is found out as in a file of text."""
    frame = pd.read_csv("data.csv")
    frame["day"] = pd.to_datetime(frame["joined"]).dt.date
    table = pa.Table.from_pandas(frame.drop(columns="joined"), preserve_index=False)
    data: Any = _stored(kind, table, here)
    drafted = skc.init(data, target="target")
    types = {column.name: column.value.dtype for column in drafted.columns}
    assert types["age"] == ("int64" if kind in ("jsonl", "json", "xlsx") else "float64")
    assert (types["vip"], types["score"], types["city"]) == ("bool", "float64", "string")
    assert types["day"] == ("string" if kind in ("jsonl", "json", "xlsx") else "date")
    (here / "pipeline.yaml").write_text(drafted.text)
    done = skc.compile(here / "pipeline.yaml", data if kind in ("pandas", "arrow") else None, rows=10)
    assert done.report is not None
    assert done.report.is_equal


def _stored(kind: str, table: pa.Table, folder: Path) -> Any:
    import pyarrow.feather
    import pyarrow.parquet

    frame = table.to_pandas()
    if kind == "pandas":
        return frame
    if kind == "arrow":
        return table
    if kind == "parquet":
        pyarrow.parquet.write_table(table, folder / "rows.parquet")
        return "rows.parquet"
    if kind == "feather":
        pyarrow.feather.write_feather(table, folder / "rows.feather")
        return "rows.feather"
    if kind in ("jsonl", "json"):
        frame["age"] = frame["age"].astype("Int64")
        frame["day"] = frame["day"].astype(str)
        frame.to_json(folder / f"rows.{kind}", orient="records", lines=kind == "jsonl")
        return f"rows.{kind}"
    if kind == "xlsx":
        frame.to_excel(folder / "rows.xlsx", index=False)
        return "rows.xlsx"
    if kind == "duckdb":
        import duckdb

        with duckdb.connect(str(folder / "rows.duckdb")) as database:
            database.register("rows", table)
            database.execute("CREATE TABLE stored AS SELECT * FROM rows")
        return "rows.duckdb::stored"
    for year in (2024, 2025):
        (folder / "parts" / f"year={year}").mkdir(parents=True)
        pyarrow.parquet.write_table(table, folder / "parts" / f"year={year}" / "rows.parquet")
    return "parts"


def test_text_in_memory(here: Path) -> None:
    """Of a stream without a file there is no `data`."""
    drafted = skc.init(pd.read_csv(io.StringIO(ROWS)))
    assert "data:" not in drafted.text
    assert drafted.text.startswith("# A first pipeline for the table, ")
