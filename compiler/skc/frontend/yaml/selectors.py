"""Parses a feature's `from`: a name, a list of names, or a selector of inputs by type and pattern."""

from __future__ import annotations

from typing import cast

from skc.diagnostics import fail
from skc.frontend.definitions import Name, Selector
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_choice, as_list, as_text, check_keys, wrong_type
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from skc_runtime.kinds import DTYPES, DType

SOURCE_HINT = 'write `name`, `[name, name]`, `{type: float64}` or `{match: "n_*"}`'


def read_source(node: Node, subject: str) -> tuple[Name, ...] | Selector:
    """The names or the selector in a `from`."""
    if isinstance(node, MapNode):
        return _read_selector(node, subject)
    if isinstance(node, ListNode):
        return read_names(node, subject)
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return (Name(as_text(node, subject), node.span),)
    raise wrong_type(node, subject, "a name, a list of names or a selector", SOURCE_HINT)


def read_names(node: Node, subject: str) -> tuple[Name, ...]:
    """A list of names without duplicates."""
    names: list[Name] = []
    seen: set[str] = set()
    for item in as_list(node, subject, "write a list of names, such as [a, b]").items:
        name = Name(as_text(item, f"an entry of {subject}"), item.span)
        if name.text in seen:
            message = f"{subject} lists `{shown(name.text)}` twice"
            raise fail("SKC105", message, span=name.span, hint="remove one of them")
        seen.add(name.text)
        names.append(name)
    return tuple(names)


def _read_selector(node: MapNode, subject: str) -> Selector:
    check_keys(node, f"the selector in {subject}", [], ["type", "match", "exclude"])
    entries = {key.text: value for key, value in node.entries}
    if "type" not in entries and "match" not in entries:
        message = f"the selector in {subject} has neither `type` nor `match`"
        raise fail("SKC106", message, span=node.span, hint="add `type:` or `match:`")
    dtype = as_choice(entries["type"], f"`type` in the selector in {subject}", DTYPES) if "type" in entries else None
    patterns = {
        key: _patterns(entries[key], f"`{key}` in the selector in {subject}")
        for key in ("match", "exclude")
        if key in entries
    }
    return Selector(
        cast(DType | None, dtype),  # as_choice returns one of DTYPES
        patterns.get("match"),
        patterns.get("exclude", ()),
        node.span,
    )


def _patterns(node: Node, subject: str) -> tuple[str, ...]:
    if not isinstance(node, ListNode):
        return (as_text(node, subject),)
    items = as_list(node, subject, "write a pattern such as `n_*`").items
    return tuple(as_text(item, f"an entry of {subject}") for item in items)
