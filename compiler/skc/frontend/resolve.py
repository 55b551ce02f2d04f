"""Resolves every name in a definition, and expands the features into steps, in order.

Why depth-first from the outputs, then the unused features, each in the order written: the order depends on the
definition alone, and a change in one feature moves the others as little as possible.

Several columns without a step (`from: [a, b]`, no `apply`) do not form a value: users of the feature refer to the
columns directly. The pipeline lists such a feature as one feature per column, `NAME/VALUE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.frontend.definitions import ALWAYS_INPUT, FeatureDefinition, Name, Selector, StepDefinition
from skc.frontend.problems import Problems, quoted, shown
from skc.ir import EXPRESSION, Feature, Input, Ref, Step
from skc.op import NoState


@dataclass(frozen=True)
class Target:
    """What a name refers to: an input or a feature."""

    name: str
    is_input: bool


def _last(ref: Ref, read_by: Mapping[tuple[Ref, ...], Ref]) -> Ref:
    """The last of the steps that read an input one after the other."""
    while (ref,) in read_by:
        ref = read_by[(ref,)]
    return ref


class Resolver:
    """Resolves names and expands feature definitions into steps."""

    def __init__(
        self, inputs: Sequence[Input], source_steps: Sequence[Step], definitions: Sequence[FeatureDefinition]
    ) -> None:
        self._definitions = {definition.name: definition for definition in definitions}
        self._declared = inputs
        read_by = {step.inputs: Ref(step.name) for step in source_steps}
        self._inputs = {i.name: _last(Ref(i.value), read_by) for i in inputs}
        self._values: dict[str, tuple[Ref, ...]] = {}
        self.used: set[Target] = set()

    def target(self, name: Name, inside: str | None = None) -> Target:
        """What a name refers to inside the definition of feature `inside`, or outside any definition. Raises SKC104."""
        if name.text.startswith(ALWAYS_INPUT) and name.text.removeprefix(ALWAYS_INPUT) in self._inputs:
            target = Target(name.text.removeprefix(ALWAYS_INPUT), is_input=True)
        elif name.text in self._definitions and name.text != inside:
            target = Target(name.text, is_input=False)
        elif name.text in self._inputs:
            target = Target(name.text, is_input=True)
        else:
            raise self._unknown(name, inside)
        self.used.add(target)
        return target

    def _unknown(self, name: Name, inside: str | None) -> SkcError:
        features = [n for n in self._definitions if n != inside and n not in self._inputs]
        is_input = name.text.startswith(ALWAYS_INPUT)
        bare = shown(name.text.removeprefix(ALWAYS_INPUT))
        if is_input or not features:
            message, notes = f"column `{bare}` is not an input", []
            known = list(self._inputs)
        else:
            message, notes = f"`{bare}` is neither an input nor a feature", [f"features: {quoted(features)}"]
            known = [*self._inputs, *features]
        hint = self._alias(bare, inside) or did_you_mean(bare, known)
        if name.text == inside:
            hint = hint or "inside its own definition, the name of a feature refers to the input"
        if self._is_expression(inside):
            hint = hint or f"declare the column under `inputs:`, or write '{bare}' in quotes if it is a string"
        hint = hint or "declare the column under `inputs:`"
        return fail("SKC104", message, span=name.span, notes=[f"inputs: {quoted(self._inputs)}", *notes], hint=hint)

    def _alias(self, name: str, inside: str | None) -> str | None:
        """A hint for the first word of an input that an expression cannot name: there, `hours-per-week` is a
        subtraction.
        """
        column = next((i for i in self._inputs if re.match(rf"{re.escape(name)}[^\w]", i)), None)
        if column is None or not self._is_expression(inside):
            return None
        alias = re.sub(r"\W+", "_", column).strip("_")
        return f"if you mean `{column}`, define a feature `{alias}: {{from: {column}}}`, and write `{alias}` here"

    def shadowing(self, feature: str) -> tuple[str, ...]:
        """Notes on the names in a definition that refer to a feature but are inputs too: what to write for the
        input.
        """
        definition = self._definitions.get(feature)
        names = [] if definition is None else [source.text for source in self._sources(definition)]
        shadows = [name for name in names if name in self._inputs and name in self._definitions and name != feature]
        return tuple(f"`{name}` refers to the feature; write `{ALWAYS_INPUT}{name}` for the input" for name in shadows)

    def _is_expression(self, feature: str | None) -> bool:
        definition = self._definitions.get(feature or "")
        return definition is not None and [s.op.name for s in definition.steps[:1]] == [EXPRESSION]

    def steps(self, roots: Iterable[Target], problems: Problems) -> Iterator[Step]:
        """The steps of the features in `roots`, then of the others, in dependency order.

        Raises SKC104, SKC113 and SKC114 with all problems.
        """
        targets: dict[str, tuple[tuple[Name, Target], ...]] = {}
        for name, definition in self._definitions.items():
            with problems.collect():
                sources = self._sources(definition)
                targets[name] = tuple((source, self.target(source, inside=name)) for source in sources)
        if len(targets) < len(self._definitions):
            raise problems.error()
        uses = {name: [t.name for _, t in pairs if not t.is_input] for name, pairs in targets.items()}
        first = [root.name for root in roots if not root.is_input]
        for name in _in_order([*first, *uses], uses, self._definitions):
            refs = [self.refs(source, target) for source, target in targets[name]]
            yield from self._steps_of(self._definitions[name], refs)

    def _sources(self, definition: FeatureDefinition) -> tuple[Name, ...]:
        """The names that a feature is made from. Raises SKC114 (a selector without a match) and SKC106 (none)."""
        sources = definition.sources
        if isinstance(sources, Selector):
            return tuple(Name(f"{ALWAYS_INPUT}{i.name}", sources.span) for i in self._select(sources, definition.name))
        if not sources and not self._is_expression(
            definition.name
        ):  # an expression without sources is reported when it is typed
            message = f"feature `{shown(definition.name)}` has no source"
            raise fail("SKC106", message, span=definition.span, hint="name the inputs or features that it is made from")
        return sources

    def _select(self, selector: Selector, feature: str) -> list[Input]:
        chosen = [i for i in self._declared if selector.dtype in (None, i.dtype)]
        if selector.match is not None:
            chosen = [i for i in chosen if _matches(i.name, selector.match)]
        chosen = [i for i in chosen if not _matches(i.name, selector.exclude)]
        if chosen:
            return chosen
        raise fail(
            "SKC114",
            f"the selector in `from` of feature `{shown(feature)}` matches no input",
            span=selector.span,
            notes=[f"inputs: {quoted(f'{i.name}: {i.dtype}' for i in self._declared)}"],
            hint="`*` matches any text, `?` one character; case matters",
        )

    def _steps_of(self, definition: FeatureDefinition, sources: Sequence[tuple[Ref, ...]]) -> Iterator[Step]:
        if self._is_expression(definition.name):
            _check_single(definition, sources)
        refs = tuple(ref for group in sources for ref in group)
        for index, step in enumerate(definition.steps):
            name = step.name or f"{definition.name}/{index}:{step.op.name}"
            yield Step(name, step.op.name, step.params, refs, _state(step), span=step.span)
            refs = (Ref(name),)
        self._values[definition.name] = refs

    def refs(self, name: Name, target: Target) -> tuple[Ref, ...]:
        """The values that a name refers to; a feature has them once its steps are made. Raises SKC107."""
        refs = (self._inputs[target.name],) if target.is_input else self._values[target.name]
        if name.columns is None:
            return refs
        if len(refs) > 1:
            message = f"columns of `{shown(name.text)}` cannot be picked by position: it is {len(refs)} values"
            raise fail("SKC107", message, span=name.span, hint="name the values one by one")
        return tuple(_picked(refs[0], name))

    def features(self) -> Iterator[Feature]:
        """The features of the pipeline, in the order written."""
        for definition in self._definitions.values():
            refs = self._values[definition.name]
            for ref in refs:
                name = definition.name if len(refs) == 1 else f"{definition.name}/{ref}"
                yield Feature(name, ref, definition.span)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _state(step: StepDefinition) -> Any:
    """The state of a step; one that learns nothing is frozen from the start."""
    return NoState() if step.state is None and step.op.state is NoState else step.state


def _check_single(definition: FeatureDefinition, sources: Sequence[tuple[Ref, ...]]) -> None:
    """Every name in an expression must be a single value; several columns are not one until a step joins them."""
    assert not isinstance(definition.sources, Selector)
    for name, refs in zip(definition.sources, sources, strict=True):
        if len(refs) > 1:
            raise fail(
                "SKC137",
                f"`{shown(name.text)}` has {len(refs)} columns; an expression takes single columns",
                span=name.span,
                hint="name the columns one by one",
            )


def _picked(ref: Ref, name: Name) -> Iterator[Ref]:
    """One reference for each run of adjacent columns."""
    columns = name.columns or ()
    if not columns:
        raise fail("SKC107", f"no column of `{shown(name.text)}` is picked", span=name.span, hint="pick at least one")
    first, stop = ref.start or 0, ref.stop
    runs: list[list[int]] = []
    for column in columns:
        if column < 0 or (stop is not None and first + column >= stop):
            raise fail("SKC107", f"`{shown(name.text)}` has no column {column}", span=name.span, hint="count from 0")
        if runs and runs[-1][1] == first + column:
            runs[-1][1] += 1
        else:
            runs.append([first + column, first + column + 1])
    return (Ref(ref.value, start, end) for start, end in runs)


def _in_order(
    roots: Iterable[str], uses: Mapping[str, Sequence[str]], definitions: Mapping[str, FeatureDefinition]
) -> tuple[str, ...]:
    """Depth-first without recursion: a chain of features may be deeper than Python's stack."""
    done: dict[str, None] = {}
    for root in roots:
        path: dict[str, Iterator[str]] = {} if root in done else {root: iter(uses[root])}
        while path:
            name = next(reversed(path))
            used = next((used for used in path[name] if used not in done), None)
            if used is None:
                del path[name]
                done[name] = None
            elif used in path:
                raise _cycle([*list(path)[list(path).index(used) :], used], definitions)
            else:
                path[used] = iter(uses[used])
    return tuple(done)


def _cycle(names: Sequence[str], definitions: Mapping[str, FeatureDefinition]) -> SkcError:
    listed = names if len(names) <= 8 else [*names[:4], "…", *names[-3:]]
    return fail(
        "SKC113",
        "circular definition of features",
        span=definitions[names[0]].span,
        notes=[" → ".join(f"`{name}`" if name != "…" else name for name in listed)],
        hint=f"`{ALWAYS_INPUT}NAME` always means the input, even if a feature has the same name",
    )
