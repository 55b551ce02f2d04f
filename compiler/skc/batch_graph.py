"""A lowered pipeline that maps batches of rows to the tensors of its outputs, wherever an engine has the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import Column
from skc.lower import Lowered
from skc_runtime.kinds import ELEMENTS, KINDS, Array
from skc_runtime.manifest import InputSpec, TensorSpec
from skc_runtime.session import GraphSession


class BatchGraph:
    """Runs batches of the inputs, in their order. It can be pickled."""

    def __init__(self, lowered: Lowered) -> None:
        self.__setstate__((lowered.model.SerializeToString(), lowered.inputs, lowered.tensors))

    def __getstate__(self) -> tuple[Any, ...]:
        return self._model, self.inputs, self._tensors

    def __setstate__(self, state: tuple[bytes, tuple[InputSpec, ...], tuple[TensorSpec, ...]]) -> None:
        self._model, self.inputs, self._tensors = state
        self._session = GraphSession(self._model)

    @property
    def reads(self) -> tuple[Column, ...]:
        """The columns of a batch, in order: as they are stored, since the graph knows which values are null."""
        return tuple(Column(i.name, i.type, f"column `{i.name}`") for i in self.inputs)

    def run(self, batch: pa.RecordBatch) -> dict[str, Array]:
        """The outputs by name; a null has the zero of its type. Raises SkcRuntimeError."""
        feeds = {t.name: np.empty((batch.num_rows, t.width), ELEMENTS[t.dtype].numpy) for t in self._tensors}
        for column, i in zip(batch.columns, self.inputs, strict=True):
            feeds[i.tensor][:, i.column] = column.fill_null(KINDS[i.type].zero).to_numpy(zero_copy_only=False)
            if i.valid is not None:
                feeds[i.valid.tensor][:, i.valid.column] = column.is_valid().to_numpy(zero_copy_only=False)
        return self._session.run(feeds)
