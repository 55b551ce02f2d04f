"""The cases that skc refuses, each with its code and reason: `refusals.json`, written by `table.py --update`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

PATH = Path(__file__).parent / "refusals.json"


def read_refusals() -> Mapping[str, str]:
    """The reason of each refused case."""
    found: Mapping[str, str] = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    return found


def write_refusals(refused: Mapping[str, str], tried: Collection[str], cases: Collection[str]) -> None:
    """Replace the reasons of the cases that were tried, and keep those of the other cases that there are."""
    kept = {name: reason for name, reason in read_refusals().items() if name in cases and name not in tried}
    text = json.dumps(dict(sorted({**kept, **refused}.items())), indent=1, ensure_ascii=False)
    PATH.write_text(text + "\n", encoding="utf-8")
