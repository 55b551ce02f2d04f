"""Parses `outputs` into definitions: `name: {features: […], dtype: …}`."""

from __future__ import annotations

from typing import cast

from skc.diagnostics import fail
from skc.frontend.definitions import OutputDefinition
from skc.frontend.problems import Problems, shown
from skc.frontend.yaml.fields import as_choice, as_map, check_keys
from skc.frontend.yaml.nodes import Node, ScalarNode
from skc.frontend.yaml.selectors import read_names
from skc_runtime.kinds import ELEMENTS, YEARS, OutputDType

OUTPUT_DTYPES = tuple(ELEMENTS)


def read_outputs(node: Node, problems: Problems) -> tuple[OutputDefinition, ...]:
    """The outputs, in order."""
    hint = "write `name: {features: [a, b], dtype: float32}`"
    section = as_map(node, "`outputs`", hint)
    if not section.entries:
        raise fail("SKC107", "`outputs` must not be empty", span=section.span, hint=hint)
    outputs: list[OutputDefinition] = []
    for key, value in section.entries:
        with problems.collect():
            outputs.append(_read_output(key, value))
    return tuple(outputs)


def _read_output(key: ScalarNode, node: Node) -> OutputDefinition:
    subject = f"output `{shown(key.text)}`"
    body = as_map(node, subject, "write {features: [a, b], dtype: float32}")
    check_keys(body, subject, ["features", "dtype"])
    entries = {name.text: value for name, value in body.entries}
    names = read_names(entries["features"], f"`features` of {subject}")
    hint = "write `int64`, in which timestamps and dates are stored" if _text(entries["dtype"]) in YEARS else None
    dtype = as_choice(entries["dtype"], f"`dtype` of {subject}", OUTPUT_DTYPES, hint)
    return OutputDefinition(key.text, names, cast(OutputDType, dtype), span=key.span)  # as_choice returns one of them


def _text(node: Node) -> str | None:
    return node.text if isinstance(node, ScalarNode) else None
