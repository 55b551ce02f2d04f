"""Parses `features` into definitions: the sources of each and the ops applied to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from skc.diagnostics import did_you_mean, fail
from skc.frontend.definitions import FeatureDefinition, Name, Selector, StepDefinition
from skc.frontend.problems import Problems, shown
from skc.frontend.yaml.expressions import read_expression
from skc.frontend.yaml.fields import as_list, as_map, check_keys, wrong_type
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode
from skc.frontend.yaml.parameters import read_parameters
from skc.frontend.yaml.selectors import read_source
from skc.frontend.yaml.tables import with_table
from skc.ir import EXPRESSION
from skc.op import AnyOp, cannot_fit
from skc.ops import OPS


class _Usable(Mapping[str, AnyOp]):
    """The ops that can be written in `apply`. To ask for one imports no other."""

    def __getitem__(self, name: str) -> AnyOp:
        op = OPS[name]
        if op.internal or op.is_fitted_elsewhere or name == EXPRESSION:
            raise KeyError(name)
        return op

    def __iter__(self) -> Iterator[str]:
        return (name for name in OPS if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


USABLE = _Usable()


def read_features(node: Node, problems: Problems, base_dir: Path | None = None) -> tuple[FeatureDefinition, ...]:
    """The definitions in order. Errors in one do not hide errors in the next. Paths are relative to `base_dir`."""
    features: list[FeatureDefinition] = []
    for key, value in as_map(node, "`features`", "write `name: {from: …, apply: […]}`").entries:
        with problems.collect():
            features.append(_read_feature(key, value, problems, base_dir))
    return tuple(features)


def _read_feature(key: ScalarNode, node: Node, problems: Problems, base_dir: Path | None) -> FeatureDefinition:
    subject = f"feature `{shown(key.text)}`"
    body = as_map(node, subject, "write {from: NAME} for an unchanged column")
    check_keys(body, subject, [], ["from", "expr", "apply"])
    source, expression, apply = body.get("from"), body.get("expr"), body.get("apply")
    if (source is None) == (expression is None):
        fault = "has neither `from` nor `expr`" if source is None else "has both `from` and `expr`"
        span = key.span if source is None else body.key("expr").span
        raise fail("SKC106", f"{subject} {fault}", span=span, hint="write one of the two")
    sources: tuple[Name, ...] | Selector
    steps: list[StepDefinition] = []
    if expression is not None:
        sources, params = read_expression(expression, key.text)
        steps.append(StepDefinition(OPS[EXPRESSION], params, span=expression.span))
    else:
        assert source is not None
        sources = read_source(source, f"`from` of {subject}")
    if apply is not None:
        steps += _read_steps(apply, f"`apply` of {subject}", problems, base_dir)
    return FeatureDefinition(key.text, sources, tuple(steps), key.span)


def _read_steps(node: Node, subject: str, problems: Problems, base_dir: Path | None) -> list[StepDefinition]:
    steps = []
    op = node.text if isinstance(node, ScalarNode) and node.text in USABLE else None
    hint = f"write [{op}]" if op else "write a list of ops, such as [log1p, {clip: {min: 0}}]"
    for item in as_list(node, subject, hint).items:
        with problems.collect():
            steps.append(_read_step(item, subject, base_dir))
    return steps


def _read_step(node: Node, subject: str, base_dir: Path | None) -> StepDefinition:
    """`op`, or `{op: {parameter: value}}`."""
    if isinstance(node, MapNode) and len(node.entries) == 1:
        ((key, value),) = node.entries
        op = _find_op(key)
        is_empty = isinstance(value, ScalarNode) and value.value is None
        parameters = with_table(op, None if is_empty else value, base_dir)
        return StepDefinition(op, read_parameters(op, parameters, key.span), span=key.span)
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
        op = _find_op(node)
        return StepDefinition(op, read_parameters(op, None, node.span), span=node.span)
    hint = "write each op as a separate entry, with its parameters indented below it or in braces"
    raise wrong_type(node, f"an entry of {subject}", "an op, or one op with its parameters", hint)


def _find_op(key: ScalarNode) -> AnyOp:
    if key.text in OPS and OPS[key.text].is_fitted_elsewhere:
        raise cannot_fit(f"`{key.text}`", key.span)
    if key.text in USABLE:
        return USABLE[key.text]
    is_expression = key.text == EXPRESSION
    hint = "write `expr:` instead of `from:`" if is_expression else did_you_mean(key.text, USABLE)
    message = "`expr` cannot be used in `apply`" if is_expression else f"unknown op `{shown(key.text)}`"
    raise fail("SKC111", message, span=key.span, hint=hint or "`skc ops` lists the ops")
