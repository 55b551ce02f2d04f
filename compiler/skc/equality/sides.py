"""The side of a comparison that is tried: a graph, run on blocks. The other is an oracle (`skc.oracle.protocol`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx

from skc.lower import Lowered
from skc.oracle.protocol import Outcome
from skc.oracle.signals import spec_of
from skc.values.types import Block
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest, OutputSpec
from skc_runtime.session import GraphSession, Optimisation
from skc_runtime.transformer import check_tensors


class Graph:
    """A model run on blocks, at a given level of ONNX Runtime's optimisation.

    Raises ArtifactError if it does not load, or declares other tensors than the manifest.
    """

    def __init__(self, manifest: Manifest, model: bytes, level: Optimisation = "basic") -> None:
        self._session = GraphSession(model, level)
        check_tensors(manifest, self._session)
        self._manifest = manifest

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """One call for all rows. Raises SkcRuntimeError."""
        return self.run_feeds(feeds(self._manifest, blocks))

    def run_feeds(self, tensors: Mapping[str, Array]) -> Outcome:
        """The same for a request that is already in tensors."""
        results = self._session.run(tensors)
        rows = len(next(iter(tensors.values())))
        guards = self._manifest.guards
        return Outcome(
            {o.name: results[o.name] for o in compared_outputs(self._manifest)},
            {o.name: results[o.valid] for o in self._manifest.outputs if o.valid is not None},
            np.zeros((rows, 0), dtype=bool) if guards is None else results[guards.tensor],
        )


def compared_outputs(manifest: Manifest) -> tuple[OutputSpec, ...]:
    """The outputs of an artifact, and its signals, which are compared like one."""
    return (*manifest.outputs, *(() if manifest.signals is None else (spec_of(manifest.signals),)))


def refusal_code(manifest: Manifest, fired: Array) -> str | None:
    """The code of the first guard that fired in a row (bool [G]); None if none did."""
    hits = np.flatnonzero(fired)
    return None if manifest.guards is None or len(hits) == 0 else manifest.guards.columns[hits[0]].code


def showing(model: onnx.ModelProto, tensors: Iterable[str]) -> bytes:
    """A model with more of its tensors as outputs, typed by ONNX Runtime."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    existing = {output.name for output in shown.graph.output}
    for tensor in dict.fromkeys(tensors):
        if tensor and tensor not in existing:
            shown.graph.output.add().name = tensor
    data: bytes = shown.SerializeToString()
    return data


def feeds(layout: Manifest | Lowered, blocks: Mapping[str, Block]) -> dict[str, Array]:
    """The tensors of a request, from one block [N, 1] per input."""
    parts: dict[str, dict[int, Array]] = {tensor.name: {} for tensor in layout.tensors}
    for value in layout.inputs:
        block = blocks[value.name]
        parts[value.tensor][value.column] = block.values
        if value.valid is not None:
            parts[value.valid.tensor][value.valid.column] = block.present()
    return {name: np.concatenate([columns[k] for k in sorted(columns)], axis=1) for name, columns in parts.items()}
