"""Statistics of several columns together, computed from the answers of an engine: a handful of queries for any number
of columns, the last of which reads the rows once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, Table
from skc.data.statistics import answer, divided, farthest, summarise
from skc.stats.answers import Summary
from skc.stats.exact_products import Products, added, exponents, products, total
from skc.stats.requests import Joint, Mean


@dataclass(frozen=True)
class DeviationProducts:
    """For `Table.fold`: maps a batch of columns without nulls to the products of their deviations."""

    means: tuple[float, ...]
    exponents: tuple[int, ...]

    def __call__(self, batch: pa.RecordBatch) -> Products:
        values = [column.to_numpy(zero_copy_only=False).astype(np.float64) for column in batch.columns]
        return products(np.column_stack(values) - np.array(self.means), self.exponents)


def covariance(table: Table, columns: Sequence[Column], summaries: Sequence[Summary]) -> list[Joint | None]:
    """The answer to `Covariance` for every column of a block.

    Raises SKC211 if one of them has an infinity in a row that counts, SKC212 if a result exceeds float64.
    """
    if any(summary.nulls for summary in summaries):
        table = table.complete(columns)
    keyed = {str(k): column for k, column in enumerate(columns)}
    complete = summarise(table, keyed)
    answers = answer(table, keyed, dict.fromkeys(keyed, (Mean(),)), complete)
    means = {key: answers[key][Mean()] for key in keyed}
    if table.count() == 0:
        return [None] * len(columns)
    return _joints(table, keyed, complete, means)


def _joints(
    table: Table, columns: Mapping[str, Column], summaries: Mapping[str, Summary], means: Mapping[str, float]
) -> list[Joint | None]:
    bounds = [farthest(columns[key], summaries[key], means[key]) for key in columns]
    folded = DeviationProducts(tuple(means.values()), exponents(bounds))
    sums = table.fold(folded, added, list(columns.values())) or ()
    count, names = table.count(), list(columns)
    matrix = np.zeros((len(names), len(names)))
    for i, key in enumerate(names):
        for j in range(i, len(names)):
            product_sum = total(sums, folded.exponents, i, j)
            matrix[i, j] = matrix[j, i] = divided(product_sum, count, columns[key], "the covariance")
    return [Joint(count, means[key], tuple(matrix[i].tolist())) for i, key in enumerate(names)]
