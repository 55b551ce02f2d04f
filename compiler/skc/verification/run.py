"""`skc verify`: the graph against its reference, and against itself under every relation that needs no oracle.

Rows come from four places: the user's data, the boundaries of every step carried back to raw inputs, generated records
and hostile ones. A row that a guard refuses in both is compared by its guards alone. Steps whose boundaries cannot be
carried back are also run by themselves, cut out of the graph.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from skc.artifact import MODEL, Artifact
from skc.diagnostics import fail
from skc.equality.judge import Judge
from skc.equality.recorded import recorded_outcome
from skc.equality.sides import Graph, Oracle, Outcome, Reference, refusal_code
from skc.equality.tally import Tally
from skc.infer import column_names, value_types
from skc.ir import Pipeline
from skc.passes.prune import prune
from skc.rows.boundaries import StepBoundaries, other_branches, reach_further, step_boundaries
from skc.rows.sampling import Pool, Record, RowsOf, Variations, hostile_values, spread, to_blocks
from skc.rows.served import base_row
from skc.values.types import Array, Block, Scalar
from skc.verification import cut, identity
from skc.verification.coverage import Seen
from skc.verification.data_tally import DataTally
from skc.verification.explain import walks_of
from skc.verification.findings import Findings, RecordAt
from skc.verification.relations import relations
from skc.verification.report import GOLDEN_FILE, Check, Report
from skc.verification.served import refusal_added, served
from skc.verification.shrink import Shrinker
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.session import VERSION as ONNXRUNTIME

CHUNK = 16_384
RELATED_ROWS = 4 * 1001
RUNTIME_ROWS = 300
SHOWN_WALKS = 3
MOST_SERVED = 200  # of the user's rows that are served may be the base row, and lend their values to others
DATA_SAMPLE = 1_000  # of the user's rows go through the relations and the runtime too
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How much to try. `rows` generated records from `seed`. Raises SKC140 for a negative one."""

    rows: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("rows", self.rows), ("seed", self.seed)):
            if value < 0:
                raise fail("SKC140", f"`{name}` is {value}", hint="give a whole number from 0 on")


