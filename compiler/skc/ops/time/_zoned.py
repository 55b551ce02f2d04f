"""Local times in a zone: the policies for those that a clock shows twice or skips, and where they begin and end."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from skc.time.zones import Ambiguous, Nonexistent, later_transitions, load_zone, wall_clock


# YAML reads `null` as None; here it is the name of a policy.
def named_null(choices: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: "null" if value is None else value, json_schema_input_type=choices | None)


NAMED_AMBIGUOUS = Annotated[Ambiguous, named_null(Ambiguous)]
NAMED_NONEXISTENT = Annotated[Nonexistent, named_null(Nonexistent)]


def zone_policies(timezone: str, ambiguous: Ambiguous, nonexistent: Nonexistent) -> dict[str, str]:
    """The policies that can apply, by the code of what they are for: a zone without changes has none."""
    if load_zone(timezone).is_fixed:
        return {}
    return {"ambiguous-time": ambiguous, "nonexistent-time": nonexistent}


def wall_edges(timezone: str) -> list[int]:
    """Local times, in microseconds, at both ends of every span that is skipped or occurs twice."""
    zone = load_zone(timezone)
    later = [t + offset for t in later_transitions(zone) for offset in {*zone.offsets[-2:]}]
    return [*wall_clock(zone).breaks, *sorted(later)]
