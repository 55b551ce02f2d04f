"""`skc log convert`: a request log as one Parquet file, a row for each request, of a sixth of its size.

With an artifact every input is a column of its type, so that `skc drift` and `skc transform` read the file as a table,
and features that the log has in full are columns `OUTPUT.COLUMN`. Without one the request is a column of JSON.

A value that is refused, hashed where the type is another, or not logged is null; `error_code`, `error_input` and
`error_step` say what was refused. A fact whose name an input has is called `log.NAME`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skc.diagnostics import fail
from skc.publish import publish_file
from skc.skew.log_parts import each_part
from skc.skew.log_plans import LogPlan, OtherPlan
from skc.skew.log_reader import LoggedRequest, read_file
from skc.values.arrow import KEPT
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.golden import decode_value
from skc_runtime.kinds import OutputDType
from skc_runtime.manifest import InputSpec, Manifest, OutputSpec
from skc_runtime.tables import arrow_type

BATCH = 8192  # requests, a row group
Read = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Converted:
    """What was written, how many lines of the log were not whole, and what --own-plan left out."""

    rows: int
    columns: int
    files: int
    damaged: int
    left_out: tuple[OtherPlan, ...] = ()


@dataclass(frozen=True)
class _Column:
    name: str
    kind: pa.DataType
    read: Read


def convert_log(logs: Sequence[Path], out: Path, manifest: Manifest | None, *, own_plan: bool = False) -> Converted:
    """Write the requests of a log, if `own_plan` only those of the manifest's pipeline.

    Raises SKC410, SKC412, SKC601 to SKC604.
    """
    plan = LogPlan("" if manifest is None else manifest.plan, own_plan)
    files = each_part(logs)
    columns = _columns(manifest)
    schema = pa.schema([(column.name, column.kind) for column in columns])
    counts = [0, 0]

    def write(draft: Path) -> None:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            rows = _Rows(columns, schema, writer, plan)
            for file in files:
                read = read_file(file, rows.add, partial(plan.begin, file))
                if plan.reads_file:
                    counts[1] += read.damaged + read.torn + read.cut_short
            rows.flush()
            counts[0] = rows.written
            plan.check(rows.written)

    try:
        publish_file(write, out)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{out}`: {error.strerror}", hint=hint) from None
    return Converted(counts[0], len(columns), len(files), counts[1], plan.left_out)


class _Rows:
    """Writes rows in groups; memory is that of one."""

    def __init__(self, columns: Sequence[_Column], schema: pa.Schema, writer: Any, plan: LogPlan) -> None:
        self._columns, self._schema, self._writer, self._plan = columns, schema, writer, plan
        self._values: list[list[Any]] = [[] for _ in columns]
        self.written = 0

    def add(self, request: LoggedRequest) -> None:
        if not self._plan.takes():
            return
        for column, values in zip(self._columns, self._values, strict=True):
            values.append(column.read(request.document))
        if len(self._values[0]) >= BATCH:
            self.flush()

    def flush(self) -> None:
        arrays = [pa.array(values, c.kind) for values, c in zip(self._values, self._columns, strict=True)]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.written += len(arrays[0])
        self._values = [[] for _ in self._columns]


def _columns(manifest: Manifest | None) -> list[_Column]:
    """The facts of a request, then what was asked and answered."""
    inputs = [] if manifest is None else [i for i in manifest.inputs if i.name not in manifest.log.omit]
    taken = {i.name for i in inputs}
    facts = [_Column(f"log.{name}" if name in taken else name, kind, read) for name, (kind, read) in FACTS.items()]
    if manifest is None:
        texts = [_Column(name, pa.string(), partial(_as_json, name)) for name in ("request", "features")]
        return [*facts, *texts]
    request = [_input(i, is_hashed=i.name in manifest.log.hash) for i in inputs]
    return [*facts, *request, *(column for output in manifest.outputs for column in _output(output))]


def _input(spec: InputSpec, *, is_hashed: bool) -> _Column:
    element: OutputDType = "string" if is_hashed else spec.kind.element
    kept = None if is_hashed else KEPT[spec.type]
    return _Column(spec.name, kept or arrow_type(element), partial(_asked, spec.name, element))


def _asked(name: str, element: OutputDType, document: dict[str, Any]) -> Any:
    request = document.get("request")
    return _decoded(element, request.get(name)) if isinstance(request, dict) else None


def _output(output: OutputSpec) -> list[_Column]:
    return [
        _Column(f"{output.name}.{name}", arrow_type(output.dtype), partial(_answered, output, k))
        for k, name in enumerate(output.columns)
    ]


def _answered(output: OutputSpec, k: int, document: dict[str, Any]) -> Any:
    """A feature that is logged in full; its companion says where it is null."""
    features = document.get("features")
    values = features.get(output.name) if isinstance(features, dict) else None
    if not isinstance(values, list) or len(values) != len(output.columns):
        return None
    valid = features.get(output.valid) if output.valid is not None and isinstance(features, dict) else None
    is_null = isinstance(valid, list) and len(valid) == len(values) and valid[k] is False
    return None if is_null else _decoded(output.dtype, values[k])


def _decoded(element: OutputDType, value: Any) -> Any:
    """A value; None where there is none, and for one that was refused."""
    try:
        return decode_value(element, value, "")
    except SkcRuntimeError:
        return None


def _as_json(name: str, document: dict[str, Any]) -> str | None:
    value = document.get(name)
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(name: str, document: dict[str, Any]) -> int | None:
    value = document.get(name)
    return value if type(value) is int and abs(value) < 2**63 else None


def _text(name: str, document: dict[str, Any]) -> str | None:
    value = document.get(name)
    return value if type(value) is str else None


def _number(name: str, document: dict[str, Any]) -> float | None:
    value = document.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _error(key: str, document: dict[str, Any]) -> str | None:
    error = document.get("error")
    return _text(key, error) if isinstance(error, dict) else None


FACTS: Mapping[str, tuple[pa.DataType, Read]] = {
    "n": (pa.int64(), partial(_whole, "n")),
    "id": (pa.string(), partial(_text, "id")),
    "key": (pa.string(), partial(_text, "key")),
    "time_us": (pa.int64(), partial(_whole, "time_us")),
    "latency_us": (pa.int64(), partial(_whole, "latency_us")),
    "prediction": (pa.float64(), partial(_number, "prediction")),
    "as_of": (pa.string(), partial(_as_json, "as_of")),
    "error_code": (pa.string(), partial(_error, "code")),
    "error_input": (pa.string(), partial(_error, "input")),
    "error_step": (pa.string(), partial(_error, "step")),
}
