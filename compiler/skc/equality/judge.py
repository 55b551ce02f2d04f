"""What counts as a difference between two outcomes of the same rows: the single definition for every comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from skc.equality.compare import Comparison, compare
from skc.equality.guards import GuardOrder
from skc.equality.sides import compared_outputs, refusal_code
from skc.ir import Pipeline
from skc.oracle.protocol import Outcome
from skc_runtime.agreement import same_bits
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest, OutputSpec


@dataclass(frozen=True)
class Judgement:
    """`refusals` is bool [N]: rows that only one side refuses, or that each refuses for a different reason. `columns`
    compares each output in the rows that both serve; it is empty if one side has a guard that the other lacks, because
    the values are then not comparable. `by_design` counts, by code, the rows that only the artifact refuses, and may.
    """

    refusals: Array
    columns: Mapping[str, Comparison]
    by_design: Mapping[str, int] = field(default_factory=dict)

    @property
    def differing(self) -> Array:
        """bool [N]: rows with any difference."""
        differs = self.refusals.copy()
        for comparison in self.columns.values():
            differs |= comparison.differs.any(axis=1)
        return differs


class Judge:
    """Compares the outcomes of one artifact with those of an oracle.

    `by_design` are the codes of guards by which the artifact may refuse a row that the oracle serves. The reverse is
    always a difference: a row that the oracle refuses must be refused.
    """

    def __init__(self, pipeline: Pipeline, manifest: Manifest, by_design: Collection[str] = ()) -> None:
        self.order = GuardOrder(pipeline, manifest.guards)
        self._manifest, self._outputs = manifest, compared_outputs(manifest)
        self._by_design = by_design
        codes = [] if manifest.guards is None else [guard.code for guard in manifest.guards.columns]
        self._is_by_design = np.array([code in by_design for code in codes], dtype=bool)

    def compare(self, got: Outcome, want: Outcome) -> Judgement:
        """Compare rows of a graph with those of an oracle: guards first, then the values of rows that are served.

        Rows about which the oracle says nothing are left out.
        """
        if want.uncoded is None and got.guards.shape != want.guards.shape:
            # the graph lacks a guard that fired, or has others than declared
            return Judgement(want.refused if want.refused.any() else np.ones(len(want.guards), dtype=bool), {})
        allowed = self._refused_by_design(got, want)
        refusals = self._unequal_refusals(got, want) & want.defined & ~allowed
        left_out = want.refused | got.refused | ~want.defined
        columns = {
            o.name: compare_output(o, got, want, ignore_rows=left_out) for o in self._outputs if o.name in got.outputs
        }
        codes = (refusal_code(self._manifest, got.guards[i]) for i in np.flatnonzero(allowed))
        return Judgement(np.asarray(refusals), columns, Counter(code for code in codes if code is not None))

    def accepts(self, code: str | None, want: Outcome) -> bool:
        """Whether a service may refuse a single row with this code, or serve it (None)."""
        if not want.defined[0] or (code in self._by_design and not want.refused[0]):
            return True
        if want.uncoded is not None:
            return (code is not None) == bool(want.refused[0])
        return code == refusal_code(self._manifest, want.guards[0])

    def _unequal_refusals(self, got: Outcome, want: Outcome) -> Array:
        """bool [N]; for an oracle without codes, whether a row is refused is all there is to compare."""
        if want.uncoded is not None:
            return np.asarray(got.refused != want.refused)
        hidden = ~self.order.visible(got.guards | want.guards)
        return np.asarray(((got.guards != want.guards) & ~hidden).any(axis=1))

    def _refused_by_design(self, got: Outcome, want: Outcome) -> Array:
        """bool [N]: rows that only the artifact refuses, and by no other guard than it may."""
        only_here = got.refused & ~want.refused & want.defined
        if not self._is_by_design.any() or got.guards.shape[1] != len(self._is_by_design):
            return np.zeros_like(only_here)
        visible = got.guards & self.order.visible(got.guards)
        return np.asarray(only_here & ~visible[:, ~self._is_by_design].any(axis=1))


def compare_output(output: OutputSpec, got: Outcome, want: Outcome, ignore_rows: Array | None = None) -> Comparison:
    """Compare the values of one output, except in ignored rows."""
    values, right = got.outputs[output.name], want.outputs[output.name]
    if want.uncoded is not None:
        right = _with_signs_of_zeros(values, right)
    return compare(
        values,
        right,
        output.exact,
        got_valid=got.valid.get(output.name),
        want_valid=want.valid.get(output.name),
        ignore_rows=ignore_rows,
    )


def _with_signs_of_zeros(got: Array, want: Array) -> Array:
    """The values of another library, with our signs where both are zero: its sparse tables have no -0.0."""
    if got.dtype.kind != "f" or got.shape != want.shape:
        return want
    return np.where((got == 0) & (want == 0), got, want)


def other_bits(got: Outcome, want: Outcome) -> dict[str, Array]:
    """Per output a bool [N, K]: where the bits differ, or only one has a value."""
    result = {}
    for name, right in want.outputs.items():
        value = got.outputs[name]
        bad = np.ones(right.shape, dtype=bool) if value.shape != right.shape else ~same_bits(value, right)
        result[name] = bad | (got.valid[name] != want.valid[name]) if name in want.valid else bad
    return result
