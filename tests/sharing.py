"""The type of the fixture `share`, which makes a folder once in a run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Share = Callable[[str, Callable[[Path], object]], Path]
