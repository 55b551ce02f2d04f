"""results.json: what the benchmarks found last, as ratios that a machine changes little, and counts that it does not.

`ratios` are written by `everything.py`, by benchmark; `counts` by `counts.py`, and CI compares them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")


def read() -> dict[str, Any]:
    """What is kept; nothing at first."""
    kept: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return kept


def write(**parts: Any) -> None:
    """Keep some parts, and leave the others as they are."""
    FILE.write_text(json.dumps({**read(), **parts}, indent=1, ensure_ascii=False) + "\n")


def add_flag(parser: argparse.ArgumentParser) -> None:
    """Every benchmark has `--json FILE`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the ratios into a file, as JSON")


def save(file: Path | None, ratios: Mapping[str, float]) -> None:
    """Write ratios, to three digits, if `--json` is given."""
    if file is not None:
        file.write_text(json.dumps({name: float(f"{ratio:.3g}") for name, ratio in ratios.items()}, ensure_ascii=False))
