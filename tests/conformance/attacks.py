"""What a forger may try, and what each language makes of it: the table of `run.py --attacks`.

Every line is a case of the suite, which checks its code; here each has a time limit, so that one that hangs or kills
its process is told and not waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifact_checks import untampered_identity
from executors import Executor, ExecutorError, Language, Message

SECONDS = 30
EXPECTING = "the same, expecting the identity: "
# What is tried -> the id of its case. The model of each is forged, with the hashes made again.
ATTACKS: Mapping[str, str] = {
    "read a file: external data of a Constant": "damaged/model-data-constant",
    "read a file: external data of an initializer": "damaged/model-data-initializer",
    "read a file: the same under tags of 33 bits": "damaged/model-data-tags-of-33-bits",
    "read a file: the same under tags with a byte too many": "damaged/model-data-tags-1-too-long",
    "read a file: a graph under a tag of 33 bits": "damaged/model-data-graph-under-a-tag-of-33-bits",
    "read a file: in a sparse initializer": "damaged/model-data-sparse-initializer",
    "read a file: in a subgraph of If": "damaged/model-data-subgraph",
    "read a file: in a function": "damaged/model-data-function",
    "read a file: in training info": "damaged/model-data-training",
    "read a file: a name in `files` that leads out": "damaged/manifest-path-0",
    "read a file: model.onnx is a link out": "sources/link-model.onnx-outside",
    "read a file: plan.json is a link to /etc/passwd": "sources/link-plan.json-far-outside",
    "read a file: ..data of a mount leads out": "sources/mount-whose-data-lie-outside",
    "wait for ever: plan.json is a link to /dev/zero": "sources/link-plan.json-to-a-device",
    "wait for ever: a loop of 2^62 rounds": "damaged/model-content-loop-of-2^62",
    "take memory: a tensor of 2^40 numbers and no data": "damaged/model-content-tensor-2^40-of-nothing",
    "take memory: a shape that overflows 64 bits": "damaged/model-content-tensor-2^64-by-overflow",
    "take memory: ConstantOfShape": "damaged/model-content-op-ConstantOfShape",
    "take memory: Range": "damaged/model-content-op-Range",
    "take memory: Tile": "damaged/model-content-op-Tile",
    "take memory: 100 tensors of a million columns": "damaged/manifest-of-million-columns",
    "take memory: 100,000 nested arrays": "damaged/manifest-no-json-09",
    "take memory: 101 files": "damaged/manifest-of-101-files",
    "take memory: 10,001 golden records": "damaged/golden-of-10001-records",
    "take memory: golden.jsonl of 64 MB and a byte": "damaged/golden.jsonl-too-large",
    "take memory: a zip archive of 100 MB of zeros": "sources/zip-bomb",
    "leave the archive: ../plan.json": "sources/zip-with-a-path-0",
    "leave the archive: /etc/passwd": "sources/zip-with-a-path-1",
    "two files of one name in an archive": "sources/zip-twice-the-same-name",
    "an archive with encrypted files": "sources/zip-encrypted",
    "run another op: RandomNormal": "damaged/model-content-op-RandomNormal",
    "run another op: of a domain of its own": "damaged/model-content-op-evil.Add",
    "run another op: Loop, then Add, in one node": "damaged/model-content-op-over-another",
    "show nothing: golden.jsonl without records": "damaged/golden-without-records",
    "serve another model: hash not made again": "damaged/model.onnx-flipped",
    "serve another model: of the other signature": "damaged/model-of-another-signature",
    "serve other outputs: a golden value moved": "damaged/golden-wrong-00",
    "serve other names: columns of outputs reversed": "tampered/column-names-reversed",
    "serve other values: a category golden does not reach": "tampered/category-that-golden-does-not-reach",
    "serve other values: a weight, golden made again": "tampered/weight-with-golden-made-again",
}


@dataclass(frozen=True)
class Attack:
    """A line of the table."""

    what: str
    request: Message


def attacks(suite: Path, index: Mapping[str, Any]) -> list[Attack]:
    """All lines. Raises KeyError where the suite has no such case."""
    entries = {f"{family}/{e['id']}": e for family in ("damaged", "sources", "tampered") for e in index[family]}
    found = [Attack(what, _load(suite, entries[case])) for what, case in ATTACKS.items()]
    tampered = [attack for attack, case in zip(found, ATTACKS.values(), strict=True) if case.startswith("tampered/")]
    expect = {"expect": untampered_identity(suite)}
    return found + [Attack(f"{EXPECTING}{a.what.partition(': ')[2]}", {**a.request, **expect}) for a in tampered]


def _load(suite: Path, entry: Mapping[str, Any]) -> Message:
    kind = entry.get("from", "folder")
    return {"do": "load", "artifact": str(suite / entry["artifact"]), "from": kind, "replay": "exact"}


def outcomes(language: Language, library: Path, tried: Sequence[Attack], seconds: float = SECONDS) -> Iterator[str]:
    """What a language makes of each: the code of its refusal, `loads`, `hangs`, `dies`."""
    executor: Executor | None = None
    try:
        for attack in tried:
            if executor is None:
                executor = Executor(language, library, {}).__enter__()
            outcome = _outcome(executor, attack.request, seconds)
            yield outcome
            if outcome in ("hangs", "dies"):
                executor.dispose()
                executor = None
    finally:
        if executor is not None:
            executor.dispose()


def _outcome(executor: Executor, request: Message, seconds: float) -> str:
    if request["from"] in executor.hello["cannot"]:
        return "-"
    started = time.monotonic()
    watchdog = threading.Timer(seconds, executor.kill)
    watchdog.start()
    try:
        answer = executor.ask(request)
    except ExecutorError:
        return "hangs" if time.monotonic() - started >= seconds else "dies"
    finally:
        watchdog.cancel()
    return str(answer["error"]["code"]) if "error" in answer else "loads"


def table(suite: Path, index: Mapping[str, Any], languages: Sequence[Language], library: Path) -> list[str]:
    """Its lines, and what it cannot tell."""
    tried = attacks(suite, index)
    columns = [list(outcomes(language, library, tried)) for language in languages]
    width = max(len(attack.what) for attack in tried)
    lines = [f"{'attack':<{width}}" + "".join(f"  {language.name:<22}" for language in languages)]
    for attack, row in zip(tried, zip(*columns, strict=True), strict=True):
        lines.append(f"{attack.what:<{width}}" + "".join(f"  {outcome:<22}" for outcome in row))
    lines.append(f"`hangs`: no answer in {SECONDS} seconds. `-`: the language loads no archives.")
    lines.append("What loads is stopped by the identity that a caller expects, or by a signature, and by nothing else.")
    return [line.rstrip() for line in lines]
