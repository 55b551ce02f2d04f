"""The pipeline as data: inputs, steps in topological order, features and outputs. Frozen, printable, comparable.

The same shapes serve before and after fitting: a fitted pipeline is one in which every step has its state. A value is
what an input or a step produces; it has a name (`inputs/fare`, `amounts/1:log1p`) and is used through a `Ref`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from skc.diagnostics import Span, bug
from skc.values.types import Scalar
from skc_runtime.kinds import ELEMENTS, KINDS, DType, Kind, OutputDType, for_every_kind
from skc_runtime.manifest import LogSpec

# Ops that are nodes of this IR rather than steps that a user applies: one normalises a raw input, one computes from
# several values, one guards integers on their way into floats, two let a step decide on an exact value (`skc.carry`),
# and one reads the local times of an input. They are in `ops/internal`; no other op is referred to by name outside
# `ops`.
NODES = ("source", "expr", "narrow", "stand_in", "bins", "local_time")
SOURCE, EXPRESSION, NARROW, STAND_IN, BINS, LOCAL_TIME = NODES
# The outputs of a model, in addition to its features.
MODEL_OUTPUTS = ("prediction", "probability", "decision")
# The dtypes that a value may be output as; any other cast would lose or invent something (see the op `cast`).
LEAVES_AS: Mapping[DType, tuple[OutputDType, ...]] = for_every_kind(
    {
        "float64": ("float32", "float64"),
        "float32": ("float32", "float64"),
        "int64": ("float32", "float64", "int64"),
        "bool": ("float32", "float64", "int64", "bool"),
        "string": ("string",),
        "timestamp": ("int64",),
        "date": ("int64",),
        "time": ("int64",),
    }
)
HOLDS: Mapping[OutputDType, tuple[DType, ...]] = {
    dtype: tuple(kind for kind, dtypes in LEAVES_AS.items() if dtype in dtypes) for dtype in ELEMENTS
}


@dataclass(frozen=True)
class Ref:
    """A value, or the columns `start` to `stop` of it."""

    value: str
    start: int | None = None
    stop: int | None = None

    def __str__(self) -> str:
        return self.value if self.start is None else f"{self.value}[{self.start}:{self.stop}]"


@dataclass(frozen=True)
class Zone:
    """The time zone of an input whose values are local times, and its policies: see the op `local_time`."""

    timezone: str
    ambiguous: str = "error"
    nonexistent: str = "error"


@dataclass(frozen=True)
class Input:
    """One named column of a request, and which of its values count as null.

    `null_values` of the input's own type mean null in the graph; strings on a non-string input mean null only where
    text is read (a CSV file). `text` is "number" where a string may hold a number. A timestamp with a `zone` is a
    local time, in microseconds of the clock on the wall, until the step `local_time` reads it. `true_values` and
    `false_values` are texts that a bool is written as in files of text; where there are any, those of `ReadOptions` do
    not apply to it.
    """

    name: str
    dtype: DType
    nullable: bool = False
    nan: Literal["null", "error"] = "null"
    null_values: tuple[Scalar, ...] = ()
    text: Literal["number"] | None = None
    zone: Zone | None = None
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)

    @property
    def value(self) -> str:
        return f"inputs/{self.name}"

    @property
    def kind(self) -> Kind:
        """Its type, as far as it is known."""
        return KINDS[self.dtype]


@dataclass(frozen=True)
class Step:
    """One op with its parameters, applied to some values. `state` is what fitting learned, None before fitting.

    `origins` names, for each input column of a fused step, the step it came from; empty for a step that is not fused.
    """

    name: str
    op: str
    params: Any
    inputs: tuple[Ref, ...]
    state: Any = None
    origins: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Feature:
    """A name for the value that a chain of steps (or an input) ends in."""

    name: str
    ref: Ref
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Output:
    """One output tensor: the columns of some values side by side, cast to `dtype`.

    `labels`, if present, names the feature of each value, and its columns are named after that. `columns`, if present,
    names every column instead.
    """

    name: str
    refs: tuple[Ref, ...]
    dtype: OutputDType
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)


WORDS = ("true_values", "false_values")  # how an input, or a file, writes bools
WHITESPACE = "whitespace"  # as a separator: one blank or more, and none at the ends of a line


@dataclass(frozen=True)
class ReadOptions:
    """How files of text are written. It decides how rows are read, and never what a request is.

    `separator` is None where the name of a file decides: tabs in a .tsv, else commas. A `quote` of "" means that no
    field is quoted. `header` is True (the first row has the names), False (no row has), the number of the row that has
    them (from 1), or the names themselves, of a file without a header. `null_values` are texts that mean null in every
    input that does not list its own. `sheet` is the name of a sheet in an .xlsx file; "" if it has only one.
    """

    separator: str | None = None
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    quote: str = '"'
    header: bool | int | tuple[str, ...] = True
    skip_rows: int = 0
    skip_footer: int = 0
    comment: str = ""
    trim: bool = False
    null_values: tuple[str, ...] = ()
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    sheet: str = ""

    def of(self, value: Input) -> ReadOptions:
        """These options, with the input's own words for true and false if it has any."""
        if not value.true_values and not value.false_values:
            return self
        return replace(self, true_values=value.true_values, false_values=value.false_values)


