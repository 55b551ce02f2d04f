"""Where training rows come from: the user's data, resolved to files of one kind, a table, or data in memory.

Text            CSV (`.csv`, commas), TSV (`.tsv`, tabs), also with `.gz`, `.bz2`, `.xz` and `.zst`; JSON lines
                (`.jsonl`, `.ndjson`) and a JSON array of records (`.json`), also with `.gz` and `.zst`
Spreadsheets    a sheet of an .xlsx file, whose cells are read as values in JSON are
Typed           Parquet (`.parquet`, `.pq`), Arrow IPC files and Feather (`.arrow`, `.feather`, `.ipc`)
Database        a table of a DuckDB file (`.duckdb`, `.ddb`): `trips.duckdb::rides`, or `path` and `table`
In memory       anything that implements the Arrow stream protocol: pandas, Polars and PyArrow tables
Spark           a DataFrame, or a table of its catalogue, `spark::sales.rides`: which only the engine Spark reads
Postgres        a table, which only the engine Postgres reads, where it lies: `postgresql://host/database::rides`, or
                `path` and `table`; or a table expression of Ibis

A path may be a glob (`*`, `?`, `[…]`, `**`) or a folder, of which every file is read; a file or folder in it is not
data if its name begins with `.` or `_`. Files are read in order of name. Only the name determines the kind; a file with
any other name is text with fields if `data` has a `separator`. Folders
below the one that a path names, such as `year=2025`, are columns of text, as Hive writes them.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pyarrow as pa

from skc.data.remote import is_remote, name_of, remote_files
from skc.data.text.opening import PACKED, packing
from skc.diagnostics import SkcError, Span, did_you_mean, fail
from skc.ir import DataSource, ReadOptions

Kind = Literal[
    "csv", "tsv", "jsonl", "json", "xlsx", "parquet", "arrow", "duckdb", "memory", "spark", "postgres", "ibis"
]
KINDS: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
TEXT: tuple[Kind, ...] = ("csv", "tsv", "jsonl", "json", "xlsx")
JSON: tuple[Kind, ...] = ("jsonl", "json")
PACKINGS: dict[Kind, tuple[str, ...]] = {  # by which files of a kind may be compressed
    "csv": ("", *PACKED),
    "tsv": ("", *PACKED),
    "jsonl": ("", *PACKED),
    "json": ("", *PACKED),
}
DEFAULT = ReadOptions()
IN_SPARK = "spark"  # what stands before `::` and a table of its catalogue
NAMED: dict[Kind, str] = {"memory": "the table", "spark": "the DataFrame", "ibis": "the table expression"}
SPARK_FRAMES = ("pyspark.sql.dataframe.DataFrame", "pyspark.sql.connect.dataframe.DataFrame")
IBIS_TABLE = "ibis.expr.types.relations.Table"
IN_MEMORY = ("duckdb", "polars", "datafusion", "sqlite")  # what Ibis computes in this process, and gives as Arrow
DATABASE_URL = re.compile(r"postgres(?:ql)?://")
NO_DATA = (".", "_")  # how the names of files begin that programs write next to data, such as _SUCCESS
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
READABLE = (
    "skc reads .csv, .tsv, .jsonl and .json (an array; each also with .gz, .bz2, .xz or .zst), .xlsx, .parquet, "
    ".arrow and .feather files, tables of DuckDB files (`file.duckdb::table`), and in "
    "Python pandas, Polars and PyArrow tables"
)


SEPARATED = "for a file of text with any other name write its `separator` under `data`"
Partitions = tuple[tuple[str, str | None], ...]  # names and values of columns, None for a null


@dataclass(frozen=True)
class Source:
    """Files of one kind, the URL of a database, or in `frame` an Arrow table in memory, a DataFrame of Spark or a table
    expression of Ibis; `table` names the table of a database or a DuckDB file, `options` say how files of text are
    written, `partitions` which columns the folders of a file name, `copies` where a file lies that the engine cannot
    read in its place.
    """

    kind: Kind
    files: tuple[str, ...] = ()
    table: str | None = None
    frame: Any = None
    options: ReadOptions = DEFAULT
    span: Span | None = None
    partitions: Mapping[str, Partitions] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)

    def path(self, file: str) -> str:
        """Where a file lies on this machine."""
        return self.copies.get(file, file)

    @property
    def name(self) -> str:
        """What messages call the data."""
        if self.kind == "spark" and self.table is not None:
            return f"the table {self.table} of Spark"
        if self.kind in NAMED:
            return NAMED[self.kind]
        if self.kind == "postgres":  # the URL may have a password
            return f"the table {self.table} of Postgres"
        return self.files[0] if len(self.files) == 1 else f"{self.files[0]} and {len(self.files) - 1} more"


def separator_of(source: Source) -> str:
    """What stands between two fields of a CSV file."""
    return source.options.separator or ("\t" if source.kind == "tsv" else ",")


def folded(name: str) -> str:
    """A name as an engine compares it. Only ASCII letters have a case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def numbered(names: Sequence[str]) -> list[str]:
    """The names, of which a later one has a number if an earlier one is the same."""
    others: list[str] = []
    taken: set[str] = set()
    for name in names:
        spellings = (name if k == 1 else f"{name}_{k}" for k in count(1))
        others.append(next(one for one in spellings if folded(one) not in taken))
        taken.add(folded(others[-1]))
    return others


