"""Features of a table as a table: one function from Arrow to Arrow, which Spark, Ray and Dask call where the rows are.

Needs PyArrow, which serving does not. Types are kept: an int64 feature is an int64,
and a value that is missing is null; in a float column it is NaN, as everywhere.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from skc_runtime.errors import RecordError, SkcRuntimeError, shown
from skc_runtime.golden import Replay
from skc_runtime.identity import Key
from skc_runtime.kinds import Array, OutputDType
from skc_runtime.loading import load, open_artifact
from skc_runtime.manifest import Manifest, OutputSpec
from skc_runtime.pyfunc import column_name
from skc_runtime.sources import Given
from skc_runtime.transformer import Transformer

if TYPE_CHECKING:
    import pyarrow as pa

Refused = Literal["error", "column"]
Keep = Sequence[str] | bool
REFUSED = "refused"  # the column that says why a row is
MOST = 4  # artifacts that a process holds
_T = TypeVar("_T", bound=Any)  # a RecordBatch or Table, of which the class is kept


@dataclass(frozen=True)
class Form:
    """What a table of features has: a column for each feature, or one array column for each output (`as_array`), then
    columns of the given table to `keep`, then why a row is refused, if that is a "column" and not an "error".
    """

    keep: tuple[str, ...] = ()
    refused: Refused = "error"
    as_array: bool = False
    plain_names: bool = False  # features are named without their output

    def features(self, manifest: Manifest) -> Iterator[tuple[str, OutputDType]]:
        """The names and types of the columns of features, or of the values in the arrays."""
        for output in manifest.outputs:
            names = [output.name] if self.as_array else output.columns
            for name in names:
                is_plain = self.as_array or self.plain_names
                yield name if is_plain else column_name(manifest, output, name), output.dtype

    def names(self, manifest: Manifest) -> list[str]:
        """Of all columns. Raises `invalid-option` where two would have the same name."""
        names = [name for name, _ in self.features(manifest)]
        names += [*self.keep, *([REFUSED] if self.refused == "column" else [])]
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            hint = "do not keep that column, or give the feature another name"
            raise SkcRuntimeError("invalid-option", f"two columns would be named `{twice}`", hint=hint)
        return names

    def schema(self, manifest: Manifest, kept: Iterable[pa.DataType]) -> pa.Schema:
        """Of the table; `kept` are the types of the columns to keep. Raises as `names`."""
        import pyarrow as pa

        kinds = [arrow_type(dtype) for _, dtype in self.features(manifest)]
        kinds = [*(pa.list_(kind) if self.as_array else kind for kind in kinds), *kept]
        kinds += [pa.string()] if self.refused == "column" else []
        return pa.schema(zip(self.names(manifest), kinds, strict=True))


def form_of(columns: Sequence[str], keep: Keep, refused: Refused, as_array: bool) -> Form:
    """The form that options say, of a table with such columns; `keep=True` is all of them. Raises `invalid-option`."""
    if refused not in get_args(Refused):
        raise SkcRuntimeError("invalid-option", f"refused={shown(refused)}", hint='"error" or "column"')
    if isinstance(keep, str):
        raise SkcRuntimeError("invalid-option", f"keep={shown(keep)}", hint=f"a list of columns: [{keep!r}], or True")
    names = tuple(columns if keep is True else keep or ())
    for name in names:
        if columns.count(name) != 1:
            fault = "has several columns" if name in columns else "has no column"
            hint = "leave it out of `keep`, or rename it first"
            raise SkcRuntimeError("invalid-option", f"the table {fault} {shown(name)}", hint=hint)
    return Form(names, refused, as_array)


def arrow_type(dtype: OutputDType) -> pa.DataType:
    """The Arrow type of a feature."""
    import pyarrow as pa

    return pa.string() if dtype == "string" else pa.bool_() if dtype == "bool" else getattr(pa, dtype)()


def transform_table(
    transformer: Transformer, table: _T, *, keep: Keep = (), refused: Refused = "error", as_array: bool = False
) -> _T:
    """The features of a table or batch of PyArrow as one of the same class: the same bits as `transformer.transform`.

    Columns are named as `skc transform` names them, `OUTPUT.COLUMN` where there are several outputs; with `as_array`
    there is one column of arrays for each output. `keep` copies columns of the table behind them, all with True. With
    `refused="column"` a row that is refused has null features, and its last column, `refused`, says why, which is null
    in the other rows. Raises RecordError, with the row if there is one, and `invalid-option`.
    """
    form = form_of(table.schema.names, keep, refused, as_array)
    return formed(transformer, table, form)


def formed(transformer: Transformer, table: _T, form: Form) -> _T:
    """`transform_table` in a form that was made for its columns. Raises as that does."""
    schema = form.schema(transformer.manifest, [table.schema.field(name).type for name in form.keep])
    columns, refused = feature_columns(transformer, table, form)
    columns += [table.column(name) for name in form.keep]
    columns += [] if refused is None else [refused]
    features: _T = type(table).from_arrays(columns, schema=schema)
    return features


def feature_columns(transformer: Transformer, table: Any, form: Form) -> tuple[list[pa.Array], pa.Array | None]:
    """The columns of features of a table, and the column `refused` if the form has it. Raises RecordError."""
    import pyarrow as pa

    manifest = transformer.manifest
    if form.refused == "error":
        outputs = transformer.transform(table)
        return [column for output in manifest.outputs for column in _columns(output, outputs, form)], None
    outputs, errors = transformer.transform_accepted(table)
    columns = [column for output in manifest.outputs for column in _columns(output, outputs, form)]
    is_refused = np.zeros(len(table), dtype=bool)
    is_refused[list(errors)] = True
    if errors:
        places = pa.array(np.cumsum(~is_refused) - 1, mask=is_refused)  # of a row among those that are accepted
        columns = [column.take(places) for column in columns]
    words = [reason(errors[row]) if row in errors else None for row in range(len(table))]
    return columns, pa.array(words, pa.string())


def reason(error: RecordError) -> str:
    """Why a row is refused, without the row: the code, and what it says."""
    return f"{error.code}: {located(error)}"


def located(error: RecordError) -> str:
    """What an error says, with the input, which the words of a step have in them."""
    return error.message + ("" if error.input is None or error.step is not None else f" (input `{error.input}`)")


def _columns(output: OutputSpec, outputs: Mapping[str, Array], form: Form) -> Iterator[pa.Array]:
    """The columns of one output; null where its companion `valid` is false."""
    import pyarrow as pa

    values, kind = outputs[output.name], arrow_type(output.dtype)
    missing = None if output.valid is None else ~outputs[output.valid]
    if form.as_array:
        flat = pa.array(values.reshape(-1), kind, mask=None if missing is None else missing.reshape(-1))
        offsets = np.arange(len(values) + 1) * len(output.columns)
        yield pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)
        return
    for k in range(len(output.columns)):
        column = np.ascontiguousarray(values[:, k])
        yield pa.array(column, kind, mask=None if missing is None else missing[:, k])


@dataclass(frozen=True)
class Shipped:
    """An artifact that was loaded in one process, for others to load: each checks it, and replays its golden records on
    its own processor, once.
    """

    identity: str
    files: Mapping[str, bytes]
    replay: Replay
    manifest: Manifest

    def transformer(self) -> Transformer:
        """What this process loaded of it, now or before. Each call computes in its own thread."""
        key = self.identity, self.replay, os.getpid()
        with _LOADING:
            loaded = _LOADED.pop(key, None)
            if loaded is None:
                loaded = load(self.files, replay=self.replay, expect=self.identity, threads=1)
            _LOADED[key] = loaded
            while len(_LOADED) > MOST:
                _LOADED.popitem(last=False)
        return loaded


_LOADED: OrderedDict[tuple[str, Replay, int], Transformer] = OrderedDict()
_LOADING = threading.Lock()


def shipped(artifact: Given, replay: Replay = "exact", expect: str | None = None, key: Key | None = None) -> Shipped:
    """An artifact to ship, as `load` takes it, after all of its checks. Raises ArtifactError."""
    files, opened = open_artifact(artifact, expect=expect, key=key)
    opened.close()
    assert opened.identity is not None  # it was read from files
    one = Shipped(opened.identity, files, replay, opened.manifest)
    one.transformer()
    return one
