"""What a transformer counts of its calls, and what it says to an observer."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import skc
import skc_runtime
from skc_runtime import Log, RecordError, SkcRuntimeError
from skc_runtime.signals import AT_ONCE, Call

PIPELINE = """
skc: 1
name: rides
inputs:
  payment: {type: string, nullable: true}
  fare: {type: float64, nullable: true}
  hour: int64
features:
  payment: {from: payment, apply: [{one_hot: {unknown: zeros, null: zeros}}]}
  fare: {from: fare, apply: [{clip: {min: 0, max: 10}}, {impute: {strategy: mean}}]}
  hour: {from: hour, apply: [{one_hot: {unknown: error}}]}
outputs:
  x: {features: [payment, fare, hour], dtype: float64}
"""
ROWS = [
    {"payment": p, "fare": f, "hour": h}
    for p, f, h in [("card", 1.0, 1), ("cash", None, 2), ("card", 3.0, 1), (None, 4.0, 2)]
]
PLAIN = {"payment": "card", "fare": 2.0, "hour": 1}
STRANGE = {"payment": "crypto", "fare": 99.0, "hour": 2}
EMPTY = {"payment": None, "fare": None, "hour": 1}
Counts = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two artifacts of one pipeline: `plain`, and `counted` with signals."""
    folder = tmp_path_factory.mktemp("signals")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for name, signals in (("plain", False), ("counted", True)):
        skc.compile(folder / "pipeline.yaml", folder / "rows.jsonl", folder / name, signals=signals, verify=False)
    return folder


@pytest.fixture
def transformer(artifacts: Path) -> skc_runtime.Transformer:
    return skc_runtime.load(artifacts / "counted")


def steps(transformer: skc_runtime.Transformer) -> Counts:
    return {(step.kind, step.input): step.rows for step in transformer.signals().steps if step.rows}


def test_loading_is_not_serving(transformer: skc_runtime.Transformer) -> None:
    counted = transformer.signals()
    assert (counted.rows, counted.refused, steps(transformer)) == (0, {}, {})
    assert sum(counted.durations.counts) == counted.durations.nanoseconds == 0


def test_every_form_of_a_request_counts(transformer: skc_runtime.Transformer) -> None:
    rows = [PLAIN, STRANGE, EMPTY]
    table = pd.DataFrame(rows).astype({"hour": "int64"})
    transformer.transform(rows[1])
    transformer.transform_record(rows[2])
    transformer.transform(rows)
    transformer.transform_records(rows)
    transformer.transform_columns({name: [row[name] for row in rows] for name in PLAIN})
    transformer.transform(table)
    transformer.transform(pa.table({name: [row[name] for row in rows] for name in PLAIN}))
    transformer.transform_json(json.dumps(rows[1]))
    transformer.transform_json(json.dumps(rows))
    assert transformer.signals().rows == 3 + 6 * 3
    assert steps(transformer) == {
        ("null", "payment"): 7,
        ("null", "fare"): 7,
        ("unknown", "payment"): 8,
        ("clipped", "fare"): 8,
    }
    assert sum(transformer.signals().durations.counts) == 9


def test_chunks_count(transformer: skc_runtime.Transformer) -> None:
    rows = 20_001
    transformer.transform_columns(
        {"payment": ["x"] * rows, "fare": np.full(rows, np.nan), "hour": np.ones(rows, np.int64)}
    )
    assert transformer.signals().rows == rows
    assert steps(transformer) == {("unknown", "payment"): rows, ("null", "fare"): rows}


@pytest.mark.parametrize("rows", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7])
def test_single_rows_count_before_and_after_they_are_added_up(transformer: skc_runtime.Transformer, rows: int) -> None:
    for i in range(rows):
        transformer.transform_record(STRANGE if i % 2 else PLAIN)
    assert transformer.signals().rows == rows
    assert steps(transformer).get(("unknown", "payment"), 0) == rows // 2


def test_a_refused_call_counts_once_and_serves_nothing(transformer: skc_runtime.Transformer) -> None:
    for request in (
        {**STRANGE, "hour": 9},
        [STRANGE, {**STRANGE, "hour": 9}],
        {**STRANGE, "fare": "9"},
        {**STRANGE, "a secret": 1},
        [1],
    ):
        with pytest.raises(RecordError):
            transformer.transform(request)
    counted = transformer.signals()
    assert (counted.rows, steps(transformer)) == (0, {})
    assert counted.refused == {
        ("unknown-category", "hour"): 2,
        ("wrong-type", "fare"): 1,
        ("unknown-key", ""): 1,
        ("unsupported-data", ""): 1,
    }
    assert "secret" not in transformer.signals_text()


