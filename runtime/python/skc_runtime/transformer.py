"""`Transformer`: a loaded pipeline that turns requests into features. It marshals and runs, and does not know any
operator.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter_ns as _now
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from skc_runtime.chunks import cuts
from skc_runtime.errors import ArtifactError, RecordError, SkcRuntimeError, shown
from skc_runtime.golden import Replay
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import Guards, Manifest
from skc_runtime.marshal import Batch, Extra, Marshaller, Request
from skc_runtime.session import GraphSession, TensorInfo
from skc_runtime.sifting import sifted
from skc_runtime.signals import Observer, Signals, Watch, exposition

if TYPE_CHECKING:
    from skc_runtime.request_log import Log


@dataclass(frozen=True)
class Origin:
    """Where a transformer was loaded from, and how."""

    folder: str  # an absolute path
    replay: Replay


class Transformer:
    """Serves one pipeline. Safe to share between threads; a context manager that closes itself. If loaded from a
    folder, it can be pickled: another process loads the same artifact from there.
    """

    def __init__(
        self, manifest: Manifest, model: bytes, identity: str | None = None, *, threads: int | None = None
    ) -> None:
        """From memory. To load an artifact use `skc_runtime.load`: it checks hashes and replays the golden records.

        `threads` compute a batch: one for each processor if it is None.
        """
        session = GraphSession(model)
        check_tensors(manifest, session)
        self.manifest = manifest
        self.origin: Origin | None = None  # set by `load` if it read a folder
        self.identity = identity  # of the artifact, None if it was never written
        self.model_metadata = session.metadata
        self._session: GraphSession | None = session
        self._threads = threads
        self._marshaller = Marshaller(manifest)
        valid = [output.valid for output in manifest.outputs if output.valid is not None]
        self._results = tuple([output.name for output in manifest.outputs] + valid)
        self._guards = manifest.guards
        self._signals = None if manifest.signals is None else manifest.signals.tensor
        self._watch: Watch | None = None
        self.watch(None)

    def watch(self, observer: Observer | None) -> None:
        """Begin to count from 0, if the artifact has signals, and tell `observer` of each call (`signals.py`)."""
        is_watched = observer is not None or self._signals is not None
        self._watch = Watch(self.manifest, self.identity, observer) if is_watched else None

    def transform(self, data: object, *, extra: Extra = "error") -> dict[str, Array]:
        """The features of a request, by output name.

        A dict is one record and gives arrays [K]. A list of dicts, and a table (anything that exports Arrow, or
        pandas), give [N, K]; columns of a table that are not inputs are ignored. Batches run in chunks (`chunks.py`),
        on all cores. A nullable output that is not float has a companion `NAME.valid`. For a dict of columns use
        `transform_columns`.

        Raises RecordError with a code of `schemas/errors.v1.json`, the input and, in a batch, the row.
        """
        if self._watch is not None:
            return self._watched(self._watch, self._marshaller.request, data, extra)
        session = self._opened()
        return self._run(session, self._marshaller.request(data, extra))

    def transform_record(self, record: Mapping[str, object], *, extra: Extra = "error") -> dict[str, Array]:
        """The features [K] of one record, by output name. Raises RecordError."""
        if self._watch is not None:
            return self._watched(self._watch, self._marshaller.record, record, extra)
        session = self._opened()
        return self._run(session, self._marshaller.record(record, extra))

    def transform_records(self, records: Sequence[Mapping[str, object]], *, extra: Extra = "error") -> dict[str, Array]:
        """The features [N, K] of a list of records, by output name. Raises RecordError with the row."""
        if self._watch is not None:
            return self._watched(self._watch, self._marshaller.records, records, extra)
        session = self._opened()
        return self._run(session, self._marshaller.records(records, extra))

    def transform_columns(self, columns: Mapping[str, object], *, extra: Extra = "error") -> dict[str, Array]:
        """The features [N, K] of columns by the names of inputs: lists, NumPy arrays, or series of another library.

        A missing column of a nullable input is null in every row. Raises RecordError.
        """
        if self._watch is not None:
            return self._watched(self._watch, self._marshaller.columns, columns, extra)
        session = self._opened()
        return self._run(session, self._marshaller.columns(columns, extra))

    def transform_json(self, body: bytes | str, *, extra: Extra = "error") -> dict[str, Array]:
        """The features for a JSON body: `{…}` is a record [K]; `[{…}, …]`, and an object whose only key is
        `columns` with an object of arrays, give [N, K].

        The same bytes get the same answer, or are refused with the same code, in every language:
        `schemas/requests.v1.json`. Raises RecordError.
        """
        if self._watch is not None:
            return self._watched(self._watch, self._marshaller.json, body, extra)
        session = self._opened()
        return self._run(session, self._marshaller.json(body, extra))

    def transform_accepted(self, table: Any) -> tuple[dict[str, Array], dict[int, RecordError]]:
        """`transform` of a table of PyArrow of which rows may be refused: the features [M, K] of the M others, in
        order, and the error of each refused row, which is not counted as the refusal of a call.

        Raises RecordError without a row for what refuses all of them, such as a missing column.
        """
        if self._watch is None:
            return self._run_accepted(table)
        started = _now()
        try:
            outputs, refused = self._run_accepted(table)
        except SkcRuntimeError as error:
            self._watch.ended(0, _now() - started, error)
            raise
        self._watch.ended(len(table) - len(refused), _now() - started, None)
        return outputs, refused

    def signals(self) -> Signals:
        """What was counted since the artifact was loaded. Raises `invalid-option` if it was not compiled to count."""
        if self._watch is None or self._signals is None:
            hint = "compile the pipeline with --signals"
            raise SkcRuntimeError("invalid-option", "the artifact has no signals", hint=hint)
        return self._watch.signals()

    def signals_text(self, log: Log | None = None) -> str:
        """The counts in the text format of Prometheus, and what `log` has dropped. Raises as `signals`."""
        dropped = None if log is None else log.counts().dropped
        return exposition(self.manifest.name, self.manifest.plan, self.signals(), dropped)

    def _watched(
        self,
        watch: Watch,
        marshal: Callable[[Any, Extra], Request | Batch],
        data: Any,
        extra: Extra,
    ) -> dict[str, Array]:
        """A call that is counted, and told to an observer."""
        session = self._opened()
        started = _now()
        try:
            request = marshal(data, extra)
            if isinstance(request, Request):
                results = session.run(request.feeds)
                if self._guards is not None and results[self._guards.tensor].any():
                    raise self._guarded(self._guards, request, results[self._guards.tensor], None)
                outputs = {name: results[name][0] for name in self._results}
                watch.served(None if self._signals is None else results[self._signals], _now() - started)
                return outputs
            outputs = self._run_batch(session, request)
        except SkcRuntimeError as error:
            watch.ended(0, _now() - started, error)
            raise
        watch.ended(request.rows, _now() - started, None)
        return outputs

    def _opened(self) -> GraphSession:
        session = self._session
        if session is None:
            raise SkcRuntimeError("closed", "the transformer is closed", hint="load the artifact again")
        return session

    def _run(self, session: GraphSession, request: Request | Batch) -> dict[str, Array]:
        if isinstance(request, Batch):
            return self._run_batch(session, request)
        results = session.run(request.feeds)
        if self._guards is not None and results[self._guards.tensor].any():
            raise self._guarded(self._guards, request, results[self._guards.tensor], None)
        return {name: results[name][0] for name in self._results}

    def _run_batch(self, session: GraphSession, batch: Batch) -> dict[str, Array]:
        """In chunks, by several threads: NumPy and ONNX Runtime release Python's lock."""
        if batch.rows == 0:  # without rows there is no work, and no operator has to handle an empty tensor
            return self._empty(0)
        chunks = list(cuts(batch.rows, batch.longest(), batch.lengths))

        def run(chunk: slice) -> dict[str, Array]:
            return session.run(self._marshaller.feeds(batch, chunk))

        if len(chunks) == 1:
            results = run(chunks[0])
            self._check_guards(batch, results, 0)
            self._count(batch.rows, [] if self._signals is None else [self._counts(results)])
            return {name: results[name] for name in self._results}
        outputs = self._empty(batch.rows)

        def fill(chunk: slice) -> dict[str, Array]:
            results = run(chunk)
            for name, output in outputs.items():
                output[chunk] = results.pop(name)
            return results if self._signals is None else {**results, self._signals: self._counts(results)}

        counts: list[Array] = []
        with _mapping(min(len(chunks), self._threads or cores())) as in_turn:
            for chunk, results in zip(chunks, in_turn(fill, chunks), strict=True):
                self._check_guards(batch, results, chunk.start)
                counts += [] if self._signals is None else [results[self._signals]]
        self._count(batch.rows, counts)
        return outputs

    def _run_accepted(self, table: Any) -> tuple[dict[str, Array], dict[int, RecordError]]:
        session = self._opened()
        batch, refused = sifted(self.manifest, self._marshaller, table)
        try:
            return self._run_batch(session, batch), refused
        except RecordError:  # of a guard, which may fire in other rows too
            rows = np.array([row for row in range(len(table)) if row not in refused], dtype=np.int64)
            guarded = {error.row: error for error in self._all_guarded(session, batch) if error.row is not None}
        refused |= {int(rows[row]): error.at(row=int(rows[row])) for row, error in guarded.items()}
        served = np.delete(np.arange(batch.rows), list(guarded))
        return self._run_batch(session, batch.at(served)), refused

    def _all_guarded(self, session: GraphSession, batch: Batch) -> Iterator[RecordError]:
        """The errors of all rows in which a guard fires."""
        for chunk in cuts(batch.rows, batch.longest(), batch.lengths):
            if self._guards is not None:
                hits = session.run(self._marshaller.feeds(batch, chunk))[self._guards.tensor]
                for row in np.flatnonzero(hits.any(axis=1)).tolist():
                    yield self._guarded(self._guards, batch, hits[row : row + 1], chunk.start + row)

    def _counts(self, results: Mapping[str, Array]) -> Array:
        """int64 [S]: how many rows have each signal."""
        signals = results[self._signals or ""]
        return np.asarray(signals.sum(axis=0, dtype=np.int64))

    def _count(self, rows: int, counts: Sequence[Array]) -> None:
        """Count a batch of which every row is served, by the counts of its chunks."""
        if self._watch is not None and counts:
            self._watch.batch(rows, np.sum(counts, axis=0))

    def _empty(self, rows: int) -> dict[str, Array]:
        """Arrays for the outputs of some rows."""
        result = {o.name: np.empty((rows, len(o.columns)), ELEMENTS[o.dtype].numpy) for o in self.manifest.outputs}
        for output in self.manifest.outputs:
            if output.valid is not None:
                result[output.valid] = np.empty((rows, len(output.columns)), dtype=bool)
        return result

    def _check_guards(self, batch: Batch, results: Mapping[str, Array], start: int) -> None:
        """Raise the error of the first refused row; the results begin at row `start`."""
        if self._guards is not None and results[self._guards.tensor].any():
            raise self._guarded(self._guards, batch, results[self._guards.tensor], start)

    def _guarded(self, guards: Guards, request: Request | Batch, hits: Array, start: int | None) -> RecordError:
        """The error of the first guard that fired in the first refused row; `hits` begin at row `start` of a batch."""
        row, column = (int(i) for i in np.argwhere(hits)[0])
        row += start or 0
        guard = guards.columns[column]
        message = f"step `{guard.step}` refuses the value of `{guard.input}`"
        spec = next((i for i in self.manifest.inputs if i.name == guard.input), None)
        if spec is not None:
            message += f"; the request has {shown(request.value(spec, row))}"
        return RecordError(
            guard.code,
            message,
            guard.input,
            None if start is None else row,
            hint="the pipeline declares `error` for this; to change the policy, edit the pipeline and compile again",
            step=guard.step,
        )

    def describe(self) -> dict[str, Any]:
        """The inputs and outputs, as plain data."""
        manifest = self.manifest
        return {
            "name": manifest.name,
            "identity": self.identity,
            "signature": manifest.signature,
            "inputs": [i.describe() for i in manifest.inputs],
            "outputs": [
                {"name": o.name, "dtype": o.dtype, "columns": list(o.columns), "valid": o.valid}
                for o in manifest.outputs
            ],
            "plan": manifest.plan,
            "tzdata": manifest.tzdata,
            "minimum_onnxruntime": manifest.onnx.minimum_onnxruntime,
            "built_with": dict(manifest.built_with),
        }

    def __reduce__(self) -> tuple[Callable[..., Transformer], tuple[str, str, Replay]]:
        """By path and identity: another process loads the same artifact, and refuses a different one."""
        from skc_runtime.loading import reload  # it imports this module

        if self.origin is None or self.identity is None:
            message = "a transformer that was not loaded from a folder cannot be pickled"
            hint = "load it from a folder; or send the bytes, and load them in the other process"
            raise SkcRuntimeError("invalid-option", message, hint=hint)
        return reload, (self.origin.folder, self.identity, self.origin.replay)

    def close(self) -> None:
        """Release the session. Calls in progress in other threads finish; later ones are refused."""
        self._session = None

    def __enter__(self) -> Transformer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _mapping(threads: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """`map` by some threads. After an error, none begins with another item."""
    if threads == 1:
        yield map
        return
    from concurrent.futures import ThreadPoolExecutor  # takes 10 ms to import, and few rows need none

    with ThreadPoolExecutor(threads) as pool:
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_tensors(manifest: Manifest, session: GraphSession) -> None:
    """Check that the model has exactly the inputs and outputs that the manifest lists."""
    inputs = {TensorInfo(tensor.name, tensor.dtype, tensor.width) for tensor in manifest.tensors}
    outputs: set[TensorInfo] = set()
    for output in manifest.outputs:
        outputs.add(TensorInfo(output.name, output.dtype, len(output.columns)))
        if output.valid is not None:
            outputs.add(TensorInfo(output.valid, "bool", len(output.columns)))
    for masks in (manifest.guards, manifest.signals):
        if masks is not None:
            outputs.add(TensorInfo(masks.tensor, "bool", len(masks.columns)))
    for noun, declared, real in (
        ("input", inputs, set(session.inputs)),
        ("output", outputs, set(session.outputs)),
    ):
        different = declared ^ real
        if different:
            tensor = min(different, key=lambda t: t.name)
            raise ArtifactError(
                "artifact-inconsistent",
                f"manifest.json and model.onnx disagree about the {noun} `{tensor.name}`",
                hint="the files come from different compilations: compile the pipeline again",
            )
