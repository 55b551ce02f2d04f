"""A facet of `Op` that a new op forgets, or gets wrong, fails here by the names of both.

Each function below is the law of one facet: it compares what the op states with what `op_behaviour` observes. The last
test takes a facet from an op that needs it, once for every facet, and expects the law to name the two.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import onnx
import op_harness as harness
import pytest
from op_behaviour import STRANGERS, Fitted, Seen, fitted, is_null

from skc.diagnostics import SkcError
from skc.emit.opset import element_types
from skc.ir import NODES, SOURCE
from skc.lower import lower
from skc.op import SMALL, AnyOp, Known, Op, is_small_kind
from skc.ops import OPS
from skc.stats.requests import ByTarget, Variance
from skc.time.zones import load_zone
from skc.values.types import Scalar, ValueType
from skc_runtime.kinds import KINDS, DType

DEFAULTS = {field.name: field.default for field in dataclasses.fields(Op)}
# The ops of ONNX whose last bits differ by processor and version.
INEXACT = {"Exp", "Log", "Sin", "Pow", "Tanh"}
# Decisions that no value shows: by op, the reason.
NOT_SHOWN = {SOURCE: "a sentinel that float32 does not hold is found or not by the type that a file stores"}
# Edges that no mark names: by op, the reason.
MOVING_EDGES = {
    "class_of": "where its result changes depends on the other scores",
    "is_holiday": "a holiday is one value among dates, and many among timestamps",
    "match_atom": "where its result changes depends on the other products and their errors",
    "quantile_transform": "where all quantiles are equal, of which fitting warns",
    "weighted_median": "where its result changes depends on the other values",
}
# Steps between neighbouring floats that the op promises to bound: by op, the reason.
STEEP = {
    "layer": "a last bit of x + shift may move a result by as much as `error` allows",
    "quantile_transform": "where quantiles are equal, which it refuses for values that are not exact",
    "spline": "where knots are equal, of which fitting warns, and which it refuses for values that are not exact",
    "within_radius": "a last bit may decide by which of two codes a row that no point is near to is refused",
}
# Results that are not known although the inputs are: by op and types, the reason.
UNKNOWN_LEVELS = {
    ("cast", "string", "int64"): "no text that is known to be one of a few is a number",
    ("parse_datetime", "string", "int64"): "times of the day are as many as their texts",
}
WHOLE_HOURS = ("Etc/GMT+5", "Etc/GMT-7")
HALF_AN_HOUR = "Asia/Kolkata"
Law = Callable[[AnyOp, Sequence[Seen]], Iterator[str]]


@cache
def observed(name: str) -> tuple[Seen, ...]:
    """Every column of every case of an op."""
    return tuple(Seen(case, k) for case in fitted(OPS[name]) for k in range(len(case.case.columns)))


def by_parameters(seen: Sequence[Seen]) -> Iterator[tuple[Any, ValueType, list[Seen]]]:
    """What was seen of the same parameters and types: one column alone may show something by chance."""
    groups: dict[Any, list[Seen]] = {}
    for s in seen:
        groups.setdefault((s.fitted.params, s.x.dtype), []).append(s)
    for (params, _), members in groups.items():
        yield params, members[0].x, members


def where(s: Seen) -> str:
    return f"case `{s.fitted.case.name}`, column {s.k}"


def decides_by(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    stated = {}
    for s in seen:
        decision = op.decides_by(s.fitted.params, s.k, s.x)
        stated[decision] = stated.get(decision, False) or s.decision == decision
        known = {"edge": MOVING_EDGES, "last bit": STEEP}.get(s.decision or "", {})
        if s.decision not in (None, decision) and op.name not in known:
            yield f"is {decision!r}, but {where(s)} decides by {s.decision!r}"
        if decision == "category" and s.x.dtype != "bool" and s.strange is None:
            yield f"is 'category', but in {where(s)} unknown values differ from each other"
    for decision, is_shown in stated.items():
        if decision is not None and not is_shown and op.name not in NOT_SHOWN:
            yield f"is {decision!r}, but no case shows that"


def marks(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    for s in seen:
        found = op.marks(s.fitted.params, s.fitted.state, s.k)
        if s.decision == "category" and not s.categories <= {*found.get("category", ())} <= s.constants:
            yield f"of kind 'category' are not the categories {sorted(map(repr, s.categories))} of {where(s)}"
        if s.decision == "edge" and op.name not in MOVING_EDGES:
            edges: Any = found.get("edge", ())
            if not all(any(a <= edge <= b for edge in edges) for a, b in s.changes) or not {*edges} <= s.constants:
                yield f"of kind 'edge' are not where the result of {where(s)} changes"
        zone = _changing_zone(s)
        if zone and not found.get("zone change"):
            yield f"lack 'zone change' in {where(s)}, whose zone {zone} changes its offset"


def _changing_zone(s: Seen) -> str | None:
    """The time zone that a result depends on, if its offset changes."""
    zone = getattr(s.fitted.params, "timezone", None)
    return zone if zone and not load_zone(zone).is_fixed and not _is_same_in(s, HALF_AN_HOUR, "UTC") else None


def _is_same_in(s: Seen, *zones: str) -> bool:
    """The results do not depend on which of these time zones it is."""
    values, params = [*s.tried][:: 1 + len(s.tried) // 300], s.fitted.params
    found = [s.fitted.outcomes(s.k, values, replace(params, timezone=zone)) for zone in zones]
    return all(outcomes == found[0] for outcomes in found)


def ids(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    for s in seen:
        found = op.ids(s.fitted.params, s.fitted.state, s.k)
        if s.decision != "category":
            continue
        if not s.categories <= found.keys() <= s.constants:
            yield f"are not those of the categories of {where(s)}"
        for a, b in combinations([key for key in found if key in s.tried], 2):
            if (found[a] == found[b]) != (s.tried[a] == s.tried[b]):
                yield f"of {a!r} and {b!r} say another thing than their results in {where(s)}"


def levels(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """They contain every result; and of each type, some case knows them if the results are few or the inputs known."""
    unknown: dict[tuple[DType, DType], bool] = {}
    for s in seen:
        types, params = (s.x.dtype, s.fitted.output.dtype), s.fitted.params
        served = {value: made[0] for value, made in s.tried.items() if made and not isinstance(made, str)}
        known: Known = tuple(sorted(served)) if types[0] in ("int64", "string") else None  # type: ignore[type-var]  # of one type
        found = op.levels(params, s.fitted.state, s.k, s.x, known)
        first = {*served.values()} - {None}
        if found is not None and not op.is_variadic(params) and not first <= {*found}:
            yield f"lack {sorted(first - {*found})[:3]} in {where(s)}"
        are_few = s.x.kind.is_time and 2 * len(first) < len(served)
        if (
            not op.is_variadic(params)
            and types[1] in ("int64", "string")
            and (known or are_few or s.decision in ("category", "edge"))
        ):
            unknown[types] = unknown.get(types, True) and found is None
    for types, are_unknown in unknown.items():
        if are_unknown and (op.name, *types) not in UNKNOWN_LEVELS:
            yield f"of {types[0]} to {types[1]} are unknown in every case"


def met(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """An infinity that becomes a number was clipped, what is not a category is unknown: a report counts both."""
    for s in seen:
        for value in _out_of_place(s):
            made, base = s.tried[value], s.fitted.base()
            if isinstance(made, str) or any(isinstance(m, bool | None) or m in (math.inf, -math.inf) for m in made):
                continue
            rows = [[*base[: s.k], value, *base[s.k + 1 :]]]
            masks = op.met(s.fitted.params, s.fitted.state, *s.fitted.blocks(rows))
            if not any(mask[0, s.k] for mask in masks.values()):
                yield f"does not count {value!r} in {where(s)}"


def _out_of_place(s: Seen) -> tuple[Scalar, ...]:
    """What the op did not learn, or what becomes a number only by a bound."""
    if s.decision == "category":
        return STRANGERS[s.x.dtype][:1]
    op, params = s.fitted.op, s.fitted.params
    is_bounded = s.x.kind.is_float and not op.is_variadic(params) and op.decides_by(params, s.k, s.x) is None
    return tuple({math.inf, -math.inf} & s.tried.keys()) if is_bounded else ()


def is_small(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    for params, x, group in by_parameters(seen):
        y = group[0].fitted.output.dtype
        if not (x.kind.is_ordered and KINDS[y].is_ordered):
            continue
        for inputs_are in {True, is_small_kind(x.dtype)}:
            trained = [s for s in group if not inputs_are or all(map(_is_small_value, s.trained))]
            made = [m for s in trained for v, m in s.served if not inputs_are or _is_small_value(v)]
            shown, stated = all(map(_is_small_value, made)), op.is_small(params, inputs_are)
            can_forget = shown and y == "int64" and not op.is_variadic(params)  # one value of several shows little
            if stated > shown or can_forget > stated:
                yield f"is {stated} for {params} where `inputs_are` is {inputs_are}, but its results show {shown}"


def _is_small_value(value: Any) -> bool:
    return value is None or value != value or abs(value) <= SMALL


def is_whole(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    for params, x, group in by_parameters(seen):
        if group[0].fitted.output.dtype != "float64":
            continue
        made = [m for s in group for _, m in s.served if math.isfinite(m)]
        shown, stated = all(m.is_integer() for m in made), op.is_whole(params, x)
        can_forget = shown and not op.is_variadic(params)
        if stated > shown or can_forget > stated:
            yield f"is {stated} for {params} of {x.dtype}, but its results show {shown}"


def replaces_null(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """Null becomes a value, and every value stays what it is."""
    judged = [s for s in seen if s.of_null is not None and not op.is_variadic(s.fitted.params)]
    shown = {_replaces_null(s) for s in judged}
    if shown != {op.replaces_null} and judged:
        yield f"is {op.replaces_null}, but its results show {sorted(shown)}"


def _replaces_null(s: Seen) -> bool:
    is_same_type = s.fitted.output.dtype == s.x.dtype
    are_kept = all(
        not isinstance(made, str) and made and repr(made[0]) == repr(value) for value, made in s.tried.items()
    )
    return is_same_type and are_kept and not isinstance(s.of_null, str) and not is_null((s.of_null or (None,))[0])


def ignores_hours(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    for s in seen:
        zone = _changing_zone(s)
        if zone is not None:
            shown, stated = _is_same_in(s, *WHOLE_HOURS), op.ignores_hours(s.fitted.params)
            if stated != shown:
                yield f"is {stated} for {s.fitted.params}, but its results show {shown}"


def arity(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """Of an op that takes each column separately: no result depends on another column."""
    for case in {id(s.fitted): s.fitted for s in seen}.values():
        if op.arity(case.params) == "columns" and (pair := _pair(case)) is not None:
            values = [v for v in pair.values(0) if v == v][:50]
            base = pair.base()
            for k, column in enumerate(case.op.names(pair.params, pair.state, ("x", "y"))):
                start = 0 if k == 0 else -len(column)
                rows = [[*base[:k], value, *base[k + 1 :]] for value in values]
                mixed = [[*row[: 1 - k], values[-1 - i], *row[2 - k :]] for i, row in enumerate(rows)]
                for alone, beside in zip(pair.run(rows), pair.run(mixed), strict=True):
                    is_served = not isinstance(alone, str) and not isinstance(beside, str)
                    if is_served and alone[start:][: len(column)] != beside[start:][: len(column)]:
                        yield f"is 'columns', but column {k} of two depends on the other in `{case.case.name}`"
                        return
        if op.arity(case.params) == "columns" and not _takes_more_columns(case):
            yield f"is 'columns', but the parameters of `{case.case.name}` are refused for twice as many"


def _takes_more_columns(case: Fitted) -> bool:
    x = case.input_type(0)
    try:
        case.op.infer(case.params, x.with_(width=2 * len(case.types)))
    except SkcError:
        return False
    return True


def _pair(case: Fitted) -> Fitted | None:
    """The op fitted on two columns like the first one, if it takes them."""
    dtype = next(iter(case.case.columns.values()))
    pair = replace(
        case.case, columns={"x": dtype, "y": dtype}, guards=(), rows=[[row[0]] * 2 for row in case.case.rows]
    )
    try:
        pipeline = harness.build(case.op, pair.params, pair.columns)
        rows = [[row[0], other[0]] for row, other in zip(pair.fit, [*pair.fit][::-1], strict=True)]
        return Fitted(case.op, pair, harness.fit(pipeline, rows))
    except SkcError:
        return None


def faults(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """A variance has two conventions, so a self-check must try the other, and what is learned from a target could be
    learned from a row's own; every fault shows.
    """
    for s in seen:
        params, state = s.fitted.params, s.fitted.state
        planted = op.faults(params, state)
        types = s.fitted.types if op.is_variadic(params) else (s.x,)
        for request in op.needs(params, *types) if not planted else ():
            if isinstance(request, Variance | ByTarget):
                yield f"lack {'the other convention' if request == Variance() else 'an own target'}"
                return
    shown: dict[str, bool] = {}
    for s in seen:
        base, values = s.fitted.base(), [*s.tried][:50]
        if op.is_variadic(s.fitted.params):
            rows = [[*base[: s.k], value, *base[s.k + 1 :]] for value in values]
        else:
            rows = [[value] * len(s.fitted.types) for value in values]
        for fault in op.faults(s.fitted.params, s.fitted.state):
            differs = s.fitted.run(rows) != s.fitted.run(rows, state=fault.state)
            shown[fault.kind] = shown.get(fault.kind, False) or differs
    for kind, is_shown in shown.items():
        if not is_shown:
            yield f"of kind {kind!r} change no result"


def exact(op: AnyOp, seen: Sequence[Seen]) -> Iterator[str]:
    """By the nodes of the graph; where it depends on the parameters, the type of the output says it."""
    used = {}
    for case in {id(s.fitted): s.fitted for s in seen}.values():
        used[case.case.name] = _inexact(lower(case.pipeline).model)
        if used[case.case.name] and case.output.exact:
            yield f"of the output's type is True, but `{case.case.name}` uses {used[case.case.name]}"
    if op.exact == all(used.values()):
        yield f"is {op.exact}, but its cases use {sorted(set().union(*used.values()))}"


def _inexact(model: onnx.ModelProto) -> set[str]:
    """The ops in a model whose last bits differ. A sum, which is a product with ones, is always from left to right."""
    types = element_types(model)
    ones = {n.output[0] for n in model.graph.node if n.op_type == "Constant" and (_constant(n) == 1).all()}
    used = {node.op_type for node in model.graph.node} & INEXACT
    products = [n for n in model.graph.node if n.op_type == "MatMul" and types[n.output[0]] == "float64"]
    return used | {"MatMul" for node in products if ones.isdisjoint(node.input)}


def _constant(node: onnx.NodeProto) -> Any:
    return onnx.numpy_helper.to_array(node.attribute[0].t)


LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        arity,
        decides_by,
        exact,
        faults,
        ids,
        ignores_hours,
        is_small,
        is_whole,
        levels,
        marks,
        met,
        replaces_null,
    )
}


@pytest.mark.parametrize("facet", LAWS)
@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_a_facet_is_what_the_op_shows(op: AnyOp, facet: str) -> None:
    found = [f"`{op.name}`: `{facet}` {line}" for line in LAWS[facet](op, observed(op.name))]
    assert not found, "\n".join(found)


def without(op: AnyOp, facet: str) -> AnyOp:
    return replace(op, **{facet: DEFAULTS[facet]})


@pytest.mark.parametrize(
    ("op", "facet"),
    [
        pytest.param(op, facet, id=f"{op.name}-{facet}")
        for op in OPS.values()
        for facet in LAWS
        if op.name not in NODES and getattr(op, facet) is not DEFAULTS[facet]
        if (op.is_fitted_elsewhere, facet) != (True, "arity")  # its state is not fitted on other columns here
    ],
)
def test_a_facet_that_is_forgotten_is_named(op: AnyOp, facet: str) -> None:
    """Of every op, each facet that it states."""
    found = list(LAWS[facet](without(op, facet), observed(op.name)))
    assert found, f"`{op.name}` without `{facet}` passes"
