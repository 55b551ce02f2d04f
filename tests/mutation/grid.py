"""Rows that verification does not make, to hold against it: who says that no row can show a fault is tried on these.

Every pair (for up to two columns; of more a sample) of the values of a case, special values of each type, and numbers
around every power of two.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np

from skc.artifact import MODEL, Artifact
from skc.equality.sides import Graph
from skc.ir import Input
from skc.op import Case
from skc.rows.sampling import Record, is_legal, to_blocks
from skc.selfcheck.mutant import Mutant
from skc.values.types import rounded
from skc_runtime.agreement import same_bits
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN, for_every_kind

MOST = 50_000
POWERS = [sign * 2.0**k for k in range(-5, 66) for sign in (1, -1)]
INTEGERS = {0, 3, 5, 7, 10, 100, 3_037_000_499, 3_037_000_500} | {2**k + d for k in range(64) for d in (-1, 0, 1)}
FLOATS = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e300, -1e300, math.inf, -math.inf, math.nan, math.pi]
FLOATS += [near for v in POWERS for near in (v, math.nextafter(v, math.inf), math.nextafter(v, -math.inf))]
FLOATS += [eighth / 8 for eighth in range(-400, 401)]
SOURCE = random.Random(1)
POOLS: dict[str, list[Any]] = for_every_kind(
    {
        "float64": FLOATS,
        "float32": [x for x in FLOATS if rounded("float32", x) == x],
        "int64": [v for n in INTEGERS for v in (n, -n) if -(2**63) <= v < 2**63],
        "bool": [False, True],
        "string": ["", "a", "A", " a", "é", "0", "1", "-1", "true", "True", "z", "Z", "2019-01-01", "9999-12-31"],
        "timestamp": [0, -1, *(SOURCE.randint(TIMESTAMP_MIN, TIMESTAMP_MAX) for _ in range(3000))],
        "time": [0, 1, DAY_US - 1, *(SOURCE.randrange(DAY_US) for _ in range(300))],
        "date": [0, -1, DATE_MIN, DATE_MAX, *(SOURCE.randint(DATE_MIN, DATE_MAX) for _ in range(300))],
    }
)


def shown_by(artifact: Artifact, case: Case, mutant: Mutant) -> Record | None:
    """A row of the grid in which a mutant is another than the sound model; None where it is the same in all."""
    records = _records(artifact, case)
    blocks = to_blocks(artifact.pipeline.inputs, records)
    sound = Graph(artifact.manifest, artifact.files[MODEL]).run(blocks)
    model = mutant.make()
    assert model is not None
    try:
        changed = Graph(artifact.manifest, model).run(blocks)
    except SkcRuntimeError:
        return records[0]
    differs = (sound.guards != changed.guards).any(axis=1)
    for one, other in ((sound.outputs, changed.outputs), (sound.valid, changed.valid)):
        for name in one:
            differs |= ~sound.refused & ~same_bits(one[name], other[name]).all(axis=1)
    return records[int(np.argmax(differs))] if differs.any() else None


def _records(artifact: Artifact, case: Case) -> list[Record]:
    inputs = artifact.pipeline.inputs
    own = [*(case.fit or []), *case.rows]
    pools = [_pool(i, [row[k] for row in own]) for k, i in enumerate(inputs)]
    source = random.Random(2)
    rows: Any = itertools.product(*pools)
    if math.prod(map(len, pools)) > MOST:
        rows = [tuple(map(source.choice, pools)) for _ in range(MOST)]
    return [dict(zip([i.name for i in inputs], row, strict=True)) for row in rows]


def _pool(given: Input, own: list[Any]) -> list[Any]:
    """Its own values often, so that a sample of pairs has them."""
    values = [*POOLS[given.dtype], *own, *([None] * (20 if given.nullable else 0))]
    return [value for value in values if is_legal(given, value)]
