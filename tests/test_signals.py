"""`--signals`: what the artifact declares, that verification compares it, and that nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import skc
import skc.lower
import skc_runtime
from skc.artifact import MANIFEST, MODEL
from skc.diagnostics import SkcError
from skc.emit.opset import op
from skc.frontend.yaml.reader import read_pipeline_text
from skc.inspection import inspect
from skc.ops import OPS
from skc.reports.inspection import artifact_text
from skc.verification.identity import is_own_work, recompiled
from skc_runtime.manifest import Manifest

RIDES = """
skc: 1
name: rides
inputs:
  payment: {type: string, nullable: true, null_values: [""]}
  zone: {type: string, nullable: true}
  fare: {type: float64, nullable: true}
  tip: {type: float64, nullable: true, null_values: [-1]}
  when: string
features:
  payment: {from: payment, apply: [{one_hot: {unknown: zeros, null: zeros}}]}
  zone: {from: zone, apply: [{ordinal: {unknown: null}}]}
  fare: {from: fare, apply: [{impute: {strategy: mean}}, minmax_scale]}
  tip: {from: tip, apply: [{impute: {strategy: mean}}, {clip: {min: 0, max: 10}}]}
  month: {from: when, apply: [{parse_datetime: {format: "%Y-%m-%d", invalid: null}}, {datetime_part: {part: month}}]}
outputs:
  x: {features: [payment, fare, tip, zone, month], dtype: float64}
"""
ROWS = [
    {"payment": p, "zone": z, "fare": f, "tip": t, "when": w}
    for p, z, f, t, w in [
        ("card", "a", 1.5, 0.0, "2024-01-02"),
        ("cash", "b", 2.5, -1.0, "2024-02-02"),
        ("card", "a", None, 3.0, "2024-03-02"),
        ("app", None, 4.0, 4.0, "2024-04-02"),
    ]
]


def compiled(tmp_path: Path, text: str = RIDES, **options: Any) -> skc.Compiled:
    (tmp_path / "pipeline.yaml").write_text(text)
    data = tmp_path / "rides.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return skc.compile(tmp_path / "pipeline.yaml", data, **{"rows": 500, **options})


def test_the_manifest_names_every_signal(tmp_path: Path) -> None:
    signals = compiled(tmp_path, signals=True).artifact.manifest.signals
    assert signals is not None
    assert {(c.kind, c.step, c.input) for c in signals.columns} == {
        ("null", "inputs/payment", "payment"),
        ("null", "inputs/zone", "zone"),
        ("null", "inputs/fare", "fare"),
        ("null", "inputs/tip", "tip"),
        ("unknown", "payment/0:one_hot", "payment"),
        ("unknown", "zone/0:ordinal", "zone"),
        ("outside", "fare/1:minmax_scale", "fare"),
        ("clipped", "tip/1:clip", "tip"),
        ("invalid", "month/0:parse_datetime", "when"),
    }


@pytest.mark.parametrize("signature", ["packed", "columns"])
def test_signals_change_no_output_and_no_plan(tmp_path: Path, signature: Any) -> None:
    plain, counted = compiled(tmp_path, signature=signature), compiled(tmp_path, signature=signature, signals=True)
    assert plain.artifact.manifest.signals is None
    assert "signals" not in json.loads(plain.artifact.files[MANIFEST])
    assert plain.artifact.manifest.plan == counted.artifact.manifest.plan
    assert counted.report is not None
    assert counted.report.is_equal
    assert is_own_work(counted.artifact)
    row = {"payment": "crypto", "zone": None, "fare": 99.0, "tip": 99.0, "when": "soon"}
    left, right = (skc_runtime.Transformer(c.artifact.manifest, c.artifact.files[MODEL]) for c in (plain, counted))
    a, b = left.transform(row), right.transform(row)
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def test_a_pipeline_may_ask_for_signals(tmp_path: Path) -> None:
    asked = compiled(tmp_path, RIDES + "signals: true\n")
    assert asked.artifact.files == compiled(tmp_path, signals=True).artifact.files
    assert compiled(tmp_path, RIDES + "signals: false\n").artifact.manifest.signals is None
    with pytest.raises(SkcError, match="`signals` must be true or false"):
        read_pipeline_text(RIDES + "signals: 1\n", "pipeline.yaml")


def test_the_shares_of_training_are_in_the_manifest(tmp_path: Path) -> None:
    def shares(text: str = RIDES, **options: Any) -> dict[tuple[str, str], str | None]:
        signals = compiled(tmp_path, text, signals=True, verify=False, **options).artifact.manifest.signals
        assert signals is not None
        return {(c.kind, c.input): c.training for c in signals.columns}

    usual = shares()
    assert {place: share for place, share in usual.items() if share != "0"} == {
        ("null", "zone"): "0.25",
        ("null", "fare"): "0.25",
        ("null", "tip"): "0.25",
    }
    assert set(shares(profile=False).values()) == {None}
    artifact = compiled(tmp_path, signals=True, verify=False).artifact
    edited = artifact.files[MANIFEST].replace(b'"training":"0.25"', b'"training":"0.5"', 1)
    forged = replace(artifact, manifest=Manifest.from_json(edited), files={**artifact.files, MANIFEST: edited})
    assert (recompiled(artifact).differing_rows, recompiled(forged).differing_rows) == (0, 1)
    without = shares(RIDES + "profile: {omit: [fare, when]}\n")
    assert {place for place, share in without.items() if share is None} == {
        ("null", "fare"),
        ("outside", "fare"),
        ("invalid", "when"),
    }


def test_inspect_lists_the_signals(tmp_path: Path) -> None:
    for signals in (True, False):
        compiled(tmp_path, signals=signals, verify=False, out=tmp_path / "artifact", force=True)
        facts = inspect(tmp_path / "artifact")
        assert ("null at inputs/fare (fare), 25.00% of the training rows" in artifact_text(facts)) is signals
        assert ("signals" in facts) is signals


def test_nothing_to_signal(tmp_path: Path) -> None:
    text = "skc: 1\nname: plain\ninputs: {x: float64}\noutputs: {y: {features: [x], dtype: float64}}\n"
    (tmp_path / "plain.yaml").write_text(text + "signals: true\n")
    with pytest.raises(SkcError, match="nothing to signal") as refused:
        skc.compile(tmp_path / "plain.yaml", verify=False)
    assert refused.value.code == "SKC640"
    (tmp_path / "plain.yaml").write_text(text)  # as the hint says
    assert skc.compile(tmp_path / "plain.yaml", verify=False).artifact.manifest.signals is None


@pytest.mark.parametrize("kind", ["unknown", "clipped", "outside"])
def test_a_wrong_signal_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Every op whose mask says the opposite."""

    def inverted(name: str) -> Any:
        def lowered(*arguments: Any) -> Any:
            block = OPS_BEFORE[name].lower(*arguments)
            signals = (replace(s, mask=op.not_(s.mask)) if s.kind == kind else s for s in block.signals)
            return replace(block, signals=tuple(signals))

        return lowered

    for name in OPS_BEFORE:
        monkeypatch.setitem(skc.lower.OPS, name, replace(OPS_BEFORE[name], lower=inverted(name)))
    report = compiled(tmp_path, signals=True).report
    assert report is not None
    assert {d.output for d in report.differences} == {"skc.signals"}
    assert all(f"{kind} `" in d.column and d.step is not None and d.step in d.column for d in report.differences)


