"""Models that skc never emits, written byte by byte: what a forger can do that onnx's own writer would not.

`forged_models` are those that were thought of, each with the code of its refusal; `mutants` are as many as one likes,
by chance, from a tree of the fields of a sound model, whose lengths are mended so that a parser gets to the change.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import model_grammar
import numpy as np
import onnx
from onnx import helper

UNSAFE, REFUSED = "artifact-unsafe", "model-refused"
BIT_32 = 1 << 32  # of a tag: a library that keeps 32 bits of it reads another field than one that keeps 64
VARINT, FIXED64, BYTES, GROUP, FIXED32 = 0, 1, 2, 3, 5


def varint(value: int, padding: int = 0) -> bytes:
    """A number in base 128; `padding` bytes more than it needs."""
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    if padding:
        digits[-1] |= 0x80
        digits += [0x80] * (padding - 1) + [0]
    return bytes(digits)


@dataclass
class Node:
    """One field of a message: its tag, and its value as it stands there or as the fields of a message."""

    number: int
    wire: int
    value: bytes | list[Node]
    high: int = 0  # added to the tag
    padding: int = 0  # bytes that the tag is longer than it needs to be
    long_size: int = 0  # bytes that the length is longer than it needs to be

    def bytes(self) -> bytes:
        tag = varint((self.number << 3 | self.wire) + self.high, self.padding)
        data = self.value if isinstance(self.value, bytes) else b"".join(node.bytes() for node in self.value)
        return tag + (varint(len(data), self.long_size) if self.wire == BYTES else b"") + data


def text(number: int, value: str | bytes) -> Node:
    return Node(number, BYTES, value if isinstance(value, bytes) else value.encode())


def number(field: int, value: int) -> Node:
    return Node(field, VARINT, varint(value % 2**64))


def message(field: int, *nodes: Node) -> Node:
    return Node(field, BYTES, list(nodes))


def tree(data: bytes, kind: str = "ModelProto") -> list[Node]:
    """The fields of a sound model."""
    grammar = model_grammar.messages()
    children = {f.number: f.kind for f in grammar[kind] if f.kind in grammar}
    found, place = [], 0
    while place < len(data):
        tag, place = _read_varint(data, place)
        field, wire = tag >> 3, tag & 7
        start = place
        if wire == VARINT:
            _, place = _read_varint(data, place)
            found.append(Node(field, wire, data[start:place]))
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(wire, 0)
        if wire == BYTES:
            size, place = _read_varint(data, place)
        value = data[place : place + size]
        found.append(Node(field, wire, tree(value, children[field]) if field in children else value))
        place += size
    return found


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[place] & 0x7F) << shift
        shift += 7
        place += 1
        if data[place - 1] < 0x80:
            return value, place


def written(nodes: list[Node]) -> bytes:
    return b"".join(node.bytes() for node in nodes)


def inside(nodes: list[Node], *path: int) -> list[Node]:
    """The fields of a message within: the first field of each number on the way."""
    for field in path:
        value = next(node.value for node in nodes if node.number == field and not isinstance(node.value, bytes))
        assert isinstance(value, list)
        nodes = value
    return nodes


GRAPH, NODE, ATTRIBUTE, TENSOR = 7, 1, 5, 5  # the way from a model down to the tensor of a Constant
TO_NODE, TO_ATTRIBUTE, TO_TENSOR = (GRAPH, NODE), (GRAPH, NODE, ATTRIBUTE), (GRAPH, NODE, ATTRIBUTE, TENSOR)
SECRET = "secret.bin"  # a file below the working directory


def constant(*fields: Node, name: str = "forged") -> Node:
    """A node of a graph: a Constant of this tensor."""
    attribute = message(ATTRIBUTE, text(1, "value"), message(TENSOR, *fields), number(20, 4))
    return message(NODE, text(2, name), text(4, "Constant"), attribute)


def elsewhere(*, high: int = 0, padding: int = 0) -> list[Node]:
    """The fields of a tensor of three doubles that lies in another file."""
    entry = [message(13, text(1, "location"), text(2, SECRET))]
    fields = [number(1, 3), number(2, 11), *entry, number(14, 1)]
    for field in fields[2:]:
        field.high, field.padding = high, padding
    return fields


def node(op: str, domain: str = "", *attributes: Node) -> Node:
    fields = [text(1, "forged.in"), text(2, "forged.out"), text(4, op), text(7, domain)]
    return message(NODE, *fields, *(message(ATTRIBUTE, *a.value) for a in attributes if isinstance(a.value, list)))


def graph_attribute(name: str, *nodes: Node, repeated: bool = False) -> Node:
    """An attribute that holds a graph."""
    graph = message(11 if repeated else 6, *nodes, text(2, "inner"))
    return message(ATTRIBUTE, text(1, name), graph, number(20, 10 if repeated else 5))


def endless_loop() -> Node:
    """A Loop of 2^62 rounds over constants, which ONNX Runtime folds while it loads."""
    kept = helper.make_node("Identity", ["go"], ["kept"])
    added = helper.make_node("Add", ["sum", "sum"], ["next"])
    values = [("i", 7, []), ("go", 9, []), ("sum", 7, [1])]
    inner = helper.make_graph(
        [kept, added],
        "body",
        [helper.make_tensor_value_info(*value) for value in values],
        [helper.make_tensor_value_info("kept", 9, []), helper.make_tensor_value_info("next", 7, [1])],
    )
    loop = helper.make_node("Loop", ["rounds", "yes", "start"], ["looped"], body=inner)
    found = Node(NODE, BYTES, loop.SerializeToString())
    assert isinstance(found.value, bytes)
    return found


def small(name: str, value: object) -> Node:
    made = helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(np.asarray(value)))
    return Node(NODE, BYTES, made.SerializeToString())


TWO = onnx.numpy_helper.from_array(np.array([1.0, 2.0]))
Forge = Callable[[list[Node]], None]


def add(path: tuple[int, ...], *nodes: Node) -> Forge:
    return lambda model: inside(model, *path).extend(nodes)


def put_first(path: tuple[int, ...], *nodes: Node) -> Forge:
    def forge(model: list[Node]) -> None:
        inside(model, *path)[:0] = nodes

    return forge


def change(path: tuple[int, ...], field: int, **changes: int | bytes) -> Forge:
    def forge(model: list[Node]) -> None:
        found = next(n for n in inside(model, *path) if n.number == field)
        for key, value in changes.items():
            setattr(found, key, value)

    return forge


def replace_tensor(*fields: Node) -> Forge:
    def forge(model: list[Node]) -> None:
        inside(model, *TO_TENSOR)[:] = fields

    return forge


def _hidden_data() -> Iterator[tuple[str, Forge, str]]:
    """Data in another file, in every place that may hold a tensor, and with tags that readers read in two ways."""
    tensor = message(5, *elsewhere())
    yield "constant", put_first((GRAPH,), constant(*elsewhere())), UNSAFE
    yield "initializer", add((GRAPH,), message(5, *elsewhere(), text(8, "t"))), UNSAFE
    yield "sparse-initializer", add((GRAPH,), message(15, message(1, *elsewhere()), number(3, 3))), UNSAFE
    yield "list-of-tensors", add((GRAPH,), node("Add", "", message(0, text(1, "v"), message(10, *elsewhere())))), UNSAFE
    yield "subgraph", add((GRAPH,), node("If", "", graph_attribute("then_branch", constant(*elsewhere())))), UNSAFE
    yield (
        "subgraph-of-an-allowed-op",
        add((GRAPH,), node("Add", "", graph_attribute("g", message(5, *elsewhere())))),
        UNSAFE,
    )
    yield (
        "function",
        add((), message(25, text(1, "f"), message(7, *_fields(constant(*elsewhere()))), text(10, "d"))),
        UNSAFE,
    )
    yield "training", add((), message(20, message(1, message(5, *elsewhere())))), UNSAFE
    yield "location-alone", put_first((GRAPH,), constant(number(1, 3), number(2, 11), number(14, 1))), UNSAFE
    yield "entries-alone", put_first((GRAPH,), constant(*elsewhere()[:3])), UNSAFE
    for name, path in {"tensor": TO_TENSOR, "attribute": TO_ATTRIBUTE, "node": TO_NODE}.items():
        yield f"in-a-second-{name}", add(path[:-1], message(path[-1], tensor)), UNSAFE
    yield "tags-of-33-bits", put_first((GRAPH,), constant(*elsewhere(high=BIT_32))), UNSAFE
    yield "tags-of-64-bits", put_first((GRAPH,), constant(*elsewhere(high=1 << 63))), UNSAFE
    for padding in (1, 3, 5, 8):
        yield f"tags-{padding}-too-long", put_first((GRAPH,), constant(*elsewhere(padding=padding))), UNSAFE
    for name, high in (("33", BIT_32), ("35", 1 << 34), ("63", 1 << 62)):
        for level, path in {"graph": (), "node": (GRAPH,), "attribute": TO_NODE, "tensor": TO_ATTRIBUTE}.items():
            field = (GRAPH, NODE, ATTRIBUTE, TENSOR)[len(path)]
            yield f"{level}-under-a-tag-of-{name}-bits", change(path, field, high=high), UNSAFE


def _fields(node: Node) -> list[Node]:
    assert isinstance(node.value, list)
    return node.value


def _encodings() -> Iterator[tuple[str, Forge, str]]:
    """The same fields as a sound model, but written as no writer writes them; and what is not protobuf at all."""
    levels = {
        "graph": ((), 7),
        "node": ((GRAPH,), 1),
        "op": (TO_NODE, 4),
        "attribute": (TO_NODE, 5),
        "raw": (TO_TENSOR, 9),
    }
    for name, (path, field) in levels.items():
        yield f"long-tag-{name}", change(path, field, padding=1), UNSAFE
        yield f"long-size-{name}", change(path, field, long_size=1), UNSAFE
        yield f"cut-off-{name}", change(path, field, wire=VARINT), UNSAFE
        yield f"group-{name}", change(path, field, wire=GROUP), REFUSED
    yield "end-of-a-group", add((), Node(7, 4, b"")), REFUSED
    yield "form-6", add((), Node(1, 6, b"")), REFUSED
    yield "form-7", add((), Node(1, 7, b"")), REFUSED
    yield "field-0", add((), Node(0, VARINT, b"\1")), UNSAFE
    yield "field-unknown", add((), text(99, "x")), UNSAFE
    yield "fixed64", add((), Node(1, FIXED64, bytes(8))), UNSAFE
    yield "fixed32-for-a-number", add((), Node(5, FIXED32, bytes(4))), UNSAFE
    yield "tag-without-an-end", add((), Node(0, VARINT, b"", high=0x3FFF)), REFUSED
    yield "tag-of-70-bits", lambda model: model.append(_Raw(b"\xff" * 9 + b"\x7f")), REFUSED
    yield "tag-of-11-bytes", lambda model: model.append(_Raw(b"\x88" + b"\x80" * 9 + b"\x01")), REFUSED
    yield "number-without-an-end", lambda model: model.append(_Raw(b"\x42\x02\x10\xff")), REFUSED
    yield (
        "length-beyond-the-end",
        lambda model: model.append(_Raw(b"\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
        REFUSED,
    )
    yield "long-number", change((), 1, value=varint(9, 1)), UNSAFE
    for name, path, field in (("graph", (), 7), ("op", TO_NODE, 4), ("name", (GRAPH,), 2), ("raw", TO_TENSOR, 9)):
        yield f"twice-{name}", _twice(path, field), UNSAFE


class _Raw(Node):
    """Bytes as they are."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0, VARINT, data)

    def bytes(self) -> bytes:
        assert isinstance(self.value, bytes)
        return self.value


