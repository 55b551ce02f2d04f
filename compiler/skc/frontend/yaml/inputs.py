"""Parses `inputs`: `name: type`, or a mapping with `type`, `nullable`, `nan`, `null_values`, `text`,
and `timezone` with its policies; `max_age` and `as_of` are left to `freshness.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast, get_args

from skc.diagnostics import SkcError, Span, fail
from skc.frontend.problems import Problems, shown
from skc.frontend.yaml.fields import as_bool, as_choice, as_list, as_map, as_text, check_keys, wrong_type
from skc.frontend.yaml.freshness import OF_INPUT
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode, describe
from skc.ir import WORDS, Input, Zone
from skc.time.zones import Ambiguous, Nonexistent, load_zone
from skc.values.types import Scalar, rounded
from skc_runtime.kinds import DTYPES, KINDS, DType, for_every_kind

ZONE = ("timezone", "ambiguous", "nonexistent")
NULL_VALUE_TYPES: dict[DType, str] = for_every_kind(
    {
        "float64": "a number or text",
        "float32": "a number or text",
        "int64": "an integer or text",
        "bool": "true, false or text",
        "string": "text",
        "timestamp": "an integer (microseconds since 1970) or text",
        "date": "an integer (days since 1970) or text",
        "time": "an integer (microseconds since midnight) or text",
    }
)


def read_inputs(node: Node, problems: Problems) -> tuple[Input, ...]:
    """The inputs, in order. Errors in one do not hide errors in the next."""
    section = as_map(node, "`inputs`", "write `name: type`, one line per column")
    if not section.entries:
        raise fail("SKC107", "`inputs` must not be empty", span=section.span, hint="write `name: type`")
    inputs = []
    for key, value in section.entries:
        with problems.collect():
            inputs.append(_read_input(key, value))
    return tuple(inputs)


def _read_input(key: ScalarNode, node: Node) -> Input:
    subject = f"input `{shown(key.text)}`"
    if not isinstance(node, MapNode):
        return Input(key.text, _read_type(node, f"the type of {subject}"), span=key.span)
    check_keys(node, subject, ["type"], ["nullable", "nan", "null_values", "text", *WORDS, *ZONE, *OF_INPUT])
    entries = {name.text: value for name, value in node.entries}
    dtype = _read_type(entries["type"], f"the type of {subject}")
    nullable = "nullable" in entries and as_bool(entries["nullable"], f"`nullable` of {subject}")
    nan = _read_nan(entries["nan"], dtype, subject) if "nan" in entries else "null"
    nulls = _read_null_values(entries["null_values"], dtype, nullable, subject) if "null_values" in entries else ()
    text = _read_text(entries["text"], dtype, subject) if "text" in entries else None
    words = _read_words(entries, dtype, nulls, subject)
    return Input(key.text, dtype, nullable, nan, nulls, text, _read_zone(entries, dtype, subject), *words, key.span)


def _read_type(node: Node, subject: str) -> DType:
    is_list = isinstance(node, ScalarNode) and node.text.replace(" ", "").lower().startswith(("list<", "array<"))
    hint = "skc does not support lists yet: declare one input per position" if is_list else None
    return cast(DType, as_choice(node, subject, DTYPES, hint))  # as_choice returns one of DTYPES


def _read_nan(node: Node, dtype: DType, subject: str) -> Literal["null", "error"]:
    if not KINDS[dtype].is_float:
        message = f"`nan` of {subject} does not apply: {dtype} has no NaN"
        raise fail("SKC115", message, span=node.span, hint="remove it")
    choice = as_choice(node, f"`nan` of {subject}", ["null", "error"])
    return "error" if choice == "error" else "null"


def _read_text(node: Node, dtype: DType, subject: str) -> Literal["number"]:
    if not KINDS[dtype].is_number:
        message = f"`text` of {subject} does not apply: {dtype} is not a number"
        raise fail("SKC115", message, span=node.span, hint="remove it")
    as_choice(node, f"`text` of {subject}", ["number"])
    return "number"


def _read_words(
    entries: Mapping[str, Node], dtype: DType, nulls: tuple[Scalar, ...], subject: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The input's own texts for true and for false, in files of text."""
    words: dict[str, tuple[str, ...]] = dict.fromkeys(WORDS, ())
    for name in WORDS:
        if name not in entries:
            continue
        node = entries[name]
        if dtype != "bool":
            message = f"`{name}` of {subject} does not apply: {dtype} is not bool"
            raise fail("SKC115", message, span=node.span, hint="remove it")
        texts: list[str] = []
        for item in as_list(node, f"`{name}` of {subject}", 'write a list, such as ["yes", "1"]').items:
            text = as_text(item, f"an entry of `{name}`")
            if text in texts or text in words["true_values"] or text in nulls:
                message = (
                    f"`{shown(text)}` of {subject} has two meanings"
                    if text not in texts
                    else f"`{shown(text)}` is listed twice"
                )
                raise fail("SKC105", message, span=item.span, hint="remove one of them")
            texts.append(text)
        words[name] = tuple(texts)
    return words["true_values"], words["false_values"]


