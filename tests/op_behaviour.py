"""What an op does, seen from outside: the outcome of every value that matters, one input column at a time.

Why: a facet of `Op` states in advance what `apply` shows. What is observed here decides what the facet must be, so an
op that lacks it, or has a wrong one, fails by name (`test_op_facets.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import op_harness as harness
from agreement import values_agree

from skc.infer import step_input_types, value_types
from skc.ir import Pipeline
from skc.op import AnyOp, Case, Decision
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import DAY_US, DType, for_every_kind

TINY = 1e-300  # below it, a scale may be so small that one float next to another is far away
Outcome = tuple[Any, ...] | str  # the outputs of a row, None for null; the code of the guard that refuses it

# Values that no training row of a case has, near zero and far from it: what an op does with what it does not know.
STRANGERS: dict[DType, tuple[Scalar, ...]] = for_every_kind(
    {
        "float64": tuple(sign * 1.37**n for n in range(-20, 60, 4) for sign in (-1.0, 1.0)),
        "float32": (),  # never of a step but `source`, which has no strangers
        "int64": tuple(sign * (3**n + 7000 + n) for n in range(39) for sign in (-1, 1)),
        "bool": (),
        "string": tuple(f"stranger {n}" for n in range(40)),
        "timestamp": tuple(n * 397 * DAY_US + 12_345 for n in range(-60, 60, 3)),
        "date": tuple(range(-20_000, 20_000, 997)),
        "time": tuple(range(12_345, DAY_US, 3_333_333_333)),
    }
)


def is_null(value: Scalar) -> bool:
    return value is None or value != value


@dataclass(frozen=True)
class Fitted:
    """A case of an op, fitted."""

    op: AnyOp
    case: Case
    pipeline: Pipeline

    @property
    def params(self) -> Any:
        return self.pipeline.steps[-1].params

    @property
    def state(self) -> Any:
        return self.pipeline.steps[-1].state

    @cached_property
    def types(self) -> tuple[ValueType, ...]:
        """Of every input column."""
        step, types = self.pipeline.steps[-1], value_types(self.pipeline)
        return tuple(types[ref.value] for ref in step.inputs)

    @cached_property
    def output(self) -> ValueType:
        return value_types(self.pipeline)[harness.STEP]

    def input_type(self, k: int) -> ValueType:
        """The type that the op's functions are given for input column k."""
        is_variadic = self.op.is_variadic(self.params)
        return (
            self.types[k] if is_variadic else step_input_types(self.pipeline.steps[-1], value_types(self.pipeline))[0]
        )

    def group(self, k: int) -> slice:
        """The output columns that come from input column k; all of them where the op names none."""
        names = tuple(self.case.columns)
        groups = self.op.names(self.params, self.state, names)
        if not groups[k]:
            return slice(None)
        stop = [*accumulate(map(len, groups))][k]
        return slice(stop - len(groups[k]), stop)

    def blocks(self, rows: Sequence[Sequence[Scalar]]) -> Sequence[Block]:
        """Rows as the arguments that the op's functions are given after the state."""
        columns = [
            harness.block_from_rows(t.dtype, [[row[k]] for row in rows], 1, t.nullable)
            for k, t in enumerate(self.types)
        ]
        return self.op.arguments(self.params, columns)

    def run(self, rows: Sequence[Sequence[Scalar]], params: Any = None, state: Any = None) -> list[Outcome]:
        """The outcome of every row."""
        params, state = params or self.params, state or self.state
        with np.errstate(all="ignore"):
            made = self.op.apply(params, state, *self.blocks(rows))
        return _outcomes(made)

    def base(self) -> list[Scalar]:
        """A row that is served, whose other columns stay as they are while one is varied."""
        refused = {row for _, row, _ in self.case.guards}
        served = [list(row) for i, row in enumerate(self.case.rows) if i not in refused]
        return served[0] if served else [t.kind.python(0) for t in self.types]

    def values(self, k: int) -> list[Scalar]:
        """The values to try in input column k, each once: boundaries, rows of the case, strangers."""
        x = self.types[k]
        own = self.op.boundaries(self.params, self.state, k, self.input_type(k))
        edges = self.op.met_edges(self.params, self.state, k)
        found = [*own, *edges, *(row[k] for row in self.case.rows), *STRANGERS[x.dtype]]
        can_be_null = x.nullable or x.kind.is_float
        return [v for v in dict.fromkeys(found) if can_be_null or not is_null(v)]

    def outcomes(self, k: int, values: Sequence[Scalar], params: Any = None) -> list[Outcome]:
        """What comes of each value in input column k, as far as it comes from that column."""
        base, group = self.base(), self.group(k)
        found = self.run([[*base[:k], value, *base[k + 1 :]] for value in values], params)
        return [row if isinstance(row, str) else row[group] for row in found]


