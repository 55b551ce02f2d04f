"""`skc verify`: the graph against its reference, and against itself under every relation that needs no oracle.

Rows come from four places: the user's data, the boundaries of every step carried back to raw inputs, generated
records and
hostile ones. A row that a guard refuses in both is compared by its guards alone. Steps whose boundaries cannot be
carried back are also run by themselves, cut out of the graph.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime

import skc_runtime
from skc.artifact import MODEL, Artifact, served_rows
from skc.ir import Input, Pipeline
from skc.sampling import PLAIN, Pool, Record, StepBoundaries, hostile_values, step_boundaries, to_blocks
from skc.types import Array, Block, Scalar
from skc.verify import cut
from skc.verify.compare import compare, same_bits
from skc.verify.localise import first_differing_step
from skc.verify.report import Check, ColumnReport, Coverage, Difference, Report
from skc.verify.subject import Graph, Outcome, run_reference
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.session import Optimisation

CHUNK = 16_384
BATCHES = (3, 8, 1001)
ALONE_ROWS = 2_000
RUNTIME_ROWS = 300
MAX_DIFFERENCES = 20
BASE_CANDIDATES = 400
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How much to try. `rows` generated records from `seed`."""

    rows: int = 10_000
    seed: int = 0


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
    run.boundaries()
    run.generated()
    run.hostile()
    if data is not None:
        run.data(data)
    run.relations()
    run.runtime()
    run.steps_alone()
    return run.report(time.perf_counter() - started)


def verify_record(artifact: Artifact, directory: Path | None, record: Record) -> Report:
    """Only this record, alone."""
    started = time.perf_counter()
    run = _Run(artifact, directory, Options(), lambda _: None)
    run.compare_records("record", "the given record", [record])
    return run.report(time.perf_counter() - started)


