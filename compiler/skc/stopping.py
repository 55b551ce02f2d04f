"""A command stopped by a signal (SIGTERM, SIGHUP, Ctrl-C) ends like an interrupt and removes its temporary files.

Why a thread: Python runs a handler only when the current call of its main thread returns, and a query of the engine
may take minutes. A pipe reports the signal at once, and the running query is interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
_stopped_by: list[int] = []
_running: list[Callable[[], object]] = []


def guarded(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command; its exit code, or 128 and the number of the signal that stopped it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in _SIGNALS:
        signal.signal(number, _stop)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()
    code = command(arguments)
    if not _stopped_by:
        return code
    sys.stderr.write("interrupted; nothing was written\n")
    return 128 + _stopped_by[0]


@contextmanager
def interruptible(interrupt: Callable[[], object]) -> Iterator[None]:
    """Call `interrupt` from another thread if a signal arrives meanwhile; its error counts as an interrupt."""
    _running.append(interrupt)
    try:
        yield
    except Exception:
        if _stopped_by:
            raise KeyboardInterrupt from None
        raise
    finally:
        _running.remove(interrupt)


def _stop(number: int, frame: object) -> None:
    _stopped_by.append(number)
    for other in _SIGNALS:  # removing temporary files takes a moment, and must not be interrupted
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def _watch(reader: int) -> None:
    while os.read(reader, 1):
        for interrupt in list(_running):
            interrupt()
