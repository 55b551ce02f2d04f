"""Drop the steps that no output needs, and the features that refer to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from skc.ir import Pipeline


def prune(pipeline: Pipeline, keep: Iterable[str] = ()) -> Pipeline:
    """Requires: a checked pipeline. Ensures: every step feeds an output or a value in `keep`."""
    needed = pipeline.behind({ref.value for output in pipeline.outputs for ref in output.refs} | set(keep))
    steps = [step for step in pipeline.steps if step.name in needed]
    known = {step.name for step in steps} | {value.value for value in pipeline.inputs}
    features = tuple(feature for feature in pipeline.features if feature.ref.value in known)
    return replace(pipeline, features=features).with_steps(steps)