def _read_zone(entries: Mapping[str, Node], dtype: DType, subject: str) -> Zone | None:
    keys = {name: entries[name] for name in ZONE if name in entries}
    if not keys:
        return None
    name, first = next(iter(keys.items()))
    if not KINDS[dtype].is_instant:
        message = f"`{name}` of {subject} does not apply: {dtype} is not a timestamp"
        raise fail("SKC115", message, span=first.span, hint="remove it")
    if "timezone" not in keys:
        message = f"`{name}` of {subject} does not apply without a `timezone`"
        raise fail(
            "SKC115", message, span=first.span, hint="add `timezone`, or remove it: an instant has no such policy"
        )
    choices = {"ambiguous": get_args(Ambiguous), "nonexistent": get_args(Nonexistent)}
    zone = _read_timezone(keys.pop("timezone"), subject)
    policies = {key: as_choice(node, f"`{key}` of {subject}", choices[key]) for key, node in keys.items()}
    return Zone(zone, **policies)


def _read_timezone(node: Node, subject: str) -> str:
    name = as_text(node, f"`timezone` of {subject}")
    try:
        load_zone(name)
    except SkcError as error:
        raise SkcError(*(replace(diagnostic, span=node.span) for diagnostic in error.diagnostics)) from None
    return name


def _read_null_values(node: Node, dtype: DType, nullable: bool, subject: str) -> tuple[Scalar, ...]:
    values: ListNode = as_list(node, f"`null_values` of {subject}", 'write a list, such as ["", "NA"]')
    if not nullable:
        message = f"{subject} has `null_values`, but is not nullable"
        raise fail("SKC115", message, span=node.span, hint="add `nullable: true`")
    null_values: list[Scalar] = []
    seen: set[tuple[type, Scalar]] = set()
    for item in values.items:
        value = _null_value(item, dtype, subject)
        if (type(value), value) in seen:
            message = f"`null_values` of {subject} lists {describe(item)} twice"
            raise fail("SKC105", message, span=item.span, hint="remove one of them")
        seen.add((type(value), value))
        null_values.append(value)
    return tuple(null_values)


def _null_value(node: Node, dtype: DType, owner: str) -> Scalar:
    """One sentinel: of the input's own type, or text (which applies when text is parsed)."""
    subject = f"a null value of {owner}, {dtype},"
    if not isinstance(node, ScalarNode):
        raise wrong_type(node, subject, NULL_VALUE_TYPES[dtype], "write values, not lists of them")
    value = node.value
    if value is None:
        raise wrong_type(node, subject, NULL_VALUE_TYPES[dtype], 'null already means null; write "null" for the text')
    if isinstance(value, str):
        return value
    if KINDS[dtype].is_float and not isinstance(value, bool):
        return _float_null_value(value, dtype, node.span, owner)
    if type(value) is KINDS[dtype].python:
        return value
    raise wrong_type(node, subject, NULL_VALUE_TYPES[dtype], "put it in quotes if it is a string")


def _float_null_value(value: int | float, dtype: DType, span: Span, owner: str) -> float:
    if math.isnan(value):
        message = f"`null_values` of {owner} lists NaN"
        raise fail("SKC115", message, span=span, hint="NaN already means null; remove it")
    if float(value) != value:  # Python compares int and float exactly
        message = f"the null value {value} of {owner} is not a float64"
        raise fail(
            "SKC115", message, span=span, hint="float64 holds every integer only up to 2^53; declare the column int64"
        )
    if math.isfinite(value) and math.isinf(rounded(dtype, value)):
        message = f"the null value {value} of {owner} is outside {dtype}"
        raise fail("SKC115", message, span=span, hint="remove it, or declare the column float64")
    return float(value)
