"""The interface of an engine: everything that fitting needs from the system that holds the rows.

Why a protocol: rows may be in files on this machine, which DuckDB reads, or in a cluster. All semantics (the value of a
statistic, when a column is refused, the order of categories, the rounding of a mean) are implemented once, in
`skc.data.statistics` and `skc.stats`, on top of the few operations below, which every engine can answer exactly,
whatever the order of rows, the threads or the partitions. So engines have nothing else to disagree on.

To add an engine, implement `Engine` (`load`), `Table` and `Data`, and run `tests/stats` with it, as
`tests/stats/test_second_engine.py` does. Rows need never leave the engine: `map_batches` and `fold` take functions that
can be pickled, and run them where the rows are; they return one number, one group or one small result at a time.

`aggregate`     counts and bounds
`sums`          exact sums (`skc.data.arrays.TermSums` computes them as a `fold`)
`groups`        distinct values with their counts, in any order
`places`        values at the given indices of the sorted column
`bins`          how many values lie between given edges
`complete`      the rows in which all of several columns have a value
`fold`          one exact result over all batches of rows
`chosen`, `rows_at`  some rows, by what a function says of each batch
`map_batches`   a new table, computed batch by batch
`held`          the same rows, some of whose columns are in memory (`skc.data.held`)
`width`         how many columns to ask about at once
`find`          the file, row and values of one row, for a message

Two more operations serve a draft of a pipeline, which is written before there are inputs: `Engine.columns` says which
columns a source stores, and `Engine.layout` how a text is divided into fields.

A value is null or of the declared type: float64 without NaN (rounded to float32 first if that is declared), int64
(timestamps as microseconds and dates as days since the epoch, times as microseconds since midnight), bool or text. An
engine raises only `SkcError` (SKC203 to SKC209, SKC220 to SKC226).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from skc.data.sources import Source
from skc.diagnostics import SkcError, Span
from skc.ir import DataSource, Input
from skc.values.types import Scalar
from skc_runtime.kinds import KINDS, Array, DType, Kind, for_every_kind

MEMORY_LIMIT = "1GB"
ARROW: Mapping[DType, pa.DataType] = for_every_kind(
    {  # the types of columns in a batch, and in a table
        "float64": pa.float64(),
        "float32": pa.float64(),
        "int64": pa.int64(),
        "timestamp": pa.int64(),
        "date": pa.int64(),
        "time": pa.int64(),
        "bool": pa.bool_(),
        "string": pa.large_string(),
    }
)
T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column of a table, and those of its values that also count as null. Messages call it `label`, which does not
    make it another column.
    """

    name: str
    dtype: DType
    label: str = field(compare=False)
    span: Span | None = field(default=None, compare=False)
    null_values: tuple[Scalar, ...] = ()

    @property
    def kind(self) -> Kind:
        """Its type, as far as it is known."""
        return KINDS[self.dtype]


@dataclass(frozen=True)
class Aggregate:
    """One result about the values of a column.

    count            int: how many there are
    least, greatest  the bounds, for any type but string; None if there is no value. -0.0 and 0.0 are the same
    has_nul          bool: a string contains a NUL
    distinct         int: how many different values there are; -0.0 and 0.0 are the same
    equal            int: how many are equal to `value`, a number
    widened          int: how many float64 values are a float32, but not the float64 of its shortest decimal digits
    least_widened    the least of these; None if there is none
    """

    reduction: Literal["count", "least", "greatest", "has_nul", "distinct", "equal", "widened", "least_widened"]
    column: Column
    value: float | None = None


@dataclass(frozen=True)
class Deviation:
    """`float64(x) − mean` in float64; a bool is 0 or 1."""

    column: Column
    mean: float


@dataclass(frozen=True)
class Term:
    """What to sum: the values themselves, or the products of two deviations, each rounded once to float64. None
    is infinite; nulls are ignored.
    """

    of: Column | tuple[Deviation, Deviation]


@dataclass(frozen=True)
class Grouping:
    """A column whose values to count: those that occur at least `min_count` times, and of these at least the first
    `limit` by count with all ties. -0.0 is 0.0; nulls are ignored.
    """

    column: Column
    min_count: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Groups:
    """Counted values of some columns of one type and limit, in any order: `k` (which of `keys`), `v` (a value), `n`
    (how often it occurs).
    """

    keys: tuple[str, ...]
    table: pa.Table


@dataclass(frozen=True)
class Places:
    """0-based indices into a sorted column, which has `count` values."""

    column: Column
    count: int
    at: tuple[int, ...]


@dataclass(frozen=True)
class Bins:
    """A column of an ordered type, to be counted by its `edges`, which increase and are values of that type.

    A value equal to an edge is in the bin below it: (−∞, e_0], (e_0, e_1], …, (e_last, ∞).
    """

    column: Column
    edges: tuple[float | int, ...]


@dataclass(frozen=True)
class AnyRow:
    """Met by every row."""


@dataclass(frozen=True)
class IsNull:
    """The column of that name has no value."""

    name: str


@dataclass(frozen=True)
class HoldsNul:
    """The string contains a NUL."""

    name: str


