"""Strict YAML as a tree of nodes with their positions in the file.

Why our own tree: a diagnostic needs the line and column of every key and value, and the meaning of a scalar must not
depend on a library's resolver. It is built from the parser's events, so that what the language does not use (anchors,
aliases, merge keys, tags, directives, several documents) is refused before it can do anything, and nesting is
bounded.

What a plain (unquoted) scalar means, a subset of the YAML 1.2 core schema:
  null          null Null NULL ~ and nothing at all
  true, false   in lower case, upper case or capitalised; `yes`, `no`, `on`, `off` are text
  integer       decimal, no leading zero, within 64 bits
  float         decimal with a point or an exponent, .inf, -.inf, .nan
  refused       007, 0x1F, 0o17, 0b1, 1_000: readers of YAML do not agree whether these are numbers, and which
  text          everything else, dates included
A quoted or block scalar is text. No text may contain a NUL or half of a surrogate pair.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from skc.diagnostics import SkcError, Span, fail
from skc.frontend.problems import shown
from skc_runtime.kinds import INT64_MAX, INT64_MIN

MAX_DEPTH = 32
NULLS = frozenset(["", "~", "null", "Null", "NULL"])
BOOLS = {form: value for value in (True, False) for form in (str(value), str(value).lower(), str(value).upper())}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
NAN = re.compile(r"\.(nan|NaN|NAN)")
AMBIGUOUS = re.compile(
    r"[-+]?(0[0-9_]+(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|0[bB][01_]+"
    r"|[1-9][0-9_]*_[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)"
)
UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # one character, as JSON escapes it, and so `json.dumps`


@dataclass(frozen=True)
class ScalarNode:
    """One value; `text` is how it was written, without quotes; `plain` values had none.

    `is_verbatim`: the text is on one line, character for character, so a position in it is a position in the file.
    """

    value: bool | int | float | str | None
    text: str
    span: Span
    plain: bool = True
    is_verbatim: bool = False

    def position(self, offset: int) -> Span:
        """The position of a character of the text, or of the whole scalar if that is unknown."""
        if not self.is_verbatim:
            return self.span
        return replace(self.span, column=self.span.column + offset + (0 if self.plain else 1))


@dataclass(frozen=True)
class ListNode:
    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class MapNode:
    """Entries in the order written; no key is repeated, and every key is text."""

    entries: tuple[tuple[ScalarNode, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        """The value of a key, or None if the key is missing."""
        return next((value for name, value in self.entries if name.text == key), None)

    def key(self, key: str) -> ScalarNode:
        """The node of a key, which must be present."""
        return next(name for name, _ in self.entries if name.text == key)


Node = ScalarNode | ListNode | MapNode


def parse(text: str, file: str) -> Node:
    """The one document in `text`. Raises SKC101 (not YAML), SKC102 (not for pipelines), SKC105 (twice)."""
    events = _events(text, file)
    start = next((event for event in events if isinstance(event, DocumentStartEvent)), None)
    if start is None:
        raise fail("SKC101", "the file is empty", span=Span(file, 1, 1), hint="a pipeline starts with `skc: 1`")
    if start.version is not None or start.tags is not None:
        raise _not_used("a directive (a line that starts with %)", _span(start, file), "remove the line")
    root = _node(next(events), events, file, depth=0)
    for event in events:
        if isinstance(event, DocumentStartEvent):
            raise _not_used("a second document", _span(event, file), "write one pipeline per file")
    return root


def describe(node: Node) -> str:
    """A description of a node for messages, with its value."""
    if isinstance(node, MapNode):
        return "a mapping" if node.entries else "an empty mapping"
    if isinstance(node, ListNode):
        return "a list" if node.items else "an empty list"
    if node.value is None:
        return "null"
    if isinstance(node.value, str):
        return f"the text `{shown(node.text)}`" if node.text else "the empty text"
    return f"`{shown(node.text)}`"


def _events(text: str, file: str) -> Iterator[Any]:
    """The parser's events. Anything that it raises becomes SKC101 with a location."""
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        raise _syntax_error(error, file) from None
    except ReaderError as error:
        span = _span_at(text, error.position, file)
        raise fail("SKC101", f"not valid YAML: {_character(error)}", span=span, hint="remove the character") from None
    except SkcError:
        raise
    except Exception as error:  # the parser lets errors of chr() and int() escape on broken escapes
        message = f"not valid YAML: {type(error).__name__} in the parser"
        raise fail("SKC101", message, span=Span(file, 1, 1), hint=r"look for a broken \U escape") from None


def _character(error: ReaderError) -> str:
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return f"the character U+{code:04X} is not allowed"


def _span_at(text: str, position: int, file: str) -> Span:
    before = text[:position]
    return Span(file, before.count("\n") + 1, position - before.rfind("\n"))


SYNTAX_HINTS = (
    (r"'\\t'", "indent with spaces, never with tabs"),
    (
        r"mapping values are not allowed",
        "put a value that contains `: ` in quotes, and check the indentation",
    ),
    (r"'[@`%*&!|>]'|alphabetic or numeric", "put a value that starts with this character in quotes"),
    (r"unknown escape", r"write a backslash as \\, or use single quotes"),
    (r"end of stream|stream end|<block end>|',' or", "close the open bracket or quote, and check the indentation"),
)


