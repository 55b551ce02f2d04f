"""Casts of integers that a step takes as float64, written into the pipeline where its author wrote none.

Why here: a number is a number to the author, and the pipeline that is fitted, frozen, explained and verified still
says each conversion. The cast is exact: an integer beyond 2^53 is guarded, never rounded. A step that takes integers as
they are keeps them, unless they stand in one block with floats; categories of two types are never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skc.diagnostics import SkcError
from skc.infer import output_type, ref_type
from skc.ir import Input, Ref, Step
from skc.op import NoState
from skc.ops import CAST, OPS
from skc.values.types import ValueType

TYPES = ("SKC120", "SKC122")  # of an error that a cast may mend
NUMBERS = ("int64", "float64")


def with_casts(inputs: Sequence[Input], steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, in order, each after the casts that it needs. A step whose types no cast mends stays as it is."""
    types = {i.value: ValueType(i.dtype, nullable=i.nullable) for i in inputs}
    result: list[Step] = []
    for written in steps:
        step = written
        if all(ref.value in types for ref in written.inputs):
            casts, step = _cast(written, types)
            for added in (*casts, step):
                try:
                    types[added.name] = output_type(OPS[added.op], added.params, _types(added, types))
                except SkcError:  # reported with all others, by `value_types`
                    break
            result += casts
        result.append(step)
    return tuple(result)


def _types(step: Step, types: dict[str, ValueType]) -> list[ValueType]:
    return [ref_type(ref, types) for ref in step.inputs]


def _cast(step: Step, types: dict[str, ValueType]) -> tuple[list[Step], Step]:
    """The casts that a step needs, and the step behind them."""
    taken, op = _types(step, types), OPS[step.op]
    if op.is_variadic(step.params) or not _is_mended(step, taken):
        return [], step
    casts: list[Step] = []
    refs: list[Ref] = []
    for i, (ref, x) in enumerate(zip(step.inputs, taken, strict=True)):
        if x.dtype == "int64":
            params = CAST.params(to="float64")
            casts.append(Step(f"{step.name}/{i}:{CAST.name}", CAST.name, params, (ref,), NoState(), span=step.span))
            ref = Ref(casts[-1].name)
        refs.append(ref)
    return casts, replace(step, inputs=tuple(refs))


def _is_mended(step: Step, taken: Sequence[ValueType]) -> bool:
    """Integers are among the columns of the step, all are numbers, and it takes them as float64 only."""
    op = OPS[step.op]
    dtypes = {x.dtype for x in taken}
    if "int64" not in dtypes or not dtypes <= {*NUMBERS}:
        return False
    try:
        output_type(op, step.params, taken)
    except SkcError as error:
        floats = [x.with_(dtype="float64") for x in taken]
        is_category = any(op.decides_by(step.params, k, x) == "category" for k, x in enumerate(floats))
        codes = {diagnostic.code for diagnostic in error.diagnostics}
        if is_category or not codes <= {*TYPES}:
            return False
    else:
        return False
    try:
        output_type(op, step.params, floats)
    except SkcError as error:
        return not {diagnostic.code for diagnostic in error.diagnostics} & {*TYPES}  # the error is about something else
    return True
