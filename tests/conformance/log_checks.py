"""Whether every language writes the same lines of a request log: `schemas/request_log.v1.json`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks import Tally, short
from executors import Executor
from forged_artifacts import Artifact, compile_pipeline, identity

from skc.rows.sampling import PLAIN

LIST = Path(__file__).parents[2] / "schemas" / "request_log.v1.json"
HEADER = {  # the keys of the first line, in order, and those values that all languages have in common
    "skc": "log", "format": 1, "name": "identity", "plan": None, "identity": None, "writer": None, "part": 0,
    "after": 0, "logged": 0, "runtime": None, "onnxruntime": None, "host": None, "opened_us": None, "sample": None,
    "sample_by": None, "features": None, "full_every": None, "omit": None, "hash": None,
}  # fmt: skip
USUAL = {"sample": 1.0, "sample_by": "id", "features": "digest", "full_every": 0}


def log_artifacts() -> Iterator[tuple[Mapping[str, Any], Artifact]]:
    """Each case of the list, and an artifact that gives its inputs back."""
    for case in json.loads(LIST.read_bytes())["cases"]:
        pipeline = identity(case["inputs"])
        artifact = compile_pipeline(pipeline, "packed", [{i.name: PLAIN[i.dtype] for i in pipeline.inputs}])
        yield case, artifact.with_document({**artifact.document, "log": case["log"]})


def check_logs(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """Every case logged by the language, and the file compared byte for byte."""
    tallies = []
    for entry in index["logs"]:
        if {*entry["needs"]} & {*executor.hello["cannot"]}:
            continue
        tally, folder = Tally(f"logs/{entry['id']}"), Path(tempfile.mkdtemp())
        load = {"do": "load", "artifact": str(suite / entry["artifact"]), "replay": "exact"}
        others = {name: str(suite / place) for name, place in entry["others"].items()}
        log = {"do": "log", "folder": str(folder / "log"), "options": entry["options"], "add": entry["add"]}
        log["others"] = others
        loaded, answer = executor.ask_all([load, log])
        tally.expect(loaded == {"loaded": True}, f"it does not load: {short(loaded)}")
        _compare(tally, entry, answer, folder / "log")
        shutil.rmtree(folder)
        tallies.append(tally)
    return tallies


def _compare(tally: Tally, entry: Mapping[str, Any], answer: Mapping[str, Any], folder: Path) -> None:
    total = json.loads(entry["lines"][-1])
    counts = [total[key] for key in ("n", "logged", "dropped", "sampled_out")]
    tally.expect(answer == {"counts": counts}, f"counts {counts} are wanted, not {short(answer)}")
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    number = len(entry["files"])
    tally.expect(len(files) == number, f"{number} files are wanted, not {[file.name for file in files]}")
    if len(files) != number:
        return
    lines, heads, total = iter(entry["lines"]), [], {"n": 0, "logged": 0}
    for part, (file, log) in enumerate(zip(files, entry["files"], strict=True)):
        before = {"part": part, "after": total["n"], "logged": total["logged"], **log}
        wanted = _until_the_end(lines)
        total = json.loads(wanted[-1])
        heads.append(_compare_file(tally, file, wanted, before, entry["options"]))
    known = {(json.dumps(log), head.get("identity")) for log, head in zip(entry["files"], heads, strict=True)}
    by_either = [len({pair[k] for pair in known}) for k in (0, 1)]
    tally.expect(by_either == [len(known)] * 2, f"the identities in the first lines are those of others: {known}")


def _until_the_end(lines: Iterator[str]) -> list[str]:
    """The lines of one file, of those of several."""
    own = [next(lines)]
    while not own[-1].startswith('{"end":true'):
        own.append(next(lines))
    return own


def _compare_file(
    tally: Tally, file: Path, wanted: Sequence[str], before: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The first line of the file, after all are compared."""
    tally.expect(file.stat().st_mode & 0o777 == 0o600, "others can read the file")
    head, *lines = file.read_bytes().split(b"\n")
    encoded = [*(line.encode() for line in wanted), b""]
    for number, (got, want) in enumerate(zip(lines, encoded, strict=False), start=2):
        tally.expect(got == want, f"{file.name}, line {number}: {want!r} is wanted, not {got!r}")
    tally.expect(len(lines) == len(encoded), f"{len(encoded)} lines are wanted, not {len(lines)}")
    found: dict[str, Any] = json.loads(head)
    options = {key: given.get(key, usual) for key, usual in USUAL.items()}
    fixed = {**{k: v for k, v in HEADER.items() if v is not None}, **before, **options}
    tally.expect(list(found) == list(HEADER), f"the first line has the keys {list(found)}")
    tally.expect({key: found.get(key) for key in fixed} == fixed, f"the first line is {short(found)}")
    tally.expect(head == _written(found), f"the first line is not written as the others are: {head!r}")
    return found


def _written(head: Mapping[str, Any]) -> bytes:
    return json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
