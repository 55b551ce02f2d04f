"""The scan of a model's bytes: what skc emits passes, and what onnx reads otherwise in them never does."""

from __future__ import annotations

from typing import Any

import model_grammar
import onnx
import pytest
from forged_models import forged_models, mutants
from google.protobuf.message import DecodeError
from onnx import inliner

from skc.emit.opset import foreign_part
from skc_runtime import ArtifactError
from skc_runtime.model_scan import scan_model


def code(model: bytes) -> str | None:
    try:
        scan_model(model)
    except ArtifactError as error:
        return error.code
    return None


@pytest.fixture(scope="module")
def sound(columns_artifact: Any) -> bytes:
    return bytes(columns_artifact.files["model.onnx"])


def as_onnx_reads_it(model: bytes) -> list[onnx.ModelProto]:
    """By its readers in Python and in C++, whose tags have 32 bits; a reader that refuses the bytes is left out."""
    found = []
    for read in (lambda data: data, lambda data: inliner.C.inline_local_functions(data, False)):
        try:
            found.append(onnx.load_model_from_string(read(model)))
        except (DecodeError, RuntimeError, ValueError):
            continue
    return found


@pytest.mark.parametrize("path", model_grammar.SOURCES, ids=lambda path: path.name)
def test_the_generated_grammar_is_current(path: Any) -> None:
    assert path.read_text() == model_grammar.SOURCES[path](), "run `make generated`"


def test_what_skc_emits_passes(artifact: Any) -> None:
    model = artifact.files["model.onnx"]
    scan_model(model)
    (in_python, _) = as_onnx_reads_it(model)
    assert foreign_part(in_python) is None


def test_forged_models(sound: bytes) -> None:
    forged = list(forged_models(sound))
    assert len({name for name, _, _ in forged}) == len(forged) > 100
    assert {name: code(model) for name, model, _ in forged} == {name: wanted for name, _, wanted in forged}


def test_a_tag_of_33_bits_is_external_data_to_onnx(sound: bytes) -> None:
    """The reason of it all: the reader in C++ keeps 32 bits of the tag."""
    forged = {name: model for name, model, _ in forged_models(sound)}
    *_, in_cpp = as_onnx_reads_it(forged["data-tags-of-33-bits"])
    assert any(a.t.external_data for node in in_cpp.graph.node for a in node.attribute)


def test_no_mutant_passes_that_onnx_reads_otherwise(sound: bytes) -> None:
    """Whatever the scan lets through, onnx finds nothing in it that skc does not emit."""
    counts = {None: 0, "artifact-unsafe": 0, "model-refused": 0}
    seen = 0
    for model in mutants(sound, 1500):
        found = code(model)
        counts[found] += 1
        read = as_onnx_reads_it(model) if found is None else ()
        for parsed in read:
            assert foreign_part(parsed) is None
        seen += len(read)
    assert min(counts.values()) > 50, counts
    assert seen > 50
