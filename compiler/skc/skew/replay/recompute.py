"""The features of logged requests, computed again by the runtime: in batches, and alone where one is refused.

Why the runtime's batch: a row has the same bits alone and in any batch, which every verification tries. A refused
request would refuse its whole batch, so what the log says was refused is tried alone from the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.hidden import Hidden
from skc.skew.replay.requests import Columns, NotInLogError, columns_of, record_of
from skc_runtime.errors import RecordError, SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.transformer import Transformer

Features = Mapping[str, Array]


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused, and where."""

    code: str
    input: str | None
    step: str | None

    def text(self) -> str:
        """In a few words."""
        places = [f"`{place}`" for place in (self.step, self.input) if place is not None]
        return f"{self.code} at {', '.join(places)}" if places else self.code


@dataclass(frozen=True)
class Recomputed:
    """What became of a batch: `features` [M, K] of its `rows`, refusals by row, and the rows that cannot be made."""

    rows: list[int]
    features: Features
    refusals: Mapping[int, Refusal] = field(default_factory=dict)
    unknown: frozenset[int] = frozenset()


def recomputed(transformer: Transformer, hidden: Hidden, batch: Sequence[LoggedRequest]) -> Recomputed:
    """The features of a batch of requests."""
    columns = columns_of(transformer.manifest, hidden, batch)
    try:
        features = transformer.transform_columns(columns.values)
    except RecordError:
        return _each_alone(transformer, hidden, batch, Columns([], {}, list(range(len(batch)))), {})
    return _each_alone(transformer, hidden, batch, columns, features)


def _each_alone(
    transformer: Transformer, hidden: Hidden, batch: Sequence[LoggedRequest], columns: Columns, features: Features
) -> Recomputed:
    """The rows of `columns`, whose features are known, and the others one by one."""
    rows, refusals, unknown = list(columns.rows), {}, set()
    alone: list[dict[str, Any]] = []
    for k in columns.alone:
        try:
            record = record_of(transformer.manifest, hidden, batch[k].document["request"])
            alone.append(transformer.transform_record(record))
        except NotInLogError:
            unknown.add(k)
        except RecordError as error:
            if error.step in hidden.steps:
                unknown.add(k)
            else:
                refusals[k] = refusal_of(error)
        else:
            rows.append(k)
    if alone:
        extra = {name: np.stack([one[name] for one in alone]) for name in alone[0]}
        features = {n: np.concatenate([features[n], a]) if columns.rows else a for n, a in extra.items()}
    return Recomputed(rows, features, refusals, frozenset(unknown))


def refusal_of(error: SkcRuntimeError) -> Refusal:
    """The place of an error of the runtime."""
    return Refusal(error.code, error.input, error.step)
