"""Parses `profile`: what of the training rows is written into profile.json."""

from __future__ import annotations

from collections.abc import Sequence

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_bool, as_list, as_map, as_text, check_keys, wrong_type
from skc.frontend.yaml.nodes import Node, ScalarNode
from skc.ir import Input, ProfileOptions

KEYS = ("omit", "top", "minimum", "bounds")
MOST_CATEGORIES = 100_000  # of a column
MOST_ROWS = 1_000_000_000


def read_profile(node: Node, inputs: Sequence[Input]) -> ProfileOptions | None:
    """`false`, or a mapping. `inputs` is empty where they could not be read."""
    if isinstance(node, ScalarNode) and node.value is False:
        return None
    body = as_map(node, "`profile`", "write `false` for none, or {omit: [NAME], minimum: 10}")
    check_keys(body, "`profile`", [], KEYS)
    entries = {key.text: value for key, value in body.entries}
    default = ProfileOptions()
    return ProfileOptions(
        names_of_inputs(entries["omit"], "`omit` of `profile`", inputs) if "omit" in entries else default.omit,
        _number(entries["top"], "top", 0, MOST_CATEGORIES) if "top" in entries else default.top,
        _number(entries["minimum"], "minimum", 1, MOST_ROWS) if "minimum" in entries else default.minimum,
        as_bool(entries["bounds"], "`bounds` of `profile`") if "bounds" in entries else default.bounds,
    )


def names_of_inputs(node: Node, subject: str, inputs: Sequence[Input]) -> tuple[str, ...]:
    """The inputs that a list names. `inputs` is empty where they could not be read. Raises SKC104, SKC107."""
    names = [i.name for i in inputs]
    errors: list[SkcError] = []
    omitted = []
    for item in as_list(node, subject, "name the inputs").items:
        name = as_text(item, f"a name in {subject}")
        omitted.append(name)
        if names and name not in names:
            hint = did_you_mean(name, names) or "name an input"
            errors.append(fail("SKC104", f"`{shown(name)}` is not an input", span=item.span, hint=hint))
    if errors:
        raise SkcError(*(d for error in errors for d in error.diagnostics))
    return tuple(omitted)


def _number(node: Node, name: str, low: int, high: int) -> int:
    value = node.value if isinstance(node, ScalarNode) else None
    if type(value) is not int or not low <= value <= high:
        raise wrong_type(node, f"`{name}` of `profile`", f"{low} to {high:,}", f"write `{name}: {max(low, 10)}`")
    return value
