"""Durations as people write them, and as reports show them."""

from __future__ import annotations

import pytest

from skc.time.durations import LONGEST, duration_text, instant_text, microseconds_of


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1us", 1), ("1.5ms", 1500), ("10s", 10_000_000), ("0.000001s", 1), ("15m", 900_000_000), ("1h", 3_600_000_000),
        ("1.5d", 129_600_000_000), ("2w", 1_209_600_000_000), (f"{LONGEST}us", LONGEST),
        ("0s", None), ("0.5us", None), ("0.0000001s", None), (f"{LONGEST + 1}us", None), ("9" * 18 + "w", None),
        ("10", None), ("s", None), ("", None), ("10 s", None), (" 10s", None), ("10s\n", None), ("-1s", None),
        ("+1s", None), ("1e3s", None), (".5s", None), ("1.s", None), ("10S", None), ("10min", None), ("٣s", None),
        ("9" * 30 + "s", None), ("inf s", None), ("nans", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_exactly_or_not_at_all(text: str, microseconds: int | None) -> None:
    assert microseconds_of(text) == microseconds


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0 s"), (1, "1 µs"), (999, "999 µs"), (1000, "1 ms"), (4_270, "4.27 ms"), (1_000_000, "1 s"),
        (59_999_000, "60 s"), (60_000_000, "1 min"), (7_200_000_000, "2 h"), (86_400_000_000, "1 d"),
        (640_000_000_000, "7.41 d"), (10**17, "1157407 d"), (-1_500_000, "-1.5 s"), (-(2**62), "-53375996 d"),
    ],
)  # fmt: skip
def test_a_duration_is_shown_in_its_largest_unit(microseconds: int, text: str) -> None:
    assert duration_text(microseconds) == text


def test_what_is_shown_exactly_can_be_read_again() -> None:
    for text in ("5ms", "10s", "1h", "1d"):
        value = microseconds_of(text)
        assert value is not None
        assert duration_text(value).replace(" ", "") == text


def test_an_instant_is_in_utc() -> None:
    assert instant_text(1_764_437_677_000_001) == "2025-11-29 17:34:37.000001 UTC"
    assert instant_text(-1) == "1969-12-31 23:59:59.999999 UTC"
    assert instant_text(2**62) == f"{2**62} µs"
