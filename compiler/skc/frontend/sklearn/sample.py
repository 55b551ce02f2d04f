"""X, the sample of rows that an estimator is compiled with: it gives the inputs their types, and is verified on.

Nothing is fitted from it. Its columns also say how the library wants its rows, as a pandas DataFrame or as an array and
of what dtypes, so that the oracle can hand it rows in that form.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.ir import Input
from skc.translation import NullMark
from skc_runtime.kinds import DType

TEXT = "text"  # the input that a list of documents becomes
MISSING = "missing"
PLAIN = ("text", "bool", "number", MISSING)
LABEL = "label"  # likewise an array of labels that are not text
# What the library takes as X: a table, a dict for each row (a null stands for an absent key), a text for each row, or a
# label that is not text.
Form = Literal["table", "dicts", "texts", "labels"]


@dataclass(frozen=True)
class Sample:
    """The rows as an Arrow table, with the inputs that its columns become. `frame` is what the user gave.

    `marks` say what stands for a null in columns of Python objects; in all others it is NaN.
    """

    table: pa.Table
    inputs: tuple[Input, ...]
    frame: Any
    form: Form = "table"
    marks: Mapping[str, NullMark] = field(default_factory=dict)


def fitted_names(estimator: Any, frame: Any) -> list[str] | None:
    """The names of the columns that an estimator was fitted with, None if with an array.

    CatBoost has them under another name, and numbers for an array; LightGBM has names for the columns of an array too.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = getattr(estimator, "feature_names_", None) if _is_pandas(frame) else None
    names = None if names is None else list(map(str, names))
    is_array = isinstance(frame, (np.ndarray, list))
    return None if is_array and names == [f"Column_{k}" for k in range(len(names or ()))] else names


def read_sample(frame: Any, names: Sequence[str] | None, width: int | None) -> Sample:
    """The columns of X that an estimator uses, typed.

    `names` are the names that it was fitted with, None where it was fitted with an array of `width` columns. Raises
    SKC155.
    """
    form = _form(frame, is_of_columns=names is not None or width is not None)
    table = _table(frame, names, width) if form == "table" else _untabled(frame, form, names, width)
    repeated = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if repeated:
        hint = "rename one of the two; an input is found by its name"
        raise fail("SKC155", f"X has two columns named `{repeated[0]}`", hint=hint)
    expected = list(names) if names is not None else [f"x{i}" for i in range(width or 0)]
    if names is None and width is None:  # nothing was fitted on columns: one that takes dicts or texts
        expected = table.column_names
    missing = [name for name in expected if name not in table.column_names]
    if missing:
        more = "" if len(missing) == 1 else f", and {len(missing) - 1} more"
        hint = did_you_mean(missing[0], table.column_names) or "give a sample with the columns that `fit` was given"
        raise fail("SKC155", f"X lacks the column `{missing[0]}`{more}", hint=hint)
    table = table.select(expected)
    problems: list[SkcError] = []
    inputs = []
    for name in expected:
        try:
            inputs.append(_input(name, table.column(name), _pandas_dtype(frame, name)))
        except SkcError as error:
            problems.append(error)
    if problems:
        raise SkcError(*(d for error in problems for d in error.diagnostics))
    if form == "dicts":
        inputs = [replace(i, nullable=True, nan="error" if i.kind.is_float else "null") for i in inputs]
    if form == "texts":  # an estimator of texts refuses any other document
        inputs = [replace(i, nullable=False) for i in inputs]
    return Sample(table, tuple(inputs), frame, form, _marks(frame, expected) if form == "table" else {})


