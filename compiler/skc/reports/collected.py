"""The result of `skc fit`, and of a `skc merge` into a state, as text."""

from __future__ import annotations

from skc.results import Collected
from skc.verification.shown import count

MOST = 12  # statistics that cannot be merged


def text(collected: Collected) -> str:
    """What was written, and what cannot be merged."""
    where = "nothing was written" if collected.path is None else f"wrote {collected.path}"
    lines = [f"{where}: {count(collected.rows, 'row')} of `{collected.name}`, {collected.bytes:,} bytes"]
    lines += [f"  {one.message}" for one in collected.cannot[:MOST]]
    if len(collected.cannot) > MOST:
        lines.append(f"  and {len(collected.cannot) - MOST} more statistics that cannot be merged")
    return "\n".join(lines)
