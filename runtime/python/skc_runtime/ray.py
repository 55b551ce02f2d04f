"""Features of a dataset of Ray, computed where its blocks are, by `map_batches`.

Workers need `skc` without the compiler, and PyArrow, which Ray Data asks for. The artifact is put into the object store
once, and each process of a worker loads it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skc_runtime.golden import Replay
from skc_runtime.identity import Key
from skc_runtime.sources import Given
from skc_runtime.tables import Keep, Refused, form_of, shipped, transform_table

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset


def transform(
    dataset: Dataset,
    artifact: Given,
    *,
    keep: Keep = (),
    refused: Refused = "error",
    as_array: bool = False,
    replay: Replay = "exact",
    expect: str | None = None,
    key: Key | None = None,
    **options: Any,
) -> Dataset:
    """The features of all rows: the bits of `Transformer.transform`, computed when the dataset is.

    `keep`, `refused` and `as_array` are those of `skc_runtime.tables.transform_table`, `replay`, `expect` and `key`
    those of `skc_runtime.load`, and the `options` those of `map_batches`. A row that is refused as an error fails
    the execution with the text of a RecordError, which has its row in the batch, from 0.
    """
    import ray

    form_of((), (), refused, as_array)  # whose other options depend on the columns of a batch
    one = ray.put(shipped(artifact, replay, expect, key))
    arguments = {"artifact": one, "keep": keep, "refused": refused, "as_array": as_array}
    return dataset.map_batches(_features, batch_format="pyarrow", fn_kwargs=arguments, **options)


def _features(batch: pa.Table, artifact: Any, keep: Keep, refused: Refused, as_array: bool) -> pa.Table:
    import ray

    transformer = ray.get(artifact).transformer()
    return transform_table(transformer, batch, keep=keep, refused=refused, as_array=as_array)
