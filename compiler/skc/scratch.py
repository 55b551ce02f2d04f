"""Temporary folders: private to the user, removed afterwards, or at the next start after a kill.

Why a lock: a process that is killed cannot remove its folder, so the next one does. A folder belongs to a living
process while its lock is held, and a kill releases the lock. Why the name of the machine: on a shared file system, a
lock does not cover the processes of another machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such lock, so nothing is swept there
    fcntl = None  # type: ignore[assignment]  # mypy takes the module's type for the only one

_RANDOM = "[a-z0-9_]{8}"  # as `mkdtemp` makes it


@contextmanager
def scratch_folder(
    name: str, parent: Path | None = None, keep: Callable[[Path], bool] = lambda folder: False
) -> Iterator[Path]:
    """A folder `NAME-MACHINE-RANDOM` in `parent` (the temporary folder by default), of mode 0700.

    It is removed at the end, unless `keep` says that it holds something. Those of dead processes are removed first, and
    at the end those of them that need not be kept any longer.
    """
    parent_folder = Path(tempfile.gettempdir() if parent is None else parent)
    is_clean = _sweep(parent_folder, name, keep)
    folder, lock = _locked(parent_folder, name)
    try:
        yield folder
    finally:
        if not keep(folder):
            shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        if not is_clean:
            _sweep(parent_folder, name, keep)


def is_scratch(name: str, entry: str) -> bool:
    """Whether a directory entry is such a folder, of any machine."""
    return re.fullmatch(f"{re.escape(name)}-[0-9a-f]{{8}}-{_RANDOM}", entry) is not None


def _prefix(name: str) -> str:
    machine = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
    return f"{name}-{machine}-"


def _locked(parent: Path, name: str) -> tuple[Path, int | None]:
    """A new folder and its lock. If a sweeper removes it before it is locked, another one is created."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(name), dir=parent))
        if fcntl is None:
            return folder, None
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.stat(folder).st_ino == os.fstat(lock).st_ino:
                return folder, lock
        except FileNotFoundError:
            pass
        except OSError:  # a file system without locks, where nothing is swept
            return folder, lock
        os.close(lock)


def _sweep(parent: Path, name: str, keep: Callable[[Path], bool]) -> bool:
    """Remove the folders of this user that no living process of this machine holds. False if `keep` kept one."""
    if fcntl is None:
        return True
    pattern, kept = re.compile(re.escape(_prefix(name)) + _RANDOM), False
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                kept |= keep(Path(entry.path))
                _remove_if_dead(Path(entry.path), keep)
    return not kept


def _remove_if_dead(folder: Path, keep: Callable[[Path], bool]) -> None:
    with suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if os.fstat(lock).st_uid != os.getuid() or keep(folder):
                return
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
