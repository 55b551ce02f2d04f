"""`golden.jsonl`: records with the exact outputs they must give, and the JSON form of values.

Why: the same graph on another processor, another ONNX Runtime, or a thread that flushes denormals may produce
other bits. Replaying a few records at load detects that before the first request does. The compiler writes the
file with this module, and the conformance suite uses the same forms: int64, timestamp and date are decimal
strings; a float is a JSON number, or one of "NaN", "Infinity", "-Infinity", "-0.0"; null is null, and a missing
key is absent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from skc_runtime.agreement import agree, same_bits
from skc_runtime.errors import ArtifactError, RecordError, SkcRuntimeError, shown
from skc_runtime.kinds import ELEMENTS, INT64_MAX, INT64_MIN, Array, InputElement, OutputDType
from skc_runtime.manifest import Manifest, OutputSpec
from skc_runtime.scalars import is_integer
from skc_runtime.strict_json import Fields, malformed, parse

Replay = Literal["exact", "tolerance"]
MOST_RECORDS = 10_000
_OF_NUMPY = {element.numpy: name for name, element in ELEMENTS.items()}
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0.0": -0.0}


class Transforms(Protocol):
    """What replay needs from a transformer."""

    @property
    def manifest(self) -> Manifest: ...

    def transform(self, data: object) -> dict[str, Array]: ...


@dataclass(frozen=True)
class GoldenCase:
    """A record, and either its outputs or the code of the error it must give; all in JSON form."""

    record: Mapping[str, Any]
    outputs: Mapping[str, Any] | None = None
    error: str | None = None


def encode_value(element: OutputDType, value: Any) -> Any:
    """One value of an element type (`float32`, `float64`, `int64`, `bool`, `string`) in JSON form; None is
    null.
    """
    if value is None:
        return None
    match ELEMENTS[element].json:
        case "number":
            return _encode_float(float(value))
        case "decimal":
            if not is_integer(value):
                raise RecordError("wrong-type", f"{shown(value)} is not an integer")
            return str(int(value))
        case "boolean":
            return bool(value)
        case "string":
            return str(value)


def _encode_float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0.0" if value == 0 and math.copysign(1.0, value) < 0 else value


def decode_value(element: OutputDType, value: Any, location: str) -> Any:
    """The inverse of `encode_value`. Raises `artifact-malformed`."""
    if value is None:
        return None
    match ELEMENTS[element].json:
        case "number":
            return _decode_float(value, location)
        case "decimal":
            return _decode_int(value, location)
        case "boolean" | "string":
            if type(value) is not ELEMENTS[element].python:
                raise malformed(location, f"expected a {element}, got {shown(value)}")
            return value


def _decode_float(value: Any, location: str) -> float:
    if type(value) is str and value in _WORDS:
        return _WORDS[value]
    if type(value) not in (int, float):
        raise malformed(location, f"expected a number, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise malformed(location, f"{shown(value)} is not a float64")
    return number


def _decode_int(value: Any, location: str) -> int:
    is_decimal = type(value) is str and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20
    if not is_decimal or not INT64_MIN <= int(value) <= INT64_MAX:
        raise malformed(location, f"expected an int64 in decimal, got {shown(value)}")
    return int(value)


def encode_record(manifest: Manifest, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record (ints for timestamps and dates) in JSON form; missing keys stay absent."""
    return {i.name: encode_value(i.kind.element, record[i.name]) for i in manifest.inputs if i.name in record}


def decode_record(manifest: Manifest, record: Mapping[str, Any], location: str = "record") -> dict[str, Any]:
    """The inverse of `encode_record`. Raises `artifact-malformed`, also for a key that is not an input."""
    return _decode_record(_elements(manifest), record, location)


def _elements(manifest: Manifest) -> dict[str, InputElement]:
    return {i.name: i.kind.element for i in manifest.inputs}


