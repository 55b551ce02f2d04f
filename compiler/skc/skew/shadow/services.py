"""Services that are asked one request after the other: a command that answers lines, or a URL that answers POSTs.

Why a command has two threads: one that does not read its input, or does not answer, would block for ever; with them
only the wait for a line has to end.
"""

from __future__ import annotations

import http.client
import queue
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from skc.diagnostics import SkcError, fail
from skc.skew.shadow.headers import merged
from skc_runtime.errors import shown

STARTUP = 60.0  # seconds that the first answer may take, in which a service loads its model
GRACE = 5.0
LONGEST_LINE = 1 << 28
MOST_LINES = 16  # that wait to be read; then the process has to wait


@dataclass(frozen=True)
class Reply:
    """The bytes of an answer, the status of HTTP, and the seconds until it was there."""

    body: bytes
    status: int | None
    seconds: float


class Service(Protocol):
    """Answers requests, each one line of JSON."""

    name: str

    def ask(self, request: bytes) -> Reply: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


def is_url(text: str | None) -> bool:
    """Whether a side is a server, not a command."""
    return text is not None and text.startswith(("http://", "https://"))


def open_service(text: str, timeout: float, headers: Mapping[str, str]) -> Service:
    """The service that `--left` or `--right` names; `headers` are for a URL. Raises SKC680 if there is none."""
    return Url(text, timeout, headers) if is_url(text) else Command(text, timeout)


class Command:
    """A process that reads a request per line on stdin, and writes an answer per line on stdout."""

    def __init__(self, text: str, timeout: float) -> None:
        self.name, self._timeout, self._first, self._is_over = text, timeout, True, False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        try:
            self._process = subprocess.Popen(
                shlex.split(text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except (OSError, ValueError, IndexError) as error:
            self._errors.close()
            reason = getattr(error, "strerror", None) or str(error)
            hint = "give a program with its arguments, or a URL that begins with http:// or https://"
            raise fail("SKC680", f"`{text}` cannot be started: {reason}", hint=hint) from None
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.Queue[bytes] = queue.Queue(MOST_LINES)
        for work in (self._write, self._read):
            threading.Thread(target=work, daemon=True).start()

    def ask(self, request: bytes) -> Reply:
        """Raises SKC680 if the process has ended, SKC681 after the timeout, SKC682 for more than a line."""
        if not self._answers.empty():
            raise self._too_many() if self._next(0.0) else self._ended()
        seconds = max(self._timeout, STARTUP if self._first else 0.0)
        started = time.perf_counter()
        self._requests.put(request)
        try:
            line = self._next(seconds)
        except queue.Empty:
            self._process.kill()
            raise _late(self.name, seconds) from None
        self._first = False
        if not line:
            raise self._ended()
        return Reply(line, None, time.perf_counter() - started)

    def finish(self) -> None:
        """End its input. Raises SKC682 for more lines than requests."""
        self._requests.put(None)
        with suppress(queue.Empty):  # it does not end by itself
            if not self._is_over and self._next(GRACE):
                raise self._too_many()

    def close(self) -> None:
        """End the process: its input ends first, and it is killed if that is not enough."""
        self._requests.put(None)
        with suppress(queue.Empty):
            while not self._is_over and self._next(GRACE):  # so that neither it nor the thread waits for room
                self._process.kill()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _next(self, seconds: float) -> bytes:
        """The next line; empty after the last. Raises queue.Empty."""
        line = self._answers.get(timeout=seconds)
        self._is_over = not line
        return line

    def _write(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which its output tells
            while (request := self._requests.get()) is not None:
                self._process.stdin.write(request + b"\n")
                self._process.stdin.flush()
        with suppress(OSError):
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            while line := answers.readline(LONGEST_LINE):
                self._answers.put(line)
        self._answers.put(b"")

    def _too_many(self) -> SkcError:
        hint = "one line of JSON on stdout for each line on stdin, and everything else on stderr"
        return fail("SKC682", f"`{self.name}` wrote more lines than it got requests", hint=hint)

    def _ended(self) -> SkcError:
        try:
            code = str(self._process.wait(GRACE))
        except subprocess.TimeoutExpired:
            code = "none: it closed its output"
        self._errors.seek(0)
        lines = self._errors.read()[-10_000:].decode("utf-8", "backslashreplace").strip().splitlines()
        notes = (f"its last line on stderr: {shown(lines[-1], 300)}",) if lines else ()
        hint = "start it by hand, and give it a request"
        return fail("SKC680", f"`{self.name}` ended, exit code {code}", hint=hint, notes=notes)


class Url:
    """A server that answers a POST of one request, over one connection."""

    def __init__(self, text: str, timeout: float, headers: Mapping[str, str]) -> None:
        self.name, self._timeout, self._first = text, timeout, True
        self._headers = merged({"Content-Type": "application/json", "Accept": "application/json"}, headers)
        try:
            parts = urlsplit(text)
            port = parts.port
            if not parts.hostname or parts.username is not None:
                raise ValueError("a host and no user is needed")
        except ValueError as error:
            raise fail("SKC680", f"`{text}` is not a URL: {error}", hint="write http://HOST:PORT/PATH") from None
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = kind(parts.hostname, port, timeout=max(timeout, STARTUP))

    def ask(self, request: bytes) -> Reply:
        """Raises SKC680 if there is no connection, SKC681 after the timeout, SKC682 for a redirection."""
        started = time.perf_counter()
        try:
            status, body = self._post(request)
        except TimeoutError:
            raise _late(self.name, self._connection.timeout or self._timeout) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            hint = "start the service, and try the URL with curl"
            raise fail("SKC680", f"`{self.name}` cannot be asked: {reason}", hint=hint) from None
        if 300 <= status < 400:
            hint = "give the address that answers itself"
            raise fail("SKC682", f"`{self.name}` redirects (HTTP {status})", hint=hint)
        if self._first:
            self._first = False
            self._connection.timeout = self._timeout
            if self._connection.sock is not None:
                self._connection.sock.settimeout(self._timeout)
        return Reply(body, status, time.perf_counter() - started)

    def finish(self) -> None:
        """Nothing is left of a connection."""

    def close(self) -> None:
        self._connection.close()

    def _post(self, request: bytes) -> tuple[int, bytes]:
        for is_last in (False, True):
            try:
                self._connection.request("POST", self._path, request, self._headers)
                response = self._connection.getresponse()
                return response.status, response.read(LONGEST_LINE)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()  # a server may close a connection that was idle
                if is_last:
                    raise
        raise AssertionError("unreachable")


def _late(name: str, seconds: float) -> SkcError:
    hint = "give it more time with --timeout"
    return fail("SKC681", f"`{name}` did not answer within {seconds:g} s", hint=hint)
