"""Switches the telemetry of ONNX Runtime off, before the library is loaded.

Why: since 1.32 the official Linux builds keep files in the home folder, start two threads and look up a host of their
vendor as soon as the library is loaded. Only this variable in the environment of the process, read at that moment,
prevents it; the switches of the API come too late. To keep the telemetry, set the variable to 0.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import MutableMapping
from typing import Any

VARIABLE = "ORT_DISABLE_TELEMETRY"
SINCE = (1, 32)


def switch_off(
    environment: MutableMapping[str, str] = os.environ, modules: MutableMapping[str, Any] = sys.modules
) -> None:
    """Set the variable unless the user has. Warns if ONNX Runtime was already loaded without it."""
    if VARIABLE in environment:
        return
    environment[VARIABLE] = "1"
    loaded = modules.get("onnxruntime")
    if loaded is not None and sends_telemetry(str(getattr(loaded, "__version__", ""))):
        warnings.warn(
            f"onnxruntime {loaded.__version__} was imported before skc_runtime and sends telemetry: "
            f"import skc_runtime first, or set {VARIABLE}=1 for the process",
            RuntimeWarning,
            stacklevel=3,
        )


def sends_telemetry(version: str, platform: str = sys.platform) -> bool:
    """Whether the builds of that version send telemetry on this system."""
    numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    return platform.startswith("linux") and tuple(numbers) >= SINCE