def _twice(path: tuple[int, ...], field: int) -> Forge:
    def forge(model: list[Node]) -> None:
        nodes = inside(model, *path)
        nodes.append(next(n for n in nodes if n.number == field))

    return forge


def _contents() -> Iterator[tuple[str, Forge, str]]:
    """Sound protobuf, and ONNX, that no model of skc is."""
    loop = [small("rounds", np.int64(2**62)), small("yes", True), small("start", np.array([1])), endless_loop()]
    yield "loop-of-2^62", put_first((GRAPH,), *loop), UNSAFE
    for op in (
        "Loop",
        "Scan",
        "If",
        "ArgMin",
        "ConstantOfShape",
        "Gemm",
        "MatMulInteger",
        "Softmax",
        "Range",
        "Tile",
        "RandomNormal",
        "StringNormalizer",
        "add",
        "",
        "Add\0",
    ):
        yield f"op-{op or 'without-a-name'}".replace("\0", "-nul"), add((GRAPH,), node(op)), UNSAFE
    for domain, op in (
        ("ai.onnx.ml", "Scaler"),
        ("ai.onnx.ml", "TreeEnsembleClassifier"),
        ("", "TreeEnsembleRegressor"),
        ("com.microsoft", "FusedMatMul"),
        ("ai.onnx", "Add"),
        ("evil", "Add"),
    ):
        yield f"op-{domain}.{op}", add((GRAPH,), node(op, domain)), UNSAFE
    yield "op-over-another", add((GRAPH,), message(NODE, text(4, "Add"), text(4, "Loop"))), UNSAFE
    yield "op-of-an-overload", add((GRAPH,), message(NODE, text(4, "Add"), text(8, "f"))), UNSAFE
    for domain, version in (("", 21), ("", 0), ("ai.onnx.ml", 5), ("evil", 1), ("ai.onnx", 20)):
        forge = add((), message(8, text(1, domain), number(2, version)))
        yield f"opset-{domain or 'onnx'}-{version}", forge, UNSAFE
    yield "quantization", add((GRAPH,), message(14, text(1, "x"))), UNSAFE
    yield "initializer", add((GRAPH,), message(5, number(1, 1), number(2, 11), text(8, "t"), text(9, bytes(8)))), UNSAFE
    for name, kind in {"sequence": 4, "map": 5, "optional": 9, "opaque": 7, "sparse": 8}.items():
        yield f"input-{name}", add((GRAPH,), message(11, text(1, "forged"), message(2, message(kind)))), UNSAFE
    yield "device-configuration", add((), message(26, text(1, "x"))), UNSAFE
    for name, fields in {
        "of-type-GRAPH": (text(1, "g"), number(20, 5)),
        "of-type-55": (text(1, "g"), number(20, 55)),
        "of-no-type": (text(1, "g"), number(3, 1)),
        "of-two-values": (text(1, "g"), number(3, 1), text(4, "x"), number(20, 2)),
        "with-a-reference": (text(1, "g"), text(21, "x"), number(20, 2)),
        "of-floats": (text(1, "nodes_values"), Node(7, FIXED32, bytes(4)), number(20, 6)),
        "with-a-long-number": (number(8, 1), number(8, 300), Node(8, VARINT, varint(7, 1)), number(20, 7)),
        "with-a-number-of-64-bits-and-more": (number(8, 1), Node(8, VARINT, varint(0, 8)), number(20, 7)),
    }.items():
        yield f"attribute-{name}", add(TO_NODE, message(ATTRIBUTE, *fields)), UNSAFE
    one = number(1, 1)
    for name, fields in {
        "2^40-of-nothing": (number(1, 2**40), number(2, 11)),
        "2^30-of-nothing": (number(1, 2**30), number(2, 11)),
        "2^64-by-overflow": (number(1, 2**32), number(1, 2**32), number(2, 11)),
        "2^62-times-4": (number(1, 2**62), number(1, 4), number(2, 11)),
        "2^80-times-0": (number(1, 2**40), number(1, 2**40), number(1, 0), number(2, 11)),
        "negative": (number(1, -1), number(2, 11), text(9, bytes(8))),
        "one-byte-too-few": (one, number(2, 11), text(9, bytes(7))),
        "one-byte-too-many": (one, number(2, 11), text(9, bytes(9))),
        "packed-shape": (text(1, varint(2) + varint(2)), number(2, 11), text(9, bytes(8))),
        "strings-missing": (number(1, 2**20), number(2, 8), text(6, "x")),
        "strings-of-numbers": (one, number(2, 11), text(6, "x"), text(9, bytes(8))),
        "numbers-of-strings": (one, number(2, 8), text(6, "x"), text(9, bytes(8))),
        "of-no-type": (one, text(9, bytes(8))),
        "of-type-16": (one, number(2, 16), text(9, bytes(2))),
        "of-type-2^32+11": (one, number(2, 2**32 + 11), text(9, bytes(8))),
        "typed-data": (one, number(2, 11), Node(10, BYTES, bytes(8))),
        "segment": (one, number(2, 11), message(3, number(1, 0)), text(9, bytes(8))),
    }.items():
        yield f"tensor-{name}", replace_tensor(*fields), UNSAFE


