"""The share of the training rows that have each signal, beside which a service's own shares can be put.

They are of the rows whose outputs are profiled (`skc.output_values`), at most 32,768, and of these the served ones. A
signal that depends on an input that the profile leaves out has none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa

from skc.ir import Pipeline
from skc.lower import GUARDS
from skc.output_values import CHUNK, is_allowed
from skc.stage_values import feeds
from skc.values.arrow import runs_of
from skc_runtime.manifest import Manifest, SignalColumn, Signals
from skc_runtime.session import GraphSession

DIGITS = 12  # of a share


def with_shares(manifest: Manifest, pipeline: Pipeline, model: bytes, rows: pa.RecordBatch) -> Signals | None:
    """The signals of a manifest with the shares of some rows, whose columns are the inputs."""
    if manifest.signals is None or pipeline.profile is None:
        return manifest.signals
    batch = rows.select([i.name for i in manifest.inputs])
    batch = batch.filter(pa.array(is_allowed(manifest.inputs, batch)))
    session, served = GraphSession(model), 0
    counts = np.zeros(len(manifest.signals.columns), dtype=np.int64)
    for run in runs_of(batch, CHUNK):
        part = batch.slice(run.start, run.stop - run.start)
        results = session.run(feeds(part, manifest.inputs, manifest.tensors))
        guards = results.get(GUARDS)
        signals = results[manifest.signals.tensor]
        signals = signals if guards is None else signals[~guards.any(axis=1)]
        counts += signals.sum(axis=0, dtype=np.int64)
        served += len(signals)
    columns = zip(manifest.signals.columns, counts.tolist(), strict=True)
    left_out = pipeline.profile.omit
    known = [replace(c, training=_share(n, served) if _shows(c, pipeline, left_out) else None) for c, n in columns]
    return replace(manifest.signals, columns=tuple(known))


def _shows(column: SignalColumn, pipeline: Pipeline, left_out: Collection[str]) -> bool:
    behind = pipeline.behind([column.step])
    return not any(i.name in left_out for i in pipeline.inputs if i.value in behind)


def _share(count: int, rows: int) -> str | None:
    """A decimal, as a manifest has it; None without rows."""
    if rows == 0:
        return None
    text = f"{count / rows:.{DIGITS}f}"
    return text.rstrip("0").rstrip(".")
