"""How bad drift is, in three words."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["minor", "moderate", "severe"]
LEVELS: tuple[Level, ...] = get_args(Level)
