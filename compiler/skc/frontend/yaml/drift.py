"""Parses `drift`: which drift is worth a finding, of all columns and of single ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from skc.diagnostics import SkcError, Span, fail
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_map, check_keys, wrong_type
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, parse
from skc.ir import DriftScales, Scale, Scales
from skc.profile.document import WHERE
from skc.profile.levels import LEVELS
from skc.profile.scales import DEFAULTS, NEVER, unknown_column

HINT = "write {measures: {psi: {minor: 0.2}}, columns: {fare: {nulls: {severe: 0.1}}, driver: false}}"
LONGEST = 1_000_000  # bytes


def read_thresholds(path: str | Path, columns: Collection[str]) -> DriftScales:
    """The file of `--thresholds`, which has what `drift` of a pipeline has. Raises SKC100 and as `read_drift`."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(LONGEST).decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "give a file of YAML or JSON that has what `drift` of a pipeline.yaml has"
        raise fail("SKC100", f"`{shown(str(path))}` cannot be read: {reason}", hint=hint) from None
    return read_drift(parse(text, str(path)), columns)


def read_drift(node: Node, columns: Collection[str], outputs: Collection[str] | None = None) -> DriftScales:
    """A mapping of `measures` and `columns`, which are named in a profile; any name where `columns` is empty.

    Before there is a profile, `columns` are the inputs, and a name may be that of a column of one of the `outputs`, or
    of what a step met: `check_named` says whether it is, once it is fitted. Raises SKC103, SKC104, SKC107, SKC112.
    """
    body = as_map(node, "`drift`", HINT)
    check_keys(body, "`drift`", [], ("measures", "columns"))
    entries = {key.text: value for key, value in body.entries}
    measures = _scales(entries["measures"], "`measures`", DEFAULTS) if "measures" in entries else ()
    defaults = {**DEFAULTS, **dict(measures)}
    named = as_map(entries["columns"], "`columns` of `drift`", HINT) if "columns" in entries else None
    pairs = () if named is None else named.entries
    for key, _ in pairs:
        if columns and key.text not in columns and not (outputs is not None and _is_computed(key.text, outputs)):
            raise unknown_column(shown(key.text), columns, key.span)
    scales = tuple((key.text, _of_column(value, key.text, defaults)) for key, value in pairs)
    return DriftScales(measures, scales, pairs[0][0].span if pairs else None)


def _is_computed(name: str, outputs: Collection[str]) -> bool:
    """Whether it has the form `OUTPUT.COLUMN`, or `STEP INPUT KIND` as in `fare/1:clip fare clipped`."""
    step, *others = name.split(" ")
    is_of_a_step = "/" in step and len(others) > 1
    return name == WHERE or is_of_a_step or any(name.startswith(f"{output}.") for output in outputs)


def _of_column(node: Node, name: str, defaults: Mapping[str, Scale]) -> Scales | None:
    if isinstance(node, ScalarNode) and node.value is False:
        return None
    return _scales(node, f"`{shown(name)}` of `drift`", defaults)


def _scales(node: Node, subject: str, defaults: Mapping[str, Scale]) -> Scales:
    body = as_map(node, subject, HINT)
    check_keys(body, subject, [], tuple(DEFAULTS))
    return tuple((key.text, _scale(value, key.text, defaults[key.text])) for key, value in body.entries)


def _scale(node: Node, measure: str, default: Scale) -> Scale:
    """`false`, or some of the levels; the others are those of the default."""
    if isinstance(node, ScalarNode) and node.value is False:
        return NEVER
    subject = f"`{measure}`"
    body = as_map(node, subject, "write {minor: 0.1, moderate: 0.15, severe: 0.25}, or `false` for never")
    check_keys(body, subject, [], LEVELS)
    written = {key.text: _level(value, f"`{key.text}` of {subject}") for key, value in body.entries}
    levels = [written[level] if level in written else getattr(default, level) for level in LEVELS]
    _check_order(body, levels, subject)
    return Scale(*levels)


def _level(node: Node, subject: str) -> float | None:
    value: Any = node.value if isinstance(node, ScalarNode) else None
    if value is False:
        return None
    if type(value) not in (int, float) or not (math.isfinite(value) and value > 0):
        raise wrong_type(node, subject, "a number above 0, or false", "write a number such as 0.1")
    return float(value)


def _check_order(node: MapNode, levels: list[float | None], subject: str) -> None:
    values = [value for value in levels if value is not None]
    if values != sorted(values):
        text = ", ".join(f"{level} {value:g}" for level, value in zip(LEVELS, levels, strict=True) if value is not None)
        raise _not_increasing(node.span, subject, text)


def _not_increasing(span: Span, subject: str, text: str) -> SkcError:
    hint = "write all three, each at least as great as the one before; `false` for a level that is never reached"
    return fail("SKC112", f"the levels of {subject} do not increase: {text}", span=span, hint=hint)
