"""A log of requests as a table: one row for each request, typed as the inputs declare, in a file that an engine reads.

A value that the input refused is null here, and its request is counted as refused. Inputs that the log leaves out or
hashes are not compared. Besides the inputs there are `id`, `key`, `time_us`, `latency_us` and `prediction`, where no
input has such a name. Outputs that a request has in full are columns too, as they were served.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from skc.data.engine import ARROW
from skc.ir import Input
from skc.scratch import scratch_folder
from skc.skew.features import FullFeatures
from skc.skew.log_parts import Unread, each_part
from skc.skew.log_plans import LogPlan
from skc.skew.log_reader import GZIP, SUFFIXES, Header, LoggedRequest, read_file
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.golden import decode_value
from skc_runtime.kinds import OutputDType
from skc_runtime.manifest import OutputSpec

BATCH = 32_768  # requests; a row group
FACTS: dict[str, Literal["string", "int64", "float64"]] = {
    "id": "string",
    "key": "string",
    "time_us": "int64",
    "latency_us": "int64",
    "prediction": "float64",
}
FIRST = 1024  # bytes of a file
START = b'{"skc":"log"'


@dataclass
class LoggedRows:
    """What a log holds: a file of Parquet, the names that any request has, the inputs that it hides, and how many
    requests were refused, in all and by the input that was refused. `served` estimates those that were not, of which a
    log may be a sample.
    """

    file: Path
    seen: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    refused: int = 0
    refused_by_input: Counter[str] = field(default_factory=Counter)
    served: float = 0.0
    full: FullFeatures | None = None
    unread: Unread = field(default_factory=Unread)


def is_log(data: Any) -> bool:
    """Whether a path names a log, or a folder of one: its first file says so."""
    if not isinstance(data, str | Path):
        return False
    path = Path(data)
    try:
        files = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES)) if path.is_dir() else [path]
        if not files or not files[0].name.endswith(SUFFIXES):
            return False
        with files[0].open("rb") as file:
            start = file.read(FIRST)
        if start.startswith(GZIP):
            start = zlib.decompressobj(31).decompress(start, len(START))  # 31: with the header of gzip
    except (OSError, zlib.error):
        return False
    return start.startswith(START)


@contextmanager
def open_log(
    path: Path, inputs: Sequence[Input], plan: LogPlan, outputs: Sequence[OutputSpec] = ()
) -> Iterator[LoggedRows]:
    """Read a log into a file that lasts as long as the context. Raises SKC601 to SKC604."""
    with scratch_folder("skc-log") as folder:
        rows = LoggedRows(folder / "requests.parquet", full=FullFeatures.of(outputs, inputs) if outputs else None)
        _Writer(rows, inputs, plan).write(path)
        yield rows


class _Writer:
    """Writes the requests of a log in batches."""

    def __init__(self, rows: LoggedRows, inputs: Sequence[Input], plan: LogPlan) -> None:
        self.rows, self.inputs, self.plan = rows, inputs, plan
        names = {i.name for i in inputs}
        self.facts = {name: kind for name, kind in FACTS.items() if name not in names}
        fields = [pa.field(i.name, ARROW[i.dtype]) for i in inputs]
        self.fields = [*fields, *(pa.field(name, ARROW[kind]) for name, kind in self.facts.items())]
        full = () if rows.full is None else rows.full.fields
        self.schema = pa.schema([*self.fields, *full])
        self.columns: dict[str, list[Any]] = {f.name: [] for f in self.fields}
        self.features: list[Any] = []
        self.sample = 1.0
        self.read = 0  # requests

    def write(self, path: Path) -> None:
        with pq.ParquetWriter(self.rows.file, self.schema, compression="zstd", use_dictionary=False) as writer:
            for file in each_part([path], self.rows.unread):
                read = read_file(file, partial(self._add, writer), partial(self._begin, file))
                if self.plan.reads_file:
                    self.rows.unread.see(read)
            self._flush(writer)
        self.plan.check(self.read)

    def _begin(self, file: Path, header: Header) -> None:
        self.plan.begin(file, header)
        if self.plan.reads_file:
            self.rows.hidden |= {*header.omit, *header.hash}
            self.sample = header.sample

    def _add(self, writer: Any, request: LoggedRequest) -> None:
        """One row. A log that is a sample has every refused request, so those are counted apart."""
        if not self.plan.takes():
            return
        self.read += 1
        document = request.document
        error = document.get("error")
        if error is not None:
            self.rows.refused += 1
            name = error.get("input") if isinstance(error, dict) else None
            self.rows.refused_by_input[str(name)] += 1
            if self.sample < 1:
                return
        else:
            self.rows.served += 1 / self.sample if self.sample > 0 else 0
        record = document["request"] if isinstance(document["request"], dict) else {}
        self.rows.seen |= record.keys()
        for value in self.inputs:
            self.columns[value.name].append(_decoded(value.kind.element, record.get(value.name)))
        for name, kind in self.facts.items():
            self.columns[name].append(_decoded(kind, _fact(document, name)))
        self.features.append(None if error is not None else document.get("features"))
        if len(self.columns[self.schema.names[0]]) >= BATCH:
            self._flush(writer)

    def _flush(self, writer: Any) -> None:
        arrays = [pa.array(self.columns[f.name], f.type) for f in self.fields]
        if self.rows.full is not None:
            arrays += self.rows.full.columns(self.features)
        self.features.clear()
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
        for values in self.columns.values():
            values.clear()


def _fact(document: dict[str, Any], name: str) -> Any:
    """A number in JSON as an int64 is in a golden record."""
    value = document.get(name)
    return str(value) if FACTS[name] == "int64" and type(value) is int else value


def _decoded(element: OutputDType, value: Any) -> Any:
    """A value; None where there is none, and for one that the input refused."""
    try:
        return decode_value(element, value, "")
    except SkcRuntimeError:
        return None
