"""The result of `skc init`, as text."""

from __future__ import annotations

from collections.abc import Iterator

from skc.results import Drafted

MOST = 12  # guesses


def text(drafted: Drafted) -> str:
    """What was written, the guesses with their lines, and the next command."""
    where = "nothing was written" if drafted.path is None else f"wrote {drafted.path}"
    return "\n".join([f"{where}: {drafted.verdict()}", *_guesses(drafted), *_next(drafted)])


def _guesses(drafted: Drafted) -> Iterator[str]:
    guesses = drafted.guesses
    if guesses:
        yield f"{len(guesses)} guess{'es' * (len(guesses) > 1)} to check:"
    yield from (f"  line {number}: {line}" for number, line in guesses[:MOST])
    if len(guesses) > MOST:
        yield f"  and {len(guesses) - MOST} more, each marked `guess`"


def _next(drafted: Drafted) -> Iterator[str]:
    if drafted.path is not None:
        yield f"next: skc compile {drafted.path} -o artifact"
