"""Loading: every file damaged in every way, by accident or by somebody who also mends the hashes."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
from forged_artifacts import Artifact
from forged_models import forged_models

import skc_runtime
from skc_runtime import ArtifactError, SkcRuntimeError, load, sources
from skc_runtime import load as load_function
from skc_runtime.errors import CODES
from skc_runtime.model_scan import scan_model

FILES = ("manifest.json", "model.onnx", "plan.json", "golden.jsonl")
load_module = sys.modules["skc_runtime.loading"]  # the name `skc_runtime.load` is the function


def refused(directory: Path, **options: Any) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        load(directory, **options)
    assert CODES[caught.value.code] == "artifact"
    return caught.value


def test_loading(artifact: Any, tmp_path: Path, ride: dict[str, Any]) -> None:
    directory = artifact.write(tmp_path / "a")
    for given in (directory, str(directory)):
        with load(given) as transformer:
            assert transformer.transform(ride)["word"].tolist() == ["card"]
    (directory / "verified.json").write_text("{}")  # is no part of the identity
    load(directory).close()
    (tmp_path / "link").symlink_to(directory)  # the directory itself may be a link: that is how releases are switched
    load(tmp_path / "link", replay="tolerance").close()


def test_no_directory(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere").code == "artifact-not-found"
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file").code == "artifact-not-found"
    assert refused(tmp_path).code == "artifact-file-missing"
    with pytest.raises(SkcRuntimeError) as caught:
        load(tmp_path, replay="loosely")  # type: ignore[arg-type]  # the point
    assert caught.value.code == "invalid-option"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "appended", "directory", "unreadable"])
def test_a_damaged_file(columns_artifact: Any, tmp_path: Path, name: str, damage: str) -> None:
    directory = columns_artifact.write(tmp_path / "a")
    data = columns_artifact.files[name]
    path = directory / name
    path.unlink()
    want = "artifact-malformed" if name == "manifest.json" else "artifact-hash-mismatch"
    match damage:
        case "missing":
            want = "artifact-file-missing"
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "flipped":
            path.write_bytes(b"\xff" + data[1:])
        case "appended":
            path.write_bytes(data + b"}")
        case "directory":
            path.mkdir()
            want = "artifact-unsafe"
        case "unreadable":
            os.mkfifo(path)
            want = "artifact-unsafe"
    assert refused(directory).code == want


@pytest.mark.parametrize(
    "name", ["../plan.json", "/etc/passwd", "a/b", "..", ".", "", "a\\b", "C:x", ".hidden", "a b", "é"]
)
def test_a_path_that_is_no_plain_name(columns_artifact: Any, tmp_path: Path, name: str) -> None:
    document = columns_artifact.document
    document["files"][name] = "0" * 64
    assert refused(columns_artifact.with_document(document).write(tmp_path / "a")).code == "artifact-unsafe"


@pytest.mark.parametrize("name", FILES)
def test_a_file_too_large(columns_artifact: Any, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = columns_artifact.write(tmp_path / "a")
    size = len(columns_artifact.files[name])
    monkeypatch.setitem(sources.SIZE_LIMITS, name, size)
    load(directory).close()
    monkeypatch.setitem(sources.SIZE_LIMITS, name, size - 1)
    assert refused(directory).code == "artifact-too-large"


def test_one_more_file_is_hashed_too(columns_artifact: Any, tmp_path: Path) -> None:
    more = columns_artifact.with_file("notes.txt", b"hello")
    directory = more.write(tmp_path / "a")
    load(directory).close()
    (directory / "notes.txt").write_text("hullo")
    assert refused(directory).code == "artifact-hash-mismatch"


@pytest.mark.parametrize("number", [2, 3, 10**12])
def test_a_newer_format_says_so_whatever_else_it_holds(columns_artifact: Any, tmp_path: Path, number: int) -> None:
    document = {"skc": "artifact", "format": number, "something": "else"}
    error = refused(columns_artifact.with_document(document).write(tmp_path / "a"))
    assert error.code == "artifact-too-new"
    assert str(number) in error.message


def test_newer_golden_records(columns_artifact: Any, tmp_path: Path) -> None:
    golden = columns_artifact.files["golden.jsonl"].replace(b'"format":1', b'"format":2', 1)
    assert refused(columns_artifact.with_file("golden.jsonl", golden).write(tmp_path / "a")).code == "artifact-too-new"


@pytest.mark.parametrize(
    ("wanted", "found", "is_old"),
    [
        ("1.18.0", "1.17.3", True),
        ("1.18.0", "1.18.0", False),
        ("1.18.1", "1.18", True),
        ("1.18", "1.18.0.dev20240101+cpu", False),
        ("1.9.0", "1.18.0", False),
        ("2.0.0", "1.31.1", True),
    ],
)
def test_the_version_of_onnx_runtime(
    columns_artifact: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    found: str,
    is_old: bool,
) -> None:
    document = columns_artifact.document
    document["onnx"]["minimum_onnxruntime"] = wanted
    directory = columns_artifact.with_document(document).write(tmp_path / "a")
    monkeypatch.setattr(onnxruntime, "__version__", found)
    if is_old:
        assert refused(directory).code == "onnxruntime-too-old"
    else:
        load(directory).close()


def remade(artifact: Any, change: Callable[[onnx.ModelProto], None]) -> Any:
    model = onnx.load_model_from_string(artifact.files["model.onnx"])
    change(model)
    return artifact.with_file("model.onnx", model.SerializeToString())


def test_a_model_that_is_none(columns_artifact: Any, tmp_path: Path) -> None:
    for k, data in enumerate((b"", b"no model", b"location", columns_artifact.files["model.onnx"][:-200])):
        directory = columns_artifact.with_file("model.onnx", data).write(tmp_path / str(k))
        assert refused(directory).code == "model-refused"


def test_a_model_of_another_artifact(columns_artifact: Any, compiler: Any, rides_pipeline: Any, tmp_path: Path) -> None:
    packed = compiler(rides_pipeline, "packed")
    forged = columns_artifact.with_file("model.onnx", packed.files["model.onnx"])
    assert refused(forged.write(tmp_path / "a")).code == "artifact-inconsistent"


@pytest.mark.parametrize("key", ["skc.format", "skc.plan"])
def test_metadata_of_the_model(columns_artifact: Any, tmp_path: Path, key: str) -> None:
    def other(model: onnx.ModelProto) -> None:
        next(entry for entry in model.metadata_props if entry.key == key).value = "2"

    def none(model: onnx.ModelProto) -> None:
        kept = [entry for entry in model.metadata_props if entry.key != key]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)

    for k, change in enumerate((other, none)):
        error = refused(remade(columns_artifact, change).write(tmp_path / str(k)))
        assert error.code == "artifact-inconsistent"
        assert key in error.message


def test_outputs_that_the_manifest_does_not_name(columns_artifact: Any, tmp_path: Path) -> None:
    document = columns_artifact.document
    three = document["outputs"][:3]
    retyped = [*three, {**document["outputs"][3], "dtype": "int64"}]
    changes: list[dict[str, Any]] = [{"outputs": three}, {"outputs": retyped}, {"guards": None}]
    for k, change in enumerate(changes):
        document = {**columns_artifact.document, **change}
        error = refused(columns_artifact.with_document(document).write(tmp_path / str(k)))
        assert error.code == "artifact-inconsistent"


def test_a_forged_model(columns_artifact: Any, tmp_path: Path) -> None:
    """Every one of them is refused before ONNX Runtime sees it; the scan itself is tested in test_model_scan."""
    name, data, code = next(iter(forged_models(columns_artifact.files["model.onnx"])))
    assert refused(columns_artifact.with_file("model.onnx", data).write(tmp_path / name)).code == code


def test_the_word_location_is_no_external_data(columns_artifact: Any) -> None:
    model = onnx.load_model_from_string(columns_artifact.files["model.onnx"])
    keys = {"keys_strings": ["location"], "values_int64s": [1]}
    model.graph.node.append(onnx.helper.make_node("LabelEncoder", ["a"], ["b"], domain="ai.onnx.ml", **keys))
    scan_model(model.SerializeToString())


def test_a_width_costs_nothing(columns_artifact: Any, tmp_path: Path) -> None:
    """A manifest of some KB that asks for 2,000 tensors of a million columns is refused at once."""
    document = {**columns_artifact.document, "signature": "packed"}
    document["tensors"] += [{"name": f"t{k}", "dtype": "float64", "width": 1_000_000} for k in range(2000)]
    directory = columns_artifact.with_document(document).write(tmp_path / "a")
    tracemalloc.start()
    assert refused(directory).code == "artifact-malformed"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_duplicate_among_many_keys_is_found_at_once(columns_artifact: Any, tmp_path: Path) -> None:
    """Each of 200,000 keys looked for among all the others would take half an hour."""
    keys = "".join(f'"k{i}":1,' for i in range(200_000))
    files = {**columns_artifact.files, "manifest.json": f'{{{keys}"k199999":1}}'.encode()}
    started = time.monotonic()
    assert refused(Artifact(files).write(tmp_path / "a")).code == "artifact-malformed"
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("records", [0, 10_001])
def test_a_number_of_golden_records(columns_artifact: Any, tmp_path: Path, records: int) -> None:
    head, record = columns_artifact.files["golden.jsonl"].splitlines(keepends=True)[:2]
    golden = head + record * records
    directory = columns_artifact.with_file("golden.jsonl", golden).write(tmp_path / "a")
    assert refused(directory).code == "artifact-malformed"


def test_public_names() -> None:
    assert load_function is skc_runtime.load
    assert set(skc_runtime.__all__) == {
        "ArtifactError",
        "Log",
        "Manifest",
        "RecordError",
        "Reloadable",
        "SkcRuntimeError",
        "Transformer",
        "load",
    }


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of the rounding modes are those of x86")
@pytest.mark.parametrize("rounding", [0x400, 0x800, 0xC00], ids=["down", "up", "zero"])
def test_a_thread_that_rounds_otherwise(columns_artifact: Any, tmp_path: Path, rounding: int) -> None:
    directory = columns_artifact.write(tmp_path / "a")
    libm = ctypes.CDLL("libm.so.6")
    libm.fesetround(rounding)
    try:
        error = refused(directory)
    finally:
        libm.fesetround(0)
    assert error.code == "host-arithmetic"
    load(directory).close()


def test_a_thread_that_flushes_denormals(columns_artifact: Any, tmp_path: Path) -> None:
    """As such a thread sees it: the least denormal times one is zero."""
    check = load_module._check_arithmetic
    check()
    with pytest.raises(ArtifactError, match="flushes denormals"):
        check(tiny=0.0)
    with pytest.raises(ArtifactError, match="round to nearest"):
        check(half_ulp=2.0**-52)
