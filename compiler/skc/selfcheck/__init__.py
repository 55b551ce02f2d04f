"""`skc verify --self-check`: wrong artifacts made on purpose, each of which verification has to find and to place.

Why: a check that has never failed proves nothing. The faults are those that skew features in production: a constant
that lost digits, an edge at the next float, a category dropped, a policy for nulls that is another one, a time zone
without one of its changes.
"""
