"""What scikit-learn, skc and skl2onnx answer to the same rows: values, and which rows they refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from op_harness import block_from_rows
from parity.rows import Rows
from sklearn.pipeline import FeatureUnion

from skc import plan
from skc.artifact import manifest_of
from skc.diagnostics import SkcError
from skc.equality.sides import Graph, refusal_code
from skc.frontend.sklearn import read_estimator
from skc.ir import Input
from skc.lower import lower
from skc.values.types import Block

Table = np.ndarray[Any, Any]
AS_TENSOR = {"f": "DoubleTensorType", "i": "Int64TensorType", "b": "BooleanTensorType"}


@dataclass(frozen=True)
class Answers:
    """`values` [N, K]; the rows of `refused` have the code or the message of their refusal, and no meaning."""

    values: Table
    refused: Sequence[str | None]


class RefusedError(Exception):
    """A tool does not take the estimator: its code, if it has one, and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


def of_sklearn(estimator: Any, rows: Rows, frame: pd.DataFrame) -> Answers:
    """scikit-learn's answers; a batch that it refuses is halved, to the rows that it refuses alone."""
    return of_method(estimator.transform, rows, frame)


def of_method(method: Callable[[Any], Any], rows: Rows, frame: pd.DataFrame) -> Answers:
    """The same of any method."""
    return _halved(lambda part: _dense(method(rows.given(part)), len(part)), frame)


def _dense(values: Any, rows: int) -> Table:
    """One row for each row. Of a single one some classes give a vector."""
    array = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    if array.ndim == 3:  # a table for each of several estimators
        array = np.moveaxis(array, 0, 1)
    array = array.reshape(rows, -1)
    return array if array.dtype.kind in "OUT" else array.astype(np.float64)


def _halved(answer: Callable[[pd.DataFrame], Table], frame: pd.DataFrame) -> Answers:
    """The answers to all rows, by as few calls as the refused rows allow."""
    parts: list[tuple[slice, Table | str]] = []
    todo = [slice(0, len(frame))]
    while todo:
        part = todo.pop()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                parts.append((part, answer(frame.iloc[part])))
        except Exception as error:  # whatever a library raises is its refusal
            if part.stop - part.start == 1:
                parts.append((part, f"{type(error).__name__}: {error}"[:200]))
                continue
            middle = (part.start + part.stop) // 2
            todo += [slice(middle, part.stop), slice(part.start, middle)]
    served = [found for _, found in parts if not isinstance(found, str)]
    width = served[0].shape[1] if served else 0
    is_text = any(found.dtype.kind in "OUT" for found in served)
    values = np.full((len(frame), width), None if is_text else np.nan, dtype=object if is_text else np.float64)
    refused: list[str | None] = [None] * len(frame)
    for part, found in parts:
        if isinstance(found, str):
            refused[part.start] = found
        else:
            values[part] = found
    return Answers(values, refused)


class Skc:
    """An estimator compiled by skc, as a graph that runs in this process. Raises RefusedError."""

    def __init__(self, estimator: Any, rows: Rows) -> None:
        try:
            read = read_estimator(_as_transformer(estimator), rows.to_sample(rows.frame))
        except SkcError as error:
            first = error.diagnostics[0]
            raise RefusedError(first.code, first.message) from None
        pipeline = plan.loads(plan.dumps(read.pipeline))  # as whoever reads the artifact has it
        lowered = lower(pipeline)
        self._inputs: Sequence[Input] = pipeline.inputs
        self._manifest = manifest_of(pipeline, lowered, "")
        self._graph = Graph(self._manifest, lowered.model.SerializeToString())
        self.names = self._manifest.outputs[0].columns

    def answers(self, frame: pd.DataFrame) -> Answers:
        """The graph's answers to rows."""
        outcome = self._graph.run({i.name: _block(i, frame[i.name]) for i in self._inputs})
        output = self._manifest.outputs[0]
        values, valid = outcome.outputs[output.name], outcome.valid.get(output.name)
        if valid is not None:
            values = np.where(valid, values, None)
        refused = [refusal_code(self._manifest, row) for row in outcome.guards]
        return Answers(values, refused)

    def bits(self, frame: pd.DataFrame) -> list[tuple[object, ...]]:
        """For each row what must not depend on the other rows."""
        found = self.answers(frame)
        values = found.values
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values).view(np.int64)
        return [(code, None if code else tuple(row)) for code, row in zip(found.refused, values.tolist(), strict=True)]