def _decode_record(elements: Mapping[str, InputElement], record: Mapping[str, Any], location: str) -> dict[str, Any]:
    for name in record:
        if name not in elements:
            raise malformed(location, f"{shown(name)} is not an input")
    return {name: decode_value(elements[name], value, f"{location}.{name}") for name, value in record.items()}


def encode_outputs(outputs: Mapping[str, Array]) -> dict[str, list[Any]]:
    """The outputs of one record, [K] each and with every `NAME.valid`, as JSON; float32 widened exactly."""
    return {name: [encode_value(_OF_NUMPY[array.dtype], v) for v in array.tolist()] for name, array in outputs.items()}


def _tensors(outputs: Sequence[OutputSpec]) -> list[tuple[str, OutputDType, tuple[bool, ...]]]:
    """(name, element type, exact) of every output and of its companion."""
    tensors: list[tuple[str, OutputDType, tuple[bool, ...]]] = []
    for output in outputs:
        tensors.append((output.name, output.dtype, output.exact))
        if output.valid is not None:
            tensors.append((output.valid, "bool", (True,) * len(output.columns)))
    return tensors


def compare(
    manifest: Manifest, want: Mapping[str, Any], got: Mapping[str, Array], *, replay: Replay = "exact"
) -> str | None:
    """The first difference between outputs in JSON form and those of one record, [K] each; None if they agree.

    Exact columns, and all columns with `replay="exact"`, must agree to the bit (all NaNs are equal); others to 1e-6.
    """
    tensors = _tensors(manifest.outputs)
    if set(want) != {name for name, _, _ in tensors}:
        raise malformed("golden.jsonl", f"outputs {sorted(want)} are not those of the manifest")
    for name, dtype, exact in tensors:
        values = want[name]
        if not isinstance(values, list) or len(values) != len(exact):
            raise malformed("golden.jsonl", f"output `{name}` is not an array of {len(exact)} values")
        expected = [decode_value(dtype, value, f"golden.jsonl `{name}`[{k}]") for k, value in enumerate(values)]
        agrees = _agree(got[name], expected, np.array(exact, dtype=bool) | (replay == "exact"))
        if not agrees.all():
            k = int(np.argmin(agrees))
            return (
                f"output `{name}`, column {k}: {shown(got[name].tolist()[k])} here, {shown(expected[k])} when compiled"
            )
    return None


def _agree(got: Array, want: Sequence[Any], exact: Array) -> Array:
    """bool [K]: outputs of one record and decoded values; no output agrees with null. Floats are compared as float64,
    so that a value that a float32 cannot represent never agrees with one.
    """
    actual = got.astype(np.float64) if got.dtype.kind == "f" else got
    is_null = np.array([value is None for value in want], dtype=bool)
    expected = np.array(
        [a if value is None else value for a, value in zip(actual, want, strict=True)], dtype=actual.dtype
    )
    return np.asarray(agree(actual, expected, exact) & ~is_null)


def observe(transformer: Transforms, record: Mapping[str, Any]) -> GoldenCase:
    """A transformer's result for a record, as a case to write."""
    encoded = encode_record(transformer.manifest, record)
    try:
        outputs = transformer.transform(dict(record))
    except RecordError as error:
        return GoldenCase(encoded, error=error.code)
    return GoldenCase(encoded, encode_outputs(outputs))


