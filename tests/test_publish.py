"""What is written appears whole or not at all, lasts when it is reported, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import skc
from skc import artifact as artifacts
from skc import publish
from skc.environment_matrix import save_record
from skc.scratch import scratch_folder

HERE = Path(__file__).parent
ROWS = "x,c\n" + "".join(f"{k / 7},{'abc'[k % 3]}\n" for k in range(30))
PIPELINE = """
skc: 1
name: small
data: {path: rows.csv}
inputs:
  x: float64
  c: string
features:
  x: {from: x, apply: [standard_scale]}
  c: {from: c, apply: [{one_hot: {unknown: zeros}}]}
outputs: {y: {features: [x, c], dtype: float32}}
"""
needs_exchange = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="folders cannot be exchanged here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two artifacts of the same pipeline, `a` and `b`."""
    made = tmp_path_factory.mktemp("publish")
    (made / "pipeline.yaml").write_text(PIPELINE)
    for name in "ab":
        (made / "rows.csv").write_text(ROWS if name == "a" else ROWS.replace("0.0,a", "5.0,a"))
        skc.compile(made / "pipeline.yaml", out=made / name, rows=10)
    return made


def killed(folder: Path, tmp_path: Path, kills: int, *words: str) -> dict[str, int]:
    for name in "ab":
        (tmp_path / name).symlink_to(folder / name)
    command = [sys.executable, str(HERE / "killed_writer.py"), str(tmp_path), str(kills), "7", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    return {name: int(count) for name, count in (pair.split("=") for pair in done.stdout.split())}


@needs_exchange
def test_a_killed_writer_leaves_the_old_or_the_new(folder: Path, tmp_path: Path) -> None:
    counts = killed(folder, tmp_path, 200)
    assert counts["a"] + counts["b"] == 200
    assert min(counts["a"], counts["b"], counts["litter"]) > 10, counts


def test_where_folders_cannot_be_exchanged_the_old_is_kept(folder: Path, tmp_path: Path) -> None:
    counts = killed(folder, tmp_path, 60, "fallback")
    assert counts["a"] + counts["b"] + counts["neither"] == 60


def test_an_old_artifact_that_was_kept_goes_when_there_is_a_new_one(tmp_path: Path) -> None:
    """A writer was killed between its two renames, where folders cannot be exchanged."""
    with scratch_folder(".artifact.skc", tmp_path, keep=lambda folder: True) as left:
        (left / "old").mkdir()
    publish.publish_folder({"new": b""}, tmp_path / "artifact")
    assert [entry.name for entry in tmp_path.iterdir()] == ["artifact"]


@needs_exchange
def test_a_reader_never_finds_nothing(folder: Path, tmp_path: Path) -> None:
    contents = [{file.name: file.read_bytes() for file in (folder / name).iterdir()} for name in "ab"]
    target = tmp_path / "artifact"
    publish.publish_folder(contents[0], target)
    missing, looks, is_over = [], [], threading.Event()

    def look() -> None:
        while not is_over.is_set():
            descriptor = os.open(target, os.O_RDONLY)  # a reader that holds the folder reads one artifact whole
            try:
                names = sorted(contents[0])
                files = {name: os.open(name, os.O_RDONLY, dir_fd=descriptor) for name in names}
                there = {name: os.read(file, 1 << 24) for name, file in files.items()}
                for file in files.values():
                    os.close(file)
                looks.append(contents.index(there))
            except FileNotFoundError:
                missing.append(not target.exists())  # the old one was removed meanwhile; a new one is there
            finally:
                os.close(descriptor)

    reader = threading.Thread(target=look)
    reader.start()
    for k in range(300):
        publish.publish_folder(contents[k % 2], target)
    is_over.set()
    reader.join()
    assert not any(missing)
    assert set(looks) == {0, 1}


def test_a_failed_exchange_is_reported(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    if publish.exchange(tmp_path / "one", tmp_path / "one"):
        with pytest.raises(FileNotFoundError):
            publish.exchange(tmp_path / "one", tmp_path / "missing")


def traced(monkeypatch: pytest.MonkeyPatch, root: Path) -> list[tuple[str, str]]:
    """What is synced, renamed and exchanged, in order; scratch folders are called `…`."""
    calls: list[tuple[str, str]] = []

    def short(path: Any) -> str:
        path = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else str(path)
        parts = Path(path).relative_to(root).parts if Path(path).is_relative_to(root) else ("outside",)
        return "/".join("…" if ".skc-" in part else part for part in parts) or "."

    def trace(module: Any, name: str, say: Callable[..., str]) -> None:
        function = getattr(module, name)

        def traced_function(*arguments: Any) -> Any:
            calls.append((name, say(*arguments)))
            return function(*arguments)

        monkeypatch.setattr(module, name, traced_function)

    trace(os, "fsync", short)
    for module, name in ((os, "rename"), (os, "replace"), (publish, "exchange")):
        trace(module, name, lambda one, other: f"{short(one)} > {short(other)}")
    return calls


FILES = ("golden.jsonl", "manifest.json", "model.onnx", "plan.json", "profile.json")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells the name of a descriptor by /proc")


@needs_proc
@pytest.mark.parametrize("is_there", [False, True])
def test_an_artifact_is_on_the_disk_before_it_is_reported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    made = artifacts.read(folder / "a")
    target = tmp_path / "new" / "out"
    if is_there:
        artifacts.write(made, target)
    calls = traced(monkeypatch, tmp_path)
    artifacts.write(made, target, force=is_there)
    synced = [("fsync", f"new/…/new/{name}") for name in FILES]
    put = ("exchange", "new/…/new > new/out") if is_there else ("rename", "new/…/new > new/out")
    above = [] if is_there else [("fsync", ".")]  # the folder that was made for it
    assert calls == [*above, *synced, ("fsync", "new/…/new"), put, ("fsync", "new")]


@needs_proc
def test_features_and_records_are_on_the_disk_as_well(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "artifact"
    artifacts.write(artifacts.read(folder / "a"), out)
    calls = traced(monkeypatch, tmp_path)
    skc.transform(out, folder / "rows.csv", tmp_path / "features.parquet")
    wanted = [("fsync", "…/new"), ("replace", "…/new > features.parquet"), ("fsync", ".")]
    assert [call for call in calls if call[1] != "outside"] == wanted
    calls.clear()
    save_record(out, {"skc": "verified"})
    assert calls == [
        ("fsync", "artifact/…/new"),
        ("replace", "artifact/…/new > artifact/verified.json"),
        ("fsync", "artifact"),
    ]


def test_an_artifact_with_its_record_can_be_replaced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "artifact"
    made = artifacts.read(folder / "a")
    artifacts.write(made, out)
    save_record(out, {"skc": "verified"})
    with pytest.raises(RuntimeError), scratch_folder(".verified.json.skc", out, keep=lambda folder: True):
        raise RuntimeError  # as a killed writer of the record
    artifacts.write(made, out, force=True)
    assert sorted(file.name for file in out.iterdir()) == sorted(FILES)


def test_folders_of_the_living_and_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "name-0123abcd-aaaaaaaa").mkdir()  # of another machine
    (tmp_path / "name-other").mkdir()
    with scratch_folder("name", tmp_path) as one:
        (one / "file").write_text("x")
        with scratch_folder("name", tmp_path) as other:
            assert one.stat().st_mode & 0o777 == 0o700
            assert (one / "file").exists()
            assert other != one
        assert not other.exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["name-0123abcd-aaaaaaaa", "name-other"]


def test_many_writers_at_once_take_nothing_from_each_other(tmp_path: Path) -> None:
    """A folder that is not locked yet may be swept by another; then there is a next one."""
    errors = []

    def work() -> None:
        try:
            for _ in range(150):
                with scratch_folder("name", tmp_path) as folder:
                    (folder / "file").write_text("x")
                    assert (folder / "file").read_text() == "x"
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(tmp_path.iterdir()) == []
