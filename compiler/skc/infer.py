"""Facts about every value of a pipeline without running it: its type before fitting, its column names after.

Both take one pass over the steps, in order. Type errors are raised together, each at the step that causes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import groupby
from typing import Any

from skc.diagnostics import Diagnostic, SkcError, bug, fail
from skc.ir import SOURCE, Input, Output, Pipeline, Ref, Step
from skc.op import AnyOp, Known
from skc.ops import OPS
from skc.stats.requests import ByTarget
from skc.values.once import once_per_object
from skc.values.types import Block, ValueType

Types = Mapping[str, ValueType]
ColumnNames = Mapping[str, tuple[str, ...]]
BOOLS: Known = (False, True)


def value_types(pipeline: Pipeline, *, before_carrying: bool = False) -> Types:
    """The type of every input and step. Raises SKC120 and similar, with the locations of the steps.

    `before_carrying`: a step may compare values that are not exact, if `skc.carry` can carry the comparisons back.

    A step that depends on one in error is skipped: its type is unknown.
    """
    return _types_before_carrying(pipeline) if before_carrying else _types(pipeline)


@once_per_object
def _types(pipeline: Pipeline) -> Types:
    return _types_of(pipeline, before_carrying=False)


@once_per_object
def _types_before_carrying(pipeline: Pipeline) -> Types:
    return _types_of(pipeline, before_carrying=True)


def _types_of(pipeline: Pipeline, *, before_carrying: bool) -> Types:
    types = {i.value: ValueType(i.dtype, nullable=i.nullable) for i in pipeline.inputs}
    diagnostics: list[Diagnostic] = []
    for step in pipeline.steps:
        if all(ref.value in types for ref in step.inputs):
            try:
                x = _step_type(step, types)
                types[step.name] = x if before_carrying else x.with_(carries=False)
            except SkcError as error:
                diagnostics += error.diagnostics
    if diagnostics:
        raise SkcError(*diagnostics)
    return types


def _step_type(step: Step, types: Types) -> ValueType:
    try:
        return output_type(OPS[step.op], step.params, [ref_type(ref, types) for ref in step.inputs])
    except SkcError as error:
        raise located(error, step) from None


def step_input_types(step: Step, types: Types) -> tuple[ValueType, ...]:
    """The types a step's op sees: one per input if it is variadic, else that of the one block they form."""
    inputs = tuple(ref_type(ref, types) for ref in step.inputs)
    return _as_taken(OPS[step.op], step.params, inputs)


def makes_null(step: Step, types: Types) -> bool:
    """A value that a step gets may become null, by what its op infers for inputs that are never null."""
    if step.op == SOURCE or not types[step.name].nullable:
        return False
    inputs = [x.with_(nullable=False) for x in step_input_types(step, types)]
    try:
        return OPS[step.op].infer(step.params, *inputs).nullable
    except SkcError:  # it only takes what may be null
        return True


def output_type(op: AnyOp, params: Any, inputs: Sequence[ValueType]) -> ValueType:
    """The type of what an op makes of some values. Raises SKC120 and similar."""
    x = op.infer(params, *_as_taken(op, params, inputs))
    takes_one = op.is_columnwise(params) or (len(inputs) == 1 and inputs[0].width == 1)
    carries = not x.exact and takes_one and all(i.kind.is_float and (i.exact or i.carries) for i in inputs)
    return x.with_(carries=carries)


def _as_taken(op: AnyOp, params: Any, inputs: Sequence[ValueType]) -> tuple[ValueType, ...]:
    """The types that an op sees: one per value if it is variadic, else that of the one block they form."""
    return tuple(inputs) if op.is_variadic(params) else (joined_type(inputs),)


def ref_type(ref: Ref, types: Types) -> ValueType:
    """The type of the columns that a step takes of a value."""
    if ref.start is None or ref.stop is None:
        return types[ref.value]
    return types[ref.value].with_(width=ref.stop - ref.start)


