"""A model that is not what its plan says: what is told, in every format, and how it is reproduced."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import skc_runtime
from skc import cli
from skc.ops import OPS
from skc_runtime import golden


def tamper(artifact: Path, old: float, new: float) -> None:
    """Change a constant of the model, and all that would betray it: only a comparison can tell now."""
    model = onnx.load(artifact / "model.onnx")
    changed = 0
    for node in model.graph.node:
        if node.op_type != "Constant" or node.attribute[0].name != "value":
            continue
        value = onnx.numpy_helper.to_array(node.attribute[0].t)
        if value.dtype != object and (value == old).any():
            node.attribute[0].t.CopyFrom(onnx.numpy_helper.from_array(np.where(value == old, new, value)))
            changed += 1
    assert changed == 1
    (artifact / "model.onnx").write_bytes(model.SerializeToString())
    manifest = json.loads((artifact / "manifest.json").read_bytes())
    parsed = skc_runtime.manifest.Manifest.from_json((artifact / "manifest.json").read_bytes())
    with skc_runtime.Transformer(parsed, model.SerializeToString()) as transformer:
        cases = golden.loads((artifact / "golden.jsonl").read_bytes())
        records = [golden.decode_record(parsed, case.record) for case in cases]
        (artifact / "golden.jsonl").write_bytes(golden.dumps(golden.observe(transformer, r) for r in records))
    hashes = {name: hashlib.sha256((artifact / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (artifact / "manifest.json").write_text(json.dumps({**manifest, "files": hashes}))


@pytest.fixture
def wrong(here: Path) -> Path:
    """An artifact with a moved edge, in a folder whose name a shell must be told with care."""
    folder = here / "it's wrong"
    shutil.copytree(here / "artifact", folder)
    tamper(folder, 9007199254740993, 9007199254740994)
    return folder


def test_a_wrong_model_is_reported_in_full(wrong: Path, run: Any) -> None:
    code, out, err = run("verify", wrong.name, "--rows", "200", "--data", "rows.csv")
    assert (code, err) == (cli.DIFFERENT, "")
    first = out[out.index("difference in output") :].splitlines()
    assert first[0] == "difference in output `ids`, column `band` (data)"
    assert first[1].split(":", 1)[1].strip().startswith("band/0:bucketize is the first that differs")
    assert [line.split() for line in first[2:4]] == [["graph:", "1"], ["reference:", "2"]]
    assert re.search(r"^data +200 +[1-9]\d* ", out, flags=re.MULTILINE)
    assert re.search(r"^ids: band +exact +[1-9]", out, flags=re.MULTILINE)
    assert "Compile the pipeline again" in out
    assert out.splitlines()[-1].startswith("NOT EQUAL: `orders` differs from its reference in: ")


def test_the_printed_command_reproduces_the_difference(wrong: Path, run: Any) -> None:
    """Pasted into a shell as it is: quotes, Unicode, null and integers beyond 2^53 come through."""
    _, out, _ = run("verify", wrong.name, "--rows", "2000", "--format", "json")
    differences = json.loads(out)["differences"]
    assert {"got": "1", "want": "2"}.items() <= differences[0].items()
    found = []
    for value in ("a'b", None):
        record = {**differences[0]["record"], "it's": value}
        _, out, _ = run("verify", wrong.name, "--record", json.dumps(record), "--format", "json")
        found.append(json.loads(out)["differences"][0])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for difference in found:
        done = subprocess.run(
            ["bash", "-c", difference["reproduce"] + " --format json"],
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=False,
        )
        assert done.returncode == cli.DIFFERENT, done.stderr.decode()
        again = json.loads(done.stdout)["differences"][0]
        assert {k: again[k] for k in ("column", "step", "record", "got", "want")} == {
            k: difference[k] for k in ("column", "step", "record", "got", "want")
        }


def test_a_wrong_model_in_junit(wrong: Path, run: Any) -> None:
    code, out, err = run("verify", wrong.name, "--rows", "100", "--format", "junit")
    assert (code, err) == (cli.DIFFERENT, "")
    suite = ET.fromstring(out)
    failures = {case.attrib["name"]: case.find("failure") for case in suite if case.find("failure") is not None}
    assert int(suite.attrib["failures"]) == len(failures)
    told = failures["boundaries"]
    assert told is not None
    assert told.text is not None
    assert "skc verify" in told.text
    assert out.isascii()


def test_a_missing_value_is_json_too(here: Path, run: Any) -> None:
    """NaN is no JSON: where the graph has none and the reference has one, the report says it in a word."""
    tamper(here / "artifact", 3.25, float("nan"))
    code, out, _ = run("verify", "artifact", "--rows", "50", "--format", "json")
    assert code == cli.DIFFERENT

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    facts = json.loads(out, parse_constant=refuse)
    assert {d["got"] for d in facts["differences"] if d["column"] == "ratio"} >= {"NaN"}


def test_a_bad_artifact_in_junit(here: Path, run: Any) -> None:
    (here / "artifact" / "plan.json").write_text("{}")
    code, out, err = run("verify", "artifact", "--format", "junit")
    assert code == cli.USER
    assert "error[SKC403]" in err
    suite = ET.fromstring(out)
    assert suite.attrib["errors"] == "1"
    assert suite.find("testcase/error") is not None


def test_a_difference_when_compiling_writes_nothing(here: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from skc.ops.numeric import bucketize

    def moved(params: Any) -> Any:
        return replace(params, edges=(params.edges[0] + 1, *params.edges[1:]))

    broken = replace(bucketize.OP, lower=lambda p, s, x: bucketize.OP.lower(moved(p), s, x))
    monkeypatch.setitem(OPS, "bucketize", broken)
    code, out, err = run("compile", "pipeline.yaml", "-o", "made", "--rows", "100")
    assert (code, out) == (cli.DIFFERENT, "")
    assert "band/0:bucketize is the first that differs" in err
    assert "please report" in err
    assert "--no-verify" in err.splitlines()[-1]
    assert not (here / "made").exists()
