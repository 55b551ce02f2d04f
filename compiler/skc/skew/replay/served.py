"""Features and refusals as a service logged them, compared with those that are recomputed: by digest, then by values.

Why digests first: equal digests are equal values, which need not be read; and a log need not have more than digests. A
digest is of a whole output, so it tells the row, but not the column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skc.artifact import Artifact
from skc.equality.compare import Comparison, compare
from skc.equality.tally import Tally
from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.digests import digests
from skc.skew.replay.full import Full, decoded
from skc.skew.replay.hidden import Hidden
from skc.skew.replay.recompute import Features, Recomputed, Refusal
from skc.skew.replay.sample import Spread
from skc_runtime.agreement import same_bits
from skc_runtime.kinds import Array
from skc_runtime.manifest import OutputSpec

MOST_ROWS = 2000  # of a column that are kept to find out why they differ
MOST_SEEN = 1000  # of all requests, to try what explains the others
# What a log cannot show again, because it has the inputs of a request and nothing else of it.
NOT_IN_LOG = frozenset(
    {
        *("unknown-key", "duplicate-column", "unsupported-type", "unsupported-data", "wrong-shape", "unequal-lengths"),
        *("malformed-json", "request-too-large", "closed", "invalid-option", "log-failed"),
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """A request with one value of its features as served and as recomputed; None is null, both None for a digest."""

    request: LoggedRequest
    hidden: Hidden
    served: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Seen:
    """A request with all features in full: by output, what was served, recomputed, and what differs (bool [K])."""

    request: LoggedRequest
    hidden: Hidden
    features: Mapping[str, tuple[Sequence[Any], Sequence[Any], Array]]


@dataclass
class OutputTally:
    """What was compared of one output: `values` rows by value, `digests` by their digest alone, of which `differing`
    differ; `untold` have a digest that includes a column that cannot be recomputed. `compared` is int [K].
    """

    spec: OutputSpec
    compared: Array
    columns: list[Spread[Row]]  # the rows of each that differ
    digests: int = 0
    differing: int = 0
    untold: int = 0
    malformed: int = 0
    rows: Spread[Row] = field(default_factory=lambda: Spread(MOST_ROWS))


@dataclass
class RefusalTally:
    """Requests that were refused for one reason, or served (None), and now are for another."""

    rows: int = 0
    first: Spread[Row] = field(default_factory=lambda: Spread(3))


@dataclass
class ServedTally:
    """Everything that was compared."""

    requests: int = 0
    refused: int = 0
    without_features: int = 0
    unknown: int = 0  # requests that cannot be made again
    differing: int = 0  # requests with any difference
    outputs: dict[str, OutputTally] = field(default_factory=dict)
    refusals: dict[tuple[Refusal | None, Refusal | None], RefusalTally] = field(default_factory=dict)
    seen: Spread[Seen] = field(default_factory=lambda: Spread(MOST_SEEN))


@dataclass
class ServedFeatures:
    """The features of a batch as they were served: by value, or as recomputed where the digest is that of those.

    `rows` are those of the batch with features in the log, `recomputed` [M, K] belongs to them. By output, `full` has
    the place among `rows`, the values in full, the recomputed ones, and what differs (bool [M, K]); `proven` the places
    with an equal digest.
    """

    size: int
    rows: list[int] = field(default_factory=list)
    recomputed: Features = field(default_factory=dict)
    full: dict[str, tuple[dict[int, int], Full, Full, Array]] = field(default_factory=dict)
    proven: dict[str, list[int]] = field(default_factory=dict)

    def column(self, output: OutputSpec, k: int) -> tuple[list[Any], list[bool]]:
        """One feature of every row of the batch, None for null, and whether it is known."""
        values: list[Any] = [None] * self.size
        known = [False] * self.size
        if output.name in self.full:
            places, full, _, _ = self.full[output.name]
            for place, i in places.items():
                values[self.rows[place]], known[self.rows[place]] = full.value(i, k), True
        proven = self.proven.get(output.name, ())
        if proven:
            again = _some(self.recomputed, output, proven)
            for i, place in enumerate(proven):
                values[self.rows[place]], known[self.rows[place]] = again.value(i, k), True
        return values, known


class ServedComparison:
    """Compares batch after batch. With `is_exact` every feature must be the same to the bit; otherwise floats that are
    not exact on every machine agree within 1e-6, as golden records do with `replay="tolerance"`.
    """

    def __init__(self, artifact: Artifact, *, is_exact: bool) -> None:
        self._is_exact = is_exact
        self.features = ServedFeatures(0)  # of the last batch
        self._outputs = artifact.manifest.outputs
        self.values = Tally(artifact.manifest)
        self.tally = ServedTally(
            outputs={
                o.name: OutputTally(o, np.zeros(len(o.columns), np.int64), [Spread(MOST_ROWS) for _ in o.columns])
                for o in self._outputs
            }
        )

    def add(self, hidden: Hidden, batch: Sequence[LoggedRequest], again: Recomputed) -> Array:
        """Count a batch; bool [N]: the requests with a difference."""
        tally = self.tally
        differs = np.zeros(len(batch), dtype=bool)
        tally.requests += len(batch)
        tally.unknown += len(again.unknown)
        self._refusals(hidden, batch, again, differs)
        rows: list[int] = []
        places: list[int] = []
        for place, row in enumerate(again.rows):
            document = batch[row].document
            if "error" in document:
                continue
            if not isinstance(document.get("features"), dict):
                tally.without_features += 1
                continue
            rows.append(row)
            places.append(place)
        if not rows:
            self.features = ServedFeatures(len(batch))
        else:
            requests = [batch[row] for row in rows]
            features = {name: array[places] for name, array in again.features.items()}
            self.features = ServedFeatures(len(batch), rows, features)
            for output in self._outputs:
                differs[rows] |= self._output(hidden, output, requests, features)
            self._see(hidden, requests)
        tally.differing += int(differs.sum())
        return differs

    def _refusals(self, hidden: Hidden, batch: Sequence[LoggedRequest], again: Recomputed, differs: Array) -> None:
        served = set(again.rows)
        for k in [k for k, request in enumerate(batch) if "error" in request.document or k in again.refusals]:
            document = batch[k].document
            was = _logged(document["error"]) if "error" in document else None
            if was is not None:
                self.tally.refused += 1
            if k in again.unknown:
                continue
            now = again.refusals.get(k)
            if was == now:
                continue
            if was is not None and (was.code in NOT_IN_LOG or _is_hidden(was, hidden)) and k in served:
                self.tally.unknown += 1
                continue
            differs[k] = True
            one = self.tally.refusals.setdefault((was, now), RefusalTally())
            one.rows += 1
            one.first.offer([k], lambda k: Row(batch[k], hidden, None, None))

    def _output(self, hidden: Hidden, spec: OutputSpec, requests: Sequence[LoggedRequest], features: Features) -> Array:
        """bool [N]: the requests that differ in one output."""
        tally = self.tally.outputs[spec.name]
        differs = np.zeros(len(requests), dtype=bool)
        logged = [request.document["features"].get(spec.name) for request in requests]
        by_digest = [k for k, value in enumerate(logged) if type(value) is int]
        by_value = [k for k, value in enumerate(logged) if type(value) is list]
        tally.malformed += sum(value is not None for value in logged) - len(by_digest) - len(by_value)
        if by_digest:
            differs[by_digest] = self._digests(hidden, spec, requests, features, by_digest)
        if by_value:
            full, whole = decoded(spec, [requests[k].document["features"] for k in by_value])
            tally.malformed += len(by_value) - len(whole)
            if whole:
                at = [by_value[k] for k in whole]
                want = _some(features, spec, at)
                unlike = self._full(hidden, spec, [requests[k] for k in at], full, want)
                differs[at] = unlike.any(axis=1)
                self.features.full[spec.name] = ({row: k for k, row in enumerate(at)}, full, want, unlike)
        return differs

    def _digests(
        self,
        hidden: Hidden,
        spec: OutputSpec,
        requests: Sequence[LoggedRequest],
        features: Features,
        rows: Sequence[int],
    ) -> Array:
        tally = self.tally.outputs[spec.name]
        if hidden.columns[spec.name].any():
            tally.untold += len(rows)
            return np.zeros(len(rows), dtype=bool)
        unlike = np.zeros(len(rows), dtype=bool)
        for name in (spec.name, spec.valid):
            if name is not None:
                logged = [requests[k].document["features"].get(name) for k in rows]
                unlike |= np.array(
                    [a != b for a, b in zip(logged, digests(features[name][rows]), strict=True)], dtype=bool
                )
        self.features.proven[spec.name] = [row for row, differs in zip(rows, unlike, strict=True) if not differs]
        tally.digests += len(rows)
        places = np.flatnonzero(unlike)
        tally.differing += len(places)
        tally.rows.offer(places.tolist(), lambda k: Row(requests[rows[k]], hidden, None, None))
        return unlike

    def _full(
        self, hidden: Hidden, spec: OutputSpec, requests: Sequence[LoggedRequest], full: Full, want: Full
    ) -> Array:
        tally, covered = self.tally.outputs[spec.name], hidden.columns[spec.name]
        compared = self._compared(spec, full, want, covered)
        self.values.add(spec.name, compared)
        tally.compared += np.where(covered, 0, len(requests))
        for k in np.flatnonzero(compared.differs.any(axis=0)).tolist():
            places = np.flatnonzero(compared.differs[:, k]).tolist()

            def row(i: int, k: int = k) -> Row:
                return Row(requests[i], hidden, full.value(i, k), want.value(i, k))

            tally.columns[k].offer(places, row)
        return compared.differs

    def _see(self, hidden: Hidden, requests: Sequence[LoggedRequest]) -> None:
        """Keep some requests that have all features in full, whether they differ or not."""
        whole = self.features.full
        if len(whole) < len(self._outputs):
            return
        rows = set(range(len(requests))).intersection(*(at for at, _, _, _ in whole.values()))

        def seen(i: int) -> Seen:
            features = {
                name: (full.row(at[i]), want.row(at[i]), unlike[at[i]])
                for name, (at, full, want, unlike) in whole.items()
            }
            return Seen(requests[i], hidden, features)

        self.tally.seen.offer(sorted(rows), seen)

    def _compared(self, spec: OutputSpec, full: Full, want: Full, covered: Array) -> Comparison:
        ignore = np.broadcast_to(covered, want.values.shape)
        exact = (True,) * len(spec.columns) if self._is_exact else spec.exact
        served = full.values.astype(want.values.dtype, copy=False)
        valid = want.valid  # an own feature may be null where the artifact's cannot be
        if valid is None and full.valid is not None:
            valid = np.ones(want.values.shape, dtype=bool)
        ignored = np.asarray(ignore)
        compared = compare(served, want.values, exact, got_valid=full.valid, want_valid=valid, ignore=ignored)
        if served.dtype == full.values.dtype or not self._is_exact:
            return compared
        # what a model got as float64 need not be the float32 that it is nearest to
        unlike = ~same_bits(full.values, served.astype(np.float64)) & ~ignore
        return Comparison(compared.differs | unlike, compared.worst_ulp, compared.worst_error)


def _some(features: Features, spec: OutputSpec, rows: Sequence[int]) -> Full:
    return Full(features[spec.name][rows], None if spec.valid is None else features[spec.valid][rows])


def _logged(error: Any) -> Refusal:
    if not isinstance(error, Mapping):
        return Refusal("unknown", None, None)
    texts = [value if isinstance(value := error.get(key), str) else None for key in ("code", "input", "step")]
    return Refusal(texts[0] or "unknown", texts[1], texts[2])


def _is_hidden(refusal: Refusal, hidden: Hidden) -> bool:
    return refusal.input in hidden.inputs or refusal.step in hidden.steps
