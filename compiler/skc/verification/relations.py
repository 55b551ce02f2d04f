"""Relations of a graph with itself, which need no oracle: the same bits at every optimisation level, batch size and
order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from skc.artifact import MODEL
from skc.equality.judge import other_bits
from skc.equality.sides import Graph, feeds
from skc.oracle.protocol import Outcome
from skc.rows.sampling import RowsOf
from skc.rows.sources import RecordAt
from skc.verification.comparer import Comparer
from skc.verification.findings import Findings
from skc.verification.report import Check
from skc_runtime.kinds import Array
from skc_runtime.session import Optimisation

BATCHES = (3, 8, 1001)
ALONE_ROWS = 2_000
LEVELS: tuple[Optimisation, ...] = ("disabled", "extended", "all")


class Relations:
    """Every relation of the graph with itself on some records; `command` repeats the verification."""

    def __init__(self, comparer: Comparer, records: RowsOf, seed: int, command: str) -> None:
        self._comparer, self._records, self._seed, self._command = comparer, records, seed, command
        self.checks = [
            *(_check(f"optimisation {level}", "the same bits at this level") for level in LEVELS),
            *(_check(f"batch {size}", _about(size)) for size in (1, *BATCHES)),
            _check("shuffled", "in another order: the same bits"),
        ]

    def results(self) -> Iterator[Check]:
        """Each of the checks, once it is made. Raises SkcRuntimeError."""
        graph, records = self._comparer.graph, self._records
        manifest, model = self._comparer.artifact.manifest, self._comparer.artifact.files[MODEL]
        tensors = feeds(manifest, records.blocks(self._comparer.artifact.pipeline.inputs, range(len(records))))
        outcome, checks = graph.run_feeds(tensors), iter(self.checks)
        for level in LEVELS:
            yield self._relate(next(checks), outcome, Graph(manifest, model, level).run_feeds(tensors))
        for size in (1, *BATCHES):
            count = min(len(records), ALONE_ROWS if size == 1 else len(records))
            parts = [graph.run_feeds(_rows(tensors, slice(i, min(i + size, count)))) for i in range(0, count, size)]
            yield self._relate(next(checks), outcome.rows(slice(0, count)), _join(parts))
        order = np.random.default_rng(self._seed).permutation(len(records))
        shuffled = graph.run_feeds(_rows(tensors, order))
        yield self._relate(next(checks), outcome.rows(order), shuffled, lambda i: records[int(order[i])])

    def _relate(self, check: Check, want: Outcome, got: Outcome, record: RecordAt | None = None) -> Check:
        record = record or self._records.__getitem__
        return _compare(check, want, got, record, self._comparer.findings, self._command)


def _check(name: str, about: str) -> Check:
    return Check(name, about, 0, 0, 0, against_reference=False)


def _about(size: int) -> str:
    return "each row alone: the same bits" if size == 1 else f"in batches of {size}: the same bits"


def _compare(check: Check, want: Outcome, got: Outcome, record: RecordAt, findings: Findings, command: str) -> Check:
    served = ~want.refused
    differing = (want.guards != got.guards).any(axis=1)
    findings.guards(check.name, differing, got, want, record, command)
    for output, bits in other_bits(got, want).items():
        bad = bits & served[:, None]
        differing |= bad.any(axis=1)
        findings.values(check.name, output, bad, got, want, record, command)
    values = int(served.sum()) * sum(one.shape[1] for one in want.outputs.values())
    return check.plus(len(served), values, int(differing.sum()), int((~served).sum()))


def _rows(tensors: Mapping[str, Array], index: Array | slice) -> dict[str, Array]:
    return {name: array[index] for name, array in tensors.items()}


def _join(parts: Sequence[Outcome]) -> Outcome:
    first = parts[0]
    return Outcome(
        {name: np.concatenate([p.outputs[name] for p in parts]) for name in first.outputs},
        {name: np.concatenate([p.valid[name] for p in parts]) for name in first.valid},
        np.concatenate([p.guards for p in parts]),
    )
