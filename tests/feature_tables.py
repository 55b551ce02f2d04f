"""Rows for the artifact of `forged_artifacts.rides`, some of them refused, and what each of them alone gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from skc_runtime import RecordError, Transformer
from skc_runtime.pyfunc import column_name

# In each list, values that are served, and then those that are refused.
SERVED: dict[str, list[Any]] = {
    "distance": [2.5, -0.0, 5e-324, 1.7976931348623157e308, float("inf")],
    "fare": [11.75, None, float("nan"), -float("inf")],
    "passengers": [0, -(2**63), 2**53 + 1],
    "member": [True, False, None],
    "payment": ["card", "cash", "😀"],
    "pickup": [1_709_208_000_000_001, -62_135_596_800_000_000],
    "day": [19_782, None, -719_162],
}
REFUSED: dict[str, list[Any]] = {
    "distance": [None, float("nan")],
    "passengers": [None],
    "payment": ["Card", "", "a\0b", None],
    "pickup": [2**62, None],
    "day": [2_932_897],
}
TYPES = {
    "distance": pa.float64(),
    "fare": pa.float64(),
    "passengers": pa.int64(),
    "member": pa.bool_(),
    "payment": pa.string(),
    "pickup": pa.int64(),
    "day": pa.int64(),
}


def rides_table(rows: int, refused: float = 0.0, seed: int = 0) -> pa.Table:
    """Rows with a number `id` in `n`, of which about a share has something that is refused, or two."""
    source = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {}
    for name, served in SERVED.items():
        values = [served[k] for k in source.integers(0, len(served), rows)]
        bad = REFUSED.get(name, served)
        places = np.flatnonzero(source.random(rows) < refused / 4)
        for row in places.tolist():
            values[row] = bad[int(source.integers(0, len(bad)))]
        columns[name] = values
    arrays = {name: pa.array(values, TYPES[name]) for name, values in columns.items()}
    return pa.table({"n": pa.array(range(rows), pa.int64()), **arrays})


def alone(transformer: Transformer, table: pa.Table) -> tuple[dict[str, list[bytes | None]], list[str | None]]:
    """What the runtime gives for each row by itself: the bits of the features by column, None for what is missing, and
    the code of each refused row.
    """
    names = [(o, k, column_name(transformer.manifest, o, c)) for o, k, c in columns_of(transformer)]
    features: dict[str, list[bytes | None]] = {name: [] for _, _, name in names}
    codes: list[str | None] = []
    for row in range(len(table)):
        try:
            outputs = transformer.transform(table.slice(row, 1))
        except RecordError as error:
            codes.append(error.code)
            for name in features:
                features[name].append(None)
            continue
        codes.append(None)
        for output, k, name in names:
            is_there = output.valid is None or bool(outputs[output.valid][0, k])
            features[name].append(bits(outputs[output.name][0, k]) if is_there else None)
    return features, codes


def columns_of(transformer: Transformer) -> list[tuple[Any, int, str]]:
    """(output, number, name) of each column of features."""
    return [(output, k, column) for output in transformer.manifest.outputs for k, column in enumerate(output.columns)]


def bits(value: Any) -> bytes:
    """A value of NumPy, or a text."""
    return value.encode() if isinstance(value, str) else np.asarray(value).tobytes()


def bits_of(column: Any) -> list[bytes | None]:
    """The bits of a column of Arrow, None for a null."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [None if text is None else text.encode() for text in column.to_pylist()]
    zero = pa.scalar(False) if pa.types.is_boolean(column.type) else pa.scalar(0, column.type)
    values = column.fill_null(zero).to_numpy(zero_copy_only=False)
    return [bits(value) if ok else None for value, ok in zip(values, column.is_valid().to_pylist(), strict=True)]


def flat(column: Any, width: int) -> list[Any]:
    """The columns of a column of arrays, of which all have a width; a null is a null in each."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lists = column.to_pylist()
    assert {len(one) for one in lists if one is not None} <= {width}
    kind = column.type.value_type
    return [pa.array([None if one is None else one[k] for one in lists], kind) for k in range(width)]
