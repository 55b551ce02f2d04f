"""The result of `skc fit`, and of a `skc merge` into a state, as text."""

from __future__ import annotations

from skc.results import Collected

MOST = 12  # statistics that cannot be merged


def text(collected: Collected) -> str:
    """What was written, and what cannot be merged."""
    lines = [collected.verdict(), *(f"  {one.message}" for one in collected.cannot[:MOST])]
    if len(collected.cannot) > MOST:
        lines.append(f"  and {len(collected.cannot) - MOST} more statistics that cannot be merged")
    return "\n".join(lines)
