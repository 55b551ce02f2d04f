"""A command that is stopped or killed leaves no training data behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PIPELINE = """
skc: 1
name: slow
data: {{path: rows.{kind}, where: "{where}"}}
inputs:
  s: string
features:
  s: {{from: s, apply: [{{one_hot: {{max_categories: 5, unknown: zeros}}}}]}}
outputs: {{y: {{features: [s], dtype: float32}}}}
"""
SLOW = "md5(" * 90 + "s" + ")" * 90 + " <> 'x'"
ROWS = 300_000
SECRET = "patient-7-"
needs_signals = pytest.mark.skipif(os.name != "posix", reason="there are no such signals here")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same rows in a file of each kind."""
    folder = tmp_path_factory.mktemp("rows")
    values = [f"{SECRET}{k}" for k in range(ROWS)]
    (folder / "rows.csv").write_text("\n".join(["s", *values, ""]))
    pq.write_table(pa.table({"s": values}), folder / "rows.parquet", row_group_size=10_000)
    return folder


def started(folder: Path, rows: Path, kind: str) -> tuple[subprocess.Popen[str], Path]:
    """`skc compile` on its way: in the middle of a long query over the training rows. And its folder."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    shutil.copy(rows / f"rows.{kind}", folder)
    (folder / "pipeline.yaml").write_text(PIPELINE.format(kind=kind, where=SLOW))
    command = [sys.executable, "-m", "skc", "compile", "pipeline.yaml", "-o", "out"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 60
    while not list(temporary.glob("skc-fit-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (scratch,) = temporary.glob("skc-fit-*")
    time.sleep(1.5)  # it reads
    assert process.poll() is None, process.communicate()
    return process, scratch


@needs_signals
@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_command_that_is_stopped_tidies_up(name: str, kind: str, rows: Path, tmp_path: Path) -> None:
    process, _ = started(tmp_path, rows, kind)
    number = signal.Signals[name]
    process.send_signal(number)
    began = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert "interrupted; nothing was written" in said
    assert "error" not in said
    assert time.monotonic() - began < 20
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["pipeline.yaml", f"rows.{kind}", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


@needs_signals
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_command_that_is_killed_leaves_no_rows(kind: str, rows: Path, tmp_path: Path) -> None:
    process, scratch = started(tmp_path, rows, kind)
    process.kill()
    process.communicate()
    assert scratch.stat().st_mode & 0o777 == 0o700
    left = [file for file in scratch.rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in file.read_bytes() for file in left)
    small = tmp_path / "small"
    small.mkdir()
    (small / "rows.csv").write_text("s\na\nb\n")
    (small / "pipeline.yaml").write_text(PIPELINE.format(kind="csv", where="s <> 'x'"))
    command = [sys.executable, "-m", "skc", "compile", "pipeline.yaml", "-o", "out", "--rows", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    subprocess.run(command, cwd=small, env=environment, check=True, capture_output=True)
    assert list((tmp_path / "tmp").iterdir()) == []  # the next start removed what the killed one left
