"""Random pipelines with random rows, and all that an engine makes of them: see `spark/test_spark_random.py`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
from random_yaml import random_case

from skc import artifact as artifacts
from skc import plan
from skc.data.engine import OpenEngine
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import Pipeline, ProfileOptions


@dataclass(frozen=True)
class Subject:
    """A random pipeline and its rows, in a random order."""

    pipeline: Pipeline
    rows: pa.Table


def subject(seed: int) -> Subject:
    r = Random(seed)
    made: Pipeline | None = None
    while made is None:  # some have a step that no rows can be fitted for
        case = random_case(r)
        with suppress(SkcError):
            made, _ = read_pipeline_text(case.text, "pipeline.yaml")
    order = list(range(case.rows))
    r.shuffle(order)
    return Subject(made, case.table(order, typed=r.random() < 0.5))


def outcome(made: Pipeline, data: Any, open_engine: OpenEngine) -> Any:
    """The files of the artifact, or where there are no outputs the plan and the profile; or what is refused."""
    try:
        fitted = fit(made, data, open_engine=open_engine, profile=ProfileOptions((), 5, 1))
    except SkcError as error:
        return [(d.code, d.message, d.hint) for d in error.diagnostics]
    warnings, profile = [w.message for w in fitted.warnings], fitted.profile
    if not made.outputs:
        return plan.dumps(fitted.pipeline), profile, warnings
    compiled = artifacts.assemble(fitted.pipeline, "packed", profile=profile, profile_rows=fitted.profile_rows)
    return compiled.files, warnings
