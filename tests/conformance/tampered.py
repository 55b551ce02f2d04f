"""Artifacts that a forger made again, hashes and golden records included: no check of the artifact alone can tell.

They load in every language. What stops them is the identity that a caller expects, or a signature.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import onnx
from forged_artifacts import GOLDEN_RIDES, Artifact, compile_pipeline, rides

from skc_runtime import Manifest, Transformer, golden


def tampered_artifacts() -> Iterator[tuple[str, Artifact]]:
    """(name, artifact), each made of the one that is damaged elsewhere."""
    sound = compile_pipeline(rides(), "columns", GOLDEN_RIDES)
    document = sound.document
    for output in document["outputs"]:
        output["columns"].reverse()
    yield "column-names-reversed", sound.with_document(document)
    model = sound.files["model.onnx"]
    assert b"cash" in model
    assert b"cash" not in sound.files["golden.jsonl"]
    yield "category-that-golden-does-not-reach", sound.with_file("model.onnx", model.replace(b"cash", b"cush"))
    yield "weight-with-golden-made-again", _observed_again(sound.with_file("model.onnx", _changed(model, _moved)))


def _moved(values: np.ndarray) -> np.ndarray:
    return values * 2 if values.dtype == np.float64 and values.size == 2 else values


def _changed(model: bytes, change: Callable[[np.ndarray], np.ndarray]) -> bytes:
    """With other constants."""
    loaded = onnx.load_model_from_string(model)
    for node in loaded.graph.node:
        if node.op_type == "Constant" and node.attribute[0].t.data_type != onnx.TensorProto.STRING:
            tensor = node.attribute[0].t
            tensor.raw_data = change(onnx.numpy_helper.to_array(tensor)).tobytes()
    found: bytes = loaded.SerializeToString(deterministic=True)
    assert found != model
    return found


def _observed_again(artifact: Artifact) -> Artifact:
    manifest = Manifest.from_json(json.dumps(artifact.document).encode())
    with Transformer(manifest, artifact.files["model.onnx"]) as transformer:
        cases = [golden.observe(transformer, record) for record in GOLDEN_RIDES]
    return artifact.with_file("golden.jsonl", golden.dumps(cases))
