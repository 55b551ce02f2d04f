"""Artifacts as models of MLflow: `save_model`, `log_model` and `load_model`.

The model is a pyfunc that serves the artifact through `skc_runtime`: the same bits and the same refusals as everywhere
else. MLflow stores the files of the artifact as they are, so that its identity and its signature still hold.

Why nullable integers, booleans and times have the type `any` in the signature: MLflow turns a column of integers in
which one is missing into floats, and refuses it or loses digits. The runtime checks them, as it checks everything.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import skc_runtime
from skc import artifact as artifacts
from skc.diagnostics import fail
from skc_runtime.kinds import DType, OutputDType, for_every_element, for_every_kind
from skc_runtime.manifest import Manifest
from skc_runtime.pyfunc import column_name

if TYPE_CHECKING:
    from mlflow.models.model import ModelInfo
    from mlflow.models.signature import ModelSignature

LOADER = "skc_runtime.pyfunc"
ANY = "any"
# The types that MLflow has for inputs and for outputs; `any` is checked by the runtime alone.
INPUTS: Mapping[DType, str] = for_every_kind(
    {
        "float64": "double",
        "float32": "double",  # which the runtime rounds; MLflow would refuse a double for a float
        "int64": "long",
        "bool": "boolean",
        "string": "string",
        "timestamp": ANY,
        "date": ANY,
        "time": ANY,
    }
)
OUTPUTS: Mapping[OutputDType, str] = for_every_element(
    {"float32": "float", "float64": "double", "int64": "long", "bool": "boolean", "string": "string"}
)
HOLD_NULLS = ("double", "float", "string")


def save_model(artifact: str | os.PathLike[str], path: str | os.PathLike[str], **options: Any) -> None:
    """Write an artifact as a model of MLflow into the folder `path`, which must not exist.

    `options` are those of `mlflow.pyfunc.save_model`, such as `metadata` and `input_example`. Raises SkcError: SKC401
    to SKC405 for an artifact that cannot be served, SKC159 where MLflow is not installed.
    """
    _mlflow().pyfunc.save_model(path=os.fspath(path), **_arguments(Path(artifact)), **options)


def log_model(artifact: str | os.PathLike[str], name: str = "model", **options: Any) -> ModelInfo:
    """Log an artifact as a model of the active run, which is begun if there is none.

    `options` are those of `mlflow.pyfunc.log_model`, such as `registered_model_name`. Raises SkcError as `save_model`.
    """
    logged: ModelInfo = _mlflow().pyfunc.log_model(name=name, **_arguments(Path(artifact)), **options)
    return logged


def load_model(model_uri: str) -> skc_runtime.Transformer:
    """The transformer of a model that was logged or saved: `mlflow.pyfunc.load_model` gives one with `predict` instead.

    Raises SkcError: SKC159 where MLflow is not installed, SKC404 for a model that is not an artifact. Raises
    ArtifactError for one whose files were changed.
    """
    mlflow = _mlflow()
    folder = Path(mlflow.artifacts.download_artifacts(model_uri))
    flavour = mlflow.models.Model.load(str(folder)).flavors.get("python_function", {})
    if flavour.get("loader_module") != LOADER:
        hint = "load it with the flavour that logged it, such as `mlflow.pyfunc.load_model`"
        raise fail("SKC404", f"`{model_uri}` is not an artifact of skc", hint=hint)
    return skc_runtime.load(folder / flavour["data"])


def signature(manifest: Manifest) -> ModelSignature:
    """The inputs and outputs of an artifact as MLflow declares them. An input that is nullable may be left out.

    Raises SkcError: SKC159 where MLflow is not installed.
    """
    models = _mlflow().models
    schema = importlib.import_module("mlflow.types.schema")

    def column(name: str, dtype: str, nullable: bool) -> Any:
        is_any = dtype == ANY or (nullable and dtype not in HOLD_NULLS)
        return schema.ColSpec(schema.AnyType() if is_any else dtype, name, required=not nullable)

    inputs = [column(i.name, INPUTS[i.type], i.nullable) for i in manifest.inputs]
    outputs = [
        column(column_name(manifest, output, name), OUTPUTS[output.dtype], output.valid is not None)
        for output in manifest.outputs
        for name in output.columns
    ]
    declared: ModelSignature = models.ModelSignature(schema.Schema(inputs), schema.Schema(outputs))
    return declared


def _arguments(folder: Path) -> dict[str, Any]:
    """The description of an artifact that MLflow reads and checks."""
    manifest = artifacts.read(folder).manifest
    return {
        "loader_module": LOADER,
        "data_path": str(folder),
        "signature": signature(manifest),
        "pip_requirements": [f"skc=={importlib.metadata.version('skc')}", "pandas"],
    }


def _mlflow() -> Any:
    try:
        return importlib.import_module("mlflow")
    except ImportError:
        hint = 'install it: `pip install "skc[mlflow]"`'
        raise fail("SKC159", "MLflow is not installed", hint=hint) from None
