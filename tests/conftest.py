"""Of all tests."""

from __future__ import annotations

import skc_runtime  # noqa: F401  # before a test imports ONNX Runtime: it switches the telemetry off
