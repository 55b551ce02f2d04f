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
from skc.verification.alone import check_steps
from skc.verification.comparer import Comparer
from skc.verification.data_tally import DataTally
from skc.verification.explain import walks_of
from skc.verification.relations import relations
from skc.verification.report import GOLDEN_FILE, ByDesign, Check, Report
from skc.verification.serving import compare_served
from skc.verification.shrink import Shrinker
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.golden import GoldenCase
from skc_runtime.session import VERSION as ONNXRUNTIME

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
    """

    rows: int = 10_000
    seed: int = 0
    without_oracle: bool = True
    repeat: tuple[str, ...] = ()


def verify(
    artifact: Artifact,
    directory: Path | None = None,
    data: Iterable[Mapping[str, Block]] | None = None,
    options: Options | None = None,
    progress: Stages | None = None,
    oracle: Oracle | None = None,
    reach: Reach | None = None,
) -> Report:
    """Try an artifact on rows of every source. `data` yields blocks [N, 1] per input name; the oracle is the reference
    by default.
    """
    started = time.perf_counter()
    options = options or Options()
    reach = reach or Reach()
    run = _Run(artifact, directory, options, progress or (lambda _: None), oracle, reach)
    if options.without_oracle:
        run.recompile()
    of_data = None if data is None else run.compare_data(data)
    golden, cases = read_golden(artifact.manifest, artifact.files[GOLDEN])
    served_rows = [] if of_data is None else of_data.served
    amount = (options.rows, options.seed)
    sources = OwnSources(run.pipeline, run.found, *amount, run.evaluate, golden, served_rows, reach)
    for source in sources:
        sources.learn(source, run.compare(source))
    run.compare(Records("golden", "the golden records", run.pipeline, golden))
    run.golden_file(golden, cases)
    if of_data is not None:  # after the sources that always exist, which is the order of a report
        run.add(of_data.check, of_data.sample)
    if options.without_oracle:
        run.relations()
    run.runtime()
    if options.without_oracle:
        run.steps_alone(sources.boundaries)
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
    """The counts of the user's rows, and two samples: of all rows, and of those that are served."""

    check: Check
    tally: DataTally
    sample: list[Record]
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
        self._checks: list[Check] = []
        self._tried: list[Sequence[Record]] = []  # for the relations and the runtime

    def _repeating(self) -> tuple[str, ...]:
        amount = ("--rows", str(self._options.rows), "--seed", str(self._options.seed))
        return (*self._options.repeat, *amount) if self._options.repeat else ()

    def add(self, check: Check, records: Sequence[Record] = ()) -> None:
        """Add a finished check, and its rows."""
        self._checks.append(check)
        self._tried.append(records)

    def recompile(self) -> None:
        """Check that the model was built from the plan."""
        self._progress("recompiling")
        self.add(identity.recompiled(self._artifact))

    # rows against the oracle

    def compare(self, source: Records) -> list[bool]:
        """Compare oracle and graph on these rows. Returns for each whether the oracle refuses it."""
        self._progress(source.name)
        skipped = None if source.records else "no rows to try"
        check, refused = Check(source.name, source.about, 0, 0, 0, skipped=skipped), []
        for trial in trials(source, self._oracle):
            check = self._comparer.compare(check, trial)
            refused += trial.want.refused.tolist()
        self.add(check, source.records)
        return refused

    def compare_data(self, batches: Iterable[Mapping[str, Block]]) -> _DataRows:
        """Compare all of the user's own rows. They come first, because one of them may be the best base row."""
        source = Stream("data", "the rows of the given data", self.pipeline, batches)
        self._progress(source.name)
        check = Check(source.name, source.about, 0, 0, 0)
        tally = DataTally(self.pipeline, self._artifact.manifest.guards)
        sample: list[Record] = []
        served_rows: list[Record] = []
        for trial in trials(source, self._oracle):
            tally.look(trial.want.steps, trial.want.guards)
            check = self._comparer.compare(check, trial)
            places = np.flatnonzero(~trial.want.refused)
            sample += [trial.record(i) for i in spread(len(trial.want.guards), DATA_SAMPLE - len(sample))]
            room = MOST_SERVED - len(served_rows)
            served_rows += [trial.record(int(places[i])) for i in spread(len(places), room)]
        if check.rows == 0:
            raise fail("SKC208", "the given data has no row", hint="give data with rows, or leave out --data")
        return _DataRows(check, tally, sample, served_rows)

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
        self.add(check)

    # relations of the graph with itself

    def relations(self) -> None:
        """Optimisation levels, batch sizes and order of rows must not change a bit."""
        self._progress("relations")
        records, seed = self._sample(RELATED_ROWS), self._options.seed
        command = self._findings.command("--rows", str(self._options.rows), "--seed", str(seed))
        try:
            self._checks += relations(self._comparer, records, seed, command)
        except SkcRuntimeError as error:
            about = "the graph at every optimisation level, in batches, shuffled"
            self.add(Check("relations", f"{about}: {error.message}", len(records), 0, len(records)))

    def _sample(self, rows: int) -> RowsOf:
        """Records spread evenly over everything tried."""
        inputs, ends = self.pipeline.inputs, np.cumsum([len(records) for records in self._tried]).tolist()
        chosen = np.array(spread(ends[-1], rows), dtype=np.int64)
        parts = []
        for records, end in zip(self._tried, ends, strict=True):
            start = end - len(records)
            own = chosen[(chosen >= start) & (chosen < end)] - start
            if len(own):
                parts.append(blocks_at(inputs, records, own.tolist()))
        return stacked(inputs, parts)

    # the runtime and single steps

    def runtime(self) -> None:
        """Records through `skc_runtime`, one at a time: marshalling, refusals and values."""
        self._progress("runtime")
        self.add(compare_served(self._comparer, self._sample(RUNTIME_ROWS)))

    def steps_alone(self, boundaries: Sequence[StepBoundaries]) -> None:
        """Each step cut out of the graph, on its own boundaries, so that no earlier step can hide one."""
        self._progress("steps")
        check, sampled = Check("steps", "each step separately, on its boundaries", 0, 0, 0), False
        for result in check_steps(self.pipeline, boundaries, self.evaluate):
            check = check.plus(result.rows, result.values, result.differing, 0)
            sampled |= result.is_sample
            self._comparer.coverage.name(result.branches)
            command = self._findings.command("--seed", str(self._options.seed))
            self._findings.differences += [
                replace(d, reproduce=command, against=self._oracle.steps_name) for d in result.differences
            ]
        about = check.about + "; of columns that are alike, some" * sampled
        self.add(replace(check, about=about))

    def shrink(self, base: Record) -> None:
        """Find the smallest row for each difference that is reported."""
        if self._findings.differences:
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
            checks=tuple(self._checks),
            columns=self._comparer.tally.columns(),
            coverage=() if sources is None else self._comparer.coverage.coverage(),
            differences=tuple(self._findings.differences),
            refusals=() if tally is None else tally.refusals(),
            data=None if tally is None else tally.counts(),
            warnings=() if tally is None else tally.warnings(),
            model_matches_plan=self._findings.model_matches_plan,
            untried=() if sources is None else self._untried(sources),
            seconds=seconds,
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
        compared = {check.name: check.rows - check.refused_rows for check in self._checks}
        if "data" not in compared:
            lines.append("your own rows; pass them with `--data`")
        elif compared["data"] == 0:
            lines.insert(0, "values of your own rows: every one of them is refused")
        if compared.get("golden") == 0:
            lines.append(
                "values of golden records: every one of them is refused, so loading the artifact proves little"
            )
        return tuple(lines)
