"""What a state has of its rows, by the pipeline alone: so that all states of a pipeline have the same.

Counts and bounds   of every column that a contract or a step is about; they are added up
Sums                exact, of columns whose mean a step needs
Tables              the distinct rows of some inputs together with how often each occurs, for every other statistic.
                    Which inputs: those that the column (or, for a statistic of several columns, all of them) is
                    computed from, since what is computed from the same values is the same
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from skc import plan
from skc.data.engine import Aggregate, Column
from skc.demands import Use, columns_in_place, demands_of, promised, requests_of, summarised, with_target
from skc.infer import value_types
from skc.ir import DataSource, Input, Pipeline, ProfileOptions
from skc.profile.before_where import aggregates_before
from skc.values.canonical import canonical

PROFILE, SAMPLE = Use("", "profile of the inputs"), Use("", "profile of the outputs")  # no step needs them


@dataclass(frozen=True)
class Contents:
    """What is collected. `pipeline` is the user's `own`, with the target among its inputs if steps learn from it;
    `profile` is None if the state is for artifacts without one.
    """

    own: Pipeline
    pipeline: Pipeline
    declared: DataSource
    target: Input | None
    profile: ProfileOptions | None

    @cached_property
    def _requests(self) -> Mapping[str, Sequence[Any]]:
        types = value_types(self.pipeline, before_carrying=True)
        return {step.name: requests_of(step, types) for step in self.pipeline.steps}

    @cached_property
    def in_place(self) -> Mapping[str, Column]:
        """The columns that are summarised, by key."""
        return summarised(self.pipeline.steps, self.pipeline.inputs, self._requests)

    @cached_property
    def promised(self) -> Mapping[str, Column]:
        """For each input the column that its contract is about."""
        columns = columns_in_place(self.pipeline.steps, self.pipeline.inputs)
        return {name: columns[key] for name, key in promised(self.pipeline.steps, self.pipeline.inputs).items()}

    @cached_property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """Counts and bounds."""
        columns = dict.fromkeys(self.in_place.values())
        return tuple(
            Aggregate(reduction, column)
            for column in columns
            for reduction in (("count", "least", "greatest") if column.kind.is_ordered else ("count", "has_nul"))
        )

    @cached_property
    def before(self) -> tuple[Aggregate, ...] | None:
        """Those of all rows, if `where` selects from them and they are profiled."""
        if self.declared.where is None or self.profile is None:
            return None
        columns = [column for name, column in self.promised.items() if self.target is None or name != self.target.name]
        chosen = [column for column in columns if column.name not in self.profile.omit]
        return tuple(a for column in chosen for a in aggregates_before(column).values())

    @cached_property
    def means(self) -> tuple[Column, ...]:
        """The columns whose sums are known."""
        return tuple(demands_of(self.pipeline, self.target).means)

    @cached_property
    def tables(self) -> Mapping[tuple[str, ...], tuple[Use, ...]]:
        """What each table is for, by the names of its columns, in the order of the inputs."""
        together = demands_of(self.pipeline, self.target).together
        if self.profile is not None:
            own = [i.name for i in self.own.inputs]
            for name in own:
                if name not in self.profile.omit:
                    together.setdefault((name,), {})[PROFILE] = None
            if own:
                together.setdefault(tuple(own), {})[SAMPLE] = None
        return {names: tuple(together[names]) for names in sorted(together)}

    @cached_property
    def sampled(self) -> tuple[Column, ...]:
        """The columns that are in the sample of a profile, as they are stored."""
        return self.columns([i.name for i in self.own.inputs])

    @cached_property
    def whole(self) -> int | None:
        """Which of the tables has all of these; None without a profile."""
        names = tuple(column.name for column in self.sampled)
        return list(self.tables).index(names) if names and self.profile is not None else None

    def columns(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The columns of a table, as they are stored: sentinels are values."""
        inputs = {i.name: i for i in self.pipeline.inputs}
        return tuple(Column(name, inputs[name].dtype, f"column `{name}`", inputs[name].span) for name in names)

    @property
    def texts(self) -> tuple[Column, ...]:
        """Texts, of which it is known whether they are all the same."""
        return tuple(c for c in self.columns([i.name for i in self.pipeline.inputs]) if not c.kind.is_ordered)

    @cached_property
    def digest(self) -> str:
        """Equal for pipelines whose states can be merged: those that learn the same of the same rows."""
        facts = {
            "plan": plan.encode(self.pipeline).decode(),
            "where": self.declared.where,
            "options": repr(asdict(self.declared.options)),
            "target": None if self.target is None else self.target.name,
            "omit": None if self.profile is None else list(self.profile.omit),
        }
        return hashlib.sha256(canonical(facts).encode()).hexdigest()


def contents_of(pipeline: Pipeline, declared: DataSource, profile: ProfileOptions | None) -> Contents:
    """What is collected for a pipeline, fitted as `declared` says, and for its profile."""
    types = value_types(pipeline, before_carrying=True)
    whole, target = with_target(pipeline, types, declared)
    return Contents(pipeline, whole, declared, target, profile)
