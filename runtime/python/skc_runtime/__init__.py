"""The serving runtime of skc: `load` an artifact, `transform` records. Needs NumPy and ONNX Runtime, nothing
else.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any

from skc_runtime import telemetry

telemetry.switch_off()  # before the next lines load ONNX Runtime

from skc_runtime.errors import ArtifactError, RecordError, SkcRuntimeError  # noqa: E402
from skc_runtime.load import load  # noqa: E402
from skc_runtime.manifest import Manifest  # noqa: E402
from skc_runtime.reloadable import Reloadable  # noqa: E402
from skc_runtime.transformer import Transformer  # noqa: E402

__all__ = ["ArtifactError", "Manifest", "RecordError", "Reloadable", "SkcRuntimeError", "Transformer", "load"]

__version__: str  # of the installed distribution `skc`, which is the one place that knows it


def __getattr__(name: str) -> Any:
    """Look the version up when somebody asks: reading the metadata takes as long as all else that is ours."""
    if name == "__version__":
        return metadata.version("skc")
    raise AttributeError(f"module 'skc_runtime' has no attribute {name!r}")
