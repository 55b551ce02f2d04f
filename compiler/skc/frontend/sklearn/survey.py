"""Which steps of an estimator compile, and why the others do not: for `skc check`, before any data is at hand.

Without a sample only classes and parameters are looked at. What a step learned, and whether it takes the columns that
come to it, is known once the estimator is read with a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from skc.diagnostics import Diagnostic, SkcError
from skc.frontend.sklearn import read_estimator
from skc.frontend.sklearn.claims import check_parameters, claim_of, class_name
from skc.frontend.sklearn.walk import CONTAINERS, check_fitted, inside, is_selector, wrapped


@dataclass(frozen=True)
class SurveyedStep:
    """One step, by its path, with the class that it has and what is refused about it."""

    path: str
    estimator: str
    refusals: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Survey:
    """The steps of an estimator in order, and refusals that belong to none of them, such as those about the sample.

    `has_sample` says whether it was read with one.
    """

    name: str
    steps: tuple[SurveyedStep, ...]
    others: tuple[Diagnostic, ...]
    has_sample: bool

    @property
    def compiles(self) -> bool:
        """Whether nothing is refused, as far as was looked."""
        return not self.others and not any(step.refusals for step in self.steps)

    @property
    def refusals(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order of the steps."""
        return (*self.others, *(refusal for step in self.steps for refusal in step.refusals))


def survey(estimator: Any, name: str, sample: Any = None) -> Survey:
    """Look at every step, and with a sample read the whole estimator."""
    steps = list(_steps(estimator, ""))
    others: list[Diagnostic] = []
    if sample is not None:
        try:
            read_estimator(estimator, sample)
        except SkcError as error:
            steps, others = _placed(steps, error.diagnostics)
    return Survey(name, tuple(steps), tuple(others), sample is not None)


def _placed(
    steps: Sequence[SurveyedStep], diagnostics: Sequence[Diagnostic]
) -> tuple[list[SurveyedStep], list[Diagnostic]]:
    """Each diagnostic at the step that its note names, which it then need not name."""
    placed: dict[str, list[Diagnostic]] = {step.path: [*step.refusals] for step in steps}
    others: list[Diagnostic] = []
    for diagnostic in diagnostics:
        path = next((note[9:-1] for note in diagnostic.notes if note.startswith("in step `")), None)
        known = others if path is None else placed.get(path, others)
        if not any(d.message == diagnostic.message for d in known):
            known.append(diagnostic)
    return [SurveyedStep(step.path, step.estimator, tuple(placed[step.path])) for step in steps], others


def _steps(estimator: Any, path: str) -> Iterator[SurveyedStep]:
    if estimator is None or isinstance(estimator, str):
        return
    name = class_name(estimator)
    try:
        inner = wrapped(estimator)
        if inner is not None:
            yield from _steps(inner, path)
            return
        parts = _parts(estimator)
        if name in CONTAINERS:
            check_parameters(estimator, CONTAINERS[name].claim)
        elif not is_selector(estimator):
            claim_of(estimator)
        check_fitted(estimator)
    except SkcError as error:
        yield SurveyedStep(path, name, error.diagnostics)
        return
    if parts is None:
        yield SurveyedStep(path, name)
        return
    for part, inner in parts:
        yield from _steps(inner, inside(path, part))


def _parts(estimator: Any) -> list[tuple[str, Any]] | None:
    """The named estimators inside another; None for one that has none."""
    match class_name(estimator):
        case "sklearn.pipeline.Pipeline":
            return list(estimator.steps)
        case "sklearn.pipeline.FeatureUnion":
            return list(estimator.transformer_list)
        case "sklearn.compose.ColumnTransformer":
            fitted = getattr(estimator, "transformers_", None)
            return [(name, part) for name, part, _ in (estimator.transformers if fitted is None else fitted)]
    return None
