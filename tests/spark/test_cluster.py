"""A cluster on the loopback address, as `skc` is given one: a master and two workers, whose executors are killed."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toolchains
from feature_tables import bits_of

import skc

PIPELINE = """\
skc: 1
name: cluster
inputs: {x: {type: float64, nullable: true}, s: string}
features:
  scaled: {from: x, apply: [{impute: {strategy: median}}, standard_scale]}
  bins: {from: x, apply: [{impute: {strategy: mean}}, {quantile_bin: {bins: 5}}]}
  hot: {from: s, apply: [{one_hot: {unknown: error}}]}
outputs:
  y: {features: [scaled, bins, hot], dtype: float64}
"""
FILES = 6
ROWS = 1_000  # of a file
SECONDS = 600  # that a command may take
LIVED = 3.0  # seconds, before an executor is killed


@dataclass(frozen=True)
class Cluster:
    """The URL of its master, and the processes of its workers."""

    master: str
    workers: tuple[int, ...]

    def executors(self) -> list[int]:
        """The oldest first."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_executor = b"CoarseGrainedExecutorBackend" in (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            if is_executor and parent in self.workers:
                found.append(int(folder.name))
        return sorted(found)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    toolchains.need("spark")
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home, folder = Path(spec.origin).parent, tmp_path_factory.mktemp("cluster")
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}

    def started(kind: str, *words: str) -> tuple[subprocess.Popen[bytes], Path]:
        log = folder / f"{kind}-{time.monotonic_ns()}.log"
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind.lower()}.{kind}", *words]
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environment, stderr=file, stdout=file, start_new_session=True)
        return process, log

    master, log = started("Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    processes = [master]
    try:
        url = told(log, r"Starting Spark master at (spark://\S+)")
        for _ in range(2):
            words = ("--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(folder / "work"))
            worker, log = started("Worker", "--host", "127.0.0.1", *words, url)
            processes.append(worker)
            told(log, r"(Successfully registered with master)")
        yield Cluster(url, tuple(process.pid for process in processes[1:]))
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def told(log: Path, pattern: str) -> str:
    """What a process writes when it has started."""
    for _ in range(300):
        found = re.search(pattern, log.read_text())
        if found is not None:
            return found[1]
        time.sleep(0.1)
    pytest.fail(log.read_text()[-3000:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline, and its rows in files."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    for k in range(FILES):
        numbers = [None if n % 11 == k else math.sin(7 * n + k) for n in range(ROWS)]
        table = pa.table({"x": numbers, "s": ["abcdefg"[n % (k % 5 + 3)] for n in range(ROWS)]})
        pq.write_table(table, folder / f"{k:02}.parquet")
    skc.compile(folder / "pipeline.yaml", folder / "*.parquet", folder / "expected", verify=False)
    return folder


class Killer(Thread):
    """Kills the oldest executor each time that one has lived for LIVED, so often."""

    def __init__(self, cluster: Cluster, times: int) -> None:
        super().__init__(daemon=True)
        self.cluster, self.times, self.killed = cluster, times, 0
        self.over = Event()

    def run(self) -> None:
        while self.killed < self.times and not self.over.is_set():
            if alive := self.cluster.executors():
                self.over.wait(LIVED)
                if not self.over.is_set():
                    os.kill(alive[0], signal.SIGKILL)
                    self.killed += 1
            time.sleep(0.05)


def run(cluster: Cluster, *words: str | Path, killed: int) -> None:
    """A command on the cluster, while executors are killed."""
    killer = Killer(cluster, killed)
    killer.start()
    command = [sys.executable, "-m", "skc", *map(str, words), "--engine", "spark", "--master", cluster.master]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=SECONDS)
    killer.over.set()
    killer.join()
    assert done.returncode == 0, done.stderr[-3000:]
    assert killer.killed == killed


def test_a_fit_on_a_cluster_whose_executors_are_killed(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    run(cluster, "compile", folder / "pipeline.yaml", "--data", folder / "*.parquet", "--out", made, killed=1)
    for name in ("plan.json", "profile.json", "model.onnx", "manifest.json"):
        assert (made / name).read_bytes() == (folder / "expected" / name).read_bytes(), name


def test_features_on_a_cluster_whose_executors_are_killed(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "features"
    run(cluster, "transform", folder / "expected", folder / "*.parquet", "--out", made, killed=1)
    skc.transform(folder / "expected", folder / "*.parquet", tmp_path / "expected.parquet")
    expected = pq.read_table(tmp_path / "expected.parquet")
    features = pq.read_table(made)
    assert features.column_names == expected.column_names
    assert features.num_rows == FILES * ROWS
    assert [bits_of(features[name]) for name in features.column_names] == [
        bits_of(expected[name]) for name in expected.column_names
    ]
