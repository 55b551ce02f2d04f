"""Files in other places than this machine, through `fsspec`, which is an extra: `s3://`, `gs://`, `https://`.

Why a copy and not reading in place: the engine opens only the files that it was given, and loads no extension; a file
that is read several times must not change between. Credentials are those that each library finds by itself.
"""

from __future__ import annotations

import errno
import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from skc.diagnostics import SkcError, Span, fail

SCHEMES = ("s3", "gs", "https", "http")
WEB = ("https", "http")  # which cannot list their files
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
INSTALL = "install it: `pip install 'skc[remote]'`"


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return "://" in path


def name_of(url: str) -> str:
    """The path of a URL, whose name determines the kind of the file."""
    return urlsplit(url).path if urlsplit(url).scheme in WEB else url


def remote_files(url: str, span: Span | None, no_data: Sequence[str]) -> tuple[str, ...]:
    """The file with exactly that name, else those that a glob matches or that are in a folder, in order of name.

    Raises SKC201, SKC202, SKC203.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise fail("SKC202", f"`{url}` is a URL that skc does not read", span=span, hint=f"give one of {known}")
    if scheme in WEB:
        return (url,)
    with _errors(url, span):
        system = _system(scheme)
        if system.isfile(url):
            return (url,)
        listed = system.glob(url) if glob.has_magic(url) else system.find(url)
        below = url.rstrip("/")
        hidden = [] if glob.has_magic(url) else [n for n in listed if _is_hidden(n, below, scheme, no_data)]
        files = sorted(f"{scheme}://{name}" for name in listed if name not in hidden and system.isfile(name))
    if not files:
        raise fail("SKC201", f"there is no file `{url}`", span=span, hint="check the folder and the pattern")
    return tuple(files)


def _is_hidden(name: str, root: str, scheme: str, no_data: Sequence[str]) -> bool:
    below = PurePosixPath(f"{scheme}://{name}".removeprefix(root))
    return any(part.startswith(tuple(no_data)) for part in below.parts)


def download(url: str, target: str, span: Span | None) -> None:
    """Copy a file to this machine. Raises SKC201, SKC203, and OSError where the disk is full."""
    with _errors(url, span), open(target, "wb") as file:
        system = _system(url.partition("://")[0])
        with system.open(url, "rb", **({"block_size": 0} if urlsplit(url).scheme in WEB else {})) as remote:
            while data := remote.read(1 << 22):
                file.write(data)


def _system(scheme: str) -> Any:
    import fsspec

    return fsspec.filesystem(scheme, skip_instance_cache=True)  # credentials may have changed


@contextmanager
def _errors(url: str, span: Span | None) -> Iterator[None]:
    """What the libraries raise, as a diagnostic."""
    try:
        yield
    except ImportError as error:
        message, notes = f"`{url}` cannot be read: a library for such URLs is not installed", [str(error)[:300]]
        raise fail("SKC202", message, span=span, hint=INSTALL, notes=notes) from None
    except FileNotFoundError as error:  # also where no server answers
        notes = [f"{type(cause).__name__}: {cause}"[:300] for cause in [error.__cause__] if cause is not None]
        message, hint = f"there is no file `{url}`", "check the address and the path"
        raise fail("SKC201", message, span=span, hint=hint, notes=notes) from None
    except SkcError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise  # whatever a library for some kind of server raises
        hint = "check the address and the credentials, or download the file first"
        notes = [f"{type(error).__name__}: {error}"[:300]]
        raise fail("SKC203", f"`{url}` cannot be read", span=span, hint=hint, notes=notes) from None