def dumps(cases: Iterable[GoldenCase]) -> bytes:
    """The text of golden.jsonl."""
    lines: list[dict[str, Any]] = [{"skc": "golden", "format": 1}]
    for case in cases:
        outcome = {"error": {"code": case.error}} if case.error is not None else {"outputs": case.outputs}
        lines.append({"record": case.record, **outcome})
    return "".join(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n" for line in lines).encode()


def loads(data: bytes) -> tuple[GoldenCase, ...]:
    """The cases of golden.jsonl. Raises `artifact-malformed`, `artifact-too-new`."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise malformed("golden.jsonl", "the last line has no end")
    if not lines:
        raise malformed("golden.jsonl", "the first line is missing")
    head = Fields(parse(lines[0], "golden.jsonl:1"), "golden.jsonl:1")
    if head.text("skc") != "golden":
        raise malformed("golden.jsonl:1", "this is not a golden.jsonl of skc")
    if head.number("format", 1, 2**53) > 1:
        raise ArtifactError("artifact-too-new", "golden.jsonl has a newer format", hint="install a newer `skc`")
    head.done()
    if not 1 <= len(lines) - 1 <= MOST_RECORDS:  # without a record, replay would prove nothing
        raise malformed("golden.jsonl", f"expected 1 to {MOST_RECORDS} records, got {len(lines) - 1}")
    return tuple(_case(line, f"golden.jsonl:{i}") for i, line in enumerate(lines[1:], start=2))


def _case(line: bytes, location: str) -> GoldenCase:
    value = parse(line, location)
    fields = Fields(value, location)
    record = fields.take("record")
    if not isinstance(record, dict):
        raise malformed(location, "`record` is not an object")
    if "error" in value:
        error = fields.object("error")
        case = GoldenCase(record, error=error.text("code"))
        error.done()
    else:
        outputs = fields.take("outputs")
        if not isinstance(outputs, dict):
            raise malformed(location, "`outputs` is not an object")
        case = GoldenCase(record, outputs)
    fields.done()
    return case


def replay_cases(transformer: Transforms, cases: Sequence[GoldenCase], replay: Replay) -> None:
    """Run every case on its own, then all those with outputs as one batch. Raises `golden-mismatch`."""
    manifest = transformer.manifest
    elements = _elements(manifest)  # once: a forged file can have many records, and a manifest many inputs
    records = [_decode_record(elements, case.record, f"golden.jsonl:{i}") for i, case in enumerate(cases, start=2)]
    alone: list[dict[str, Array]] = []
    served: list[dict[str, Any]] = []
    for line, (case, record) in enumerate(zip(cases, records, strict=True), start=2):
        try:
            outputs = transformer.transform(record)
        except RecordError as error:
            if error.code != case.error:
                raise _mismatch(line, f"error `{error.code}` here", replay) from error
            continue
        except SkcRuntimeError as error:
            raise _failed(f"golden.jsonl:{line}", error) from error
        if case.outputs is None:
            raise _mismatch(line, f"outputs here, error `{case.error}` when compiled", replay)
        difference = compare(manifest, case.outputs, outputs, replay=replay)
        if difference is not None:
            raise _mismatch(line, difference, replay)
        alone.append(outputs)
        served.append(record)
    _replay_batch(transformer, served, alone)


def _mismatch(line: int, message: str, replay: Replay) -> ArtifactError:
    hint = 'on another processor architecture, load with replay="tolerance"' if replay == "exact" else None
    return ArtifactError("golden-mismatch", f"golden.jsonl:{line}: {message}", hint=hint)


def _failed(location: str, error: SkcRuntimeError) -> SkcRuntimeError:
    """If the model does not even run, the artifact is at fault, not a request."""
    if error.code != "run-failed":
        return error
    return ArtifactError("golden-mismatch", f"{location}: {error.message}", hint="compile the pipeline again")


def _replay_batch(transformer: Transforms, records: list[dict[str, Any]], alone: list[dict[str, Array]]) -> None:
    """All records in one batch must give exactly the bits that each gave alone."""
    if not records:
        return
    try:
        together = transformer.transform(records)
    except SkcRuntimeError as error:
        raise _failed("all golden records in one batch", error) from error
    for row, outputs in enumerate(alone):
        for name, values in outputs.items():
            agrees = same_bits(together[name][row], values)
            if not agrees.all():
                k = int(np.argmin(agrees))
                a, b = values.tolist()[k], together[name][row].tolist()[k]
                message = f"output `{name}`, column {k}: {shown(b)} in a batch, {shown(a)} alone"
                raise ArtifactError("golden-mismatch", message, hint="please report this; it is not safe to serve")
