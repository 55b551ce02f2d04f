"""Services for tests of `skc shadow`: a program that answers lines, the same over HTTP, and logs of what it served."""

from __future__ import annotations

import json
import random
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Mapping[str, Any]
PROGRAM = """\
import json, random, sys, time

def answer(record, fare_of_null=12.5, noise=0.0, rate=0.03):
    fare = record.get("fare")
    if fare is not None and fare < 0:
        return {"error": "invalid-value"}
    fare = fare_of_null if fare is None else fare
    score = rate * fare / 12.5 + noise * random.uniform(-1, 1)
    return {"features": {"x": [fare, len(record["zone"])]}, "score": score, "model": "v1"}

if __name__ == "__main__":
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    how = options.pop("how", "")
    for line in sys.stdin:
        if how == "die":
            sys.exit("no model")
        if how == "sleep":
            time.sleep(60)
        text = "ready" if how == "talk" else json.dumps(answer(json.loads(line), **options))
        print(text + "\\n" * (how == "twice") + text * (how == "twice"), flush=True)
"""


def command(folder: Path, **options: Any) -> str:
    """The command line of such a service. `how` makes it misbehave."""
    path = folder / "service.py"
    path.write_text(PROGRAM)
    return shlex.join([sys.executable, str(path), json.dumps(options)])


def answers(**options: Any) -> Callable[[Any], Answer]:
    """What the program answers."""
    names: dict[str, Any] = {"__name__": "service"}
    exec(PROGRAM, names)
    return lambda record: names["answer"](record, **options)


def rides(rows: int, nulls: float = 0.3, seed: int = 1) -> list[dict[str, Any]]:
    """Requests, some without a fare."""
    source = random.Random(seed)
    return [
        {
            "fare": None if source.random() < nulls else round(source.lognormvariate(2.5, 0.7), 2),
            "zone": source.choice(["Harlem", "Queens", "Bronx"]),
        }
        for _ in range(rows)
    ]


def requests_file(folder: Path, records: Sequence[Any]) -> Path:
    """One JSON object per line."""
    path = folder / "requests.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def log_file(
    path: Path,
    records: Sequence[Mapping[str, Any]],
    answer: Callable[[Any], Answer],
    plan: str = "a" * 64,
    start: int = 0,
) -> Path:
    """A log as a service would write it."""
    header = {"skc": "log", "format": 1, "name": "rides", "plan": plan, "identity": None, "writer": "0" * 16, "part": 0}
    header |= {
        "after": 0,
        "logged": 0,
        "runtime": "python",
        "onnxruntime": "1",
        "host": "h",
        "opened_us": 0,
        "sample": 1.0,
    }
    header |= {"sample_by": "id", "features": "full", "full_every": 0, "omit": [], "hash": []}
    lines: list[Mapping[str, Any]] = [header]
    for n, record in enumerate(records, 1):
        given = answer(record)
        line = {
            "n": n,
            "id": f"r{start + n}",
            "time_us": 10**15 + n,
            "latency_us": 100 + n % 7,
            "request": dict(record),
        }
        as_of = line["request"].pop("as_of", None)
        if "error" in given:
            line["error"] = {"code": given["error"]}
        else:
            line |= {"features": given["features"], "prediction": given["score"]}
        lines.append(line if as_of is None else {**line, "as_of": as_of})
    lines.append({"end": True, "n": len(records), "logged": len(records), "dropped": 0, "sampled_out": 0})
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return path


@contextmanager
def http_service(
    answer: Callable[[Any], Any], status: int = 200, seen: list[Mapping[str, str]] | None = None
) -> Iterator[str]:
    """The URL of a server on the loopback address. An answer may be bytes, which are sent as they are; the headers of
    every request are added to `seen`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in two packets waits for an acknowledgement

        def do_POST(self) -> None:
            if seen is not None:
                seen.append(dict(self.headers.items()))
            given = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = given if isinstance(given, bytes) else json.dumps(given).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/score?v=1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