def in_form(frame: Any, form: Form) -> Any:
    """A DataFrame as the rows that an estimator takes, which would take its names for them.

    A file always has a table, whatever the estimator takes.
    """
    if not _is_pandas(frame) or form == "table":
        return frame
    if form == "dicts":
        absent = (MISSING, "NAType")
        rows = frame.to_dict("records")
        return [{name: value for name, value in row.items() if _kind_of(value) not in absent} for row in rows]
    is_text = len(frame.columns) == 1 and all(_kind_of(value) in ("text", MISSING) for value in frame.iloc[:, 0])
    return frame.iloc[:, 0] if is_text else frame  # which the op refuses


def read_rows(path: str | os.PathLike[str]) -> Any:
    """The rows of a file as a DataFrame, read as pandas reads it, since that is how estimators are fitted.

    Raises SKC155.
    """
    file = Path(path)
    try:
        import pandas as pd
    except ModuleNotFoundError:
        hint = "install it: `pip install 'skc[sklearn]'`"
        raise fail("SKC159", "pandas is not installed, which reads the sample", hint=hint) from None
    readers: dict[str, Callable[[Path], Any]] = {
        ".parquet": pd.read_parquet,
        ".feather": pd.read_feather,
        ".arrow": pd.read_feather,
        ".csv": pd.read_csv,
        ".jsonl": lambda f: pd.read_json(f, lines=True),
    }
    read = readers.get(file.suffix.lower())
    if read is None:
        known = ", ".join(readers)
        raise fail("SKC155", f"`{file}` is not a kind of sample that skc reads", hint=f"give one of {known}")
    try:
        return read(file)
    except FileNotFoundError:
        near = did_you_mean(file.name, [p.name for p in file.parent.glob("*")])
        raise fail("SKC155", f"there is no file `{file}`", hint=near or "check the path") from None
    except Exception as error:  # whatever a reader of pandas raises
        hint = "check that it is a file of the kind that its name says"
        raise fail("SKC155", f"`{file}` cannot be read", hint=hint, notes=[str(error)[:300]]) from None


def _table(frame: Any, names: Sequence[str] | None, width: int | None) -> pa.Table:
    if hasattr(frame, "tocsr"):
        hint = "give a dense sample: `X.toarray()`, or a DataFrame with one column for each feature"
        raise fail("SKC155", "X is a sparse matrix", hint=hint)
    if isinstance(frame, (np.ndarray, list)):
        lengths = {len(row) for row in frame if isinstance(row, (list, tuple))} if isinstance(frame, list) else {0}
        if len(lengths) > 1:
            hint = "give every row as many values: each is an input of the artifact, and holds one value"
            raise fail("SKC155", "X has rows of different lengths", hint=hint)
        return _from_array(np.asarray(frame), names, width)
    if _is_pandas(frame):
        labels = [name for name in frame.columns if not isinstance(name, str)]
        if labels:
            hint = "name the columns by text before fitting: `X.columns = X.columns.astype(str)`"
            raise fail("SKC155", f"X has a column whose name is not text: {labels[0]!r}", hint=hint)
        if not frame.columns.is_unique:
            name = frame.columns[frame.columns.duplicated()][0]
            raise fail("SKC155", f"X has two columns named `{name}`", hint="rename one of the two")
        frame = frame.reset_index(drop=True)
    columns: dict[str, pa.ChunkedArray] = {}
    try:
        table = frame if isinstance(frame, pa.Table) else None if _is_pandas(frame) else pa.table(frame)
        for name in frame.columns if table is None else table.column_names:
            columns[name] = (
                pa.chunked_array([pa.array(frame[name], from_pandas=True)]) if table is None else table.column(name)
            )
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        where = f"column `{name}` of frame" if "name" in locals() else "frame"
        hint = "give every column values of a single type; a column of Python objects of several types has none"
        raise fail("SKC155", f"{where} cannot be read", hint=hint, notes=[str(error)[:300]]) from None
    return pa.table(columns)