@dataclass(frozen=True)
class DataSource:
    """Where training rows come from: a path or glob, and a SQL predicate in DuckDB's dialect. `options` say how its
    files are read, and any that are given in its place. `target` is a column that training rows have and requests do
    not, from which steps may learn; `event_time` is the column that has the time of their labels.
    """

    path: str | None = None
    where: str | None = None
    table: str | None = None
    options: ReadOptions = ReadOptions()
    span: Span | None = field(default=None, compare=False)
    target: Input | None = None
    event_time: str | None = None


@dataclass(frozen=True)
class ModelSource:
    """A fitted model that goes behind a pipeline, and the output whose columns are its features.

    `reference` is where it is kept: `module:object`, or the path of a file.
    """

    reference: str
    features: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ProfileOptions:
    """What of the training rows is written into the artifact's profile.

    Nothing of the inputs in `omit`; at most `top` categories of a column, each of at least `minimum` rows; the least
    and the greatest value only with `bounds`.
    """

    omit: tuple[str, ...] = ()
    top: int = 1000
    minimum: int = 10
    bounds: bool = True


@dataclass(frozen=True)
class Scale:
    """From which value on an effect is minor, moderate or severe; None if it never is."""

    minor: float | None
    moderate: float | None
    severe: float | None


Scales = tuple[tuple[str, Scale], ...]  # by the name of a measure


@dataclass(frozen=True)
class DriftScales:
    """Which drift is worth a finding: scales of measures for all columns, and for single ones, in full.

    None for a column that is not watched. What is not here has the defaults of `skc.profile.scales`. A column is an
    input, an output column, or what a step met, by the name that a report gives it.
    """

    measures: Scales = ()
    columns: tuple[tuple[str, Scales | None], ...] = ()
    span: Span | None = field(default=None, compare=False)  # of the columns


@dataclass(frozen=True)
class LookUp:
    """An input whose value is looked up when a request is served, and so may be old.

    `as_of` is the column of training rows, and the input of requests if there is one of that name, that has the time
    of the value.
    """

    max_age_us: int | None = None
    as_of: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Freshness:
    """Which inputs are looked up, and what is expected of them; None where nothing is.

    `event_time` is the column of training rows that has the time of their labels. The age of an input with a `max_age`
    is held to that instead of `p95_age_us`.
    """

    inputs: tuple[tuple[str, LookUp], ...] = ()
    event_time: str | None = None
    hit_rate: float | None = 0.95
    p95_age_us: int | None = 10_000_000
    fetch_p99_us: int | None = 5_000

    def of(self, name: str) -> LookUp:
        """What is declared of an input."""
        return dict(self.inputs).get(name, LookUp())


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline, before or after fitting. Steps are in topological order.

    `model` has yet to be put behind it, once it is fitted; None after that, or if it has none. `profile` is None if its
    artifact has none. `log` says what a request log must not show; `drift` is frozen in the profile. With `signals` the
    graph also says which values were null, unknown, invalid, clipped or out of range, and runtimes count them.
    `freshness` says what is expected of inputs that are looked up.
    """

    name: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    features: tuple[Feature, ...]
    outputs: tuple[Output, ...]
    data: DataSource | None = field(default=None, compare=False)
    model: ModelSource | None = field(default=None, compare=False)
    profile: ProfileOptions | None = field(default_factory=ProfileOptions, compare=False)
    log: LogSpec = field(default_factory=LogSpec, compare=False)
    drift: DriftScales = field(default_factory=DriftScales, compare=False)
    signals: bool = field(default=False, compare=False)
    freshness: Freshness = field(default_factory=Freshness, compare=False)

    def verify(self) -> None:
        """Raise when a step uses a value that is not defined before it, or a name is defined twice."""
        known: set[str] = set()
        for name in [value.value for value in self.inputs]:
            _define(known, name)
        for step in self.steps:
            _check_known(known, step.inputs, step.name)
            _define(known, step.name)
        for feature in self.features:
            _check_known(known, [feature.ref], feature.name)
        for output in self.outputs:
            _check_known(known, output.refs, output.name)

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def behind(self, values: Iterable[str]) -> frozenset[str]:
        """The values (inputs and steps) that some values are computed from, themselves included."""
        names = set(values)
        for step in reversed(self.steps):
            if step.name in names:
                names |= {ref.value for ref in step.inputs}
        return frozenset(names)

    def with_steps(self, steps: Iterable[Step]) -> Pipeline:
        """The same pipeline with other steps, checked."""
        changed = replace(self, steps=tuple(steps))
        changed.verify()
        return changed

    def text(self) -> str:
        """One stable line per input, step and output, for people and for tests."""
        lines = [f"pipeline {self.name}"]
        lines += [f"  {i.value}: {i.dtype}{'?' if i.nullable else ''}" for i in self.inputs]
        for step in self.steps:
            state = "" if step.state is None else f" {step.state}"
            lines.append(f"  {step.name} = {step.op}({', '.join(map(str, step.inputs))}) {step.params}{state}")
        lines += [f"  -> {o.name}: {o.dtype} = {', '.join(map(str, o.refs))}" for o in self.outputs]
        return "\n".join(lines)


def _define(known: set[str], name: str) -> None:
    if name in known:
        raise bug(f"value `{name}` is defined twice")
    known.add(name)


def _check_known(known: set[str], refs: Iterable[Ref], user: str) -> None:
    for ref in refs:
        if ref.value not in known:
            raise bug(f"`{user}` uses `{ref.value}` before it is defined")
