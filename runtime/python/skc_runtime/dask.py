"""Features of a DataFrame of Dask, computed where its partitions are, by `map_partitions`.

Workers need `skc` without the compiler, and pandas and PyArrow, which Dask asks for. The artifact is one value of the
graph, and each process of a worker loads it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skc_runtime.errors import RecordError, shown
from skc_runtime.golden import Replay
from skc_runtime.identity import Key
from skc_runtime.sources import Given
from skc_runtime.tables import REFUSED, Form, Keep, Refused, Shipped, feature_columns, form_of, shipped

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from dask.dataframe import DataFrame


def transform(
    frame: DataFrame,
    artifact: Given,
    *,
    keep: Keep = (),
    refused: Refused = "error",
    as_array: bool = False,
    replay: Replay = "exact",
    expect: str | None = None,
    key: Key | None = None,
) -> DataFrame:
    """The features of all rows, with their index: the bits of `Transformer.transform`, computed when the frame is.

    `keep`, `refused` and `as_array` are those of `skc_runtime.tables.transform_table`, the others those of
    `skc_runtime.load`. Columns of features have types of Arrow (`pandas.ArrowDtype`), which tell a null from a NaN. A
    row that is refused as an error raises RecordError, with its row in the partition, from 0.
    """
    from dask import delayed

    one = shipped(artifact, replay, expect, key)
    form = form_of(list(frame.columns), keep, refused, as_array)
    form.names(one.manifest)  # refuses some
    value = delayed(one, name=f"skc-{one.identity}-{replay}", traverse=False)
    meta = _features(frame._meta, one, form)
    return frame.map_partitions(_features, value, form, meta=meta)


def _features(part: pd.DataFrame, artifact: Shipped, form: Form) -> pd.DataFrame:
    """The features of a partition, then columns to keep as they are."""
    import pandas as pd

    transformer = artifact.transformer()
    features, refused = feature_columns(transformer, _table(part, artifact), form)
    names = [name for name, _ in form.features(artifact.manifest)]
    columns = {name: _series(column, part.index) for name, column in zip(names, features, strict=True)}
    columns |= {name: part[name] for name in form.keep}
    columns |= {} if refused is None else {REFUSED: _series(refused, part.index)}
    return pd.DataFrame(columns, index=part.index)


def _table(part: pd.DataFrame, artifact: Shipped) -> pa.Table:
    import pyarrow as pa

    inputs = {spec.name for spec in artifact.manifest.inputs}
    try:
        return pa.Table.from_pandas(part.loc[:, [name in inputs for name in part.columns]], preserve_index=False)
    except (pa.ArrowException, ValueError) as error:
        message = f"a partition cannot be read as a table of Arrow: {shown(error, 200)}"
        raise RecordError("unsupported-data", message, hint="give each column one type") from None


def _series(column: pa.Array, index: Any) -> pd.Series:
    import pandas as pd

    return pd.Series(pd.arrays.ArrowExtensionArray(column), index=index)
