"""Requests compared with their rows of training: first what was asked, then what was answered.

Why in this order: features that differ because the request does are not the fault of the code. A request that is not
its training row is data skew; one that is, and has other features, is code skew. Where the table has no features, those
that the artifact computes of the training row are compared: for an equal request, those that are recomputed anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.duckdb.connection import Database, engine_errors
from skc.data.engine import ARROW, Column
from skc.data.instants import read_times
from skc.data.sources import resolve
from skc.data.stored import stored_columns
from skc.diagnostics import fail
from skc.ir import DataSource, Input, Pipeline, ReadOptions
from skc.skew.reference import sentinels_of
from skc.skew.replay.joined import Joined, Side
from skc.skew.replay.keys import Keys, none_in_common
from skc.skew.replay.rules import Key
from skc.skew.replay.store import REQUESTS, SQL, FeatureColumn, Store
from skc.skew.replay.training_report import TrainingReplay
from skc.skew.serving import Served, open_served
from skc.verification.shown import shown
from skc_runtime.kinds import KINDS, DType
from skc_runtime.manifest import Manifest
from skc_runtime.pyfunc import column_name

ROWS = 65_536  # of a batch of training
TRAINING = "training"
TIMES: tuple[DType, ...] = ("timestamp", "date", "int64", "string")


@dataclass(frozen=True)
class Training:
    """A table of training, and how its rows are found: by a key, and the latest not after the time of a request."""

    table: Any
    key: Key
    time: str | None = None
    is_exact: bool = True


def features_in(manifest: Manifest, names: Sequence[str], inputs: Sequence[Input]) -> tuple[FeatureColumn, ...]:
    """The features that a table has: under the names that `skc transform` writes, or under those of an output's
    columns, where no input has the same.
    """
    known, taken = set(names), {i.name for i in inputs}
    features = []
    for output in manifest.outputs:
        for k, column in enumerate(output.columns):
            own = column_name(manifest, output, column)
            named = next((n for n in (own, column) if n in known and n not in taken), None)
            if named is not None:
                features.append(FeatureColumn(output, k, named))
    return tuple(features)


def columns_of(table: Any, reading: ReadOptions) -> list[str]:
    """The names of the columns that a table has. Raises SKC200 to SKC206."""
    source, _ = resolve(table, DataSource(options=reading))
    return [column.name for column in stored_columns(source, None)]


def compare_with(training: Training, store: Store, pipeline: Pipeline, reading: ReadOptions) -> TrainingReplay:
    """Join the requests of a store with their rows of training, and compare both.

    Raises SKC200 to SKC206, SKC220 to SKC226, SKC623, SKC625, SKC632 if no key is in both, SKC633 if one is not unique.
    """
    named = [feature.named for feature in store.features]
    others = list(dict.fromkeys([training.key.column, *([training.time] if training.time else []), *named]))
    with open_served(training.table, store.inputs, others, reading) as served:
        there = [(k, i) for k, i in enumerate(store.inputs) if i in served.present]
        _load(store, served, training, there)
    database = store.database
    with engine_errors("the requests cannot be joined with the rows of training"):
        if not database.execute(f"SELECT 1 FROM {REQUESTS} WHERE k IN (SELECT k FROM {TRAINING}) LIMIT 1"):
            raise _unmatched(store, training.key)
        _check_unique(database, training)
        joined = Joined(database, training.time is not None, store.features, is_exact=training.is_exact)
        sentinels = sentinels_of(pipeline)
        inputs = [Side(i.name, i.dtype, f"i{k}", f"j{k}", sentinels.get(i.name, ())) for k, i in there]
        joined.pair(inputs)
        columns = joined.columns()
        data_skew, code_skew = joined.skewed()
        unused = joined.unused()
    compared = {i.name for _, i in there}
    return TrainingReplay(
        f"{training.key.of_log}={training.key.column}",
        joined.requests,
        joined.matched,
        unused,
        data_skew,
        code_skew,
        columns,
        tuple(i.name for i in pipeline.inputs if i.name not in compared),
    )


def _load(store: Store, served: Served, training: Training, there: Sequence[tuple[int, Input]]) -> None:
    """The rows of training in the database of the requests."""
    key, time = served.others[training.key.column], None if training.time is None else served.others[training.time]
    if time is not None and time.dtype not in TIMES:
        hint = "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601"
        raise fail("SKC623", f"{time.label} does not hold times: it is {time.dtype}", hint=hint)
    fields = [pa.field("k", pa.large_string()), pa.field("us", pa.int64())]
    fields += [pa.field(f"j{k}", ARROW[i.dtype]) for k, i in there]
    fields += [pa.field(f"g{k}", SQL[f.dtype]) for k, f in enumerate(store.features)]
    schema = pa.schema(fields)
    database, features = store.database, [served.others[feature.named] for feature in store.features]
    names = [key.name, *([] if time is None else [time.name])]
    names += [i.name for _, i in there] + [column.name for column in features]
    with engine_errors("the rows of training cannot be stored"):
        database.register("batch", schema.empty_table())
        database.execute(f"CREATE TABLE {TRAINING} AS SELECT * FROM batch")
    for batch in served.data.batches(list(dict.fromkeys(names)), ROWS):
        by_name = dict(zip(dict.fromkeys(names), batch.columns, strict=True))
        columns = [_texts(by_name[key.name], key)]
        columns.append(pa.nulls(batch.num_rows, pa.int64()) if time is None else _micros(by_name[time.name], time))
        columns += [by_name[i.name] for _, i in there]
        for feature, column in zip(store.features, features, strict=True):
            columns.append(_as_feature(by_name[column.name], feature))
        with engine_errors("the rows of training cannot be stored"):
            database.register("batch", pa.table(columns, schema=schema))
            database.execute(f"INSERT INTO {TRAINING} SELECT * FROM batch")


def _as_feature(values: pa.Array, feature: FeatureColumn) -> pa.Array:
    """A column of the table in the type of a feature. Raises SKC623."""
    try:
        return values.cast(SQL[feature.dtype])
    except pa.ArrowException:
        hint = "store it in the type of the feature, or under another name"
        message = f"column `{feature.named}` is {values.type}, which is not a feature of {feature.dtype}"
        raise fail("SKC623", message, hint=hint) from None


def _texts(values: pa.Array, key: Column) -> pa.Array:
    """Keys as texts, as a log has them."""
    if pa.types.is_floating(values.type) or key.dtype == "bool":
        texts = [None if v is None else str(v).lower() for v in values.to_pylist()]
        return pa.array(texts, pa.large_string())
    return values.cast(pa.large_string())


def _micros(values: pa.Array, column: Column) -> pa.Array:
    """Times in microseconds since 1970."""
    if column.dtype == "string":
        try:
            return values.cast(pa.int64())  # a file of text
        except pa.ArrowException:
            return read_times(values, column)
    tick = KINDS[column.dtype].tick_us or 1
    present = values.is_valid().to_numpy(zero_copy_only=False)
    counts = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) * tick
    return pa.array(counts, mask=~present)


def _check_unique(database: Database, training: Training) -> None:
    """Refuse several rows of one key, or with times of one key and time: which of them a request is of is not known."""
    place, words = ("k", "key") if training.time is None else ("k, us", "key and time")
    repeated = database.execute(
        f"SELECT k, count(*) FROM {TRAINING} WHERE k IS NOT NULL GROUP BY {place} HAVING count(*) > 1 "
        f"ORDER BY count(*) DESC, k LIMIT 3"
    )
    if not repeated:
        return
    notes = [f"{shown(key)}: {number:,} rows" for key, number in repeated]
    hint = "keep one row of each key" if training.time else "give the column of their times with --time"
    raise fail("SKC633", f"rows of training have the same {words}", hint=hint, notes=notes)


def _unmatched(store: Store, key: Key) -> Exception:
    def texts(column: str, table: str = REQUESTS) -> str:
        return f"SELECT CAST({column} AS VARCHAR) AS k FROM {table} WHERE {column} IS NOT NULL"

    others = {i.name: texts(f"i{k}") for k, i in enumerate(store.inputs) if i.dtype in ("string", "int64")}
    keys = Keys(texts("k"), texts("k", TRAINING), {"id": texts("id"), **others})
    return none_in_common(store.database, key, keys)