def verify(
    artifact: Artifact,
    directory: Path | None = None,
    data: Iterable[Mapping[str, Block]] | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Report:
    """Try an artifact on everything there is. `data` yields blocks [N, 1] per input name."""
    started = time.perf_counter()
    run = _Run(artifact, directory, options or Options(), progress or (lambda _: None))
    run.identity()
    if data is not None:
        run.data(data)
    run.boundaries()
    run.generated()
    run.hostile()
    run.golden()
    run.add_data()
    run.relations()
    run.runtime()
    run.steps_alone()
    run.shrink()
    return run.report(time.perf_counter() - started)


@dataclass(frozen=True)
class Tried:
    """Rows of one check: blocks [N, 1] per input, what the reference says of them, and each as a record."""

    check: str
    blocks: Mapping[str, Block]
    want: Outcome
    record: RecordAt


@dataclass(frozen=True)
class OwnRows:
    """The rows that `verify` makes by itself, whether the artifact is equal on them, and what came through of them."""

    is_equal: bool
    tried: tuple[Tried, ...]
    seen: Seen


def own_rows(artifact: Artifact, options: Options, progress: Progress) -> OwnRows:
    """Try an artifact on boundaries, generated and hostile rows, and keep them for trying other models on."""
    run = _Run(artifact, None, options, progress)
    kept: list[Tried] = []
    run.kept = kept
    run.boundaries()
    run.generated()
    run.hostile()
    return OwnRows(not run.has_differences, tuple(kept), run.seen)


def verify_record(artifact: Artifact, directory: Path | None, record: Record) -> Report:
    """Only this record, alone."""
    started = time.perf_counter()
    run = _Run(artifact, directory, Options(), lambda _: None)
    run.compare_records("record", "the given record", [record])
    run.runtime()
    return run.report(time.perf_counter() - started)


class _Run:
    """One verification under way: what was found so far."""

    def __init__(self, artifact: Artifact, directory: Path | None, options: Options, progress: Progress) -> None:
        self._artifact = artifact
        self._options = options
        self._progress = progress
        self._pipeline: Pipeline = prune(artifact.pipeline)  # as lowered: what feeds no output refuses no row
        self._graph = Graph(artifact.manifest, artifact.files[MODEL])
        self._checks: list[Check] = []
        self._findings = Findings(artifact, self._pipeline, directory)
        self._tally = Tally(artifact.manifest)
        guards = artifact.manifest.guards
        self._oracle: Oracle = Reference(self._pipeline, artifact.manifest)
        self._judge = Judge(self._pipeline, artifact.manifest)
        self._found = step_boundaries(self._pipeline)
        self.seen = Seen(self._pipeline, self._found, self._judge.order, guards)
        self._records: list[Sequence[Record]] = []  # everything tried, for the relations
        self._tally_of_data: DataTally | None = None
        self._data_rows: list[Record] = []
        self._data_check: Check | None = None
        self._served: list[Record] = []  # of the user's rows
        self._pool: Pool | None = None
        self._base: Record = {}
        self._base_is_served = True
        self.kept: list[Tried] | None = None  # what was compared, for whoever asks for it

    @property
    def has_differences(self) -> bool:
        return any(check.differing_rows for check in self._checks)

    def identity(self) -> None:
        """The plan is what the model was made from."""
        self._progress("recompiling")
        self._checks.append(identity.recompiled(self._artifact))

    # rows against the reference

    def boundaries(self) -> None:
        """Every boundary on a row that is otherwise served, so that no other guard hides it."""
        golden, _ = identity.read_golden(self._artifact)
        base = self._base = base_row(self._pipeline, self._candidates(), [*self._served, *golden])
        self._found = reach_further(self._pipeline, self._found, base)
        raw = [(f.raw_input, value) for f in self._found if f.raw_input is not None for value in f.raw_values]
        changed = [*{(name, type(value), repr(value)): (name, value) for name, value in raw}.values()]
        about = "every edge, category and near miss of this state, from raw inputs"
        refused = self.compare_records("boundaries", about, Variations(base, changed))
        tame: dict[str, list[Scalar]] = {i.name: [base[i.name]] for i in self._pipeline.inputs}
        self._base_is_served = not refused[0]
        for (name, value), is_refused in zip(changed, refused[1:], strict=True):
            if not is_refused:
                tame[name].append(value)
        for record in self._served:
            for name, values in tame.items():
                values.append(record[name])
        self._pool = Pool(tame)
        branched = other_branches(self._pipeline, self._found, base)
        if branched.rows:
            sampled = "; a sample of them" if branched.is_sample else ""
            about = f"boundaries of an expression and behind it, through its other branches{sampled}"
            self.compare_records("branches", about, branched.rows)

    def _candidates(self) -> dict[str, list[Scalar]]:
        pools: dict[str, list[Scalar]] = {i.name: hostile_values(i) for i in self._pipeline.inputs}
        for found in self._found:
            if found.raw_input is not None:
                pools[found.raw_input] += found.raw_values
        return pools

    def generated(self) -> None:
        """Seeded records: mixtures of values that are served, of anything, and of random ones."""
        inputs, rows = self._pipeline.inputs, self._options.rows
        assert self._pool is not None  # boundaries() comes first
        tame = self._pool.generate(rows - rows // 4, self._options.seed, inputs)
        wild = Pool(self._candidates()).generate(rows // 4, self._options.seed + 1, inputs)
        self.compare_records("generated", f"seeded records (seed {self._options.seed})", tame + wild)

    def hostile(self) -> None:
        """Each hostile value of each type in each input, on a row that is served."""
        changed = [(i.name, value) for i in self._pipeline.inputs for value in hostile_values(i)]
        records = Variations(self._records[0][0], changed)
        self.compare_records("hostile", "infinities, denormals, extremes, blanks, Unicode", records)

    def data(self, batches: Iterable[Mapping[str, Block]]) -> None:
        """The user's own rows, all of them. Looked at first, since one of them may be the best base row."""
        self._progress("data")
        total = Check("data", "the rows of the given data", 0, 0, 0)
        tally = self._tally_of_data = DataTally(self._pipeline, self._artifact.manifest.guards)
        sample: list[Record] = []
        for blocks in batches:
            rows = RowsOf(self._pipeline.inputs, blocks)
            want = self._oracle.run(blocks)
            tally.look(want.steps, want.guards)
            total = self._compare(total, blocks, want, rows.__getitem__)
            room = DATA_SAMPLE - len(sample)
            sample += [rows[i] for i in spread(len(rows), room)]
            served = np.flatnonzero(~want.refused)
            self._served += [rows[served[i]] for i in spread(len(served), MOST_SERVED - len(self._served))]
        if total.rows == 0:
            raise fail("SKC208", "the given data has no row", hint="give data with rows, or leave out --data")
        self._data_rows, self._data_check = sample, total

    def add_data(self) -> None:
        """Put the user's rows among what was tried, where a report shows them."""
        if self._data_check is not None:
            self._records.append(self._data_rows)
            self._checks.append(self._data_check)

    def golden(self) -> None:
        """The file of golden records, against the reference and against the graph."""
        records, cases = identity.read_golden(self._artifact)
        self.compare_records("golden", "the golden records", records)
        served = [i for i, case in enumerate(cases) if case.outputs is not None]
        rows = [case.outputs for case in cases if case.outputs is not None]
        written = recorded_outcome(self._artifact.manifest, rows)
        want = self._oracle.run(to_blocks(self._pipeline.inputs, records))
        check = Check(GOLDEN_FILE, "what golden.jsonl says of them", 0, 0, 0)
        check = self._add(check, written, want.rows(np.array(served, dtype=np.int64)), lambda k: records[served[k]])
        for i, case in enumerate(cases):
            if case.error is not None:
                wanted = refusal_code(self._artifact.manifest, want.guards[i])
                check = refusal_added(check, self._findings, records[i], case.error, wanted)
        self._checks.append(check)

    def _untried(self) -> tuple[str, ...]:
        """What no row has shown, in words."""
        lines = self.seen.unseen()
        if not self._base_is_served:
            lines.insert(
                0, "no row was found that every policy of `error` lets through: boundaries are tried on refused rows"
            )
        compared = {check.name: check.rows - check.refused_rows for check in self._checks}
        if "data" not in compared:
            lines.append("rows of your own; `--data` takes them")
        elif compared["data"] == 0:
            lines.insert(0, "values of your own rows: every one of them is refused")
        if compared.get("golden") == 0:
            lines.append(
                "values of golden records: every one of them is refused, so loading the artifact proves little"
            )
        return tuple(lines)

    def compare_records(self, name: str, about: str, records: Sequence[Record]) -> list[bool]:
        """Reference against graph on these records; for each whether the reference refuses it."""
        self._progress(name)
        self._records.append(records)
        skipped = None if records else "no rows to try"
        total, refused = Check(name, about, 0, 0, 0, skipped=skipped), np.zeros(0, dtype=bool)
        for start in range(0, len(records), CHUNK):
            blocks = self._blocks(records, start)
            want = self._oracle.run(blocks)
            total = self._compare(total, blocks, want, partial(_later, records, start))
            refused = np.append(refused, want.refused)
        self._checks.append(total)
        return refused.tolist()

    def _blocks(self, records: Sequence[Record], start: int) -> dict[str, Block]:
        if isinstance(records, Variations):
            return records.blocks(self._pipeline.inputs, start, start + CHUNK)
        return to_blocks(self._pipeline.inputs, records[start : start + CHUNK])

    def _compare(self, check: Check, blocks: Mapping[str, Block], want: Outcome, record: RecordAt) -> Check:
        """The check with these rows added, graph against reference."""
        if self.kept is not None:
            self.kept.append(Tried(check.name, blocks, want.without_steps(), record))
        try:
            got = self._graph.run(blocks)
        except SkcRuntimeError as error:
            self._findings.failed(check.name, record(self._first_failing(blocks)), error)
            return check.plus(len(want.guards), 0, len(want.guards), 0)
        self.seen.look(want.steps, want.guards)
        return self._add(check, got, want, record)

    def _first_failing(self, blocks: Mapping[str, Block]) -> int:
        """A row that makes the graph fail by itself, by halving; 0 where only rows together do."""
        low, high = 0, next(iter(blocks.values())).rows
        while high - low > 1:
            middle = (low + high) // 2
            try:
                self._graph.run(_rows(blocks, slice(low, middle)))
                low = middle
            except SkcRuntimeError:
                high = middle
        return low

    def _add(self, check: Check, got: Outcome, want: Outcome, record: RecordAt) -> Check:
        """The check with these outcomes added."""
        judgement = self._judge.compare(got, want)
        self._findings.guards(check.name, judgement.refusals, got, want, record)
        served, values = ~(want.refused | got.refused), 0
        for name, result in judgement.columns.items():
            values += int(served.sum()) * len(result.worst_ulp)
            self._tally.add(name, result)
            self._findings.values(check.name, name, result.differs, got, want, record)
        refused = int((want.refused & got.refused).sum()) if judgement.columns else 0
        return check.plus(len(want.guards), values, int(judgement.differing.sum()), refused)

    # relations of the graph with itself

    def relations(self) -> None:
        """Optimisation levels, batch sizes, order of rows: the same bits."""
        self._progress("relations")
        records, seed = self._sample(RELATED_ROWS), self._options.seed
        command = self._findings.command("--rows", str(self._options.rows), "--seed", str(seed))
        try:
            self._checks += relations(self._artifact, self._graph, records, seed, self._findings, command)
        except SkcRuntimeError as error:
            about = "the graph at every optimisation level, in batches, shuffled"
            self._checks.append(Check("relations", f"{about}: {error.message}", len(records), 0, len(records)))

    def _sample(self, rows: int) -> list[Record]:
        """Records evenly spaced over everything tried."""
        tried = [(records, i) for records in self._records for i in range(len(records))]
        return [tried[k][0][tried[k][1]] for k in spread(len(tried), rows)]

    # the runtime and single steps

    def runtime(self) -> None:
        """Records through `skc_runtime`, one at a time: marshalling, refusals and values."""
        self._progress("runtime")
        records = self._sample(RUNTIME_ROWS)
        want = self._oracle.run(to_blocks(self._pipeline.inputs, records))
        self._checks.append(served(self._artifact, self._judge, records, want, self._findings))

    def steps_alone(self) -> None:
        """Each step cut out of the graph, on its own boundaries: no step before it can hide one."""
        self._progress("steps")
        check = Check("steps", "each step by itself on its boundaries", 0, 0, 0)
        types, names = value_types(self._pipeline), column_names(self._pipeline)
        of_step: dict[str, list[StepBoundaries]] = {}
        for found in self._found:
            of_step.setdefault(found.step, []).append(found)
        for step in self._pipeline.steps:
            result = cut.check_step(step, of_step.get(step.name, []), types, names)
            check = check.plus(result.rows, result.values, result.differing, 0)
            self.seen.name(step.name, result.branches)
            command = self._findings.command("--seed", str(self._options.seed))
            self._findings.differences += [replace(d, reproduce=command) for d in result.differences]
        self._checks.append(check)

    def shrink(self) -> None:
        """Find the smallest row of each difference that is shown."""
        if self._findings.differences:
            self._progress("shrinking")
            self._findings.shrink(Shrinker(self._artifact, self._graph, self._oracle, self._base))

    def report(self, seconds: float) -> Report:
        """All of it."""
        report = Report(
            name=self._pipeline.name,
            identity=self._artifact.identity,
            plan=self._artifact.manifest.plan,
            seed=self._options.seed,
            checks=tuple(self._checks),
            columns=self._tally.columns(),
            coverage=self.seen.coverage() if self._pool is not None else (),
            differences=tuple(self._findings.differences),
            refusals=() if self._tally_of_data is None else self._tally_of_data.refusals(),
            data=None if self._tally_of_data is None else self._tally_of_data.counts(),
            warnings=() if self._tally_of_data is None else self._tally_of_data.warnings(),
            model_matches_plan=self._findings.model_matches_plan,
            untried=self._untried() if self._pool is not None else (),
            seconds=seconds,
            versions={
                "onnxruntime": ONNXRUNTIME,
                "numpy": np.__version__,
                "python": platform.python_version(),
                "machine": f"{platform.system()} {platform.machine()} {os.cpu_count()} cores",
            },
        )
        return replace(report, walks=tuple(islice(walks_of(self._artifact, report.first_differences()), SHOWN_WALKS)))


def _later(records: Sequence[Record], start: int, i: int) -> Record:
    return records[start + i]


def _rows(blocks: Mapping[str, Block], index: Array | slice) -> dict[str, Block]:
    return {
        name: replace(block, values=block.values[index], valid=None if block.valid is None else block.valid[index])
        for name, block in blocks.items()
    }
