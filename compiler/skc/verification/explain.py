"""One record's walk through a pipeline: the value of every step, on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from skc.artifact import MODEL, Artifact
from skc.blame.atlas import draw_atlas
from skc.blame.localise import Localiser, StepValue, makers_of_step
from skc.equality.judge import Judge, compare_output
from skc.equality.sides import Graph
from skc.ir import Pipeline
from skc.oracle.default import step_oracle
from skc.oracle.protocol import REFERENCE, Oracle, Outcome
from skc.passes.prune import prune
from skc.rows.sampling import Record, to_blocks
from skc.values.types import Scalar
from skc.verification.findings import refusal
from skc.verification.report import GOLDEN_FILE, ITSELF, Difference, Walk, WalkRow
from skc.verification.shown import OneLine, encoded, shown
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError

FORMAT = 1
SHOWN_COLUMNS = 8  # of a step or output with more, those that differ and the first ones
SAME, HIDDEN, MARK = "=", "?", "<- differs"


@dataclass(frozen=True)
class OutputValue:
    """One column of an output; None is null."""

    output: str
    column: str
    got: Any
    want: Any
    differs: bool


@dataclass(frozen=True, repr=False)
class Explanation(OneLine):
    """A walk. `got` and `want` say whether the graph and the oracle serve the row, or why not.

    `steps_by` has the values of steps; it is the oracle, or the reference for an oracle that knows outputs alone.
    """

    name: str
    record: Mapping[str, Any]  # JSON values
    steps: tuple[StepValue, ...]
    outputs: tuple[OutputValue, ...]  # empty if either side refuses the row
    got: str
    want: str
    refusals_differ: bool
    oracle: str = REFERENCE
    steps_by: str = REFERENCE

    @property
    def is_equal(self) -> bool:
        """No step and no output differs, and neither does what became of the row."""
        is_wrong = any(step.differs for step in self.steps) or any(output.differs for output in self.outputs)
        return not self.refusals_differ and not is_wrong

    def verdict(self) -> str:
        """One line: whether the sides agree, and the outcome for the row."""
        agreed = "agree" if self.is_equal else "DIFFER"
        return (
            f"graph and {self.oracle} of `{self.name}` {agreed} on the record: "
            f"{self.oracle}: {self.want}; graph: {self.got}"
        )

    def to_json(self) -> dict[str, Any]:
        """All facts; values in the JSON forms of golden.jsonl."""
        facts = {"skc": "explanation", "format": FORMAT, "equal": self.is_equal, **asdict(self)}
        for value in (*facts["steps"], *facts["outputs"]):
            value |= {"got": encoded(value["got"]), "want": encoded(value["want"])}
        return facts


def walks_of(
    artifact: Artifact, differences: Sequence[Difference], oracle: Oracle, localiser: Callable[[], Localiser]
) -> Iterator[Walk]:
    """The walks of some differences from the oracle, through the steps that each depends on.

    If another oracle knows the steps, and none of them differs, a walk would show nothing.
    """
    for difference in differences:
        is_of_rows = difference.against != ITSELF and difference.check not in ("steps", GOLDEN_FILE)
        if not is_of_rows or (difference.step is None and difference.against != difference.located_by):
            continue
        record = golden.decode_record(artifact.manifest, dict(difference.record))
        walk = explain(artifact, record, oracle, localiser())
        steps = [value for value in walk.steps if value.step in difference.made_by]
        rows = tuple(
            WalkRow(name or rows_of.step, column, want, graph, bool(mark))
            for rows_of in by_step(steps)
            for name, column, want, graph, mark in rows_of.rows()
        )
        yield Walk(difference.output, difference.column, difference.record, rows, difference.located_by)


@dataclass(frozen=True)
class StepRows:
    step: str
    values: tuple[StepValue, ...]

    def rows(self) -> Iterator[tuple[str, ...]]:
        return value_rows(self.step, [(v.column, v.got, v.want, v.differs, v.is_shown) for v in self.values])


def by_step(values: Sequence[StepValue]) -> Iterator[StepRows]:
    for step, group in groupby(values, key=lambda value: value.step):
        yield StepRows(step, tuple(group))


def value_rows(name: str, values: Sequence[tuple[str, Any, Any, bool, bool]]) -> Iterator[tuple[str, ...]]:
    """Lines of a table: name, column, right value, graph, a mark."""
    chosen = [v for k, v in enumerate(values) if v[3] or k < SHOWN_COLUMNS][:SHOWN_COLUMNS]
    for column, got, want, differs, is_shown in chosen:
        graph = HIDDEN if not is_shown else SAME if shown(got) == shown(want) and not differs else shown(got)
        yield name, column, shown(want), graph, MARK if differs else ""
        name = ""
    if len(chosen) < len(values):
        yield "", f"… and {len(values) - len(chosen):,} more columns", "", "", ""


def explain(
    artifact: Artifact, record: Record, oracle: Oracle | None = None, localiser: Localiser | None = None
) -> Explanation:
    """The walk of a legal record (every input has a key; None is null). `localiser` is one of the artifact, if there is
    one already: it is slow to build.
    """
    pipeline = prune(artifact.pipeline)
    blocks = to_blocks(pipeline.inputs, [record])
    right = step_oracle(pipeline, artifact.manifest, oracle)
    want = right.run(blocks)
    raw = golden.encode_record(artifact.manifest, record)
    if localiser is None:
        localiser = Localiser(draw_atlas(pipeline, artifact.manifest), artifact.files[MODEL], right.evaluate)
    walk = localiser.walk(record)
    guards = artifact.manifest.guards
    want_refusal, names = refusal(guards, want, 0), (right.name, right.steps_name)
    try:
        got = Graph(artifact.manifest, artifact.files[MODEL]).run(blocks)
    except SkcRuntimeError as error:
        return Explanation(pipeline.name, raw, walk, (), f"fails: {error.message}", want_refusal, True, *names)
    judgement = Judge(pipeline, artifact.manifest, right.by_design).compare(got, want)
    is_compared = want.defined[0] and not want.refused[0] and not got.refused[0]
    outputs = () if not is_compared else tuple(_outputs(artifact, got, want))
    if guards is not None:
        on_both_sides = want.guards[0][: len(guards.columns)] & got.guards[0]
        fired = {guards.columns[k].step for k in np.flatnonzero(on_both_sides)}
        walk = tuple(_without_meaning(pipeline, value, fired) for value in walk)
    served, differ = refusal(guards, got, 0), bool(judgement.refusals[0])
    return Explanation(pipeline.name, raw, walk, outputs, served, want_refusal, differ, *names)


def _without_meaning(pipeline: Pipeline, value: StepValue, refusing: set[str]) -> StepValue:
    """Do not report a difference in a step that refuses the row, or in steps after it: their values are meaningless."""
    is_idle = value.differs and not refusing.isdisjoint(makers_of_step(pipeline, value.step))
    return replace(value, differs=False) if is_idle else value


def _outputs(artifact: Artifact, got: Outcome, want: Outcome) -> Iterator[OutputValue]:
    for output in artifact.manifest.outputs:
        name = output.name
        differs = compare_output(output, got, want).differs[0]
        for k, column in enumerate(output.columns):
            values = (_plain(got.value(name, 0, k)), _plain(want.value(name, 0, k)))
            yield OutputValue(name, column, *values, bool(np.asarray(differs[k])))


def _plain(value: Any) -> Scalar:
    return None if isinstance(value, float) and value != value else value
