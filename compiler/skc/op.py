"""What an op is: a value that describes one kind of step completely.

An op is one file in `skc/ops`. `apply` in NumPy defines its meaning; `lower` emits the same in ONNX and shares no code
with it, so that comparing the two can reveal a mistake in either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, dataclass_transform

import pydantic
import pydantic.dataclasses

from skc.codes import Code
from skc.diagnostics import SkcError, Span, fail
from skc.emit.blocks import GraphBlock
from skc.ir import BINS, LOCAL_TIME
from skc.stats.requests import ColumnStats, Stat
from skc.translation import Claim
from skc.values.types import Block, Scalar, ValueType, concat_blocks
from skc_runtime.kinds import KINDS, LIMITS, YEARS, Array, DType, for_every_kind

P = TypeVar("P")  # an op's parameters
S = TypeVar("S")  # what it learns
T = TypeVar("T")
Names = tuple[str, ...]
Met = Literal["unknown", "clipped", "outside"]
# How an op takes its inputs: each column separately, the columns of one block together, or several separate values.
Arity = Literal["columns", "block", "values"]
Decision = Literal["category", "edge", "last bit"]
Known = tuple[Scalar, ...] | None  # all values that a column can hold, ascending; None where they are not known
# The conversions that the op `cast` offers.
CASTS: Mapping[DType, tuple[DType, ...]] = for_every_kind(
    {
        "float64": ("int64", "bool"),
        "float32": (),  # is float64 before any step
        "int64": ("float64", "bool", "string", "timestamp", "date", "time"),
        "bool": ("float64", "int64", "string"),
        "string": ("int64", "bool"),
        "timestamp": ("date", "int64"),
        "date": ("timestamp", "int64"),
        "time": ("int64",),
    }
)
SMALL = 2**24  # every integer up to here is a float32


@dataclass_transform(frozen_default=True, kw_only_default=True)
def parameters(cls: type[Any]) -> Any:
    """A frozen dataclass whose fields are checked: unknown keys, wrong types and values out of bounds are refused."""
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    return pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=config)(cls)


@dataclass(frozen=True)
class NoState:
    """The state of an op that learns nothing."""


@dataclass(frozen=True)
class Case:
    """One fixed scenario of an op: training rows, input rows, and the expected output.

    `target` is the type of the target, the last value of each row of `fit`; None if there is none.

    `state` is that of an op that is fitted elsewhere; any other learns from the rows `fit`.

    `columns` maps column names to types (`"float64"`, `"string?"` where nullable); rows are tuples in that order, None
    is null. `expect` holds the output rows; `guards` the (code, row, input column) that must be flagged, and the
    output of such a row is not compared. `shows` lists the critical points of the module's docstring.
    """

    name: str
    shows: Names
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Scalar]]
    expect: Sequence[Sequence[Scalar]]
    params: Mapping[str, Any] = field(default_factory=dict)
    fit: Sequence[Sequence[Scalar]] = ()
    state: Any = None
    guards: Sequence[tuple[str, int, int]] = ()
    refused: str | None = None  # the code of the diagnostic, where fitting or checking must fail
    names: Names | None = None  # the output column names, where they matter
    target: DType | None = None


@dataclass(frozen=True)
class Concern:
    """The text of a warning about a column that was fitted without an error."""

    code: Code
    text: str
    hint: str


@dataclass(frozen=True)
class Fault:
    """A mistake that fitting could make: its description, and the state that fitting would then learn."""

    kind: str
    what: str
    state: Any


@dataclass(frozen=True)
class Carrying(Generic[P, S]):
    """How the comparisons of a step are made of other columns: those that its input columns were computed from.

    edges(params, state, k) -> the numbers that input column k is compared with as `x <= edge`, ascending, float64 [E]
    moved(params, state, edges) -> the op, the parameters and the state of the same step for other columns, which are
        compared with `edges[k][i]` instead of the i-th edge of column k. They ascend, but may be equal or infinite
    hint: what to do where they cannot be carried back, other than to compare before the step that is not exact
    """

    edges: Callable[[P, S, int], Array]
    moved: Callable[[P, S, Sequence[Array]], tuple[AnyOp, Any, Any]]
    hint: str | None = None


def always(answer: T) -> Callable[..., T]:
    """For a field of `Op` whose answer does not depend on its arguments."""
    return lambda *arguments: answer


def as_before(params: Any, state: Any, k: int, x: ValueType, known: Known) -> Known:
    """For `levels`: every output is one of the inputs."""
    return known


def _no_state(params: Any, x: ValueType, columns: Sequence[ColumnStats]) -> Any:
    return NoState()


def fitted_elsewhere(params: Any, x: ValueType, columns: Sequence[ColumnStats]) -> Any:
    """The `freeze` of an op whose state only another library can learn."""
    raise cannot_fit("this op")


def cannot_fit(name: str, span: Span | None = None) -> SkcError:
    """The refusal of a step that has no state where skc cannot fit its op."""
    hint = "fit it with scikit-learn, and compile the fitted estimator"
    return fail("SKC119", f"{name} is fitted elsewhere: skc cannot learn it from data", span=span, hint=hint)


def _same_names(params: Any, state: Any, names: Names) -> tuple[Names, ...]:
    return tuple((name,) for name in names)


@dataclass(frozen=True)
class Op(Generic[P, S]):
    """One op. Functions take `params` first, then `state`, then the data; any other order is a type error.

    infer(params, *types) -> ValueType
        The output's type, or an SkcError by `refuse`. `width=None` where it is known only after fitting.
    needs(params, *types) -> statistics required of every input column, of several together by `Covariance`, or with
        the target by `ByTarget`
    freeze(params, type, stats) -> state; `stats[k]` maps each request to its result for column k. `type` is that of the
        first input. It is `fitted_elsewhere` where only another library can learn the state: then no pipeline.yaml may
        name the op
    apply(params, state, block) -> Block, in NumPy: the meaning
    lower(params, state, block) -> GraphBlock, in ONNX
    names(params, state, names) -> the output column names, grouped by the input column they come from
    boundaries(params, state, k, type) -> values of input column k that matter for this state; None is null
    carry_back(params, state, k, values) -> inputs of column k that give these outputs (nearly); [] if none
    arity(params) -> how it takes its inputs. "columns": each separately, so that such steps may be fused, and every
        field of `state` is a tuple with one entry per input column. "block": those of one block together. "values":
        several, as `*blocks`, each of its own type
    marks(params, state, k) -> by kind, the values of column k at which its result changes, such as edges and
        categories; a report counts them by kind. They are among the boundaries, unless there are too many to try
    degenerate(params, state, k) -> the fallback that fitting uses for a statistic that column k does not have, such as
        the scale of a constant column. None if the state shows that there is a statistic; if the statistic may equal
        the fallback, the text says so
    decides_by(params, k, x) -> the only property of a value of input k that its output depends on. "category": which of
        its categories it is, if any, or null. "edge": which bin it is in. "last bit": a comparison or a rounding. For
        each of these, a number that was rounded elsewhere may give a completely different result. None: the value
        itself, so that the error of the output is as small as that of the input
    concerns(params, state, k, x, stats) -> warnings about column k, fitted with these statistics, for instance that it
        learned less than was asked for. Following the hint must make the warning disappear
    levels(params, state, k, x, known) -> all values that the first output column of input column k can hold, given
        those of the input column: its bins, the hours of a day. An op that takes categories counts all of them, seen
        or not. Not called for bool, which has two
    ids(params, state, k) -> the id of each category that it learned for input column k, by which an embedding or a
        model is indexed
    met(params, state, block) -> by kind, bool [N, K]: the values that the op serves although it does not know them:
        not a category ("unknown"), beyond a bound and replaced by it ("clipped"), or beyond what fitting saw and used
        all the same ("outside"). A report counts them in the user's rows, and so does a service, if `lower` says the
        same by `signal(kind, mask)`. An op on "values" takes `*blocks`, and has a column for each of theirs
    met_edges(params, state, k) -> values of input column k at which `met` changes, besides its boundaries. They are
        tried where the graph signals
    made_null: what it means if a value becomes null: "invalid" is what the op could not make sense of, "null" what the
        pipeline says is null. Counted for an op whose output may be null where its inputs are not, unless its `met`
        has "unknown"
    is_small(params, inputs_are) -> its int64 outputs are at most SMALL in magnitude, so that floats hold them exactly:
        by their nature (ids, bins, hours), or because its inputs are
    faults(params, state) -> what a faulty fit would have learned: a self-check plants it
    is_whole(params, x) -> its float64 outputs are whole numbers
    ignores_hours(params) -> its result does not change when a time zone's offset changes by whole hours
    carry: for an op that only compares its input with edges, how it compares another column with other edges. Its
        `infer` then takes values that are `compared`

    unlearnable(params) -> the refusal of parameters with which only another library can learn the state, if they are
    switches(params, state, k) -> for an op on "values", the values of input k of which each makes the op another
        function of its other inputs, such as the numbers of folds

    sklearn: by the full name of a scikit-learn class, how one that is fitted becomes this op with its state

    An op that is `null_blind` checks `valid` before it reads a value, so the value stored under a null is irrelevant.
    An op that `replaces_null` replaces each null by a value of the type.
    An op that `uses_timezone` depends on tzdata, whose version goes into the manifest, unless its `timezone` is None.
    An op that `uses_unicode` has tables of the Python that fits in its state; their version goes into the manifest.
    `from_file` names a parameter, a mapping, that may be read from a file: under its name and `_from`.
    `exact` promises identical bits everywhere; other outputs agree to 1e-6.
    """

    name: str
    doc: str
    params: type[P]
    state: type[S]
    infer: Callable[[P, ValueType], ValueType]
    apply: Callable[[P, S, Block], Block]
    lower: Callable[[P, S, GraphBlock], GraphBlock]
    boundaries: Callable[[P, S, int, ValueType], list[Scalar]]
    cases: tuple[Case, ...]
    needs: Callable[[P, ValueType], tuple[Stat, ...]] = always(())
    freeze: Callable[[P, ValueType, Sequence[ColumnStats]], S] = _no_state
    names: Callable[[P, S, Names], tuple[Names, ...]] = _same_names
    carry_back: Callable[[P, S, int, list[Scalar]], list[Scalar]] | None = None
    arity: Callable[[P], Arity] = always("columns")
    marks: Callable[[P, S, int], Mapping[str, Sequence[Scalar]]] = always({})
    degenerate: Callable[[P, S, int], str | None] = always(None)
    decides_by: Callable[[P, int, ValueType], Decision | None] = always(None)
    concerns: Callable[[P, S, int, ValueType, ColumnStats], Sequence[Concern]] = always(())
    levels: Callable[[P, S, int, ValueType, Known], Known] = always(None)
    ids: Callable[[P, S, int], Mapping[Any, int]] = always({})
    met: Callable[[P, S, Block], Mapping[Met, Array]] = always({})
    met_edges: Callable[[P, S, int], Sequence[Scalar]] = always(())
    is_small: Callable[[P, bool], bool] = always(False)
    faults: Callable[[P, S], Sequence[Fault]] = always(())
    is_whole: Callable[[P, ValueType], bool] = always(False)
    ignores_hours: Callable[[P], bool] = always(False)
    unlearnable: Callable[[P], SkcError | None] = always(None)
    switches: Callable[[P, S, int], Sequence[Scalar]] = always(())
    carry: Carrying[P, S] | None = None
    sklearn: Mapping[str, Claim] = field(default_factory=dict)
    made_null: Literal["invalid", "null"] = "invalid"
    exact: bool = True
    internal: bool = False
    null_blind: bool = False
    replaces_null: bool = False
    uses_timezone: bool = False
    uses_unicode: bool = False
    from_file: str | None = None

    @property
    def is_fitted_elsewhere(self) -> bool:
        """Only another library can learn its state."""
        return self.freeze is fitted_elsewhere

    def is_columnwise(self, params: P) -> bool:
        """Each column is processed separately."""
        return self.arity(params) == "columns"

    def is_variadic(self, params: P) -> bool:
        """It takes its input values separately, as `*blocks`; any other op takes them joined in one block."""
        return self.arity(params) == "values"

    def arguments(self, params: P, blocks: Sequence[Block]) -> Sequence[Block]:
        """The arguments of `apply` after the state."""
        return blocks if self.is_variadic(params) else [concat_blocks(blocks)]


AnyOp = Op[Any, Any]


def is_shown(op: AnyOp) -> bool:
    """A user sees its steps: those that were written, or that take the place of one (`skc.carry`)."""
    return not op.internal or op.name in (BINS, LOCAL_TIME)


def is_small_kind(dtype: DType) -> bool:
    """Every value of the kind is, as an integer, at most SMALL in magnitude."""
    bounds = (0, 1) if dtype == "bool" else KINDS[dtype].range
    return bounds is not None and all(abs(bound) <= SMALL for bound in bounds)


def refuse(code: Code, message: str, hint: str | None = None) -> SkcError:
    """An error about an op's parameters or types; the caller adds the location."""
    return fail(code, message, hint=hint)


def require(x: ValueType, *dtypes: DType, op: str) -> None:
    """Refuse a block whose type the op does not take."""
    if x.dtype not in dtypes:
        raise refuse(
            "SKC120",
            f"`{op}` takes {' or '.join(dtypes)}, not {x.dtype}",
            hint=_conversion_hint(dtypes, x.dtype),
        )


def _conversion_hint(accepted: Sequence[DType], actual: DType) -> str:
    """The hint for a step that does not take a type: what to put before it."""
    if actual == "string" and set(accepted) <= LIMITS.keys():
        return "put `parse_datetime` before this step"
    if actual == "string" and "float64" in accepted:
        return "put `parse_number` before this step, or declare the input `{type: float64, text: number}`"
    if actual in YEARS and YEARS.keys().isdisjoint(accepted):
        return "put `datetime_part` before this step, or turn two timestamps into a number with `elapsed`"
    if KINDS[actual].is_clock and any(KINDS[dtype].is_number for dtype in accepted):
        return "put `datetime_part` before this step, or `{cast: {to: int64}}` for microseconds since midnight"
    to = next((dtype for dtype in accepted if dtype in CASTS[actual]), None)
    if to is None:
        return "declare another type for the input"
    return f"put `{{cast: {{to: {to}}}}}` before this step, or declare the input {to}"


def compared(x: ValueType, *, op: str) -> ValueType:
    """The type of the values that a step compares, whose comparisons can be carried back (`Op.carry`); else refused."""
    if not x.carries:
        require_exact(x, op=op)
    return x.with_(exact=True, carries=False)


def require_exact(x: ValueType, *, op: str) -> None:
    """Refuse to decide (a bin, a category, a rounding) on a value that may differ in its last bits elsewhere."""
    if not x.exact:
        raise refuse(
            "SKC121",
            f"`{op}` would depend on a value whose last bits differ between machines (it follows a log, exp or sine)",
            hint=f"put `{op}` before the step that is not exact, or remove one of the two",
        )
