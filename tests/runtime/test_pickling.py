"""A transformer in another process: it is sent as the place and the identity of its artifact."""

from __future__ import annotations

import concurrent.futures
import copy
import multiprocessing
import pickle
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import skc_runtime
from skc_runtime import ArtifactError, SkcRuntimeError, Transformer
from skc_runtime.loading import open_artifact


def served(transformer: Transformer, record: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in transformer.transform(record).items()}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_a_place_and_an_identity(protocol: int, rides_directory: Path, ride: dict[str, Any]) -> None:
    transformer = skc_runtime.load(rides_directory, replay="tolerance")
    data = pickle.dumps(transformer, protocol)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert again.identity == transformer.identity
    assert again.origin == transformer.origin
    assert served(again, ride) == served(transformer, ride)
    assert served(copy.deepcopy(again), ride) == served(transformer, ride)


def test_a_relative_path_is_the_same_elsewhere(
    rides_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(rides_directory.parent)
    data = pickle.dumps(skc_runtime.load(rides_directory.name))
    monkeypatch.chdir(tmp_path)
    assert isinstance(pickle.loads(data), Transformer)


def test_another_artifact_in_the_same_place_is_refused(
    rides_directory: Path, columns_artifact: Any, tmp_path: Path
) -> None:
    place = tmp_path / "artifact"
    shutil.copytree(rides_directory, place)
    data = pickle.dumps(skc_runtime.load(place))
    manifest = (place / "manifest.json").read_bytes()
    (place / "manifest.json").write_bytes(manifest.rstrip() + b" \n")  # a byte is enough
    with pytest.raises(ArtifactError) as error:
        pickle.loads(data)
    assert "identity" in str(error.value)
    shutil.rmtree(place)
    with pytest.raises(ArtifactError):
        pickle.loads(data)


def test_one_from_bytes_says_what_to_do(rides_directory: Path) -> None:
    _, transformer = open_artifact(rides_directory)
    with pytest.raises(SkcRuntimeError) as error:
        pickle.dumps(transformer)
    assert error.value.code == "invalid-option"
    assert "load it from a folder" in str(error.value)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes(method: str, rides_directory: Path, ride: dict[str, Any]) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} here")
    transformer = skc_runtime.load(rides_directory)
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        found = pool.submit(transformer.transform, ride).result()
    for name, values in transformer.transform(ride).items():
        np.testing.assert_array_equal(found[name], values)


def test_joblib(rides_directory: Path, ride: dict[str, Any]) -> None:
    transformer = skc_runtime.load(rides_directory)
    found = joblib.Parallel(2, backend="loky")(joblib.delayed(transformer.transform)(ride) for _ in range(3))
    for made in found:
        for name, values in transformer.transform(ride).items():
            np.testing.assert_array_equal(made[name], values)
