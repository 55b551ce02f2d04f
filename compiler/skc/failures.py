"""Failures of the runtime and of the machine, as diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skc.artifact import runtime_failure
from skc.diagnostics import fail
from skc_runtime.errors import SkcRuntimeError


@contextmanager
def library_errors() -> Iterator[None]:
    """What the runtime or the machine raises, as a diagnostic."""
    try:
        yield
    except SkcRuntimeError as error:
        raise runtime_failure(error) from None
    except MemoryError:
        hint = "free some memory, give `skc verify` fewer --rows, or use a larger machine"
        raise fail("SKC142", "not enough memory", hint=hint) from None
