"""`skc verify --self-check`: deliberately wrong artifacts, each of which verification must detect and localise.

Why: a check that has never failed proves nothing. The faults are those that skew features in production: a constant
that lost digits, an edge moved to the next float, a dropped category, a different policy for nulls, a time zone with
one of its transitions missing.
"""

PER_KIND = 12  # faults of a kind that are planted, if the user does not say otherwise