def _outcomes(made: Block) -> list[Outcome]:
    found: list[Outcome] = [tuple(None if is_null(v) else v for v in row) for row in made.to_rows()]
    for guard in made.guards:
        for i in np.flatnonzero(guard.mask.any(axis=1)):
            found[i] = guard.code
    return found


_FITTED: dict[int, tuple[AnyOp, tuple[Fitted, ...]]] = {}  # by the identity of an op: what is in it has no hash


def fitted(op: AnyOp) -> tuple[Fitted, ...]:
    """Every case that can be fitted, fitted once for all tests."""
    if id(op) not in _FITTED:
        cases = (case for case in op.cases if case.refused is None)
        _FITTED[id(op)] = op, tuple(Fitted(op, case, harness.fitted(op, case)) for case in cases)
    return _FITTED[id(op)][1]


@dataclass(frozen=True)
class Seen:
    """One input column of a fitted case, and what comes of the values tried in it."""

    fitted: Fitted
    k: int

    @cached_property
    def x(self) -> ValueType:
        return self.fitted.input_type(self.k)

    @cached_property
    def tried(self) -> dict[Scalar, Outcome]:
        """By value. Null is no value here."""
        values = [v for v in self.fitted.values(self.k) if not is_null(v)]
        return dict(zip(values, self.fitted.outcomes(self.k, values), strict=True))

    @cached_property
    def of_null(self) -> Outcome | None:
        """None if there cannot be a null."""
        t = self.fitted.types[self.k]
        return self.fitted.outcomes(self.k, [None])[0] if t.nullable or t.kind.is_float else None

    @property
    def trained(self) -> list[Scalar]:
        """The training values."""
        return [row[self.k] for row in self.fitted.case.fit]

    @property
    def served(self) -> Iterator[tuple[Scalar, Any]]:
        """Every value that is served, null included, with each number or text that comes of it."""
        for value, outcome in (*self.tried.items(), (None, self.of_null)):
            yield from ((value, made) for made in outcome or () if made is not None and not isinstance(outcome, str))

    @cached_property
    def constants(self) -> frozenset[Scalar]:
        """The values of the column's type in parameters and state: what was learned, and what was written."""
        leaves = (leaf for holder in (self.fitted.params, self.fitted.state) for leaf in _leaves(holder))
        wanted = (int, float) if self.x.kind.is_ordered and self.x.dtype != "bool" else (self.x.kind.python,)
        return frozenset(leaf for leaf in leaves if type(leaf) in wanted)

    @cached_property
    def strange(self) -> Outcome | None:
        """The one outcome that all strangers share, if they do."""
        found = {self.tried[value] for value in STRANGERS[self.x.dtype]}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def categories(self) -> frozenset[Scalar]:
        """The values that do not count as strangers; none if strangers differ from each other."""
        return frozenset(v for v, outcome in self.tried.items() if self.strange is not None and outcome != self.strange)

    @cached_property
    def changes(self) -> list[tuple[Any, Any]]:
        """The neighbours among ordered values whose outcomes differ."""
        if not self.x.kind.is_ordered:
            return []
        return [(a, b) for a, b in pairwise(sorted(self.tried)) if self.tried[a] != self.tried[b]]  # type: ignore[type-var]  # ordered

    @cached_property
    def decision(self) -> Decision | None:
        """What the outcome depends on, as far as the values show it; None if they show nothing of the kind. A value
        that makes the op another function of the other columns has no outcome of its own.
        """
        if self.x.dtype == "bool" or self.fitted.op.switches(self.fitted.params, self.fitted.state, self.k):
            return None
        if self.categories and self.categories <= self.constants:
            return "category"
        edges = [edge for edge in self.constants if not isinstance(edge, str)]
        if self.changes and all(any(a <= edge <= b for edge in edges) for a, b in self.changes):
            return "edge"
        return "last bit" if self.x.dtype == "float64" and self._jumps() else None

    def _jumps(self) -> bool:
        """Somewhere the output stays as it is for one float, and jumps for the next."""
        for value in self.tried:
            if abs(float(value)) < TINY:  # type: ignore[arg-type]  # floats
                continue
            near = [math.nextafter(float(value), side) for side in (-math.inf, math.inf)]  # type: ignore[arg-type]  # floats
            rows = self.fitted.outcomes(self.k, [near[0], value, near[1]])
            for a, b, c in zip(*rows, strict=False):
                if len({isinstance(row, str) for row in rows}) == 1 and (_jump(a, b, c) or _jump(c, b, a)):
                    return True
        return False


def _jump(a: Any, b: Any, c: Any) -> bool:
    """From b to c and not from a to b, in more than the last bits of a number."""
    if a != b or b == c or b is None or c is None:
        return False
    if not isinstance(b, float):
        return True
    return math.isfinite(b) and math.isfinite(c) and not values_agree(c, b, False)


def _leaves(value: Any) -> Iterator[Scalar]:
    if isinstance(value, tuple):
        for item in value:
            yield from _leaves(item)
    elif hasattr(value, "__dataclass_fields__"):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    else:
        yield value
