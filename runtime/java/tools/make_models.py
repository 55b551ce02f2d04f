"""Makes {join,find_wide,characters}.onnx of the resources and strings.onnx of the tests: `python tools/make_models.py`.

`--check` writes nothing, and fails if a file is not what would be written.

Why: the Java binding of ONNX Runtime hands strings over as *modified* UTF-8, in which a character above U+FFFF
is six bytes that no vocabulary holds, and reads results as modified UTF-8 too, which loses such characters.
What Java cannot say, a graph can: these three put true UTF-8 together and take it apart (TrueText.java and
WideText.java run them). Needs the onnx package.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

SOURCES = Path(__file__).resolve().parent.parent / "src"
RESOURCES = SOURCES / "main/resources/dev/skc/runtime"
TEST_RESOURCES = SOURCES / "test/resources/dev/skc/runtime"
FAN_IN = 8  # pieces that one run of `join` puts together; TrueText.FAN_IN
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 4), helper.make_opsetid("com.microsoft", 1)]
TAXI, CAR = "\U0001f695", "\U0001f697"  # names of its input and of an output
KEYS = [
    "\U0001f600",
    "\U00020bb7\u91ce\u5bb6",
    "\U0001f1e9\U0001f1ea",
    "a\U0001f600b",
    "\u00f0\u009f\u0098\u0080",  # what the bytes of the first are in Latin-1
    "\u00f0",
    "plain",
]
PLAN = b"{}\n"  # plan.json of the artifact that StringsTest puts together around strings.onnx


def main() -> None:
    made = {RESOURCES / f"{graph.name}.onnx": serialized(graph) for graph in (join(), find_wide(), characters())}
    plan = hashlib.sha256(PLAN).hexdigest()
    made[TEST_RESOURCES / "strings.onnx"] = serialized(strings_graph(), {"skc.format": "1", "skc.plan": plan})
    stale = [path.name for path, data in made.items() if not path.exists() or path.read_bytes() != data]
    if "--check" in sys.argv[1:]:
        sys.exit(f"not as {Path(__file__).name} makes them: {', '.join(stale)}" if stale else 0)
    for path, data in made.items():
        path.write_bytes(data)


def serialized(graph: GraphProto, metadata: dict[str, str] | None = None) -> bytes:
    model = helper.make_model(graph, producer_name="skc", opset_imports=OPSETS, ir_version=9)
    helper.set_model_props(model, metadata or {})
    return bytes(model.SerializeToString(deterministic=True))


def join() -> GraphProto:
    """text = for each place of `order` one of parts ++ joined, where joined[r] is the 8 pieces of index[r].

    A piece is a byte (0 to 255), nothing (256) or a part (257 + its place). Reshaped to `shape`.
    """
    table = TensorProto(name="table", data_type=TensorProto.STRING, dims=[257])
    table.string_data.extend([*(bytes([b]) for b in range(256)), b""])
    nodes = [
        node("Concat", ["table", "parts"], ["pieces"], axis=0),
        node("Gather", ["pieces", "index"], ["level0"], axis=0),
    ]
    width, level = FAN_IN, 0
    while width > 1:  # neighbours, then neighbours of those: 8 to 4 to 2 to 1
        source, width, level = f"level{level}", width // 2, level + 1
        nodes += [
            node("Slice", [source, "first", "end", "columns", "two"], [f"left{level}"]),
            node("Slice", [source, "second", "end", "columns", "two"], [f"right{level}"]),
            node("StringConcat", [f"left{level}", f"right{level}"], [f"level{level}"]),
        ]
    nodes += [
        node("Reshape", [f"level{level}", "flat"], ["joined"]),
        node("Concat", ["parts", "joined"], ["texts"], axis=0),
        node("Gather", ["texts", "order"], ["ordered"], axis=0),
        node("Reshape", ["ordered", "shape"], ["text"]),
    ]
    slices = {"first": 0, "second": 1, "two": 2, "columns": 1, "end": 2**62}
    constants = [table, integers("flat", -1), *(integers(name, value) for name, value in slices.items())]
    inputs = [strings("parts", ["P"]), ints("index", ["R", FAN_IN]), ints("order", ["Q"]), ints("shape", ["D"])]
    return helper.make_graph(nodes, "join", inputs, [strings("text", None)], constants)


def find_wide() -> GraphProto:
    """wide = which of the texts hold a character above U+FFFF."""
    pattern = r"(?s).*[\x{10000}-\x{10FFFF}].*"
    nodes = [node("RegexFullMatch", ["text"], ["wide"], pattern=pattern)]
    return helper.make_graph(nodes, "find_wide", [strings("text", ["N", "K"])], [bools("wide", ["N", "K"])])


def characters() -> GraphProto:
    """The characters of the texts at `places`, padded with "", of each its MurmurHash3, and if it is above U+FFFF."""
    cut = {"mark": 0, "pad_value": "", "mincharnum": 1, "separators": [""]}
    nodes = [
        node("Reshape", ["text", "flat"], ["texts"]),
        node("Gather", ["texts", "places"], ["chosen"], axis=0),
        node("Tokenizer", ["chosen"], ["characters"], domain="com.microsoft", **cut),
        node("MurmurHash3", ["characters"], ["hash"], domain="com.microsoft", positive=0, seed=0),
        node("RegexFullMatch", ["characters"], ["wide"], pattern=r"[\x{10000}-\x{10FFFF}]"),
    ]
    inputs = [strings("text", ["N", "K"]), ints("places", ["M"])]
    hashes = helper.make_tensor_value_info("hash", TensorProto.INT32, ["M", "L"])
    outputs = [strings("characters", ["M", "L"]), hashes, bools("wide", ["M", "L"])]
    return helper.make_graph(nodes, "characters", inputs, outputs, [integers("flat", -1)])


def strings_graph() -> GraphProto:
    """A vocabulary, a hash, constants and a plain copy of the one input, whose name is a wide character too."""
    nodes = [
        label_encoder("code", values_int64s=list(range(len(KEYS))), default_int64=-1),
        label_encoder("next", values_strings=KEYS[1:] + KEYS[:1], default_string="\U0001f937"),
        node("MurmurHash3", [TAXI], ["signed"], domain="com.microsoft", positive=0, seed=0),
        node("Cast", ["signed"], ["hash"], to=TensorProto.INT64),
        node("Identity", [TAXI], [CAR]),
    ]
    outputs = [ints("code", ["N", 1]), strings("next", ["N", 1]), ints("hash", ["N", 1]), strings(CAR, ["N", 1])]
    return helper.make_graph(nodes, "strings", [strings(TAXI, ["N", 1])], outputs)


def label_encoder(output: str, **attributes: object) -> NodeProto:
    return node("LabelEncoder", [TAXI], [output], domain="ai.onnx.ml", keys_strings=KEYS, **attributes)


def node(op: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: object) -> NodeProto:
    made = helper.make_node(op, inputs, outputs, domain=domain)
    made.attribute.extend(helper.make_attribute(name, value) for name, value in sorted(attributes.items()))
    return made


def integers(name: str, value: int) -> TensorProto:
    return numpy_helper.from_array(np.array([value], dtype=np.int64), name)


def strings(name: str, shape: list[str | int] | None) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.STRING, shape)


def ints(name: str, shape: list[str | int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)


def bools(name: str, shape: list[str]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.BOOL, shape)


if __name__ == "__main__":
    main()
