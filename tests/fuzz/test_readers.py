"""No input may cause anything but a typed error: right files, broken in every way, through every reader.

`tests/fuzz/target.py` does the same for as long as one likes, guided by coverage.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from fuzz.readers import READERS, SLOW
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NASTY = [b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"1e999", b"-0", b"NaN", b"null", b"[" * 2000, b"{" * 2000]
NASTY += [b'"' * 3, b"\r", b"9" * 400, b"18446744073709551616", b"\\ud800", b"&a", b"*a", b"!!python/object:os.system"]
VALUES: list[Any] = [None, True, -1, 2**63, 2**70, 1e308, "", "\0", "\ud800", [], {}, [[]], {"": None}, "x" * 5000]


@st.composite
def broken(draw: st.DrawFn, seed: bytes) -> bytes:
    """A right file, cut, spliced, repeated, with bytes changed and nasty words put in."""
    data = seed
    for _ in range(draw(st.integers(1, 4))):
        at, to = sorted(draw(st.integers(0, len(data))) for _ in range(2))
        match draw(st.integers(0, 5)):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:to] + data[at:]
            case 2:
                data = data[:at] + draw(st.sampled_from(NASTY)) + data[at:]
            case 3:
                data = data[:at] + draw(st.sampled_from(NASTY)) + data[to:]
            case 4:
                data = data[:at] + draw(st.binary(max_size=8)) + data[at:]
            case _:
                data = (
                    data[:at] + bytes(byte ^ draw(st.integers(0, 255)) for byte in data[at : at + 2]) + data[at + 2 :]
                )
    return data[:200_000]


@st.composite
def other_values(draw: st.DrawFn, document: Any) -> Any:
    """A JSON document with one value somewhere in it replaced, removed, or given twice."""
    node, path = document, []
    while isinstance(node, dict | list) and node and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        path.append((node, key))
        node = node[key]
    if not path:
        return draw(st.sampled_from(VALUES))
    parent, key = path[-1]
    match draw(st.integers(0, 2)):
        case 0:
            parent[key] = draw(st.sampled_from(VALUES))
        case 1:
            del parent[key]
        case _ if isinstance(parent, dict):
            parent[draw(st.sampled_from(["", "x", "name", "$float"]))] = parent[key]
        case _:
            parent.append(parent[key])
    return document


@pytest.mark.parametrize("name", READERS)
def test_the_seeds_are_right(name: str) -> None:
    for seed in READERS[name].seeds():
        READERS[name].read(seed)


@pytest.mark.parametrize("name", READERS)
def test_broken_bytes(name: str) -> None:
    reader = READERS[name]
    seeds = reader.seeds()

    @settings(max_examples=25 if name in SLOW else 300, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.sampled_from(seeds).flatmap(broken))
    def run(data: bytes) -> None:
        reader.try_it(data)

    run()


@pytest.mark.parametrize("name", ["manifest", "plan", "golden", "record"])
def test_other_values(name: str) -> None:
    """Right JSON with wrong values: what a parser lets through."""
    reader = READERS[name]
    seeds = [line for seed in reader.seeds() for line in seed.splitlines()]
    head = seeds.pop(0) + b"\n" if name == "golden" else b""

    @settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.sampled_from(seeds).flatmap(lambda seed: other_values(json.loads(seed))))
    def run(document: Any) -> None:
        text = json.dumps(document)
        reader.try_it(head + text.encode() + (b"\n" if head else b""))

    run()
