"""How many rows of serving the `where` of training excludes: what a model never saw, however often it is asked for it.

Rows are compared with those that `where` selected, since the model was fitted on these. That the share of the others
moves is a finding of its own, unless `where` cuts by time: it then moves with the calendar, as an instant does.
"""

from __future__ import annotations

from collections.abc import Iterator

from skc.data.predicate import parse_predicate
from skc.diagnostics import SkcError
from skc.infer import value_types
from skc.ir import DriftScales, Pipeline
from skc.profile.document import WHERE
from skc.profile.scales import DEFAULTS, NEVER, scales_of
from skc.skew import measures
from skc.skew.effects import Bar, Compared, Effect, Statistics
from skc.skew.reference import Reference
from skc.skew.steps import StepDrift
from skc_runtime.kinds import KINDS


def where_of(reference: Reference) -> str | None:
    """The predicate that selected the training rows, if there was one, and it is known and still understood."""
    where = None if reference.profile.before is None else reference.profile.before.where
    try:
        return where if where is not None and parse_predicate(where, None) else None
    except SkcError:
        return None


def excluded_share(reference: Reference, rows: int, selected: int | None, scales: DriftScales) -> StepDrift | None:
    """The share on both sides; None where the rows cannot be judged so. `selected` of `rows` are those of `where`."""
    before, pipeline = reference.profile.before, reference.pipeline
    where = where_of(reference)
    if before is None or where is None or selected is None or pipeline is None:
        return None
    training, m, serving, n = before.rows - reference.profile.rows, before.rows, rows - selected, rows
    shares = training / m if m else 0.0, serving / n if n else 0.0
    p = measures.rate(training, m, serving, n)
    effect = Effect("excluded", abs(shares[1] - shares[0]), p, n, m, *shares)
    bars = (Bar("excluded", training, serving), Bar("selected", m - training, n - serving))
    compared = Compared((effect,), Statistics(), bars, ()) if m and n else Compared((), Statistics(), (), ())
    names = {name.lower() for name in parse_predicate(where, None).columns}
    inputs = tuple(i.name for i in pipeline.inputs if i.name.lower() in names)
    is_calendar = len(inputs) < len(names) or not set(_calendar(pipeline)).isdisjoint(inputs)
    defaults = {**DEFAULTS, "excluded": NEVER} if is_calendar else DEFAULTS
    return StepDrift(WHERE, "", inputs, n, scales_of(WHERE, scales, defaults), compared, "where")


def _calendar(pipeline: Pipeline) -> Iterator[str]:
    """The inputs that are an instant or a date, or that alone make one."""
    for value, x in value_types(pipeline).items():
        if KINDS[x.dtype].is_time:
            behind = pipeline.behind([value])
            inputs = [i.name for i in pipeline.inputs if i.value in behind]
            yield from inputs if len(inputs) == 1 else ()
