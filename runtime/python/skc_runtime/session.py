"""One ONNX Runtime session, configured as every runtime configures it.

Why these options: with one thread per call and no spinning, the bits of a row do not depend on its batch and
no core is wasted; basic optimisation gave the same bits as none; a model in ONNX Runtime's own format would
bypass our checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import onnxruntime

from skc_runtime.errors import ArtifactError, SkcRuntimeError, shown
from skc_runtime.kinds import ELEMENTS, Array

VERSION: str = onnxruntime.__version__
Optimisation = Literal["disabled", "basic", "extended", "all"]
_LEVELS: Mapping[Optimisation, Any] = {
    "disabled": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
_ELEMENTS = {element.onnxruntime: element.name for element in ELEMENTS.values()}


@dataclass(frozen=True)
class TensorInfo:
    """An input or output as the model itself declares it; `width` is None if it is not fixed."""

    name: str
    dtype: str
    width: int | None


class GraphSession:
    """A loaded model. `run` may be called from several threads at once."""

    def __init__(self, model: bytes, optimisation: Optimisation = "basic") -> None:
        """Load a model. Serving uses `basic`; the verifier tries the other levels. Raises `model-refused`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors are raised, with ONNX Runtime's full message
        options.graph_optimization_level = _LEVELS[optimisation]
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.add_session_config_entry("session.load_model_format", "ONNX")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has a dozen unrelated exception types
            raise ArtifactError(
                "model-refused",
                f"ONNX Runtime {VERSION} does not load the model: {shown(error, 500)}",
                hint="compile the pipeline again, or install the version of ONNX Runtime that the manifest requires",
            ) from error
        self.inputs = tuple(map(_info, self._session.get_inputs()))
        self.outputs = tuple(map(_info, self._session.get_outputs()))
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._names = [output.name for output in self.outputs]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs by name."""
        try:
            return dict(zip(self._names, self._session.run(self._names, feeds), strict=True))
        except Exception as error:  # as above
            raise SkcRuntimeError(
                "run-failed",
                f"ONNX Runtime failed: {shown(error, 500)}",
                hint="this is a bug in skc; please report it with the request",
            ) from error


def _info(node: Any) -> TensorInfo:
    width = node.shape[1] if len(node.shape) == 2 else None
    return TensorInfo(node.name, _ELEMENTS.get(node.type, node.type), width if isinstance(width, int) else None)
