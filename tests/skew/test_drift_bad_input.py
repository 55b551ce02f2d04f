"""Bad input of `skc drift` and `skc profile`: an answer or a typed error, whatever the rows are."""

from __future__ import annotations

import gzip
import html
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sharing import Share

import skc
import skc_runtime
from skc.data.duckdb.engine import open_duckdb
from skc.diagnostics import SkcError
from skc.profile.document import loads
from skc.skew.report import DriftReport

PIPELINE = """\
skc: 1
name: edges
inputs:
  x: {type: float64, nullable: true}
  same: float64
  s: {type: string, nullable: true}
  n: {type: int64, nullable: true}
features:
  scaled: {from: [x, same], apply: [{impute: {strategy: constant, value: 0.0}}, standard_scale]}
  kind: {from: s, apply: [{hash_bucket: {buckets: 8}}]}
  ratio: {expr: x / same}
outputs:
  f: {features: [scaled, ratio], dtype: float32}
  i: {features: [kind], dtype: int64}
"""


def rows(number: int, seed: int = 0, **columns: Any) -> pa.Table:
    n, source = number, np.random.default_rng(seed)
    made = {
        "x": source.normal(0, 1, n),
        "same": np.full(n, 2.5),
        "s": source.choice(["a", "b"], n),
        "n": source.integers(0, 5, n),
    }
    return pa.table({**made, **columns})


def make(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(folder / "pipeline.yaml", rows(500), folder / "artifact", rows=0, verify=False)


@pytest.fixture(scope="module")
def artifact(share: Share) -> Path:
    return share("drift-edges", make) / "artifact"


def verdicts(report: DriftReport) -> dict[str, str]:
    json.dumps(report.to_json(), allow_nan=False)
    return {column.name: column.verdict for column in report.columns if column.role != "step"}


def test_a_column_that_was_constant_in_training(artifact: Path) -> None:
    assert set(verdicts(skc.drift(rows(500, 1), artifact)).values()) == {"ok"}
    report = skc.drift(rows(500, 1, same=np.full(500, 2.75)), artifact)
    assert [column.name for column in report.found] == ["same"]
    assert {name for name, _ in report.found[0].followers} >= {"f.scaled.same"}


def test_infinite_values(artifact: Path, tmp_path: Path) -> None:
    x = np.where(np.arange(500) % 5 == 0, np.inf, 0.5)
    report = skc.drift(rows(500, 2, x=x), artifact)
    assert verdicts(report)["x"] == "severe"
    (tmp_path / "pipeline.yaml").write_text(PIPELINE.replace(", standard_scale", ""))
    training = rows(500, 2, x=np.where(np.arange(500) % 5 == 0, -np.inf, np.random.default_rng(3).normal(0, 1, 500)))
    skc.compile(tmp_path / "pipeline.yaml", training, tmp_path / "artifact", rows=0, verify=False)
    outputs = loads((tmp_path / "artifact" / "profile.json").read_bytes()).outputs
    assert outputs is not None
    ratio = next(one.column for one in outputs.columns if one.column.name == "ratio")
    assert ratio.numbers is not None
    assert ratio.numbers.infinite == (100, 0)
    assert ratio.numbers.mean is None
    assert not skc.drift(training, tmp_path / "artifact").is_drifted


@pytest.mark.parametrize("n", [0, 1, 99])
def test_few_rows_are_too_few_to_tell(artifact: Path, n: int) -> None:
    found = verdicts(skc.drift(rows(n, 4), artifact))
    assert set(found.values()) == {"too few rows"}
    with pytest.raises(SkcError, match="SKC622"):
        skc.drift(rows(n, 4), artifact, strict=True)


def test_rows_that_are_all_refused_have_no_outputs(artifact: Path) -> None:
    report = skc.drift(rows(300, 5, same=pa.nulls(300, pa.float64())), artifact)
    assert verdicts(report)["same"] == "severe"
    (scaled,) = [column for column in report.columns if column.name == "f.scaled.x"]
    assert scaled.tally is not None
    assert scaled.tally.rows == 0
    assert scaled.verdict == "too few rows"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"x": pa.array(["one"] * 300)}, "SKC20"),
        ({"n": pa.array([1.5] * 300)}, "SKC20"),
        ({"s": pa.array([[1]] * 300)}, "SKC20"),
        ({"x": pa.array([{"a": 1}] * 300)}, "SKC20"),
    ],
    ids=["text for a number", "a fraction for a whole number", "a list", "a struct"],
)
def test_other_types_are_refused_with_a_code(artifact: Path, columns: dict[str, Any], code: str) -> None:
    with pytest.raises(SkcError, match=code):
        skc.drift(rows(300, 6, **columns), artifact)


