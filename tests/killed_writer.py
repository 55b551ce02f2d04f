"""Kill a writer of an artifact at random moments, and look what is there each time. Run by `test_publish.py`.

A program of its own, because it forks: `killed_writer.py FOLDER KILLS SEED [fallback]`, where FOLDER has the artifacts
`a` and `b`. It prints how often the old and the new one were found, and how often something was left beside them.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import skc_runtime
from skc import publish

folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if "fallback" in sys.argv:
    publish.exchange = lambda one, other: False
random_ = random.Random(seed)
contents = {name: {file.name: file.read_bytes() for file in (folder / name).iterdir()} for name in "ab"}
place = folder / "place"
target = place / "artifact"


def write_for_ever() -> None:
    while True:
        for name in "ba":
            publish.publish_folder(contents[name], target)


def found() -> str:
    """Which artifact is there, and that it loads."""
    if not target.exists():
        assert "fallback" in sys.argv, sorted(place.rglob("*"))
        (kept,) = place.glob(".artifact.skc-*/old")
        return "neither" if sorted(file.name for file in kept.iterdir()) == sorted(contents["a"]) else "lost"
    there = {file.name: file.read_bytes() for file in target.iterdir()}
    (name,) = (name for name, files in contents.items() if files == there)
    skc_runtime.load(target).close()
    return name


def main() -> None:
    place.mkdir()
    publish.publish_folder(contents["a"], target)
    counts = dict.fromkeys(("a", "b", "neither", "litter"), 0)
    for _ in range(kills):
        writer = os.fork()
        if writer == 0:
            write_for_ever()
        time.sleep(random_.uniform(0.001, 0.04))
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        counts[found()] += 1
        litter = [entry.name for entry in place.iterdir() if entry.name != "artifact"]
        assert all(publish.is_litter("artifact", entry) for entry in litter), litter
        assert len(litter) <= 1, litter  # each writer removes what the one before it left
        assert all((place / entry).stat().st_mode & 0o777 == 0o700 for entry in litter)
        counts["litter"] += bool(litter)
        publish.publish_folder(contents["a"], target)
        assert [entry.name for entry in place.iterdir()] == ["artifact"]
    sys.stdout.write(" ".join(f"{name}={count}" for name, count in counts.items()))


main()