def test_misuse_is_not_a_call(transformer: skc_runtime.Transformer) -> None:
    with pytest.raises(SkcRuntimeError, match="extra"):
        transformer.transform(PLAIN, extra="all")  # type: ignore[arg-type]  # as a caller might
    transformer.close()
    with pytest.raises(SkcRuntimeError, match="closed"):
        transformer.transform(PLAIN)
    assert sum(transformer.signals().durations.counts) == 0


def test_threads_count_alike_and_those_that_ended_too(transformer: skc_runtime.Transformer) -> None:
    def work() -> None:
        for _ in range(300):
            transformer.transform_record(STRANGE)

    for _ in range(3):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert transformer.signals().rows == 3 * 4 * 300
    assert steps(transformer) == {("unknown", "payment"): 3600, ("clipped", "fare"): 3600}
    transformer.transform_record(PLAIN)
    watch: Any = transformer._watch
    assert len(watch._living) <= 1 + 4, "the counters of threads that ended are kept"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_counts_from_zero(transformer: skc_runtime.Transformer) -> None:
    transformer.transform_record(STRANGE)
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            transformer.transform_record(STRANGE)
            os.write(writing, f"{transformer.signals().rows} {sum(steps(transformer).values())}".encode())
        finally:
            os._exit(0)
    os.wait()
    assert os.read(reading, 100) == b"1 2"
    assert transformer.signals().rows == 1


def test_an_observer_hears_of_each_call(artifacts: Path) -> None:
    calls: list[Call] = []
    for name in ("plain", "counted"):
        calls.clear()
        loaded = skc_runtime.load(artifacts / name, observer=calls.append)
        loaded.transform(PLAIN)
        loaded.transform([PLAIN] * 3)
        with pytest.raises(RecordError):
            loaded.transform({**PLAIN, "hour": 9})
        assert [(c.identity, c.rows, c.code) for c in calls] == [
            (loaded.identity, 1, None),
            (loaded.identity, 3, None),
            (loaded.identity, 0, "unknown-category"),
        ]
        assert all(0 < c.seconds < 60 for c in calls)


def test_an_observer_that_raises_fails_no_request(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.append(arguments.exc_value))
    trouble = ValueError("no metrics")

    def observer(call: Call) -> None:
        raise trouble

    assert skc_runtime.load(artifacts / "plain", observer=observer).transform(PLAIN)
    assert told == [trouble]


def test_a_reloadable_passes_its_observer_on(artifacts: Path) -> None:
    calls: list[Call] = []
    with skc_runtime.Reloadable(artifacts / "plain", interval=None, observer=calls.append) as serving:
        serving.transform(PLAIN)
    assert [call.rows for call in calls] == [1]


def test_without_signals_and_observer_nothing_is_kept(artifacts: Path) -> None:
    loaded = skc_runtime.load(artifacts / "plain")
    assert loaded._watch is None
    for _ in range(50):
        loaded.transform_record(PLAIN)
    before = sys.getallocatedblocks()
    for _ in range(500):
        loaded.transform_record(PLAIN)
    assert sys.getallocatedblocks() - before < 100


def test_signals_of_an_artifact_without_them(artifacts: Path) -> None:
    loaded = skc_runtime.load(artifacts / "plain", observer=lambda call: None)
    for ask in (loaded.signals, loaded.signals_text):
        with pytest.raises(SkcRuntimeError, match="the artifact has no signals") as refused:
            ask()
        assert (refused.value.code, refused.value.hint) == ("invalid-option", "compile the pipeline with --signals")
    assert skc_runtime.load(artifacts / "counted").signals().rows == 0  # as the hint says


def test_the_text_has_the_shares_of_training_and_what_a_log_dropped(
    transformer: skc_runtime.Transformer, tmp_path: Path
) -> None:
    with Log.open(tmp_path / "log", transformer) as log:
        text = transformer.signals_text(log)
    of = f'name="rides",plan="{transformer.manifest.plan[:8]}"'
    null = f'{of},step="inputs/payment",input="payment",kind="null"'
    assert f"\nskc_training_ratio{{{null}}} 0.25\n" in text
    assert f"\nskc_log_dropped_total{{{of}}} 0\n" in text
    assert "skc_log_dropped_total" not in transformer.signals_text()


def test_durations_are_in_their_buckets(transformer: skc_runtime.Transformer) -> None:
    watch: Any = transformer._watch
    for nanoseconds in (0, 10_000, 10_001, 10**9, 10**9 + 1, 12_345_678_901):
        watch.ended(1, nanoseconds, None)
    counts = transformer.signals().durations.counts
    assert [(i, n) for i, n in enumerate(counts) if n] == [(0, 2), (1, 1), (15, 1), (16, 2)]
    text = transformer.signals_text()
    assert 'le="0.00001"} 2\n' in text
    assert 'le="1"} 4\n' in text
    assert 'le="+Inf"} 6\n' in text
    assert f"}} {(10_000 + 10_001 + 2 * 10**9 + 1 + 12_345_678_901) // 10**9}." in text
