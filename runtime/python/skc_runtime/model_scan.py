"""Find external data in the bytes of an ONNX model, before ONNX Runtime would open the files it names.

Why by hand: the runtime does not depend on the onnx package. Of the protobuf messages only the path from the
model down to its tensors matters, and that is the table below (field numbers of onnx.proto, which never
change).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skc_runtime.errors import ArtifactError

# message -> field number -> the message that the field holds
_CHILDREN: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of a Tensor
_MAX_DEPTH = 64


def refuse_external_data(model: bytes) -> None:
    """Raise `artifact-unsafe` if a tensor lies in another file, `model-refused` if this is no protobuf
    message.

    Why the word: external data must name its file under the key `location`, so a model without that word has
    none. Only a model that has it, perhaps as a category, is walked.
    """
    if b"location" not in model:
        return
    try:
        is_external = _has_external("Model", memoryview(model), 0)
    except (IndexError, ValueError, RecursionError):
        raise ArtifactError("model-refused", "model.onnx is not an ONNX model") from None
    if is_external:
        raise ArtifactError(
            "artifact-unsafe",
            "model.onnx keeps data in another file",
            hint="an artifact of skc never does: do not serve it",
        )


def _has_external(message: str, data: memoryview, depth: int) -> bool:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    children = _CHILDREN[message]
    for number, value in _fields(data):
        if message == "Tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION):
            if value != 0:  # data_location 0 says that the data is here
                return True
        elif number in children and isinstance(value, memoryview) and _has_external(children[number], value, depth + 1):
            return True
    return False


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """(field number, value) of a message. Raises IndexError or ValueError where it is cut off."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield tag >> 3, value
            continue
        size, place = _varint(data, place) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), place)
        if size < 0 or place + size > len(data):
            raise ValueError("cut off")
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a varint of more than 64 bits")
