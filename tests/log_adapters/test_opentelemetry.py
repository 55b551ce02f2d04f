"""examples/log_adapters/to_opentelemetry.py: no request is lost, and what arrives twice has the same identity."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from shipped_logs import logged, services_that_log
from toolchains import need

FOLDER = Path(__file__).parents[2] / "examples" / "log_adapters"
REQUESTS = 2000
Seen = Counter[tuple[str, int]]


@pytest.fixture(autouse=True)
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    need("opentelemetry")
    monkeypatch.syspath_prepend(str(FOLDER))


@contextmanager
def collector() -> Iterator[tuple[str, Seen]]:
    """A receiver of OTLP over HTTP, which now and then is busy; its address, and how often each record arrived."""
    import gzip

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    seen: Seen = Counter()
    source = random.Random(2)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            is_busy = source.random() < 0.2
            for resource in () if is_busy else ExportLogsServiceRequest.FromString(body).resource_logs:
                for scope in resource.scope_logs:
                    seen.update(identity(record) for record in scope.log_records)
            self.send_response(503 if is_busy else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/logs", seen
        server.shutdown()


def identity(record: Any) -> tuple[str, int]:
    """What a backend tells records by; it is that of the line, which is the body."""
    attributes = {attribute.key: attribute.value for attribute in record.attributes}
    line = json.loads(record.body.string_value)
    assert record.time_unix_nano == line["time_us"] * 1000
    assert attributes["skc.n"].int_value == line["n"]
    return attributes["skc.writer"].string_value, line["n"]


def test_no_request_is_lost(tmp_path: Path) -> None:
    services = services_that_log(tmp_path, 2, REQUESTS)
    source = random.Random(3)
    with collector() as (endpoint, seen):
        command = [
            sys.executable,
            str(FOLDER / "to_opentelemetry.py"),
            str(tmp_path / "log"),
            str(tmp_path / "shipped"),
        ]
        command += ["--endpoint", endpoint, "--pause", "0.01"]
        kills = 0
        while any(service.poll() is None for service in services):
            adapter = subprocess.Popen(command)
            time.sleep(source.uniform(0.8, 2.0))
            adapter.send_signal(signal.SIGKILL)
            adapter.wait()
            kills += 1
        assert [service.wait() for service in services] == [0, 0]
        assert subprocess.run([*command, "--once"], check=False).returncode == 0
        assert kills > 2
        wanted = {(writer, n) for writer, numbers in logged(tmp_path / "log").items() for n in numbers}
        assert len(wanted) == 2 * REQUESTS
        assert set(seen) == wanted
        assert subprocess.run([*command, "--once"], check=False).returncode == 0
        assert set(seen) == wanted
        before = seen.total()
        assert subprocess.run([*command, "--once"], check=False).returncode == 0
        assert seen.total() == before, "what was shipped is not shipped again"


def test_what_a_collector_does_not_accept_is_sent_again(tmp_path: Path) -> None:
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult
    from to_opentelemetry import ship

    services = services_that_log(tmp_path, 1, 100)
    assert services[0].wait() == 0

    class Busy(InMemoryLogRecordExporter):
        """Refuses every first attempt."""

        attempts = 0

        def export(self, batch: Any) -> Any:
            self.attempts += 1
            return LogRecordExportResult.FAILURE if self.attempts % 2 else super().export(batch)

    exporter = Busy()
    assert ship(tmp_path / "log", tmp_path / "shipped", exporter, retry=0.001) == 100
    assert ship(tmp_path / "log", tmp_path / "shipped", exporter, retry=0.001) == 0
    records = [one.log_record for one in exporter.get_finished_logs()]
    assert [record.attributes["skc.n"] for record in records] == list(range(1, 101))
    assert {one.resource.attributes["service.name"] for one in exporter.get_finished_logs()} == {"shipped"}
    (writer,) = logged(tmp_path / "log")
    assert json.loads((tmp_path / "shipped").read_text()) == {writer: 100}
