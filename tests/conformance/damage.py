"""Artifacts that no runtime may serve: damaged by accident, or by somebody who mends the hashes too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from forged_artifacts import GOLDEN_RIDES, Artifact, compile_pipeline, rides
from forged_models import forged_models, mutants
from manifest_faults import MALFORMED, MALFORMED_GOLDEN, NO_JSON, WRONG_GOLDEN, with_golden

from skc_runtime import ArtifactError
from skc_runtime.model_scan import scan_model

MUTANTS = 150
FILES = ("manifest.json", "model.onnx", "plan.json", "golden.jsonl")
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Damaged:
    """An artifact, what is done to its folder, and the code of the refusal."""

    id: str
    artifact: Artifact
    code: str
    change: Callable[[Path], None] = field(default=lambda folder: None)

    def write(self, folder: Path) -> None:
        self.change(self.artifact.write(folder))


def damaged_artifacts() -> Iterator[Damaged]:
    """All of them, of one small artifact with every type of input, and guards."""
    sound = compile_pipeline(rides(), "columns", GOLDEN_RIDES)
    yield from _files(sound)
    yield from _manifests(sound)
    yield from _golden(sound)
    yield from _models(sound)


def _files(sound: Artifact) -> Iterator[Damaged]:
    for name in FILES:
        data = sound.files[name]
        bad = "artifact-malformed" if name == "manifest.json" else "artifact-hash-mismatch"
        yield Damaged(f"{name}-missing", sound, "artifact-file-missing", _replaced(name, None))
        yield Damaged(f"{name}-empty", sound, bad, _replaced(name, b""))
        yield Damaged(f"{name}-cut", sound, bad, _replaced(name, data[: len(data) // 2]))
        yield Damaged(f"{name}-flipped", sound, bad, _replaced(name, b"\xff" + data[1:]))
        yield Damaged(f"{name}-appended", sound, bad, _replaced(name, data + b"}"))
        yield Damaged(f"{name}-folder", sound, "artifact-unsafe", _made_folder(name))
    for name in ("manifest.json", "golden.jsonl"):
        yield Damaged(f"{name}-too-large", sound, "artifact-too-large", _grown(name, 64 * MEGABYTE + 1))
    yield Damaged("nothing", Artifact({}), "artifact-file-missing")


def _replaced(name: str, data: bytes | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        if data is not None:
            (folder / name).write_bytes(data)

    return change


def _made_folder(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def _grown(name: str, size: int) -> Callable[[Path], None]:
    """A file of holes: it costs no room on the disk."""
    return lambda folder: os.truncate(folder / name, size)


def _manifests(sound: Artifact) -> Iterator[Damaged]:
    for k, change in enumerate(MALFORMED):
        document = sound.document
        change(document)
        yield Damaged(f"manifest-malformed-{k:02}", sound.with_document(document), "artifact-malformed")
    for k, data in enumerate(NO_JSON):
        yield Damaged(f"manifest-no-json-{k:02}", _with_manifest(sound, data), "artifact-malformed")
    for name, document in {"million-columns": _widened(sound), "101-files": _with_files(sound, 98)}.items():
        yield Damaged(f"manifest-of-{name}", sound.with_document(document), "artifact-malformed")
    text = sound.files["manifest.json"]
    for name, data in {
        "key-twice": text.replace(b'"tzdata": null', b'"tzdata": null, "tzdata": null'),
        "two-documents": text + text,
        "infinity": text.replace(b'"format": 1', b'"format": Infinity'),
        "byte-order-mark": b"\xef\xbb\xbf" + text,
        "not-utf-8": text.replace(b'"rides"', b'"r\xffdes"'),
        "overlong-utf-8": text.replace(b'"rides"', b'"r\xc0\xaedes"'),
        "comment": b"// a manifest\n" + text,
        "trailing-comma": text[:-1] + b",}",
        "single-quotes": text.replace(b'"rides"', b"'rides'"),
        "leading-zero": text.replace(b'"format": 1', b'"format": 01'),
        "raw-line-end-in-string": text.replace(b'"rides"', b'"ri\ndes"'),
    }.items():
        assert data != text, name
        yield Damaged(f"manifest-{name}", _with_manifest(sound, data), "artifact-malformed")
    for number in (2, 10**12):
        document = {"skc": "artifact", "format": number, "something": "else"}
        yield Damaged(f"manifest-format-{number}", sound.with_document(document), "artifact-too-new")
    for k, name in enumerate(("../plan.json", "/etc/passwd", "a/b", "..", "", "a\\b", "C:x", ".hidden", "é")):
        document = sound.document
        document["files"][name] = "0" * 64
        yield Damaged(f"manifest-path-{k}", sound.with_document(document), "artifact-unsafe")
    document = sound.document
    document["onnx"]["minimum_onnxruntime"] = "99.0"
    yield Damaged("onnxruntime-too-old", sound.with_document(document), "onnxruntime-too-old")
    for k, change in enumerate(({"outputs": sound.document["outputs"][:3]}, {"guards": None})):
        document = {**sound.document, **change}
        yield Damaged(f"manifest-of-another-model-{k}", sound.with_document(document), "artifact-inconsistent")


def _widened(sound: Artifact) -> dict[str, Any]:
    """The packed signature, and a hundred tensors of a million columns that no input feeds."""
    document = {**sound.document, "signature": "packed"}
    document["tensors"] += [{"name": f"wide{k}", "dtype": "float64", "width": 1_000_000} for k in range(100)]
    return document


def _with_files(sound: Artifact, more: int) -> dict[str, Any]:
    document = sound.document
    document["files"] |= {f"more{k}": "0" * 64 for k in range(more)}
    return document


def _with_manifest(sound: Artifact, data: bytes) -> Artifact:
    return Artifact({**sound.files, "manifest.json": data})


def _golden(sound: Artifact) -> Iterator[Damaged]:
    for k, change in enumerate(WRONG_GOLDEN):
        yield Damaged(f"golden-wrong-{k:02}", with_golden(sound, change), "golden-mismatch")
    for k, change in enumerate(MALFORMED_GOLDEN):
        yield Damaged(f"golden-malformed-{k:02}", with_golden(sound, change), "artifact-malformed")
    data = sound.files["golden.jsonl"]
    head, record = data.splitlines(keepends=True)[:2]
    for name, text in {"without-records": head, "of-10001-records": head + record * 10_001}.items():
        yield Damaged(f"golden-{name}", sound.with_file("golden.jsonl", text), "artifact-malformed")
    newer = data.replace(b'"format":1', b'"format":2', 1)
    yield Damaged("golden-newer", sound.with_file("golden.jsonl", newer), "artifact-too-new")
    for name, text in {"no-line-end": data[:-1], "empty": b"", "empty-line": data + b"\n", "text": b"golden\n"}.items():
        yield Damaged(f"golden-{name}", sound.with_file("golden.jsonl", text), "artifact-malformed")


def _models(sound: Artifact) -> Iterator[Damaged]:
    model = sound.files["model.onnx"]
    for name, data in {"empty": b"", "text": b"no model", "word": b"location", "cut-off": model[:-200]}.items():
        yield Damaged(f"model-{name}", sound.with_file("model.onnx", data), "model-refused")
    packed = compile_pipeline(rides(), "packed").files["model.onnx"]
    yield Damaged("model-of-another-signature", sound.with_file("model.onnx", packed), "artifact-inconsistent")
    for key in ("skc.format", "skc.plan"):
        for name, value in (("other", "2"), ("none", None)):
            forged = sound.with_file("model.onnx", _with_metadata(model, key, value))
            yield Damaged(f"model-{key}-{name}", forged, "artifact-inconsistent")
    yield Damaged("model-external-data", sound.with_file("model.onnx", _with_external_data(model)), "artifact-unsafe")
    for name, data in {"alone": _failing(model, 3, 1), "in-a-batch": _failing(model, 1, 1)}.items():
        yield Damaged(f"model-that-does-not-run-{name}", sound.with_file("model.onnx", data), "golden-mismatch")
    for name, data, code in forged_models(model):
        yield Damaged(f"model-{name}", sound.with_file("model.onnx", data), code)
    yield from _mutants(sound, model)


def _mutants(sound: Artifact, model: bytes) -> Iterator[Damaged]:
    """Models changed by chance, of those that the scan refuses: what Python says of them every language must say."""
    for k, data in enumerate(mutants(model, MUTANTS)):
        try:
            scan_model(data)
        except ArtifactError as error:
            yield Damaged(f"model-mutant-{k:03}", sound.with_file("model.onnx", data), error.code)


def _with_metadata(model: bytes, key: str, value: str | None) -> bytes:
    loaded = onnx.load_model_from_string(model)
    pairs = {entry.key: entry.value for entry in loaded.metadata_props}
    changed = {k: v if k != key else value for k, v in pairs.items() if k != key or value is not None}
    del loaded.metadata_props[:]
    onnx.helper.set_model_props(loaded, changed)
    return bytes(loaded.SerializeToString())


def _failing(model: bytes, *shape: int) -> bytes:
    """With a reshape that fits no row, or one row alone."""
    loaded = onnx.load_model_from_string(model)
    last = next(node for node in loaded.graph.node if "word" in node.output)
    constant = onnx.helper.make_node("Constant", [], ["shape"], value=onnx.numpy_helper.from_array(np.array(shape)))
    reshape = onnx.helper.make_node("Reshape", [last.input[0], "shape"], ["reshaped"])
    last.input[0] = "reshaped"
    nodes = [constant, reshape, *loaded.graph.node]
    del loaded.graph.node[:]
    loaded.graph.node.extend(nodes)
    return bytes(loaded.SerializeToString())


def _with_external_data(model: bytes) -> bytes:
    loaded = onnx.load_model_from_string(model)
    tensor = onnx.helper.make_tensor("t", onnx.TensorProto.DOUBLE, [3], bytes(24), raw=True)
    onnx.external_data_helper.set_external_data(tensor, location="/etc/passwd")
    tensor.ClearField("raw_data")
    loaded.graph.initializer.append(tensor)
    return bytes(loaded.SerializeToString())
