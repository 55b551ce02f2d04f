"""A replay: one pass over a log, whose requests are recomputed and compared in batches."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import skc_runtime
from skc.artifact import MODEL, Artifact
from skc.diagnostics import fail
from skc.skew.check import LogReport, check_log
from skc.skew.log_plans import LogPlan
from skc.skew.log_reader import Header, LoggedRequest
from skc.skew.replay.columns import columns_of_report
from skc.skew.replay.hidden import Hidden, hidden_by
from skc.skew.replay.keys import check_key
from skc.skew.replay.recompute import recomputed
from skc.skew.replay.report import NotRecomputed, OutputReplay, RefusalReplay, ReplayReport
from skc.skew.replay.rules import ReplayRule
from skc.skew.replay.served import ServedComparison
from skc.skew.replay.shown import MOST_EXAMPLES, Shower
from skc.skew.replay.store import Store, open_store
from skc.skew.replay.times import time_text
from skc.skew.replay.training import Training, columns_of, compare_with, features_in
from skc_runtime.transformer import Transformer

BATCH = 8192  # requests: two chunks of the runtime, which run at once


@dataclass(frozen=True)
class What:
    """Which requests to replay: those from `since` to before `until` (microseconds), the first `rows` of them. Files of
    another pipeline are refused, replayed too (`any_plan`), or left out (`own_plan`).
    """

    since: int | None = None
    until: int | None = None
    rows: int | None = None
    any_plan: bool = False
    own_plan: bool = False
    is_exact: bool = True


def replay(
    artifact: Artifact,
    directory: Path,
    logs: Sequence[Path],
    what: What,
    rules: Sequence[ReplayRule] = (),
    training: Training | None = None,
) -> ReplayReport:
    """Replay the requests of some logs, and compare them with their rows of training, if there are any.

    Raises SKC601 to SKC604, SKC630 if there is no request, and what `compare_with` raises.
    """
    manifest, reading = artifact.manifest, artifact.reading
    with ExitStack() as stack:
        transformer = stack.enter_context(skc_runtime.Transformer(manifest, artifact.files[MODEL]))
        store = None
        if training is not None:
            hidden = (*manifest.log.omit, *manifest.log.hash)
            inputs = [i for i in artifact.pipeline.inputs if i.name not in hidden]
            check_key(training.key, [i.name for i in inputs], hidden)
            features = features_in(manifest, columns_of(training.table, reading), artifact.pipeline.inputs)
            store = stack.enter_context(open_store(training.key, inputs, features))
        replayer = _Replayer(artifact, transformer, what, store)
        hint = "give the artifact that served it; --own-plan leaves it out, --any-plan compares it"
        plan = LogPlan("" if what.any_plan else manifest.plan, what.own_plan, hint)
        log = check_log(logs, plan, replayer)
        replayer.flush()
        if not replayer.comparison.tally.requests:
            raise _nothing(log, what, plan)
        compared = None
        if training is not None and store is not None:
            compared = compare_with(training, store, artifact.pipeline, reading)
    report = _report(artifact, directory, replayer, log, what, rules)
    return replace(report, training=compared, left_out=plan.left_out)


class _Replayer:
    """Gets the requests of a log as they are read (`skc.skew.check.Watch`), and compares them in batches."""

    def __init__(self, artifact: Artifact, transformer: Transformer, what: What, store: Store | None) -> None:
        self._store = store
        self._artifact, self._transformer, self._what = artifact, transformer, what
        self.comparison = ServedComparison(artifact, is_exact=what.is_exact)
        self._batch: list[LoggedRequest] = []
        self._left = what.rows
        self.hidden = hidden_by(artifact, frozenset())
        self._known: dict[frozenset[str], Hidden] = {self.hidden.inputs: self.hidden}

    def begin(self, path: Path, header: Header) -> None:
        """A file, which says what it leaves out."""
        self.flush()
        names = frozenset((*header.omit, *header.hash))
        if names not in self._known:
            self._known[names] = hidden_by(self._artifact, names)
        self.hidden = self._known[names]

    def see(self, request: LoggedRequest) -> None:
        """A request."""
        since, until = self._what.since, self._what.until
        if (since is not None and request.time_us < since) or (until is not None and request.time_us >= until):
            return
        if self._left is not None:
            if not self._left:
                return
            self._left -= 1
        self._batch.append(request)
        if len(self._batch) == BATCH:
            self.flush()

    def flush(self) -> None:
        """Compare what there is."""
        batch, self._batch = self._batch, []
        if batch:
            again = recomputed(self._transformer, self.hidden, batch)
            differs = self.comparison.add(self.hidden, batch, again)
            if self._store is not None:
                self._store.add(batch, differs.tolist(), self.comparison.features)

    @property
    def not_recomputed(self) -> NotRecomputed | None:
        """What any of the files hides."""
        outputs = {o.name: o.columns for o in self._artifact.manifest.outputs}
        inputs = {name for hidden in self._known.values() for name in hidden.inputs}
        places = {place for hidden in self._known.values() for place in hidden.names()}
        order = list(outputs)
        names = tuple(f"{o}: {outputs[o][k]}" for o, k in sorted(places, key=lambda p: (order.index(p[0]), p[1])))
        known = tuple(i.name for i in self._artifact.manifest.inputs if i.name in inputs)
        return NotRecomputed(known, names) if known else None


def _report(
    artifact: Artifact, directory: Path, replayer: _Replayer, log: LogReport, what: What, rules: Sequence[ReplayRule]
) -> ReplayReport:
    comparison, shower = replayer.comparison, Shower(artifact, directory)
    tally = comparison.tally
    outputs = [
        OutputReplay(
            one.spec.name,
            one.digests,
            one.differing,
            one.untold,
            one.malformed,
            tuple(shower.example(row) for row in one.rows.items[:MOST_EXAMPLES]),
        )
        for one in tally.outputs.values()
    ]
    refusals = [
        RefusalReplay(
            "served" if was is None else was.text(),
            "served" if now is None else now.text(),
            one.rows,
            tuple(shower.example(row) for row in one.first.items),
        )
        for (was, now), one in tally.refusals.items()
    ]
    return ReplayReport(
        artifact.manifest.name,
        artifact.manifest.plan,
        log,
        tally.requests,
        tally.refused,
        tally.without_features,
        tally.unknown,
        tally.differing,
        tuple(outputs),
        columns_of_report(artifact, comparison, shower),
        tuple(sorted(refusals, key=lambda r: (-r.rows, r.served, r.recomputed))),
        replayer.not_recomputed,
        _limit(what),
        rules=tuple(rules),
    )


def _limit(what: What) -> str | None:
    parts = [] if what.rows is None else [f"the first {what.rows:,}"]
    parts += [] if what.since is None else [f"from {time_text(what.since)}"]
    parts += [] if what.until is None else [f"to {time_text(what.until)}"]
    return " ".join(parts) or None


def _nothing(log: LogReport, what: What, plan: LogPlan) -> Exception:
    if not log.requests:
        hint = "give a log that has requests: `skc log check` says what is in it"
        return fail("SKC630", "the log has no requests", hint=hint)
    own = log.requests - sum(one.requests for one in plan.left_out)
    plan.check(own)
    assert log.first_us is not None
    assert log.last_us is not None
    times = f"they came from {time_text(log.first_us)} to {time_text(log.last_us)}"
    message = f"none of {own:,} requests is to be replayed: {_limit(what)}"
    return fail("SKC630", message, hint="give other times for --since and --until", notes=[times])
