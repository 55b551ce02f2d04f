"""`Log`: writes what is served to files, without ever failing or delaying a request, and without losing one unseen.

Why a sequence number: a log that drops under load, on a full disk or by `kill -9` is only of use if a reader can tell.
Every request that belongs to the sample is counted before it is queued, so a gap in `n` is a loss, and always
`logged + dropped = n`. `log_lines.py` defines the lines, `log_files.py` the files.

Why a thread of its own: making a line takes ten times as long as queueing a request. It looks into the queue a few
times per flush rather than being woken by every request, which would cost the caller more than the queue itself.

The log stands apart from the transformer, which stays a pure function:

    with skc_runtime.Log.open("logs", transformer) as log:
        features = transformer.transform_record(record)
        log.add(request_id, record, features)

Behind a `Reloadable`, each request says which transformer served it. A file holds the requests of one artifact, and its
first line says of which.
"""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import onnxruntime

import skc_runtime
from skc_runtime import log_lines
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.log_files import LogFile
from skc_runtime.log_lines import Entry, Lines, Served
from skc_runtime.log_options import Counts, Features, LogOptions, OnFull, SampleBy
from skc_runtime.transformer import Transformer

AT_ONCE = 256  # requests that the thread takes from the queue
BUFFER = 1 << 16  # bytes that are written at once
LOOKS = 10  # into the queue per flush
RECENT = 8  # artifacts that are remembered


