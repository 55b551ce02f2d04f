"""The cases of `is_holiday`: dates or times in UTC, and whether they are holidays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from skc.op import Case

EPOCH = datetime(1970, 1, 1)
TWO_YEARS = {"years": [2023, 2024], "dates": ["2024-02-29", "2023-12-25", "2024-01-01", "2024-12-31", "2023-01-01"]}


def _value(text: str | None, dtype: str) -> int | None:
    if text is None:
        return None
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(**{"days" if dtype == "date" else "microseconds": 1})


def _case(name: str, point: str, texts: Mapping[str | None, bool | None], dtype: str = "date", **params: Any) -> Case:
    rows = [[_value(text, dtype.removesuffix("?"))] for text in texts]
    return Case(name, (point,), {"t": dtype}, rows, [[day] for day in texts.values()], params=TWO_YEARS | params)


def _refused(name: str, code: str, dtype: str = "date", point: str = "C4", **params: Any) -> Case:
    return Case(f"refused: {name}", (point,), {"t": dtype}, [], [], params=TWO_YEARS | params, refused=code)


OUTSIDE: dict[str | None, bool | None] = {
    "2022-12-31": None,
    "2025-01-01": None,
    "2025-12-25": None,
    "0001-01-01": None,
    "9999-12-31": None,
}

CASES = (
    _case(
        "days",
        "C1",
        {
            "2023-01-01": True,
            "2023-01-02": False,
            "2023-12-24": False,
            "2023-12-25": True,
            "2023-12-26": False,
            "2024-02-28": False,
            "2024-02-29": True,
            "2024-03-01": False,
            "2024-12-31": True,
        },
    ),
    _case(
        "local days",
        "C1",
        {
            "2023-12-25T04:59:59.999999": False,
            "2023-12-25T05:00": True,
            "2023-12-26T04:59:59.999999": True,
            "2023-12-26T05:00": False,
            "2025-01-01T04:59:59.999999": True,
        },
        "timestamp",
        timezone="America/New_York",
    ),
    _case("outside is null", "C2", {**OUTSIDE, "2024-12-31": True}, outside="null"),
    _case(
        "outside in a zone",
        "C2",
        {"2023-01-01T04:59:59.999999": None, "2023-01-01T05:00": True, "2025-01-01T05:00": None},
        "timestamp",
        timezone="America/New_York",
        outside="null",
    ),
    Case(
        name="outside is refused",
        shows=("C2",),
        columns={"t": "date"},
        params=TWO_YEARS,
        rows=[[_value(text, "date")] for text in OUTSIDE] + [[_value("2024-02-29", "date")]],
        expect=[*([False] for _ in OUTSIDE), [True]],
        guards=[("out-of-range", row, 0) for row in range(len(OUTSIDE))],
    ),
    _case("null", "C3", {None: None, "2024-01-01": True, "2024-01-02": False}, "date?"),
    _case(
        "null is not outside", "C3", {None: None, "2022-01-01": None, "2024-01-02": False}, "timestamp?", outside="null"
    ),
    _case("no holidays", "C2", {"2024-01-01": False, "2025-01-01": None}, dates=[], outside="null"),
    Case(
        name="two columns",
        shows=("C1", "C3"),
        columns={"s": "date?", "t": "date"},
        params=TWO_YEARS,
        rows=[[None, 19_723], [19_723, 19_724]],
        expect=[[None, True], [True, False]],
    ),
    _refused("30 February", "SKC112", dates=["2024-02-30"]),
    _refused("a week", "SKC112", dates=["2024-W01-1"]),
    _refused("twice", "SKC112", dates=["2024-01-01", "2024-01-01"]),
    _refused("another year", "SKC112", dates=["2025-01-01"]),
    _refused("years backwards", "SKC112", years=[2024, 2023]),
    _refused("dates and a country", "SKC124", country="DE"),
    _refused("neither", "SKC124", dates=None),
    _refused("a part of nothing", "SKC124", subdivision="BE"),
    _refused("a zone of dates", "SKC126", timezone="UTC"),
    _refused("an unknown zone", "SKC125", "timestamp", timezone="EDT"),
    _refused("a number", "SKC120", "int64"),
    _refused("no such country", "SKC112", point="C5", dates=None, country="no country"),
)
