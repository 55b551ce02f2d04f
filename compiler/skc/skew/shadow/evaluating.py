"""The values of all steps of an artifact for the requests of a comparison, if there is one that both sides serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skc.artifact import Artifact
from skc.oracle.protocol import Evaluate
from skc.passes.prune import prune
from skc.rows.sampling import Record
from skc.skew.causes import Column, Context
from skc.skew.evaluated import Evaluated
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.manifest import InputSpec
from skc_runtime.scalars import converter


class Evaluator:
    """Evaluates requests by the reference of an artifact. It keeps those of the last question."""

    def __init__(self, artifact: Artifact, evaluate: Evaluate) -> None:
        self._artifact, self._evaluate = artifact, evaluate
        self._pipeline = prune(artifact.pipeline)
        self._last: tuple[list[int], Evaluated | None] = ([], None)

    def known(
        self, records: Sequence[Mapping[str, Any] | None], place: tuple[str, int]
    ) -> tuple[Column, Context] | None:
        """A feature of these requests, and all else that is computed of them; None if one of them is not complete."""
        output, k = place
        if not any(o.name == output and k < len(o.columns) for o in self._artifact.manifest.outputs):
            return None
        key = [id(record) for record in records]
        if key != self._last[0]:
            self._last = key, self._evaluated(records)
        evaluated = self._last[1]
        if evaluated is None:
            return None
        context = Context(None, tuple(evaluated.columns()), changed=evaluated.changed(output, k))
        return evaluated.feature(output, k), context

    def _evaluated(self, records: Sequence[Mapping[str, Any] | None]) -> Evaluated | None:
        decoded: list[Record] = []
        for record in records:
            values = None if record is None else self._decoded(record)
            if values is None:
                return None
            decoded.append(values)
        return Evaluated(self._pipeline, self._artifact.manifest.outputs, self._evaluate, decoded)

    def _decoded(self, record: Mapping[str, Any]) -> Record | None:
        values: Record = {}
        for spec in self._artifact.manifest.inputs:
            if spec.name not in record and not spec.nullable:
                return None  # a log leaves it out
            try:
                values[spec.name] = _value(spec, record.get(spec.name))
            except SkcRuntimeError:
                return None
        return values


def _value(spec: InputSpec, value: Any) -> Any:
    """A value in the form of golden.jsonl, or else as a request has it."""
    try:
        return golden.decode_value(spec.kind.element, value, spec.name)
    except SkcRuntimeError:
        return converter(spec)(value)
