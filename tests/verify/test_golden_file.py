"""What golden.jsonl says is compared as golden replay compares it: a float32 is not rounded into agreement."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from forged_artifacts import rides

from skc.artifact import GOLDEN, Artifact, assemble
from skc.verification.report import GOLDEN_FILE, Check
from skc.verification.run import Options, verify
from skc_runtime import ArtifactError, Transformer, golden


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return assemble(rides(), "columns")


def with_value(artifact: Artifact, step: float) -> Artifact:
    """The first float32 of the first record that is served, moved."""
    lines = [json.loads(line) for line in artifact.files[GOLDEN].splitlines()]
    values = next(line["outputs"]["x"] for line in lines if "outputs" in line)
    assert isinstance(values[0], float)
    assert step > 1 or float(np.float32(values[0] + step)) == values[0]
    values[0] += step
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return replace(artifact, files={**artifact.files, GOLDEN: data})


def of_golden_file(artifact: Artifact) -> Check:
    report = verify(artifact, options=Options(rows=0))
    return next(check for check in report.checks if check.name == GOLDEN_FILE)


@pytest.mark.parametrize(("step", "differing"), [(0.0, 0), (1e-12, 1), (1e300, 1)])
def test_a_value_that_no_float32_holds(
    artifact: Artifact, step: float, differing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 30)
    changed = with_value(artifact, step)
    assert of_golden_file(changed).differing_rows == differing
    with Transformer(changed.manifest, changed.files["model.onnx"]) as transformer:
        cases = golden.loads(changed.files[GOLDEN])
        if differing:  # as every runtime says
            with pytest.raises(ArtifactError, match="golden-mismatch"):
                golden.replay_cases(transformer, cases, "exact")
        else:
            golden.replay_cases(transformer, cases, "exact")
