"""Ship logs of requests as OpenTelemetry logs, without losing one.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    python to_opentelemetry.py logs shipped.json --endpoint http://localhost:4318/v1/logs

The exporter is called here, and not through a BatchLogRecordProcessor: that drops records when more than 2,048 wait,
and says nothing about it. What was shipped is remembered in a file, which is written after the collector has accepted a
batch. A kill in between ships that batch again: (skc.writer, skc.n) is the identity of a record, by which a backend
tells that it has it already.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from log_tail import LogTail, Request
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource

AT_ONCE = 500  # requests in an export
RETRY = 1.0  # seconds until a batch that was not accepted is sent again


def main() -> None:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path, help="the folder of the log")
    parser.add_argument("shipped", type=Path, help="the file that remembers what was shipped")
    parser.add_argument("--endpoint", default="http://localhost:4318/v1/logs", help="of a collector")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds to wait when there is nothing new")
    parser.add_argument("--once", action="store_true", help="end when there is nothing new")
    arguments = parser.parse_args()
    exporter = OTLPLogExporter(endpoint=arguments.endpoint)
    while ship(arguments.logs, arguments.shipped, exporter) or not arguments.once:
        time.sleep(arguments.pause)


def ship(logs: Path, shipped: Path, exporter: LogRecordExporter, retry: float = RETRY) -> int:
    """Ship everything that is new; how many requests that was."""
    tail = LogTail(logs, json.loads(shipped.read_text()) if shipped.exists() else {})
    number = 0
    while requests := tail.take(AT_ONCE):
        records = [record_of(request) for request in requests]
        while exporter.export(records) is not LogRecordExportResult.SUCCESS:
            time.sleep(retry)
        remember(shipped, tail.shipped)
        number += len(requests)
    return number


def record_of(request: Request) -> ReadableLogRecord:
    """The line is the body, as it is; what to search by are attributes."""
    error = request.document.get("error", {}).get("code")
    attributes = {
        "skc.writer": request.writer,
        "skc.n": request.n,
        "skc.id": request.document["id"],
        "skc.plan": request.header["plan"],
        **({} if error is None else {"skc.error": error}),
    }
    record = LogRecord(
        timestamp=request.document["time_us"] * 1000,
        observed_timestamp=time.time_ns(),
        severity_number=SeverityNumber.INFO if error is None else SeverityNumber.WARN,
        body=request.line,
        attributes=attributes,
        event_name="skc.request",
    )
    service = {"service.name": request.header["name"], "host.name": request.header["host"]}
    return ReadableLogRecord(record, Resource(service))


def remember(path: Path, numbers: dict[str, int]) -> None:
    """Replace the file as a whole, and see that the disk has it."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w") as file:
        json.dump(numbers, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


if __name__ == "__main__":
    main()