class _Run:
    """One verification under way: what was found so far."""

    def __init__(self, artifact: Artifact, directory: Path | None, options: Options, progress: Progress) -> None:
        self._artifact = artifact
        self._directory = directory
        self._options = options
        self._progress = progress
        self._pipeline: Pipeline = artifact.pipeline
        self._graph = Graph(artifact.manifest, artifact.files[MODEL])
        self._checks: list[Check] = []
        self._differences: list[Difference] = []
        self._worst_ulp = {o.name: np.zeros(len(o.columns), dtype=np.uint64) for o in artifact.manifest.outputs}
        self._worst_error = {o.name: np.zeros(len(o.columns)) for o in artifact.manifest.outputs}
        self._found = step_boundaries(self._pipeline)
        self._records: list[Record] = []  # everything tried, for the relations
        self._pool: Pool | None = None

    # rows against the reference

    def boundaries(self) -> None:
        """Every boundary on a row that is otherwise served, so that no other guard hides it."""
        base = self._served_base()
        records = [base] + [
            {**base, found.raw_input: value}
            for found in self._found
            if found.raw_input is not None
            for value in found.raw_values
        ]
        self.compare_records("boundaries", "every edge, category and near miss of this state, from raw inputs", records)
        tame: dict[str, list[Scalar]] = {i.name: [base[i.name]] for i in self._pipeline.inputs}
        for record, ok in zip(records, served_rows(self._pipeline, records), strict=True):
            if ok:
                changed = next((n for n in record if record[n] is not base[n]), None)
                if changed is not None:
                    tame[changed].append(record[changed])
        self._pool = Pool(tame)

    def _served_base(self) -> Record:
        """A row that no guard refuses, as plain as can be: where a plain value is refused, one that steps care for."""
        base: Record = {i.name: PLAIN[i.dtype] for i in self._pipeline.inputs}
        pools = self._candidates()
        for raw in self._pipeline.inputs:
            options = [{**base, raw.name: v} for v in [base[raw.name], *pools[raw.name][:BASE_CANDIDATES]]]
            base = options[int(np.argmin(self._guard_counts(options)))]
        return base

    def _guard_counts(self, records: list[Record]) -> Array:
        return np.asarray(self._reference(to_blocks(self._pipeline.inputs, records)).guards.sum(axis=1))

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
        base = self._records[0]
        records = [{**base, i.name: value} for i in self._pipeline.inputs for value in hostile_values(i)]
        self.compare_records("hostile", "infinities, denormals, extremes, blanks, Unicode", records)

    def data(self, batches: Iterable[Mapping[str, Block]]) -> None:
        """The user's own rows, all of them."""
        self._progress("data")
        rows = differing = values = 0
        for blocks in batches:
            found = self._compare("data", blocks, partial(_record_at, self._pipeline.inputs, blocks))
            rows, values, differing = rows + found[0], values + found[1], differing + found[2]
        self._checks.append(Check("data", "the rows of the given data", rows, values, differing))

    def compare_records(self, name: str, about: str, records: Sequence[Record]) -> None:
        """Reference against graph on these records."""
        self._progress(name)
        self._records += records
        rows = differing = values = 0
        for start in range(0, len(records), CHUNK):
            part = records[start : start + CHUNK]
            found = self._compare(name, to_blocks(self._pipeline.inputs, part), part.__getitem__)
            rows, values, differing = rows + found[0], values + found[1], differing + found[2]
        self._checks.append(Check(name, about, rows, values, differing))

    def _reference(self, blocks: Mapping[str, Block]) -> Outcome:
        return run_reference(self._pipeline, self._artifact.manifest, blocks)

    def _compare(
        self, check: str, blocks: Mapping[str, Block], record: Callable[[int], Record]
    ) -> tuple[int, int, int]:
        """(rows, values compared, rows that differ)."""
        want, got = self._reference(blocks), self._graph.run(blocks)
        rows = len(want.guards)
        if got.guards.shape != want.guards.shape:
            bad = want.refused
            self._note_guard(check, bad, got, want, record)
            return rows, 0, int(bad.sum())
        guard_differs = _first_guard(got.guards) != _first_guard(want.guards)
        self._note_guard(check, guard_differs, got, want, record)
        refused = want.refused | got.refused
        differing, values = guard_differs.copy(), 0
        for output in self._artifact.manifest.outputs:
            name = output.name
            result = compare(
                got.outputs[name],
                want.outputs[name],
                output.exact,
                got_valid=got.valid.get(name),
                want_valid=want.valid.get(name),
                ignore_rows=refused,
            )
            values += int((~refused).sum()) * len(output.columns)
            self._worst_ulp[name] = np.maximum(self._worst_ulp[name], np.array(result.worst_ulp, dtype=np.uint64))
            self._worst_error[name] = np.maximum(self._worst_error[name], result.worst_error)
            differing |= result.differs.any(axis=1)
            for i, k in np.argwhere(result.differs)[:MAX_DIFFERENCES]:
                one = (_cell(got, name, i, k), _cell(want, name, i, k))
                self._note(check, name, output.columns[k], record(int(i)), *one)
        return rows, values, int(differing.sum())

    def _note_guard(self, check: str, bad: Array, got: Outcome, want: Outcome, record: Callable[[int], Record]) -> None:
        guards = self._artifact.manifest.guards
        names = [] if guards is None else [f"{g.code} at {g.step} ({g.input})" for g in guards.columns]
        for i in np.flatnonzero(bad)[:MAX_DIFFERENCES]:
            fired = [[n for n, hit in zip(names, row, strict=False) if hit] for row in (got.guards[i], want.guards[i])]
            self._note(check, "skc.guards", "refused", record(int(i)), fired[0], fired[1])

    def _note(self, check: str, output: str, column: str, record: Record, got: object, want: object) -> None:
        if len(self._differences) >= MAX_DIFFERENCES:
            return
        raw = golden.encode_record(self._artifact.manifest, record)
        where = str(self._directory or "ARTIFACT")
        command = f"skc verify {where} --record '{json.dumps(raw, ensure_ascii=True)}'".replace("\\'", "'")
        step = first_differing_step(self._pipeline, record)
        self._differences.append(Difference(check, output, column, step, raw, got, want, command))

    # relations of the graph with itself

    def relations(self) -> None:
        """Optimisation levels, batch sizes, order of rows: the same bits."""
        self._progress("relations")
        records = self._sample(4 * 1001)
        blocks = to_blocks(self._pipeline.inputs, records)
        whole = self._graph.run(blocks)
        levels: tuple[Optimisation, ...] = ("disabled", "extended", "all")
        for level in levels:
            other = Graph(self._artifact.manifest, self._artifact.files[MODEL], level).run(blocks)
            self._relate(f"optimisation {level}", "the same bits at this level", whole, other, records)
        for size in (1, *BATCHES):
            count = min(len(records), ALONE_ROWS if size == 1 else len(records))
            parts = [self._graph.run(_rows(blocks, slice(i, min(i + size, count)))) for i in range(0, count, size)]
            about = "each row alone" if size == 1 else f"in batches of {size}"
            self._relate(f"batch {size}", f"{about}: the same bits", whole.rows(slice(0, count)), _join(parts), records)
        order = np.random.default_rng(self._options.seed).permutation(len(records))
        shuffled = self._graph.run(_rows(blocks, order))
        self._relate(
            "shuffled", "in another order: the same bits", whole.rows(order), shuffled, [records[i] for i in order]
        )

    def _sample(self, rows: int) -> list[Record]:
        """Records evenly spaced over everything tried."""
        step = max(1, len(self._records) // rows)
        return self._records[::step][:rows]

    def _relate(self, name: str, about: str, want: Outcome, got: Outcome, records: Sequence[Record]) -> None:
        refused = want.refused
        differing = (want.guards != got.guards).any(axis=1)
        values = 0
        for output in self._artifact.manifest.outputs:
            a, b = got.outputs[output.name], want.outputs[output.name]
            bad = ~same_bits(a, b) & ~refused[:, None]
            if output.name in want.valid:
                bad |= got.valid[output.name] != want.valid[output.name]
            values += a.size
            differing |= bad.any(axis=1)
            for i, k in np.argwhere(bad)[:MAX_DIFFERENCES]:
                one = (_cell(got, output.name, i, k), _cell(want, output.name, i, k))
                self._note(name, output.name, output.columns[k], records[int(i)], *one)
        self._checks.append(Check(name, about, len(want.guards), values, int(differing.sum()), against_reference=False))

    # the runtime and single steps

    def runtime(self) -> None:
        """Records through `skc_runtime`, one at a time: marshalling, refusals and values."""
        self._progress("runtime")
        records = self._sample(RUNTIME_ROWS)
        want = self._reference(to_blocks(self._pipeline.inputs, records))
        differing = 0
        with skc_runtime.Transformer(self._artifact.manifest, self._artifact.files[MODEL]) as transformer:
            for i, record in enumerate(records):
                differing += self._runtime_differs(transformer, record, want.rows(slice(i, i + 1)))
        self._checks.append(Check("runtime", "records through skc_runtime", len(records), len(records), differing))

    def _runtime_differs(self, transformer: skc_runtime.Transformer, record: Record, want: Outcome) -> bool:
        refused = bool(want.guards.any())
        try:
            got = transformer.transform(record)
        except SkcRuntimeError as error:
            if not refused:
                self._note("runtime", "skc.guards", "refused", record, error.code, "served")
            return not refused
        if refused:
            self._note("runtime", "skc.guards", "refused", record, "served", "refused")
            return True
        bad = False
        for output in self._artifact.manifest.outputs:
            valid = None if output.valid is None else got[output.valid][None, :]
            one, other = got[output.name][None, :], want.outputs[output.name]
            result = compare(one, other, output.exact, got_valid=valid, want_valid=want.valid.get(output.name))
            for _, k in np.argwhere(result.differs):
                bad = True
                self._note("runtime", output.name, output.columns[k], record, one[0, k], other[0, k])
        return bad

    def steps_alone(self) -> None:
        """Each step cut out of the graph, on its own boundaries: no step before it can hide one."""
        self._progress("steps")
        rows = values = differing = 0
        for step in self._pipeline.steps:
            mine = [found for found in self._found if found.step == step.name]
            result = cut.check_step(self._pipeline, step, mine)
            rows, values, differing = rows + result.rows, values + result.values, differing + result.differing
            self._differences += [
                replace(d, reproduce=f"skc verify {self._directory or 'ARTIFACT'} --seed {self._options.seed}")
                for d in result.differences[: MAX_DIFFERENCES - len(self._differences)]
            ]
        self._checks.append(Check("steps", "each step by itself on its boundaries", rows, values, differing))

    def report(self, seconds: float) -> Report:
        """All of it."""
        columns = tuple(
            ColumnReport(o.name, c, o.exact[k], int(self._worst_ulp[o.name][k]), float(self._worst_error[o.name][k]))
            for o in self._artifact.manifest.outputs
            for k, c in enumerate(o.columns)
        )
        return Report(
            name=self._pipeline.name,
            plan=self._artifact.manifest.plan,
            seed=self._options.seed,
            checks=tuple(self._checks),
            columns=columns,
            coverage=_coverage(self._pipeline, self._found),
            differences=tuple(self._differences),
            seconds=seconds,
            versions={
                "onnxruntime": onnxruntime.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
                "machine": f"{platform.system()} {platform.machine()} {os.cpu_count()} cores",
            },
        )


def _first_guard(guards: Array) -> Array:
    """int [N]: the first guard that fired, -1 for none.

    Only the first is compared: guards stand in the order of steps, and what flows on from a value that was refused
    means nothing.
    """
    if guards.shape[1] == 0:
        return np.full(len(guards), -1)
    return np.where(guards.any(axis=1), guards.argmax(axis=1), -1)


def _coverage(pipeline: Pipeline, found: Sequence[StepBoundaries]) -> tuple[Coverage, ...]:
    rows = []
    for step in pipeline.steps:
        mine = [f for f in found if f.step == step.name]
        reached = [f for f in mine if f.raw_input is not None and f.raw_values]
        total = sum(len(f.values) for f in mine)
        rows.append(Coverage(step.name, step.op, total, sum(len(f.values) for f in reached), len(mine), len(reached)))
    return tuple(row for row in rows if row.columns)


def _cell(outcome: Outcome, output: str, i: int, k: int) -> object:
    valid = outcome.valid.get(output)
    if valid is not None and not valid[i, k]:
        return None
    value = outcome.outputs[output][i, k]
    return value.item() if isinstance(value, np.generic) else value


def _record_at(inputs: Sequence[Input], blocks: Mapping[str, Block], i: int) -> Record:
    return {value.name: blocks[value.name].columns(0, 1).to_rows()[i][0] for value in inputs}


def _rows(blocks: Mapping[str, Block], index: Array | slice) -> dict[str, Block]:
    return {
        name: replace(block, values=block.values[index], valid=None if block.valid is None else block.valid[index])
        for name, block in blocks.items()
    }


def _join(parts: Sequence[Outcome]) -> Outcome:
    first = parts[0]
    return Outcome(
        {name: np.concatenate([p.outputs[name] for p in parts]) for name in first.outputs},
        {name: np.concatenate([p.valid[name] for p in parts]) for name in first.valid},
        np.concatenate([p.guards for p in parts]),
    )
