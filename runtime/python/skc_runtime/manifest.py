"""`manifest.json` as frozen data: what a runtime must know to feed the graph and to read its outputs.

Why so strict: the manifest is the contract for every language, and the file that an attacker would edit. A manifest
that does not match `schemas/manifest.v1.schema.json` exactly, or is inconsistent, is refused before anything else of
the artifact is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

from skc_runtime.errors import ArtifactError, shown
from skc_runtime.kinds import ELEMENTS, KINDS, DType, InputElement, Kind, OutputDType
from skc_runtime.strict_json import Fields, malformed, parse

FORMAT = 1
Signature = Literal["columns", "packed"]
SignalKind = Literal["null", "unknown", "invalid", "clipped", "outside"]
REQUIRED_FILES = ("model.onnx", "plan.json", "golden.jsonl")
MOST_FILES = 100
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_OPTIONAL = ("text", "timezone")  # keys of an input that most lack
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RATIO = re.compile(r"0(\.[0-9]{1,12})?|1")
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){1,3}")


@dataclass(frozen=True)
class Slot:
    """A column of an input tensor."""

    tensor: str
    column: int


@dataclass(frozen=True)
class InputSpec:
    """One input of a request. `valid` is the slot in which a nullable input that is not float64 marks its values.

    `text` says whether a string may hold a number. A timestamp with a `timezone` is a local time of that zone, in
    microseconds since 1970-01-01T00:00:00 there, which the graph reads.
    """

    name: str
    type: DType
    nullable: bool
    nan: Literal["null", "error"]
    tensor: str
    column: int
    valid: Slot | None
    text: Literal["number"] | None = None
    timezone: str | None = None

    @property
    def kind(self) -> Kind:
        """Its type, as far as it is known."""
        return KINDS[self.type]

    def describe(self) -> dict[str, Any]:
        """What a caller must know of it, as plain data."""
        plain = {"name": self.name, "type": self.type, "nullable": self.nullable, "nan": self.nan}
        options = {"text": self.text, "timezone": self.timezone}
        return plain | {key: value for key, value in options.items() if value is not None}

    @property
    def slot(self) -> Slot:
        """The slot of its values."""
        return Slot(self.tensor, self.column)


@dataclass(frozen=True)
class TensorSpec:
    """An input tensor [N, width] of the graph."""

    name: str
    dtype: InputElement
    width: int


@dataclass(frozen=True)
class OutputSpec:
    """An output tensor [N, len(columns)]. Columns that are `exact` agree to the bit on every machine."""

    name: str
    dtype: OutputDType
    columns: tuple[str, ...]
    exact: tuple[bool, ...]
    valid: str | None


@dataclass(frozen=True)
class GuardColumn:
    """One column of the guards: rows in which column `input` of `step` violated a policy of `error`."""

    code: str
    step: str
    input: str


@dataclass(frozen=True)
class Guards:
    """The bool output [N, len(columns)] that is true in rows that must not be served."""

    tensor: str
    columns: tuple[GuardColumn, ...]


@dataclass(frozen=True)
class SignalColumn:
    """One column of the signals: rows whose value in column `input` of `step` is served, and is of this kind.

    `training` is the share of such rows among those that the pipeline was fitted on, as a decimal, if it is known.
    """

    kind: SignalKind
    step: str
    input: str
    training: str | None = None


@dataclass(frozen=True)
class Signals:
    """The bool output [N, len(columns)] that is counted, and never returned."""

    tensor: str
    columns: tuple[SignalColumn, ...]


@dataclass(frozen=True)
class OnnxSpec:
    """The requirements of the graph on ONNX Runtime."""

    opset: int
    ml: int
    ir: int
    minimum_onnxruntime: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class LogSpec:
    """What a request log must not show: inputs that it leaves out (`omit`), or writes as a salted hash."""

    omit: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """manifest.json, format 1. `files` maps a file to its SHA-256 in hex, `plan` is that of plan.json."""

    name: str
    signature: Signature
    inputs: tuple[InputSpec, ...]
    tensors: tuple[TensorSpec, ...]
    outputs: tuple[OutputSpec, ...]
    guards: Guards | None
    onnx: OnnxSpec
    files: Mapping[str, str]
    plan: str
    tzdata: str | None
    built_with: Mapping[str, str]
    log: LogSpec = LogSpec()
    signals: Signals | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, as `from_json` reads it."""
        return {
            "skc": "artifact",
            "format": FORMAT,
            "name": self.name,
            "signature": self.signature,
            "inputs": [_input_to_json(i) for i in self.inputs],
            "tensors": [asdict(tensor) for tensor in self.tensors],
            "outputs": [_listed(asdict(output)) for output in self.outputs],
            "guards": None if self.guards is None else _listed(asdict(self.guards)),
            "onnx": _listed(asdict(self.onnx)),
            "files": dict(self.files),
            "plan": self.plan,
            "tzdata": self.tzdata,
            "built_with": dict(self.built_with),
            **({} if self.log == LogSpec() else {"log": _listed(asdict(self.log))}),
            **({} if self.signals is None else {"signals": _signals_to_json(self.signals)}),
        }

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read manifest.json. Raises `artifact-malformed`, `artifact-too-new`, `artifact-unsafe`."""
        return _read(data)

    def verify_files(self) -> None:
        """Raise if `files` lacks a file that an artifact on disk must have."""
        for name in REQUIRED_FILES:
            if name not in self.files:
                raise malformed("manifest.json.files", f"`{name}` is missing")
        if self.plan != self.files["plan.json"]:
            raise malformed("manifest.json.plan", "not the SHA-256 that `files` gives for plan.json")


def _input_to_json(spec: InputSpec) -> dict[str, Any]:
    fields = asdict(spec)
    return {key: value for key, value in fields.items() if key not in _OPTIONAL or value is not None}


def _signals_to_json(signals: Signals) -> dict[str, Any]:
    columns = [asdict(column) for column in signals.columns]
    for column in columns:
        if column["training"] is None:
            del column["training"]
    return {"tensor": signals.tensor, "columns": columns}


def _listed(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _unique(what: str, names: Iterable[str]) -> None:
    previous: set[str] = set()
    for name in names:
        if name in previous:
            raise malformed(f"manifest.json.{what}", f"duplicate name {shown(name)}")
        previous.add(name)


def _verify_slots(manifest: Manifest) -> None:
    """Every column of every tensor is fed by exactly one slot of its element type.

    Only the listed slots are counted, so a forged width costs nothing.
    """
    tensors = {tensor.name: tensor for tensor in manifest.tensors}
    taken: set[Slot] = set()
    for i in manifest.inputs:
        if (i.valid is not None) != (i.nullable and not i.kind.is_float):
            raise malformed(
                f"manifest.json.inputs `{i.name}`", "`valid` is only for nullable inputs that are not float64"
            )
        required: list[tuple[Slot, InputElement]] = [(i.slot, i.kind.element)]
        required += [] if i.valid is None else [(i.valid, "bool")]
        for slot, element in required:
            tensor = tensors.get(slot.tensor)
            fits = tensor is not None and slot.column < tensor.width and tensor.dtype == element
            if not fits or slot in taken:
                raise malformed(f"manifest.json.inputs `{i.name}`", f"no free {element} column at {slot}")
            taken.add(slot)
    if len(taken) != sum(tensor.width for tensor in manifest.tensors):
        raise malformed("manifest.json.tensors", "some columns are not fed by any input")
    if manifest.signature == "columns" and any(tensor.width != 1 for tensor in manifest.tensors):
        raise malformed("manifest.json.tensors", "with signature `columns` every tensor has one column")


def _verify_outputs(manifest: Manifest) -> None:
    names = [output.name for output in manifest.outputs]
    names += [output.valid for output in manifest.outputs if output.valid is not None]
    names += [] if manifest.guards is None else [manifest.guards.tensor]
    names += [] if manifest.signals is None else [manifest.signals.tensor]
    _unique("outputs", names)
    for output in manifest.outputs:
        location = f"manifest.json.outputs `{output.name}`"
        if len(output.columns) != len(output.exact):
            raise malformed(location, "`columns` and `exact` differ in length")
        if output.valid is not None and ELEMENTS[output.dtype].is_float:
            raise malformed(location, "a float output must not have `valid`: its null is NaN")
        if output.valid not in (None, f"{output.name}.valid"):
            raise malformed(location, f"`valid` is {shown(output.valid)}, not the output's name and `.valid`")


def _read(data: bytes) -> Manifest:
    fields = Fields(parse(data, "manifest.json"), "manifest.json")
    if fields.take("skc") != "artifact":
        raise malformed("manifest.json.skc", "this is not the manifest of an artifact")
    version = fields.number("format", 1, 2**53)
    if version > FORMAT:
        raise ArtifactError(
            "artifact-too-new",
            f"the artifact has format {version}, this runtime reads up to {FORMAT}",
            hint="install a newer `skc`, or compile the pipeline with the version that is installed here",
        )
    manifest = Manifest(
        name=fields.text("name"),
        signature=cast(Signature, fields.one_of("signature", "columns", "packed")),  # one_of returns one of these
        inputs=tuple(_input(item) for item in fields.objects("inputs")),
        tensors=tuple(_tensor(item) for item in fields.objects("tensors")),
        outputs=tuple(_output(item) for item in fields.objects("outputs")),
        guards=_guards(fields.optional_object("guards")),
        onnx=_onnx(fields.object("onnx")),
        files=fields.texts_by_key("files"),
        plan=fields.text("plan"),
        tzdata=fields.optional_text("tzdata"),
        built_with=fields.texts_by_key("built_with"),
        log=_log(fields.object("log")) if "log" in fields else LogSpec(),
        signals=_signals(fields.object("signals")) if "signals" in fields else None,
    )
    fields.done()
    _unique("inputs", [i.name for i in manifest.inputs])
    _unique("tensors", [tensor.name for tensor in manifest.tensors])
    _verify_slots(manifest)
    _verify_outputs(manifest)
    _verify_log(manifest)
    _verify_names(manifest)
    return manifest


def _input(fields: Fields) -> InputSpec:
    spec = InputSpec(
        name=fields.text("name"),
        type=cast(DType, fields.one_of("type", *KINDS)),  # one_of returns one of these
        nullable=fields.flag("nullable"),
        nan=cast(Literal["null", "error"], fields.one_of("nan", "null", "error")),  # likewise
        tensor=fields.text("tensor"),
        column=fields.number("column"),
        valid=_slot(fields.optional_object("valid")),
        text="number" if "text" in fields and fields.one_of("text", "number") else None,
        timezone=fields.text("timezone") if "timezone" in fields else None,
    )
    fields.done()
    if spec.text is not None and not spec.kind.is_number:
        raise malformed(f"{fields.location}.text", f"{spec.type} is not a kind of number")
    if spec.timezone is not None and not spec.kind.is_instant:
        raise malformed(f"{fields.location}.timezone", f"{spec.type} is not a timestamp")
    return spec


def _slot(fields: Fields | None) -> Slot | None:
    if fields is None:
        return None
    slot = Slot(fields.text("tensor"), fields.number("column"))
    fields.done()
    return slot


def _tensor(fields: Fields) -> TensorSpec:
    dtype = cast(InputElement, fields.one_of("dtype", *get_args(InputElement)))  # one_of returns one of these
    tensor = TensorSpec(fields.text("name"), dtype, fields.number("width", 1, 1_000_000))
    fields.done()
    return tensor


def _output(fields: Fields) -> OutputSpec:
    output = OutputSpec(
        name=fields.text("name"),
        dtype=cast(OutputDType, fields.one_of("dtype", *ELEMENTS)),  # one_of returns one of these
        columns=fields.texts("columns"),
        exact=fields.flags("exact"),
        valid=fields.optional_text("valid"),
    )
    fields.done()
    return output


def _guards(fields: Fields | None) -> Guards | None:
    if fields is None:
        return None
    columns = []
    for item in fields.objects("columns"):
        code = item.text("code")
        if _CODE.fullmatch(code) is None:
            raise malformed(f"{item.location}.code", f"{shown(code)} is not an error code")
        columns.append(GuardColumn(code, item.text("step"), item.text("input")))
        item.done()
    guards = Guards(fields.text("tensor"), tuple(columns))
    fields.done()
    return guards


def _signals(fields: Fields) -> Signals:
    columns = []
    for item in fields.objects("columns"):
        kind = cast(SignalKind, item.one_of("kind", *get_args(SignalKind)))  # one_of returns one of these
        training = item.text("training") if "training" in item else None
        if training is not None and _RATIO.fullmatch(training) is None:
            raise malformed(f"{item.location}.training", f"{shown(training)} is not a share, as in 0.25")
        columns.append(SignalColumn(kind, item.text("step"), item.text("input"), training))
        item.done()
    signals = Signals(fields.text("tensor"), tuple(columns))
    fields.done()
    if not columns:
        raise malformed(fields.location, "there is no column")
    return signals


def _onnx(fields: Fields) -> OnnxSpec:
    spec = OnnxSpec(
        opset=fields.number("opset", 1),
        ml=fields.number("ml", 1),
        ir=fields.number("ir", 1),
        minimum_onnxruntime=fields.text("minimum_onnxruntime"),
        domains=fields.texts("domains"),
    )
    fields.done()
    if _VERSION.fullmatch(spec.minimum_onnxruntime) is None:
        raise malformed(f"{fields.location}.minimum_onnxruntime", f"{shown(spec.minimum_onnxruntime)} is not a version")
    return spec


def _log(fields: Fields) -> LogSpec:
    spec = LogSpec(omit=fields.texts("omit"), hash=fields.texts("hash"))
    fields.done()
    return spec


def _verify_log(manifest: Manifest) -> None:
    """Each name is an input, and is left out or hashed, not both: a misspelt one would be written to the log."""
    names = frozenset(i.name for i in manifest.inputs)
    listed = (*manifest.log.omit, *manifest.log.hash)
    _unique("log", listed)
    for name in listed:
        if name not in names:
            raise malformed("manifest.json.log", f"{shown(name)} is not an input")


def _verify_names(manifest: Manifest) -> None:
    if _SHA256.fullmatch(manifest.plan) is None:
        raise malformed("manifest.json.plan", f"{shown(manifest.plan)} is not a SHA-256 in hex")
    if len(manifest.files) > MOST_FILES:
        raise malformed("manifest.json.files", f"{len(manifest.files)} files exceed the limit of {MOST_FILES}")
    for name, digest in manifest.files.items():
        if FILE_NAME.fullmatch(name) is None:
            raise ArtifactError(
                "artifact-unsafe",
                f"manifest.json lists the file {shown(name)}, which is not a plain file name",
                hint="do not serve this artifact",
            )
        if _SHA256.fullmatch(digest) is None:
            raise malformed(f"manifest.json.files {shown(name)}", f"{shown(digest)} is not a SHA-256 in hex")
