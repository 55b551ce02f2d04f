"""What a feature is made `from`: a name, a list of names, or a selector that picks inputs by type and by
pattern.
"""

from __future__ import annotations

from typing import cast

from skc.diagnostics import fail
from skc.frontend.definitions import Name, Selector
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_choice, as_list, as_text, check_keys, wrong_type
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from skc_runtime.kinds import DTYPES, DType

SOURCE_HINT = 'write `name`, `[name, name]`, `{type: float64}` or `{match: "n_*"}`'


def read_source(node: Node, what: str) -> tuple[Name, ...] | Selector:
    """What a `from` names or selects."""
    if isinstance(node, MapNode):
        return _read_selector(node, what)
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


def _read_selector(node: MapNode, what: str) -> Selector:
    check_keys(node, f"the selector in {what}", [], ["type", "match", "exclude"])
    parts = {key.text: value for key, value in node.entries}
    if "type" not in parts and "match" not in parts:
        message = f"the selector in {what} has neither `type` nor `match`"
        raise fail("SKC106", message, span=node.span, hint="add `type:` or `match:`")
    dtype = as_choice(parts["type"], f"`type` in the selector in {what}", DTYPES) if "type" in parts else None
    patterns = {
        key: _patterns(parts[key], f"`{key}` in the selector in {what}") for key in ("match", "exclude") if key in parts
    }
    return Selector(
        cast(DType | None, dtype),  # as_choice gives one of DTYPES
        patterns.get("match"),
        patterns.get("exclude", ()),
        node.span,
    )


def _patterns(node: Node, what: str) -> tuple[str, ...]:
    if not isinstance(node, ListNode):
        return (as_text(node, what),)
    items = as_list(node, what, "write a pattern such as `n_*`").items
    return tuple(as_text(item, f"an entry of {what}") for item in items)
