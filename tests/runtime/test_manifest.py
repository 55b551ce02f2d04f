"""manifest.json and golden.jsonl read strictly: what is not as the schema says is refused with its place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from manifest_faults import MALFORMED, MALFORMED_GOLDEN, NO_JSON, WRONG_GOLDEN, Change, GoldenChange, with_golden

from skc_runtime import ArtifactError, Manifest, load


def refused(directory: Path, **options: Any) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        load(directory, **options)
    return caught.value


@pytest.mark.parametrize("change", MALFORMED)
def test_a_malformed_manifest(columns_artifact: Any, tmp_path: Path, change: Change) -> None:
    document = columns_artifact.document
    change(document)
    assert refused(columns_artifact.with_document(document).write(tmp_path / "a")).code == "artifact-malformed"


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


@pytest.mark.parametrize("replay", ["exact", "tolerance"])
@pytest.mark.parametrize("change", WRONG_GOLDEN)
def test_golden_records_that_come_out_otherwise(
    columns_artifact: Any, tmp_path: Path, change: GoldenChange, replay: str
) -> None:
    directory = with_golden(columns_artifact, change).write(tmp_path / "a")
    error = refused(directory, replay=replay)
    assert error.code == "golden-mismatch"
    assert (error.hint is not None and "tolerance" in error.hint) == (replay == "exact")


@pytest.mark.parametrize("change", MALFORMED_GOLDEN)
def test_malformed_golden_records(columns_artifact: Any, tmp_path: Path, change: GoldenChange) -> None:
    assert refused(with_golden(columns_artifact, change).write(tmp_path / "a")).code == "artifact-malformed"


@pytest.mark.parametrize("data", [b"", b"\n", b"{", b'{"skc":"golden","format":1}', b'{"skc":"golden","format":1}\n\n'])
def test_what_are_no_golden_records(columns_artifact: Any, tmp_path: Path, data: bytes) -> None:
    directory = columns_artifact.with_file("golden.jsonl", data).write(tmp_path / "a")
    assert refused(directory).code == "artifact-malformed"
