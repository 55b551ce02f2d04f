"""The serving runtime of skc: `load` an artifact, `transform` records. Needs NumPy and ONNX Runtime, nothing
else.
"""

from __future__ import annotations

from skc_runtime.errors import ArtifactError, RecordError, SkcRuntimeError
from skc_runtime.load import load
from skc_runtime.manifest import Manifest
from skc_runtime.transformer import Transformer

__all__ = ["ArtifactError", "Manifest", "RecordError", "SkcRuntimeError", "Transformer", "load"]
