"""Faults planted directly into the bytes of a model, without knowledge of how it was lowered.

Why in the bytes: a fault planted through the lowering is limited to what the lowering can emit. A file may be wrong in
ways that none of our lowerings is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from skc.blame.atlas import Atlas
from skc.equality.sides import showing
from skc.lower import GUARDS, SIGNALS
from skc.ops import OPS
from skc.selfcheck.mutant import Mutant, evenly
from skc.time.zones import CYCLE_US, FOREVER, Zone, load_zone, wall_clock
from skc_runtime.kinds import TIMESTAMP_MIN, Array
from skc_runtime.session import GraphSession

ELEMENTS = 4  # changed per constant, one at a time
KEYS = 3  # per lookup
HOUR = 3_600_000_000
SEASONS = 12  # per zone
COMPARISONS = {
    "Greater": "GreaterOrEqual",
    "GreaterOrEqual": "Greater",
    "Less": "LessOrEqual",
    "LessOrEqual": "Less",
}
SWAPPED = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul", "Min": "Max", "Max": "Min", "And": "Or", "Or": "And"}
# Inputs that determine the layout of a tensor, not its values.
LAYOUT = {"Reshape": (1,), "Unsqueeze": (1,), "Squeeze": (1,), "Expand": (1,), "Slice": (1, 2, 3, 4), "ReduceSum": (1,)}
LAYOUT |= {"ReduceMin": (1,), "ReduceMax": (1,), "CumSum": (1,), "Tile": (1,)}
Edit = Callable[[onnx.GraphProto], None]


@dataclass(frozen=True)
class _Model:
    """The model, and what is known about its tensors."""

    proto: onnx.ModelProto
    steps: Callable[[str], frozenset[str]]  # the unfused steps that a tensor is part of
    users: Mapping[str, Sequence[tuple[onnx.NodeProto, int]]]
    elements: Mapping[str, str]  # the type of every tensor: float64, int64, …
    timed: frozenset[str]  # the steps that use time zones
    zones: Mapping[str, Zone]  # of the steps that name one
    blind_to_hours: frozenset[str]  # those of them whose result does not depend on whole hours

    def edited(self, edit: Edit) -> Callable[[], bytes]:
        """The bytes of the model with one change, made on demand."""

        def make() -> bytes:
            copy = onnx.ModelProto()
            copy.CopyFrom(self.proto)
            edit(copy.graph)
            data: bytes = copy.SerializeToString()
            return data

        return make


def graph_mutants(atlas: Atlas, model: bytes) -> Iterator[Mutant]:
    """Every fault of these kinds that the model can have, node by node."""
    proto = onnx.load_from_string(model)
    users: dict[str, list[tuple[onnx.NodeProto, int]]] = {}
    for node in proto.graph.node:
        for position, name in enumerate(node.input):
            users.setdefault(name, []).append((node, position))
    elements = _elements(proto)
    timed = {s.name: s.params.timezone for s in atlas.pipeline.steps if OPS[s.op].uses_timezone}
    zones = {step: load_zone(name) for step, name in timed.items() if name}
    blind = frozenset(s.name for s in atlas.pipeline.steps if OPS[s.op].ignores_hours(s.params))
    scan = _Model(proto, atlas.owners, users, elements, frozenset(timed), zones, blind)
    for k, node in enumerate(proto.graph.node):
        if node.op_type == "Constant":
            yield from _constant(scan, k, node)
        elif node.op_type == "LabelEncoder":
            yield from _lookup(scan, k, node)
        else:
            yield from _operation(scan, k, node)
    yield from _float32(scan, atlas)
    yield from _outputs(scan, atlas)
    yield from _guards(scan, atlas)
    yield from _signals(scan, atlas)


def _elements(proto: onnx.ModelProto) -> dict[str, str]:
    """The type of every tensor, by ONNX Runtime: the shape inference of onnx 1.23 crashes on StringSplit."""
    tensors = [name for node in proto.graph.node for name in node.output]
    return {tensor.name: tensor.dtype for tensor in GraphSession(showing(proto, tensors), "disabled").outputs}


# constants


def _constant(model: _Model, k: int, node: onnx.NodeProto) -> Iterator[Mutant]:
    name = node.output[0]
    uses = [(user.op_type, position) for user, position in model.users.get(name, ())]
    if not uses or all(position in LAYOUT.get(op_type, ()) for op_type, position in uses):
        return
    array = numpy_helper.to_array(node.attribute[0].t)
    operations = {op_type for op_type, _ in uses}
    if ("Gather", 1) in uses:
        yield from _columns(model, k, name, array)
    elif array.dtype.kind == "f":
        yield from _floats(model, k, name, array, operations)
    elif array.dtype == np.int64:
        yield from _zone_tables(model, k, name, array)
    elif array.dtype == np.bool_:
        for index in evenly(range(array.size), ELEMENTS):
            flipped = not bool(array.flat[index])
            yield _replaced(model, k, name, array, index, flipped, "flag inverted")


def _floats(model: _Model, k: int, name: str, array: Array, operations: set[str]) -> Iterator[Mutant]:
    is_edge = bool(operations & set(COMPARISONS)) or "Unsqueeze" in operations
    finite = [index for index in range(array.size) if math.isfinite(array.flat[index])]
    for index in evenly(finite, ELEMENTS):
        value = float(array.flat[index])
        if value:
            yield _replaced(model, k, name, array, index, value * (1 + 1e-5), "float off by 1e-5")
            with np.errstate(over="ignore"):
                step = float(np.spacing(np.abs(np.float32(value))))
            if math.isfinite(step) and step:
                yield _replaced(model, k, name, array, index, value + step, "float off by an ulp of float32")
        if is_edge:
            for side in (math.inf, -math.inf):
                moved = float(np.nextafter(array.flat[index], side))
                yield _replaced(model, k, name, array, index, moved, "edge at the next float")


def _zone_tables(model: _Model, k: int, name: str, array: Array) -> Iterator[Mutant]:
    """Faults in a constant that is the table of a time zone: one transition missing, or one season an hour off."""
    values = [int(value) for value in array.reshape(-1)]
    steps = model.steps(name)
    if array.size < 3 or (steps and steps <= model.blind_to_hours):  # minutes and seconds do not depend on whole hours
        return
    for zone in {model.zones[step] for step in steps & model.zones.keys()}:  # one: all in a block are alike
        end = FOREVER if zone.cycle_from is None else zone.cycle_from + CYCLE_US  # nothing is looked up from there on
        changes = [i for i, t in enumerate(zone.changes[:-1]) if TIMESTAMP_MIN <= t < end]
        clock = wall_clock(zone)
        for moments, per_change in ((zone.changes, 1), (clock.breaks, 2)):
            if _is_padded(values, moments):
                for i in evenly(changes, SEASONS):
                    yield _without_change(model, k, name, array, i, per_change)
        for offsets, per_change in ((zone.offsets, 1), (clock.before, 2), (clock.after, 2)):
            if len(values) == len(offsets) and len({v - o for v, o in zip(values, offsets, strict=True)}) == 1:
                for i in evenly([0, *(c + 1 for c in changes)], SEASONS):
                    at = per_change * i
                    yield _replaced(model, k, name, array, at, values[at] - HOUR, "season off by an hour")
                return


def _is_padded(values: Sequence[int], moments: Sequence[int]) -> bool:
    """The values are the moments, followed only by entries that are never reached."""
    return values[: len(moments)] == list(moments) and set(values[len(moments) :]) <= {FOREVER}


def _without_change(model: _Model, k: int, name: str, array: Array, i: int, per_change: int) -> Mutant:
    """Replace a transition by the next one, so that the offset before it stays in force between the two."""
    changed = array.copy().reshape(-1)
    start, following = per_change * i, per_change * (i + 1)
    changed[start:following] = changed[following]
    what = f"`{name}`: the change at {array.flat[start]} µs"
    edit = _with_constant(k, changed.reshape(array.shape))
    return Mutant("transition missing", what, model.steps(name), model.edited(edit))


def _columns(model: _Model, k: int, name: str, array: Array) -> Iterator[Mutant]:
    """The indices of a Gather: which columns are selected, in which order."""
    values = array.reshape(-1)
    unequal = [index for index in range(len(values) - 1) if values[index] != values[index + 1]]
    for index in evenly(unequal, ELEMENTS):
        swapped = array.copy()
        swapped.flat[index], swapped.flat[index + 1] = values[index + 1], values[index]
        what = f"`{name}`: places {index} and {index + 1} swapped"
        yield Mutant("columns swapped", what, model.steps(name), model.edited(_with_constant(k, swapped)))


def _replaced(model: _Model, k: int, name: str, array: Array, index: int, value: Any, kind: str) -> Mutant:
    changed = array.copy()
    changed.flat[index] = value
    what = f"`{name}`[{index}]: {array.flat[index]!r} becomes {changed.flat[index]!r}"
    number = float(value) if array.dtype.kind == "f" else None
    return Mutant(kind, what, model.steps(name), model.edited(_with_constant(k, changed)), name, index, number)


def _with_constant(k: int, array: Array) -> Edit:
    return lambda graph: graph.node[k].attribute[0].t.CopyFrom(numpy_helper.from_array(array))


# lookups


def _lookup(model: _Model, k: int, node: onnx.NodeProto) -> Iterator[Mutant]:
    attributes = {a.name: a for a in node.attribute}
    field = "strings" if "keys_strings" in attributes else "ints"
    keys = list(getattr(attributes[f"keys_{'strings' if field == 'strings' else 'int64s'}"], field))
    gives_text = "values_strings" in attributes
    values = "strings" if gives_text else "ints"
    ids: list[Any] = list(getattr(attributes["values_strings" if gives_text else "values_int64s"], values))
    steps = model.steps(node.output[0])

    def changed(
        kind: str, what: str, new_keys: list[Any], new_ids: list[Any], touched: Sequence[Any] = (), default: Any = None
    ) -> Mutant:
        def edit(graph: onnx.GraphProto) -> None:
            for attribute in graph.node[k].attribute:
                if attribute.name.startswith("keys_"):
                    del getattr(attribute, field)[:]
                    getattr(attribute, field).extend(new_keys)
                elif attribute.name.startswith("values_"):
                    del getattr(attribute, values)[:]
                    getattr(attribute, values).extend(new_ids)
                elif attribute.name == "default_int64" and default is not None:
                    attribute.i = default

        table = dict(zip(new_keys, new_ids, strict=True))
        texts = {k.decode(): table[k].decode() if gives_text and k in table else None for k in touched if _is_text(k)}
        tensor = node.output[0]
        return Mutant(kind, f"`{tensor}`: {what}", steps, model.edited(edit), tensor, keys=texts)

    unequal = [i for i in range(len(keys) - 1) if ids[i] != ids[i + 1]]
    for i in evenly(unequal, KEYS):
        swapped = [*ids[:i], ids[i + 1], ids[i], *ids[i + 2 :]]
        yield changed("entries swapped", f"{_word(keys[i])} and {_word(keys[i + 1])}", keys, swapped, keys[i : i + 2])
    for i in evenly(range(len(keys)), KEYS if len(keys) > 1 else 0):
        rest = keys[:i] + keys[i + 1 :], ids[:i] + ids[i + 1 :]
        yield changed("category dropped", _word(keys[i]), *rest, keys[i : i + 1])
    default = attributes["default_int64"].i if "default_int64" in attributes else -1
    if default != 0 and not gives_text:
        yield changed("unknown sent to id 0", f"{default} becomes 0", keys, ids, default=0)
    if field == "strings":
        known = set(keys)
        for i in evenly(range(len(keys)), KEYS):
            variants = {
                "key accepted in another case": _other_case(keys[i]),
                "key accepted with a blank": keys[i] + b" ",
            }
            for kind, variant in variants.items():
                if variant not in known:
                    yield changed(kind, _word(variant), [*keys, variant], [*ids, ids[i]], [variant])


def _is_text(key: Any) -> bool:
    return isinstance(key, bytes)


def _other_case(key: bytes) -> bytes:
    text = key.decode("utf-8", "replace")
    return (text.upper() if text.upper() != text else text.lower()).encode()


def _word(key: Any) -> str:
    return repr(key.decode("utf-8", "replace")) if isinstance(key, bytes) else str(key)


# operations


def _operation(model: _Model, k: int, node: onnx.NodeProto) -> Iterator[Mutant]:
    name, steps = node.output[0], model.steps(node.output[0])

    def renamed(kind: str, to: str) -> Mutant:
        def edit(graph: onnx.GraphProto) -> None:
            graph.node[k].op_type = to

        return Mutant(kind, f"`{name}`: {node.op_type} becomes {to}", steps, model.edited(edit), name)

    op_type = node.op_type
    if op_type in COMPARISONS and not steps <= model.timed:
        yield renamed("`<` for `<=`", COMPARISONS[op_type])
    elif (
        op_type in SWAPPED
        and not (op_type == "Mul" and model.elements.get(name) == "int64")
        and not _is_layout(model, name)
    ):
        # an integer division by zero would end the process
        yield renamed("operation replaced", SWAPPED[op_type])
    elif op_type in ("Floor", "Ceil"):
        yield renamed("rounding of another kind", {"Floor": "Ceil", "Ceil": "Floor"}[op_type])
    elif op_type == "Round":
        yield Mutant("half up for half even", f"`{name}`", steps, model.edited(_half_up(k)))
    elif op_type == "Where":

        def turned(graph: onnx.GraphProto) -> None:
            inputs = graph.node[k].input
            inputs[1], inputs[2] = inputs[2], inputs[1]

        yield Mutant("condition inverted", f"`{name}`", steps, model.edited(turned), name)
    elif op_type == "Not":
        yield renamed("condition inverted", "Identity")


def _is_layout(model: _Model, name: str) -> bool:
    """All that uses it is the layout of tensors."""
    uses = model.users.get(name, ())
    return bool(uses) and all(
        position in LAYOUT.get(user.op_type, ()) or (user.op_type == "Concat" and _is_layout(model, user.output[0]))
        for user, position in uses
    )


def _half_up(k: int) -> Edit:
    def edit(graph: onnx.GraphProto) -> None:
        node = graph.node[k]
        half = helper.make_node("Constant", [], ["skc.mutant.half"], value=numpy_helper.from_array(np.array(0.5)))
        more = helper.make_node("Add", [node.input[0], "skc.mutant.half"], ["skc.mutant.more"])
        floor = helper.make_node("Floor", ["skc.mutant.more"], list(node.output))
        graph.node.remove(node)
        for new in (floor, more, half):
            graph.node.insert(k, new)

    return edit


def _float32(model: _Model, atlas: Atlas) -> Iterator[Mutant]:
    """The value of every float64 step, rounded to float32."""
    for tensor in dict.fromkeys(step.value for step in atlas.lowered.steps.values()):
        if tensor is None or model.elements.get(tensor) != "float64" or not model.steps(tensor):
            continue
        yield Mutant(
            "float32 in the middle", f"`{tensor}`", model.steps(tensor), model.edited(_narrowed(tensor)), tensor
        )


def _narrowed(tensor: str) -> Edit:
    def edit(graph: onnx.GraphProto) -> None:
        narrow = helper.make_node("Cast", ["skc.mutant.wide"], ["skc.mutant.narrow"], to=TensorProto.FLOAT)
        wide = helper.make_node("Cast", ["skc.mutant.narrow"], [tensor], to=TensorProto.DOUBLE)
        _behind(graph, tensor, "skc.mutant.wide", [narrow, wide])

    return edit


def _behind(graph: onnx.GraphProto, tensor: str, inner: str, nodes: Sequence[onnx.NodeProto]) -> None:
    """Redirect the node that produces a tensor to another one, from which new nodes compute the tensor."""
    index = next(i for i, node in enumerate(graph.node) if tensor in node.output)
    outputs = graph.node[index].output
    outputs[list(outputs).index(tensor)] = inner
    for node in reversed(nodes):
        graph.node.insert(index + 1, node)


# outputs, guards and signals


def _outputs(model: _Model, atlas: Atlas) -> Iterator[Mutant]:
    for output in atlas.manifest.outputs:
        width = len(output.columns)
        columns = list(range(width))
        for k in evenly(range(width - 1), KEYS):
            order = [*columns[:k], k + 1, k, *columns[k + 2 :]]
            what = f"`{output.columns[k]}` and `{output.columns[k + 1]}` of `{output.name}`"
            yield _taken(model, "output columns swapped", what, output.name, order)
        yield _taken(model, "output column added", f"`{output.name}`", output.name, [*columns, width - 1])
        if width > 1:
            yield _taken(model, "output column missing", f"`{output.name}`", output.name, columns[:-1])


def _taken(model: _Model, kind: str, what: str, output: str, order: list[int]) -> Mutant:
    def edit(graph: onnx.GraphProto) -> None:
        index = numpy_helper.from_array(np.array(order, dtype=np.int64))
        constant = helper.make_node("Constant", [], ["skc.mutant.order"], value=index)
        gather = helper.make_node("Gather", ["skc.mutant.inner", "skc.mutant.order"], [output], axis=1)
        _behind(graph, output, "skc.mutant.inner", [constant, gather])

    return Mutant(kind, what, frozenset(), model.edited(edit))


def _guards(model: _Model, atlas: Atlas) -> Iterator[Mutant]:
    guards = () if atlas.manifest.guards is None else atlas.manifest.guards.columns
    yield from _constant_masks(model, atlas, "guard", GUARDS, [(g.step, f"`{g.code}`", g.input) for g in guards])


def _signals(model: _Model, atlas: Atlas) -> Iterator[Mutant]:
    signals = () if atlas.manifest.signals is None else atlas.manifest.signals.columns
    yield from _constant_masks(model, atlas, "signal", SIGNALS, [(s.step, f"`{s.kind}`", s.input) for s in signals])


def _constant_masks(
    model: _Model, atlas: Atlas, noun: str, tensor: str, columns: Sequence[tuple[str, str, str]]
) -> Iterator[Mutant]:
    """One column of an output of bools at a time, given as step, kind and input, is always false, or always true."""
    known = {step.name for step in atlas.pipeline.steps}  # an input is none
    for k, (step, what, name) in enumerate(columns):
        flags = np.arange(len(columns)) == k
        for kind, op_type, mask in (
            (f"{noun} that never fires", "And", ~flags),
            (f"{noun} that always fires", "Or", flags),
        ):
            edit = _masked(tensor, op_type, mask[None])
            yield Mutant(
                kind, f"{what} of `{step}`, column `{name}`", frozenset({step}) & known, model.edited(edit), tensor, k
            )


def _masked(tensor: str, op_type: str, mask: Array) -> Edit:
    def edit(graph: onnx.GraphProto) -> None:
        constant = helper.make_node("Constant", [], ["skc.mutant.mask"], value=numpy_helper.from_array(mask))
        node = helper.make_node(op_type, ["skc.mutant.inner", "skc.mutant.mask"], [tensor])
        _behind(graph, tensor, "skc.mutant.inner", [constant, node])

    return edit
