"""Serve metrics: `/metrics` on the loopback address has what was counted, in the text format of Prometheus.

    skc compile pipeline.yaml --signals -o artifact
    python service.py artifact 9464

A body of `POST /` is a request as `transform_json` reads it. Nothing but the standard library and the runtime.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import skc_runtime


def service(transformer: skc_runtime.Transformer, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self.answer(200, transformer.signals_text().encode(), "text/plain; version=0.0.4; charset=utf-8")
            else:
                self.answer(404, b"", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                outputs = transformer.transform_json(body)
            except skc_runtime.RecordError as error:
                self.answer(400, json.dumps({"error": error.code, "input": error.input}).encode(), "application/json")
            else:
                features = {name: values.tolist() for name, values in outputs.items()}
                self.answer(200, json.dumps(features).encode(), "application/json")

        def answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Requests are counted, not printed."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    with skc_runtime.load(sys.argv[1]) as transformer:
        service(transformer, int(sys.argv[2])).serve_forever()
