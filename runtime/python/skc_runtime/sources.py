"""Where the files of an artifact come from: a folder, a mapping of names to bytes, or the bytes of a zip archive.

Why links inside the folder are allowed: a ConfigMap or Secret of Kubernetes is a folder of links into `..data/`, itself
a link to the current version. All files are read from the folder that manifest.json resolves to, so that a swap in the
middle of a load does not mix two versions. Why folders are opened one by one: the target of a path can change between
check and use, so each folder on the resolved path is opened relative to its parent, and none of them may be a link.

Why one bad entry refuses the whole archive: an entry that points outside, is duplicated or is encrypted has no
legitimate purpose.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import NoReturn, Protocol

from skc_runtime.errors import ArtifactError, SkcRuntimeError, shown
from skc_runtime.identity import SIGNATURE
from skc_runtime.manifest import FILE_NAME

MANIFEST = "manifest.json"
MEGABYTE = 1 << 20
SIZE_LIMITS = {
    MANIFEST: 64 * MEGABYTE,
    "golden.jsonl": 64 * MEGABYTE,
    "model.onnx": 2047 * MEGABYTE,
    SIGNATURE: MEGABYTE,
}
OTHER_LIMIT = 2047 * MEGABYTE  # plan.json and files that a later compiler may add: hashed, not parsed
INFLATION, SMALL = 200, 64 * MEGABYTE  # an archive may inflate to so many times its size, or at least to so much
RECOMPILE = "copy the artifact again from where it was compiled, or compile it again"
_RESOLVE = "copy the artifact with its links resolved (cp -RL)"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_ENCRYPTED = 1  # the bit of an entry's flags
Given = str | os.PathLike[str] | Mapping[str, bytes] | bytes


class Source(Protocol):
    """The files of one artifact. `read` raises ArtifactError."""

    def read(self, name: str) -> bytes: ...


def source_of(artifact: Given) -> Source:
    """A path is a folder, a mapping is files by name, bytes are a zip archive of the files."""
    if isinstance(artifact, Mapping):
        return _Files(artifact)
    if isinstance(artifact, bytes | bytearray | memoryview):
        return _Archive(bytes(artifact))
    if isinstance(artifact, str | os.PathLike):
        return _Folder(artifact)
    hint = "a path, a mapping of names to bytes, or the bytes of a zip archive"
    raise SkcRuntimeError("invalid-option", f"an artifact is not {shown(artifact)}", hint=hint)


class _Folder:
    def __init__(self, directory: str | os.PathLike[str]) -> None:
        path = os.fspath(directory)
        if not os.path.isdir(path):
            raise ArtifactError("artifact-not-found", f"{shown(path)} is not a directory", hint="check the path")
        self._root = self._base = os.path.realpath(path)

    def read(self, name: str) -> bytes:
        try:
            path = os.path.realpath(os.path.join(self._base, name), strict=True)
            if os.path.commonpath([self._root, path]) != self._root:
                raise _unsafe(f"`{name}` is a link that leads outside the artifact")
            if not stat.S_ISREG(os.stat(path).st_mode):  # opening a device may have side effects
                raise _unsafe(f"`{name}` is not a regular file")
            data = self._read(path, name)
        except FileNotFoundError:
            raise _missing(name) from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):  # a cycle of links, or a folder that just became one
                raise _unsafe(f"`{name}` is a broken link") from None
            raise ArtifactError("artifact-file-missing", f"`{name}` cannot be read: {error.strerror}") from None
        if name == MANIFEST:
            self._base = os.path.dirname(path)
        return data

    def _read(self, path: str, name: str) -> bytes:
        with os.fdopen(self._open(path), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unsafe(f"`{name}` is not a regular file")
            _check_size(name, status.st_size)
            return file.read(status.st_size + 1)  # a file that grows meanwhile will not match its hash

    def _open(self, path: str) -> int:
        """A descriptor of the file, opening each folder relative to its parent."""
        if os.open not in os.supports_dir_fd:
            return os.open(path, _FLAGS)
        *folders, last = os.path.relpath(path, self._root).split(os.sep)
        with contextlib.ExitStack() as opened:
            folder = os.open(self._root, _FLAGS | os.O_DIRECTORY)
            opened.callback(os.close, folder)
            for part in folders:
                folder = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
                opened.callback(os.close, folder)
            return os.open(last, _FLAGS, dir_fd=folder)


class _Files:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, name: str) -> bytes:
        if name not in self._files:
            raise _missing(name)
        data = self._files[name]
        if not isinstance(data, bytes | bytearray | memoryview):
            raise SkcRuntimeError("invalid-option", f"the file `{name}` is given as {shown(data)}", hint="give bytes")
        _check_size(name, len(data))
        return bytes(data)


class _Archive:
    def __init__(self, data: bytes) -> None:
        if not data.startswith(b"PK\x03\x04"):  # the start of any archive with an entry
            _no_archive("it does not start like one")
        with _reading():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = entry.orig_filename  # as stored: `filename` is sanitised
            if FILE_NAME.fullmatch(name) is None:
                hint = "zip the files themselves: cd ARTIFACT && zip ../artifact.zip *"
                raise ArtifactError(
                    "artifact-unsafe", f"the archive contains {shown(name)}, which is not a plain file name", hint=hint
                )
            if name in self._entries:
                raise ArtifactError(
                    "artifact-unsafe", f"the archive has a duplicate entry {shown(name)}", hint=RECOMPILE
                )
            if entry.flag_bits & _ENCRYPTED:
                raise ArtifactError("artifact-unsafe", f"{shown(name)} is encrypted", hint="zip it without a password")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                _no_archive(f"{shown(name)} uses a compression method that not every language supports")
            self._entries[name] = entry
        self._left = max(SMALL, INFLATION * len(data))

    def read(self, name: str) -> bytes:
        if name not in self._entries:
            raise _missing(name)
        entry = self._entries[name]
        _check_size(name, entry.file_size)
        if entry.file_size > self._left:
            message = f"the archive expands to more than {INFLATION} times its size"
            raise ArtifactError("artifact-too-large", message, hint="do not serve it")
        self._left -= entry.file_size
        with _reading(), self._zip.open(entry) as file:
            data = file.read(entry.file_size + 1)
        return data if len(data) == entry.file_size else _no_archive("a file does not match the archive's directory")


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        _no_archive(shown(error, 200))


def _no_archive(reason: str) -> NoReturn:
    raise ArtifactError("artifact-malformed", f"this is not a zip archive of an artifact: {reason}", hint=RECOMPILE)


def _check_size(name: str, size: int) -> None:
    limit = SIZE_LIMITS.get(name, OTHER_LIMIT)
    if size > limit:
        raise ArtifactError("artifact-too-large", f"`{name}` has {size} bytes, more than {limit}")


def _missing(name: str) -> ArtifactError:
    return ArtifactError("artifact-file-missing", f"`{name}` is missing", hint=RECOMPILE)


def _unsafe(message: str) -> ArtifactError:
    return ArtifactError("artifact-unsafe", message, hint=_RESOLVE)
