"""Drop the steps that no output needs."""

from __future__ import annotations

from collections.abc import Iterable

from skc.ir import Pipeline


def prune(pipeline: Pipeline, keep: Iterable[str] = ()) -> Pipeline:
    """Requires: a checked pipeline. Ensures: every step feeds an output or a value in `keep`."""
    needed = {ref.value for output in pipeline.outputs for ref in output.refs} | set(keep)
    for step in reversed(pipeline.steps):
        if step.name in needed:
            needed |= {ref.value for ref in step.inputs}
    return pipeline.with_steps(step for step in pipeline.steps if step.name in needed)
