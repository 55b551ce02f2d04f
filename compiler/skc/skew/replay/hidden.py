"""Which features depend on an input that the log leaves out or hashes, by the lineage of each column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.artifact import GOLDEN, Artifact
from skc.ir import Pipeline
from skc.lineage import lineages
from skc.rows.sampling import PLAIN
from skc_runtime import golden
from skc_runtime.kinds import Array


@dataclass(frozen=True)
class Hidden:
    """`columns` is bool [K] by output: what cannot be recomputed. `steps` are those that depend on a hidden input.

    `stand_in` has a value for each hidden input with which the artifact serves a request: everything else is
    recomputed with it.
    """

    inputs: frozenset[str]
    columns: Mapping[str, Array]
    steps: frozenset[str]
    stand_in: Mapping[str, Any]

    def names(self) -> list[tuple[str, int]]:
        """The output and the index of each such column."""
        return [(name, int(k)) for name, mask in self.columns.items() for k in np.flatnonzero(mask)]


def hidden_by(artifact: Artifact, inputs: frozenset[str]) -> Hidden:
    """What some hidden inputs hide; names that are not inputs of the artifact hide nothing."""
    pipeline = artifact.pipeline
    known = frozenset(i.name for i in pipeline.inputs) & inputs
    traced = lineages(pipeline)
    columns = {
        output.name: np.array([not known.isdisjoint(one.inputs) for one in traced[output.name]], dtype=bool)
        for output in artifact.manifest.outputs
    }
    return Hidden(known, columns, _steps_after(pipeline, known), _served_values(artifact, known))


def _steps_after(pipeline: Pipeline, inputs: frozenset[str]) -> frozenset[str]:
    after = {i.value for i in pipeline.inputs if i.name in inputs}
    for step in pipeline.steps:
        if any(ref.value in after for ref in step.inputs):
            after.add(step.name)
    return frozenset(after)


def _served_values(artifact: Artifact, inputs: frozenset[str]) -> dict[str, Any]:
    """Values of a golden record that is served."""
    served = next((case.record for case in golden.loads(artifact.files[GOLDEN]) if case.error is None), None)
    record = {} if served is None or not inputs else golden.decode_record(artifact.manifest, served)
    plain = {i.name: PLAIN[i.dtype] for i in artifact.pipeline.inputs}
    return {name: record.get(name, plain[name]) for name in inputs}