def test_types_that_hold_the_same_values_are_read(artifact: Path) -> None:
    table = rows(300, 7)
    wide = table.set_column(0, "x", table["x"].cast(pa.float32())).set_column(3, "n", table["n"].cast(pa.int16()))
    assert verdicts(skc.drift(wide, artifact))["n"] == "ok"


def test_a_log_that_breaks_off(artifact: Path, tmp_path: Path) -> None:
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait") as log,
    ):
        for k, record in enumerate(rows(400, 8).to_pylist()):
            log.add(f"r{k}", record, transformer.transform_record(record), time_us=k)
    (file,) = (tmp_path / "log").iterdir()
    data = file.read_bytes()
    half = tmp_path / "half.jsonl"
    half.write_bytes(data[: len(data) // 2])  # half a line
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(data)[: len(gzip.compress(data)) // 2])
    for path in (half, packed):
        report = skc.drift(path, artifact)
        assert 150 < report.rows < 250
        assert set(verdicts(report).values()) == {"ok"}
        words = "the log is not whole: 1 file of which a part cannot be read: see `skc log check`"
        assert report.unread == words
        assert words in skc.render(report, "text")
        assert words.capitalize() in html.unescape(skc.render(report, "html"))
        assert json.loads(skc.render(report, "json"))["unread"] == words
    (tmp_path / "whole.jsonl").write_bytes(data)
    assert skc.drift(tmp_path / "whole.jsonl", artifact).unread is None
    (tmp_path / "header.jsonl").write_bytes(data.splitlines(keepends=True)[0])
    assert skc.drift(tmp_path / "header.jsonl", artifact).rows == 0


def test_copies_of_a_file_are_read_once(artifact: Path, tmp_path: Path) -> None:
    """The one with most lines, whatever its name and packing."""
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait") as log,
    ):
        for k, record in enumerate(rows(400, 8).to_pylist()):
            log.add(f"r{k}", record, transformer.transform_record(record), time_us=k)
    (file,) = (tmp_path / "log").iterdir()
    data = file.read_bytes()
    (tmp_path / "log" / "a.jsonl").write_bytes(data[: len(data) // 2])
    (tmp_path / "log" / "z.jsonl.gz").write_bytes(gzip.compress(data))
    report = skc.drift(tmp_path / "log", artifact)
    assert report.rows == 400
    assert report.unread == "the log is not whole: 2 files left out that are a copy of another: see `skc log check`"


def test_many_distinct_texts_in_bounded_memory(tmp_path: Path) -> None:
    """A tenth of the categories of benchmarks/drift_scale.py, in training and in serving."""
    for name in ("training", "serving"):
        texts = pa.array([f"{name} {n}" for n in range(200_000)])
        pq.write_table(pa.table({"s": texts}), tmp_path / f"{name}.parquet")
    skc.write_profile(tmp_path / "training.parquet", tmp_path / "some.json")
    frozen = loads((tmp_path / "some.json").read_bytes())
    assert frozen.columns[0].categories is not None
    assert frozen.columns[0].distinct == frozen.columns[0].categories.other_values == 200_000
    assert len((tmp_path / "some.json").read_bytes()) < 1000
    assert skc.drift(tmp_path / "serving.parquet", tmp_path / "some.json").rows == 200_000


def test_a_profile_of_no_rows_and_of_one(tmp_path: Path) -> None:
    for n in (0, 1):
        skc.write_profile(rows(n), tmp_path / f"{n}.json")
        assert loads((tmp_path / f"{n}.json").read_bytes()).rows == n
        report = skc.drift(rows(500), tmp_path / f"{n}.json")
        assert set(verdicts(report).values()) == {"too few rows"}


def test_the_engine_writes_nothing_into_a_report() -> None:
    """DuckDB draws a bar of progress on stdout when a query takes longer than two seconds."""
    with open_duckdb(1, "1GB") as engine:
        assert engine.database.execute("SELECT current_setting('enable_progress_bar')") == [(False,)]


def test_stdout_is_json_and_nothing_else(artifact: Path, tmp_path: Path) -> None:
    pq.write_table(rows(300, 9), tmp_path / "rows.parquet")
    command = [sys.executable, "-m", "skc", "drift", str(tmp_path / "rows.parquet"), str(artifact), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["verdict"] == "ok"
