"""The options of `compile`, `verify` and `diff`: each once, with its default, its bounds and what it excludes.

Why: the command line makes its flags from these fields, and the functions of `skc.api` and `skc.skew_api` make the same
values from their arguments. So both refuse the same, with the same words, before any work is done. A new option is a
field here, an argument of its function there, and the code that uses it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from skc.comparison.rules import Rule, read_rule
from skc.diagnostics import fail
from skc.skew.freshness.rules import FreshnessRule, read_freshness_rule
from skc.skew.parity.rules import ParityRule, read_parity_rule
from skc.skew.replay.rules import ReplayRule, read_key, read_replay_rule
from skc.skew.replay.times import read_time
from skc.skew.rules import DriftRule, read_drift_rule

PathLike = str | os.PathLike[str]
Format = Literal["text", "json"]
PageFormat = Literal["text", "json", "html"]
ReportFormat = Literal["text", "json", "junit", "github", "html"]
SignatureName = Literal["columns", "packed"]
Tolerance = Literal["bits", "1e-6"]
FloatName = Literal["float32", "float64"]
TableName = Literal["parquet", "csv", "arrow"]  # see `skc.streaming`, which writes them
RefusedName = Literal["error", "column"]  # see `skc_runtime.tables`
EngineName = Literal["duckdb", "spark", "postgres"]  # see `skc.data.default`, which loads one
StateEngineName = Literal["duckdb", "spark"]  # those that run Python where the rows are
E = TypeVar("E", EngineName, StateEngineName)
Dates = Literal["day-first", "month-first"]
MOST_ROWS = 10_000_000  # all of them are in memory
LIMIT = 256  # megabytes of the distinct values of a column in a state
HINTS = {0: "give a whole number of 0 or more", 1: "give a number of 1 or more, or leave it out"}
DATA = "CSV, Parquet, JSON, Arrow or .xlsx files (a path, glob or folder), or a database table."


@dataclass(frozen=True)
class Flag:
    """A field on the command line: its description, its names, and its type there."""

    about: str
    names: tuple[str, ...] = ()  # if not `--` and the name of the field
    typed: Any = None  # its type on the command line, if not that of the field
    minimum: int | None = None
    maximum: int | None = None
    read: Callable[[Any], Any] | None = None  # from the typed text (None without the flag) to the value

    def value(self, typed: Any) -> Any:
        """The field's value."""
        return typed if self.read is None else self.read(typed)


def _flag(default: Any, about: str, *names: str, **facts: Any) -> Any:
    return field(default=default, metadata={"flag": Flag(about, names, **facts)})


def _rows() -> Any:
    return _flag(10_000, "The number of generated records to try.", minimum=0, maximum=MOST_ROWS)


def _seed() -> Any:
    return _flag(0, "The seed of the generated records.", minimum=0)


def _budget() -> Any:
    about = "End the verification after this time, such as 30s, 5m or 1h; what was not tried is reported."
    return _flag(None, about)


_BUDGET = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
BUDGET_HINT = "give a time above 0 with its unit, such as 30s, 1.5m or 1h, or leave it out"
LONGEST_BUDGET = 1_000_000  # hours


def seconds_of(budget: object) -> float | None:
    """The seconds of a budget; None without one. Raises SKC140."""
    if budget is None:
        return None
    written = _BUDGET.fullmatch(budget) if isinstance(budget, str) else None
    seconds = 0.0 if written is None else float(written[1]) * _SECONDS[written[2]]
    if not 0.001 <= seconds <= LONGEST_BUDGET * _SECONDS["h"]:
        raise fail("SKC140", f"`budget` is {budget!r}", hint=BUDGET_HINT)
    return seconds


def _trust_pickle() -> Any:
    return _flag(False, "scikit-learn: load a pickle, which runs the code in it.", "--trust-pickle")


def _trust_type() -> Any:
    about = "scikit-learn: a type in a .skops file that may be loaded."
    return _flag((), about, typed=list[str] | None, read=lambda names: tuple(names or ()))


def _allow_version() -> Any:
    return _flag(False, "scikit-learn: accept an estimator that another version fitted.", "--allow-version")


def _trust_model() -> Any:
    about = "A pipeline.yaml: import its `model`, or load it from a pickle, which runs code."
    return _flag(False, about, "--trust-model")


def _own_plan() -> Any:
    about = "A log: leave out files of another pipeline, instead of refusing them."
    return _flag(False, about, "--own-plan")


def _signature() -> Any:
    return _flag("packed", "One tensor per type of the inputs (the default), or one per input.")


def _verify() -> Any:
    return _flag(True, "Verify the artifact against its reference.", "--verify/--no-verify")


def _signals() -> Any:
    about = "Let runtimes count values that are null, unknown, invalid, clipped or out of range."
    return _flag(False, about, "--signals")


def _threads() -> Any:
    return _flag(None, "The number of threads of the engine; all cores by default.", minimum=1)


def _engine() -> Any:
    return _flag("duckdb", "What holds the rows to fit on: this machine, a cluster, or a database.")


def _master() -> Any:
    return _flag(None, "Spark: the URL of its master, such as local[2], spark://HOST:7077 or yarn.")


def engine_for(data: Any, engine: E) -> E | Literal["spark"]:
    """Which engine reads the data of a call: a DataFrame of Spark says it by itself."""
    from skc.data.sources import is_spark_frame  # takes a while to load, and the command line does not ask

    return "spark" if engine == "duckdb" and is_spark_frame(data) else engine


def _check_engine(engine: str, threads: int | None, master: str | None) -> None:
    """Refuse what is for another engine. Raises SKC140."""
    if engine == "spark" and threads is not None:
        raise fail("SKC140", "--threads is for DuckDB: a master of Spark has its cores", hint="give --master local[N]")
    if engine == "postgres" and threads is not None:
        hint = "leave it out: the server decides"
        raise fail("SKC140", "--threads is for DuckDB: Postgres has workers of its own", hint=hint)
    if engine != "spark" and master is not None:
        raise fail("SKC140", "--master is for Spark", hint="give --engine spark too, or leave out --master")


def _rules(rules: list[str] | None) -> tuple[str, ...]:
    return tuple(rule.strip() for text in rules or () for rule in text.split(","))


def _versions(text: str | None) -> tuple[str, ...]:
    return tuple(version.strip() for version in text.split(",")) if text else ()


@dataclass(frozen=True, kw_only=True)
class Options:
    """Checks every number and every choice, since callers in Python may pass anything. Raises SKC140."""

    def __post_init__(self) -> None:
        types = get_type_hints(type(self))
        for f in fields(self):
            value, flag, choices = getattr(self, f.name), f.metadata["flag"], _choices(types[f.name])
            if value is None and f.default is None:
                continue
            if flag.minimum is not None and (not _is_whole(value) or value < flag.minimum):
                raise fail("SKC140", f"`{f.name}` is {value!r}", hint=HINTS[flag.minimum])
            if flag.maximum is not None and value > flag.maximum:
                raise fail("SKC140", f"`{f.name}` is {value:,}", hint=f"give at most {flag.maximum:,}")
            if choices and value not in choices:
                raise fail("SKC140", f"`{f.name}` is {value!r}", hint=f"choose {' or '.join(choices)}")


def _is_whole(value: Any) -> bool:
    """An integer, NumPy's too, but not True or False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _choices(declared: Any) -> tuple[str, ...]:
    """The words that a field can be, if it is a Literal, or a Literal and None."""
    return tuple(
        word for one in (declared, *get_args(declared)) if get_origin(one) is Literal for word in get_args(one)
    )


@dataclass(frozen=True, kw_only=True)
class CompileOptions(Options):
    """The options of `skc compile`."""

    data: Any = _flag(None, DATA, typed=str | None)
    signature: SignatureName = _signature()
    force: bool = _flag(False, "Replace an existing artifact.", "--force")
    verify: bool = _verify()
    rows: int = _rows()
    seed: int = _seed()
    budget: str | None = _budget()
    threads: int | None = _threads()
    engine: EngineName = _engine()
    master: str | None = _master()
    dtype: FloatName | None = _flag(None, "scikit-learn: the dtype of the features; float64 by default.")
    trust_pickle: bool = _trust_pickle()
    trust_type: tuple[str, ...] = _trust_type()
    allow_version: bool = _allow_version()
    trust_model: bool = _trust_model()
    profile: bool = _flag(
        True, "Write into the artifact what the columns of the training rows look like.", "--profile/--no-profile"
    )
    signals: bool = _signals()
    format: Format = _flag("text", "How to print the result.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if seconds_of(self.budget) is not None and not self.verify:
            hint = "leave out --budget or --no-verify"
            raise fail("SKC140", "a budget is for a verification, and there is none", hint=hint)
        _check_engine(self.engine, self.threads, self.master)

    def read_by(self, engine: EngineName) -> CompileOptions:
        """The same, where the data turns out to lie where one engine alone reads it. Raises SKC140."""
        if self.engine not in ("duckdb", engine):
            message = f"the data is read by --engine {engine} alone, and --engine {self.engine} is given"
            raise fail("SKC140", message, hint="leave out --engine")
        return replace(self, engine=engine)


@dataclass(frozen=True, kw_only=True)
class TransformOptions(Options):
    """The options of `skc transform`. Raises SKC140 for those that need or exclude each other."""

    table: TableName | None = _flag(None, "The format of FILE, if not that of its name; of stdout, csv if not given.")
    keep: tuple[str, ...] = _flag(
        (),
        "A column of DATA to copy unchanged, after the features.",
        typed=list[str] | None,
        read=lambda names: tuple(names or ()),
    )
    plain_names: bool = _flag(False, "Several outputs: name columns without their output.", "--plain-names")
    refused: RefusedName = _flag(
        "error", "What becomes of rows that are refused: an error, or a column `refused` that says why."
    )
    force: bool = _flag(False, "Replace the file if it exists.", "--force")
    engine: StateEngineName = _flag("duckdb", "What reads the rows: this machine, or a cluster, which writes a folder.")
    master: str | None = _master()
    format: Format = _flag("text", "How to print the result.")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_engine(self.engine, None, self.master)
        if self.engine == "spark" and self.table not in (None, "parquet"):
            hint = "leave out --table"
            raise fail("SKC140", f"Spark writes a folder of Parquet files, and --table is {self.table}", hint=hint)


@dataclass(frozen=True, kw_only=True)
class FitOptions(Options):
    """The options of `skc fit`."""

    data: Any = _flag(None, DATA, typed=str | None)
    limit: int = _flag(LIMIT, "The most megabytes that the distinct values of a column may take.", minimum=1)
    profile: bool = _flag(True, "Keep what the profile of an artifact needs.", "--profile/--no-profile")
    force: bool = _flag(False, "Replace the file if it exists.", "--force")
    threads: int | None = _threads()
    engine: StateEngineName = _flag("duckdb", "What holds the rows: this machine, or a cluster.")
    master: str | None = _master()
    format: Format = _flag("text", "How to print the result.")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_engine(self.engine, self.threads, self.master)


@dataclass(frozen=True, kw_only=True)
class MergeOptions(Options):
    """The options of `skc merge`."""

    pipeline: Any = _flag(
        None, "The pipeline.yaml, if not the one that the states were written with.", typed=str | None
    )
    allow_overlap: bool = _flag(False, "Merge states of the same file, whose rows then count twice.", "--allow-overlap")
    signature: SignatureName = _signature()
    force: bool = _flag(False, "Replace what exists.", "--force")
    verify: bool = _verify()
    rows: int = _rows()
    seed: int = _seed()
    budget: str | None = _budget()
    trust_pickle: bool = _trust_pickle()
    trust_type: tuple[str, ...] = _trust_type()
    allow_version: bool = _allow_version()
    trust_model: bool = _trust_model()
    signals: bool = _signals()
    format: Format = _flag("text", "How to print the result.")


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Options):
    """The options of `skc check`."""

    data: Any = _flag(None, "Rows to check too; for scikit-learn some of what `fit` was given.", typed=str | None)
    trust_pickle: bool = _trust_pickle()
    trust_type: tuple[str, ...] = _trust_type()
    allow_version: bool = _allow_version()
    format: Format = _flag("text", "How to print the result.")


@dataclass(frozen=True)
class Exclusion:
    """`option` excludes each of `others`, and with `plain` every format but text and JSON."""

    option: str
    others: tuple[str, ...]
    message: str
    hint: str
    plain: bool = False


PLAIN_HINT = "print text or json, or leave out --self-check and --onnxruntime"
EXCLUSIONS = (
    Exclusion(
        "self_check",
        ("data", "record", "onnxruntime", "save", "against"),
        "a self-check uses only the rows that skc generates",
        "leave out --data, --record, --onnxruntime, --save and --against",
        plain=True,
    ),
    Exclusion("against", ("record",), "an estimator is compared on many rows", "leave out --record or --against"),
    Exclusion("record", ("data",), "a record is verified alone, without data", "give `--record` or `--data`"),
    Exclusion(
        "onnxruntime",
        ("record",),
        "other versions of ONNX Runtime are tested on many rows, not on one record",
        "leave out --record or --onnxruntime",
        plain=True,
    ),
    Exclusion(
        "save",
        ("record",),
        "verified.json records a full verification, not that of one record",
        "leave out --record or --save",
    ),
    Exclusion(
        "budget",
        ("record", "self_check", "onnxruntime", "save"),
        "a budget may leave rows out, and is for a verification alone",
        "leave out --budget, or --record, --self-check, --onnxruntime and --save",
    ),
)


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(Options):
    """The options of `skc verify`. Raises SKC140 for options that exclude each other."""

    data: Any = _flag(None, DATA, typed=str | None)
    rows: int = _rows()
    seed: int = _seed()
    budget: str | None = _budget()
    record: str | None = _flag(None, "Verify only this record, given as JSON, or @FILE.")
    self_check: bool = _flag(
        False, "Plant faults in the artifact, and report which of them are detected.", "--self-check"
    )
    onnxruntime: tuple[str, ...] = _flag(
        (),
        "Also run under these versions of ONNX Runtime, such as `1.21,1.24,latest`; each is installed.",
        typed=str | None,
        read=_versions,
    )
    against: Any = _flag(
        None,
        "Also compare with an estimator of scikit-learn: module:object, or a file; --data is the sample.",
        typed=str | None,
    )
    trust_pickle: bool = _trust_pickle()
    trust_type: tuple[str, ...] = _trust_type()
    allow_version: bool = _allow_version()
    save: bool = _flag(False, "Write verified.json into the artifact's folder.", "--save")
    key: str | bytes | os.PathLike[str] | None = _flag(
        None, "The public key, in PEM, that it must be signed with.", typed=Path | None
    )
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds_of(self.budget)
        for rule in EXCLUSIONS:
            if not self._has(rule.option):
                continue
            if any(self._has(name) for name in rule.others):
                raise fail("SKC140", rule.message, hint=rule.hint)
            if rule.plain and self.format not in ("text", "json"):
                raise fail("SKC140", f"`--format {self.format}` shows a verification alone", hint=PLAIN_HINT)

    def _has(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and value is not False and not (isinstance(value, tuple) and not value)


@dataclass(frozen=True, kw_only=True)
class DiffOptions(Options):
    """The options of `skc diff`. Raises SKC140 for an unknown rule, or one that cannot be checked."""

    data: Any = _flag(None, DATA, typed=str | None)
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 if such a change is found: moved-ids, inputs, rows>0.01, statistics>0.1, any, …",
        typed=list[str] | None,
        read=_rules,
    )
    format: Format = _flag("text", "How to print the result.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for rule in self.rules():
            if rule.subject == "rows" and self.data is None:
                raise fail("SKC140", f"`{rule.text}` needs rows", hint="give some with --data")

    def rules(self) -> tuple[Rule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_rule, self.fail_on))


@dataclass(frozen=True, kw_only=True)
class DriftOptions(Options):
    """The options of `skc drift`. Raises SKC140 for an unknown rule, or options that need each other."""

    thresholds: PathLike | None = _flag(
        None, "A file that has what `drift` of a pipeline.yaml has, and goes before it.", typed=Path | None
    )
    prediction: str | None = _flag(None, "Also compare this column, with that of --reference.")
    reference: Any = _flag(
        None, "A table with the predictions on the validation set, or its profile.", typed=str | None
    )
    window: str | None = _flag(None, "Also compare the rows of every window of this length: 15m, 1h, 1d, 1w.")
    by: str | None = _flag(None, "The column of times that the windows are of.")
    group: str | None = _flag(None, "Also compare the rows of every value of this column.")
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 only for: minor, moderate, severe (or worse), columns>0.2; for any finding if not given.",
        typed=list[str] | None,
        read=_rules,
    )
    own_plan: bool = _own_plan()
    strict: bool = _flag(False, "Refuse rows that are too few to tell.", "--strict")
    threads: int | None = _threads()
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules()
        for one, other in (("window", "by"), ("prediction", "reference")):
            for name, needed in ((one, other), (other, one)):
                if getattr(self, name) is not None and getattr(self, needed) is None:
                    raise fail("SKC140", f"--{name} needs --{needed}", hint=f"give --{needed}, or leave both out")

    def rules(self) -> tuple[DriftRule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_drift_rule, self.fail_on))


@dataclass(frozen=True, kw_only=True)
class ParityOptions(Options):
    """The options of `skc parity`. Raises SKC140 for an unknown rule, or options that need or exclude each other."""

    key: str | None = _flag(None, "The column of keys: user_id; user_id=uid, where the online table calls it so.")
    artifact: PathLike | None = _flag(
        None, "The artifact whose inputs are compared, by their types and nulls.", typed=Path | None
    )
    store: Any = _flag(
        None, "A function from a list of keys to their rows, instead of ONLINE: module:get_many.", "--online",
        typed=str | None,
    )  # fmt: skip
    online_key: str | None = _flag(None, 'How the store writes a key: "user:{user_id}".')
    time: str | None = _flag(None, "The column of times, of which the latest row of a key counts.")
    lag: str | None = _flag(None, "How long the store may hold an older value: 30s, 15m, 1h, 1d.")
    sample: int | None = _flag(None, "Compare about so many keys; 100,000 of a store if not given.", minimum=1)
    version: str | None = _flag(None, "What the field `schema` of an online row must be; the plan's hash if not given.")
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 only for: missing, ghosts, stale>0.01, narrowed, other, …; for any finding if not given.",
        typed=list[str] | None,
        read=_rules,
    )
    threads: int | None = _threads()
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules()
        if self.key is None:
            raise fail("SKC140", "the key is not named", hint="write --key user_id, or --key user_id=uid")
        if self.lag is not None and self.time is None:
            raise fail("SKC140", "--lag needs --time", hint="give --time, or leave both out")

    def rules(self) -> tuple[ParityRule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_parity_rule, self.fail_on))


@dataclass(frozen=True, kw_only=True)
class FreshnessOptions(Options):
    """The options of `skc freshness`. Raises SKC140 for an unknown rule, or columns of no table."""

    training: Any = _flag(None, "Training rows, whose values are compared by age.", typed=str | None)
    event: str | None = _flag(None, "Their column with the time of the label, if the pipeline does not say it.")
    feature_time: tuple[str, ...] = _flag(
        (),
        "Their column with the time of an input's value: INPUT=COLUMN.",
        typed=list[str] | None,
        read=lambda names: tuple(names or ()),
    )
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 only for: hit_rate, age, fetch, future, training, leak, unlogged, stale>0.01, misses>0.1, …",
        typed=list[str] | None,
        read=_rules,
    )
    own_plan: bool = _own_plan()
    strict: bool = _flag(False, "Refuse look-ups that are too few to tell.", "--strict")
    threads: int | None = _threads()
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules()
        if self.training is None and (self.event is not None or self.feature_time):
            hint = "give --training, or leave out --event and --feature-time"
            raise fail("SKC140", "--event and --feature-time name columns of --training", hint=hint)

    def rules(self) -> tuple[FreshnessRule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_freshness_rule, self.fail_on))


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(Options):
    """The options of `skc replay`. Raises SKC140 for an unknown rule or time, or options that need each other."""

    training: Any = _flag(
        None, "Also compare with these rows of training: a table, as `skc compile` reads it.", typed=str | None
    )
    key: str | None = _flag(None, "How a request finds its row of training: id=COLUMN, key=COLUMN or an input.")
    time: str | None = _flag(None, "The column of the times of those rows: the latest not after a request is its row.")
    tolerance: Tolerance = _flag(
        "bits", "Features must be the same to the bit; 1e-6 is for logs of another processor architecture."
    )
    since: str | int | None = _flag(
        None, "Replay the requests from this time on, such as 2025-11-10.", typed=str | None
    )
    until: str | int | None = _flag(None, "Replay the requests before this time.", typed=str | None)
    rows: int | None = _flag(None, "Replay only the first so many requests.", minimum=1)
    any_plan: bool = _flag(False, "Replay a log of another pipeline too.", "--any-plan")
    own_plan: bool = _own_plan()
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 only for: served, training, lost, or more than a share of one, such as lost>0.001.",
        typed=list[str] | None,
        read=_rules,
    )
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules()
        if self.key is not None:
            read_key(self.key)
        if (self.training is None) != (self.key is None):
            one, other = ("training", "key") if self.key is None else ("key", "training")
            raise fail("SKC140", f"--{one} needs --{other}", hint=f"give --{other}, or leave both out")
        if self.time is not None and self.training is None:
            raise fail("SKC140", "--time needs --training", hint="give --training and --key, or leave --time out")
        if self.any_plan and self.own_plan:
            raise fail("SKC140", "--own-plan leaves out what --any-plan replays", hint="give one of them")
        if any(rule.subject == "training" for rule in self.rules()) and self.training is None:
            raise fail("SKC140", "a rule about training needs rows of it", hint="give some with --training and --key")
        read_time("since", self.since)
        read_time("until", self.until)

    def rules(self) -> tuple[ReplayRule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_replay_rule, self.fail_on))
