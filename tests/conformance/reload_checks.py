"""A folder is replaced while it is served: no call may fail, and no answer may be of two artifacts.

Each of the artifacts gives numbers of its own in every column, so that an answer tells whose it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from cells import bits
from checks import Tally, short
from executors import Executor, Message

import skc

THREADS, INTERVAL = 4, 0.02
RELOADS = 50
VERSIONS, WIDTH = 3, 6
PATIENCE = 60.0  # seconds for a new artifact to be seen, on a machine that does much else


def write_reloads(out: Path) -> list[dict[str, Any]]:
    """The artifacts, with what each gives for a `v` of 0.5 in every column."""
    found = []
    for k in range(VERSIONS):
        place = f"artifacts/reloads/{k}"
        names = [f"column_{i}" for i in range(WIDTH)]
        document = {
            "skc": 1,
            "name": "reloaded",
            "inputs": {"v": "float64"},
            "features": {name: {"expr": f"v + {k + 1}"} for name in names},
            "outputs": {"x": {"features": names, "dtype": "float64"}},
        }
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "pipeline.yaml").write_text(json.dumps(document))  # JSON is YAML
            skc.compile(Path(folder) / "pipeline.yaml", pa.table({"v": [0.5, 1.5]}), out / place, verify=False)
        found.append({"artifact": place, "value": k + 1.5})
    return found


def check_reloads(executor: Executor, suite: Path, index: Mapping[str, Any], *, brief: bool) -> Iterator[Tally]:
    """By a link that is switched, by a folder that is renamed, by files that are overwritten; and broken ones."""
    reloads = 3 if brief else RELOADS
    versions = [_Version(suite / e["artifact"], e["value"]) for e in index["reloads"]]
    yield from (_check(executor, f"reloads/{name}", versions, way, reloads) for name, way in WAYS.items())
    yield _check_broken(executor, versions)


class _Version:
    """An artifact, its identity, and what every column of its answer is."""

    def __init__(self, artifact: Path, value: float) -> None:
        self.artifact = artifact
        self.identity = hashlib.sha256((artifact / "manifest.json").read_bytes()).hexdigest()
        values = [bits("float64", value)] * WIDTH
        self.answer = {"x": {"dtype": "float64", "shape": [WIDTH], "values": values}}


def _switch_link(served: Path, artifact: Path) -> None:
    """As a deployment switches `current`, and Kubernetes `..data`."""
    made = served.with_name("made")
    made.symlink_to(artifact, target_is_directory=True)
    os.replace(made, served)


def _rename_folder(served: Path, artifact: Path) -> None:
    """As `skc compile --force` does: for a moment there is none."""
    made, old = served.with_name("made"), served.with_name("old")
    shutil.copytree(artifact, made)
    if served.exists():
        os.rename(served, old)
    os.rename(made, served)
    shutil.rmtree(old, ignore_errors=True)


def _overwrite_files(served: Path, artifact: Path) -> None:
    """As `cp` does, whose files are of two artifacts for a while."""
    served.mkdir(exist_ok=True)
    for path in sorted(artifact.iterdir(), reverse=True):
        shutil.copyfile(path, served / path.name)


Way = Callable[[Path, Path], None]
WAYS: Mapping[str, Way] = {"link": _switch_link, "folder": _rename_folder, "files": _overwrite_files}


def _check(executor: Executor, name: str, versions: Sequence[_Version], way: Way, reloads: int) -> Tally:
    tally = Tally(name)
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder) / "served"
        way(served, versions[0].artifact)
        _start(executor, tally, served)
        for k in range(1, reloads + 1):
            wanted = versions[k % len(versions)]
            way(served, wanted.artifact)
            told = _until(executor, lambda told, wanted=wanted: told["identity"] == wanted.identity)
            tally.expect(told["identity"] == wanted.identity, f"reload {k}: it was never seen: {short(told)}")
        _end(executor, tally, versions)
    return tally


def _check_broken(executor: Executor, versions: Sequence[_Version]) -> Tally:
    """What cannot be loaded is told, and the old one serves on until there is a sound one."""
    tally = Tally("reloads/broken")
    with tempfile.TemporaryDirectory() as folder:
        served, broken = Path(folder) / "served", Path(folder) / "broken"
        shutil.copytree(versions[1].artifact, broken)
        (broken / "model.onnx").write_bytes(b"")
        _switch_link(served, versions[0].artifact)
        _start(executor, tally, served)
        for wrong, code in ((broken, "artifact-hash-mismatch"), (Path(folder) / "nowhere", "artifact-not-found")):
            _switch_link(served, wrong)
            told = _until(executor, lambda told, code=code: told["last_error"] == code)
            right = (told["last_error"], told["identity"]) == (code, versions[0].identity)
            tally.expect(right, f"{code} is wanted, and the old artifact, not {short(told)}")
        _switch_link(served, versions[2].artifact)
        told = _until(executor, lambda told: told["identity"] == versions[2].identity)
        right = (told["last_error"], told["identity"]) == (None, versions[2].identity)
        tally.expect(right, f"the sound artifact is wanted, not {short(told)}")
        _end(executor, tally, versions)
    return tally


def _start(executor: Executor, tally: Tally, served: Path) -> None:
    watch = {"do": "watch", "artifact": str(served), "threads": THREADS, "interval": INTERVAL}
    kept, started = executor.ask_all([{"do": "rows", "rows": [{"v": 0.5}]}, watch])
    tally.expect((kept, started) == ({"rows": 1}, {"watching": True}), f"watch answered {short(started)}")


def _until(executor: Executor, is_there: Callable[[Message], bool]) -> Message:
    """What the executor tells when that holds, or at last."""
    end = time.monotonic() + PATIENCE
    while True:
        told = executor.ask({"do": "watched"})
        if is_there(told) or time.monotonic() > end:
            return told
        time.sleep(INTERVAL)


def _end(executor: Executor, tally: Tally, versions: Sequence[_Version]) -> None:
    """No call failed, and each answer was wholly that of the artifact that gave it."""
    told = executor.ask({"do": "unwatch"})
    tally.expect(told["errors"] == [], f"calls failed: {told['errors'][:5]}")
    tally.expect(told["calls"] > 0, "no call was made")
    answers = {version.identity: [version.answer] for version in versions}
    for identity, given in told["answers"].items():
        tally.expect(given == answers.get(identity), f"{identity} answered {short({'given': given})}")
