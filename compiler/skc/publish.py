"""Files and folders that appear whole or not at all, and are on the disk when they are reported written.

Why: a reader may open the files, or the power may fail, at any moment. Every file is written next to its target,
synced, and put in place by one rename; then the folder that contains the target is synced, which makes the rename
durable.

A folder cannot be renamed over another, so an existing one is *exchanged* with the new one: by `renameat2` on Linux
(ext4, XFS, Btrfs, F2FS, tmpfs, and overlayfs over them), by `renamex_np` on macOS (APFS). Elsewhere (NFS, SMB, most of
FUSE, Windows) it is moved away first, so the target is briefly missing; to avoid that there, write each version to a
new folder and switch a link to it.

A reader that opens files one by one by their paths while two folders are exchanged may get files of both. It detects
that by the hashes, refuses them, and may load again; one that holds the folder open reads a single artifact.

What a kill leaves: a hidden folder `.NAME.skc-MACHINE-RANDOM` next to the target, which the next writer of that target
removes. Where folders cannot be exchanged it may contain the old artifact, as `old`, and is then kept while the target
is missing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from skc.scratch import is_scratch, scratch_folder

_NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV)
_AT_FDCWD, _EXCHANGE = (
    -100,
    2,
)  # <fcntl.h>, and RENAME_EXCHANGE of <linux/fs.h>; RENAME_SWAP of macOS has the same number


def publish_folder(files: Mapping[str, bytes], target: Path) -> None:
    """Replace or create `target` with a folder of files. Raises OSError."""

    def write(draft: Path) -> None:
        draft.mkdir()  # unlike the folder around it, readable to whom the user's mask allows
        for name, data in sorted(files.items()):
            (draft / name).write_bytes(data)

    publish_tree(write, target)


def publish_tree(write: Callable[[Path], object], target: Path) -> None:
    """Replace or create `target` with a folder of files, which `write` creates under another name. Raises OSError."""
    _make_folders(target.parent)

    def holds_the_old(folder: Path) -> bool:
        return (folder / "old").exists() and not os.path.lexists(target)

    with scratch_folder(_scratch_name(target), target.parent, holds_the_old) as folder:
        draft = folder / "new"
        write(draft)
        for path in sorted(draft.iterdir()):
            with open(path, "rb+") as file:
                sync_file(file.fileno())
        sync_folder(draft)
        if not os.path.lexists(target):
            os.rename(draft, target)
        elif not exchange(draft, target):
            _replace(draft, target, folder / "old")
        sync_folder(target.parent)


def publish_file(write: Callable[[Path], object], target: Path) -> None:
    """Replace or create `target` with a file, which `write` creates under another name. Raises OSError."""
    _make_folders(target.parent)
    with scratch_folder(_scratch_name(target), target.parent) as folder:
        draft = folder / "new"
        write(draft)
        with open(draft, "rb+") as file:
            sync_file(file.fileno())
        os.replace(draft, target)
        sync_folder(target.parent)


def is_litter(target: str, entry: str) -> bool:
    """Whether a directory entry was left next to `target` by a writer that was killed."""
    return is_scratch(_scratch_name(Path(target)), entry)


def exchange(left: Path, right: Path) -> bool:
    """Exchange two names atomically; False if the system cannot."""
    library = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    first, second = os.fsencode(left), os.fsencode(right)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(first, second, _EXCHANGE)
    elif library is not None and hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _NOT_THERE:
        return False
    raise OSError(number, os.strerror(number), str(right))


def sync_file(descriptor: int) -> None:
    """Wait until what was written to an open file is on the disk."""
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; where folders cannot be synced, their system does it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
    finally:
        os.close(descriptor)


def _scratch_name(target: Path) -> str:
    return f".{target.name}.skc"


def _make_folders(folder: Path) -> None:
    """Create a folder and its parents durably."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def _replace(draft: Path, target: Path, old: Path) -> None:
    """Move the old folder away and the new one into its place; back if that fails."""
    try:
        os.rename(target, old)
        os.rename(draft, target)
    except BaseException:  # an interrupt too must not leave the user without either
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise
