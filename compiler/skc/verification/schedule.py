"""What a verification tries within its budget of time: a part of everything, then the rest of it while there is time.

Why shares: boundaries come first, because they find most, but a vocabulary has a million of them. A check that was not
even begun says nothing; so each gets at least its first rows, then a share of the time that is left. Without a budget,
every check is finished before the next one begins.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skc.rows.sampling import Record
from skc.verification.report import Check

Work = Iterator[None]  # one part of it for each `next`
AT_ONCE = 1024  # rows in a part, where there is a budget
# Of the time that is left when a check begins: by the name of the check.
SHARES: Mapping[str, float] = {
    "data": 0.15,
    "boundaries": 0.35,
    "branches": 0.2,
    "generated": 0.15,
    "hostile": 0.2,
    "relations": 0.2,
    "runtime": 0.2,
    "steps": 0.7,
}


@dataclass
class Trying:
    """A check in progress, and the rows of it: those tried so far are the first `done` of `records`."""

    check: Check
    records: Sequence[Record] = ()
    done: int = 0
    refused: list[bool] = field(default_factory=list)

    def after(self, check: Check, rows: int) -> None:
        """The check after some more rows, which the budget then has not left out."""
        self.check = replace(check, left=max(0, self.check.left - rows))
        self.done += rows


class Schedule:
    """Runs the work of checks. `seconds` is None without a budget."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._end = math.inf if seconds is None else clock() + seconds
        self.is_limited = seconds is not None
        self._unfinished: list[Work] = []

    @property
    def is_over(self) -> bool:
        """No time is left."""
        return self._clock() >= self._end

    def begin(self, name: str, work: Work) -> None:
        """The first part of the work of a check, and as many others as its share allows."""
        now = self._clock()
        end = now + SHARES.get(name, 1.0) * max(0.0, self._end - now)
        for _ in work:
            if self._clock() >= end:
                self._unfinished.append(work)
                return

    def finish(self) -> None:
        """What is unfinished, in the order in which it was begun, until the budget is used up."""
        for work in self._unfinished:
            while not self.is_over and next(work, self) is not self:
                pass
