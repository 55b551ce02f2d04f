"""The differences that a verification keeps: a few of every output column in every check, each with its step.

Why a few of every column and not simply the first ones: a column that is wrong in every row must not hide one that is
wrong in a single row.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skc.artifact import MODEL, Artifact
from skc.blame.atlas import Atlas, draw_atlas
from skc.blame.localise import Localiser, makers_of, makers_of_step
from skc.equality.sides import compared_outputs
from skc.ir import Pipeline
from skc.op import is_shown
from skc.ops import OPS
from skc.oracle.protocol import Outcome, StepOracle
from skc.rows.sampling import Record
from skc.rows.sources import RecordAt
from skc.verification.report import GOLDEN_FILE, GUARDS, ITSELF, REFUSED, Difference, DifferenceKind
from skc.verification.shrink import Shrinker
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards

SERVED, UNDEFINED = "served", "not defined"
PER_COLUMN = 2
MOST = 100
SHRUNK_CHECKS = ("boundaries", "generated", "hostile", "golden", "data")


class Findings:
    """The differences so far. `directory` is where the commands that reproduce a difference look for the artifact.

    The atlas of the plan is drawn at the first difference, unless the caller passes one. `repeat` are the options with
    which `skc verify` asks the same oracle, if it is not the reference; a single record is only compared with that.
    """

    def __init__(
        self,
        artifact: Artifact,
        pipeline: Pipeline,
        directory: Path | None,
        oracle: StepOracle,
        atlas: Atlas | None = None,
        repeat: tuple[str, ...] = (),
    ) -> None:
        self._oracle, self._repeat = oracle, repeat
        self.differences: list[Difference] = []
        self._artifact = artifact
        self._pipeline = pipeline
        self._where = str(directory or "ARTIFACT")
        self._seen: Counter[tuple[str, str, str, DifferenceKind]] = Counter()
        self._atlas = atlas
        self._localiser: Localiser | None = None
        signals = artifact.manifest.signals
        self._signals = {} if signals is None else {signals.tensor: signals.columns}

    @property
    def model_matches_plan(self) -> bool | None:
        """Whether the plan compiles to exactly this graph; None while nothing differs, because it is not checked."""
        return None if self._localiser is None else self._localiser.is_what_the_plan_compiles_to

    def command(self, *options: str) -> str:
        """A `skc verify` command for this artifact, ready to paste into a shell."""
        return shlex.join(["skc", "verify", self._where, *options])

    def _for_record(self, raw: Mapping[str, Any]) -> str:
        """The command that shows a difference in this record again."""
        return self.command(*(self._repeat or ("--record", json.dumps(raw))))

    def values(
        self,
        check: str,
        output: str,
        differs: Array,
        got: Outcome,
        want: Outcome,
        record: RecordAt,
        relation: str | None = None,
    ) -> None:
        """The first positions of a bool [N, K] in every column of an output.

        `relation` is the command that repeats a relation of the graph with itself: no step can be blamed for one, and a
        single record does not reproduce it.
        """
        columns = next(o.columns for o in compared_outputs(self._artifact.manifest) if o.name == output)
        for k in np.flatnonzero(differs.any(axis=0)):
            for i in np.flatnonzero(differs[:, k])[:PER_COLUMN]:
                if not self._has_room(check, output, columns[k]):
                    break
                makers = self._makers_of(output, int(k))
                one = (got.value(output, int(i), int(k)), want.value(output, int(i), int(k)))
                of = self._signalling(output, int(k))
                self._add(check, output, columns[k], makers, record(int(i)), *one, decided_by=of, relation=relation)

    def _makers_of(self, output: str, k: int) -> tuple[str, ...]:
        """The steps that a column depends on: a signal on its step."""
        if output not in self._signals:
            return makers_of(self._pipeline, output, k)
        step = self._signalling(output, k)
        return () if step is None else makers_of_step(self._pipeline, step)

    def _signalling(self, output: str, k: int) -> str | None:
        """The step of a signal, which is to blame if the values of no step before it differ; None for an input."""
        step = self._signals[output][k].step if output in self._signals else None
        return step if any(s.name == step for s in self._pipeline.steps) else None

    def guards(
        self, check: str, differs: Array, got: Outcome, want: Outcome, record: RecordAt, relation: str | None = None
    ) -> None:
        """The first rows of a bool [N] that one side refuses and the other serves or refuses for another reason."""
        specs = self._artifact.manifest.guards
        for i in np.flatnonzero(differs)[:PER_COLUMN]:
            first = _decisive_guard(got.guards[i], want.guards[i])
            known = () if specs is None else specs.columns
            step = known[first].step if first is not None and first < len(known) else None
            one = (refusal(specs, got, i), refusal(specs, want, i))
            self.refused(check, record(int(i)), *one, step=step, relation=relation)

    def refused(
        self, check: str, record: Record, got: str, want: str, step: str | None = None, relation: str | None = None
    ) -> None:
        """One row that one side refuses; `step` is the step whose guard fired."""
        kind: DifferenceKind = "served" if got == SERVED else "refused"
        if not self._has_room(check, GUARDS, REFUSED, kind):
            return
        is_known = any(s.name == step for s in self._pipeline.steps)
        makers = makers_of_step(self._pipeline, step) if step is not None and is_known else ()
        self._add(check, GUARDS, REFUSED, makers, record, got, want, decided_by=step, relation=relation, kind=kind)

    def failed(self, check: str, record: Record, error: SkcRuntimeError) -> None:
        """One row on which ONNX Runtime fails, blamed on the step of the node that it names."""
        if self._has_room(check, GUARDS, REFUSED, "failed"):
            self._add(check, GUARDS, REFUSED, (), record, f"fails: {error.message}", SERVED, kind="failed")
            self.differences[-1] = replace(self.differences[-1], step=self.failing_step(error))

    def shrink(self, shrinker: Shrinker) -> None:
        """Replace the rows of the differences that a report shows by the smallest ones that still differ."""
        for place in dict.fromkeys((d.output, d.column, d.kind) for d in self.differences):
            same_column = [d for d in self.differences if (d.output, d.column, d.kind) == place]
            known = next((d for d in same_column if d.against != ITSELF and d.check in SHRUNK_CHECKS), None)
            small = None if known is None else shrinker.smallest(known)
            if known is not None and small is not None:
                index = self.differences.index(known)
                self.differences[index] = self._with_record(known, small, *shrinker.outcomes(small))

    def _with_record(self, difference: Difference, record: Record, got: Outcome, want: Outcome) -> Difference:
        """The same difference, shown in another row."""
        raw = golden.encode_record(self._artifact.manifest, record)
        values: tuple[object, object]
        if difference.output == GUARDS:
            specs = self._artifact.manifest.guards
            values = (refusal(specs, got, 0), refusal(specs, want, 0))
            step = difference.step
        else:
            output = next(o for o in compared_outputs(self._artifact.manifest) if o.name == difference.output)
            k = output.columns.index(difference.column)
            values = (got.value(output.name, 0, k), want.value(output.name, 0, k))
            step = self._first_differing_step(record, self._makers_of(output.name, k)) or self._signalling(
                output.name, k
            )
        command = self._for_record(raw)
        return replace(
            difference,
            step=step,
            record=raw,
            got=values[0],
            want=values[1],
            reproduce=command,
            found_in=difference.record,
        )

    def _has_room(self, check: str, output: str, column: str, kind: DifferenceKind = "value") -> bool:
        return len(self.differences) < MOST and self._seen[check, output, column, kind] < PER_COLUMN

    def _add(
        self,
        check: str,
        output: str,
        column: str,
        makers: tuple[str, ...],
        record: Record,
        got: object,
        want: object,
        *,
        decided_by: str | None = None,
        relation: str | None = None,
        kind: DifferenceKind = "value",
    ) -> None:
        self._seen[check, output, column, kind] += 1
        raw = golden.encode_record(self._artifact.manifest, record)
        command = relation or self._for_record(raw)
        step = None
        if check == GOLDEN_FILE:  # the recorded value is in the file, not computed by a step
            command = self.command()
        elif relation is None:
            step = self._first_differing_step(record, makers) or decided_by
        against = self._oracle.name if relation is None else ITSELF
        made_by = tuple(m for m in makers if is_shown(OPS[self._pipeline.step(m).op]))
        difference = Difference(check, output, column, step, made_by, raw, got, want, command, against, kind=kind)
        self.differences.append(replace(difference, located_by=self._oracle.steps_name))

    def failing_step(self, error: SkcRuntimeError) -> str | None:
        """The step of the node at which ONNX Runtime stopped, by the name of the node in its message."""
        node = re.search(r"Name:'(.*?)' Status Message", error.message)
        steps = frozenset() if node is None else self._drawn().owners(node[1])
        return next((step.name for step in self._pipeline.steps if step.name in steps), None)

    def _drawn(self) -> Atlas:
        if self._atlas is None:
            self._atlas = draw_atlas(self._pipeline, self._artifact.manifest)
        return self._atlas

    def localiser(self) -> Localiser:
        """The one of this artifact, built when it is first needed."""
        if self._localiser is None:
            self._localiser = Localiser(self._drawn(), self._artifact.files[MODEL], self._oracle.evaluate)
        return self._localiser

    def _first_differing_step(self, record: Record, makers: tuple[str, ...]) -> str | None:
        return self.localiser().first_differing_step(record, makers)


def _decisive_guard(a: Array, b: Array) -> int | None:
    """The first guard that fired on only one side; if one side has more guards, the first that the other lacks.

    If both have the same, because an oracle without codes decided otherwise, the first that fired.
    """
    width = max(len(a), len(b))
    padded = [np.pad(row, (0, width - len(row))) for row in (a, b)]
    unequal, fired = padded[0] != padded[1], padded[0] | padded[1]
    return next((int(np.argmax(some)) for some in (unequal, fired) if some.any()), None)


def refusal(specs: Guards | None, outcome: Outcome, i: int) -> str:
    """What became of a row, in words."""
    if not outcome.defined[i]:
        return UNDEFINED
    if outcome.uncoded is not None:
        return REFUSED if outcome.uncoded[i] else SERVED
    columns = () if specs is None else specs.columns
    hits = np.flatnonzero(outcome.guards[i])
    if len(hits) == 0:
        return SERVED
    known = [columns[k] for k in hits if k < len(columns)]
    reasons = [f"{g.code} at `{g.step}`, column `{g.input}`" for g in known]
    return f"refused: {'; '.join(reasons) or 'by a guard that the model does not have'}"