def resolve(data: Any, declared: DataSource | None) -> tuple[Source, DataSource]:
    """The source that `data` names, or the pipeline's own if it is None, and the declaration, for its `where`.

    A path or a table in `data` overrides the declared path; the declared `where` still selects the rows to fit on, and
    the declared options say how the files are read. A `DataSource` overrides the whole declaration.

    Raises SKC200, SKC201, SKC202.
    """
    declared = declared or DataSource()
    if isinstance(data, DataSource):
        declared, data = data, None
    span = declared.span
    if data is None:
        if declared.path is None:
            hint = "write `data: {path: …}` in the pipeline, or name a file with `--data`"
            raise fail("SKC200", "fitting needs training rows, but no data is given", span=span, hint=hint)
        return _from_path(declared.path, declared.table, declared.options, span), declared
    if isinstance(data, str | os.PathLike):
        if DATABASE_URL.match(os.fspath(data)):
            return _from_database(os.fspath(data), None, None), declared
        path, _, table = os.fspath(data).partition("::")
        return _from_path(path, table or None, declared.options, None), declared
    return _from_memory(data), declared


def only_engine(data: Any, declared: DataSource | None) -> Literal["postgres", "spark"] | None:
    """Which engine alone reads what `resolve` is given, if that lies, or means to lie, where only one can."""
    if data is None or isinstance(data, DataSource):
        declared = data or declared
        data = None if declared is None else declared.path
    if is_spark_frame(data) or (isinstance(data, str) and data.startswith(f"{IN_SPARK}::")):
        return "spark"
    is_database = _is_of_server(data) or (isinstance(data, str) and DATABASE_URL.match(data) is not None)
    return "postgres" if is_database else None


def _is_of_server(data: Any) -> bool:
    """Whether it is a table expression of Ibis whose rows are on a server."""
    if not _is_of(data, (IBIS_TABLE,)):
        return False
    try:
        return data.get_backend().name not in IN_MEMORY
    except Exception:  # of Ibis, whose classes are not imported: it belongs to no server
        return False


def _is_of(data: Any, names: Sequence[str]) -> bool:
    """Whether it is of a class with one of these names, whose library need not be installed."""
    return any(f"{kind.__module__}.{kind.__name__}" in names for kind in type(data).__mro__)


def is_spark_frame(data: Any) -> bool:
    """Whether it is a DataFrame of Spark, which need not be installed."""
    return _is_of(data, SPARK_FRAMES)


def _from_memory(data: Any) -> Source:
    if is_spark_frame(data):
        return Source("spark", frame=data)
    if _is_of_server(data):
        return Source("ibis", frame=data)
    if not (isinstance(data, pa.Table | pa.RecordBatch) or hasattr(data, "__arrow_c_stream__")):
        message = f"cannot fit on a {type(data).__module__}.{type(data).__qualname__}"
        raise fail("SKC202", message, hint="give a path, or a pandas, Polars or PyArrow table")
    return Source("memory", frame=as_arrow(data))


def as_arrow(data: Any) -> pa.Table:
    """A table that implements the Arrow stream protocol. Raises SKC203."""
    try:
        return pa.table(data)
    except (pa.ArrowException, ValueError, TypeError) as error:
        hint = "give every column a single type; a column of Python objects of different types has none"
        raise fail("SKC203", "the table cannot be read as Arrow data", hint=hint, notes=[str(error)[:300]]) from error


def _from_database(url: str, table: str | None, span: Span | None) -> Source:
    """A table of a database. An address of IPv6 in the URL has colons too."""
    if table is None:
        url, _, table = url.rpartition("::")
    if not url or not table or "]" in table:
        hint = "write `postgresql://host/database::table`, or `path` and `table` under `data`"
        raise fail("SKC202", "the URL of a database names no table", span=span, hint=hint)
    return Source("postgres", (url,), table, span=span)


