"""Golden records: their rows, and their recorded outputs as one side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skc.oracle.protocol import Outcome
from skc.rows.sampling import Record
from skc_runtime import golden
from skc_runtime.agreement import same_bits
from skc_runtime.golden import GoldenCase
from skc_runtime.kinds import ELEMENTS, Array, OutputDType
from skc_runtime.manifest import Manifest, OutputSpec
from skc_runtime.strict_json import malformed


def read_golden(manifest: Manifest, data: bytes) -> tuple[list[Record], tuple[GoldenCase, ...]]:
    """The golden records and the recorded result of each. Raises ArtifactError if the file is malformed."""
    cases = golden.loads(data)
    inputs = [golden.decode_record(manifest, case.record) for case in cases]
    return [{i.name: record.get(i.name) for i in manifest.inputs} for record in inputs], cases


def recorded_outcome(manifest: Manifest, rows: Sequence[Mapping[str, Any]]) -> Outcome:
    """The outputs in golden.jsonl, as if a graph had served them. Raises ArtifactError if they are malformed.

    A float32 output is float64 here if the file has a value that a float32 cannot represent.
    """
    outputs = {o.name: _column(o, rows, o.name, o.dtype) for o in manifest.outputs}
    valid = {o.name: _column(o, rows, o.valid, "bool") for o in manifest.outputs if o.valid is not None}
    guards = 0 if manifest.guards is None else len(manifest.guards.columns)
    return Outcome(outputs, valid, np.zeros((len(rows), guards), dtype=bool))


def as_wide(outcome: Outcome, recorded: Outcome) -> Outcome:
    """An outcome whose float32 outputs are float64 where the recorded ones are, so that rounding hides nothing."""
    wide = {
        name: array.astype(np.float64) if recorded.outputs[name].dtype == np.float64 else array
        for name, array in outcome.outputs.items()
        if name in recorded.outputs  # signals are not
    }
    return replace(outcome, outputs=wide)


def _column(output: OutputSpec, rows: Sequence[Mapping[str, Any]], name: str, dtype: OutputDType) -> Array:
    location = f"golden.jsonl `{name}`"
    for row in rows:
        if not isinstance(row.get(name), list) or len(row[name]) != len(output.columns):
            raise malformed(location, f"an array of {len(output.columns)} values is wanted")
    values = [[golden.decode_value(dtype, v, location) for v in row[name]] for row in rows]
    if any(v is None for row in values for v in row):
        raise malformed(location, "an output is never null")
    shape = len(rows), len(output.columns)
    with np.errstate(over="ignore"):  # a value too large for a float32 is compared as float64 below
        array = np.array(values, dtype=ELEMENTS[dtype].numpy).reshape(shape)
    if ELEMENTS[dtype].is_float:
        wide = np.array(values, dtype=np.float64).reshape(shape)
        return array if same_bits(array.astype(np.float64), wide).all() else wide
    return array
