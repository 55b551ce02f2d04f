"""Spark as an `skc.data.engine.Engine`: rows of any number, in files that all executors see, or in a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Data, Layout, OpenEngine, Stored
from skc.data.predicate import parse_predicate
from skc.data.sources import Source, folded
from skc.data.spark.data import read_rows
from skc.data.spark.parts import FrameParts, Reader, file_parts, numbered, tasks_of_pass
from skc.data.spark.rows import blocks_at_once, rows_of_block
from skc.data.spark.session import Frame, Session, first_words, is_of_spark, open_session, setting, spark_errors
from skc.diagnostics import fail
from skc.ir import DataSource, Input

CATALOGUE = "name a table that `spark.catalog.listTables()` shows, or a view of the session, or files: parquet.`/path`"
BATCH = "spark.sql.execution.arrow.maxRecordsPerBatch"


@dataclass(frozen=True)
class SparkEngine:
    """An engine in a session; each task of it has `memory_limit` for reading."""

    session: Session
    memory_limit: str
    kept: list[Frame] = field(default_factory=list)
    settings: ExitStack = field(default_factory=ExitStack)

    def load(self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()) -> Data:
        """See `Engine`."""
        if keep:
            raise fail("SKC220", "Spark carries no columns along", hint="leave out the columns to keep, or use DuckDB")
        source = in_session(self.session, source)
        cores = self.session.sparkContext.defaultParallelism
        if source.kind == "spark":
            _check_frame(source, inputs, declared)
            names = _needed(source.frame, inputs, declared)
            chosen = source.frame.select(*map(_quoted, names)).toDF(*(f"c{k}" for k in range(len(names))))
            raw = numbered(chosen).coalesce(tasks_of_pass(cores))
            reader = Reader(FrameParts(names), inputs, declared, self.memory_limit, rows_of_block(len(inputs)))
            return self._read(source, raw, reader, cores)
        parts = file_parts(source)
        raw = self.session.range(0, parts.count, 1, min(parts.count, tasks_of_pass(cores)))
        return self._read(
            source, raw, Reader(parts, inputs, declared, self.memory_limit, rows_of_block(len(inputs))), cores
        )

    def _read(self, source: Source, raw: Frame, reader: Reader, cores: int) -> Data:
        data = read_rows(source, raw, reader, cores, self.kept)
        # after the rows of a frame that is given were read, as many at once as its session says
        self.settings.enter_context(setting(self.session, BATCH, blocks_at_once(len(reader.inputs))))
        return data

    def columns(self, source: Source) -> tuple[Stored, ...]:
        """See `Engine`. They are read on the driver."""
        source = in_session(self.session, source)
        with open_engine(None, self.memory_limit) as engine:
            return engine.columns(empty_source(source) if source.kind == "spark" else source)

    def layout(self, lines: str) -> Layout | None:
        """See `Engine`."""
        with open_engine(None, self.memory_limit) as engine:
            return engine.layout(lines)

    def close(self) -> None:
        """Let the executors drop what they keep, and the session have its settings back."""
        with self.settings:
            for frame in self.kept:
                with spark_errors("the rows that were read cannot be dropped"):
                    frame.unpersist()


@contextmanager
def open_spark(
    master: str | None, threads: int | None = None, memory_limit: str = MEMORY_LIMIT
) -> Iterator[SparkEngine]:
    """Spark: the session that is active, or a new one. `threads` says nothing, since a master has its cores.

    Raises SKC690, SKC691.
    """
    with open_session(master) as session:
        engine = SparkEngine(session, memory_limit)
        try:
            yield engine
        finally:
            engine.close()


def spark_at(master: str | None) -> OpenEngine:
    """What opens Spark at a master."""
    return partial(open_spark, master)


def in_session(session: Session, source: Source) -> Source:
    """A source whose table, if it is one of the catalogue of a session, is there as a frame. Raises SKC201, SKC691."""
    check_session(source)
    if source.kind != "spark" or source.frame is not None:
        return source
    try:
        return replace(source, frame=session.table(source.table))
    except Exception as error:  # of PySpark, Py4J and Java, which have no class in common
        if not is_of_spark(error):
            raise
        message = f"{source.name} cannot be opened"
        raise fail("SKC201", message, span=source.span, hint=CATALOGUE, notes=[first_words(error)]) from None


def check_session(source: Source) -> None:
    """Refuse a frame of Spark Connect. Raises SKC691."""
    if type(source.frame).__module__.startswith("pyspark.sql.connect."):
        hint = "give a DataFrame of a session that runs in this process, or files"
        raise fail("SKC691", "a session of Spark Connect cannot be used", hint=hint)


def _needed(frame: Frame, inputs: Sequence[Input], declared: DataSource) -> tuple[str, ...]:
    """The columns that are read."""
    where = () if declared.where is None else parse_predicate(declared.where, declared.span).columns
    needed = {folded(name) for name in (*(i.name for i in inputs), *where)}
    return tuple(name for name in frame.columns if folded(name) in needed)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _check_frame(source: Source, inputs: tuple[Input, ...], declared: DataSource) -> None:
    """Refuse what the schema of a frame alone tells, before a row is read. Raises SKC203 to SKC205, SKC207."""
    with open_engine(1, MEMORY_LIMIT) as engine:
        engine.load(empty_source(source), inputs, declared)


def empty_source(source: Source) -> Source:
    """A table with the columns of a frame, and no row."""
    with spark_errors("the schema of the DataFrame cannot be read"):
        schema = pa.schema([pa.field(f.name, _arrow_type(f.dataType)) for f in source.frame.schema.fields])
    return replace(source, kind="memory", frame=schema.empty_table())


def _arrow_type(kind: Any) -> pa.DataType:
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import TimestampType

    return pa.timestamp("us", "UTC") if isinstance(kind, TimestampType) else to_arrow_type(kind)
