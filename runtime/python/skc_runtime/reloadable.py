"""`Reloadable`: always serves the newest artifact in a folder that is replaced while serving.

Why polling: it works on every file system, for a folder that is renamed into place, a link that is switched and the
`..data` of Kubernetes alike. A new artifact is loaded next to the old one, with every check of `load`, and takes its
place only then. A call in progress keeps the transformer that it started with, which is released when the last call
that holds it has ended: no call fails, and no answer mixes two artifacts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType

from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.golden import Replay
from skc_runtime.identity import Key, identity_of
from skc_runtime.kinds import Array
from skc_runtime.loading import load
from skc_runtime.marshal import Extra
from skc_runtime.signals import Observer
from skc_runtime.sources import MANIFEST, SIZE_LIMITS
from skc_runtime.transformer import Transformer

ATTEMPTS = 3
Fingerprint = tuple[str, frozenset[tuple[str, int, int]]]


class Reloadable:
    """Always serves the newest artifact in a folder. Threads may share it; a context manager that closes itself."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        interval: float | None = 1.0,
        replay: Replay = "exact",
        key: Key | None = None,
        on_reload: Callable[[Transformer], None] | None = None,
        on_error: Callable[[SkcRuntimeError], None] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Load the artifact, and look for another every `interval` seconds; with None, only when `reload` is called.

        `on_reload` is called with each new transformer, `on_error` with the reason if one is refused; both by
        the thread that watches; `observer` after each call, as that of `load`. The first artifact must load: what is
        wrong with it is raised.
        """
        if interval is not None and not (isinstance(interval, int | float) and 0 < interval < float("inf")):
            raise SkcRuntimeError("invalid-option", f"interval={shown(interval)}", hint="seconds above 0, or None")
        self._directory, self._replay, self._key = directory, replay, key
        self._on_reload, self._on_error, self._observer = on_reload, on_error, observer
        self._loading = threading.Lock()  # one at a time
        self._fingerprint = fingerprint(directory)
        self._current: Transformer | None = load(directory, replay=replay, key=key, observer=observer)
        self._last_error: SkcRuntimeError | None = None
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        if interval is not None:
            name = "skc-reloadable"
            self._watcher = threading.Thread(target=self._watch, args=(interval,), name=name, daemon=True)
            self._watcher.start()

    @property
    def current(self) -> Transformer:
        """The current transformer. It stays usable for as long as it is held: take it once for calls that belong
        together, and do not close it.
        """
        current = self._current
        if current is None:
            raise SkcRuntimeError("closed", "the transformer is closed", hint="load the artifact again")
        return current

    @property
    def last_error(self) -> SkcRuntimeError | None:
        """Why the newest artifact was refused; None if the newest is serving."""
        return self._last_error

    def transform(self, data: object, *, extra: Extra = "error") -> dict[str, Array]:
        """The features of a request, as `Transformer.transform` gives them, with the current transformer."""
        return self.current.transform(data, extra=extra)

    def transform_json(self, body: bytes | str, *, extra: Extra = "error") -> dict[str, Array]:
        """The features of a body of JSON, as `Transformer.transform_json` gives them, with the current transformer."""
        return self.current.transform_json(body, extra=extra)

    def reload(self) -> bool:
        """Check now. True if a new artifact is serving; a refusal is raised, and the old one keeps serving."""
        return self._look(is_forced=True)

    def _look(self, *, is_forced: bool) -> bool:
        with self._loading:
            before = self.current
            transformer = self._loaded(is_forced=is_forced)
            if transformer is None or transformer.identity == before.identity or self._closing.is_set():
                return False
            self._current = transformer
        if self._on_reload is not None:
            self._on_reload(transformer)
        return True

    def _loaded(self, *, is_forced: bool) -> Transformer | None:
        """Load the artifact in the folder; None if it is the one checked last. Files that are replaced while being read
        are read again.
        """
        current = fingerprint(self._directory)
        if current == self._fingerprint and not is_forced:
            return None
        for _ in range(ATTEMPTS):
            self._fingerprint = current
            try:
                transformer = load(self._directory, replay=self._replay, key=self._key, observer=self._observer)
            except SkcRuntimeError as error:
                self._last_error = refusal = error
            else:
                self._last_error = None
                return transformer
            current = fingerprint(self._directory)
            if current == self._fingerprint:
                break
        raise refusal

    def _watch(self, interval: float) -> None:
        while not self._closing.wait(interval):
            try:
                self._look(is_forced=False)
            except SkcRuntimeError as error:
                if not self._closing.is_set():
                    self._tell(error)
            except Exception as error:  # of the caller's function: reported as by a thread, and watching continues
                _report(error)

    def _tell(self, error: SkcRuntimeError) -> None:
        try:
            if self._on_error is not None:
                self._on_error(error)
        except Exception as raised:  # as above
            _report(raised)

    def close(self) -> None:
        """Stop watching, and release the transformer when the calls in progress have ended; later ones are refused."""
        self._closing.set()
        with self._loading:
            self._current = None
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()

    def __enter__(self) -> Reloadable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _report(error: Exception) -> None:
    thread = threading.current_thread()
    threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def fingerprint(directory: str | os.PathLike[str]) -> Fingerprint:
    """A value that changes when the folder's artifact is replaced, or one of its files is written.

    It consists of the identity, and the name, size and time of every file. Links are followed. It is empty if the
    folder cannot be read because it is just being replaced.
    """
    try:
        with open(os.path.join(directory, MANIFEST), "rb") as file:
            identity = identity_of(file.read(SIZE_LIMITS[MANIFEST]))
        with os.scandir(directory) as entries:
            files = [(entry.name, os.stat(entry.path)) for entry in entries]
    except OSError:
        return "", frozenset()
    return identity, frozenset((name, s.st_size, s.st_mtime_ns) for name, s in files)
