"""Requests to ask two services: recorded ones from a file or a log, or those that `skc verify` would try."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skc.artifact import GOLDEN, Artifact
from skc.diagnostics import fail
from skc.equality.recorded import read_golden
from skc.equality.trials import own_trials
from skc.oracle.protocol import StepOracle
from skc.passes.prune import prune
from skc.rows.boundaries import step_boundaries
from skc.rows.sampling import spread
from skc.rows.sources import OwnSources
from skc.skew.log_reader import LoggedRequest, log_files, read_file
from skc.skew.served_log import is_log
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.manifest import Manifest

NULLS = 0.2


@dataclass(frozen=True)
class Request:
    """A request: its line of JSON, and its values by input where it is an object."""

    id: str
    body: bytes
    record: Mapping[str, Any] | None


def recorded(path: Path, manifest: Manifest | None) -> list[Request]:
    """The requests of a file with one JSON value per line, or those of a log, whose types the manifest has.

    Raises SKC601 to SKC603, SKC683, SKC684 for a log without a manifest.
    """
    if is_log(path):
        if manifest is None:
            hint = "give --artifact: it says which inputs are integers, which a log has as decimals"
            raise fail("SKC684", f"`{path}` is a log, whose requests need the types of their inputs", hint=hint)
        requests = _of_log(path, manifest)
    else:
        requests = _of_lines(path)
    if not requests:
        raise fail("SKC683", f"`{path}` has no request", hint="give a file with one JSON object per line, or a log")
    return requests


def _of_lines(path: Path) -> list[Request]:
    requests: list[Request] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.strip()
                if text:
                    requests.append(_of_line(path, number, text))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "give a file with one JSON object per line, or a log"
        raise fail("SKC683", f"`{path}` cannot be read: {reason}", hint=hint) from None
    return requests


def _of_line(path: Path, number: int, text: bytes) -> Request:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        hint = "write one JSON object per line, which is what a service gets"
        line = shown(text[:80].decode("utf-8", "backslashreplace"))
        raise fail("SKC683", f"{path}:{number} is not JSON: {line}", hint=hint) from None
    return Request(f"line {number}", text, value if isinstance(value, dict) else None)


def _of_log(path: Path, manifest: Manifest) -> list[Request]:
    """What a log can give again as JSON: not the requests with a value that their input refused."""
    requests: list[Request] = []

    def see(request: LoggedRequest) -> None:
        record = request.document["request"]
        body = _body(manifest, record) if isinstance(record, dict) else b""
        if body:
            requests.append(Request(request.id, body, record))

    for file in log_files([path]):
        read_file(file, see)
    return requests


def synthetic(artifact: Artifact, oracle: StepOracle, rows: int, seed: int) -> list[Request]:
    """`rows` records of those that `skc verify` tries: a tenth at most from boundaries, the others generated.

    In these, every fifth value is null where it may be: what two services disagree on most is what a null becomes.

    Left out are those that JSON has no number for, and text that is not Unicode.
    """
    pipeline = prune(artifact.pipeline)
    known, _ = read_golden(artifact.manifest, artifact.files[GOLDEN])
    sources = OwnSources(pipeline, step_boundaries(pipeline), rows, seed, oracle.evaluate, known)
    nullable = [i.name for i in pipeline.inputs if i.nullable]
    random_ = random.Random(seed)
    edges: list[Request] = []
    generated: list[Request] = []
    for trial in own_trials(sources, oracle, lambda _: None):
        requests = {"generated": generated, "boundaries": edges}.get(trial.source)
        if requests is None:
            continue
        for k in range(len(trial.want.guards)):
            record = golden.encode_record(artifact.manifest, trial.record(k))
            if requests is generated:
                record |= {name: None for name in nullable if random_.random() < NULLS}
            body = _body(artifact.manifest, record)
            if body:
                requests.append(Request(f"{trial.source} {k + 1}", body, record))
    chosen = [edges[k] for k in spread(len(edges), max(rows // 10, rows - len(generated)))]
    return [*chosen, *generated[: max(0, rows - len(chosen))]]


def _body(manifest: Manifest, record: Mapping[str, Any]) -> bytes:
    """A record in golden form as a request. Empty if JSON cannot say it: an infinity, or text that is not Unicode."""
    try:
        values = golden.decode_record(manifest, record).items()
        plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values}
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()
    except (SkcRuntimeError, ValueError):
        return b""
