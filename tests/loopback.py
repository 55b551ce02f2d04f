"""Servers on the loopback address with files in memory: of the web, of S3 and of Google Cloud Storage."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, str, bytes]  # status, type and body
Files = Mapping[str, bytes]


def web(files: Files, path: str, query: Mapping[str, list[str]]) -> Answer:
    data = files.get(path.lstrip("/"))
    return (404, "text/plain", b"") if data is None else (200, "application/octet-stream", data)


def s3(files: Files, path: str, query: Mapping[str, list[str]]) -> Answer:
    """GET and HEAD of an object, and the list of a bucket."""
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    if key:
        return web(files, f"{bucket}/{key}", query)
    prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
    keys, folders = _listed(files, bucket, prefix, delimiter)
    entries = "".join(
        f"<Contents><Key>{k}</Key><Size>{len(files[f'{bucket}/{k}'])}</Size>"
        f'<ETag>"1"</ETag><LastModified>2025-01-01T00:00:00.000Z</LastModified></Contents>'
        for k in keys
    )
    common = "".join(f"<CommonPrefixes><Prefix>{f}</Prefix></CommonPrefixes>" for f in folders)
    body = (
        f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
        f"<Prefix>{prefix}</Prefix><KeyCount>{len(keys) + len(folders)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>false</IsTruncated>{entries}{common}</ListBucketResult>"
    )
    return 200, "application/xml", body.encode()


def gcs(files: Files, path: str, query: Mapping[str, list[str]]) -> Answer:
    """The JSON API: an object, what it holds, and the list of a bucket."""
    path = path.removeprefix("/download").removeprefix("/storage/v1").removeprefix("/b/")
    bucket, _, rest = path.partition("/o")
    key = unquote(rest.lstrip("/"))
    if not key:
        keys, folders = _listed(files, bucket, query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
        listed = {"kind": "storage#objects", "items": [_object(files, bucket, k) for k in keys], "prefixes": folders}
        return 200, "application/json", json.dumps(listed).encode()
    if f"{bucket}/{key}" not in files:
        return 404, "application/json", json.dumps({"error": {"code": 404, "message": "not found"}}).encode()
    if query.get("alt") == ["media"]:
        return 200, "application/octet-stream", files[f"{bucket}/{key}"]
    return 200, "application/json", json.dumps(_object(files, bucket, key)).encode()


def _object(files: Files, bucket: str, key: str) -> dict[str, str]:
    size = str(len(files[f"{bucket}/{key}"]))
    times = dict.fromkeys(("timeCreated", "updated"), "2025-01-01T00:00:00.000Z")
    return {"kind": "storage#object", "name": key, "bucket": bucket, "size": size, "generation": "1", **times}


def _listed(files: Files, bucket: str, prefix: str, delimiter: str) -> tuple[list[str], list[str]]:
    keys = [name.partition("/")[2] for name in sorted(files) if name.startswith(f"{bucket}/{prefix}")]
    if not delimiter:
        return keys, []
    deeper = {prefix + k[len(prefix) :].partition("/")[0] + "/" for k in keys if "/" in k[len(prefix) :]}
    return [k for k in keys if "/" not in k[len(prefix) :]], sorted(deeper)


@contextmanager
def serving(files: Files, answer: Callable[[Files, str, Mapping[str, list[str]]], Answer]) -> Iterator[str]:
    """The address of a server of some files, by their path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, kind, body = answer(files, parts.path, parse_qs(parts.query))
            asked = self.headers.get("Range", "")
            headers = {}
            if asked.startswith("bytes=") and status == 200 and kind == "application/octet-stream":
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, stop = int(first), min(int(last or len(body)) + 1, len(body))
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
                status, body = 206, body[start:stop]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
