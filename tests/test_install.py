"""The base install serves: the wheel in a fresh environment, with numpy and onnxruntime and nothing else of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import skc

ROOT = Path(__file__).parents[1]
SERVE = """
import json, sys
import skc_runtime
with skc_runtime.load("artifact") as transformer:
    records = [json.loads(line)["record"] for line in open("artifact/golden.jsonl", encoding="utf-8").readlines()[1:]]
    served = 0
    for record in records:
        record = skc_runtime.golden.decode_record(transformer.manifest, record)
        try:
            served += len(transformer.transform(record)) > 0
        except skc_runtime.RecordError:
            pass
print(json.dumps([served, sorted(sys.modules)]))
"""


def test_the_base_install_serves(tmp_path: Path) -> None:
    skc.compile(ROOT / "examples" / "rides" / "pipeline.yaml", out=tmp_path / "artifact", rows=100)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    listed = subprocess.run([str(python), "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert {"skc", "numpy", "onnxruntime"} <= installed
    assert not installed & {"duckdb", "ibis-framework", "onnx", "spox", "pyarrow", "pandas", "pydantic", "typer"}
    done = subprocess.run([str(python), "-c", SERVE], cwd=tmp_path, capture_output=True, text=True, check=True)
    served, modules = json.loads(done.stdout)
    assert served > 10
    assert "skc" not in modules
    command = tmp_path / "venv" / "bin" / "skc"
    refused = subprocess.run(
        [str(command), "verify", "artifact"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("error[SKC141]")
    assert "skc[compile]" in refused.stderr
    assert "Traceback" not in refused.stderr
