"""Sources of rows: the same rows in whatever form they come, and what sources learn of each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import op_harness as harness
import pytest
from forged_artifacts import GOLDEN_RIDES, RIDE, compile_pipeline, rides

from skc.equality.trials import own_trials
from skc.ops import OPS
from skc.oracle import reference
from skc.oracle.protocol import Oracle, Outcome
from skc.oracle.reference import Reference
from skc.rows import sources
from skc.rows.boundaries import step_boundaries
from skc.rows.sampling import Record, Variations
from skc.rows.sources import Batch, OwnSources, Records, RowSource, Stream
from skc_runtime import Manifest

PIPELINE = rides()
FOUND = step_boundaries(PIPELINE)


def own_sources(served: list[Record] | None = None) -> OwnSources:
    return OwnSources(PIPELINE, FOUND, 400, 7, reference.run, [dict(RIDE)], served or [])


def rows_of(source: RowSource) -> list[Record]:
    return [batch.record(i) for batch in source.batches() for i in range(rows_in(batch))]


def rows_in(batch: Batch) -> int:
    return next(iter(batch.blocks.values())).rows


def test_a_record_is_the_row_of_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks, as variations of one row, and as a stream of blocks."""
    monkeypatch.setattr(sources, "CHUNK", 4)
    rows = [{i.name: record.get(i.name) for i in PIPELINE.inputs} for record in GOLDEN_RIDES]
    changes: list[tuple[str, Any]] = [("distance", float(k)) for k in range(9)]
    for held in (rows, Variations(rows[0], changes)):
        source = Records("records", "", PIPELINE, held)
        assert next(rows_in(batch) for batch in source.batches()) == 4
        assert rows_of(source) == list(held)
        blocks = [dict(batch.blocks) for batch in source.batches()]
        assert rows_of(Stream("stream", "", PIPELINE, blocks)) == list(held)


def test_a_wide_pipeline_has_fewer_rows_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides hold a batch several times over: 3,000 columns would take gigabytes."""
    columns = len(PIPELINE.inputs)
    for cells, rows in ((3 * columns, 3), (4 * columns - 1, 3), (columns, 1), (columns - 1, 1), (10**9, 9)):
        monkeypatch.setattr(sources, "CELLS", cells)
        source = Records("records", "", PIPELINE, [dict(RIDE)] * 9)
        assert [rows_in(batch) for batch in source.batches()] == [rows] * (9 // rows)
        assert rows_of(source) == [dict(RIDE)] * 9


def test_the_order_of_sources() -> None:
    """Rides has no expression, so it has no other branch."""
    assert [source.name for source in own_sources()] == ["boundaries", "generated", "hostile"]


def test_each_column_of_a_block_is_varied_where_the_others_are_zero() -> None:
    """A limit of class_of is the difference of two scores: from a base row far from it, none is reached."""
    op = OPS["class_of"]
    case = next(case for case in op.cases if case.name == "scores with their errors, within a gap")
    fitted = harness.fitted(op, case)
    made = OwnSources(fitted, step_boundaries(fitted), 100, 0, reference.run, [])
    assert made.base["noise_a"]  # beside an error, no small difference matters
    (branches,) = [source for source in made if source.name == "branches"]
    tried = [tuple(record.values()) for record in branches.records]
    for score in (0.5, 0.5000000000000001, 5e-324):
        assert (score, 0.0, 0.0, 0.0) in tried
        assert (0.0, score, 0.0, 0.0) in tried


def generated_after(refused: bool) -> list[Record]:
    made = own_sources()
    for source in made:
        if source.name == "generated":
            return list(source.records)
        made.learn(source, [refused] * len(source.records))
    raise AssertionError


def test_generated_rows_take_values_that_were_served() -> None:
    """Three in four are mixtures of them; one in four of anything, served or not."""
    other = {"CARD", "cash"}  # no random string, and no change of a letter, gives one of these
    tame = [[row["payment"] for row in generated_after(refused)[:300]] for refused in (False, True)]
    assert other & {*tame[0]}
    assert not other & {*tame[1]}
    assert generated_after(True)[300:] == generated_after(False)[300:]


def test_values_of_served_rows_are_used_too() -> None:
    row: Record = {**{i.name: None for i in PIPELINE.inputs}, **RIDE, "distance": 1234.5}
    made = list(itertools.islice(own_sources([row]), 2))[1]
    assert made.name == "generated"
    assert 1234.5 in [record["distance"] for record in made.records[:300]]


def test_a_base_row_that_is_refused_is_known() -> None:
    made = own_sources()
    first = next(iter(made))
    made.learn(first, [False] * len(first.records))
    assert made.base_is_served
    made.learn(first, [True] * len(first.records))
    assert not made.base_is_served


class Strict:
    """An oracle that refuses what it is told to, and knows no step."""

    def __init__(self, oracle: Oracle, payment: str) -> None:
        self._oracle, self._payment = oracle, payment

    def run(self, blocks: Any) -> Outcome:
        found = self._oracle.run(blocks).without_steps()
        guards = found.guards.copy()
        guards[:, 0] |= blocks["payment"].values[:, 0] == self._payment
        return Outcome(found.outputs, found.valid, guards)


def test_trials_ask_whatever_oracle_there_is() -> None:
    manifest = Manifest.from_json(compile_pipeline(PIPELINE).files["manifest.json"])
    whole = Reference(PIPELINE, manifest)

    def tame_cash(oracle: Oracle) -> Iterator[bool]:
        for trial in own_trials(own_sources(), oracle, lambda name: None):
            if trial.source == "generated":
                yield any(trial.record(i)["payment"] == "cash" for i in range(300))
                assert bool(trial.want.steps) == (oracle is whole)

    assert list(tame_cash(whole)) == [True]
    assert list(tame_cash(Strict(whole, "cash"))) == [False]