OPS_BEFORE = dict(OPS)


def test_a_signal_that_is_not_there_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = replace(OPS["clip"], lower=lambda *arguments: replace(OPS_BEFORE["clip"].lower(*arguments), signals=()))
    monkeypatch.setitem(skc.lower.OPS, "clip", silent)
    with pytest.raises(SkcError, match="the graph has no signal `clipped` of `tip` at `tip/1:clip`"):
        compiled(tmp_path, signals=True)


def test_every_planted_fault_in_signals_is_found(tmp_path: Path) -> None:
    compiled(tmp_path, signals=True, out=tmp_path / "artifact")
    found = skc.self_check(tmp_path / "artifact", rows=500)
    missed = [o.mutant.what for o in found.outcomes if o.fate in ("not found", "evened out")]
    assert not missed
    kinds = [o.mutant.kind for o in found.outcomes if o.fate == "found"]
    assert {"signal that never fires", "signal that always fires"} <= set(kinds)


def test_a_step_over_several_columns_has_one_signal_whatever_its_shape_says(tmp_path: Path) -> None:
    """The shape of this mask is not inferred: the manifest named a signal for each column of the step."""
    (tmp_path / "pipeline.yaml").write_text("""
skc: 1
name: aged
inputs: {now: timestamp, at: {type: timestamp, nullable: true}, x: {type: float64, nullable: true}}
features:
  age: {from: [at, now], apply: [{elapsed: {unit: seconds}}, {clip: {max: 60}}, {impute: {strategy: mean}}]}
  recent: {expr: x if age <= 10 else null, apply: [{impute: {strategy: mean}}]}
outputs: {out: {features: [recent], dtype: float64}}
""")
    times = ("2025-01-01T00:00:59Z", "2025-01-01T00:00:01Z", None)
    rows = [{"now": "2025-01-01T00:01:00Z", "at": at, "x": x} for at, x in zip(times, (1.0, 2.0, None), strict=True)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = skc.compile(tmp_path / "pipeline.yaml", tmp_path / "rows.jsonl", tmp_path / "made", rows=200, signals=True)
    assert made.report is not None
    assert made.report.is_equal
    with skc_runtime.load(tmp_path / "made") as transformer:
        transformer.transform(rows)
        counts = [(one.kind, one.input, one.rows) for one in transformer.signals().steps if one.step == "recent/0:expr"]
    assert counts == [("invalid", "x", 1)]
