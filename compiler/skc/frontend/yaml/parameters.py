"""The parameters of an op, from YAML: checked by the op's own `Params`, with errors in our words at the place
of each value.

Why by way of JSON: pydantic's strict mode then knows lists and tuples apart from text, and integers from
floats, and nothing is converted silently. A bare `null` for a parameter whose words include "null" (a
policy) is that word.
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
# What each kind of misfit that pydantic finds would have had to be; {…} come from its context.
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
    """The op's `Params`. `span` is the place of the op's name; no node means no parameters.

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
    written = node or MapNode((), span)
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(op.params)
    schema = adapter.json_schema()
    text = json.dumps(_plain(written, schema, schema.get("$defs", {})))
    try:
        return adapter.validate_json(text, strict=True)
    except pydantic.ValidationError as error:
        raise _reworded(op, error.errors(include_url=False), written, span) from None
    except SkcError as error:
        raise SkcError(*(replace(d, span=d.span or span) for d in error.diagnostics)) from None


def _plain(node: Node, schema: Schema, definitions: Schema) -> Any:
    """The node as JSON data; a null where the schema wants the word "null" becomes that word."""
    options = list(_options(schema, definitions))
    if isinstance(node, MapNode):
        return {key.text: _plain(value, _child(options, key.text), definitions) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [_plain(item, _child(options, i), definitions) for i, item in enumerate(node.items)]
    if node.value is None and means_the_word_null(options):
        return "null"
    return node.value


def means_the_word_null(options: list[Schema]) -> bool:
    """The word "null" is allowed and null is not."""
    words = [word for option in options for word in (*option.get("enum", ()), option.get("const"))]
    return "null" in words and not any(option.get("type") == "null" for option in options)


def _options(schema: Schema, definitions: Schema) -> list[Schema]:
    """The alternatives of a schema, references followed."""
    if "$ref" in schema:
        return _options(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [option for part in parts for option in _options(part, definitions)] or [schema]


def _child(options: list[Schema], key: str | int) -> Schema:
    """The schema of an entry; the empty one, which allows everything, when there is none."""
    children: list[Any] = []
    for option in options:
        if isinstance(key, str):
            children.append(option.get("properties", {}).get(key, option.get("additionalProperties")))
        else:
            prefix = option.get("prefixItems", ())
            children.append(prefix[key] if key < len(prefix) else option.get("items"))
    return {"anyOf": [child for child in children if isinstance(child, Mapping)]}


@dataclass(frozen=True)
class _Place:
    """Where an error lies: the node, the place of its key, and in words the way to it (`edges[2]`)."""

    trail: str
    node: Node
    key: Span

    @property
    def span(self) -> Span:
        """The root has no place of its own where no parameters were written: it is its op's name."""
        return self.node.span if self.trail else self.key


def _reworded(op: AnyOp, errors: list[ErrorDetails], root: MapNode, span: Span) -> SkcError:
    """One diagnostic per place: every alternative of a union complains, and all are reported as one."""
    grouped: dict[str, tuple[_Place, list[ErrorDetails]]] = {}
    found: list[Diagnostic] = []
    for error in errors:
        place = _place(root, span, error["loc"])
        if error["type"] in MISSING + UNEXPECTED:
            found.append(_wrong_keys(op, error, place))
        else:
            grouped.setdefault(place.trail, (place, []))[1].append(error)
    found += [_refused(op, place, group) for place, group in grouped.values()]
    return SkcError(*sorted(found, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0)))


def _place(root: MapNode, span: Span, loc: tuple[int | str, ...]) -> _Place:
    """Follow a location as far as it names what is there; the rest of it names members of unions."""
    place = _Place("", root, span)
    for part in loc:
        node = place.node
        if isinstance(node, MapNode) and isinstance(part, str) and (value := node.get(part)) is not None:
            trail = f"{place.trail}.{part}" if place.trail else part
            place = _Place(trail, value, node.key(part).span)
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            place = _Place(f"{place.trail}[{part}]", node.items[part], node.items[part].span)
    return place


def _wrong_keys(op: AnyOp, error: ErrorDetails, place: _Place) -> Diagnostic:
    name = error["loc"][-1]
    notes = (_parameters_note(op),)
    if error["type"] in UNEXPECTED:
        known = [field.name for field in fields(op.params)]
        message = f"`{op.name}` has no parameter `{shown(str(name))}`"
        return Diagnostic(
            "SKC103", message, place.key, did_you_mean(str(name), known) or "use one of these, or remove it", notes
        )
    if isinstance(name, int):
        message = f"`{place.trail}` of `{op.name}` has no entry {name + 1}"
        return Diagnostic("SKC106", message, place.span, "add the entry")
    choices = get_args(get_type_hints(op.params).get(str(name)))
    ways = [f"`{name}: {choice}`" for choice in choices if isinstance(choice, str)] or [f"`{name}:`"]
    hint = f"add {' or '.join(ways)}"
    return Diagnostic("SKC106", f"`{op.name}` needs the parameter `{name}`", place.span, hint, notes)


def _example(op: AnyOp, node: Node) -> str:
    """A value without its parameter is most often meant for the first."""
    names = [field.name for field in fields(op.params)]
    return f"{names[0]}: {node.text}" if isinstance(node, ScalarNode) and names else "parameter: value"


def _parameters_note(op: AnyOp) -> str:
    names = [field.name for field in fields(op.params)]
    return f"parameters: {quoted(names)}" if names else f"`{op.name}` has no parameters"


def _refused(op: AnyOp, place: _Place, errors: list[ErrorDetails]) -> Diagnostic:
    expected = list(dict.fromkeys(_expected(error) for error in errors))
    if "a number" in expected and "an integer" in expected:
        expected.remove("an integer")
    words = [word for error in errors if error["type"] == "literal_error" for word in _words(error)]
    shown = describe(place.node)
    message = f"`{place.trail}` of `{op.name}` must be {' or '.join(expected)}, not {shown}"
    hint = did_you_mean(place.node.text, words) if isinstance(place.node, ScalarNode) else None
    return Diagnostic("SKC112", message, place.span, hint or f"`skc ops {op.name}` explains the parameters")


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
