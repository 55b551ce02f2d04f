"""How long-running work reports its progress to the caller, in one of two forms."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]  # the stage, rows done, rows in all (None where that is unknown)
Stages = Callable[[str], None]  # the stage alone
