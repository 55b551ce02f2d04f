"""The lines of a request log, format 1: what a header, a record and the end of a file look like, byte for byte.

Why here and so exact: four languages write these lines, and `schemas/request_log.v1.json` compares their bytes. Keys
have the order below; nothing has a blank; text is UTF-8, and only `"`, a backslash and the characters below U+0020 are
escaped.

    {"skc":"log","format":1,"name":…,"plan":…,"identity":…,"writer":…,"part":0,"after":0,"logged":0, …}
    {"n":1,"id":…,"key":…,"time_us":…,"latency_us":…,"request":{…},"features":{…},"prediction":…,"as_of":{…},
     "fetched_us":{…},"hit":{…}}
    {"n":2,"id":…,"time_us":…,"request":{…},"error":{"code":…,"input":…,"step":…}}
    {"end":true,"n":2,"logged":2,"dropped":0,"sampled_out":0}

writer      16 hexadecimal digits, drawn anew by every process that opens a log; `part` numbers its files from 0
after       the last `n` before this file, of which `logged` are in files; the last line has the same totals at its end
request     for each input in the order of the manifest: nothing if the request has no such key; otherwise the value
            that the input makes of it, in the form of golden.jsonl (a NaN, being the null of a float, as null). A value
            that the input refuses is an object: {"null":true}, {"bool":…}, {"int":"…"}, {"float":…}, {"string":…}, or
            {"other":true} for whatever those cannot say: an integer of more than 40 characters, text that is not
            Unicode, any other type. The request is null if it is not a record at all; one that is given as the bytes of
            its JSON text is what `transform_json` makes of them.
hash        an input of `log.hash`: the first 16 hexadecimal digits of the SHA-256 of the salt and the value as text,
            both in UTF-8; null stays null, a refused value is {"other":true}
features    by the names of the outputs, then those of their companions: a CRC-32, or an array in the form of
            golden.jsonl. The CRC-32 (of zlib) is that of the values in order: little-endian floats (every NaN as
            0x7ff8000000000000 or 0x7fc00000) and integers, a byte 0 or 1 for a bool, and for a string the number of its
            bytes as a little-endian 32-bit integer, and its bytes in UTF-8.
as_of, fetched_us, hit
            for each input that was looked up, in the order of the manifest: the time of the value in microseconds since
            1970 UTC, the duration of the look-up in microseconds, and whether it found a value (true or false)
numbers     the shortest decimal that gives the float64 again, laid out as Python does: 14.5, 15.0, 1e+16, 1e-05
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from typing import Any

import numpy as np

from skc_runtime import json_request
from skc_runtime.errors import RecordError, SkcRuntimeError, shown
from skc_runtime.golden import encode_value
from skc_runtime.kinds import ELEMENTS, Array, OutputDType, for_every_element
from skc_runtime.log_options import Features
from skc_runtime.manifest import InputSpec, LogSpec, Manifest
from skc_runtime.scalars import MISSING, converter, is_integer, is_null, to_timestamp

FORMAT = 1
LONGEST_INTEGER = 40  # characters of a refused integer
HASH_DIGITS = 16
OTHER = '{"other":true}'
Cell = Callable[[object], str]
# The kinds of NumPy arrays that own features of an output may be: a whole number is a float, but not the reverse.
_OWN_KINDS: Mapping[OutputDType, str] = for_every_element(
    {"float32": "fiu", "float64": "fiu", "int64": "iu", "bool": "b", "string": "UO"}
)


@dataclass(slots=True)
class Entry:
    """One request, as `Log.add` received it."""

    n: int
    id: str
    time_us: int
    record: Mapping[Any, object] | bytes | str | None
    features: Mapping[str, Array] | None
    error: SkcRuntimeError | None
    key: str | None
    latency_us: int | None
    own_features: Mapping[str, Any] | None
    prediction: Any
    as_of: Mapping[str, Any] | None
    fetched_us: Mapping[str, Any] | None
    hit: Mapping[str, Any] | None
    served: Served | None = None  # None: what the log was opened with


@dataclass(frozen=True, slots=True)
class Served:
    """An artifact that serves requests: the files that hold them say which, and its lines leave out what it says."""

    manifest: Manifest
    identity: str | None
    lines: Lines


class Lines:
    """Writes the records of one artifact. Immutable, so safe to share between threads."""

    def __init__(self, manifest: Manifest, features: Features, full_every: int, salt: bytes) -> None:
        omitted, hashed = frozenset(manifest.log.omit), frozenset(manifest.log.hash)
        written = [spec for spec in manifest.inputs if spec.name not in omitted]
        cells = [_hash_cell(spec, salt) if spec.name in hashed else _cell(spec) for spec in written]
        self._cells = [(s.name, f",{quoted(s.name)}:", cell) for s, cell in zip(written, cells, strict=True)]
        self._inputs = tuple(spec.name for spec in manifest.inputs)
        self._outputs: dict[str, tuple[OutputDType, int]] = {
            o.name: (o.dtype, len(o.columns)) for o in manifest.outputs
        }
        for output in manifest.outputs:
            if output.valid is not None:
                self._outputs[output.valid] = ("bool", len(output.columns))
        self._features, self._full_every = features, full_every

    def record(self, entry: Entry) -> bytes:
        """The line of a request. Raises SkcRuntimeError `invalid-option` for what a log cannot hold."""
        parts = [f'{{"n":{entry.n},"id":{_text(entry.id)}']
        if entry.key is not None:
            parts.append(f',"key":{_text(entry.key)}')
        parts.append(f',"time_us":{_whole(entry.time_us, "time_us")}')
        if entry.latency_us is not None:
            parts.append(f',"latency_us":{_whole(entry.latency_us, "latency_us")}')
        parts.append(f',"request":{self._request(entry.record)}')
        if entry.error is not None:
            parts.append(f',"error":{_error(entry.error)}')
        else:
            parts.append(self._answer(entry))
        if entry.prediction is not None:
            parts.append(f',"prediction":{_prediction(entry.prediction)}')
        if entry.as_of is not None:
            parts.append(f',"as_of":{self._by_input(entry.as_of, "as_of", _time)}')
        if entry.fetched_us is not None:
            parts.append(f',"fetched_us":{self._by_input(entry.fetched_us, "fetched_us", _whole)}')
        if entry.hit is not None:
            parts.append(f',"hit":{self._by_input(entry.hit, "hit", _flag)}')
        parts.append("}\n")
        return "".join(parts).encode()

    def _request(self, request: Mapping[Any, object] | bytes | str | None) -> str:
        record = _record_of(request) if isinstance(request, (bytes, str)) else request
        if record is None:
            return "null"
        get = record.get
        parts = [
            prefix + cell(value) for name, prefix, cell in self._cells if (value := get(name, MISSING)) is not MISSING
        ]
        return f"{{{''.join(parts)[1:]}}}"

    def _answer(self, entry: Entry) -> str:
        if entry.own_features is not None:
            return f',"features":{self._own(entry.own_features)}'
        if entry.features is None or self._features == "none":
            return ""
        if entry.features.keys() != self._outputs.keys():
            raise _misuse(f"features={shown(sorted(entry.features))} are not the outputs {sorted(self._outputs)}")
        is_full = self._features == "full" or (self._full_every and hash_of(entry.id) % self._full_every == 0)
        parts = []
        for name, (dtype, width) in self._outputs.items():
            values = entry.features[name]
            if values.shape != (width,) or values.dtype != ELEMENTS[dtype].numpy:
                raise _misuse(f"features[{name!r}] is {values.dtype} {values.shape}, not {dtype} ({width},)")
            parts.append(f"{quoted(name)}:{_array(dtype, values.tolist()) if is_full else digest(values)}")
        return f',"features":{{{",".join(parts)}}}'

    def _own(self, features: Mapping[str, Any]) -> str:
        _check_names(features, self._outputs, "own_features", "an output")
        parts = []
        for name, (dtype, width) in self._outputs.items():
            if name in features:
                array = np.asarray(features[name])
                values = array.tolist()
                fits = array.shape == (width,) and array.dtype.kind in _OWN_KINDS[dtype]
                if not fits or (dtype == "string" and not all(isinstance(value, str) for value in values)):
                    raise _misuse(f"own_features[{name!r}] are not {width} values of {dtype}")
                parts.append(f"{quoted(name)}:{_array(dtype, values)}")
        return f"{{{','.join(parts)}}}"

    def _by_input(self, values: Mapping[str, Any], option: str, write: Callable[[Any, str], int | str]) -> str:
        """What is known of the inputs that were looked up."""
        _check_names(values, self._inputs, option, "an input")
        named = ((name, values[name]) for name in self._inputs if name in values)
        parts = [f"{quoted(name)}:{write(value, f'{option}[{name!r}]')}" for name, value in named]
        return f"{{{','.join(parts)}}}"


def _record_of(body: bytes | str) -> Mapping[Any, object] | None:
    """The record of a JSON text; None for any other request."""
    try:
        form, data = json_request.read(body)
    except RecordError:
        return None
    return data if form == "record" else None


def header(manifest: Manifest, identity: str | None, facts: Mapping[str, Any]) -> bytes:
    """The first line of a file."""
    spec: LogSpec = manifest.log
    document = {
        "skc": "log",
        "format": FORMAT,
        "name": manifest.name,
        "plan": manifest.plan,
        "identity": identity,
        **facts,
        "omit": list(spec.omit),
        "hash": list(spec.hash),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def trailer(n: int, logged: int, dropped: int, sampled_out: int) -> bytes:
    """The last line of a complete file: the totals since its writer was opened."""
    return f'{{"end":true,"n":{n},"logged":{logged},"dropped":{dropped},"sampled_out":{sampled_out}}}\n'.encode()


def digest(values: Array) -> int:
    """The CRC-32 of an output [K]."""
    if values.dtype.kind == "O":
        encoded = [text.encode() for text in values.tolist()]
        return zlib.crc32(b"".join(len(text).to_bytes(4, "little") + text for text in encoded))
    if values.dtype.kind == "f":
        is_nan = values != values
        if is_nan.any():
            values = np.where(is_nan, values.dtype.type(math.nan), values)
    return zlib.crc32(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())


def is_sampled(text: str, sample: float) -> bool:
    """Whether an id belongs to a sample: the same in every service and language."""
    return hash_of(text) < sample * 2**32


def hash_of(text: str) -> int:
    """What is decided by, where some requests are to be chosen."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _misuse(message: str) -> SkcRuntimeError:
    return SkcRuntimeError("invalid-option", message, hint="the request was not logged, and counts as dropped")


