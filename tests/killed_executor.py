"""Fits in a cluster on this machine whose executors are killed meanwhile, and writes the plan and the profile.

Arguments: a pipeline, its data, a file to write. Behind it `lost` plants a fault: what is read again after the first
executor was killed has no rows. In a process of its own, because a process has one master.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import pyarrow as pa

from skc import plan
from skc.data.spark import engine, jobs
from skc.data.spark.engine import spark_at
from skc.data.spark.parts import Reader
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import ProfileOptions

KILLED_BEFORE = (2,)  # passes: what an executor has read is gone
KILLED_IN = (4,)  # passes while they run: what it has counted is gone


def executors(java: int) -> list[int]:
    """The processes of the executors that a driver has started, youngest last."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_executor = b"CoarseGrainedExecutorBackend" in (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        if is_executor and parent == java:
            found.append(int(folder.name))
    return sorted(found)


class Killer:
    """Calls `jobs.states`, and kills the executor that has lived longest at some passes."""

    def __init__(self, java: int, marker: Path) -> None:
        self.java, self.marker = java, marker
        self.states: Callable[..., Any] = jobs.states
        self.passes, self.killed = 0, 0

    def kill(self) -> None:
        alive = executors(self.java)
        if alive:
            self.marker.touch()
            os.kill(alive[0], signal.SIGKILL)
            self.killed += 1

    def __call__(self, *arguments: Any) -> Any:
        number, self.passes = self.passes, self.passes + 1
        if number in KILLED_BEFORE:
            self.kill()
        timer = Timer(0.05, self.kill)
        if number in KILLED_IN:
            timer.start()
        try:
            return self.states(*arguments)
        finally:
            timer.cancel()


@dataclass(frozen=True)
class Forgetful(Reader):
    """Reads nothing once the marker is there."""

    marker: str = ""

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in super().__call__(batches):
            yield batch.slice(0, 0) if Path(self.marker).exists() else batch


def main() -> None:
    from pyspark.sql import SparkSession

    pipeline, data, out, *fault = sys.argv[1:]
    builder = SparkSession.builder.master("local-cluster[2, 1, 1024]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.driver.memory", "1g").config("spark.executor.memory", "700m")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    session.sparkContext.pythonExec = sys.executable
    java = session.sparkContext._gateway.proc.pid
    killer = Killer(java, Path(out).with_suffix(".killed"))
    for module in (jobs, *(sys.modules[f"skc.data.spark.{name}"] for name in ("groups", "table", "data"))):
        module.states = killer  # type: ignore[attr-defined]  # each has imported it
    if fault:
        engine.Reader = lambda *of: Forgetful(*of, marker=str(killer.marker))  # type: ignore[assignment,misc]
    try:
        made, _ = read_pipeline(Path(pipeline))
        fitted = fit(made, data, open_engine=spark_at(None), profile=ProfileOptions((), 5, 1))
    finally:
        session.stop()
    assert killer.killed == len(KILLED_BEFORE) + len(KILLED_IN), killer.killed
    Path(out).write_bytes(plan.dumps(fitted.pipeline) + repr(fitted.profile).encode())


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark about itself
        main()
