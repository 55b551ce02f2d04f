"""Artifacts for the tests of the runtime."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from forged_artifacts import (
    GOLDEN_RIDES,
    RIDE,
    Artifact,
    compile_pipeline,
    identity,
    manifest_of,
    model_bytes,
    rides,
)

import skc_runtime
from skc.ir import Pipeline
from skc.lower import lower
from skc_runtime import Transformer
from skc_runtime.manifest import Signature

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture
def ride() -> dict[str, Any]:
    return dict(RIDE)


@pytest.fixture(scope="session", params=["columns", "packed"])
def artifact(request: pytest.FixtureRequest) -> Artifact:
    """The rides artifact, in both signatures."""
    return compile_pipeline(rides(), request.param, GOLDEN_RIDES)


@pytest.fixture(scope="session")
def columns_artifact() -> Artifact:
    return compile_pipeline(rides(), "columns", GOLDEN_RIDES)


@pytest.fixture(scope="session")
def rides_directory(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return artifact.write(tmp_path_factory.mktemp("artifacts") / "rides")


@pytest.fixture(scope="session")
def transformer(rides_directory: Path) -> Transformer:
    return skc_runtime.load(rides_directory)


Identity = Callable[..., Transformer]


@pytest.fixture(scope="session")
def identity_of() -> Identity:
    """A transformer that gives back the inputs described. Cached, for they are many."""
    cache: dict[str, Transformer] = {}

    def make(inputs: Sequence[Mapping[str, Any]], signature: Signature = "columns") -> Transformer:
        key = json.dumps([inputs, signature])
        if key not in cache:
            pipeline = identity(inputs)
            lowered = lower(pipeline, signature)
            cache[key] = Transformer(manifest_of(pipeline, lowered, "0" * 64), model_bytes(lowered, {}))
        return cache[key]

    return make


@pytest.fixture(scope="session")
def schemas() -> Path:
    return SCHEMAS


@pytest.fixture(scope="session")
def compiler() -> Callable[..., Artifact]:
    return compile_pipeline


@pytest.fixture(scope="session")
def rides_pipeline() -> Pipeline:
    return rides()
