"""What differs between two frozen pipelines: inputs, outputs, steps, parameters, and what fitting learned."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.infer import column_names, input_names
from skc.ir import Input, Pipeline, Step
from skc.ops import OPS
from skc.verification.shown import count, shown
from skc_runtime.manifest import Manifest, OutputSpec

SAMPLE = 5


@dataclass(frozen=True)
class Change:
    """One difference. `kind` is a key of `rules.KINDS`, `where` the input, output, step or column."""

    kind: str
    where: str
    what: str
    old: Any = None  # plain values of JSON
    new: Any = None
    number: int = 1  # how many categories, edges or columns
    shift: float | None = None  # for statistics: the greatest |new - old|, relative to the old value unless that is 0


def changes(old: Pipeline, new: Pipeline, old_manifest: Manifest, new_manifest: Manifest) -> tuple[Change, ...]:
    """All changes, from the contract down to the numbers."""
    return (
        *_inputs(old.inputs, new.inputs),
        *_outputs(old_manifest.outputs, new_manifest.outputs),
        *_steps(old, new),
    )


def _inputs(old: Sequence[Input], new: Sequence[Input]) -> Iterator[Change]:
    before, after = {i.name: i for i in old}, {i.name: i for i in new}
    yield from (Change("inputs", name, "removed", old=_declared(before[name])) for name in before if name not in after)
    yield from (Change("inputs", name, "added", new=_declared(after[name])) for name in after if name not in before)
    for name in before:
        if name in after and _declared(before[name]) != _declared(after[name]):
            pair = (_declared(before[name]), _declared(after[name]))
            yield Change("inputs", name, "declared differently", *pair)


def _declared(value: Input) -> dict[str, Any]:
    return {
        "type": value.dtype,
        "nullable": value.nullable,
        "nan": value.nan,
        "null_values": list(value.null_values),
        **({} if value.text is None else {"text": value.text}),
        **({} if value.zone is None else asdict(value.zone)),
    }


def _outputs(old: Sequence[OutputSpec], new: Sequence[OutputSpec]) -> Iterator[Change]:
    before, after = {o.name: o for o in old}, {o.name: o for o in new}
    yield from (Change("outputs", name, "removed") for name in before if name not in after)
    yield from (Change("outputs", name, "added") for name in after if name not in before)
    for name in before:
        if name in after:
            yield from _output(before[name], after[name])


def _output(old: OutputSpec, new: OutputSpec) -> Iterator[Change]:
    if old.dtype != new.dtype:
        yield Change("outputs", old.name, "another dtype", old.dtype, new.dtype)
    gone = [c for c in old.columns if c not in new.columns]
    came = [c for c in new.columns if c not in old.columns]
    if gone:
        yield Change("outputs", old.name, f"{count(len(gone), 'column')} removed", old=gone[:SAMPLE], number=len(gone))
    if came:
        yield Change("outputs", old.name, f"{count(len(came), 'column')} added", new=came[:SAMPLE], number=len(came))
    places = {c: k for k, c in enumerate(new.columns)}
    moved = [c for k, c in enumerate(old.columns) if places.get(c, k) != k]
    if moved:
        moved_to = {c: places[c] for c in moved[:SAMPLE]}
        moved_from = {c: old.columns.index(c) for c in moved_to}
        yield Change(
            "outputs", old.name, f"{count(len(moved), 'column')} in another position", moved_from, moved_to, len(moved)
        )


def _steps(old: Pipeline, new: Pipeline) -> Iterator[Change]:
    before, after = {s.name: s for s in old.steps}, {s.name: s for s in new.steps}
    yield from (Change("steps", name, "removed", old=before[name].op) for name in before if name not in after)
    yield from (Change("steps", name, "added", new=after[name].op) for name in after if name not in before)
    names_old, names_new = _column_names(old), _column_names(new)
    for name in before:
        if name not in after:
            continue
        if before[name].op != after[name].op:
            yield Change("steps", name, "another op", before[name].op, after[name].op)
            continue
        if before[name].inputs != after[name].inputs:
            pair = ([str(r) for r in before[name].inputs], [str(r) for r in after[name].inputs])
            yield Change("steps", name, "other inputs", *pair)
        yield from _parameters(before[name], after[name])
        yield from _states(before[name], after[name], names_old[name], names_new[name])


def _column_names(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """For each step the names of its input columns."""
    names = column_names(pipeline)
    return {step.name: input_names(step, names) for step in pipeline.steps}


def _parameters(old: Step, new: Step) -> Iterator[Change]:
    for f in dataclasses.fields(old.params):
        a, b = getattr(old.params, f.name), getattr(new.params, f.name)
        if a != b:
            yield Change("params", old.name, f"`{f.name}`", _plain(a), _plain(b))


def _states(old: Step, new: Step, old_names: Sequence[str], new_names: Sequence[str]) -> Iterator[Change]:
    """Differences in what was learned for each input column that both have."""
    places = {name: k for k, name in enumerate(new_names)}
    for k, name in enumerate(old_names):
        if name not in places:
            continue
        label = f"{old.name} ({name})" if len(old_names) > 1 else old.name
        old_state, new_state = _column_state(old.state, k), _column_state(new.state, places[name])
        op = OPS[old.op]
        before, after = op.ids(old.params, old.state, k), op.ids(new.params, new.state, places[name])
        yield from _categories(label, before, after)
        for key, a in old_state.items():
            if not (_are_categories(a, before) and _are_categories(new_state[key], after)):
                yield from _statistic(label, key, a, new_state[key])


def _column_state(state: Any, k: int) -> dict[str, Any]:
    """The fields of a state for one input column."""
    if not dataclasses.is_dataclass(state):
        return {}
    values = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
    return {key: value[k] for key, value in values.items() if isinstance(value, tuple) and k < len(value)}


def _are_categories(value: Any, ids: Mapping[Any, int]) -> bool:
    """The field lists the categories, which are compared by their ids."""
    return isinstance(value, tuple) and ids.keys() >= set(value)


def _categories(label: str, old: Mapping[Any, int], new: Mapping[Any, int]) -> Iterator[Change]:
    gone = [key for key in old if key not in new]
    came = [key for key in new if key not in old]
    moved = [key for key in old if key in new and old[key] != new[key]]
    if came:
        what = f"{count(len(came), 'category')} added"
        yield Change("added-ids", label, _plural(what), new=[_plain(c) for c in came[:SAMPLE]], number=len(came))
    if gone:
        what = f"{count(len(gone), 'category')} removed"
        yield Change("removed-ids", label, _plural(what), old=[_plain(c) for c in gone[:SAMPLE]], number=len(gone))
    if moved:
        what = _plural(f"{count(len(moved), 'category')} with another id")
        was, now = ({shown(key): ids[key] for key in moved[:SAMPLE]} for ids in (old, new))
        yield Change("moved-ids", label, what, was, now, len(moved))


def _plural(text: str) -> str:
    return text.replace("categorys", "categories")


def _statistic(label: str, name: str, old: Any, new: Any) -> Iterator[Change]:
    """Compare a number, several numbers (edges), or a value such as the most frequent one."""
    if old == new:
        return
    is_many = isinstance(old, tuple) and isinstance(new, tuple)
    if is_many and len(old) != len(new):
        yield Change("statistics", label, f"`{name}`: {len(new)} values for {len(old)}", list(old), list(new))
        return
    pairs = list(zip(old, new, strict=True)) if is_many else [(old, new)]
    changed = [(a, b) for a, b in pairs if a != b]
    shifts = [_shift(a, b) for a, b in changed]
    shift = max((s for s in shifts if s is not None), default=None)
    what = f"`{name}`" if len(pairs) == 1 else f"`{name}`: {len(changed)} of {len(pairs)} values"
    yield Change("statistics", label, what, _plain(old), _plain(new), len(changed), shift)


def _shift(old: Any, new: Any) -> float | None:
    """How far a number moved, relative to its size."""
    numbers = [v for v in (old, new) if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < 2:
        return None
    return abs(float(new) - float(old)) / abs(float(old)) if old else abs(float(new))


def _plain(value: Any) -> Any:
    """The value as JSON; anything but numbers, strings and lists of them as its `str`."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
