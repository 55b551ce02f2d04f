"""The options of a request log, and its counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from skc_runtime.errors import SkcRuntimeError, shown

Features = Literal["digest", "full", "none"]
OnFull = Literal["drop", "wait"]
SampleBy = Literal["id", "key"]


@dataclass(frozen=True)
class Counts:
    """What became of the requests since the log was opened: `logged + dropped = n`, once the queue is written."""

    n: int  # that belong to the sample
    logged: int
    dropped: int
    sampled_out: int
    waiting: int  # in the queue, or not yet written


@dataclass(frozen=True)
class LogOptions:
    """The options of `Log.open`."""

    sample: float = 1.0
    sample_by: SampleBy = "id"
    features: Features = "digest"
    full_every: int = 0
    on_full: OnFull = "drop"
    queue: int = 8192
    flush: float = 0.2
    rotate_bytes: int = 64 << 20
    rotate_seconds: float = 3600.0
    fsync: bool = False
    salt: str | None = field(default=None, repr=False)

    def check(self, hashed: tuple[str, ...]) -> None:
        """Raise `invalid-option` for a value that is not allowed."""
        _require(_is_number(self.sample) and 0 <= self.sample <= 1, "sample", self.sample, "a share from 0 to 1")
        for name, kind in (("sample_by", SampleBy), ("features", Features), ("on_full", OnFull)):
            value, choices = getattr(self, name), get_args(kind)
            _require(value in choices, name, value, f"one of {', '.join(choices)}")
        for name, low in (("full_every", 0), ("queue", 1), ("rotate_bytes", 1)):
            value = getattr(self, name)
            _require(type(value) is int and value >= low, name, value, f"a whole number from {low}")
        for name in ("flush", "rotate_seconds"):
            value = getattr(self, name)
            _require(_is_number(value) and 0 < value < float("inf"), name, value, "seconds above 0")
        if hashed and (type(self.salt) is not str or not self.salt):
            hint = "a secret text, the same in every service whose logs are to be compared"
            raise SkcRuntimeError(
                "invalid-option", f"the pipeline hashes {shown(list(hashed))}, which needs salt=", hint=hint
            )


def _require(is_met: bool, name: str, value: object, hint: str) -> None:
    if not is_met:
        raise SkcRuntimeError("invalid-option", f"{name}={shown(value)}", hint=hint)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
