"""The serving runtime of skc: `load` an artifact, `transform` records. Needs NumPy and ONNX Runtime, nothing
else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from skc_runtime import telemetry

if TYPE_CHECKING:
    from skc_runtime.errors import ArtifactError, RecordError, SkcRuntimeError
    from skc_runtime.loading import load
    from skc_runtime.manifest import Manifest
    from skc_runtime.reloadable import Reloadable
    from skc_runtime.request_log import Log
    from skc_runtime.transformer import Transformer

telemetry.switch_off()  # before anything here loads ONNX Runtime

__all__ = ["ArtifactError", "Log", "Manifest", "RecordError", "Reloadable", "SkcRuntimeError", "Transformer", "load"]
_HOME = {
    "ArtifactError": "errors",
    "Log": "request_log",
    "Manifest": "manifest",
    "RecordError": "errors",
    "Reloadable": "reloadable",
    "SkcRuntimeError": "errors",
    "Transformer": "transformer",
    "load": "loading",
}

__version__: str  # of the installed distribution `skc`, which is the one place that knows it


def __getattr__(name: str) -> Any:
    """Import a public name on first use: code that needs only `kinds` must not have to load ONNX Runtime."""
    if name == "__version__":  # reading the metadata takes as long as importing the rest of this package
        from importlib import metadata

        return metadata.version("skc")
    if name not in _HOME:
        raise AttributeError(f"module 'skc_runtime' has no attribute {name!r}")
    return getattr(importlib.import_module(f"skc_runtime.{_HOME[name]}"), name)
