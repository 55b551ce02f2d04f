"""A fitted estimator and its artifact on the same rows: in a batch, and each row alone."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import skc
import skc_runtime
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree
from skc_runtime.kinds import Array


def assert_equal(estimator: Any, rows: Any, folder: Path, hostile: Any = None, *, exact: bool = True) -> None:
    """The artifact gives what the fitted estimator gives, under its names, and refuses the rows that it refuses.

    `rows` is the sample, a DataFrame or an array; `hostile` are more rows of the same kind. Numbers are compared
    exactly, or to 1e-6, and a row alone is the row in the batch to the bit.
    """
    read = read_estimator(estimator, rows)
    compiled = skc.compile(read.pipeline, read.sample.table, folder / "artifact", rows=200)
    assert compiled.report is not None
    assert compiled.report.is_equal, compiled.report.differences
    with skc_runtime.load(folder / "artifact") as transformer:
        with contextlib.suppress(AttributeError):  # of a step that names nothing
            names = tuple(estimator.get_feature_names_out())
            columns = transformer.manifest.outputs[0].columns
            assert columns == names or len(columns) != len(names)  # a coder that splits signs names half of them
        _compare(transformer, estimator, rows, exact)
        if hostile is not None:
            _compare(transformer, estimator, hostile, exact)


def _compare(transformer: Any, estimator: Any, rows: Any, exact: bool) -> None:
    """Row by row first; then those that are served, as one batch."""
    served: list[int] = []
    alone: list[Array] = []
    for i in range(len(rows)):
        row = rows[i : i + 1]
        ours, theirs = _ours(transformer, row), _theirs(estimator, row)
        refusals = (ours is None, theirs is None)
        assert refusals[0] == refusals[1], f"row {i} is refused by skc, by scikit-learn: {refusals}: {row}"
        if ours is not None:
            served.append(i)
            alone.append(ours)
    if served:
        batch = _take(rows, served)
        ours, theirs = _ours(transformer, batch), _theirs(estimator, batch)
        assert ours is not None
        assert theirs is not None
        _assert_agree(ours, theirs, exact=exact)
        np.testing.assert_array_equal(np.concatenate(alone), ours)


def _assert_agree(ours: Array, theirs: Array, *, exact: bool) -> None:
    if ours.dtype.kind == "f":
        theirs = theirs.astype(float)
    if exact or ours.dtype.kind != "f":
        np.testing.assert_array_equal(ours, theirs)
        return
    assert ours.shape == theirs.shape
    agreed = agree(ours, theirs, False)
    assert agreed.all(), [(ours[i], theirs[i]) for i in np.flatnonzero(~agreed.all(axis=1))[:3]]


def _take(rows: Any, positions: Sequence[int]) -> Any:
    return rows.iloc[list(positions)] if isinstance(rows, pd.DataFrame) else rows[list(positions)]


def _ours(transformer: Any, rows: Any) -> Array | None:
    """None where a row is refused."""
    if isinstance(rows, np.ndarray):
        rows = pd.DataFrame({f"x{k}": rows[:, k] for k in range(rows.shape[1])})
    try:
        made: Array = transformer.transform(rows)["x"]
    except skc_runtime.RecordError:
        return None
    return made


def _theirs(estimator: Any, rows: Any) -> Array | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = estimator.transform(rows)
        except (ValueError, AttributeError):  # the latter for None in the place of a text
            return None
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made)
