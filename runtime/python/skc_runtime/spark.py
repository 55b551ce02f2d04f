"""Features of a DataFrame of Spark, computed where its rows are, by its executors' Python.

Executors need `skc` without the compiler, PyArrow and pandas, which Spark itself asks for. The artifact is sent to each
of them once, and each of their Python processes loads it once, for all batches and tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skc_runtime.columns import null_column
from skc_runtime.errors import RecordError
from skc_runtime.golden import Replay
from skc_runtime.identity import Key
from skc_runtime.kinds import OutputDType, for_every_element
from skc_runtime.manifest import Manifest
from skc_runtime.sources import Given
from skc_runtime.tables import REFUSED, Form, Keep, Refused, Shipped, form_of, formed, shipped

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

_TYPES: Mapping[OutputDType, str] = for_every_element(
    {
        "float32": "FloatType",
        "float64": "DoubleType",
        "int64": "LongType",
        "bool": "BooleanType",
        "string": "StringType",
    }
)


def transform(
    frame: DataFrame,
    artifact: Given,
    *,
    keep: Keep = (),
    refused: Refused = "error",
    as_array: bool = False,
    replay: Replay = "exact",
    expect: str | None = None,
    key: Key | None = None,
) -> DataFrame:
    """The features of all rows, in the same partitions: the bits of `Transformer.transform`. No job is run for it.

    `keep`, `refused` and `as_array` are those of `skc_runtime.tables.transform_table`, the others those of
    `skc_runtime.load`. A row that is refused as an error fails the job, with its partition and its row there, from 0.
    Raises ArtifactError, RecordError for columns that are missing, and `invalid-option`.
    """
    one = shipped(artifact, replay, expect, key)
    names = list(frame.columns)
    form = form_of(names, keep, refused, as_array)
    inputs = _inputs(one.manifest, names)
    read = [*inputs, *(name for name in form.keep if name not in inputs)]
    places = [names.index(name) for name in read]
    numbered = frame.toDF(*(f"c{k}" for k in range(len(names)))).select(*(f"c{k}" for k in places))
    task = _Task(_sent(frame, one), tuple(read), form)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return task(batches)

    return numbered.mapInArrow(run, _schema(frame, one.manifest, form))


def _inputs(manifest: Manifest, names: list[str]) -> list[str]:
    """The inputs that a frame has. Raises RecordError for what its columns alone tell; for Spark, names that differ in
    case are often the same, and a column that is not found would be null.
    """
    for spec in manifest.inputs:
        if spec.name not in names:
            near = next((name for name in names if name.lower() == spec.name.lower()), None)
            if near is not None:
                hint = f"rename it: withColumnRenamed({near!r}, {spec.name!r})"
                raise RecordError("missing-key", f"the DataFrame calls it {near!r}", spec.name, hint=hint)
            null_column(spec, 0)
        if names.count(spec.name) > 1:
            raise RecordError("duplicate-column", "the DataFrame has several columns of this name", spec.name)
    return [spec.name for spec in manifest.inputs if spec.name in names]


def _sent(frame: Any, one: Shipped) -> Any:
    """What has the artifact as its `value` in a task: Spark Connect has no broadcasts, and sends it with each task."""
    if type(frame).__module__.startswith("pyspark.sql.connect."):
        return _Value(one)
    return frame.sparkSession.sparkContext.broadcast(one)


@dataclass(frozen=True)
class _Value:
    value: Shipped


def _schema(frame: Any, manifest: Manifest, form: Form) -> StructType:
    from pyspark.sql import types

    form.names(manifest)  # refuses some
    fields = []
    for name, dtype in form.features(manifest):
        kind = getattr(types, _TYPES[dtype])()
        fields.append(types.StructField(name, types.ArrayType(kind) if form.as_array else kind))
    fields += [types.StructField(name, frame.schema[name].dataType) for name in form.keep]
    if form.refused == "column":
        fields.append(types.StructField(REFUSED, types.StringType()))
    return types.StructType(fields)


@dataclass(frozen=True)
class _Task:
    """For `mapInArrow`: the features of the rows of a partition, whose columns are called `names`."""

    artifact: Any
    names: tuple[str, ...]
    form: Form

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        transformer = self.artifact.value.transformer()
        rows = 0
        for batch in batches:
            named = batch.rename_columns(list(self.names))
            try:
                yield formed(transformer, named, self.form)
            except RecordError as error:
                raise _placed(error, rows) from None
            rows += batch.num_rows


def _placed(error: RecordError, before: int) -> RecordError:
    """The error of a batch that so many rows of a partition come before."""
    from pyspark import TaskContext

    task = TaskContext.get()
    message = error.message if task is None else f"partition {task.partitionId()}: {error.message}"
    row = None if error.row is None else before + error.row
    return RecordError(error.code, message, error.input, row, error.hint, error.step)
