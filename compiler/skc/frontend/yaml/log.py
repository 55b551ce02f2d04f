"""Parses `log`: what of a request a request log must not show."""

from __future__ import annotations

from collections.abc import Sequence

from skc.diagnostics import fail
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_map, check_keys
from skc.frontend.yaml.nodes import Node
from skc.frontend.yaml.profile import names_of_inputs
from skc.ir import Input
from skc_runtime.manifest import LogSpec

KEYS = ("omit", "hash")


def read_log(node: Node, inputs: Sequence[Input]) -> LogSpec:
    """A mapping. `inputs` is empty where they could not be read."""
    body = as_map(node, "`log`", "write {omit: [NAME], hash: [NAME]}")
    check_keys(body, "`log`", [], KEYS)
    named = {key.text: names_of_inputs(value, f"`{key.text}` of `log`", inputs) for key, value in body.entries}
    spec = LogSpec(**named)
    listed = [*spec.omit, *spec.hash]
    for name in listed:
        if listed.count(name) > 1:
            message = f"`{shown(name)}` is listed twice in `log`"
            raise fail("SKC105", message, span=node.span, hint="an input is left out or hashed: name it once")
    return spec
