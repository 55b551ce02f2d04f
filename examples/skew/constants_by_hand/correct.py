"""Correct the mean in an artifact by hand, as one does in a settings file."""

from __future__ import annotations

from pathlib import Path

plan = Path("artifact/plan.json")
text = plan.read_text(encoding="utf-8")
assert "56400.0" in text
plan.write_text(text.replace("56400.0", "56000.0"), encoding="utf-8")
