"""What a transformer counts of its calls: rows, refusals, signals of steps and durations; and an observer of each call.

Why a set of counters per thread: no call waits for another one, and none of a thread's counts is lost to a race. They
are added up when somebody asks. The counters of a thread that has ended are kept in a common set, so that memory is
bounded by the threads that live.

A call counts when it has ended. If it is refused, it counts as one refusal, by its code and input; what is wrong in a
batch is one row, and none of it is served. Names in labels are those of the pipeline, never something that a request
contains.
"""

from __future__ import annotations

import os
import threading
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skc_runtime.errors import RecordError, SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest, SignalColumn

# Upper bounds of the buckets of durations, in microseconds, and as the text of a label.
BOUNDS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
LABELS = (
    *("0.00001", "0.000025", "0.00005", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025"),
    *("0.05", "0.1", "0.25", "0.5", "1"),
)
_BOUNDS_NS = tuple(1_000 * bound for bound in BOUNDS)
AT_ONCE = 256  # rows whose signals are added up
Refusal = tuple[str, str]  # code, input; "" where it is not about one


class Call(NamedTuple):
    """One call of a transformer, as an observer sees it.

    `rows` is the number of rows served, 0 if it was refused; `code` is None unless it was.
    """

    identity: str | None
    rows: int
    code: str | None
    seconds: float


Observer = Callable[[Call], None]


@dataclass(frozen=True)
class StepCount:
    """The rows served whose value in column `input` of `step` was of this kind; `training` is their share in training,
    a decimal, if it is known.
    """

    step: str
    input: str
    kind: str
    rows: int
    training: str | None


@dataclass(frozen=True)
class Durations:
    """How long calls took: `counts[i]` of them at most `BOUNDS[i]` microseconds, and more than the bound before it; the
    last counts those above all bounds. `nanoseconds` is their sum.
    """

    counts: tuple[int, ...]
    nanoseconds: int


@dataclass(frozen=True)
class Signals:
    """The counts of one transformer since it was loaded, in this process."""

    rows: int
    refused: Mapping[Refusal, int]
    steps: tuple[StepCount, ...]
    durations: Durations


class _Counters:
    """Those of one thread. `waiting` are the signals of single rows, which are added up a few hundred at a time: adding
    one takes ten times as long as keeping it. The lock is for that alone.
    """

    __slots__ = ("_lock", "buckets", "nanoseconds", "refused", "rows", "steps", "waiting")

    def __init__(self, width: int) -> None:
        self.rows = self.nanoseconds = 0
        self.refused: dict[Refusal, int] = {}
        self.steps = np.zeros(width, dtype=np.int64)
        self.waiting: list[bytes] = []
        self.buckets = [0] * (len(BOUNDS) + 1)
        self._lock = threading.Lock()

    def add_up(self) -> None:
        """Add up the rows that are waiting; by their own thread."""
        self.batch(0, _sums(self.waiting, len(self.steps)), len(self.waiting))

    def batch(self, rows: int, counts: Array, added: int = 0) -> None:
        """Count served rows; with `added`, so many of those that are waiting."""
        with self._lock:
            self.rows += rows
            self.steps += counts
            del self.waiting[:added]

    def counts(self) -> Array:
        """int64 [S], those that are waiting included; from any thread."""
        with self._lock:
            return np.asarray(self.steps + _sums(tuple(self.waiting), len(self.steps)))

    def add(self, other: _Counters) -> None:
        self.rows += other.rows
        self.nanoseconds += other.nanoseconds
        self.steps += other.counts()
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]
        for refusal, count in tuple(other.refused.items()):
            self.refused[refusal] = self.refused.get(refusal, 0) + count


