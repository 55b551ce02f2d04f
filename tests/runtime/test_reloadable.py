"""`Reloadable` in Python: what is its own. That no call fails and no answer is mixed is in the conformance suite."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forged_artifacts import Artifact

import skc_runtime
from skc_runtime import ArtifactError, Reloadable, SkcRuntimeError, Transformer


@pytest.fixture
def served(columns_artifact: Artifact, tmp_path: Path) -> Path:
    """A link to one of two artifacts, `one` and `two`."""
    columns_artifact.write(tmp_path / "one")
    document = columns_artifact.document
    document["name"] = "another"
    model = tmp_path / "two"
    columns_artifact.with_document(document).write(model)
    columns_artifact.write(tmp_path / "broken")
    (tmp_path / "broken" / "model.onnx").write_bytes(b"")
    switch(tmp_path / "served", "one")
    return tmp_path / "served"


def switch(served: Path, name: str) -> None:
    made = served.with_name("made")
    made.symlink_to(name, target_is_directory=True)
    os.replace(made, served)


def until(is_there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_there():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_looks_when_it_is_asked(served: Path, ride: dict[str, object]) -> None:
    told: list[Transformer] = []
    with Reloadable(served, interval=None, on_reload=told.append) as reloadable:
        held = reloadable.current
        before = held.transform(ride)
        assert reloadable.reload() is False
        switch(served, "two")
        assert reloadable.current is held  # nobody looks
        assert reloadable.reload() is True
        assert told == [reloadable.current]
        assert reloadable.current.manifest.name == "another"
        assert held.transform(ride).keys() == before.keys()  # what is held is not closed
        by_json, by_dict = reloadable.transform_json(json.dumps(ride)), reloadable.transform(ride)
        assert {k: v.tolist() for k, v in by_json.items()} == {k: v.tolist() for k, v in by_dict.items()}


def test_a_refusal_is_raised_and_the_old_one_serves_on(served: Path, ride: dict[str, object]) -> None:
    with Reloadable(served, interval=None) as reloadable:
        held = reloadable.current
        switch(served, "broken")
        with pytest.raises(ArtifactError, match="artifact-hash-mismatch"):
            reloadable.reload()
        assert reloadable.last_error is not None
        assert reloadable.last_error.code == "artifact-hash-mismatch"
        assert reloadable.current is held
        reloadable.transform(ride)
        switch(served, "one")
        assert reloadable.reload() is False
        assert reloadable.last_error is None


def test_a_refusal_is_reported_once_by_the_watching_thread(served: Path) -> None:
    told: list[str] = []
    with Reloadable(served, interval=0.01, on_error=lambda error: told.append(error.code)) as reloadable:
        switch(served, "broken")
        until(lambda: bool(told))
        time.sleep(0.2)
        assert told == ["artifact-hash-mismatch"]
        switch(served, "two")
        until(lambda: reloadable.current.manifest.name == "another")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_function_of_the_caller_that_raises_does_not_end_the_watch(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(str(args.exc_value)))

    def refuse(*_: object) -> None:
        raise ValueError("of the caller")

    with Reloadable(served, interval=0.01, on_error=refuse, on_reload=refuse) as reloadable:
        switch(served, "broken")
        until(lambda: len(seen) == 1)
        switch(served, "two")
        until(lambda: len(seen) == 2)
        assert reloadable.current.manifest.name == "another"
    assert seen == ["of the caller", "of the caller"]


def test_the_first_artifact_must_load(served: Path) -> None:
    switch(served, "broken")
    with pytest.raises(ArtifactError):
        Reloadable(served)
    assert "skc-reloadable" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), "1"])
def test_an_interval_is_seconds(served: Path, interval: object) -> None:
    with pytest.raises(SkcRuntimeError) as caught:
        Reloadable(served, interval=interval)  # type: ignore[arg-type]  # what a caller may do
    assert caught.value.code == "invalid-option"


def test_closing_ends_the_watch(served: Path, ride: dict[str, object]) -> None:
    reloadable = Reloadable(served, interval=0.01)
    held = reloadable.current
    reloadable.close()
    reloadable.close()
    assert "skc-reloadable" not in [thread.name for thread in threading.enumerate()]
    for call in (lambda: reloadable.current, lambda: reloadable.transform(ride), reloadable.reload):
        with pytest.raises(SkcRuntimeError) as caught:
            call()
        assert caught.value.code == "closed"
    held.transform(ride)


def test_every_new_artifact_must_be_signed(served: Path) -> None:
    pytest.importorskip("cryptography")
    import json

    from signed import PUBLIC, signature_document

    one = served.with_name("one")
    (one / "manifest.sig").write_text(json.dumps(signature_document((one / "manifest.json").read_bytes())))
    with Reloadable(served, interval=None, key=PUBLIC) as reloadable:
        switch(served, "two")
        with pytest.raises(ArtifactError) as caught:
            reloadable.reload()
        assert caught.value.code == "signature-missing"
        assert reloadable.current.identity == skc_runtime.load(one).identity
