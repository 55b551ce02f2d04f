"""Refuse a model with anything that skc never emits, from its bytes, before ONNX Runtime reads it.

Why: ONNX Runtime opens the files that external data names, runs a loop of 2^62 rounds while it loads, and knows
hundreds of ops that we have not measured. Our models need a small part of ONNX, which `model_grammar` lists: any
other message, field or op is refused, known or not.

Why a hand-written parser: the runtime does not depend on the onnx package. Why so strict about encoding: protobuf
parsers differ in how they treat a tag of more than 32 bits, or a repeated field; writers emit neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from skc_runtime.errors import ArtifactError
from skc_runtime.model_grammar import ATTRIBUTE_TYPES, ELEMENT_SIZES, FIELDS, OPS, OPSETS

_WIRES = {"int64": 0, "int32": 0, "float": 5}  # bytes and messages are 2
_DELIMITED, _FLOAT = 2, 4
_INTEGERS = re.compile(rb"(?:\x40(?:[\x00-\x7f]|[\x80-\xff]{1,8}[\x01-\x7f]))*+")  # of the field `ints`, with its tag
_MOST = 2**31 - 1  # elements of a tensor, and values of an int32
_UNSAFE = "artifacts written by skc never do: do not serve it, or install a newer `skc` if that compiled it"
Found = dict[
    int, Any
]  # number of a field -> its value, all its values, its bytes as a _Reader, or how often it is there


def scan_model(model: bytes) -> None:
    """Raise `model-refused` if this is not protobuf, `artifact-unsafe` if it contains anything skc never emits."""
    _scan("ModelProto", _Reader(model, 0, len(model)))


class _Reader:
    """A range of bytes being read."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data, self.position, self.end = data, position, end

    def varint(self) -> int:
        data, position, value = self.data, self.position, 0
        for shift in range(0, 70, 7):
            if position >= self.end:
                break
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    _unsafe("encodes a number in more bytes than needed")
                self.position = position
                return value if value < 1 << 64 else _refuse("a number of more than 64 bits")
        return _refuse("an unterminated number")

    def part(self, size: int) -> _Reader:
        """The next bytes, which are skipped."""
        start, self.position = self.position, self.position + size
        return _Reader(self.data, start, self.position) if self.position <= self.end else _refuse("it is truncated")

    def skip_integers(self) -> None:
        """Skip integers of an attribute: a forest has millions, and this is a hundred times as fast.

        One that is longer than it needs to be, or has ten bytes, is left to be read like any other field.
        """
        match = _INTEGERS.match(self.data, self.position, self.end)
        self.position = self.position if match is None else match.end()

    def skip_texts(self, tag: int) -> int:
        """Skip and count short texts of one field: a vocabulary may have a million, and this is ten times as fast."""
        data, position, last, count = self.data, self.position, self.end - 1, 0
        while position < last and data[position] == tag and data[position + 1] < 0x80:
            position += 2 + data[position + 1]
            count += 1
        self.part(position - self.position)
        return count


def _scan(message: str, reader: _Reader) -> None:
    fields = FIELDS[message]
    values_by_field: Found = {}
    while reader.position < reader.end:
        tag = reader.varint()
        number, wire = tag >> 3, tag & 7
        if wire in (3, 4, 6, 7):
            _refuse("a field of unknown wire type")
        kind, repeats = fields.get(number, ("", False))
        is_packed = wire == _DELIMITED and repeats and kind in ("int64", "int32")
        if not kind or not (is_packed or wire == _WIRES.get(kind, _DELIMITED)):
            _unsafe(f"has a field {number} in {message}")
        if not repeats and number in values_by_field:
            _unsafe(f"repeats the field {number} of {message}")
        if wire == 0 or is_packed:
            values = _numbers(kind, reader.part(reader.varint()) if is_packed else reader, is_packed)
            if repeats:
                values_by_field.setdefault(number, []).extend(values)
                if message == "AttributeProto":  # of these, only that there are any is asked for
                    reader.skip_integers()
            else:
                values_by_field[number] = values[0]
            continue
        part = reader.part(_FLOAT if kind == "float" else reader.varint())
        if kind in FIELDS:
            _scan(kind, part)
        values_by_field[number] = (
            values_by_field.get(number, 0) + 1 + reader.skip_texts(tag) if repeats and kind == "bytes" else part
        )
    if message in _CHECKS:
        _CHECKS[message](values_by_field)


def _numbers(kind: str, reader: _Reader, all_of_it: bool) -> list[int]:
    values: list[int] = []
    while reader.position < reader.end if all_of_it else not values:
        values.append(reader.varint())
        if kind == "int32" and values[-1] > _MOST:
            _unsafe("has a number too large for its type")
    return values


def _check_opset(values: Found) -> None:
    domain, version = _text(values, 1), values.get(2, 0)
    if OPSETS.get(domain) != version:
        _unsafe(f"requires version {version} of the op domain `{domain}`")


def _check_node(values: Found) -> None:
    domain, op = _text(values, 7), _text(values, 4)
    if (domain, op) not in OPS:
        _unsafe(f"has the op `{domain or 'ai.onnx'}.{op}`")


def _check_attribute(values: Found) -> None:
    """Its type is known to onnx, and it has a single value, of that type."""
    attribute_type = values.get(20, 0)
    if attribute_type not in ATTRIBUTE_TYPES or not values.keys() <= {1, 20, ATTRIBUTE_TYPES[attribute_type]}:
        _unsafe(f"has an attribute of type {attribute_type} with a value of another type")


def _check_tensor(values: Found) -> None:
    """Its shape has exactly as many elements as its data, so a forged shape cannot decide how much is allocated."""
    size = ELEMENT_SIZES.get(values.get(2, 0))
    if size is None:
        _unsafe(f"has a tensor of element type {values.get(2, 0)}")
    elements = 1
    for dim in values.get(1, ()):
        elements *= dim
        if dim > _MOST or elements > _MOST:
            _unsafe("has a tensor of too many elements")
    raw = values[9].end - values[9].position if 9 in values else 0
    if (raw, values.get(6, 0)) != ((elements * size, 0) if size else (0, elements)):
        _unsafe("has a tensor whose shape does not match its data")


def _text(values: Found, number: int) -> str:
    if number not in values:
        return ""
    text = values[number]
    return str(text.data[text.position : text.end].decode("utf-8", "backslashreplace"))


_CHECKS: Mapping[str, Any] = {
    "OperatorSetIdProto": _check_opset,
    "NodeProto": _check_node,
    "AttributeProto": _check_attribute,
    "TensorProto": _check_tensor,
}


def _refuse(reason: str) -> NoReturn:
    raise ArtifactError(
        "model-refused", f"model.onnx is not an ONNX model: {reason}", hint="compile the pipeline again"
    )


def _unsafe(what: str) -> NoReturn:
    raise ArtifactError("artifact-unsafe", f"model.onnx {what}", hint=_UNSAFE)
