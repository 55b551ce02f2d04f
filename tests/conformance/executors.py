"""Executors as processes: started once per language and environment, asked in lines, answered in lines."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Message = dict[str, Any]


@dataclass(frozen=True)
class Language:
    """How the executor of a language is started; `toolchains` knows what must be installed to build it."""

    name: str
    command: tuple[str, ...]


LANGUAGES = {
    language.name: language
    for language in (
        Language("python", (sys.executable, str(HERE / "executor.py"))),
        Language("java", (str(ROOT / "runtime/java/conformance"),)),
        Language("go", (str(ROOT / "runtime/go/conformance"),)),
        Language("cpp", (str(ROOT / "runtime/cpp/conformance/run"),)),
    )
}


class ExecutorError(Exception):
    """The executor died, or answered what is no answer."""


class Executor:
    """A running executor. Requests are written by a thread of their own, so that no pipe can fill up and block."""

    hello: Message

    def __init__(self, language: Language, library: Path, environment: Mapping[str, str]) -> None:
        self._language, self._library, self._environment = language, library, environment

    def __enter__(self) -> Executor:
        self._process = self._started()
        try:
            self.hello = self.ask({"do": "hello"})
        except ExecutorError:
            self._ended()
            raise
        return self

    def _started(self) -> subprocess.Popen[str]:
        variables = {**os.environ, "SKC_ONNXRUNTIME_LIBRARY": str(self._library), **self._environment}
        if self._language.name == "python":
            variables["PYTHONPATH"] = str(self._library.parents[2])
        return subprocess.Popen(
            self._language.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=variables,
            text=True,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it now: a request that is waited for raises."""
        self._process.kill()

    def ask(self, request: Mapping[str, Any]) -> Message:
        """One answer."""
        (answer,) = self.ask_all([request])
        return answer

    def ask_all(self, requests: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
        """The answers, in order."""
        writer = threading.Thread(target=self._write, args=(requests,), daemon=True)
        writer.start()
        for request in requests:
            yield self._read(request)
        writer.join()

    def _write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        assert self._process.stdin is not None  # it is a pipe
        try:
            for request in requests:
                self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the reader sees the end of the answers, and tells

    def _read(self, request: Mapping[str, Any]) -> Message:
        assert self._process.stdout is not None  # it is a pipe
        line = self._process.stdout.readline()
        about = json.dumps(request)[:300]
        if not line.endswith("\n"):
            raise ExecutorError(f"the executor ended (exit code {self._process.wait()}) at {about}")
        try:
            answer = json.loads(line)
        except ValueError:
            raise ExecutorError(f"the executor answered {line[:300]!r} to {about}") from None
        if not isinstance(answer, dict):
            raise ExecutorError(f"the executor answered {line[:300]!r} to {about}")
        return answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = self._ended()
        if error is None and code != 0:
            raise ExecutorError(f"the executor ended with exit code {code}")

    def dispose(self) -> None:
        """End it, whatever its exit code: it may have been killed."""
        self._ended()

    def _ended(self) -> int:
        """The exit code, after its input was closed."""
        assert self._process.stdin is not None  # both are pipes
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            return self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ExecutorError("the executor does not end when its input does") from None
        finally:
            self._process.stdout.close()
