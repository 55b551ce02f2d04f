"""How work that takes long says what it is doing: to whoever called, in one of two forms."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]  # the stage, rows done, rows in all (None where that is unknown)
Stages = Callable[[str], None]  # the stage alone
