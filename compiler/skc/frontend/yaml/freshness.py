"""Parses what is declared of the age of looked-up values: `max_age` and `as_of` of inputs, and `freshness`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from skc.diagnostics import Span, fail
from skc.frontend.problems import Problems, shown
from skc.frontend.yaml.fields import as_map, as_text, check_keys, wrong_type
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, parse
from skc.ir import DataSource, Freshness, Input, LookUp
from skc.time.durations import microseconds_of

OF_INPUT = ("max_age", "as_of")
TARGETS = ("hit_rate", "p95_age", "fetch_p99")
HINT = "write {hit_rate: 0.95, p95_age: 10s, fetch_p99: 5ms}"
DURATION = "write it with its unit, such as 5ms, 10s, 15m, 1h or 1d"


def read_freshness(
    section: Node, node: Node | None, inputs: Sequence[Input], data: DataSource | None, problems: Problems
) -> Freshness:
    """`section` is the node of `inputs`, `node` that of `freshness`, if there is one; `data` says which column of the
    training rows has the time of their labels.
    """
    declared = {i.name: i for i in inputs}
    look_ups = []
    for key, value in section.entries if isinstance(section, MapNode) else ():
        with problems.collect():
            look_up = _look_up(value, key.text, declared)
            if look_up is not None:
                look_ups.append((key.text, look_up))
    targets: Mapping[str, Any] = {} if node is None else _targets(node)
    event_time = None if data is None else data.event_time
    if data is not None and event_time in declared:
        _check_instant(declared[event_time], "`event_time` of `data`", data.span)
    return Freshness(tuple(look_ups), event_time, **targets)


def _look_up(node: Node, name: str, inputs: Mapping[str, Input]) -> LookUp | None:
    entries = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
    if not entries.keys() & {*OF_INPUT}:
        return None
    subject = f"of input `{shown(name)}`"
    max_age = _duration(entries["max_age"], f"`max_age` {subject}") if "max_age" in entries else None
    if "as_of" not in entries:
        return LookUp(max_age)
    as_of = as_text(entries["as_of"], f"`as_of` {subject}")
    if as_of == name:
        message = f"`as_of` {subject} is the input itself"
        raise fail("SKC112", message, span=entries["as_of"].span, hint="name the column that has the time of its value")
    if as_of in inputs:
        _check_instant(inputs[as_of], f"`as_of` {subject}", entries["as_of"].span)
    return LookUp(max_age, as_of, entries["as_of"].span)


def _check_instant(value: Input, subject: str, span: Span | None) -> None:
    if not value.kind.is_instant or value.zone is not None:
        what = f"a local time in {value.zone.timezone}" if value.zone is not None else value.dtype
        message = f"{subject} names the input `{shown(value.name)}`, which is {what}"
        raise fail("SKC112", message, span=span, hint="name a column of timestamps that are instants")


def _targets(node: Node) -> dict[str, float | int | None]:
    body = as_map(node, "`freshness`", HINT)
    check_keys(body, "`freshness`", [], TARGETS)
    targets: dict[str, float | int | None] = {}
    for key, value in body.entries:
        subject = f"`{key.text}` of `freshness`"
        if isinstance(value, ScalarNode) and value.value is False:
            targets[_FIELDS[key.text]] = None
        else:
            targets[_FIELDS[key.text]] = _READERS[key.text](value, subject)
    return targets


def _duration(node: Node, subject: str) -> int:
    text = node.value if isinstance(node, ScalarNode) else None
    microseconds = microseconds_of(text) if isinstance(text, str) else None
    if microseconds is None:
        raise wrong_type(node, subject, "a duration", DURATION)
    return microseconds


def _share(node: Node, subject: str) -> float:
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise wrong_type(node, subject, "a share above 0, at most 1", "write a number such as 0.95, or false")
    return float(value)


_FIELDS = {"hit_rate": "hit_rate", "p95_age": "p95_age_us", "fetch_p99": "fetch_p99_us"}
_READERS = {"hit_rate": _share, "p95_age": _duration, "fetch_p99": _duration}


def freshness_to_json(freshness: Freshness) -> dict[str, Any]:
    """As it is written into an artifact: what is declared, in the words of a pipeline.yaml."""
    targets = {key: _written(key, getattr(freshness, field)) for key, field in _FIELDS.items()}
    usual = {f.name: f.default for f in fields(Freshness)}
    return {
        "inputs": {name: _look_up_to_json(look_up) for name, look_up in freshness.inputs},
        **({} if freshness.event_time is None else {"event_time": freshness.event_time}),
        **{key: value for key, value in targets.items() if getattr(freshness, _FIELDS[key]) != usual[_FIELDS[key]]},
    }


def _written(key: str, value: Any) -> Any:
    return False if value is None else value if key == "hit_rate" else f"{value}us"


def _look_up_to_json(look_up: LookUp) -> dict[str, Any]:
    written = {} if look_up.max_age_us is None else {"max_age": f"{look_up.max_age_us}us"}
    return written | ({} if look_up.as_of is None else {"as_of": look_up.as_of})


def read_freshness_text(text: str, file: str) -> Freshness:
    """What `freshness_to_json` wrote. Raises SkcError."""
    body = as_map(parse(text, file), f"`{file}`", "compile the pipeline again")
    check_keys(body, f"`{file}`", ["inputs"], ["event_time", *TARGETS])
    entries = {key.text: value for key, value in body.entries}
    section = as_map(entries.pop("inputs"), "`inputs`", "compile the pipeline again")
    event = as_text(entries.pop("event_time"), "`event_time`") if "event_time" in entries else None
    for key, value in section.entries:
        check_keys(as_map(value, f"`{shown(key.text)}`", "compile the pipeline again"), "an input", [], OF_INPUT)
    rest = MapNode(tuple((key, value) for key, value in body.entries if key.text in entries), body.span)
    problems = Problems()
    freshness = read_freshness(section, rest, (), DataSource(event_time=event), problems)
    problems.stop_if_any()
    return freshness