def needs_target(step: Step, types: Types) -> bool:
    """The step learns from the target of the training rows."""
    requests = OPS[step.op].needs(step.params, *step_input_types(step, types))
    return any(isinstance(request, ByTarget) for request in requests)


def settled(block: Block, x: ValueType) -> Block:
    """The result of a step, without `valid` where its type says that nothing can be missing.

    Why: an op that takes float64 cannot see from the type alone whether it contains NaN, and adds `valid` to be safe.
    """
    return block if x.nullable or block.valid is None else replace(block, valid=None)


def joined_type(inputs: Sequence[ValueType]) -> ValueType:
    """The type of values joined as columns of one block: they must agree in dtype."""
    first = inputs[0]
    for other in inputs[1:]:
        if other.dtype != first.dtype:
            raise fail(
                "SKC122",
                f"a step over columns of different types: {first.dtype} and {other.dtype}",
                hint="write one feature per type, or `cast` first",
            )
    widths = [x.width for x in inputs]
    return replace(
        first,
        nullable=any(x.nullable for x in inputs),
        exact=all(x.exact for x in inputs),
        carries=all(x.exact or x.carries for x in inputs),
        width=None if None in widths else sum(w for w in widths if w is not None),
    )


def located(error: SkcError, step: Step) -> SkcError:
    """The same error, with the location of the step."""
    note = f"in step `{step.name}`"
    return SkcError(*(replace(d, span=d.span or step.span, notes=(*d.notes, note)) for d in error.diagnostics))


@once_per_object
def column_names(pipeline: Pipeline) -> ColumnNames:
    """The column names of every value of a fitted pipeline."""
    names: dict[str, tuple[str, ...]] = {i.value: (i.name,) for i in pipeline.inputs}
    for step in pipeline.steps:
        names[step.name] = tuple(name for group in column_groups(step, names) for name in group)
    return names


def column_groups(step: Step, names: ColumnNames) -> tuple[tuple[str, ...], ...]:
    """The output column names of a fitted step, grouped by the input column they come from."""
    if step.state is None:
        raise bug(f"step `{step.name}` is not fitted")
    columns = input_names(step, names)
    return OPS[step.op].names(step.params, step.state, columns) if columns else ()


def input_names(step: Step, names: ColumnNames) -> tuple[str, ...]:
    """The names of a step's input columns, in order."""
    return tuple(name for ref in step.inputs for name in names[ref.value][ref.start : ref.stop])


def check_shapes(pipeline: Pipeline, types: Types) -> None:
    """Raise SKC107 where a reference takes columns that a value does not have, a state does not match the columns of
    its step, or an output does not have one name per column. Widths known only after fitting are not checked.
    """
    names: dict[str, tuple[str, ...]] = {i.value: (i.name,) for i in pipeline.inputs}
    for step in pipeline.steps:
        _check_references(step.name, step.inputs, names, types)
        if step.state is not None and all(ref.value in names for ref in step.inputs):
            _check_state(step, len(input_names(step, names)))
            names[step.name] = tuple(name for group in column_groups(step, names) for name in group)
    for feature in pipeline.features:
        _check_references(feature.name, (feature.ref,), names, types)
    for output in pipeline.outputs:
        _check_references(output.name, output.refs, names, types)
        if all(ref.value in names for ref in output.refs):
            output_columns(output, names)


def _check_references(user: str, refs: Sequence[Ref], names: ColumnNames, types: Types) -> None:
    for ref in refs:
        if ref.stop is None:
            continue
        width = len(names[ref.value]) if ref.value in names else types[ref.value].width
        if width is not None and ref.stop > width:
            message = f"`{user}` reads the columns {ref}, but there are {width}"
            raise fail("SKC107", message, hint="pick columns that the value has; they count from 0")


