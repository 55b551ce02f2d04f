"""The replayed requests in a database, to be joined with the rows of training: one row each, bounded by the disk.

Columns are numbered, because inputs, features and columns of a table may have any names: `iK` is input K, `fK` feature
K as it was served; `jK` and `gK` are those of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.data.duckdb.connection import Database, engine_errors, open_database
from skc.data.engine import ARROW
from skc.ir import Input
from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.rules import Key
from skc.skew.replay.served import ServedFeatures
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import OutputDType, for_every_element
from skc_runtime.manifest import OutputSpec

MEMORY = "400MB"  # beside what reading the training table takes
REQUESTS = "requests"
SQL: Mapping[OutputDType, pa.DataType] = for_every_element(
    {
        "float32": pa.float64(),
        "float64": pa.float64(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "string": pa.large_string(),
    }
)
FACTS = [pa.field("id", pa.large_string()), pa.field("k", pa.large_string()), pa.field("us", pa.int64())]


@dataclass(frozen=True)
class FeatureColumn:
    """A feature that the training table has too, in the column `named`."""

    output: OutputSpec
    index: int
    named: str

    @property
    def dtype(self) -> OutputDType:
        return self.output.dtype

    @property
    def is_exact(self) -> bool:
        return self.output.exact[self.index]


class Store:
    """Keeps requests: their key, time, inputs, chosen features as served, and whether their features are code skew."""

    def __init__(
        self, database: Database, key: Key, inputs: Sequence[Input], features: Sequence[FeatureColumn]
    ) -> None:
        self.database, self.key, self.inputs, self.features = database, key, tuple(inputs), tuple(features)
        self._fields = [
            *FACTS,
            pa.field("skewed", pa.bool_()),
            *(pa.field(f"i{k}", ARROW[i.dtype]) for k, i in enumerate(inputs)),
            *(pa.field(f"f{k}", SQL[f.dtype]) for k, f in enumerate(features)),
            *(pa.field(f"h{k}", pa.bool_()) for k, _ in enumerate(features)),  # whether it is known
        ]
        self._schema = pa.schema(self._fields)
        with engine_errors("the requests cannot be stored"):
            database.register("batch", self._schema.empty_table())
            database.execute(f"CREATE TABLE {REQUESTS} AS SELECT * FROM batch")

    def add(self, batch: Sequence[LoggedRequest], skewed: Sequence[bool], served: ServedFeatures) -> None:
        """Keep the requests of a batch that were served: a refused one has no features, and not all of its values."""
        rows = [k for k, request in enumerate(batch) if "error" not in request.document]
        if not rows:
            return
        batch, skewed = [batch[k] for k in rows], [skewed[k] for k in rows]
        documents = [request.document for request in batch]
        columns: list[pa.Array] = [
            pa.array([request.id for request in batch], pa.large_string()),
            pa.array([self._key_of(document) for document in documents], pa.large_string()),
            pa.array([request.time_us for request in batch], pa.int64()),
            pa.array(skewed, pa.bool_()),
        ]
        records = [d["request"] if isinstance(d["request"], dict) else {} for d in documents]
        for value in self.inputs:
            element = value.kind.element
            decoded = [_decoded(element, record.get(value.name)) for record in records]
            columns.append(pa.array(decoded, ARROW[value.dtype], from_pandas=value.kind.is_float))
        known = [served.column(feature.output, feature.index) for feature in self.features]
        for feature, (values, _) in zip(self.features, known, strict=True):
            columns.append(pa.array([values[k] for k in rows], SQL[feature.dtype]))
        columns += [pa.array([is_known[k] for k in rows], pa.bool_()) for _, is_known in known]
        table = pa.table(columns, schema=self._schema)
        with engine_errors("the requests cannot be stored"):
            self.database.register("batch", table)
            self.database.execute(f"INSERT INTO {REQUESTS} SELECT * FROM batch")

    def _key_of(self, document: dict[str, Any]) -> str | None:
        if self.key.of_log in ("id", "key") and self.key.of_log not in {i.name for i in self.inputs}:
            value = document.get(self.key.of_log)
        else:
            value = document["request"].get(self.key.of_log) if isinstance(document["request"], dict) else None
        if value is None or isinstance(value, dict):
            return None
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(element: OutputDType, value: Any) -> Any:
    """A value; None for null, and for one that the input refused."""
    try:
        return golden.decode_value(element, value, "")
    except SkcRuntimeError:
        return None


@contextmanager
def open_store(key: Key, inputs: Sequence[Input], features: Sequence[FeatureColumn]) -> Iterator[Store]:
    """A store that lasts as long as the context."""
    with open_database(None, MEMORY) as database:
        yield Store(database, key, inputs, features)
