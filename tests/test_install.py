"""The base install serves: each package of a release in a fresh environment, with numpy and onnxruntime alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import release

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
print(json.dumps([served, skc_runtime.__version__, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    release.release_python(folder)
    return folder


def test_the_packages_hold_what_a_stranger_looks_for(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        metadata = packed.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    assert {"skc/py.typed", "skc_runtime/py.typed"} <= set(names)
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert "License-Expression: Apache-2.0" in metadata
    assert "Project-URL: Source, " in metadata
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        inner = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "pyproject.toml", "compiler/skc/py.typed"} <= inner


@pytest.mark.parametrize("package", ["*.whl", "*.tar.gz"])
def test_the_base_install_serves(package: str, dist: Path, rides_artifact: Path, tmp_path: Path) -> None:
    (file,) = dist.glob(package)
    shutil.copytree(rides_artifact, tmp_path / "artifact")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(file)], check=True)
    listed = subprocess.run([str(python), "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert {"skc", "numpy", "onnxruntime"} <= installed
    assert not installed & {"duckdb", "onnx", "spox", "pyarrow", "pandas", "pydantic", "typer"}
    done = subprocess.run([str(python), "-c", SERVE], cwd=tmp_path, capture_output=True, text=True, check=True)
    served, version, modules = json.loads(done.stdout)
    assert served > 10
    assert version == release.version()
    assert "skc" not in modules
    command = tmp_path / "venv" / "bin" / "skc"
    refused = subprocess.run(
        [str(command), "verify", "artifact"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("error[SKC141]")
    assert "skc[compile]" in refused.stderr
    assert "Traceback" not in refused.stderr
