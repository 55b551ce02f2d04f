"""`skc verify`: compares the graph with an oracle, and with itself under every relation that needs no oracle.

Rows come from sources: the user's data, the boundaries of every step carried back to raw inputs, generated records and
hostile ones. For a row that a guard refuses on both sides, only the guards are compared. Steps whose boundaries cannot
be carried back are also run on their own, cut out of the graph.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skc.artifact import GOLDEN, Artifact
from skc.diagnostics import fail
from skc.equality.recorded import as_wide, read_golden, recorded_outcome
from skc.equality.trials import trials
from skc.oracle.default import step_oracle
from skc.oracle.protocol import AsksAlone, Oracle
from skc.passes.prune import prune
from skc.progress import Stages
from skc.rows.boundaries import Reach, StepBoundaries
from skc.rows.sampling import Record, RowsOf, blocks_at, spread, stacked, to_blocks
from skc.rows.sources import OwnSources, Records, Stream
from skc.values.types import Block
from skc.verification import identity
from skc.verification.alone import Alone
from skc.verification.comparer import Comparer
from skc.verification.explain import walks_of
from skc.verification.relations import Relations
from skc.verification.report import GOLDEN_FILE, ByDesign, Check, Report
from skc.verification.schedule import AT_ONCE, Schedule, Trying, Work
from skc.verification.serving import compare_served
from skc.verification.shrink import Shrinker
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.golden import GoldenCase
from skc_runtime.session import VERSION as ONNXRUNTIME

if TYPE_CHECKING:
    from skc.verification.data_tally import DataTally

RELATED_ROWS = 4 * 1001
RUNTIME_ROWS = 300
SHOWN_WALKS = 3
MOST_SERVED = 200  # of the user's rows that are served: candidates for the base row, and values for other rows
DATA_SAMPLE = 1_000  # of the user's rows are also tried with the relations and the runtime


@dataclass(frozen=True)
class Options:
    """How much to try: `rows` generated records from `seed`. Neither is negative; `skc.options` ensures that.

    `without_oracle`: also what would be the same with any other oracle, such as the relations of the graph with itself.
    `repeat`: the options of `skc verify` that choose the oracle, if it is not the reference.
    `budget`: the seconds that may pass until no more rows are tried; None for as long as it takes.
    """

    rows: int = 10_000
    seed: int = 0
    without_oracle: bool = True
    repeat: tuple[str, ...] = ()
    budget: float | None = None


def verify(
    artifact: Artifact,
    directory: Path | None = None,
    data: Iterable[Mapping[str, Block]] | None = None,
    options: Options | None = None,
    progress: Stages | None = None,
    oracle: Oracle | None = None,
    reach: Reach | None = None,
    data_rows: int = 0,
) -> Report:
    """Try an artifact on rows of every source. `data` yields blocks [N, 1] per input name, of `data_rows` rows in all;
    the oracle is the reference by default.
    """
    started = time.perf_counter()
    options, reach = options or Options(), reach or Reach()
    run = _Run(artifact, directory, options, progress or (lambda _: None), oracle, reach)
    schedule = run.schedule
    if options.without_oracle:
        run.recompile()
    of_data = None if data is None else run.compare_data(data, data_rows)
    golden, cases = read_golden(artifact.manifest, artifact.files[GOLDEN])
    served_rows = [] if of_data is None else of_data.served
    amount = (options.rows, options.seed)
    at_once = AT_ONCE if schedule.is_limited else None
    sources = OwnSources(run.pipeline, run.found, *amount, run.evaluate, golden, served_rows, reach, at_once)
    for source in sources:
        sources.learn(source, run.compare(source))
    run.compare(Records("golden", "the golden records", run.pipeline, golden))
    run.golden_file(golden, cases)
    if of_data is not None:  # after the sources that always exist, which is the order of a report
        run.add(of_data.trying)
    if options.without_oracle:
        run.relations()
    run.runtime()
    if options.without_oracle:
        run.steps_alone(sources.boundaries)
    schedule.finish()
    run.shrink(sources.base)
    return run.report(time.perf_counter() - started, sources, of_data)


def verify_record(artifact: Artifact, directory: Path | None, record: Record, oracle: Oracle | None = None) -> Report:
    """Verify only this record."""
    started = time.perf_counter()
    run = _Run(artifact, directory, Options(), lambda _: None, oracle)
    run.compare(Records("record", "the given record", run.pipeline, [record]))
    run.runtime()
    return run.report(time.perf_counter() - started)


@dataclass(frozen=True)
class _DataRows:
    """The counts of the user's rows, and some that are served."""

    trying: Trying
    tally: DataTally
    served: list[Record]