class Watch:
    """Counts the calls of one transformer, if its artifact has signals, and tells its observer of each."""

    def __init__(self, manifest: Manifest, identity: str | None, observer: Observer | None) -> None:
        self._columns = () if manifest.signals is None else manifest.signals.columns
        self._identity, self._observer = identity, observer
        guards = () if manifest.guards is None else manifest.guards.columns
        self._names = frozenset([*(i.name for i in manifest.inputs), *(guard.input for guard in guards)])
        self._adding = threading.Lock()
        self.forget()
        _WATCHES.add(self)

    def forget(self) -> None:
        """Count from 0: after a fork in the child, whose parent goes on counting."""
        self._adding = threading.Lock()
        self._own = threading.local()
        self._living: list[tuple[weakref.ref[threading.Thread], _Counters]] = []
        self._ended = _Counters(len(self._columns))

    def served(self, signals: Array | None, nanoseconds: int) -> None:
        """Count the end of a call that served a single record, by its signals, bool [1, S], if there are any.

        In one function, since it is a part of every such call.
        """
        if signals is not None:
            try:
                counters: _Counters = self._own.counters
            except AttributeError:
                counters = self._counters()
            counters.rows += 1
            counters.nanoseconds += nanoseconds
            counters.buckets[bisect_left(_BOUNDS_NS, nanoseconds)] += 1
            waiting = counters.waiting
            waiting.append(signals.tobytes())
            if len(waiting) >= AT_ONCE:
                counters.add_up()
        if self._observer is not None:
            self._tell(Call(self._identity, 1, None, nanoseconds * 1e-9))

    def batch(self, rows: int, counts: Array) -> None:
        """Count served rows; `counts`, int64 [S], has how many of them have each signal."""
        self._counters().batch(rows, counts)

    def ended(self, rows: int, nanoseconds: int, error: SkcRuntimeError | None) -> None:
        """Count the end of a call: rows that are served, or the reason of a refusal. Misuse is not a call."""
        if error is not None and error.code in ("closed", "invalid-option"):
            return
        if self._columns:
            counters = self._counters()
            counters.nanoseconds += nanoseconds
            counters.buckets[bisect_left(_BOUNDS_NS, nanoseconds)] += 1
            if isinstance(error, RecordError):
                refusal = error.code, error.input if error.input in self._names else ""
                counters.refused[refusal] = counters.refused.get(refusal, 0) + 1
        if self._observer is not None:
            self._tell(Call(self._identity, rows, None if error is None else error.code, nanoseconds * 1e-9))

    def _tell(self, call: Call) -> None:
        try:
            if self._observer is not None:
                self._observer(call)
        except Exception as raised:  # of the caller's function: reported as by a thread, and the request is served
            thread = threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs((type(raised), raised, raised.__traceback__, thread)))

    def _counters(self) -> _Counters:
        try:
            counters: _Counters = self._own.counters
        except AttributeError:
            counters = self._own.counters = _Counters(len(self._columns))
            with self._adding:
                self._bury()
                self._living.append((weakref.ref(threading.current_thread()), counters))
        return counters

    def _bury(self) -> None:
        """Keep the counts of threads that have ended in one place."""
        for thread, counters in self._living:
            if not _is_alive(thread):
                self._ended.add(counters)
        self._living = [(thread, counters) for thread, counters in self._living if _is_alive(thread)]

    def signals(self) -> Signals:
        """The counts of all threads."""
        total = _Counters(len(self._columns))
        with self._adding:
            total.add(self._ended)
            for _, counters in self._living:
                total.add(counters)
        durations = Durations(tuple(total.buckets), total.nanoseconds)
        return Signals(total.rows, total.refused, tuple(_steps(self._columns, total.steps.tolist())), durations)


_WATCHES: weakref.WeakSet[Watch] = weakref.WeakSet()


def _forget_all() -> None:
    for watch in _WATCHES:
        watch.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _sums(rows: Sequence[bytes], width: int) -> Array:
    """int64 [S]: how many of some rows have each signal."""
    flags = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), width)
    return np.asarray(flags.sum(axis=0, dtype=np.int64))


def _is_alive(thread: weakref.ref[threading.Thread]) -> bool:
    known = thread()
    return known is not None and known.is_alive()


def _steps(columns: tuple[SignalColumn, ...], counts: list[int]) -> Iterator[StepCount]:
    """One per step, input and kind: columns of the same name are one series."""
    totals: dict[tuple[str, str, str], int] = {}
    for column, count in zip(columns, counts, strict=True):
        place = (column.step, column.input, str(column.kind))
        totals[place] = totals.get(place, 0) + count
    shares = {(column.step, column.input, str(column.kind)): column.training for column in columns}
    for place, count in totals.items():
        yield StepCount(*place, count, shares[place])


def exposition(name: str, plan: str, counted: Signals, log_dropped: int | None) -> str:
    """The counts in the text format of Prometheus, version 0.0.4: the same bytes in every language."""
    of = f'name="{escaped(name)}",plan="{plan[:8]}"'
    lines = [*_head("skc_rows_total", "counter", "Rows that were served."), f"skc_rows_total{{{of}}} {counted.rows}"]
    lines += _head("skc_refused_total", "counter", "Calls that were refused, by code and input.")
    for (code, refused), count in sorted(counted.refused.items()):
        lines.append(f'skc_refused_total{{{of},code="{code}",input="{escaped(refused)}"}} {count}')
    places = [(f'{of},step="{escaped(s.step)}",input="{escaped(s.input)}",kind="{s.kind}"', s) for s in counted.steps]
    lines += _head("skc_step_total", "counter", "Rows with a value of this kind in a column of a step.")
    lines += [f"skc_step_total{{{labels}}} {step.rows}" for labels, step in places]
    if any(step.training is not None for step in counted.steps):
        lines += _head("skc_training_ratio", "gauge", "The share of such rows in the training data.")
        lines += [f"skc_training_ratio{{{labels}}} {s.training}" for labels, s in places if s.training is not None]
    if log_dropped is not None:
        lines += _head("skc_log_dropped_total", "counter", "Requests that the request log dropped.")
        lines.append(f"skc_log_dropped_total{{{of}}} {log_dropped}")
    lines += _head("skc_transform_seconds", "histogram", "The duration of calls.")
    calls = 0
    for label, count in zip((*LABELS, "+Inf"), counted.durations.counts, strict=True):
        calls += count
        lines.append(f'skc_transform_seconds_bucket{{{of},le="{label}"}} {calls}')
    seconds, rest = divmod(counted.durations.nanoseconds, 10**9)
    lines += [f"skc_transform_seconds_sum{{{of}}} {seconds}.{rest:09}", f"skc_transform_seconds_count{{{of}}} {calls}"]
    return "\n".join(lines) + "\n"


def _head(metric: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {metric} {about}", f"# TYPE {metric} {kind}"]


def escaped(label: str) -> str:
    """A label's value between quotes."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
