"""Executors of a cluster are killed while it fits, and the plan and the profile are those of DuckDB."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import toolchains

from skc import plan
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import ProfileOptions

SCRIPT = Path(__file__).parents[1] / "killed_executor.py"
PIPELINE = """
skc: 1
name: killed
inputs: {x: float64, s: string}
features:
  scaled: {from: x, apply: [standard_scale]}
  bins: {from: x, apply: [{quantile_bin: {bins: 5}}]}
  hot: {from: s, apply: [one_hot]}
outputs:
  y: {features: [scaled, bins, hot], dtype: float64}
"""


def test_killed_executors_lose_no_row(tmp_path: Path) -> None:
    """One of two before a pass, and one in a pass: rows that were read, and values that were counted, are gone."""
    toolchains.need("spark")
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    for k in range(4):
        lines = [f"{math.sin(7 * n + k)},{'abcdefg'[n % (k + 3)]}\n" for n in range(200)]
        (tmp_path / f"{k}.csv").write_text("x,s\n" + "".join(lines))
    out, data = tmp_path / "fitted", str(tmp_path / "*.csv")
    command = [sys.executable, str(SCRIPT), str(tmp_path / "pipeline.yaml"), data, str(out)]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    fitted = fit(read_pipeline(tmp_path / "pipeline.yaml")[0], data, profile=ProfileOptions((), 5, 1))
    assert out.read_bytes() == plan.dumps(fitted.pipeline) + repr(fitted.profile).encode()