def _check_state(step: Step, width: int) -> None:
    if not OPS[step.op].is_columnwise(step.params):
        return
    for f in fields(step.state):
        if len(getattr(step.state, f.name)) != width:
            message = f"`{f.name}` of step `{step.name}` is not for {width} columns"
            raise fail("SKC107", message, span=step.span, hint="a state has one entry for each column of its step")


def step_levels(step: Step, types: Types, names: ColumnNames, known: Sequence[Known]) -> tuple[Known, ...]:
    """All values that each output column of a fitted step can hold, given those of its input columns."""
    groups, x = column_groups(step, names), step_input_types(step, types)[0]
    return output_levels(OPS[step.op], step.params, step.state, x, types[step.name], groups, known)


def output_levels(
    op: AnyOp,
    params: Any,
    state: Any,
    x: ValueType,
    output: ValueType,
    groups: Sequence[Sequence[str]],
    known: Sequence[Known],
) -> tuple[Known, ...]:
    """The same of an op, whose output columns have names in a group for each input column."""
    if output.dtype == "bool":
        return (BOOLS,) * sum(map(len, groups))
    result: list[Known] = []
    for k, group in enumerate(groups):
        if group:
            result += [op.levels(params, state, k, x, known[k]), *[None] * (len(group) - 1)]
    return tuple(result)


def column_levels(pipeline: Pipeline) -> Mapping[str, tuple[Known, ...]]:
    """For every value of a fitted pipeline, all values that each of its columns can hold."""
    types, names = value_types(pipeline), column_names(pipeline)
    levels_by_value = {i.value: input_levels(i) for i in pipeline.inputs}
    for step in pipeline.steps:
        below = [known for ref in step.inputs for known in levels_by_value[ref.value][ref.start : ref.stop]]
        levels_by_value[step.name] = step_levels(step, types, names, below)
    return levels_by_value


def input_levels(value: Input) -> tuple[Known, ...]:
    """The same for the one column of an input."""
    return (BOOLS if value.dtype == "bool" else None,)


def output_columns(output: Output, names: ColumnNames) -> tuple[str, ...]:
    """The names of an output's columns, without duplicates.

    The column of a single-column feature is named after the feature; of several columns, each is `FEATURE.COLUMN`, or
    just the column's name if it already begins with the feature's (`payment_card` of `payment`). A repeated name gets a
    number: `fare#2`. Names declared with the output are used as written. Raises SKC107 if there is not exactly one per
    column, SKC105 if two are equal.
    """
    if output.columns:
        return _given_columns(output, names)
    labels = output.labels or ("",) * len(output.refs)
    result: list[str] = []
    for label, group in groupby(zip(labels, output.refs, strict=True), key=lambda pair: pair[0]):
        columns = [name for _, ref in group for name in names[ref.value][ref.start : ref.stop]]
        result += [label] if label and len(columns) == 1 else [_labelled(label, name) for name in columns]
    return _unique(result)


def _given_columns(output: Output, names: ColumnNames) -> tuple[str, ...]:
    width = sum(len(names[ref.value][ref.start : ref.stop]) for ref in output.refs)
    if len(output.columns) != width:
        message = f"output `{output.name}` has {width} columns, but `columns` names {len(output.columns)}"
        raise fail("SKC107", message, span=output.span, hint="name each column once, in order")
    if len(set(output.columns)) < width:
        repeated = next(name for name in output.columns if output.columns.count(name) > 1)
        message = f"output `{output.name}` has two columns named `{repeated}`"
        raise fail("SKC105", message, span=output.span, hint="choose another name for one of them")
    return output.columns


def _labelled(label: str, name: str) -> str:
    is_told = not label or name == label or name.startswith(f"{label}_")
    return name if is_told else f"{label}.{name}"


def _unique(names: list[str]) -> tuple[str, ...]:
    taken = set(names)
    used: set[str] = set()
    result = []
    for name in names:
        chosen, number = name, 2
        while chosen in used or (chosen != name and chosen in taken):
            chosen, number = f"{name}#{number}", number + 1
        used.add(chosen)
        result.append(chosen)
    return tuple(result)
