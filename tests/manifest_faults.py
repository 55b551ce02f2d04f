"""Every way in which a manifest or golden records can be wrong, as changes of the rides of `forged_artifacts`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from forged_artifacts import Artifact

Change = Callable[[dict[str, Any]], None]


def assign(*path: Any, value: Any) -> Change:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def remove(*path: Any) -> Change:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


SIGNAL = {"kind": "null", "step": "inputs/fare", "input": "fare"}
MALFORMED = [
    assign("skc", value="pipeline"),
    assign("skc", value=1),
    assign("format", value=0),
    assign("format", value=True),
    assign("format", value=1.0),
    assign("format", value="1"),
    assign("name", value=None),
    assign("name", value="a\0"),
    assign("name", value="\ud800"),
    assign("signature", value="rows"),
    assign("extra", value=1),
    assign("inputs", value={}),
    assign("inputs", 0, value=[]),
    assign("inputs", 0, "type", value="list<float64>"),
    assign("inputs", 0, "nullable", value=1),
    assign("inputs", 0, "nan", value="nan"),
    assign("inputs", 0, "text", value="words"),
    assign("inputs", 0, "text", value=None),
    assign("inputs", 3, "text", value="number"),
    assign("inputs", 0, "timezone", value="Europe/Berlin"),
    assign("inputs", 5, "timezone", value=1),
    assign("inputs", 0, "column", value=-1),
    assign("inputs", 0, "column", value=1),
    assign("inputs", 0, "column", value=2**40),
    assign("inputs", 0, "tensor", value="nowhere"),
    assign("inputs", 0, "tensor", value="fare"),
    assign("inputs", 0, "tensor", value="passengers"),
    assign("inputs", 0, "name", value="fare"),
    assign("inputs", 0, "valid", value={"tensor": "member.valid", "column": 0}),
    assign("inputs", 0, "more", value=0),
    assign("inputs", 3, "valid", value=None),
    assign("inputs", 3, "valid", value={"tensor": "distance", "column": 0}),
    assign("inputs", 3, "valid", value={"tensor": "member.valid"}),
    assign("inputs", 3, "valid", value="member.valid"),
    assign("tensors", 0, "width", value=0),
    assign("tensors", 0, "width", value=2),
    assign("tensors", 0, "dtype", value="float32"),
    assign("tensors", 0, "more", value=0),
    assign("outputs", 0, "columns", value=["a"]),
    assign("outputs", 0, "exact", value=[1, 1, 1, 1, 1]),
    assign("outputs", 0, "columns", 0, value=5),
    assign("outputs", 0, "columns", value="abcde"),
    assign("outputs", 0, "dtype", value="int32"),
    assign("outputs", 0, "valid", value="x.valid"),
    assign("outputs", 1, "valid", value="valid"),
    assign("outputs", 0, "name", value="times"),
    assign("outputs", 0, "more", value=0),
    assign("guards", value=[]),
    assign("guards", "tensor", value="x"),
    assign("guards", "columns", 0, "code", value="Unknown Category"),
    assign("guards", "columns", 0, "more", value="x"),
    assign("guards", "more", value=0),
    assign("onnx", "opset", value="20"),
    assign("onnx", "minimum_onnxruntime", value="newest"),
    assign("onnx", "domains", value=[1]),
    assign("onnx", "more", value=1),
    assign("files", value=[]),
    assign("files", "plan.json", value="abc"),
    assign("files", "plan.json", value="0" * 64),
    assign("plan", value="0" * 64),
    assign("plan", value="x"),
    assign("tzdata", value=2026),
    assign("built_with", "skc", value=1),
    assign("log", value=None),
    assign("log", value={"omit": []}),
    assign("log", value={"omit": ["fares"], "hash": []}),
    assign("log", value={"omit": ["fare"], "hash": ["fare"]}),
    assign("log", value={"omit": [], "hash": ["fare", "fare"]}),
    assign("log", value={"omit": [], "hash": [], "more": 0}),
    *(
        assign("signals", value=value)
        for value in (
            None,
            {"tensor": "skc.signals", "columns": []},
            {"tensor": "skc.signals"},
            {"tensor": "x", "columns": [SIGNAL]},
            {"tensor": "skc.signals", "columns": [SIGNAL], "more": 0},
            {"tensor": "skc.signals", "columns": [{**SIGNAL, "kind": "Null"}]},
            {"tensor": "skc.signals", "columns": [{**SIGNAL, "step": None}]},
            {"tensor": "skc.signals", "columns": [{**SIGNAL, "code": "null"}]},
            *(
                {"tensor": "skc.signals", "columns": [{**SIGNAL, "training": share}]}
                for share in (0.5, None, "", ".5", "0.", "1.0", "1e-3", "-0", "00", "0.0000000000001", "0.5\n", "NaN")
            ),
        )
    ),
    remove("skc"),
    remove("name"),
    remove("inputs"),
    remove("inputs", 0),
    remove("inputs", 0, "nan"),
    remove("tensors", 0),
    remove("guards"),
    remove("guards", "tensor"),
    remove("tzdata"),
    remove("files", "golden.jsonl"),
    remove("files", "plan.json"),
    remove("files", "model.onnx"),
    remove("onnx", "ml"),
]

NO_JSON = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"a"',
    b"{",
    b"\xff",
    b'{"skc": NaN}',
    b'{"a": 1, "a": 1}',
    b"[" * 100_000,
    b'{"a":' * 9999,
]

GoldenChange = Callable[[list[Any]], None]
WRONG_GOLDEN = [
    assign(1, "outputs", "x", 0, value=0.5),
    assign(1, "outputs", "times", 0, value="3"),
    assign(1, "outputs", "word", 0, value="cash"),
    assign(1, "outputs", "is_member", 0, value=False),
    assign(1, "outputs", "is_member.valid", 0, value=False),
    assign(2, "outputs", "x", 1, value=0.0),
    assign(1, "outputs", "x", 0, value="NaN"),
    assign(1, "outputs", "x", 2, value="Infinity"),
    assign(1, "outputs", "x", 3, value="-0.0"),
    assign(1, "record", "payment", value="cheque"),
    assign(5, "error", "code", value="out-of-range"),
    assign(5, "record", "payment", value="card"),
]


def with_golden(artifact: Artifact, change: GoldenChange) -> Artifact:
    lines = [json.loads(line) for line in artifact.files["golden.jsonl"].splitlines()]
    change(lines)
    return artifact.with_file("golden.jsonl", b"".join(json.dumps(line).encode() + b"\n" for line in lines))


MALFORMED_GOLDEN = [
    assign(0, "skc", value="gold"),
    assign(0, "format", value="1"),
    assign(0, "more", value=1),
    assign(1, value=[]),
    assign(1, "more", value=1),
    assign(1, "record", value=[]),
    assign(1, "record", "nowhere", value=1),
    assign(1, "record", "fare", value="1.5"),
    assign(1, "record", "fare", value=True),
    assign(1, "record", "fare", value=10**400),
    assign(1, "record", "passengers", value=2),
    assign(1, "record", "passengers", value="2.0"),
    assign(1, "record", "passengers", value="٣"),
    assign(1, "record", "passengers", value="9223372036854775808"),
    assign(1, "record", "payment", value=1),
    assign(1, "record", "member", value=1),
    assign(1, "outputs", value=[]),
    assign(1, "outputs", "nowhere", value=[]),
    assign(1, "outputs", "x", value=[1.0]),
    assign(1, "outputs", "x", value=1.0),
    assign(1, "outputs", "x", 0, value="1.0"),
    assign(5, "error", value="unknown-category"),
    assign(5, "error", "row", value=1),
    assign(5, "outputs", value={}),
    remove(1, "record"),
    remove(1, "outputs"),
    remove(1, "outputs", "x"),
    remove(0),
]
