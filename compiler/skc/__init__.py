"""skc compiles feature preprocessing: fitted once, frozen, compiled to ONNX, verified, and the same everywhere."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import skc_runtime  # noqa: F401  # first: spox loads ONNX Runtime too, and this switches its telemetry off

if TYPE_CHECKING:
    from skc.api import (
        check,
        compile,
        diff,
        environments,
        explain,
        init,
        self_check,
        sign,
        transform,
        verify,
    )
    from skc.diagnostics import Diagnostic, SkcError
    from skc.reports.render import render
    from skc.results import Collected, Compiled, Drafted
    from skc.skew_api import drift, freshness, parity, replay, shadow, write_profile
    from skc.state_api import fit_state, merge, merge_states

__version__: str  # of the installed distribution, which is the one place that knows it

__all__ = [
    "Collected",
    "Compiled",
    "Diagnostic",
    "Drafted",
    "SkcError",
    "check",
    "compile",
    "diff",
    "drift",
    "environments",
    "explain",
    "fit_state",
    "freshness",
    "init",
    "merge",
    "merge_states",
    "parity",
    "render",
    "replay",
    "self_check",
    "shadow",
    "sign",
    "transform",
    "verify",
    "write_profile",
]
_ELSEWHERE = {
    "Collected": "skc.results",
    "Compiled": "skc.results",
    "Drafted": "skc.results",
    "Diagnostic": "skc.diagnostics",
    "SkcError": "skc.diagnostics",
    "render": "skc.reports.render",
}
_ELSEWHERE |= dict.fromkeys(("drift", "freshness", "parity", "replay", "shadow", "write_profile"), "skc.skew_api")
_ELSEWHERE |= dict.fromkeys(("fit_state", "merge", "merge_states"), "skc.state_api")
_HOME = {name: _ELSEWHERE.get(name, "skc.api") for name in __all__}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line must not wait for what it does not need."""
    if name == "__version__":
        from importlib import metadata  # which takes a while to import

        return metadata.version("skc")
    if name == "mlflow":  # a module, so that MLflow is an extra
        return importlib.import_module("skc.mlflow")
    if name not in _HOME:
        raise AttributeError(f"module 'skc' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
