"""The same artifact in every place from which it may be loaded, and in places from which it must not be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archives import archives
from forged_artifacts import GOLDEN_RIDES, Artifact, compile_pipeline, rides

FILES = ("manifest.json", "model.onnx", "plan.json", "golden.jsonl")
VERSION = "..2026_11_29_10_00_00.1"  # as Kubernetes names the folder of a version


@dataclass(frozen=True)
class Place:
    """How an artifact is written to a path, and whether it then loads (None) or is refused."""

    id: str
    kind: Literal["folder", "files", "zip"]
    code: str | None
    write: Callable[[Path], object]


def sources() -> Iterator[Place]:
    """All of them, of the artifact that is damaged elsewhere."""
    sound = compile_pipeline(rides(), "columns", GOLDEN_RIDES)
    yield from _folders(sound)
    yield from _files(sound)
    for name, data, code in archives(sound):
        yield Place(f"zip-{name}", "zip", code, _written(data))


def _written(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _folders(sound: Artifact) -> Iterator[Place]:
    yield Place("mount", "folder", None, lambda path: _mount(sound, path, Path(VERSION)))
    yield Place("mount-whose-data-lie-outside", "folder", "artifact-unsafe", lambda path: _mount_outside(sound, path))
    yield Place("folder-that-is-a-link", "folder", None, lambda path: _linked_folder(sound, path))
    for name in FILES:
        for kind, target, code in (
            ("inside", Path("other"), None),
            ("by-way-of-a-folder", Path("folder/../folder/deep"), None),
            ("outside", Path("../elsewhere"), "artifact-unsafe"),
            ("far-outside", Path("/etc/passwd"), "artifact-unsafe"),
            ("to-a-folder", Path("folder"), "artifact-unsafe"),
            ("to-its-own-folder", Path("."), "artifact-unsafe"),
            ("to-a-device", Path("/dev/zero"), "artifact-unsafe"),
            ("to-itself", Path(name), "artifact-unsafe"),
            ("to-nothing", Path("nowhere"), "artifact-file-missing"),
        ):
            if name != "manifest.json" or kind != "by-way-of-a-folder":  # the others would be looked for there
                yield Place(f"link-{name}-{kind}", "folder", code, _linking(sound, name, target))


def _mount(sound: Artifact, path: Path, version: Path) -> None:
    """Links into `..data`, itself a link to the version that counts."""
    sound.write(path / version)
    (path / "..data").symlink_to(version)
    for name in FILES:
        (path / name).symlink_to(f"..data/{name}")


def _mount_outside(sound: Artifact, path: Path) -> None:
    path.mkdir()
    _mount(sound, path, Path("..") / f"{path.name}-version")


def _linked_folder(sound: Artifact, path: Path) -> None:
    sound.write(path.with_name(f"{path.name}-version"))
    path.symlink_to(f"{path.name}-version")


def _linking(sound: Artifact, name: str, target: Path) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        sound.write(path)
        (path / "folder").mkdir()
        for place in (path / "other", path / "folder" / "deep", path.with_name("elsewhere")):
            place.write_bytes(sound.files[name])
        (path / name).unlink()
        (path / name).symlink_to(target)

    return write


def _files(sound: Artifact) -> Iterator[Place]:
    yield Place("files", "files", None, sound.write)
    yield Place("files-and-one-more", "files", None, Artifact({**sound.files, "verified.json": b"{}"}).write)
    for name in FILES:
        rest = {key: data for key, data in sound.files.items() if key != name}
        yield Place(f"files-without-{name}", "files", "artifact-file-missing", Artifact(rest).write)
        damaged = "artifact-malformed" if name == "manifest.json" else "artifact-hash-mismatch"
        half = Artifact({**sound.files, name: sound.files[name][:-2]})
        yield Place(f"files-with-{name}-cut", "files", damaged, half.write)
