"""Parses the parameters of an op. They are validated by the op's own `Params`, and errors are reworded and located at
each value.

Why through JSON: pydantic's strict mode then distinguishes lists and tuples from text, and integers from floats, and
converts nothing silently. A bare `null` for a parameter whose choices include "null" (a policy) means that word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

import pydantic
from pydantic_core import ErrorDetails

from skc.diagnostics import Diagnostic, SkcError, Span, did_you_mean, fail
from skc.frontend.problems import quoted, shown
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, describe
from skc.op import AnyOp

Schema = Mapping[str, Any]
# The expected value for each type of pydantic error; {…} are filled from its context.
EXPECTED = {
    "bool_type": "true or false",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "finite_number": "finite",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "an integer",
    "int_type": "an integer",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "multiple_of": "a multiple of {multiple_of}",
    "none_required": "null",
    "string_pattern_mismatch": "text that matches `{pattern}`",
    "string_too_long": "text of at most {max_length} characters",
    "string_too_short": "text of at least {min_length} characters",
    "string_type": "text",
    "too_long": "a list of at most {max_length} entries",
    "too_short": "a list of at least {min_length} entries",
    "tuple_type": "a list",
}
MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
UNEXPECTED = ("unexpected_keyword_argument", "extra_forbidden")


def read_parameters(op: AnyOp, node: Node | None, span: Span) -> Any:
    """The op's `Params`. `span` is the location of the op's name; without a node there are no parameters.

    Raises SKC103 (unknown), SKC106 (missing), SKC107 (not a mapping) and SKC112 (a value refused).
    """
    if node is not None and not isinstance(node, MapNode):
        raise fail(
            "SKC107",
            f"the parameters of `{op.name}` must be a mapping, not {describe(node)}",
            span=node.span,
            notes=[_parameters_note(op)],
            hint=f"write {{{op.name}: {{{_example(op, node)}}}}}",
        )
    root = node or MapNode((), span)
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(op.params)
    schema = adapter.json_schema()
    text = json.dumps(_plain(root, schema, schema.get("$defs", {})))
    try:
        return adapter.validate_json(text, strict=True)
    except pydantic.ValidationError as error:
        raise _reworded(op, error.errors(include_url=False), root, span) from None
    except SkcError as error:
        raise SkcError(*(replace(d, span=d.span or span) for d in error.diagnostics)) from None


def _plain(node: Node, schema: Schema, definitions: Schema) -> Any:
    """The node as JSON data. A null becomes the word "null" where the schema expects that."""
    options = list(_options(schema, definitions))
    if isinstance(node, MapNode):
        return {key.text: _plain(value, _child(options, key.text), definitions) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [_plain(item, _child(options, i), definitions) for i, item in enumerate(node.items)]
    if node.value is None and means_the_word_null(options):
        return "null"
    return node.value


def means_the_word_null(options: list[Schema]) -> bool:
    """Whether the word "null" is allowed and a null value is not."""
    words = [word for option in options for word in (*option.get("enum", ()), option.get("const"))]
    return "null" in words and not any(option.get("type") == "null" for option in options)


def _options(schema: Schema, definitions: Schema) -> list[Schema]:
    """The alternatives of a schema, with references resolved."""
    if "$ref" in schema:
        return _options(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [option for alternative in alternatives for option in _options(alternative, definitions)] or [schema]


def _child(options: list[Schema], key: str | int) -> Schema:
    """The schema of an entry, or the empty schema, which allows everything."""
    children: list[Any] = []
    for option in options:
        if isinstance(key, str):
            children.append(option.get("properties", {}).get(key, option.get("additionalProperties")))
        else:
            prefix = option.get("prefixItems", ())
            children.append(prefix[key] if key < len(prefix) else option.get("items"))
    return {"anyOf": [child for child in children if isinstance(child, Mapping)]}


@dataclass(frozen=True)
class _Location:
    """The location of an error: the node, the span of its key, and the path to it (`edges[2]`)."""

    trail: str
    node: Node
    key: Span

    @property
    def span(self) -> Span:
        """The root has no span of its own if no parameters were written; the op's name stands in."""
        return self.node.span if self.trail else self.key


