"""A log against an artifact, which answers the logged requests again: a new version is compared before it is served.

Features are compared; a prediction is made by a model, of which an artifact knows nothing. A log that has only digests
tells that an output differs. With the artifact that served it, its features are computed again too, and then also which
columns differ, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import skc_runtime
from skc.artifact import MODEL, Artifact
from skc.scratch import scratch_folder
from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.hidden import Hidden, hidden_by
from skc.skew.replay.recompute import recomputed
from skc.skew.shadow.answers import Answer, of_log
from skc.skew.shadow.pairs import Pair, Unpaired, ages_of, divide
from skc_runtime import golden
from skc_runtime.transformer import Transformer

BATCH = 2048  # requests


@dataclass(frozen=True)
class _Side:
    """An artifact that answers requests again."""

    transformer: Transformer
    hidden: Hidden

    def answers(self, batch: Sequence[LoggedRequest]) -> list[Answer | None]:
        """The answer to each request; None where the log does not have enough of it."""
        done = recomputed(self.transformer, self.hidden, batch)
        answers: list[Answer | None] = [None] * len(batch)
        for place, row in enumerate(done.rows):
            one = {name: array[place] for name, array in done.features.items()}
            answers[row] = Answer({}, golden.encode_outputs(one))
        for row, refusal in done.refusals.items():
            answers[row] = Answer(refusal=refusal.code)
        return answers


def of_log_and_artifact(
    log: Path, artifact: Artifact, served_by: Artifact | None, unpaired: Unpaired
) -> Iterator[Pair]:
    """The requests of a log with what was served, and what the artifact gives. Raises SKC601 to SKC603."""
    with scratch_folder("skc-shadow") as folder, ExitStack() as stack:
        divide(log, folder, 0, 1, unpaired)
        unpaired.plans[1].add(artifact.manifest.plan)
        hidden = frozenset(unpaired.hidden)
        sides = [
            _Side(stack.enter_context(skc_runtime.Transformer(one.manifest, one.files[MODEL])), hidden_by(one, hidden))
            for one in (artifact, served_by)
            if one is not None
        ]
        with (folder / "0-0").open() as lines:
            while batch := [_request(line) for line in islice(lines, BATCH)]:
                yield from _pairs(batch, sides, unpaired)


def _pairs(batch: Sequence[LoggedRequest], sides: Sequence[_Side], unpaired: Unpaired) -> Iterator[Pair]:
    again = sides[0].answers(batch)
    before = sides[-1].answers(batch) if len(sides) > 1 else [None] * len(batch)
    for request, answer, served in zip(batch, again, before, strict=True):
        document = request.document
        if answer is None:
            unpaired.only_a += 1
            continue
        logged = of_log(document)
        features = logged.features if served is None else {**logged.features, **_of_digests(logged, served)}
        a = Answer({}, features, logged.refusal, logged.latency_us)
        record = document["request"] if isinstance(document["request"], dict) else None
        yield Pair(request.id, record, a, _visible(a, answer, sides[0].hidden), None, ages_of(document))


def _of_digests(logged: Answer, served: Answer) -> dict[str, Any]:
    return {name: values for name, values in served.features.items() if isinstance(logged.features.get(name), int)}


def _visible(a: Answer, b: Answer, hidden: Hidden) -> Answer:
    """Without the columns that depend on what the log hides: they are as in A."""
    if not hidden.inputs or b.refusal is not None:
        return b
    features = dict(b.features)
    for name, mask in hidden.columns.items():
        own, was = features.get(name), a.features.get(name)
        if not mask.any() or not isinstance(own, list):
            continue
        if isinstance(was, list) and len(was) == len(own):
            features[name] = [x if is_hidden else y for x, y, is_hidden in zip(was, own, mask.tolist(), strict=True)]
        else:
            del features[name]
    return Answer(b.fields, features, None, b.latency_us)


def _request(line: str) -> LoggedRequest:
    document = json.loads(line)
    return LoggedRequest(document["n"], document["id"], document["time_us"], document)