class Log:
    """A request log in a folder. Threads may share it; a context manager that closes itself.

    After a fork the child writes files of its own, and counts from 0.
    """

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        transformer: Transformer,
        *,
        sample: float = 1.0,
        sample_by: SampleBy = "id",
        features: Features = "digest",
        full_every: int = 0,
        on_full: OnFull = "drop",
        queue: int = 8192,
        flush: float = 0.2,
        rotate_bytes: int = 64 << 20,
        rotate_seconds: float = 3600.0,
        fsync: bool = False,
        salt: str | None = None,
        on_error: Callable[[SkcRuntimeError], None] | None = None,
    ) -> Log:
        """Begin to log what this transformer serves. The folder is made if it is missing.

        `sample` is the share of requests to log, by a hash of the id, or of the key with `sample_by="key"`; a refused
        request is always logged. `features` are logged as a checksum ("digest"), in full, or not at all; in full for
        one request in `full_every`, chosen by a hash of its id. With `on_full="wait"`, `add` waits for room in the
        `queue`; otherwise the request is dropped, and counted. `flush` is in seconds. `salt` is for inputs that the
        pipeline hashes. `on_error` is called by the thread that writes, when something could not be logged.

        Raises SkcRuntimeError: `invalid-option`, `log-failed` if no file can be written now.
        """
        options = LogOptions(
            sample, sample_by, features, full_every, on_full, queue, flush, rotate_bytes, rotate_seconds, fsync, salt
        )
        return cls(Path(folder), transformer, options, on_error)

    def __init__(
        self,
        folder: Path,
        transformer: Transformer,
        options: LogOptions,
        on_error: Callable[[SkcRuntimeError], None] | None = None,
    ) -> None:
        self._folder, self._options, self._on_error = folder.absolute(), options, on_error
        self._first = self._served_by(transformer)
        self._recent = {transformer.identity: self._first}
        self._is_closed = False
        self._reset()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._writable()
        except OSError as error:
            raise _failed(error) from None
        _OPEN.add(self)

    def _reset(self) -> None:
        """Begin anew: nothing counted, no file, no thread."""
        self._room = threading.Condition(threading.Lock())  # guards the queue and the counts
        self._wake = threading.Event()
        self._queue: deque[Entry] = deque()
        self._n = self._logged = self._dropped = self._sampled_out = 0
        self._last_error: SkcRuntimeError | None = None
        self._is_idle = False
        self._opened_at = 0.0
        self._thread: threading.Thread | None = None
        self._file: LogFile | None = None
        self._writer, self._part = secrets.token_hex(8), 0
        self._seen = self._covered = 0  # the last n that was taken from the queue, and that was written or dropped
        self._buffer, self._buffered = bytearray(), 0
        self._in_file = 0
        self._serving = self._first  # the artifact whose requests are written

    def add(
        self,
        id: str,  # noqa: A002  # the name in the log, the same in every language
        record: Mapping[Any, object] | bytes | str | None,
        features: Mapping[str, Array] | None = None,
        *,
        error: SkcRuntimeError | None = None,
        key: str | None = None,
        time_us: int | None = None,
        latency_us: int | None = None,
        own_features: Mapping[str, Any] | None = None,
        prediction: Any = None,
        as_of: Mapping[str, Any] | None = None,
        fetched_us: Mapping[str, int] | None = None,
        hit: Mapping[str, bool] | None = None,
        served_by: Transformer | None = None,
    ) -> None:
        """Log a request: its record as the caller sent it, or the JSON text of it that `transform_json` took, and the
        features [K] that were given, or the error that was raised. Never raises; what cannot be logged is counted as
        dropped, and told to `on_error`.

        `served_by` is the transformer that served it, if it may be another one than the log was opened with:
        `current` of a Reloadable, taken once for the request and its log.
        `key` is what to sample by, and written as it is. `time_us` is microseconds since 1970 UTC, now if not given.
        `own_features` are those that the model really got, if they are not the transformer's: they are logged in full.
        `prediction` is a number or several. `as_of` has, by input, the time of a value that was looked up,
        `fetched_us` the microseconds that this took, and `hit` whether a value was found.
        """
        try:
            if self._options.sample < 1 and error is None and self._is_left_out(id, key):
                return
            now = time.time_ns() // 1000 if time_us is None else time_us
            copy = _copied(record)
            kept = None if features is None else {name: values.copy() for name, values in features.items()}
            own = None if own_features is None else {name: np.array(v) for name, v in own_features.items()}
            times, fetched, hits = (None if values is None else dict(values) for values in (as_of, fetched_us, hit))
            served = None if served_by is None else self._of(served_by)
            known = (key, latency_us, own, prediction, times, fetched, hits)
            entry = Entry(0, id, now, copy, kept, error, *known, served)
        except Exception as raised:  # whatever was given in the place of a dict or an array
            self._lose(raised)
            return
        with self._room:
            if len(self._queue) >= self._options.queue and self._options.on_full == "wait":
                self._wait()
            self._n += 1
            if self._is_closed or len(self._queue) >= self._options.queue:
                self._dropped += 1
                return
            entry.n = self._n
            self._queue.append(entry)
            if self._thread is None:
                self._start()
            elif self._is_idle or 2 * len(self._queue) > self._options.queue:
                self._wake.set()

    def counts(self) -> Counts:
        """What became of the requests so far."""
        with self._room:
            waiting = self._n - self._logged - self._dropped
            return Counts(self._n, self._logged, self._dropped, self._sampled_out, waiting)

    @property
    def last_error(self) -> SkcRuntimeError | None:
        """Why something could not be logged, most recently; None if everything was."""
        return self._last_error

    def close(self) -> None:
        """Write what is waiting, and complete the file. Requests added later are dropped, and counted."""
        with self._room:
            is_first, self._is_closed = not self._is_closed, True
            self._room.notify_all()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        elif is_first and self._thread is None:
            self._finish()
        _OPEN.discard(self)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _of(self, transformer: Transformer) -> Served:
        """What writes the requests of an artifact, made once. Raises SkcRuntimeError: `invalid-option`, no salt."""
        served = self._recent.get(transformer.identity)
        if served is None:
            served = self._served_by(transformer)
            if len(self._recent) >= RECENT:
                self._recent = {}
            self._recent[transformer.identity] = served
        return served

    def _served_by(self, transformer: Transformer) -> Served:
        manifest, options = transformer.manifest, self._options
        options.check(manifest.log.hash)
        lines = Lines(manifest, options.features, options.full_every, (options.salt or "").encode())
        return Served(manifest, transformer.identity, lines)

    def _is_left_out(self, id: str, key: str | None) -> bool:  # noqa: A002
        """Whether a request does not belong to the sample; counted if so."""
        by_key = self._options.sample_by == "key"
        if by_key and key is None:
            raise SkcRuntimeError("invalid-option", "sample_by='key' needs key=", hint="give every request its key")
        if log_lines.is_sampled(key if by_key and key is not None else id, self._options.sample):
            return False
        with self._room:
            self._sampled_out += 1
        return True

    def _lose(self, reason: Exception) -> None:
        """Count a request that cannot be logged."""
        with self._room:
            self._n += 1
            self._dropped += 1
        self._tell(reason if isinstance(reason, SkcRuntimeError) else _misused(reason))

    def _wait(self) -> None:
        """Wait for room in the queue, or for the end. The caller holds the lock."""
        self._wake.set()
        while len(self._queue) >= self._options.queue and not self._is_closed:
            self._room.wait()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="skc-log", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """The thread that writes. If a bug ended it, no caller may wait for it: what is added then is dropped."""
        try:
            self._work()
        finally:
            with self._room:
                self._is_closed = True
                self._room.notify_all()

    def _work(self) -> None:
        """Until the log is closed. It sleeps between looks; only an idle one is woken by the first request."""
        flush, look, written_at = self._options.flush, self._options.flush / LOOKS, time.monotonic()
        while True:
            taken = self._take()
            self._encode(taken)
            now = time.monotonic()
            if len(self._buffer) >= BUFFER or (self._buffer and now - written_at >= flush):
                self._write()
                written_at = now
            self._rotate(now)
            if taken:
                if len(taken) < AT_ONCE:
                    self._wake.wait(look)
                    self._wake.clear()
            elif self._is_closed:
                break
            elif self._buffer:
                self._wake.wait(look)
                self._wake.clear()
            else:
                self._sleep()
        self._finish()

    def _sleep(self) -> None:
        """Until the next request, or until the file is to be rotated."""
        self._is_idle = True
        if not self._queue and not self._is_closed:
            self._wake.wait(self._options.rotate_seconds)
        self._wake.clear()
        self._is_idle = False

    def _take(self) -> list[Entry]:
        with self._room:
            taken = [self._queue.popleft() for _ in range(min(AT_ONCE, len(self._queue)))]
            if self._options.on_full == "wait" and taken:
                self._room.notify_all()
        return taken

    def _encode(self, entries: list[Entry]) -> None:
        for entry in entries:
            served = entry.served or self._first
            try:
                line = served.lines.record(entry)
            except Exception as raised:  # a subclass of str or dict may do anything
                self._seen = entry.n
                with self._room:
                    self._dropped += 1
                self._tell(raised if isinstance(raised, SkcRuntimeError) else _misused(raised))
                continue
            if served.identity != self._serving.identity:
                self._switch(served, entry.n)
            self._seen = entry.n
            self._buffer += line
            self._buffered += 1
            if len(self._buffer) >= BUFFER:
                self._write()

    def _switch(self, served: Served, n: int) -> None:
        """Complete the file: request `n` was served by another artifact."""
        if self._buffer:
            self._write()
        self._seen = n - 1
        self._complete(self._seen)
        self._serving = served

    def _write(self) -> None:
        """Write the buffer; what cannot be written is dropped."""
        lines, number = bytes(self._buffer), self._buffered
        self._buffer.clear()
        self._buffered = 0
        try:
            self._writable().write(lines)
        except OSError as error:
            with self._room:
                self._dropped += number
            self._tell(_failed(error))
        else:
            self._in_file += number
            with self._room:
                self._logged += number
        self._covered = self._seen

    def _writable(self) -> LogFile:
        """The file to write to: a new one if there is none, or if it was deleted."""
        if self._file is not None and not self._file.is_there:
            lost, path = self._in_file, self._file.path
            self._give_up()
            with self._room:
                self._logged -= lost
                self._dropped += lost
            self._tell(_log_failed(f"{path} was deleted while it was written, with {lost} requests"))
        if self._file is not None and self._file.is_torn:
            self._give_up()
        if self._file is None:
            self._file = self._new_file()
        return self._file

    def _new_file(self) -> LogFile:
        facts = {
            "writer": self._writer,
            "part": self._part,
            "after": self._covered,
            "logged": self._logged,
            "runtime": f"python {skc_runtime.__version__}",
            "onnxruntime": onnxruntime.__version__,
            "host": socket.gethostname(),
            "opened_us": time.time_ns() // 1000,
            "sample": float(self._options.sample),
            "sample_by": self._options.sample_by,
            "features": self._options.features,
            "full_every": self._options.full_every,
        }
        header = log_lines.header(self._serving.manifest, self._serving.identity, facts)
        file = LogFile(self._folder, header, fsync=self._options.fsync)
        self._part += 1
        self._in_file, self._opened_at = 0, time.monotonic()
        return file

    def _rotate(self, now: float) -> None:
        """Complete a file that is large or old enough, and has requests."""
        file, options = self._file, self._options
        is_due = (
            file is not None
            and self._in_file
            and (file.size >= options.rotate_bytes or now - self._opened_at >= options.rotate_seconds)
        )
        if not is_due:
            return
        if self._buffer:
            self._write()
        self._complete(self._seen)

    def _complete(self, n: int | None = None) -> None:
        """Write the totals up to a request, or all of them, and close the file. What was dropped after that request
        belongs to the next file.
        """
        file, self._file = self._file, None
        if file is None:
            return
        with self._room:
            n = self._covered = self._n if n is None else n
            last = log_lines.trailer(n, self._logged, n - self._logged, self._sampled_out)
        try:
            file.complete(last)
        except OSError as error:
            file.abandon()
            self._tell(_failed(error))

    def _finish(self) -> None:
        """The end of the thread: every request was taken from the queue."""
        if self._buffer:
            self._write()
        self._complete()

    def _give_up(self) -> None:
        if self._file is not None:
            self._file.abandon()
            self._file = None

    def _tell(self, error: SkcRuntimeError) -> None:
        self._last_error = error
        if self._on_error is not None:
            try:
                self._on_error(error)
            except Exception as raised:  # of the caller's function: reported as by a thread
                thread = threading.current_thread()
                threading.excepthook(threading.ExceptHookArgs((type(raised), raised, raised.__traceback__, thread)))

    def _after_fork(self) -> None:
        """In the child: its parent writes what was waiting, and to that file."""
        self._give_up()
        self._reset()


def _copied(record: object) -> Mapping[Any, object] | bytes | str | None:
    """A request of our own: the caller may change its own."""
    if isinstance(record, Mapping):
        return dict(record)
    if isinstance(record, (bytes, bytearray, memoryview)):
        return bytes(record)
    return record if isinstance(record, str) else None


def _failed(error: OSError) -> SkcRuntimeError:
    return _log_failed(f"{error.filename or 'the request log'}: {error.strerror or error}")


def _log_failed(message: str) -> SkcRuntimeError:
    hint = "requests are served, and count as dropped; check the folder, its space and its permissions"
    return SkcRuntimeError("log-failed", message, hint=hint)


def _misused(error: Exception) -> SkcRuntimeError:
    message = f"a request cannot be logged: {type(error).__name__}: {error}"
    return SkcRuntimeError("invalid-option", message, hint="it counts as dropped")


_OPEN: weakref.WeakSet[Log] = weakref.WeakSet()


def _close_all() -> None:
    for log in list(_OPEN):
        log.close()


def _after_fork() -> None:
    for log in list(_OPEN):
        log._after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