class _Run:
    """A verification in progress: the checks so far, and every row tried."""

    def __init__(
        self,
        artifact: Artifact,
        directory: Path | None,
        options: Options,
        progress: Stages,
        oracle: Oracle | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.pipeline = prune(artifact.pipeline)  # as lowered: a step that feeds no output cannot refuse a row
        self.found = (reach or Reach()).boundaries(self.pipeline)
        self._artifact, self._options, self._progress = artifact, options, progress
        self._oracle = step_oracle(self.pipeline, artifact.manifest, oracle)
        self.evaluate = self._oracle.evaluate
        self._comparer = Comparer(artifact, self.pipeline, self.found, directory, self._oracle, self._repeating())
        self._findings = self._comparer.findings
        self.schedule = Schedule(options.budget)
        self._checks: list[Trying] = []  # whose rows are also for the relations and the runtime

    def _repeating(self) -> tuple[str, ...]:
        amount = ("--rows", str(self._options.rows), "--seed", str(self._options.seed))
        return (*self._options.repeat, *amount) if self._options.repeat else ()

    def add(self, trying: Trying) -> Trying:
        """Add a check, in the order of a report."""
        self._checks.append(trying)
        return trying

    def recompile(self) -> None:
        """Check that the model was built from the plan."""
        self._progress("recompiling")
        self.add(Trying(identity.recompiled(self._artifact)))

    # rows against the oracle

    def compare(self, source: Records) -> list[bool]:
        """Compare oracle and graph on these rows. Returns for each that was tried whether the oracle refuses it."""
        self._progress(source.name)
        skipped = None if source.records else "no rows to try"
        check = Check(source.name, source.about, 0, 0, 0, skipped=skipped, left=len(source.records))
        trying = self.add(Trying(check, source.records))
        self.schedule.begin(source.name, self._comparing(source, trying))
        return trying.refused

    def _comparing(self, source: Records, trying: Trying) -> Work:
        for trial in trials(source, self._oracle):
            trying.refused += trial.want.refused.tolist()
            trying.after(self._comparer.compare(trying.check, trial), len(trial.want.guards))
            yield

    def compare_data(self, batches: Iterable[Mapping[str, Block]], rows: int) -> _DataRows:
        """Compare the user's own rows. They come first, because one of them may be the best base row."""
        from skc.verification.data_tally import DataTally  # which knows Arrow

        source = Stream("data", "the rows of the given data", self.pipeline, batches)
        self._progress(source.name)
        trying = Trying(Check(source.name, source.about, 0, 0, 0, left=rows), [])
        of_data = _DataRows(trying, DataTally(self.pipeline, self._artifact.manifest.guards), [])
        self.schedule.begin(source.name, self._comparing_data(source, of_data))
        if trying.check.rows == 0:
            raise fail("SKC208", "the given data has no row", hint="give data with rows, or leave out --data")
        return of_data

    def _comparing_data(self, source: Stream, of_data: _DataRows) -> Work:
        trying, sample = of_data.trying, list[Record]()
        trying.records = sample
        for trial in trials(source, self._oracle):
            of_data.tally.look(trial.want.steps, trial.want.guards)
            places = np.flatnonzero(~trial.want.refused)
            sample += [trial.record(i) for i in spread(len(trial.want.guards), DATA_SAMPLE - len(sample))]
            room = MOST_SERVED - len(of_data.served)
            of_data.served.extend(trial.record(int(places[i])) for i in spread(len(places), room))
            trying.after(self._comparer.compare(trying.check, trial), len(trial.want.guards))
            yield

    def golden_file(self, records: Sequence[Record], cases: Sequence[GoldenCase]) -> None:
        """Compare the results recorded in the file with the oracle."""
        manifest = self._artifact.manifest
        in_file = [i for i, case in enumerate(cases) if case.outputs is not None]
        recorded = recorded_outcome(manifest, [case.outputs for case in cases if case.outputs is not None])
        want = self._oracle.run(to_blocks(self.pipeline.inputs, records))
        check = Check(GOLDEN_FILE, "what golden.jsonl says about them", 0, 0, 0)
        expected = as_wide(want.rows(np.array(in_file, dtype=np.int64)), recorded)
        check = self._comparer.add(check, recorded, expected, lambda k: records[in_file[k]])
        for i, case in enumerate(cases):
            if case.error is not None:
                check = self._comparer.add_refusal(check, records[i], case.error, want.rows(slice(i, i + 1)))
        self.add(Trying(check))

    # relations of the graph with itself

    def relations(self) -> None:
        """Optimisation levels, batch sizes and order of rows must not change a bit."""
        self._progress("relations")
        records, seed = self._sample(RELATED_ROWS), self._options.seed
        command = self._findings.command("--rows", str(self._options.rows), "--seed", str(seed))
        relations = Relations(self._comparer, records, seed, command)
        checks = [self.add(Trying(replace(check, left=len(records)))) for check in relations.checks]
        self.schedule.begin("relations", self._relating(relations, checks, len(records)))

    def _relating(self, relations: Relations, checks: Sequence[Trying], rows: int) -> Work:
        try:
            for trying, check in zip(checks, relations.results(), strict=True):
                trying.check = check
                yield
        except SkcRuntimeError as error:
            self._checks = [trying for trying in self._checks if not any(trying is one for one in checks)]
            about = "the graph at every optimisation level, in batches, shuffled"
            self.add(Trying(Check("relations", f"{about}: {error.message}", rows, 0, rows)))

    def _sample(self, rows: int) -> RowsOf:
        """Records spread evenly over everything tried."""
        inputs = self.pipeline.inputs
        counts = [min(trying.done, len(trying.records)) for trying in self._checks]
        ends = np.cumsum(counts)
        chosen = np.array(spread(int(ends[-1]), rows), dtype=np.int64)
        parts = []
        for trying, count, end in zip(self._checks, counts, ends.tolist(), strict=True):
            own = chosen[(chosen >= end - count) & (chosen < end)] - (end - count)
            if len(own):
                parts.append(blocks_at(inputs, trying.records, own.tolist()))
        return stacked(inputs, parts)

    # the runtime and single steps

    def runtime(self) -> None:
        """Records through `skc_runtime`, one at a time: marshalling, refusals and values."""
        self._progress("runtime")
        records = self._sample(RUNTIME_ROWS)
        trying = self.add(Trying(Check("runtime", "records through skc_runtime", 0, 0, 0, left=len(records))))
        self.schedule.begin("runtime", self._serving(records, trying))

    def _serving(self, records: RowsOf, trying: Trying) -> Work:
        for check in compare_served(self._comparer, records, trying.check):
            trying.after(replace(check, left=trying.check.left), 1)
            yield

    def steps_alone(self, boundaries: Sequence[StepBoundaries]) -> None:
        """Each step cut out of the graph, on its own boundaries, so that no earlier step can hide one."""
        self._progress("steps")
        alone = Alone(self.pipeline, boundaries, self.evaluate)
        about = "each step separately, on its boundaries" + "; of columns that are alike, some" * alone.is_sample
        trying = self.add(Trying(Check("steps", about, 0, 0, 0, left=alone.total)))
        self.schedule.begin("steps", self._trying_alone(alone, trying))

    def _trying_alone(self, alone: Alone, trying: Trying) -> Work:
        command = self._findings.command("--seed", str(self._options.seed))
        for result in alone.results():
            trying.after(trying.check.plus(result.rows, result.values, result.differing, 0), result.rows)
            self._comparer.coverage.name(result.branches)
            self._findings.differences += [
                replace(d, reproduce=command, against=self._oracle.steps_name) for d in result.differences
            ]
            yield

    def shrink(self, base: Record) -> None:
        """Find the smallest row for each difference that is reported."""
        if self._findings.differences and not self.schedule.is_over:
            self._progress("shrinking")
            self._findings.shrink(
                Shrinker(self._artifact, self._comparer.graph, self._oracle, self._comparer.judge, base)
            )

    def report(self, seconds: float, sources: OwnSources | None = None, of_data: _DataRows | None = None) -> Report:
        """The complete report. Coverage is only reported if all sources were tried."""
        tally = None if of_data is None else of_data.tally
        report = Report(
            name=self.pipeline.name,
            identity=self._artifact.identity,
            plan=self._artifact.manifest.plan,
            seed=self._options.seed,
            checks=tuple(trying.check for trying in self._checks),
            columns=self._comparer.tally.columns(),
            coverage=() if sources is None else self._comparer.coverage.coverage(),
            differences=tuple(self._findings.differences),
            refusals=() if tally is None else tally.refusals(),
            data=None if tally is None else tally.counts(),
            warnings=() if tally is None else tally.warnings(),
            model_matches_plan=self._findings.model_matches_plan,
            untried=() if sources is None else self._untried(sources),
            seconds=seconds,
            budget=self._options.budget,
            oracle=self._oracle.name,
            alone=self._oracle.alone() if isinstance(self._oracle, AsksAlone) else None,
            by_design=tuple(ByDesign(*one) for one in sorted(self._comparer.by_design.items())),
            versions={
                "onnxruntime": ONNXRUNTIME,
                "numpy": np.__version__,
                "python": platform.python_version(),
                "machine": f"{platform.system()} {platform.machine()} {os.cpu_count()} cores",
            },
        )
        walks = walks_of(self._artifact, report.first_differences(), self._oracle, self._findings.localiser)
        return replace(report, walks=tuple(islice(walks, SHOWN_WALKS)))

    def _untried(self, sources: OwnSources) -> tuple[str, ...]:
        """What no row has covered, in words."""
        lines = self._comparer.coverage.unseen()
        if not sources.base_is_served:
            lines.insert(
                0, "no row was found that passes every policy of `error`: boundaries are tried on refused rows"
            )
        checks = [trying.check for trying in self._checks]
        compared = {check.name: check.rows - check.refused_rows for check in checks}
        if "data" not in compared:
            lines.append("your own rows; pass them with `--data`")
        elif compared["data"] == 0:
            lines.insert(0, "values of your own rows: every one of them is refused")
        if compared.get("golden") == 0:
            lines.append(
                "values of golden records: every one of them is refused, so loading the artifact proves little"
            )
        left = [f"{check.left:,} of {check.rows + check.left:,} rows of {check.name}" for check in checks if check.left]
        return (*(f"{words}, for want of time; give a longer `--budget`" for words in left), *lines)
