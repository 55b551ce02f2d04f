"""What is refused before a session of Spark is there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import toolchains

import skc
from skc.data.sources import resolve
from skc.data.spark.engine import SparkEngine
from skc.data.spark.session import check_master
from skc.diagnostics import SkcError

RIDES = Path(__file__).parents[2] / "examples" / "rides" / "pipeline.yaml"


def refused(**options: object) -> str:
    with pytest.raises(SkcError) as error:
        skc.compile(RIDES, **options)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.hint
    return f"{diagnostic.code}: {diagnostic.message}; {diagnostic.hint}"


def test_spark_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert refused(engine="spark") == "SKC690: PySpark is not installed; install it: `pip install 'skc[spark]'`"


def test_no_java_is_no_spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)
    assert refused(engine="spark").startswith("SKC690: there is no Java; Spark runs in Java: install a JDK")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert refused(engine="spark").startswith(f"SKC690: there is no Java in JAVA_HOME ({tmp_path});")


@pytest.mark.parametrize("address", ["127.0.0.1:PORT", "127.0.0.1", "127.0.0.1:99999999", "[::1]:PORT,127.0.0.1:PORT"])
def test_a_master_that_does_not_answer_is_refused_at_once(address: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        master = "spark://" + address.replace("PORT", str(taken.getsockname()[1]))
        with pytest.raises(SkcError, match="SKC691") as error:
            check_master(master)
        assert f"`{master}` cannot be reached" in str(error.value)
        taken.listen()
        if address.endswith("PORT"):
            check_master(master)


def test_what_is_no_master_is_refused() -> None:
    with pytest.raises(SkcError, match=r"SKC691.*: `mars` is not the URL of a master"):
        check_master("mars")
    for master in ("local", "local[*]", "local[2, 3]", "yarn", "k8s://https://x:1"):
        check_master(master)


def test_a_master_that_spark_refuses_is_shown_without_a_stack(tmp_path: Path) -> None:
    toolchains.need("spark")
    command = [sys.executable, "-m", "skc", "compile", str(RIDES), "--engine", "spark", "--master", "local[x]", "-o"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([*command, str(tmp_path / "a")], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "error[SKC691]: no session of Spark can be started at `local[x]`\n" in done.stderr
    assert "Could not parse Master URL: 'local[x]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_frame_of_another_process_is_refused() -> None:
    remote = type("DataFrame", (), {"__module__": "pyspark.sql.connect.dataframe"})()
    source, declared = resolve(remote, None)
    with pytest.raises(SkcError, match=r"SKC691.*Spark Connect"):
        SparkEngine(None, "1GB").load(source, (), declared)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark", "threads": 2}, "--threads is for DuckDB: a master of Spark has its cores"),
        ({"master": "local[2]"}, "--master is for Spark"),
        ({"engine": "dask"}, "`engine` is 'dask'"),
    ],
)
def test_options_that_exclude_each_other(options: dict[str, object], message: str) -> None:
    assert refused(**options).startswith(f"SKC140: {message}; ")