def _syntax_error(error: MarkedYAMLError, file: str) -> SkcError:
    mark = error.problem_mark or error.context_mark
    span = Span(file, 1, 1) if mark is None else Span(file, mark.line + 1, mark.column + 1)
    problem = (error.problem or error.context or "unknown problem").replace("'<stream end>'", "the end of the file")
    hint = next((hint for pattern, hint in SYNTAX_HINTS if re.search(pattern, error.problem or "")), None)
    return fail("SKC101", f"not valid YAML: {problem}", span=span, hint=hint or "check the lines above as well")


def _span(event: Any, file: str) -> Span:
    return Span(file, event.start_mark.line + 1, event.start_mark.column + 1)


def _not_used(feature: str, span: Span, hint: str) -> SkcError:
    return fail("SKC102", f"{feature} is not allowed in a pipeline", span=span, hint=hint)


def _node(event: Any, events: Iterator[Any], file: str, depth: int) -> Node:
    span = _span(event, file)
    if isinstance(event, AliasEvent):
        raise _not_used(f"the alias `*{shown(event.anchor)}`", span, "write the value out")
    if event.anchor is not None:
        hint = "remove the anchor; a step over several columns, or a separate feature, avoids repetition"
        raise _not_used(f"the anchor `&{shown(event.anchor)}`", span, hint)
    if event.tag is not None:
        raise _not_used(f"the tag `{shown(event.tag)}`", span, "remove the tag; put a value in quotes to mean text")
    if depth > MAX_DEPTH:
        raise fail("SKC102", f"nested more than {MAX_DEPTH} levels deep", span=span, hint="reduce the nesting")
    if isinstance(event, ScalarEvent):
        return _scalar(event, span)
    if isinstance(event, SequenceStartEvent):
        return ListNode(tuple(_items(events, file, depth)), span)
    assert isinstance(event, MappingStartEvent)
    return MapNode(tuple(_entries(events, file, depth)), span)


def _items(events: Iterator[Any], file: str, depth: int) -> Iterator[Node]:
    for event in events:
        if isinstance(event, SequenceEndEvent):
            return
        yield _node(event, events, file, depth + 1)


def _entries(events: Iterator[Any], file: str, depth: int) -> Iterator[tuple[ScalarNode, Node]]:
    spans: dict[str, Span] = {}
    for event in events:
        if isinstance(event, MappingEndEvent):
            return
        key = _key(_node(event, events, file, depth + 1), spans)
        spans[key.text] = key.span
        value = _node(next(events), events, file, depth + 1)
        if isinstance(value, ScalarNode) and value.plain and not value.text:
            value = ScalarNode(None, "", key.span)  # the value is empty, and the parser points at the next line
        yield key, value


def _key(node: Node, spans: dict[str, Span]) -> ScalarNode:
    is_word = isinstance(node, ScalarNode) and (isinstance(node.value, str) or node.text == "null")
    if not isinstance(node, ScalarNode) or not is_word:  # `null` is the name of a policy
        hint = "put the key in quotes" if isinstance(node, ScalarNode) else "a key must be a word"
        raise fail("SKC102", f"a key must be text, not {describe(node)}", span=node.span, hint=hint)
    if node.plain and node.text == "<<":
        raise _not_used("the merge key `<<`", node.span, "write the keys out")
    if node.text in spans:
        first = spans[node.text]
        message = f"duplicate key `{shown(node.text)}`"
        raise fail("SKC105", message, span=node.span, hint="remove one of them", notes=[f"first at {first}"])
    return node


def _scalar(event: ScalarEvent, span: Span) -> ScalarNode:
    text = PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), event.value)
    if UNSENDABLE.search(text):
        message = f"the text `{shown(text)}` contains a NUL or half of a surrogate pair"
        raise fail("SKC102", message, span=span, hint="remove it: such a text cannot be sent to a runtime")
    plain = event.style is None
    length = event.end_mark.index - event.start_mark.index - (0 if plain else 2)
    is_verbatim = event.start_mark.line == event.end_mark.line and length == len(text)
    return ScalarNode(_plain_value(text, span) if plain else text, text, span, plain, is_verbatim)


def _plain_value(text: str, span: Span) -> bool | int | float | str | None:
    if text in NULLS:
        return None
    if text in BOOLS:
        return BOOLS[text]
    if AMBIGUOUS.fullmatch(text):
        message = f"YAML readers disagree on the meaning of `{shown(text)}`"
        raise fail(
            "SKC102",
            message,
            span=span,
            hint="write a plain decimal number, or put it in quotes if it is a string",
        )
    if INTEGER.fullmatch(text):
        return _integer(text, span)
    if FLOAT.fullmatch(text):
        return _float(text, span)
    if infinite := INFINITE.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    return math.nan if NAN.fullmatch(text) else text


def _integer(text: str, span: Span) -> int:
    value = int(text) if len(text) <= 20 else INT64_MAX + 1  # longer than any int64; int() refuses very long ones
    if INT64_MIN <= value <= INT64_MAX:
        return value
    message = f"the integer `{shown(text)}` does not fit in 64 bits"
    raise fail("SKC102", message, span=span, hint="write a float, such as 1e30, or put it in quotes if it is a string")


def _float(text: str, span: Span) -> float:
    value = float(text)
    if math.isinf(value):
        message = f"`{shown(text)}` is larger than any float64"
        raise fail("SKC102", message, span=span, hint="write .inf for infinity")
    return value
