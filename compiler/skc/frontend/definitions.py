"""A pipeline as its author defines it: names not yet resolved, steps not yet in order, types not yet checked.

A front end makes a `PipelineDefinition` of what it reads, `skc.frontend.build.build` makes a `Pipeline` of that. A
`span` is the place in the author's file that a mistake is reported at; there is none where no file was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skc.diagnostics import Span
from skc.ir import DataSource, Input
from skc.op import AnyOp
from skc_runtime.kinds import DType, OutputDType

ALWAYS_INPUT = "inputs."


@dataclass(frozen=True)
class Name:
    """The name of an input or a feature, to be resolved; `inputs.NAME` is always the input.

    `columns` picks columns of the value by position, from 0, in any order; None takes them all.
    """

    text: str
    span: Span | None = None
    columns: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Selector:
    """The inputs of a type whose name matches a pattern of `match` and none of `exclude`, in the order declared.

    Patterns are those of `fnmatch`, and case matters. None selects every type, or every name.
    """

    dtype: DType | None = None
    match: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class StepDefinition:
    """One op with its parameters, an `op.params`.

    `state`, an `op.state`, was learned elsewhere; None has skc fit the step. `name` defaults to `FEATURE/INDEX:OP`.
    """

    op: AnyOp
    params: Any
    state: Any = None
    name: str | None = None
    span: Span | None = None


@dataclass(frozen=True)
class FeatureDefinition:
    """A named value: the columns of its sources side by side, and the steps applied to them in turn.

    Sources of an `expr` step are its names, in order: each is one column. Without steps a feature is another name for
    its sources.
    """

    name: str
    sources: tuple[Name, ...] | Selector
    steps: tuple[StepDefinition, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class OutputDefinition:
    """One output tensor: the columns of inputs and features side by side.

    `columns` names every column; without it they are named after the features (see `skc.infer.output_columns`).
    """

    name: str
    features: tuple[Name, ...]
    dtype: OutputDType
    columns: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class PipelineDefinition:
    """A whole pipeline. Features may be in any order; `span` is the location of the name."""

    name: str
    inputs: tuple[Input, ...]
    features: tuple[FeatureDefinition, ...]
    outputs: tuple[OutputDefinition, ...]
    data: DataSource | None = None
    span: Span | None = None
