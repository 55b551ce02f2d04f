"""Decisions on values that are not exact, carried back to the exact values that those were computed from.

Why: two implementations of a logarithm differ in the last bit, and edges are often training values, so rows lie on
them: after `log1p` 0.3 % of rows get another prediction of a tree, after a power transform 7 %. But such a step treats
each column alone and rises or falls throughout. So a comparison of its result is one of its argument, with an edge that
is found with the reference of the steps (`skc.carry.edges`). The graph compares the argument, exactly.

Every front end has this through `build`, and fitting for what is learned there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from skc.carry.comparisons import compared_with, moved
from skc.carry.edges import AllAboveError, NotMonotoneError, all_above, between, carried, refusal
from skc.diagnostics import Diagnostic, SkcError
from skc.expression import names as identifiers
from skc.expression import parse, unparse
from skc.infer import Types, column_groups, input_names, located, value_types
from skc.ir import EXPRESSION, STAND_IN, Pipeline, Ref, Step
from skc.op import AnyOp, NoState
from skc.ops import OPS
from skc.values.types import Block
from skc_runtime.kinds import Array

Place = tuple[str, int]  # a value, and a column of it


@dataclass(frozen=True)
class Link:
    """A step that makes one column, `place`, of one other: output column `index` of `op`."""

    place: Place
    op: AnyOp
    params: Any
    state: Any
    index: int

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """The results for float64 [N], null as NaN, and where a guard refuses the value."""
        with np.errstate(all="ignore"):
            block = self.op.apply(self.params, self.state, Block("float64", x[:, None]))
        refused = np.zeros(len(x), dtype=bool)
        for guard in block.guards:
            refused |= guard.mask.any(axis=1)
        return block.values[:, self.index].astype(np.float64), refused


@dataclass(frozen=True)
class Chain:
    """The steps between an exact column and one that is compared; `filling` is the last one that replaces nulls."""

    start: Place
    links: tuple[Link, ...]
    filling: int | None

    def __call__(self, x: Array) -> Array:
        """The results for float64 [N]: NaN where a step refuses the value, and where it is null before `filling`."""
        bad = np.zeros(len(x), dtype=bool)
        for i, link in enumerate(self.links):
            bad |= np.isnan(x) if i == self.filling else False
            x, refused = link(x)
            bad |= refused
        if self.filling is not None and (np.isnan(x) & ~bad).any():  # null again, after nulls were replaced
            raise NotMonotoneError
        return np.where(bad, np.nan, x)

    @property
    def filled(self) -> float | None:
        """What a null becomes, if a step replaces it."""
        return None if self.filling is None else float(_of_null(self.links)[0])

    @property
    def null_at(self) -> Place:
        """The column whose nulls decide, which no later step replaces."""
        return self.links[-1 if self.filling is None else self.filling - 1].place if self.filling != 0 else self.start


def _of_null(links: Sequence[Link]) -> Array:
    x = np.array([np.nan])
    for link in links:
        x, _ = link(x)
    return x


def chain_of(start: Place, links: Sequence[Link]) -> Chain:
    """The chain, with the step after which nothing is null any more."""
    is_null = [bool(np.isnan(_of_null(links[:i])[0])) for i in range(len(links) + 1)]
    filling = [i for i in range(len(links)) if is_null[i] and not is_null[i + 1]]
    return Chain(start, tuple(links), None if is_null[-1] else filling[-1])


def carry_back(pipeline: Pipeline) -> Pipeline:
    """Requires: a checked pipeline, whose steps may compare values that are not exact. Ensures: the same outputs; every
    step that has a state, as have all before it, compares exact values alone.

    Raises SKC121, with all steps whose comparisons cannot be carried back.
    """
    work = _Work(pipeline, value_types(pipeline, before_carrying=True))
    steps: list[Step] = []
    problems: list[Diagnostic] = []
    for step in pipeline.steps:
        try:
            steps += work.carried(step)
        except SkcError as error:
            problems += located(error, step).diagnostics
    if problems:
        raise SkcError(*problems)
    return pipeline.with_steps(steps) if len(steps) > len(pipeline.steps) else pipeline


@dataclass
class _Work:
    """The steps so far that are fitted, with the columns that each makes, by name."""

    pipeline: Pipeline
    types: Types
    known: dict[str, Step] = field(default_factory=dict)
    groups: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names |= {i.value: (i.name,) for i in self.pipeline.inputs}
        self.taken |= {*self.names, *(step.name for step in self.pipeline.steps)}

    def carried(self, step: Step) -> list[Step]:
        """The step, or exact columns and the same step for those."""
        if any(ref.value not in self.names for ref in step.inputs):
            return [step]
        if step.state is None:
            self._check(step)
            return [step]
        self.known[step.name], self.groups[step.name] = step, column_groups(step, self.names)
        self.names[step.name] = tuple(name for group in self.groups[step.name] for name in group)
        if all(self.types[ref.value].exact for ref in step.inputs):
            return [step]
        if step.op == EXPRESSION:
            return self._compared(step)
        return [step] if OPS[step.op].carry is None else self._moved(step)

    def _check(self, step: Step) -> None:
        """Refuse a step that is not fitted yet, where its comparisons cannot be carried back whatever it learns."""
        if OPS[step.op].carry is not None:
            for place, name in zip(self._columns(step), input_names(step, self.names), strict=True):
                if not self.types[place[0]].exact:
                    self._carried(step, place, name, np.empty(0))

    def _moved(self, step: Step) -> list[Step]:
        op = OPS[step.op]
        assert op.carry is not None
        steps: list[Step] = []
        refs: list[Ref] = []
        edges: list[Array] = []
        for k, (place, name) in enumerate(zip(self._columns(step), input_names(step, self.names), strict=True)):
            edges.append(op.carry.edges(step.params, step.state, k))
            if self.types[place[0]].exact:
                refs.append(self._ref(place))
                continue
            chain, params, edges[k] = self._carried(step, place, name, edges[k])
            steps.append(self._stand_in(step, place, chain, params, k))
            refs.append(Ref(steps[-1].name))
        other, params, state = op.carry.moved(step.params, step.state, edges)
        return [*steps, replace(step, op=other.name, params=params, state=state, inputs=tuple(refs))]

    def _stand_in(self, step: Step, place: Place, chain: Chain, params: Any, k: int) -> Step:
        places = (chain.start, chain.null_at, *([] if chain.null_at == place else [place]))
        name, sources = self._unique(f"{step.name}/exact_{k}"), tuple(map(self._ref, places))
        return Step(name, STAND_IN, params, sources, NoState(), span=step.span)

    def _compared(self, step: Step) -> list[Step]:
        """An expression, with the exact columns that it compares instead of others."""
        tree, places = parse(step.params.expression), self._columns(step)
        inexact = [k for k, place in enumerate(places) if not self.types[place[0]].exact]
        edges_by_name = {
            step.params.names[k]: np.unique(list(compared_with(tree, step.params.names[k]))) for k in inexact
        }
        steps: list[Step] = []
        exact: dict[str, tuple[str, dict[float, float]]] = {}
        refs = dict(zip(step.params.names, step.inputs, strict=True))
        for k in inexact:
            name = step.params.names[k]
            if len(edges_by_name[name]) == 0:
                continue
            chain, params, at = self._carried(step, places[k], name, edges_by_name[name])
            if not np.isfinite(at).all():  # a literal is finite
                raise refusal(step.op, name, None)
            steps.append(self._stand_in(step, places[k], chain, params, k))
            column = _fresh(f"exact_{k}", refs)
            refs[column] = Ref(steps[-1].name)
            exact[name] = (column, dict(zip(edges_by_name[name].tolist(), at.tolist(), strict=True)))
        if not steps:
            return [step]
        text = unparse(moved(tree, tuple(exact), lambda name, edge: (exact[name][0], exact[name][1][edge])))
        label = step.params.name or " ".join(step.params.expression.split())
        params = replace(step.params, expression=text, names=identifiers(text), name=label)
        return [*steps, replace(step, params=params, inputs=tuple(refs[name] for name in params.names))]

    def _carried(self, step: Step, place: Place, name: str, edges: Array) -> tuple[Chain, Any, Array]:
        """How a column is computed, the parameters of the exact one, and what that is compared with. Raises SKC121."""
        of_op, chain = OPS[step.op].carry, self._chain(place)
        hint = None if of_op is None else of_op.hint
        if chain is None:
            raise refusal(step.op, name, hint)
        try:
            carried_edges = carried(chain, edges)
        except NotMonotoneError:
            raise refusal(step.op, name, hint) from None
        except AllAboveError as error:
            raise all_above(step.op, name, error.edge) from None
        null = chain.filled
        if null is not None:
            null = between(edges, carried_edges.at, null)
            if null is None:
                raise refusal(step.op, name, hint)
        return chain, OPS[STAND_IN].params(negated=carried_edges.negated, null=null), carried_edges.at

    def _columns(self, step: Step) -> list[Place]:
        return [(ref.value, j) for ref in step.inputs for j in range(len(self.names[ref.value]))[ref.start : ref.stop]]

    def _ref(self, place: Place) -> Ref:
        value, j = place
        return Ref(value) if len(self.names[value]) == 1 else Ref(value, j, j + 1)

    def _unique(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _chain(self, place: Place) -> Chain | None:
        """The steps from the last exact column before one; None if one of them takes several columns."""
        links: list[Link] = []
        while not self.types[place[0]].exact:
            step = self.known[place[0]]
            columns = self._columns(step)
            link = _link(step, place, self.groups[step.name], len(columns))
            if link is None:
                return None
            links.insert(0, link[0])
            place = columns[link[1]]
        return chain_of(place, links) if self.types[place[0]].kind.is_float else None


def _fresh(name: str, taken: Mapping[str, Ref]) -> str:
    while name in taken:
        name += "_"
    return name


def _link(step: Step, place: Place, groups: Sequence[Sequence[str]], width: int) -> tuple[Link, int] | None:
    """The step as a function of the one input column that its output column depends on; None if of several."""
    op, k = OPS[step.op], place[1]
    if op.is_columnwise(step.params):
        owners = [j for j, group in enumerate(groups) for _ in group]
        j = owners[k]
        alone = replace(step.state, **{f.name: (getattr(step.state, f.name)[j],) for f in fields(step.state)})
        return Link(place, op, step.params, alone, k - owners.index(j)), j
    return (Link(place, op, step.params, step.state, k), 0) if width == 1 else None
