"""Which texts mean an estimator of scikit-learn: apart from its front end, which a pipeline.yaml does not need."""

from __future__ import annotations

import re
from pathlib import Path

PICKLES = (".joblib", ".pkl", ".pickle")
REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def is_reference(text: str) -> bool:
    """Whether a text means an estimator, and not a pipeline.yaml."""
    suffix = Path(text).suffix.lower()
    if suffix in (".skops", *PICKLES):
        return True
    return suffix not in (".yaml", ".yml") and REFERENCE.fullmatch(text) is not None and not Path(text).exists()
