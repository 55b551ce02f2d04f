"""The harness detects every kind of wrong value and wrong refusal: each check fails once, for an executor that lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import artifact_checks
import attacks
import bodies
import body_checks
import checks
import log_checks
import origin_checks
import pytest
import reload_checks
import run
import signal_checks
from executors import Language
from lies import (
    Answer,
    InProcess,
    Lie,
    always_first_row,
    change_values,
    failing,
    five_for_infinity,
    flattened,
    last_bit,
    minus_zero,
    only,
    refusing,
    renamed,
    widened,
    without_step,
)

from skc_runtime import Log, Transformer, log_files, log_lines, signals

HERE = Path(__file__).parent
TABLE = json.loads(run.TABLE.read_bytes())
BODIES = json.loads(bodies.REQUESTS.read_bytes())


def test_python_passes(small: Path, index: dict[str, Any]) -> None:
    executor: Any = InProcess()
    base: checks.Baseline = {}
    assert not failing([checks.check_vectors(executor, small, e, base, brief=False) for e in index["vectors"]])
    assert not failing(checks.check_marshalling(executor, small, index, TABLE))
    assert not failing(artifact_checks.check_damaged(executor, small, index))
    assert not failing(artifact_checks.check_agreement(executor, small, index))
    assert not failing(artifact_checks.check_sources(executor, small, index))
    assert not failing(artifact_checks.check_tampered(executor, small, index))
    assert not failing(checks.check_contract(executor, small, index))
    assert not failing(body_checks.check_bodies(executor, small, index, {}, brief=False))
    assert not failing(reload_checks.check_reloads(executor, small, index, brief=True))
    assert not failing([origin_checks.check_identity(executor, small, index)])
    assert not failing(log_checks.check_logs(executor, small, index))
    assert not failing(signal_checks.check_signals(executor, small, index))
    pytest.importorskip("cryptography")
    assert not failing(origin_checks.check_signed(executor, small, index))


@pytest.mark.parametrize(
    ("said", "instead", "case"),
    [
        (b'":1e-05', b'":1.0E-5', "logs/floats"),
        (b'"\\u0001', b'"\\u0001'.upper(), "logs/others"),
        (b'"-0.0"', b'"0.0"', "logs/omit-and-hash"),
        (b'{"int":"18446744073709551615"}', b'{"other":true}', "logs/refused"),
    ],
)
def test_another_line_of_a_log_is_noticed(
    said: bytes, instead: bytes, case: str, small: Path, index: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = log_lines.Lines.record
    monkeypatch.setattr(log_lines.Lines, "record", lambda *given: make(*given).replace(said, instead))
    executor: Any = InProcess()
    found = failing(log_checks.check_logs(executor, small, index))
    assert (case in found) is (case != "logs/omit-and-hash")  # there the word is hashed


def test_a_log_that_others_can_read_is_noticed(
    small: Path, index: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "MODE", 0o644)
    executor: Any = InProcess()
    assert "logs/floats" in failing(log_checks.check_logs(executor, small, index))


def test_a_log_that_does_not_see_a_change_of_artifacts_is_noticed(
    small: Path, index: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    executor: Any = InProcess()
    monkeypatch.setattr(Log, "_of", lambda log, _: log._first)
    assert failing(log_checks.check_logs(executor, small, index)) == {"logs/swapped"}
    monkeypatch.setattr(Log, "_of", Log._served_by)
    assert not failing(log_checks.check_logs(executor, small, index))
    monkeypatch.setattr(Log, "_of", lambda log, served_by: replace(log._served_by(served_by), identity="0" * 64))
    assert failing(log_checks.check_logs(executor, small, index)) == {"logs/swapped"}


@pytest.mark.parametrize(
    ("said", "instead", "case"),
    [
        ('kind="outside"} 9009', 'kind="outside"} 9008', "signals/kinds"),
        ('code="unknown-key",input=""', 'code="unknown-key",input="a"', "signals/kinds"),
        ('\\"quoted\\"', '"quoted"', "signals/names and shares"),
        ("} 1605\n", "} 1605.0\n", "signals/threads"),
        ("# HELP", "#  HELP", "signals/nothing was served"),
    ],
)
def test_another_text_of_signals_is_noticed(
    said: str, instead: str, case: str, small: Path, index: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Transformer.signals_text
    monkeypatch.setattr(Transformer, "signals_text", lambda *given: make(*given).replace(said, instead))
    executor: Any = InProcess()
    assert case in failing(signal_checks.check_signals(executor, small, index))


def test_an_observer_that_misses_calls_is_noticed(
    small: Path, index: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals.Watch, "_tell", lambda *given: None)
    executor: Any = InProcess()
    assert "signals/kinds" in failing(signal_checks.check_signals(executor, small, index))


VALUE_LIES: list[tuple[str, Lie, str]] = [
    ("one ulp in an inexact column, in batches of 3", only("records", 3, change_values(last_bit)), "ops/cyclical/"),
    ("one ulp alone", only("record", 1, change_values(last_bit)), "ops/cyclical/"),
    ("five for an infinity in an inexact column", change_values(five_for_infinity), "ops/log1p/large"),
    ("a zero with another sign", change_values(minus_zero), "examples/rides"),
    ("an id one too high", change_values(lambda d, v: [str(int(x) + 1) for x in v] if d == "int64" else v), "ops/voc"),
    ("an id as a number", change_values(lambda d, v: [int(x) for x in v] if d == "int64" else v), "ops/vocabulary"),
    ("a bool as a number", change_values(lambda d, v: [int(x) for x in v] if d == "bool" else v), "ops/cast/"),
    ("two rows swapped", only("records", 8, change_values(lambda d, v: v[::-1])), "ops/vocabulary/"),
    ("an output of another name", renamed, "ops/cyclical/"),
    ("a batch without its rows", flattened, "ops/cyclical/"),
    ("float64 for float32", widened, "examples/rides"),
    ("the wrong row of an error", always_first_row, "examples/rides"),
    ("an error without its step", without_step, "examples/rides"),
    ("a refusal of everything", refusing, "ops/cyclical/"),
]


@pytest.mark.parametrize(("lie", "prefix"), [pytest.param(lie, p, id=name) for name, lie, p in VALUE_LIES])
def test_a_wrong_value_is_seen(small: Path, index: dict[str, Any], lie: Lie, prefix: str) -> None:
    executor: Any = InProcess(lie)
    base: checks.Baseline = {}
    entries = [e for e in index["vectors"] if e["id"].startswith(prefix)]
    assert entries
    assert failing([checks.check_vectors(executor, small, e, base, brief=False) for e in entries])


def test_another_language_may_not_differ_by_one_bit(small: Path, index: dict[str, Any]) -> None:
    """The reference cannot see it: the bits of the language before can."""
    entries = [e for e in index["vectors"] if e["id"].startswith("ops/cyclical/")]
    base: checks.Baseline = {}
    honest: Any = InProcess()
    lying: Any = InProcess(change_values(last_bit))
    assert not failing([checks.check_vectors(honest, small, e, base, brief=True) for e in entries])
    assert failing([checks.check_vectors(lying, small, e, base, brief=True) for e in entries])


def test_a_refusal_that_is_not_given(small: Path, index: dict[str, Any]) -> None:
    def lenient(request: Mapping[str, Any], answer: Answer) -> Answer:
        if request["do"] == "load":
            return {"loaded": True}
        if "error" in answer:
            return {"outputs": {}}
        return answer

    executor: Any = InProcess(lenient)
    refusals = {e["id"] for e in index["damaged"]}
    assert len(failing(artifact_checks.check_damaged(executor, small, index))) == len(refusals) > 150
    assert failing([origin_checks.check_identity(executor, small, index)]) == {"identity/expected"}
    executor.hello["cannot"] = []
    refused = {f"signed/{e['id']}" for e in index["signed"] if e["expect"]}
    assert failing(origin_checks.check_signed(executor, small, index)) == refused
    executor.hello["cannot"] = ["keys"]
    assert not any(tally.checks for tally in origin_checks.check_signed(executor, small, index))


def test_a_runtime_that_takes_or_refuses_every_golden_value(small: Path, index: dict[str, Any]) -> None:
    lenient: Any = InProcess(lambda q, a: {"loaded": True} if q["do"] == "load" else a)
    refusals = {f"agreement/{e['id']}" for e in index["agreement"] if not all(e["loads"].values())}
    assert failing(artifact_checks.check_agreement(lenient, small, index)) == refusals
    strict: Any = InProcess(lambda q, a: {"error": {"code": "golden-mismatch"}} if q["do"] == "load" else a)
    loading = {f"agreement/{e['id']}" for e in index["agreement"] if any(e["loads"].values())}
    assert failing(artifact_checks.check_agreement(strict, small, index)) == loading
    assert len(refusals) > len(loading) > 50


def test_an_archive_that_is_taken_and_a_mount_that_is_not(small: Path, index: dict[str, Any]) -> None:
    lenient: Any = InProcess(lambda q, a: {"loaded": True} if q["do"] == "load" else a)
    refusals = {f"sources/{e['id']}" for e in index["sources"] if e["expect"] is not None}
    assert set(failing(artifact_checks.check_sources(lenient, small, index))) == refusals
    strict: Any = InProcess(lambda q, a: {"error": {"code": "artifact-unsafe"}} if q["do"] == "load" else a)
    assert "sources/mount" in failing(artifact_checks.check_sources(strict, small, index))
    assert len(failing(artifact_checks.check_tampered(strict, small, index))) == len(index["tampered"]) == 3


def test_the_table_of_attacks(small: Path, index: dict[str, Any], tmp_path: Path) -> None:
    """Each line is a case; one that hangs is killed and told, and the next is tried in a new process."""
    import sys

    tried = attacks.attacks(small, index)
    assert len(tried) == len(attacks.ATTACKS) + len(index["tampered"]) > 30
    program = (
        "import json, os, sys, time\n"
        'print(\'{"cannot": ["zip"]}\', flush=True)\n'
        "sys.stdin.readline()\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    artifact = '' if 'expect' in request else request['artifact']\n"
        "    if 'loop' in artifact: time.sleep(60)\n"
        "    if 'sparse' in artifact: os.abort()\n"
        '    print(\'{"loaded": true}\' if \'tampered\' in artifact else \'{"error": {"code": "x"}}\', flush=True)\n'
    )
    found = list(attacks.outcomes(Language("other", (sys.executable, "-c", program)), tmp_path, tried, 0.5))
    by_line = {attack.what: outcome for attack, outcome in zip(tried, found, strict=True)}
    assert by_line["wait for ever: a loop of 2^62 rounds"] == "hangs"
    assert by_line["read a file: in a sparse initializer"] == "dies"
    assert by_line["take memory: a zip archive of 100 MB of zeros"] == "-"
    assert found.count("loads") == 3
    assert found.count("x") > 20


def test_a_wrong_code_and_a_wrong_value_of_the_table(small: Path, index: dict[str, Any]) -> None:
    def lie(request: Mapping[str, Any], answer: Answer) -> Answer:
        if answer.get("error", {}).get("code") == "not-exact":
            answer["error"]["code"] = "wrong-type"
        if answer.get("error", {}).get("code") == "unequal-lengths":
            answer["error"]["input"] = "a"
        for tensor in answer.get("outputs", {}).values():
            if tensor["values"] == ["8000000000000000"]:
                tensor["values"] = ["0000000000000000"]
        return answer

    executor: Any = InProcess(lie)
    found = failing(checks.check_marshalling(executor, small, index, TABLE))
    exact = {f"marshalling/{r['id']}" for r in TABLE["values"] if r["expect"].get("error") == "not-exact"}
    lengths = {f"marshalling/{r['id']}" for r in TABLE["requests"] if r["expect"].get("error") == "unequal-lengths"}
    zeros = {
        f"marshalling/{r['id']}"
        for r in TABLE["values"]
        if r["expect"].get("value") == "-0.0" and r["input"]["type"] == "float64"
    }
    assert found == exact | lengths | zeros
    assert {"marshalling/float64-minus-zero", "marshalling/float64-text-to-zero"} <= zeros