def forged_models(sound: bytes) -> Iterator[tuple[str, bytes, str]]:
    """(name, the model, the code of its refusal), made of a sound model, which gets a Constant to be changed."""
    first = message(NODE, *tree(helper.make_node("Constant", [], ["two"], value=TWO).SerializeToString(), "NodeProto"))
    for family, forges in (("data", _hidden_data), ("encoding", _encodings), ("content", _contents)):
        for name, forge, code in forges():
            model = tree(sound)
            inside(model, GRAPH).insert(0, copy.deepcopy(first))
            forge(model)
            data = written(model)
            assert data != sound, name
            yield f"{family}-{name}", data, code


FOREIGN = (
    lambda source: text(source.randrange(1, 30), source.randbytes(source.randrange(4))),
    lambda source: number(source.randrange(1, 30), source.choice([0, 1, 2, 2**31, 2**32 + 1, 2**62, -1])),
    lambda source: message(source.choice([1, 5, 6, 10, 11, 15, 22, 25]), *elsewhere()),
    lambda source: constant(*elsewhere()),
    lambda source: node(source.choice(["Loop", "Add", "Tile", "LabelEncoder"]), source.choice(["", "x"])),
)


def mutants(sound: bytes, count: int, seed: int = 9) -> Iterator[bytes]:
    """Sound models with one to three changes by chance, each somewhere in the tree."""
    source = random.Random(seed)
    for _ in range(count):
        model = tree(sound)
        for _ in range(source.randint(1, 3)):
            _mutate(source, model)
        yield written(model)


def _mutate(source: random.Random, model: list[Node]) -> None:
    nodes = model
    while source.random() < 0.75:  # one step down
        deeper = [n.value for n in nodes if isinstance(n.value, list) and n.value]
        if not deeper:
            break
        nodes = source.choice(deeper)
    place = source.randrange(len(nodes))
    match source.randrange(9):
        case 0:
            nodes.insert(place, source.choice(FOREIGN)(source))
        case 1:
            nodes.append(nodes[place])
        case 2 if len(nodes) > 1:
            del nodes[place]
        case 3:
            nodes[place] = Node(**{**vars(nodes[place]), "high": 1 << source.randrange(32, 64)})
        case 4:
            nodes[place] = Node(**{**vars(nodes[place]), "padding": source.randrange(1, 5)})
        case 5:
            nodes[place] = Node(**{**vars(nodes[place]), "number": source.randrange(1, 30)})
        case 6:
            nodes[place] = Node(**{**vars(nodes[place]), "wire": source.randrange(8)})
        case 7:
            nodes[place] = Node(**{**vars(nodes[place]), "long_size": source.randrange(1, 4)})
        case _:
            data = bytearray(nodes[place].bytes())
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)
            nodes[place] = _Raw(bytes(data))
