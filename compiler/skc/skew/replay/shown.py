"""A request that differs, as a report shows it, with the command that shows how its features come about."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from skc.artifact import MODEL, Artifact
from skc.blame.atlas import draw_atlas
from skc.blame.localise import Localiser, makers_of
from skc.oracle.default import step_oracle
from skc.passes.prune import prune
from skc.rows.sampling import Record
from skc.skew.replay.report import Example
from skc.skew.replay.requests import NotInLogError, golden_form, record_of
from skc.skew.replay.served import Row

MOST_EXAMPLES = 3


class Shower:
    """Shows rows of one artifact, which is in `directory`."""

    def __init__(self, artifact: Artifact, directory: Path) -> None:
        self._artifact, self._directory = artifact, directory
        self.pipeline = prune(artifact.pipeline)
        self.oracle = step_oracle(self.pipeline, artifact.manifest)
        self.outputs = artifact.manifest.outputs
        self._localiser: Localiser | None = None
        self._walks: dict[int, set[str]] = {}

    def example(self, row: Row) -> Example:
        """A row, with its request as a command has it."""
        try:
            record = golden_form(self._artifact.manifest, row.hidden, row.request.document["request"])
        except NotInLogError:
            command = None
        else:
            text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            command = shlex.join(["skc", "explain", str(self._directory), "--record", text])
        return Example(row.request.id, row.request.time_us, row.served, row.recomputed, command)

    def record(self, row: Row) -> Record:
        """A request with every input, None for one that it does not have. Raises NotInLogError."""
        known = record_of(self._artifact.manifest, row.hidden, row.request.document["request"])
        return {i.name: known.get(i.name) for i in self.pipeline.inputs}

    def wrong_step(self, output: str, column: int, row: Row) -> str | None:
        """The first step that the artifact's own graph computes otherwise than its plan says."""
        if self._localiser is None:
            atlas = draw_atlas(self.pipeline, self._artifact.manifest)
            self._localiser = Localiser(atlas, self._artifact.files[MODEL], self.oracle.evaluate)
        if id(row.request) not in self._walks:
            try:
                walk = self._localiser.walk(self.record(row))
            except NotInLogError:
                walk = ()
            wrong = {value.step for value in walk if value.differs or value.is_foreign}
            self._walks = {id(row.request): wrong}  # columns that differ in the same row follow
        wrong = self._walks[id(row.request)]
        return next((step for step in makers_of(self.pipeline, output, column) if step in wrong), None)