def _check_names(names: Iterable[str], known: Mapping[str, Any] | Sequence[str], option: str, noun: str) -> None:
    for name in names:
        if name not in known:
            raise _misuse(f"{option} has {shown(name)}, which is not {noun}")


def _text(text: Any) -> str:
    if type(text) is not str:
        raise _misuse(f"an id is a string, not {type(text).__name__} {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _misuse(f"the id {shown(text)} contains a lone surrogate") from None
    return quoted(text)


def _whole(value: Any, option: str) -> int:
    if not is_integer(value) or not 0 <= value < 2**63:
        raise _misuse(f"{option}={shown(value)} is not a number of microseconds")
    return int(value)


def _time(value: Any, option: str) -> int:
    try:
        return to_timestamp(value)
    except RecordError as error:
        raise _misuse(f"{option}: {error.message}") from None


def _flag(value: Any, option: str) -> str:
    if not isinstance(value, bool | np.bool_):
        raise _misuse(f"{option}={shown(value)} is not True or False")
    return "true" if value else "false"


def _error(error: SkcRuntimeError) -> str:
    named = (("code", error.code), ("input", error.input), ("step", error.step))
    parts = [f'"{key}":{json.dumps(text, ensure_ascii=False)}' for key, text in named if text is not None]
    return f"{{{','.join(parts)}}}".encode("utf-8", "replace").decode()


def _array(dtype: OutputDType, values: Sequence[Any]) -> str:
    try:
        return f"[{','.join([_value(dtype, value) for value in values])}]"
    except (RecordError, TypeError, ValueError, OverflowError):
        raise _misuse(f"{shown(values)} are not {dtype}") from None


def _prediction(value: Any) -> str:
    """A number or several, as float64."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    return _array("float64", plain) if isinstance(plain, (list, tuple)) else _array("float64", [plain])[1:-1]


def _value(dtype: OutputDType, value: Any) -> str:
    return json.dumps(encode_value(dtype, value), ensure_ascii=False)


def _cell(spec: InputSpec) -> Cell:
    """What writes the value of an input. The first lines are for the values of nearly every request."""
    slow = _checked(spec)
    match spec.kind.element:
        case "float64":
            return lambda v: repr(v) if type(v) is float and 0.0 < abs(v) < math.inf else slow(v)
        case "string":
            return lambda v: quoted(v) if type(v) is str and v.isascii() and "\0" not in v else slow(v)
        case _:
            return slow


def _checked(spec: InputSpec) -> Cell:
    convert, element = converter(spec), spec.kind.element

    def write(value: object) -> str:
        try:
            converted = convert(value)
        except RecordError:
            return _refused(value)
        return "null" if converted is None or converted != converted else _value(element, converted)

    return write


def _hash_cell(spec: InputSpec, salt: bytes) -> Cell:
    convert, element = converter(spec), spec.kind.element

    def write(value: object) -> str:
        try:
            converted = convert(value)
        except RecordError:
            return OTHER
        if converted is None or converted != converted:
            return "null"
        text = converted if element == "string" else _value(element, converted).strip('"')
        return f'"{hashlib.sha256(salt + text.encode()).hexdigest()[:HASH_DIGITS]}"'

    return write


def _refused(value: object) -> str:
    """A value that its input refuses, as far as every language can say it."""
    if is_null(value):
        return '{"null":true}'
    if isinstance(value, (bool, np.bool_)):
        return f'{{"bool":{"true" if value else "false"}}}'
    if is_integer(value):
        text = str(value) if abs(int(value)) < 10**LONGEST_INTEGER else ""  # type: ignore[call-overload]  # an integer
        return f'{{"int":"{text}"}}' if 0 < len(text) <= LONGEST_INTEGER else OTHER
    if isinstance(value, (float, np.floating)):
        return f'{{"float":{_value("float64", value)}}}'
    if isinstance(value, str):
        text = str.__str__(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            return OTHER
        return f'{{"string":{quoted(text)}}}'
    return OTHER