def _reworded(op: AnyOp, errors: list[ErrorDetails], root: MapNode, span: Span) -> SkcError:
    """One diagnostic per location: the errors of all alternatives of a union are reported as one."""
    by_trail: dict[str, tuple[_Location, list[ErrorDetails]]] = {}
    diagnostics: list[Diagnostic] = []
    for error in errors:
        location = _locate(root, span, error["loc"])
        if error["type"] in MISSING + UNEXPECTED:
            diagnostics.append(_wrong_keys(op, error, location))
        else:
            by_trail.setdefault(location.trail, (location, []))[1].append(error)
    diagnostics += [_refused(op, location, group) for location, group in by_trail.values()]
    return SkcError(*sorted(diagnostics, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0)))


def _locate(root: MapNode, span: Span, loc: tuple[int | str, ...]) -> _Location:
    """Follow `loc` as far as it refers to nodes; the rest of it names members of unions."""
    location = _Location("", root, span)
    for key in loc:
        node = location.node
        if isinstance(node, MapNode) and isinstance(key, str) and (value := node.get(key)) is not None:
            trail = f"{location.trail}.{key}" if location.trail else key
            location = _Location(trail, value, node.key(key).span)
        elif isinstance(node, ListNode) and isinstance(key, int) and key < len(node.items):
            location = _Location(f"{location.trail}[{key}]", node.items[key], node.items[key].span)
    return location


def _wrong_keys(op: AnyOp, error: ErrorDetails, location: _Location) -> Diagnostic:
    name = error["loc"][-1]
    notes = (_parameters_note(op),)
    if error["type"] in UNEXPECTED:
        names = [field.name for field in fields(op.params)]
        message = f"`{op.name}` has no parameter `{shown(str(name))}`"
        return Diagnostic(
            "SKC103", message, location.key, did_you_mean(str(name), names) or "use one of these, or remove it", notes
        )
    if isinstance(name, int):
        message = f"`{location.trail}` of `{op.name}` has no entry {name + 1}"
        return Diagnostic("SKC106", message, location.span, "add the entry")
    choices = get_args(get_type_hints(op.params).get(str(name)))
    examples = [f"`{name}: {choice}`" for choice in choices if isinstance(choice, str)] or [f"`{name}:`"]
    hint = f"add {' or '.join(examples)}"
    return Diagnostic("SKC106", f"`{op.name}` needs the parameter `{name}`", location.span, hint, notes)


def _example(op: AnyOp, node: Node) -> str:
    """An example for the hint: a bare value is usually meant for the first parameter."""
    names = [field.name for field in fields(op.params)]
    return f"{names[0]}: {node.text}" if isinstance(node, ScalarNode) and names else "parameter: value"


def _parameters_note(op: AnyOp) -> str:
    names = [field.name for field in fields(op.params)]
    return f"parameters: {quoted(names)}" if names else f"`{op.name}` has no parameters"


def _refused(op: AnyOp, location: _Location, errors: list[ErrorDetails]) -> Diagnostic:
    expected = list(dict.fromkeys(_expected(error) for error in errors))
    if "a number" in expected and "an integer" in expected:
        expected.remove("an integer")
    words = [word for error in errors if error["type"] == "literal_error" for word in _words(error)]
    actual = describe(location.node)
    message = f"`{location.trail}` of `{op.name}` must be {' or '.join(expected)}, not {actual}"
    hint = did_you_mean(location.node.text, words) if isinstance(location.node, ScalarNode) else None
    return Diagnostic("SKC112", message, location.span, hint or f"`skc ops {op.name}` explains the parameters")


def _expected(error: ErrorDetails) -> str:
    context = dict(error.get("ctx", {}))
    if error["type"] == "literal_error":
        words = _words(error)
        context["expected"] = f"one of {quoted(words)}" if len(words) > 1 else quoted(words)
    if error["type"] in EXPECTED:
        return EXPECTED[error["type"]].format(**context)
    return re.sub(r"^(Value error|Assertion failed), |^Input should be ", "", error["msg"])


def _words(error: ErrorDetails) -> list[str]:
    """The alternatives of a Literal, from pydantic's `'a', 'b' or 'c'`."""
    return re.findall(r"'((?:[^'\\]|\\.)*)'", str(error.get("ctx", {}).get("expected", "")))
