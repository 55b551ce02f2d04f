"""Features of data that Spark reads, into a folder of Parquet files: one of each file, or of each partition of a frame.

Each part is read by the same engine as on one machine, where it lies, so that a text or a type means the same, and a
refused row has the same place and words. The features are never on the driver.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.dataset import dataset, field

from skc import artifact as artifacts
from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT
from skc.data.sources import Source, folded, resolve
from skc.data.spark.engine import check_session, empty_source, in_session
from skc.data.spark.jobs import Batches, Refused, mapped, state_batch, states
from skc.data.spark.parts import FrameParts, Parts, file_parts, numbered
from skc.data.spark.session import Frame, Session, is_of_spark, open_session, spark_errors
from skc.data.typed_rows import Rows
from skc.diagnostics import SkcError, fail
from skc.ir import DataSource, Input
from skc.publish import publish_tree
from skc.streaming import features_of, joined, refusal, rows_at_once, schema_of
from skc_runtime import RecordError
from skc_runtime.tables import REFUSED, Form, shipped

SETTINGS = {  # while features are written; those of the session are as before afterwards
    "spark.sql.caseSensitive": "true",  # a feature may be called as another, but for its case
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.files.maxRecordsPerFile": "0",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
WRITTEN = re.compile(r"part-.*|_SUCCESS|\..*\.crc")  # what Spark calls the files of a table
THERE = re.compile(r"PATH_ALREADY_EXISTS|path .* already exists")
FAILED = "the features cannot be computed"


def write_folder(artifact: Path, data: Any, out: Any, form: Form, *, force: bool, master: str | None) -> dict[str, Any]:
    """Write the features of all rows, and return the numbers of rows and of refused rows, and the names of the columns.

    A folder of this machine appears whole or not at all; below a URL, Spark's own `_SUCCESS` says that it is whole.
    Raises SKC201, SKC410, SKC412, SKC413, SKC502, SKC690, SKC691, SKC693, SKC694, and what reading the data raises.
    """
    target = _target(out, force=force)
    loaded = artifacts.read(artifact)
    inputs, reading = loaded.pipeline.inputs, DataSource(options=loaded.reading)
    one = shipped(loaded.files)
    source, _ = resolve(data, reading)
    if source.kind in ("postgres", "ibis"):
        hint = "export the rows to Parquet, and give the files"
        raise fail("SKC202", "`skc transform` does not read a database by Spark", hint=hint)
    check_session(source)  # before one is opened
    with open_session(master) as session:
        source = in_session(session, source)
        schema = schema_of(one.manifest, form, _kept(source, inputs, form.keep))
        parts, raw = _parts(session, source, inputs, form.keep)
        with _set(raw.sparkSession):
            task = Transforming(parts, inputs, form, schema, session.sparkContext.broadcast(one))
            frame = mapped(raw, task, _spark_schema(schema))
            try:
                if isinstance(target, Path):
                    publish_tree(lambda draft: _write(frame, f"file://{os.path.abspath(draft)}"), target)
                else:
                    _write(frame, target)
            except OSError as error:
                raise fail("SKC412", f"cannot write `{target}`: {error.strerror}", hint=SPACE) from None
            except Exception as error:
                if is_of_spark(error) and "SkcError" in str(error):
                    states(raw, Refusals(task), FAILED)  # of the first part with one, as a diagnostic
                with spark_errors(FAILED):
                    raise
            return {**_counts(raw.sparkSession, target, form), "columns": list(schema.names)}


SPACE = "check the folder and its space"


def _target(out: Any, *, force: bool) -> Path | str:
    """The folder, or its URL. Raises SKC140, SKC410, SKC693."""
    if hasattr(out, "write"):
        raise fail("SKC140", "Spark writes a folder, not a stream", hint="name the folder: --out features")
    if "://" in os.fspath(out):
        if force:
            hint = f"delete `{out}` first, and leave out --force"
            raise fail("SKC140", "--force replaces folders of this machine alone", hint=hint)
        return str(out)
    target = Path(out)
    if not os.path.lexists(target):
        return target
    if not force:
        raise fail("SKC410", f"`{target}` already exists", hint="choose another folder, or replace it with --force")
    names = os.listdir(target) if target.is_dir() and not target.is_symlink() else [""]
    others = sorted(name for name in names if not WRITTEN.fullmatch(name))
    if others:
        what = f"it has `{others[0]}`" if others[0] else "it is not a folder"
        hint = "choose another folder, or remove it first"
        raise fail("SKC693", f"`{target}` is not a table that Spark wrote: {what}", hint=hint)
    return target


def _kept(source: Source, inputs: tuple[Input, ...], keep: Sequence[str]) -> pa.Schema:
    """The columns to keep, as the first file has them, or the frame. Raises SKC694 for a type that Spark lacks."""
    if not keep:
        return pa.schema([])
    first = empty_source(source) if source.kind == "spark" else replace(source, files=source.files[:1])
    with open_engine(None, MEMORY_LIMIT) as engine:
        kept = engine.load(first, inputs, DataSource(), keep).kept_schema()
    for one in kept:
        if not _is_of_spark(one.type):
            hint = "leave it out of --keep, store it as another type, or use DuckDB"
            raise fail("SKC694", f"column `{one.name}` is {one.type}, which Spark cannot hold", hint=hint)
    return kept


def _is_of_spark(kind: pa.DataType) -> bool:
    """Whether Spark has the type, with all of its values."""
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_type

    try:
        of_spark = from_arrow_type(kind, prefer_timestamp_ntz=True)
        if pa.types.is_timestamp(kind):
            return str(kind).startswith("timestamp[us")
        if pa.types.is_nested(kind):
            return all(_is_of_spark(kind.field(k).type) for k in range(kind.num_fields))
        return bool(pa.types.is_large_string(kind) or to_arrow_type(of_spark).equals(kind))
    except Exception:  # PySpark has several, by version
        return False


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    kinds = (from_arrow_type(one.type, prefer_timestamp_ntz=True) for one in schema)
    return StructType([StructField(name, kind) for name, kind in zip(schema.names, kinds, strict=True)])


def _parts(session: Session, source: Source, inputs: tuple[Input, ...], keep: Sequence[str]) -> tuple[Parts, Frame]:
    """The parts of a source, and the frame whose partitions they are."""
    if source.kind != "spark":
        files = file_parts(source)
        return files, session.range(0, files.count, 1, files.count)
    names = list(source.frame.columns)
    read = {folded(name) for name in (*(i.name for i in inputs), *keep)}
    places = [k for k, name in enumerate(names) if folded(name) in read]
    chosen = source.frame.toDF(*(f"c{k}" for k in range(len(names)))).select(*(f"c{k}" for k in places))
    return FrameParts(tuple(names[k] for k in places)), numbered(chosen)


@contextmanager
def _set(session: Session) -> Iterator[None]:
    """A session with `SETTINGS`, which are as before afterwards."""
    before: Mapping[str, str | None] = {name: session.conf.get(name, None) for name in SETTINGS}
    for name, value in SETTINGS.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        try:
            for name, old in before.items():
                session.conf.unset(name) if old is None else session.conf.set(name, old)
        except Exception as error:
            if not (isinstance(error, OSError) or is_of_spark(error)):  # then Java has ended
                raise


def _write(frame: Frame, url: str) -> None:
    """Write a folder that is not there. Raises SKC410, and what Spark raises."""
    try:
        frame.write.mode("error").parquet(url)
    except Exception as error:
        if is_of_spark(error) and THERE.search(str(error)):
            raise fail("SKC410", f"`{url}` already exists", hint="choose another folder, or delete it first") from None
        raise


def _counts(session: Session, target: Path | str, form: Form) -> dict[str, int]:
    """How many rows there are, and how many of them are refused."""
    is_column = form.refused == "column"
    if isinstance(target, Path):
        written = dataset(target, format="parquet")
        refused = written.count_rows(filter=field(REFUSED).is_valid()) if is_column else 0
        return {"rows": written.count_rows(), "refused": refused}
    with spark_errors("the rows that were written cannot be counted"):
        frame = session.read.parquet(target)
        return {"rows": frame.count(), "refused": frame.filter(frame[REFUSED].isNotNull()).count() if is_column else 0}


@dataclass(frozen=True)
class Transforming:
    """For `mapInArrow`: the features of the rows of the parts. Raises SkcError, which is a text by the time that the
    driver has it.
    """

    parts: Parts
    inputs: tuple[Input, ...]
    form: Form
    schema: pa.Schema
    artifact: Any  # a broadcast of `Shipped`

    def __call__(self, batches: Batches) -> Batches:
        for several in self.parts.sources(batches):
            source = several.source
            with open_engine(1, MEMORY_LIMIT) as engine:
                data = engine.load(source, self.inputs, DataSource(), self.form.keep)
                yield from self._features(source, Rows(data, data.count(), self.form.keep))

    def _features(self, source: Source, rows: Rows) -> Batches:
        transformer = self.artifact.value.transformer()
        self._check(source, rows.kept_schema())
        done = 0
        with closing(rows.stored()) as batches:
            for part in joined(batches, rows_at_once(self.schema, rows)):
                try:
                    table = features_of(transformer, part, self.form, self.schema)
                except RecordError as error:
                    batches.close()
                    raise refusal(rows, error, done) from None
                done += len(table)
                yield from table.to_batches()

    def _check(self, source: Source, kept: pa.Schema) -> None:
        """Refuse a column to keep of another type than in the first file."""
        for one in kept:
            first = self.schema.field(one.name).type
            if one.type != first:
                message = f"column `{one.name}` is {first} in the first file, and {one.type} in {source.name}"
                hint = "write it as one type in all files, or leave it out of --keep"
                raise fail("SKC205", message, hint=hint)


@dataclass(frozen=True)
class Refusals:
    """For `mapInArrow`: why the features of the parts cannot be computed, as a state; nothing if they can."""

    task: Transforming

    def __call__(self, batches: Batches) -> Batches:
        try:
            for _ in self.task(batches):
                pass
        except SkcError as error:
            yield state_batch(Refused(error.diagnostics))
