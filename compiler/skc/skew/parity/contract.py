"""Which columns the two sides should agree on: the inputs of an artifact, or all columns of the offline table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from skc import artifact as artifacts
from skc.ir import ReadOptions
from skc.skew.freezing import natural_inputs
from skc.skew.parity.question import Contract, Question
from skc.skew.reference import sentinels_of


def contract_of(artifact: str | os.PathLike[str] | None, offline: Any, question: Question) -> Contract:
    """The columns, and how their values are read. Raises SKC200 to SKC206, SKC401 to SKC404."""
    if artifact is not None:
        read = artifacts.read(Path(artifact), replay=False)
        pipeline = read.pipeline
        return Contract(pipeline.name, read.manifest.plan, pipeline.inputs, read.reading, sentinels_of(pipeline))
    inputs = natural_inputs(offline, None, ReadOptions(), question.threads)
    name = Path(offline).stem if isinstance(offline, str | os.PathLike) else "the table"
    return Contract(name, "", tuple(i for i in inputs if i.name not in (question.key, question.time)))
