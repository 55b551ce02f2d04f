"""A pipeline as its author defines it: names not yet resolved, steps not yet in order, types not yet checked.

A front end parses its input into a `PipelineDefinition`, from which `skc.frontend.build.build` makes a `Pipeline`. A
`span` is the location in the author's file where an error is reported; None if there is no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from skc.diagnostics import Span
from skc.ir import DataSource, DriftScales, Freshness, Input, ModelSource, ProfileOptions
from skc.op import AnyOp
from skc_runtime.kinds import DType, OutputDType
from skc_runtime.manifest import LogSpec

ALWAYS_INPUT = "inputs."


@dataclass(frozen=True)
class Name:
    """The name of an input or a feature, to be resolved; `inputs.NAME` is always the input.

    `columns` selects columns of the value by position, from 0, in any order; None selects all.
    """

    text: str
    span: Span | None = None
    columns: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Selector:
    """The inputs of a type whose name matches a pattern of `match` and none of `exclude`, in the order declared.

    Patterns are those of `fnmatch`, case-sensitive. None selects every type, or every name.
    """

    dtype: DType | None = None
    match: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class StepDefinition:
    """One op with its parameters, an `op.params`.

    `state`, an `op.state`, is one learned elsewhere; None means that skc fits the step. `name` defaults to
    `FEATURE/INDEX:OP`.
    """

    op: AnyOp
    params: Any
    state: Any = None
    name: str | None = None
    span: Span | None = None


@dataclass(frozen=True)
class FeatureDefinition:
    """A named value: the columns of its sources side by side, and the steps applied to them in turn.

    The sources of an `expr` step are its names, in order, one column each. Without steps a feature is another name for
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
    model: ModelSource | None = None
    span: Span | None = None
    profile: ProfileOptions | None = field(default_factory=ProfileOptions)
    log: LogSpec = field(default_factory=LogSpec)
    drift: DriftScales = field(default_factory=DriftScales)
    signals: bool = False
    freshness: Freshness = field(default_factory=Freshness)
