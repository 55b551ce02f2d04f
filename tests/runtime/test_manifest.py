"""manifest.json and golden.jsonl read strictly: what is not as the schema says is refused with its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from skc_runtime import ArtifactError, Manifest, load

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


def refused(directory: Path, **options: Any) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        load(directory, **options)
    return caught.value


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


@pytest.mark.parametrize("change", MALFORMED)
def test_a_malformed_manifest(columns_artifact: Any, tmp_path: Path, change: Change) -> None:
    document = columns_artifact.document
    change(document)
    assert refused(columns_artifact.with_document(document).write(tmp_path / "a")).code == "artifact-malformed"


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


@pytest.mark.parametrize("data", [*NO_JSON, b'{"format": ' + b"9" * 5000 + b"}"], ids=range(12))
def test_what_is_no_manifest_at_all(data: bytes) -> None:
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_json(data)
    assert caught.value.code == "artifact-malformed"


def test_a_key_that_stands_twice(columns_artifact: Any) -> None:
    text = columns_artifact.files["manifest.json"].replace(b'"tzdata": null', b'"tzdata": null, "tzdata": null')
    with pytest.raises(ArtifactError, match="duplicate key") as caught:
        Manifest.from_json(text)
    assert caught.value.code == "artifact-malformed"


def test_the_schema_takes_what_the_reader_takes(artifact: Any, schemas: Path) -> None:
    schema = json.loads((schemas / "manifest.v1.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = artifact.document
    validator.validate(document)
    again = Manifest.from_json(json.dumps(document).encode()).to_json()
    validator.validate(json.loads(json.dumps(again)))
    assert again == document


def test_what_the_schema_refuses_the_reader_refuses(columns_artifact: Any, schemas: Path) -> None:
    """The reader also refuses what does not fit together, which no schema can say."""
    validator = jsonschema.Draft202012Validator(json.loads((schemas / "manifest.v1.schema.json").read_bytes()))
    refused_by_schema = 0
    for change in MALFORMED:
        document = copy.deepcopy(columns_artifact.document)
        change(document)
        refused_by_schema += not validator.is_valid(document)
    assert refused_by_schema >= 45


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


@pytest.mark.parametrize("replay", ["exact", "tolerance"])
@pytest.mark.parametrize("change", WRONG_GOLDEN)
def test_golden_records_that_come_out_otherwise(
    columns_artifact: Any, tmp_path: Path, change: GoldenChange, replay: str
) -> None:
    directory = with_golden(columns_artifact, change).write(tmp_path / "a")
    error = refused(directory, replay=replay)
    assert error.code == "golden-mismatch"
    assert (error.hint is not None and "tolerance" in error.hint) == (replay == "exact")


def with_golden(artifact: Any, change: GoldenChange) -> Any:
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


@pytest.mark.parametrize("change", MALFORMED_GOLDEN)
def test_malformed_golden_records(columns_artifact: Any, tmp_path: Path, change: GoldenChange) -> None:
    assert refused(with_golden(columns_artifact, change).write(tmp_path / "a")).code == "artifact-malformed"


@pytest.mark.parametrize("data", [b"", b"\n", b"{", b'{"skc":"golden","format":1}', b'{"skc":"golden","format":1}\n\n'])
def test_what_are_no_golden_records(columns_artifact: Any, tmp_path: Path, data: bytes) -> None:
    directory = columns_artifact.with_file("golden.jsonl", data).write(tmp_path / "a")
    assert refused(directory).code == "artifact-malformed"
