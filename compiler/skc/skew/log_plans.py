"""Whose requests are read of a log: its files belong to one pipeline, or to several, as behind a `Reloadable`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skc.diagnostics import fail
from skc.skew.log_reader import Header
from skc.verification.shown import count

MOST = 5  # pipelines in one line
SHORT = 12  # digits of a hash in it


@dataclass(frozen=True)
class OtherPlan:
    """A pipeline, and how many requests of it were left out."""

    plan: str
    requests: int


@dataclass
class LogPlan:
    """The hash of the pipeline that a log must be of; any if "". Files of another are refused, with `hint`, or if
    `is_own`, left out: their requests are only counted.
    """

    plan: str = ""
    is_own: bool = False
    hint: str = "give the artifact that served it; --own-plan leaves it out"
    _counts: Counter[str] = field(default_factory=Counter)
    _other: str = ""  # the pipeline of the file that began last, if it is left out

    def begin(self, path: Path, header: Header) -> None:
        """A file. Raises SKC604."""
        is_other = self.plan != "" and header.plan != self.plan
        if is_other and not self.is_own:
            message = f"`{path}` is of the pipeline {header.plan}, not of {self.plan}"
            raise fail("SKC604", message, hint=self.hint)
        self._other = header.plan if is_other else ""

    @property
    def reads_file(self) -> bool:
        """Whether the file that began last is read."""
        return not self._other

    def takes(self) -> bool:
        """Whether its next request is read; one that is not is counted."""
        if self._other:
            self._counts[self._other] += 1
        return self.reads_file

    @property
    def left_out(self) -> tuple[OtherPlan, ...]:
        """The other pipelines, by their hashes."""
        return tuple(OtherPlan(plan, requests) for plan, requests in sorted(self._counts.items()))

    def check(self, requests: int) -> None:
        """That of some requests left out, others were read. Raises SKC604."""
        if self.left_out and not requests:
            message = f"--own-plan leaves out all requests: {_named(self.left_out)}"
            raise fail("SKC604", message, hint="give the artifact that served them")


def check_own_plan(own_plan: bool, *, has_plan: bool, is_log: bool = True) -> None:
    """That there is a log, and an artifact whose files of it are meant. Raises SKC140."""
    if own_plan and not is_log:
        raise fail("SKC140", "--own-plan is for a log", hint="give a log, or leave it out")
    if own_plan and not has_plan:
        raise fail("SKC140", "--own-plan needs an artifact", hint="give the artifact that served, or leave it out")


def left_out_text(others: Sequence[OtherPlan]) -> str:
    """What a report says of those that were left out; "" if there are none."""
    return f"left out by --own-plan: {_named(others)}" if others else ""


def _named(others: Sequence[OtherPlan]) -> str:
    parts = [f"{count(one.requests, 'request')} of {one.plan[:SHORT]}" for one in others[:MOST]]
    return ", ".join(parts) + (f" and {len(others) - MOST} more" if len(others) > MOST else "")
