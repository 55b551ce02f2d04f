"""A comparison of two services as text: what differs, why, for which inputs, and the verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from skc.reports.layout import table
from skc.skew.shadow.fields import FieldReport
from skc.skew.shadow.inputs import InputCause
from skc.skew.shadow.report import Latency, ShadowReport
from skc.skew.verdicts import number, percent
from skc.verification.shown import count, shortened

MOST_FIELDS = 20


def text(report: ShadowReport) -> str:
    """The sides, each field that differs, the inputs that explain it, latency, and the verdict."""
    parts = [f"A: {report.a}\nB: {report.b}", *map(field_text, report.fields[:MOST_FIELDS])]
    if len(report.fields) > MOST_FIELDS:
        parts.append(f"… and {count(len(report.fields) - MOST_FIELDS, 'more field')} in `--format json`")
    if report.inputs:
        parts.append("\n".join(["inputs that explain it:", *(f"  {input_text(one)}" for one in report.inputs)]))
    parts.append("\n".join(facts(report)))
    return "\n\n".join([*(part for part in parts if part), report.verdict()])


def field_text(one: FieldReport) -> str:
    """A field, in how many requests it differs, why, and some of them."""
    return "\n".join(_field_lines(one))


def _field_lines(one: FieldReport) -> Iterator[str]:
    noise = "" if not one.noise else f", {one.noise:,} also between two answers of A"
    worst = "" if one.worst is None else f", by {number(one.worst)} at most"
    yield f"{shortened(one.name)}: {one.kind} differs in {count(one.differing, 'request')}{noise}{worst}"
    if one.cause is not None:
        yield f"  {one.cause_of} has {one.cause.text}"
    for sample in one.samples:
        yield f"  {sample.id}: A {_shown(sample.a)}, B {_shown(sample.b)}"


def input_text(one: InputCause) -> str:
    """`fare null: 100 % of 512 requests differ, 0.1 % of the others`."""
    others = f"{percent(one.other_share)} of the others"
    return f"{shortened(one.text)}: {percent(one.share)} of {count(one.rows, 'request')} differ, {others}"


def facts(report: ShadowReport) -> list[str]:
    """What else there is to know: refusals, requests of one side only, latency."""
    lines = []
    if any(report.refused):
        lines.append(f"refused: {report.refused[0]:,} by A, {report.refused[1]:,} by B")
    if report.only_a or report.only_b:
        lines.append(f"not compared: {report.only_a:,} requests only in A, {report.only_b:,} only in B")
    if report.repeated:
        lines.append(f"not compared: {report.repeated:,} requests whose id occurred before")
    lines += report.notes
    rows: list[tuple[str, ...]] = [("latency", "requests", "p50", "p95", "p99")]
    sides = zip("AB", report.latency, strict=True)
    rows += [(side, *_latency(times)) for side, times in sides if times is not None]
    return [*lines, *(table(rows).splitlines() if len(rows) > 1 else [])]


def _latency(times: Latency) -> tuple[str, ...]:
    return f"{times.rows:,}", *(f"{value:,.0f} µs" for value in (times.p50, times.p95, times.p99))


def _shown(value: Any) -> str:
    return str(shortened(json.dumps(value, ensure_ascii=False)))