def _form(frame: Any, *, is_of_columns: bool) -> Form:
    """`is_of_columns`: the estimator was fitted on a table."""
    rows = frame if isinstance(frame, list) else ()
    if rows and all(isinstance(row, Mapping) for row in rows):
        return "dicts"
    is_series = _module(frame) == "pandas" and not hasattr(frame, "columns") and hasattr(frame, "to_list")
    is_array = isinstance(frame, np.ndarray) and frame.ndim == 1 and not is_of_columns
    is_list = bool(rows) and all(_kind_of(row) in PLAIN for row in rows) and not is_of_columns
    if is_series or is_array or is_list:
        is_text = any(isinstance(value, str) for value in frame)
        return "texts" if is_text or len(frame) == 0 else "labels"
    return "texts" if rows and all(isinstance(row, str) for row in rows) else "table"


def _untabled(frame: Any, form: Form, names: Sequence[str] | None, width: int | None) -> pa.Table:
    """The table of rows that are dicts, texts or labels. Raises SKC155 for an estimator that was fitted on columns."""
    if names is not None or width is not None:
        message = f"X is a list of {form}, but the estimator was fitted with columns"
        raise fail("SKC155", message, hint="give a DataFrame with the columns that `fit` was given")
    if form == "dicts":
        return _from_dicts(frame)
    name = getattr(frame, "name", None)
    values = list(frame)
    if form == "labels":
        return pa.table({name if isinstance(name, str) else LABEL: pa.array(values, from_pandas=True)})
    strangers = [value for value in values if not isinstance(value, str)]
    if strangers:
        hint = "give texts only: an estimator of texts refuses any other value"
        raise fail("SKC155", f"X has a value that is not a text: {strangers[0]!r}", hint=hint)
    return pa.table({name if isinstance(name, str) else TEXT: pa.array(values, pa.string())})


def _from_dicts(rows: Sequence[Mapping[Any, Any]]) -> pa.Table:
    """One column for each key, in the order in which they first occur; null where a row does not have it."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    strangers = [key for key in keys if not isinstance(key, str)]
    if strangers:
        hint = "use text as keys before fitting: an input is found by its name"
        raise fail("SKC155", f"X has a key that is not text: {strangers[0]!r}", hint=hint)
    columns = {}
    for key in keys:
        values = [row.get(key) for row in rows]
        columns[key] = pa.array([None if _kind_of(v) == MISSING else v for v in values], _type_of_key(key, rows))
    return pa.table(columns)


def _type_of_key(key: str, rows: Sequence[Mapping[Any, Any]]) -> pa.DataType:
    """The one type of the values of a key. Any real number is float64, as in the library."""
    kinds = dict.fromkeys(_kind_of(row[key]) for row in rows if key in row)
    present = [kind for kind in kinds if kind != MISSING]
    if present == ["text"]:
        return pa.string()
    if MISSING in kinds and {*present} <= {"number", "bool"}:
        hint = "leave the key out where there is no value: the feature is then 0, and NaN otherwise"
        raise fail("SKC155", f"X has a missing number under the key `{key}`", hint=hint)
    if {*present} <= {"number", "bool"}:
        return pa.bool_() if present == ["bool"] else pa.float64()
    strange = next((kind for kind in present if kind not in ("text", "number", "bool")), None)
    kinds_found = f"a value of type {strange}" if strange else "both texts and numbers"
    hint = "give each key texts only or numbers only; of several texts, give each a key of its own"
    raise fail("SKC155", f"X has {kinds_found} under the key `{key}`", hint=hint)


def _kind_of(value: Any) -> str:
    """What a value counts as, and the name of its type for one that counts as nothing."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if value is None or (isinstance(value, Real) and value != value):
        return MISSING
    return "number" if isinstance(value, Real) else type(value).__name__