def _as_transformer(estimator: Any) -> Any:
    """An estimator that predicts as well, so that the artifact has its features and not its prediction."""
    if not hasattr(estimator, "predict"):
        return estimator
    return FeatureUnion([("features", estimator)], verbose_feature_names_out=False)


def _block(given: Input, column: pd.Series) -> Block:
    values = [[None if value is None or value != value else value] for value in column.tolist()]
    return block_from_rows(given.dtype, values, 1, given.nullable)


class Skl2onnx:
    """An estimator converted by skl2onnx. Raises RefusedError.

    `is_double` keeps float64 columns as they are; otherwise they are float32, as its documentation shows.
    """

    def __init__(self, estimator: Any, rows: Rows, *, is_double: bool) -> None:
        import onnxruntime
        from skl2onnx import to_onnx
        from skl2onnx.common import data_types

        self._float = np.float64 if is_double else np.float32
        self._output = 0
        kinds = {**AS_TENSOR, "f": "DoubleTensorType" if is_double else "FloatTensorType"}
        of = [getattr(data_types, kinds.get(rows.frame[name].dtype.kind, "StringTensorType")) for name in rows.frame]
        self._is_one = isinstance(rows.to_sample(rows.frame), np.ndarray) or len({*of}) == 1
        if _has_named_columns(estimator):
            self._is_one = False
        self._names = [*rows.frame]
        tensors = (
            [("X", of[0]([None, len(of)]))]
            if self._is_one
            else [(name, tensor([None, 1])) for name, tensor in zip(self._names, of, strict=True)]
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = to_onnx(estimator, initial_types=tensors)
                options = onnxruntime.SessionOptions()
                options.log_severity_level = 4
                self._session = onnxruntime.InferenceSession(
                    model.SerializeToString(), options, providers=["CPUExecutionProvider"]
                )
        except Exception as error:  # it raises whatever its converters happen to
            raise RefusedError(type(error).__name__, str(error).strip().split("\n")[0][:160]) from None

    def answers(self, frame: pd.DataFrame) -> Answers:
        """The model's answers; where ONNX Runtime refuses a batch it is halved."""
        return _halved(lambda part: _dense(self._session.run(None, self._feeds(part))[self._output], len(part)), frame)

    def choose(self, frame: pd.DataFrame, transformed: Answers, predicted: Answers) -> None:
        """Choose the output that `transform` gives, by its answers: of an estimator that predicts, a model gives more.

        An output as wide that is nearer to the answers of `predict`, or that is not a number, is another one.
        """
        outputs = [_dense(values, len(frame)) for values in self._session.run(None, self._feeds(frame))]
        fitting = [
            i
            for i, values in enumerate(outputs)
            if values.shape[1] == transformed.values.shape[1]
            and values.dtype.kind == transformed.values.dtype.kind
            and not _apart(values, predicted) < _apart(values, transformed)
        ]
        if not fitting:
            raise RefusedError("prediction", "its model predicts, and does not transform")
        self._output = fitting[0]

    def _feeds(self, frame: pd.DataFrame) -> dict[str, Table]:
        columns = {name: self._column(frame[name]) for name in self._names}
        return {"X": np.concatenate([*columns.values()], axis=1)} if self._is_one else columns

    def _column(self, column: pd.Series) -> Table:
        if column.dtype.kind == "f":
            return column.to_numpy().astype(self._float)[:, None]
        if column.dtype.kind in "ib":
            return column.to_numpy()[:, None]
        return column.to_numpy(dtype=object)[:, None]  # as people give it: ONNX Runtime writes a NaN as "nan"


def _apart(values: Table, answers: Answers) -> float:
    """The usual distance of values [N, K] from the first N answers, infinite from those of another kind or width."""
    expected = answers.values[: len(values)]
    if expected.shape != values.shape or expected.dtype.kind != values.dtype.kind:
        return np.inf
    with np.errstate(all="ignore"):
        return float(np.nanmedian(np.abs(values - expected)))


def _has_named_columns(estimator: Any) -> bool:
    """Whether a ColumnTransformer picks columns by name."""
    return hasattr(estimator, "transformers_") and hasattr(estimator, "feature_names_in_")
