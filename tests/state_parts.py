"""Rows in parts: their states, and what is fitted on these together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa

from skc.data.counted.engine import engine_of_known
from skc.data.default import open_engine
from skc.data.engine import OpenEngine
from skc.fit import Fitted, fit
from skc.ir import Pipeline, ProfileOptions
from skc.options import LIMIT
from skc.state.collect import collect
from skc.state.contents import Contents
from skc.state.state import State, known_of, merge_states


def parts_of(rows: pa.Table, n: int) -> list[pa.Table]:
    """A table in `n` parts of about the same length, of which the second is empty."""
    ends = [rows.num_rows * k // (n - 1) for k in range(n)]
    parts = [rows.slice(start, stop - start) for start, stop in pairwise(ends)]
    return [*parts[:1], rows.slice(0, 0), *parts[1:]]


def states_of(
    pipeline: Pipeline,
    parts: Sequence[Any],
    profile: ProfileOptions | None = None,
    *,
    limit: int = LIMIT,
    engine: OpenEngine = open_engine,
) -> tuple[list[State], Contents]:
    """The state of every part."""
    made = [collect(pipeline, part, limit=limit, open_engine=engine, profile=profile) for part in parts]
    return [state for state, _ in made], made[0][1]


def fitted_on(states: Sequence[State], contents: Contents) -> Fitted:
    """What is fitted on the rows of some states."""
    known = known_of(merge_states(states, contents, None), contents)
    opened = engine_of_known(known)
    return fit(contents.own, pa.table({}), open_engine=opened, profile=contents.profile, apart=True)
