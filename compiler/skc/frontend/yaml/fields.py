"""Typed access to YAML nodes: readers state what they expect, and a mismatch is reported here."""

from __future__ import annotations

from collections.abc import Collection

from skc.diagnostics import Diagnostic, SkcError, Span, did_you_mean, fail
from skc.frontend.problems import quoted, shown
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, describe

FILLED = {"skc": "skc: 1", "dtype": "dtype: float32"}  # keys that nearly always have the same value


def wrong_type(node: Node, subject: str, expected: str, hint: str) -> SkcError:
    """The error for a value of the wrong type."""
    return fail("SKC107", f"{subject} must be {expected}, not {describe(node)}", span=node.span, hint=hint)


def as_map(node: Node, subject: str, hint: str) -> MapNode:
    if not isinstance(node, MapNode):
        raise wrong_type(node, subject, "a mapping", hint)
    return node


def as_list(node: Node, subject: str, hint: str) -> ListNode:
    if not isinstance(node, ListNode):
        raise wrong_type(node, subject, "a list", hint)
    if not node.items:
        raise fail("SKC107", f"{subject} must not be empty", span=node.span, hint=hint)
    return node


def as_text(node: Node, subject: str) -> str:
    """A non-empty text."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        is_number = isinstance(node, ScalarNode) and node.value is not None and node.value != ""
        raise wrong_type(node, subject, "text", "put it in quotes" if is_number else "write a text")
    return node.value


def as_bool(node: Node, subject: str) -> bool:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, bool):
        raise wrong_type(node, subject, "true or false", "write `true` or `false`, without quotes")
    return node.value


def as_choice(node: Node, subject: str, choices: Collection[str], hint: str | None = None) -> str:
    """One of a closed set of words; a bare `null` means the word "null"."""
    is_word = isinstance(node, ScalarNode) and (isinstance(node.value, str) or node.value is None)
    word = node.text if isinstance(node, ScalarNode) and is_word else ""
    if word in choices:
        return word
    raise fail(
        "SKC110",
        f"{subject} cannot be {describe(node)}",
        span=node.span,
        notes=[f"choose from: {quoted(choices)}"],
        hint=hint or did_you_mean(word, choices) or "choose one of these",
    )


def check_keys(node: MapNode, subject: str, required: Collection[str], optional: Collection[str] = ()) -> None:
    """Refuse unknown keys and missing ones, all at once."""
    known = [*required, *optional]
    diagnostics: list[Diagnostic] = []
    for key, _ in node.entries:
        if key.text not in known:
            diagnostics += unknown_key(key, subject, known, _comma_hint(node, key)).diagnostics
    for name in required:
        if node.get(name) is None:
            diagnostics += missing_key(name, node.span, subject).diagnostics
    if diagnostics:
        raise SkcError(*diagnostics)


def _comma_hint(node: MapNode, key: ScalarNode) -> str | None:
    """The hint for `{expr: max(a, b)}`, where the comma ends the value and the rest becomes a key."""
    before = [v.text for k, v in node.entries if k.span < key.span and isinstance(v, ScalarNode)]
    if before and before[-1].count("(") > before[-1].count(")"):
        return "a comma ends a value inside {…}: quote the whole expression"
    return None


def unknown_key(key: ScalarNode, subject: str, known: Collection[str], hint: str | None = None) -> SkcError:
    return fail(
        "SKC103",
        f"unknown key `{shown(key.text)}` in {subject}",
        span=key.span,
        notes=[f"keys: {quoted(known)}"],
        hint=hint or did_you_mean(key.text, known) or "write one of these keys, or remove it",
    )


def missing_key(name: str, span: Span, subject: str) -> SkcError:
    return fail("SKC106", f"{subject} has no `{name}` key", span=span, hint=f"add `{FILLED.get(name, f'{name}:')}`")
