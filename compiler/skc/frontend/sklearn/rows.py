"""Rows for a fitted estimator, in the form in which it was fitted: the reverse of reading a sample.

Why the form matters: scikit-learn tells None from NaN, an integer from a float and text from a category, and answers
otherwise for one than for the other. What `fit` was given is what the estimator is given here, with the dtypes of the
sample, and with the sample's own mark for a missing value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.frontend.sklearn.sample import Sample
from skc.translation import NullMark
from skc.values.types import Block
from skc_runtime.kinds import Array


def rows_for(sample: Sample, blocks: Mapping[str, Block]) -> Any:
    """N rows of what the estimator takes. A column that no block gives is filled with the sample's first value."""
    count = next(iter(blocks.values())).rows
    columns = {name: blocks[name].column(0) if name in blocks else None for name in sample.table.column_names}
    if sample.form == "dicts":
        return _dicts(columns, count)
    if sample.form == "texts":
        (texts,) = columns.values()
        return [] if texts is None else list(texts)
    if sample.form == "labels":
        (values,) = columns.values()
        return _numbers(values or [], np.dtype(sample.table.column(0).type.to_pandas_dtype()))
    if isinstance(sample.frame, np.ndarray | list):
        return _array(np.asarray(sample.frame), columns, sample.marks, count)
    return _frame(sample, columns, count)


def _dicts(columns: Mapping[str, list[Any] | None], count: int) -> list[dict[str, Any]]:
    """A dict for each row, without the keys that are null."""
    return [
        {name: values[i] for name, values in columns.items() if values is not None and values[i] is not None}
        for i in range(count)
    ]


def _array(like: Array, columns: Mapping[str, list[Any] | None], marks: Mapping[str, NullMark], count: int) -> Array:
    """An array of the sample's dtype: of integers if all columns are, of objects where text is among them."""
    array = np.empty((count, len(columns)), dtype=like.dtype if like.dtype.kind in "fiub" else object)
    for k, (name, values) in enumerate(columns.items()):
        array[:, k] = [like[0, k]] * count if values is None else _marked(values, marks.get(name, "NaN"))
    return array


def _marked(values: list[Any], mark: NullMark) -> list[Any]:
    """The values as Python objects, with what stands for a missing value in the sample."""
    return values if mark != "NaN" else [np.nan if v is None else v for v in values]


def _frame(sample: Sample, columns: Mapping[str, list[Any] | None], count: int) -> Any:
    """A DataFrame with the dtypes of the sample."""
    import pandas as pd

    frame = sample.frame if isinstance(sample.frame, pd.DataFrame) else sample.table.to_pandas()
    series = {}
    for name, values in columns.items():
        like = frame[name]
        if values is None:
            series[name] = pd.Series([like.iloc[0]] * count, dtype=like.dtype)
        elif isinstance(like.dtype, pd.CategoricalDtype):
            series[name] = pd.Series(values, dtype=object).astype("category")
        elif like.dtype == object:
            series[name] = pd.Series(_marked(values, sample.marks.get(name, "NaN")), dtype=object)
        elif isinstance(like.dtype, np.dtype):
            series[name] = pd.Series(_numbers(values, like.dtype))
        else:
            series[name] = pd.Series(values, dtype=_widest(like.dtype))
    return pd.DataFrame(series, columns=list(columns))


def _numbers(values: list[Any], dtype: np.dtype[Any]) -> Array:
    """NumPy's own type at its full width: a sample of int8 says nothing about the integers of other rows."""
    if dtype.kind == "f":
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array(values, dtype=bool if dtype.kind == "b" else np.int64)


def _widest(dtype: Any) -> Any:
    """The extension type of pandas that holds every integer, for one that holds some."""
    return "Int64" if str(dtype).lower().startswith(("int", "uint")) else dtype