@dataclass(frozen=True)
class IsOutside:
    """The value is less than `low` or greater than `high`, and not one of `besides`."""

    name: str
    low: int
    high: int
    besides: tuple[int, ...] = ()


Condition = AnyRow | IsNull | HoldsNul | IsOutside


@dataclass(frozen=True)
class LocatedRow:
    """One row of the data: its location, and its stored values by input name (empty if the row no longer exists)."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Stored:
    """A column as all files of a source store it.

    `kind` is what the engine calls its type; `dtype` is the type of input that reads all of its values, None if there
    is none. `is_written`: it is a field of text, and every type of input reads texts of that type. `words` are texts
    among the numbers of a column of JSON.
    """

    name: str
    kind: str
    dtype: DType | None
    is_written: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a text is divided into records and fields; "" if nothing is a quote or a comment."""

    separator: str
    quote: str
    comment: str
    skip_rows: int
    has_header: bool


class RowRefusedError(Exception):
    """A function of `map_batches` refuses a row of its batch; the engine raises it again with the row of the table, or
    `located`, if it runs it on distinct rows.
    """

    def __init__(self, row: int, guard: int, located: LocatedRow | None = None) -> None:
        super().__init__(row, guard)
        self.row, self.why, self.located = row, guard, located


class Table(Protocol):
    """Rows with columns of known types. Each method answers for all columns in few queries."""

    def count(self) -> int:
        """The number of rows."""

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """The result of each."""

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """The exact sum of each, in any order of rows."""

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """All groups of every key, a few keys at a time."""

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """The value at every place, by key. -0.0 and 0.0 are the same."""

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """The number of values in every bin, one more than there are edges, by key. Nulls are in none."""

    def complete(self, columns: Sequence[Column]) -> Table:
        """The rows in which all of these columns have a value; it need not have other columns."""

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """The sum by `add`, which is exact in any order, of `function` of every batch. None if there are no rows."""

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """The 0-based places of the rows that `function` chooses by their place in a batch of these columns."""

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """Some columns of the rows at these places, which ascend, in that order, under their names."""

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """The table that `function` computes from some columns, in batches of about `size` rows. In a batch and in its
        result, NaN is null. `done` is called with the number of rows processed.

        Raises RowRefusedError for the first row that is refused.
        """

    def held(self, columns: Sequence[Column]) -> Table:
        """The same rows in a form in which these columns are cheap to read many times, if there is one."""

    def width(self) -> int:
        """How many columns, one at least, to ask several questions about before the next columns."""


@runtime_checkable
class DrawsSample(Protocol):
    """A table that draws a sample by itself."""

    def drawn(self, columns: Sequence[Column], size: int) -> pa.RecordBatch:
        """About `size` rows of some columns, under their names, by their values alone; all, if there are no more."""


@runtime_checkable
class RunsNoPython(DrawsSample, Protocol):
    """A table of an engine that cannot run functions where the rows are: `map_batches` runs them on distinct rows."""

    def distinct(self, columns: Sequence[Column]) -> Table:
        """The distinct rows of some columns with how often each occurs. Raises SKC699 if they are too many."""

    def refused_ages(self, event: str, span: Span | None) -> SkcError:
        """The error for values that are compared with the time of their label, in the column `event`."""


class Data(Table, Protocol):
    """The rows of a source, in order: typed as the inputs declare, and filtered by `where`."""

    @property
    def source(self) -> Source:
        """Where they come from."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One column for each, under its name."""

    @property
    def has_where(self) -> bool:
        """Whether a `where` may have excluded rows."""

    def unfiltered(self) -> Table:
        """The same rows and those that `where` excluded, by the same rules; each query may read the source again."""

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """The next row to meet a condition, after `skip` others."""

    def is_constant(self, name: str) -> bool:
        """Whether a column of strings has the same value in all rows."""

    def narrow(self) -> Collection[str]:
        """The inputs that are stored, in any file, as floats of fewer than 64 bits."""

    def keys(self) -> Collection[str] | None:
        """All keys of all records, if only reading them reveals the keys; None if the source declares its columns."""

    def cached(self) -> Data:
        """The same rows, in a form that is cheap to read many times."""

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """The named columns in order; close it before the next query."""

    def kept_schema(self) -> pa.Schema:
        """The types of the columns to keep: inputs as the pipeline reads them, others as stored."""


class Engine(Protocol):
    """Opens one source."""

    def load(self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()) -> Data:
        """The rows of a source. `keep` names columns to carry along as stored. Raises SKC203 to SKC209.

        `skc.data.predicate` checks `declared.where` and finds the columns that it names. It is written in DuckDB's
        dialect; an engine that cannot run it unchanged must refuse it with SKC207, and never ignore it.
        """

    def columns(self, source: Source) -> tuple[Stored, ...]:
        """The columns that all files of a source have. Raises SKC203, SKC204 and SKC205, where files differ."""

    def layout(self, lines: str) -> Layout | None:
        """How the first lines of a file are divided, as far as the engine can tell."""


OpenEngine = Callable[[int | None, str], AbstractContextManager[Engine]]  # threads, memory limit
