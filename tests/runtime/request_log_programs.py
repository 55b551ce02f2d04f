"""Services that fork, are killed, or run out of space while they log. `test_request_log.py` runs them.

`request_log_programs.py NAME ARTIFACT FOLDER`
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

import skc_runtime
from skc_runtime import Log, Transformer

RIDE = {
    "distance": 2.5, "fare": 11.75, "passengers": 2, "member": True, "payment": "card",
    "pickup": 1_709_208_000_000_001, "day": 19_782,
}  # fmt: skip


def fork(transformer: Transformer, folder: Path) -> None:
    log = Log.open(folder, transformer, flush=0.5)
    log.add("parent", RIDE)  # still waiting when the child begins
    child = os.fork()
    if child == 0:
        log.add("child", RIDE)
        log.close()
        os._exit(0)
    os.waitpid(child, 0)
    log.add("parent again", RIDE)
    log.close()
    sys.stdout.write(f"{os.getpid()} {child}")


def forget(transformer: Transformer, folder: Path) -> None:
    log = Log.open(folder, transformer, flush=60)
    for _ in range(10):
        log.add("a", RIDE)


def full(transformer: Transformer, folder: Path) -> None:
    log = Log.open(folder, transformer, flush=0.01, on_full="wait")
    served = 0

    def serve(name: str) -> None:
        nonlocal served
        for i in range(200):
            log.add(name, RIDE, transformer.transform_record(RIDE))
            served += 1
            if i % 20 == 19:
                time.sleep(0.02)
        while log.counts().waiting:
            time.sleep(0.01)

    serve("before")
    size = next(folder.iterdir()).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    serve("full")
    dropped = log.counts().dropped
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    serve("after")
    log.close()
    counts, error = log.counts(), log.last_error
    found = {"n": counts.n, "logged": counts.logged, "dropped": counts.dropped, "full": dropped, "served": served}
    sys.stdout.write(json.dumps({**found, "code": error.code if error else None}))


def forever(transformer: Transformer, folder: Path) -> None:
    log = Log.open(folder, transformer)
    os.write(1, b"serving\n")
    n = 0
    while True:
        log.add("a", RIDE, transformer.transform_record(RIDE))
        n += 1
        if n % 10 == 0:
            os.write(1, f"{n}\n".encode())
            time.sleep(0.005)


def main() -> None:
    name, artifact, folder = sys.argv[1:]
    transformer = skc_runtime.load(artifact)
    {"fork": fork, "forget": forget, "full": full, "forever": forever}[name](transformer, Path(folder))


main()
