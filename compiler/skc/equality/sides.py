"""The two sides of a comparison: a graph that is run on blocks, and an oracle that knows the right result for them.

Why a protocol: the reference is one oracle. Another environment, or the library that a pipeline came from, can be
another, and the code that compares does not depend on which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import onnx

from skc import reference
from skc.ir import Pipeline
from skc.lower import Lowered
from skc.values.types import Block
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest
from skc_runtime.session import GraphSession, Optimisation
from skc_runtime.transformer import check_tensors

REFERENCE = "reference"  # the name of the oracle that every plan has
NO_COLUMN = "no such column"  # where a model returns fewer columns than it declares


@dataclass(frozen=True)
class Outcome:
    """Outputs [N, K], their missing positions, and the guards as bool [N, G] in the manifest's order.

    `steps` is the value of every step, if the side knows it: the reference does, a graph does not.
    """

    outputs: Mapping[str, Array]
    valid: Mapping[str, Array]
    guards: Array
    steps: Mapping[str, Block] = field(default_factory=dict)

    @property
    def refused(self) -> Array:
        """bool [N]: rows that any guard refuses."""
        return np.asarray(self.guards.any(axis=1))

    def value(self, output: str, i: int, k: int) -> object:
        """One value of an output as plain Python; None where it is missing."""
        valid = self.valid.get(output)
        if valid is not None and not valid[i, k]:
            return None
        if k >= self.outputs[output].shape[1]:
            return NO_COLUMN
        value = self.outputs[output][i, k]
        return value.item() if isinstance(value, np.generic) else value

    def rows(self, index: Array | slice) -> Outcome:
        """Some of the rows, without the values of steps."""
        return Outcome(
            {name: array[index] for name, array in self.outputs.items()},
            {name: array[index] for name, array in self.valid.items()},
            self.guards[index],
        )

    def without_steps(self) -> Outcome:
        """The outcome without the values of steps, small enough to keep."""
        return replace(self, steps={})


class Oracle(Protocol):
    """Says what is right for some rows."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def knows_steps(self) -> bool:
        """Whether its outcomes have the value of every step, which are those of the reference. Without them a report
        names no step as the one to blame.
        """

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """The outcome of blocks [N, 1] per input."""


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
            {o.name: results[o.name] for o in self._manifest.outputs},
            {o.name: results[o.valid] for o in self._manifest.outputs if o.valid is not None},
            np.zeros((rows, 0), dtype=bool) if guards is None else results[guards.tensor],
        )


class Reference:
    """The oracle of a pipeline: the `apply` of its ops. Guards are in the manifest's order."""

    name = REFERENCE
    knows_steps = True

    def __init__(self, pipeline: Pipeline, manifest: Manifest) -> None:
        self._pipeline = pipeline
        self._guards = () if manifest.guards is None else manifest.guards.columns

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """One call for all rows."""
        result = reference.run(self._pipeline, blocks)
        rows = next(iter(blocks.values())).rows
        hits: dict[tuple[str, str, str], list[Array]] = {}  # several if a step has columns of the same name
        for hit in result.guards:
            hits.setdefault((hit.code, hit.step, hit.column), []).append(hit.mask)
        by_guard = [hits.get((g.code, g.step, g.input)) for g in self._guards]
        columns = [masks.pop(0) if masks else np.zeros(rows, dtype=bool) for masks in by_guard]
        # a guard that the graph does not have becomes an extra column, so that the shapes differ when it fires
        columns += [mask for masks in hits.values() for mask in masks if mask.any()]
        guards = np.stack(columns, axis=1) if columns else np.zeros((rows, 0), dtype=bool)
        return Outcome(result.outputs, result.valid, guards, result.values)


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