def _from_path(path: str, table: str | None, options: ReadOptions, span: Span | None) -> Source:
    if DATABASE_URL.match(path):
        return _from_database(path, table, span)
    if "::" in path and table is None:
        path, _, table = path.partition("::")
    if path == IN_SPARK and table is not None:
        return Source("spark", table=table, span=span)
    if path.startswith("~") and not Path(path).exists():
        path = os.path.expanduser(path)
    files = remote_files(path, span, NO_DATA) if is_remote(path) else _files(path, span, options)
    kinds = {_kind(file, span, options) for file in files}
    if len(kinds) > 1:
        message = f"`{path}` matches files of several kinds: {', '.join(sorted(kinds))}"
        raise fail("SKC202", message, span=span, hint="write a narrower glob")
    partitions = {file: _partitions(file, _root(path)) for file in files if file != path}
    source = Source(kinds.pop(), files, table, options=options, span=span, partitions=partitions)
    if source.kind == "duckdb" and (table is None or len(files) > 1):
        message = f"`{path}` does not name one table of one DuckDB file"
        raise fail(
            "SKC202",
            message,
            span=span,
            hint="write `file.duckdb::table`, or `path` and `table` under `data`",
        )
    if source.kind != "duckdb" and table is not None:
        hint = "remove the table"
        raise fail("SKC202", f"a {source.kind} file has no table `{table}`", span=span, hint=hint)
    return source


def _files(path: str, span: Span | None, options: ReadOptions) -> tuple[str, ...]:
    """The file with exactly that name, else those that the glob matches."""
    if Path(path).is_file():
        return (path,)
    if Path(path).is_dir():
        return _in_folder(path, span, options)
    matches = tuple(sorted(name for name in glob.glob(path, recursive=True) if Path(name).is_file()))
    if matches:
        return matches
    if glob.has_magic(path):
        raise fail("SKC201", f"no file matches `{path}`", span=span, hint="check the folder and the pattern")
    folder = Path(path).parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    hint = did_you_mean(Path(path).name, names) or f"{'check the name' if names else f'there is no folder `{folder}`'}"
    raise fail("SKC201", f"there is no file `{path}`", span=span, hint=hint)


def _in_folder(folder: str, span: Span | None, options: ReadOptions) -> tuple[str, ...]:
    """Every file in a folder, at any depth."""
    files = []
    for above, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(NO_DATA)]
        files += [os.path.join(above, name) for name in names if not name.startswith(NO_DATA)]
    if not files:
        raise fail(
            "SKC201", f"there is no file in the folder `{folder}`", span=span, hint="check the folder and the pattern"
        )
    for file in sorted(files):
        try:
            _kind(file, span, options)
        except SkcError:
            raise _unread_file(file, folder, files, span) from None
    return tuple(sorted(files))


def _unread_file(file: str, folder: str, files: Sequence[str], span: Span | None) -> SkcError:
    """SKC202 for a file that is not data, with a glob of those that are, in quotes, since a shell would expand it."""
    hint = f"name a file: there is no file in it that skc reads. {READABLE}"
    for other in sorted(files):
        packed = packing(other)
        suffix = Path(other.lower().removesuffix(packed)).suffix
        if KINDS.get(suffix) not in (None, "duckdb"):
            hint = f"write a glob: '{folder.rstrip('/')}/**/*{other[-len(suffix + packed) :]}'"
            break
    return fail("SKC202", f"`{file}` is not a kind of file that skc reads", span=span, hint=hint)


def _root(path: str) -> str:
    """The folder below which folders are columns: the one that a path names, or that a glob begins with."""
    parts = Path(path).parts
    fixed = list(takewhile(lambda part: not glob.has_magic(part), parts))
    return path if len(fixed) == len(parts) else str(Path(*fixed)) if fixed else "."


def _partitions(file: str, root: str) -> Partitions:
    """The columns that the folders of a file name, below a folder."""
    below = os.path.relpath(Path(file).parent, root) if file != root else "."
    pairs = (part.partition("=") for part in Path(below).parts)
    named = {
        unquote(name): None if value == HIVE_NULL else unquote(value) for name, is_, value in pairs if name and is_
    }
    return tuple(named.items())


def _kind(file: str, span: Span | None, options: ReadOptions) -> Kind:
    name = name_of(file)
    packed = packing(name)
    kind = KINDS.get(Path(name.lower().removesuffix(packed)).suffix, None if options.separator is None else "csv")
    if kind is None or packed not in PACKINGS.get(kind, ("",)):
        message = f"`{file}` is not a kind of file that skc recognises by its name"
        raise fail("SKC202", message, span=span, hint=f"{READABLE}; {SEPARATED}")
    return kind
