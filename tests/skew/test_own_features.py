"""Features of the program's own are read as every language writes them: `schemas/request_log.v1.json` has the bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from forged_artifacts import identity
from sharing import Share

import skc
import skc_runtime
from skc_runtime import log_lines

LIST = Path(__file__).parents[2] / "schemas" / "request_log.v1.json"
(CASE,) = (case for case in json.loads(LIST.read_bytes())["cases"] if case["id"] == "beside-the-request")
ROWS = [{"x": float(k % 7), "n": k % 5, "t": "abc"[k % 3], "b": k % 2 == 0} for k in range(300)]


def make(folder: Path) -> None:
    """The artifact of the list: it gives its inputs back."""
    folder.mkdir()
    data = pa.Table.from_pylist(ROWS)
    skc.compile(identity(CASE["inputs"]), data, folder / "artifact", rows=20, verify=False)


@pytest.fixture(scope="module")
def artifact(share: Share) -> Path:
    return share("own-features", make) / "artifact"


def write_lines(path: Path, artifact: Path, lines: Sequence[str]) -> Path:
    """A file of a log that has these lines after its first one."""
    facts = {"writer": "0" * 16, "part": 0, "after": 0, "logged": 0, "sample": 1.0, "sample_by": "id"}
    with skc_runtime.load(artifact) as transformer:
        head = log_lines.header(transformer.manifest, transformer.identity, {**facts, "features": "digest"})
    path.write_bytes(head + "".join(f"{line}\n" for line in lines).encode())
    return path


def test_a_replay_compares_them_by_value(artifact: Path, tmp_path: Path) -> None:
    """Of a request that has some outputs of its own, these are compared; of the others nothing is known."""
    log = write_lines(tmp_path / "log.jsonl", artifact, CASE["lines"])
    report = skc.replay(log, artifact)
    requests = [line for line in map(json.loads, CASE["lines"]) if "request" in line]
    own = [line for line in requests if line["id"] == "own"]
    assert (report.requests, report.differing, len(own)) == (len(requests), 4, 4)
    assert [(column.column, column.rows, column.differing) for column in report.columns] == [
        ("x", 2, 2),
        ("n", 2, 2),
        ("t", 2, 2),
    ]
    served = {column.column: [example.served for example in column.examples] for column in report.columns}
    assert (served["n"], served["t"]) == ([-(2**63), 2**53 + 1], ['"é\\\n😀', ""])
    assert [str(value) for value in served["x"]] == ["0.1", "-0.0"]
    is_by_digest = [line for line in requests if "error" not in line and line["id"] != "own"]
    assert [output.digests for output in report.outputs] == [len(is_by_digest)] * 4
    assert not any(output.differing or output.malformed for output in report.outputs)


def test_drift_compares_them_as_they_were_served(artifact: Path, tmp_path: Path) -> None:
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(tmp_path / "log", transformer, on_full="wait") as log,
    ):
        for k, row in enumerate(ROWS):
            features = transformer.transform_record(row)
            own = {**features, "out.x": features["out.x"] * 3, "out.t": np.array(["d"], object)}
            log.add(str(k), row, features, own_features=own)
    report = skc.drift(tmp_path / "log", artifact)
    assert report.outputs_served == len(ROWS)
    assert {column.name for column in report.found} == {"out.x.x", "out.t.t"}
    lines = [line for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    assert '"features":{"out.x":[3.0],"out.n":["1"],"out.t":["d"],"out.b":[false]' in lines[2]
