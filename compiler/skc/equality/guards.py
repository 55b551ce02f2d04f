"""Which guards are meaningful for a row if several fire."""

from __future__ import annotations

import numpy as np

from skc.ir import Pipeline
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards


class GuardOrder:
    """Which guards a guard hides when it fires: those of every step that depends on its step.

    Whatever is computed from a refused value is meaningless, and so are the guards computed from it. Guards of steps
    that do not depend on it are still compared.
    """

    def __init__(self, pipeline: Pipeline, guards: Guards | None) -> None:
        self._above = _ancestors(pipeline)
        self._steps = [] if guards is None else [g.step for g in guards.columns]
        pairs = [[a in self._above.get(b, ()) for b in self._steps] for a in self._steps]
        self._hides = np.array(pairs, dtype=np.float32).reshape(len(self._steps), len(self._steps))

    def visible(self, fired: Array) -> Array:
        """bool [N, G]: where no guard of an earlier step that it depends on has fired; `fired` is bool [N, G]."""
        if not fired.any():
            return np.ones(fired.shape, dtype=bool)
        return np.asarray(fired.astype(np.float32) @ self._hides == 0)

    def decisive(self, step: str, fired: Array) -> Array:
        """bool [N]: rows in which the step has a visible effect: it refuses the row itself, or nothing refuses it."""
        own = np.array([name == step for name in self._steps], dtype=bool)
        above = np.array([name in self._above.get(step, ()) for name in self._steps], dtype=bool)
        refuses = fired[:, own].any(axis=1) & ~fired[:, above].any(axis=1)
        return np.asarray(refuses | ~fired.any(axis=1))


def _ancestors(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """For each step the steps it depends on, without itself."""
    above: dict[str, frozenset[str]] = {}
    for step in pipeline.steps:
        direct = {ref.value for ref in step.inputs if ref.value in above}
        above[step.name] = frozenset(direct).union(*(above[name] for name in direct))
    return above