def _from_array(array: Any, names: Sequence[str] | None, width: int | None) -> pa.Table:
    if names is not None:
        hint = "give a DataFrame with the columns that `fit` was given"
        raise fail("SKC155", "X is an array, but the estimator was fitted with named columns", hint=hint)
    if array.ndim != 2:
        raise fail(
            "SKC155", f"X has {array.ndim} dimensions, not 2", hint="give one row per record: `X.reshape(-1, 1)`"
        )
    if width is not None and array.shape[1] != width:
        message = f"X has {array.shape[1]} columns, and the estimator was fitted with {width}"
        raise fail("SKC155", message, hint="give a sample with the columns that `fit` was given")
    columns = {}
    for k in range(array.shape[1]):
        try:
            columns[f"x{k}"] = pa.array(
                array[:, k].tolist() if array.dtype == object else array[:, k], from_pandas=True
            )
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            hint = "give a DataFrame, so that each column has a type of its own"
            raise fail("SKC155", f"column {k} of X cannot be read", hint=hint, notes=[str(error)[:300]]) from None
    return pa.table(columns)


def _marks(frame: Any, names: Sequence[str]) -> dict[str, NullMark]:
    """What stands for a null in columns of Python objects; where an array's column has none, as in the others."""
    if _is_pandas(frame):
        return {name: _mark(frame[name].tolist()) for name in names if frame[name].dtype == object}
    if not isinstance(frame, np.ndarray | list) or np.asarray(frame).dtype != object:
        return {}
    columns = np.asarray(frame).T.tolist()
    usual = _mark([value for column in columns for value in column if value is None])
    return {name: _mark(column, usual) for name, column in zip(names, columns, strict=True)}


def _mark(values: Sequence[Any], usual: NullMark = "NaN") -> NullMark:
    nulls = [value for value in values if _kind_of(value) in (MISSING, "NAType")]
    has_none, has_nan = (any((null is None) == is_none for null in nulls) for is_none in (True, False))
    return "both" if has_none and has_nan else "None" if has_none else "NaN" if has_nan else usual


def _is_pandas(frame: Any) -> bool:
    return _module(frame) == "pandas" and hasattr(frame, "columns")


def _module(frame: Any) -> str:
    return type(frame).__module__.split(".")[0]


def _pandas_dtype(frame: Any, name: str) -> Any:
    return frame[name].dtype if _is_pandas(frame) else None


def _input(name: str, column: pa.ChunkedArray, dtype: Any) -> Input:
    """The input that a column is. Floats may be NaN: a step refuses them where scikit-learn does."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_extension = dtype is not None and str(dtype) in (
        "boolean",
        "Int8",
        "Int16",
        "Int32",
        "Int64",
        "UInt8",
        "UInt16",
        "UInt32",
    )
    is_nullable = column.null_count > 0 or is_extension
    if pa.types.is_floating(kind) and kind != pa.float64():
        hint = f"fit on float64: `X.astype({{{name!r}: 'float64'}})`; scikit-learn computes in float32 otherwise"
        raise fail("SKC155", f"column `{name}` of X is {kind}, and skc computes in float64", hint=hint)
    input_dtype: DType | None = None
    if pa.types.is_float64(kind):
        input_dtype, is_nullable = "float64", True
    elif pa.types.is_boolean(kind):
        input_dtype = "bool"
    elif pa.types.is_integer(kind) and kind != pa.uint64():
        input_dtype = "int64"
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        input_dtype, is_nullable = "string", True
    elif pa.types.is_null(kind):
        input_dtype, is_nullable = "float64", True
    if input_dtype is None:
        raise fail(
            "SKC155", f"column `{name}` of X is {kind}, which skc does not take from scikit-learn", hint=_hint(kind)
        )
    return Input(name, input_dtype, nullable=is_nullable)


def _hint(kind: pa.DataType) -> str:
    if pa.types.is_temporal(kind):
        return "drop the column, or write this part as a YAML pipeline, which has `datetime_part` and `elapsed`"
    if pa.types.is_decimal(kind) or pa.types.is_uint64(kind):
        return "convert it before fitting: `frame[name].astype('float64')`"
    return "drop the column, or convert it to numbers or text before fitting"
