"""What a feature is made `from`: a name, a list of names, or a selector that picks inputs by type and by
pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from skc.diagnostics import Span, fail
from skc.frontend.yaml.fields import as_choice, as_list, as_text, check_keys, quoted, wrong_type
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, shown
from skc.ir import Input
from skc.values.types import DTYPES

ALWAYS_INPUT = "inputs."
SOURCE_HINT = 'write `name`, `[name, name]`, `{type: float64}` or `{match: "n_*"}`'


@dataclass(frozen=True)
class Name:
    """A name as the user wrote it, still to be resolved. `inputs.NAME` is always the input."""

    text: str
    span: Span


def read_source(node: Node, what: str, inputs: Sequence[Input]) -> tuple[Name, ...]:
    """The names that a `from` stands for, in order."""
    if isinstance(node, MapNode):
        return tuple(Name(f"{ALWAYS_INPUT}{i.name}", node.span) for i in _select(node, what, inputs))
    if isinstance(node, ListNode):
        return read_names(node, what)
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return (Name(as_text(node, what), node.span),)
    raise wrong_type(node, what, "a name, a list of names or a selector", SOURCE_HINT)


def read_names(node: Node, what: str) -> tuple[Name, ...]:
    """A list of names, each once."""
    names: list[Name] = []
    seen: set[str] = set()
    for item in as_list(node, what, "write a list of names, such as [a, b]").items:
        name = Name(as_text(item, f"an entry of {what}"), item.span)
        if name.text in seen:
            message = f"{what} lists `{shown(name.text)}` twice"
            raise fail("SKC105", message, span=name.span, hint="remove one of them")
        seen.add(name.text)
        names.append(name)
    return tuple(names)


def _select(node: MapNode, what: str, inputs: Sequence[Input]) -> list[Input]:
    """The inputs of a type whose name matches a pattern of `match` and none of `exclude`, in order."""
    check_keys(node, f"the selector of {what}", [], ["type", "match", "exclude"])
    parts = {key.text: value for key, value in node.entries}
    if "type" not in parts and "match" not in parts:
        message = f"the selector of {what} picks by nothing"
        raise fail("SKC106", message, span=node.span, hint="add `type:` or `match:`")
    chosen = list(inputs)
    if "type" in parts:
        dtype = as_choice(parts["type"], f"`type` in the selector of {what}", DTYPES)
        chosen = [i for i in chosen if i.dtype == dtype]
    if "match" in parts:
        patterns = _patterns(parts["match"], f"`match` in the selector of {what}")
        chosen = [i for i in chosen if _matches(i.name, patterns)]
    if "exclude" in parts:
        patterns = _patterns(parts["exclude"], f"`exclude` in the selector of {what}")
        chosen = [i for i in chosen if not _matches(i.name, patterns)]
    if not chosen:
        raise fail(
            "SKC114",
            f"the selector of {what} picks no input",
            span=node.span,
            notes=[f"inputs: {quoted(f'{i.name}: {i.dtype}' for i in inputs)}"],
            hint="`*` stands for any text, `?` for one character; capitals count",
        )
    return chosen


def _patterns(node: Node, what: str) -> list[str]:
    if isinstance(node, ListNode):
        return [
            as_text(item, f"an entry of {what}") for item in as_list(node, what, "write a pattern such as `n_*`").items
        ]
    return [as_text(node, what)]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
