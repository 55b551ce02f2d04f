"""The guard against regress: what work costs in counts is what is kept in benchmarks/results.json."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import counts  # noqa: E402  # found by the line above
import everything  # noqa: E402

KEPT = {"fit": {"queries": 10, "calls": 1000}, "100 floats: fit": {"queries": 10}, "400 floats: fit": {"queries": 40}}


def test_nothing_costs_more_or_less_than_what_is_kept() -> None:
    done = subprocess.run([sys.executable, BENCHMARKS / "counts.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("stage", "name", "count", "message"),
    [
        ("fit", "queries", 11, "fit: 11 queries, kept are 10"),
        ("fit", "queries", 9, "fit: 9 queries, kept are 10"),
        ("fit", "runs", 1, "fit: 1 runs, kept are no"),
        ("load", "runs", 1, "load: 1 runs, kept are no"),
        ("fit", "calls", 1051, "fit: 1,051 calls, kept are 1,000"),
        ("fit", "calls", 949, "fit: 949 calls, kept are 1,000"),
    ],
)
def test_a_count_that_changed_is_named(stage: str, name: str, count: int, message: str) -> None:
    now = {**KEPT, stage: {**KEPT.get(stage, {}), name: count}}
    assert counts.differences(KEPT, now) == [message]


@pytest.mark.parametrize("calls", [950, 1000, 1050])
def test_calls_may_differ_a_little(calls: int) -> None:
    assert counts.differences(KEPT, {**KEPT, "fit": {"queries": 10, "calls": calls}}) == []


def test_a_stage_that_is_gone_is_named() -> None:
    assert counts.differences(KEPT, {k: v for k, v in KEPT.items() if k != "400 floats: fit"}) == [
        "400 floats: fit: no queries, kept are 40"
    ]


def test_a_count_that_grows_with_the_square_of_the_columns_has_the_exponent_2() -> None:
    ((stage, name, linear),) = counts.exponents(KEPT)
    assert (stage, name, round(linear, 9)) == ("400 floats: fit", "queries", 1)
    ((_, _, quadratic),) = counts.exponents({**KEPT, "400 floats: fit": {"queries": 160}})
    assert round(quadratic, 9) == 2 > counts.LINEAR


@pytest.mark.parametrize("name", everything.NAMES)
def test_every_benchmark_can_write_its_ratios(name: str) -> None:
    done = subprocess.run([sys.executable, BENCHMARKS / f"{name}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--json FILE" in done.stdout
