"""Typed access to YAML nodes: every reader of a part of the pipeline asks for what it expects, and a
mismatch is reported here.
"""

from __future__ import annotations

from collections.abc import Collection

from skc.diagnostics import Diagnostic, SkcError, Span, did_you_mean, fail
from skc.frontend.problems import quoted, shown
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, describe

FILLED = {"skc": "skc: 1", "dtype": "dtype: float32"}  # keys whose value is nearly always this


def wrong_type(node: Node, what: str, expected: str, hint: str) -> SkcError:
    """The error for a value of the wrong type."""
    return fail("SKC107", f"{what} must be {expected}, not {describe(node)}", span=node.span, hint=hint)


def as_map(node: Node, what: str, hint: str) -> MapNode:
    if not isinstance(node, MapNode):
        raise wrong_type(node, what, "a mapping", hint)
    return node


def as_list(node: Node, what: str, hint: str) -> ListNode:
    if not isinstance(node, ListNode):
        raise wrong_type(node, what, "a list", hint)
    if not node.items:
        raise fail("SKC107", f"{what} must not be empty", span=node.span, hint=hint)
    return node


def as_text(node: Node, what: str) -> str:
    """A text that is not empty."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        is_number = isinstance(node, ScalarNode) and node.value is not None and node.value != ""
        raise wrong_type(node, what, "text", "put it in quotes" if is_number else "write a text")
    return node.value


def as_bool(node: Node, what: str) -> bool:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, bool):
        raise wrong_type(node, what, "true or false", "write `true` or `false`, without quotes")
    return node.value


def as_choice(node: Node, what: str, choices: Collection[str], hint: str | None = None) -> str:
    """One of a closed set of words; a bare `null` is the word."""
    is_word = isinstance(node, ScalarNode) and (isinstance(node.value, str) or node.value is None)
    word = node.text if isinstance(node, ScalarNode) and is_word else ""
    if word in choices:
        return word
    raise fail(
        "SKC110",
        f"{what} cannot be {describe(node)}",
        span=node.span,
        notes=[f"choose from: {quoted(choices)}"],
        hint=hint or did_you_mean(word, choices) or "choose one of these",
    )


def check_keys(node: MapNode, what: str, required: Collection[str], optional: Collection[str] = ()) -> None:
    """Refuse unknown keys and missing ones, all at once."""
    known = [*required, *optional]
    found: list[Diagnostic] = []
    for key, _ in node.entries:
        if key.text not in known:
            found += unknown_key(key, what, known, _comma_hint(node, key)).diagnostics
    for name in required:
        if node.get(name) is None:
            found += missing_key(name, node.span, what).diagnostics
    if found:
        raise SkcError(*found)


def _comma_hint(node: MapNode, key: ScalarNode) -> str | None:
    """In `{expr: max(a, b)}` the comma ends the value, and the rest becomes a key: say so."""
    before = [v.text for k, v in node.entries if k.span < key.span and isinstance(v, ScalarNode)]
    if before and before[-1].count("(") > before[-1].count(")"):
        return "a comma ends a value inside {…}: quote the whole expression"
    return None


def unknown_key(key: ScalarNode, what: str, known: Collection[str], hint: str | None = None) -> SkcError:
    return fail(
        "SKC103",
        f"unknown key `{shown(key.text)}` in {what}",
        span=key.span,
        notes=[f"keys: {quoted(known)}"],
        hint=hint or did_you_mean(key.text, known) or "write one of these keys, or remove it",
    )


def missing_key(name: str, span: Span, what: str) -> SkcError:
    return fail("SKC106", f"{what} has no `{name}` key", span=span, hint=f"add `{FILLED.get(name, f'{name}:')}`")
