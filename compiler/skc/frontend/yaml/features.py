"""The `features` of a pipeline: definitions as written, and the names in them resolved to ordered steps.

Why the order is this one: depth first from the outputs, then the features that nothing uses, each as
written. It is a function of the text alone, and a change in one feature moves no other more than it must.

Several columns without a step (`from: [a, b]`, no `apply`) make no value of their own: whoever uses the
feature uses the columns. In the pipeline such a feature stands as one feature per column, `NAME/VALUE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skc.diagnostics import SkcError, Span, did_you_mean, fail
from skc.frontend.yaml.expressions import read_expression
from skc.frontend.yaml.fields import (
    Problems,
    as_list,
    as_map,
    bad_name,
    check_keys,
    has_control_character,
    quoted,
    wrong_type,
)
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, shown
from skc.frontend.yaml.parameters import read_parameters
from skc.frontend.yaml.selectors import ALWAYS_INPUT, Name, read_source
from skc.ir import EXPRESSION, Feature, Input, Ref, Step
from skc.op import AnyOp
from skc.ops import OPS

USABLE = {name: op for name, op in OPS.items() if not op.internal and name != EXPRESSION}


@dataclass(frozen=True)
class Application:
    """One step as written."""

    op: AnyOp
    params: Any
    span: Span


@dataclass(frozen=True)
class Definition:
    """One feature as written: the names it starts from, and the steps in order."""

    name: str
    span: Span
    sources: tuple[Name, ...]
    steps: tuple[Application, ...]


@dataclass(frozen=True)
class Target:
    """What a name means: an input or a feature."""

    name: str
    is_input: bool


def read_features(node: Node, inputs: Sequence[Input], problems: Problems) -> dict[str, Definition]:
    """The definitions by name, in order. What is wrong with one does not hide what is wrong with the next."""
    found = {}
    for key, value in as_map(node, "`features`", "write `name: {from: …, apply: […]}`").entries:
        with problems.collect():
            _check_name(key)
            found[key.text] = _read_definition(key, value, inputs, problems)
    return found


def _check_name(key: ScalarNode) -> None:
    name = key.text
    if not name:
        raise bad_name(key, "a feature", "the name is empty")
    if has_control_character(name) or "/" in name or "#" in name:
        raise bad_name(key, "a feature", "it holds `/`, `#` or a control character")
    if name == "inputs" or name.startswith((ALWAYS_INPUT, "skc.")):
        raise bad_name(key, "a feature", "skc needs such names for itself")


def _read_definition(key: ScalarNode, node: Node, inputs: Sequence[Input], problems: Problems) -> Definition:
    what = f"feature `{shown(key.text)}`"
    body = as_map(node, what, "write {from: NAME} for a column as it is")
    check_keys(body, what, [], ["from", "expr", "apply"])
    source, expression, apply = body.get("from"), body.get("expr"), body.get("apply")
    if (source is None) == (expression is None):
        wrong = "has neither `from` nor `expr`" if source is None else "has both `from` and `expr`"
        span = key.span if source is None else body.key("expr").span
        raise fail("SKC106", f"{what} {wrong}", span=span, hint="give one of the two")
    steps: list[Application] = []
    if expression is not None:
        names, params = read_expression(expression, key.text)
        steps.append(Application(OPS[EXPRESSION], params, expression.span))
    else:
        assert source is not None
        names = read_source(source, f"`from` of {what}", inputs)
    if apply is not None:
        steps += _read_steps(apply, f"`apply` of {what}", problems)
    return Definition(key.text, key.span, names, tuple(steps))


def _read_steps(node: Node, what: str, problems: Problems) -> list[Application]:
    steps = []
    op = node.text if isinstance(node, ScalarNode) and node.text in USABLE else None
    hint = f"write [{op}]" if op else "write a list of ops, such as [log1p, {clip: {min: 0}}]"
    for item in as_list(node, what, hint).items:
        with problems.collect():
            steps.append(_read_step(item, what))
    return steps


def _read_step(node: Node, what: str) -> Application:
    """`op`, or `{op: {parameter: value}}`."""
    if isinstance(node, MapNode) and len(node.entries) == 1:
        ((key, value),) = node.entries
        op = _find_op(key)
        is_empty = isinstance(value, ScalarNode) and value.value is None
        return Application(op, read_parameters(op, None if is_empty else value, key.span), key.span)
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
        op = _find_op(node)
        return Application(op, read_parameters(op, None, node.span), node.span)
    hint = "each op is an entry of its own; its parameters are indented below it, or in braces"
    raise wrong_type(node, f"an entry of {what}", "an op, or one op with its parameters", hint)


def _find_op(key: ScalarNode) -> AnyOp:
    if key.text in USABLE:
        return USABLE[key.text]
    is_expression = key.text == EXPRESSION
    hint = "write `expr:` in place of `from:`" if is_expression else did_you_mean(key.text, USABLE)
    message = "`expr` is not an op to apply" if is_expression else f"there is no op `{shown(key.text)}`"
    raise fail("SKC111", message, span=key.span, hint=hint or "`skc ops` lists the ops")


class Resolver:
    """The meaning of every name, and the steps that the definitions come to."""

    def __init__(self, inputs: Sequence[Input], sources: Sequence[Step], definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        read_by = {step.inputs: Ref(step.name) for step in sources}
        self._inputs = {i.name: read_by.get((Ref(i.value),), Ref(i.value)) for i in inputs}
        self._values: dict[str, tuple[Ref, ...]] = {}
        self.used: set[Target] = set()

    def target(self, name: Name, inside: str | None = None) -> Target:
        """What a name means inside the definition of a feature, or outside of all. Raises SKC104."""
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
            hint = hint or "within its own definition a feature's name means the input"
        if self._is_expression(inside):
            hint = hint or f"declare the column under `inputs:`, or write '{bare}' in quotes if it is a text"
        hint = hint or "declare the column under `inputs:`"
        return fail("SKC104", message, span=name.span, notes=[f"inputs: {quoted(self._inputs)}", *notes], hint=hint)

    def _alias(self, name: str, inside: str | None) -> str | None:
        """For the first word of an input that an expression cannot name: `hours-per-week` is a difference there."""
        whole = next((i for i in self._inputs if re.match(rf"{re.escape(name)}[^\w]", i)), None)
        if whole is None or not self._is_expression(inside):
            return None
        alias = re.sub(r"\W+", "_", whole).strip("_")
        return f"if `{whole}` is meant, make a feature of it, `{alias}: {{from: {whole}}}`, and write `{alias}` here"

    def shadowing(self, feature: str) -> tuple[str, ...]:
        """For each name in a definition that is a feature here and an input elsewhere, what to write for the input."""
        definition = self._definitions.get(feature)
        names = [] if definition is None else [source.text for source in definition.sources]
        shadows = [name for name in names if name in self._inputs and name in self._definitions and name != feature]
        return tuple(f"`{name}` is the feature of that name; the input is `{ALWAYS_INPUT}{name}`" for name in shadows)

    def _is_expression(self, feature: str | None) -> bool:
        definition = self._definitions.get(feature or "")
        return definition is not None and [s.op.name for s in definition.steps[:1]] == [EXPRESSION]

    def steps(self, roots: Iterable[Target], problems: Problems) -> Iterator[Step]:
        """The steps of the features in `roots`, then of the rest, each after what it uses. Raises SKC104 and SKC113."""
        targets: dict[str, tuple[Target, ...]] = {}
        for name, definition in self._definitions.items():
            with problems.collect():
                targets[name] = tuple(self.target(source, inside=name) for source in definition.sources)
        if len(targets) < len(self._definitions):
            raise problems.error()
        uses = {name: [t.name for t in found if not t.is_input] for name, found in targets.items()}
        first = [root.name for root in roots if not root.is_input]
        for name in _in_order([*first, *uses], uses, self._definitions):
            refs = tuple(ref for target in targets[name] for ref in self.refs(target))
            yield from self._steps_of(self._definitions[name], refs)

    def _steps_of(self, definition: Definition, refs: tuple[Ref, ...]) -> Iterator[Step]:
        for index, application in enumerate(definition.steps):
            if application.op.name == EXPRESSION and index == 0:
                self._check_single(definition)
            name = f"{definition.name}/{index}:{application.op.name}"
            yield Step(name, application.op.name, application.params, refs, span=application.span)
            refs = (Ref(name),)
        self._values[definition.name] = refs

    def _check_single(self, definition: Definition) -> None:
        """Every name in an expression is one value; columns side by side are none until a step joins them."""
        for source in definition.sources:
            refs = self.refs(self.target(source, inside=definition.name))
            if len(refs) > 1:
                raise fail(
                    "SKC137",
                    f"`{shown(source.text)}` is {len(refs)} columns; an expression takes single ones",
                    span=source.span,
                    hint="name the columns one by one",
                )

    def refs(self, target: Target) -> tuple[Ref, ...]:
        """The values that stand for a name; those of a feature are known once its steps were made."""
        return (self._inputs[target.name],) if target.is_input else self._values[target.name]

    def features(self) -> Iterator[Feature]:
        """The features as the pipeline keeps them, in the order written."""
        for definition in self._definitions.values():
            refs = self._values[definition.name]
            for ref in refs:
                name = definition.name if len(refs) == 1 else f"{definition.name}/{ref.value}"
                yield Feature(name, ref, definition.span)


def _in_order(
    roots: Iterable[str], uses: Mapping[str, Sequence[str]], definitions: Mapping[str, Definition]
) -> tuple[str, ...]:
    """Depth first without recursion: a chain of features may be longer than Python's stack."""
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


def _cycle(names: Sequence[str], definitions: Mapping[str, Definition]) -> SkcError:
    shown = names if len(names) <= 8 else [*names[:4], "…", *names[-3:]]
    return fail(
        "SKC113",
        "features are defined in a circle",
        span=definitions[names[0]].span,
        notes=[" → ".join(f"`{name}`" if name != "…" else name for name in shown)],
        hint=f"`{ALWAYS_INPUT}NAME` means the input where a feature bears the same name",
    )
