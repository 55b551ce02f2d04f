"""Serving one row from several threads while its folder is replaced: what was answered by whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from skc_runtime import Reloadable, SkcRuntimeError


class Watch:
    """The threads, and what they saw."""

    def __init__(
        self,
        artifact: str,
        threads: int,
        interval: float,
        row: Mapping[str, Any],
        encode: Callable[[Mapping[str, Any]], dict[str, Any]],
    ) -> None:
        self._reloadable = Reloadable(artifact, interval=interval)
        self._row, self._encode = dict(row), encode
        self._stop = threading.Event()
        self._lock = threading.Lock()  # of what follows
        self._calls = 0
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self._errors: list[str] = []
        self._threads = [threading.Thread(target=self._serve) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                transformer = self._reloadable.current
                transformer.transform(self._row)
                time.sleep(0.001)  # another takes its place meanwhile: what is held must serve on
                answer = self._encode(transformer.transform(self._row))
                self._reloadable.transform(self._row)
            except SkcRuntimeError as error:
                with self._lock:
                    self._errors.append(error.code)
                continue
            with self._lock:
                self._calls += 1
                given = self._answers.setdefault(str(transformer.identity), [])
                if answer not in given:
                    given.append(answer)

    def told(self) -> dict[str, Any]:
        error = self._reloadable.last_error
        with self._lock:
            return {
                "identity": self._reloadable.current.identity,
                "calls": self._calls,
                "answers": {identity: list(given) for identity, given in self._answers.items()},
                "errors": list(self._errors),
                "last_error": None if error is None else error.code,
            }

    def end_calls(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        self._reloadable.close()
