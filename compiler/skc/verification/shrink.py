"""The smallest row that still shows a difference: irrelevant inputs are plain, relevant ones short.

Why our own shrinker: Hypothesis shrinks only what it has drawn itself and cannot start from an existing row. The moves
are the same: one input after the other takes a simpler value, as long as the difference remains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from skc.artifact import Artifact
from skc.equality.judge import Judge
from skc.equality.sides import Graph, compared_outputs
from skc.ir import Input
from skc.oracle.protocol import Oracle, Outcome
from skc.rows.sampling import Record, is_legal, to_blocks
from skc.values.types import Scalar
from skc.verification.report import GUARDS, Difference, refusal_kind
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError

BUDGET = 200  # rows to try for one difference
Shows = Callable[[Record], bool]


class Shrinker:
    """Shrinks the rows of differences between a graph and its oracle."""

    def __init__(
        self, artifact: Artifact, graph: Graph, oracle: Oracle, judge: Judge, base: Mapping[str, Scalar]
    ) -> None:
        self._manifest, self._inputs = artifact.manifest, artifact.pipeline.inputs
        self._graph, self._oracle, self._judge, self._base = graph, oracle, judge, base

    def smallest(self, difference: Difference) -> Record | None:
        """A simpler row than that of a difference, in which the same column differs; None if there is none."""
        decoded = golden.decode_record(self._manifest, difference.record)
        record = {i.name: decoded.get(i.name) for i in self._inputs}
        if not self._differs(difference, record):  # it differs only in its original batch, or the graph fails on it
            return None
        small = shrunk(record, self._base, self._inputs, lambda row: self._differs(difference, row))
        return None if small == record else small

    def outcomes(self, record: Record) -> tuple[Outcome, Outcome]:
        """The outcomes of the graph and the oracle for a row. Raises SkcRuntimeError if the graph fails."""
        blocks = to_blocks(self._inputs, [record])
        return self._graph.run(blocks), self._oracle.run(blocks)

    def _differs(self, difference: Difference, record: Record) -> bool:
        try:
            got, want = self.outcomes(record)
        except SkcRuntimeError:
            return False
        judgement = self._judge.compare(got, want)
        if difference.output == GUARDS:
            return bool(judgement.refusals[0]) and difference.kind == refusal_kind(got, want, 0)
        if not judgement.columns:
            return False
        output = next(o for o in compared_outputs(self._manifest) if o.name == difference.output)
        differs = judgement.columns[output.name].differs[0]
        return bool(differs[output.columns.index(difference.column)])


def shrunk(record: Record, base: Mapping[str, Scalar], inputs: Sequence[Input], shows: Shows) -> Record:
    """A simpler row for which `shows` is still true. `base` has a plain value for each input."""
    search = _Search(dict(record), shows)
    for value in inputs:  # most inputs have nothing to do with the difference
        search.replace(value.name, base[value.name])
    for value in inputs:
        if not _same(search.best[value.name], base[value.name]):
            _simplify(search, value)
    return search.best


class _Search:
    """The best row so far, and how many rows may still be tried."""

    def __init__(self, record: Record, shows: Shows) -> None:
        self.best = record
        self._shows = shows
        self._left = BUDGET

    def replace(self, name: str, value: Scalar) -> bool:
        """Try the row with another value of one input; if it still shows the difference, it becomes the best."""
        if self._left == 0 or _same(self.best[name], value):
            return False
        self._left -= 1
        candidate = {**self.best, name: value}
        if not self._shows(candidate):
            return False
        self.best = candidate
        return True


def _simplify(search: _Search, value: Input) -> None:
    """Take simpler values as long as one still shows the difference."""
    while any(search.replace(value.name, v) for v in _simpler(search.best[value.name]) if is_legal(value, v)):
        pass


def _simpler(value: Scalar) -> Iterator[Scalar]:
    """Values that are simpler than this one, the simplest first."""
    if isinstance(value, str):
        yield from _shorter(value)
    elif isinstance(value, float):
        yield from _rounder(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (near for near in (0, 1, value // 10**9, value // 1000, value // 10) if abs(near) < abs(value))


def _shorter(text: str) -> Iterator[str]:
    """The text without a half, a quarter, … one character."""
    size = len(text)
    while size > 1:
        size = (size + 1) // 2
        yield from (text[:at] + text[at + size :] for at in range(0, len(text), size))
    if len(text) == 1:
        yield ""


def _rounder(value: float) -> Iterator[float]:
    """Numbers with fewer digits, integers too."""
    if not math.isfinite(value):
        return
    digits = len(repr(abs(value)).replace(".", "").strip("0"))
    yield from (near for near in (0.0, 1.0) if digits > 1 or abs(value) > 1)
    for precision in range(1, digits):
        near = float(f"{value:.{precision - 1}e}")
        if near != value:
            yield near


def _same(a: Scalar, b: Scalar) -> bool:
    """The same value, including the sign of zero; NaN equals NaN."""
    return type(a) is type(b) and repr(a) == repr(b)
