"""Where an artifact comes from: links in a folder, mappings of bytes, zip archives; the same checks for all."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from archives import archives, zipped

from skc_runtime import ArtifactError, SkcRuntimeError, load
from skc_runtime.sources import source_of

FILES = ("manifest.json", "model.onnx", "plan.json", "golden.jsonl")


def code(artifact: Any) -> str | None:
    try:
        load(artifact).close()
    except SkcRuntimeError as error:
        return error.code
    return None


def linked(directory: Path, name: str, target: str | Path) -> None:
    (directory / name).unlink()
    (directory / name).symlink_to(target)


def mounted(artifact: Any, directory: Path, version: str = "..2026_11_29_10_00_00.1") -> Path:
    """As Kubernetes mounts a ConfigMap: links into `..data`, itself a link to the version that counts."""
    artifact.write(directory / version)
    (directory / "..data").symlink_to(version)
    for name in artifact.files:
        (directory / name).symlink_to(f"..data/{name}")
    return directory


def test_a_kubernetes_mount(columns_artifact: Any, tmp_path: Path) -> None:
    directory = mounted(columns_artifact, tmp_path / "mount")
    assert code(directory) is None
    (tmp_path / "link").symlink_to(directory)  # and the folder itself may be a link
    assert code(tmp_path / "link") is None


def test_a_mount_that_changes_in_the_middle_is_read_as_it_was(columns_artifact: Any, tmp_path: Path) -> None:
    """Where manifest.json really lies, there lie the other files of its version."""
    directory = mounted(columns_artifact, tmp_path / "mount")
    source = source_of(directory)
    manifest = source.read("manifest.json")
    (directory / "..2027").mkdir()
    (directory / "..2027" / "plan.json").write_bytes(b"of another version")
    (directory / "..next").symlink_to("..2027")
    os.replace(directory / "..next", directory / "..data")
    assert source.read("plan.json") == columns_artifact.files["plan.json"]
    assert manifest == columns_artifact.files["manifest.json"]


@pytest.mark.parametrize("name", FILES)
def test_links(columns_artifact: Any, tmp_path: Path, name: str) -> None:
    """Inside is well, by a relative or an absolute path; outside is not, nor a ring, and nothing is a file missing."""
    directory = columns_artifact.write(tmp_path / "a")
    (directory / "other").write_bytes(columns_artifact.files[name])
    (directory / "folder").mkdir()
    (directory / "folder" / "deep").write_bytes(columns_artifact.files[name])
    if name != "manifest.json":
        linked(directory, name, "folder/../folder/deep")
        assert code(directory) is None
    linked(directory, name, "other")
    assert code(directory) is None
    linked(directory, name, directory / "other")
    assert code(directory) is None
    (tmp_path / "outside").write_bytes(columns_artifact.files[name])
    (tmp_path / "a-sibling").mkdir()  # whose path begins as that of the artifact
    (tmp_path / "a-sibling" / "file").write_bytes(columns_artifact.files[name])
    for target in ("../outside", tmp_path / "outside", "../a-sibling/file", "/etc/passwd", "folder", "/dev/zero"):
        linked(directory, name, target)
        assert code(directory) == "artifact-unsafe", target
    linked(directory, name, name)
    assert code(directory) == "artifact-unsafe"
    linked(directory, name, "nowhere")
    assert code(directory) == "artifact-file-missing"


def test_a_link_out_of_a_folder_that_is_a_link(columns_artifact: Any, tmp_path: Path) -> None:
    directory = mounted(columns_artifact, tmp_path / "mount")
    (directory / "..2026_11_29_10_00_00.1").rename(tmp_path / "elsewhere")
    (directory / "..data").unlink()
    (directory / "..data").symlink_to("../elsewhere")
    assert code(directory) == "artifact-unsafe"


def test_a_link_that_appears_between_the_look_and_the_opening(
    columns_artifact: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look is told what was there before; opening does not follow what is there now."""
    directory = mounted(columns_artifact, tmp_path / "mount")
    source = source_of(directory)
    version = directory / "..2026_11_29_10_00_00.1"
    version.rename(tmp_path / "elsewhere")
    version.symlink_to(tmp_path / "elsewhere")  # a folder on the way
    monkeypatch.setattr(os.path, "realpath", lambda path, **_: str(version / os.path.basename(path)))
    with pytest.raises(ArtifactError) as caught:
        source.read("manifest.json")
    assert caught.value.code == "artifact-unsafe"


def test_a_system_without_folders_as_descriptors(
    columns_artifact: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "supports_dir_fd", set())
    assert code(mounted(columns_artifact, tmp_path / "mount")) is None
    directory = columns_artifact.write(tmp_path / "a")
    linked(directory, "plan.json", "/etc/passwd")
    assert code(directory) == "artifact-unsafe"


def test_a_mapping(artifact: Any, ride: dict[str, Any]) -> None:
    with load(artifact.files) as transformer:
        assert transformer.transform(ride)["word"].tolist() == ["card"]
    assert code({name: bytearray(data) for name, data in artifact.files.items()}) is None
    assert code({**artifact.files, "verified.json": b"{}"}) is None


@pytest.mark.parametrize("name", FILES)
def test_a_mapping_that_is_damaged(columns_artifact: Any, name: str) -> None:
    files = columns_artifact.files
    assert code({key: data for key, data in files.items() if key != name}) == "artifact-file-missing"
    damaged = "artifact-malformed" if name == "manifest.json" else "artifact-hash-mismatch"
    assert code({**files, name: files[name][:-2]}) == damaged
    assert code({**files, name: "text"}) == "invalid-option"
    if name in ("manifest.json", "golden.jsonl"):
        assert code({**files, name: bytes((64 << 20) + 1)}) == "artifact-too-large"


def test_what_is_no_artifact_at_all() -> None:
    for given in (None, 5, ["model.onnx"]):
        assert code(given) == "invalid-option"


def test_archives(columns_artifact: Any, tmp_path: Path) -> None:
    found = {name: (code(data), wanted) for name, data, wanted in archives(columns_artifact)}
    assert len(found) > 30
    assert {name: got for name, (got, _) in found.items()} == {name: want for name, (_, want) in found.items()}


def test_an_archive_is_not_unpacked_beyond_what_is_asked_for(columns_artifact: Any) -> None:
    """A file of 100 MB of zeros in an archive of 100 KB is refused by the size that the archive says."""
    bomb = zipped({**columns_artifact.files, "model.onnx": bytes(100 << 20)})
    tracemalloc.start()
    assert code(bomb) == "artifact-too-large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20


def test_an_archive_with_a_wrong_size(columns_artifact: Any) -> None:
    """It says 5 bytes, and holds a hundred megabytes: no more than it says is read."""
    data = zipped({**columns_artifact.files, "plan.json": bytes(100 << 20)})
    size = (100 << 20).to_bytes(4, "little")
    assert data.count(size) == 2
    lying = data.replace(size, (5).to_bytes(4, "little"))
    tracemalloc.start()
    assert code(lying) == "artifact-malformed"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20


def test_an_archive_made_by_the_standard_tool(columns_artifact: Any, tmp_path: Path) -> None:
    directory = columns_artifact.write(tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(directory.iterdir()):
            archive.write(path, path.name)
    assert code((tmp_path / "a.zip").read_bytes()) is None
