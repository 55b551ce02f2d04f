"""The cases of `datetime_part`: times in UTC or dates, and their part."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from skc.op import Case
from skc.values.types import Scalar
from skc_runtime.kinds import DAY_US

EPOCH = datetime(1970, 1, 1)


def _instant(text: str, dtype: str) -> int:
    moment = datetime.fromisoformat(text)
    return (moment - EPOCH).days if dtype == "date" else (moment - EPOCH) // timedelta(microseconds=1)


def _case(
    name: str, point: str, part: str, texts: dict[str | None, Any], dtype: str = "date", zone: str = "UTC"
) -> Case:
    """UTC timestamps or dates, and their part."""
    rows = [[None if text is None else _instant(text, dtype.removesuffix("?"))] for text in texts]
    params = {"part": part, "timezone": zone}
    return Case(name, (point,), {"t": dtype}, rows, [[part] for part in texts.values()], params=params)


def _refused(part: str, dtype: str, zone: str, code: str) -> Case:
    params = {"part": part, "timezone": zone}
    return Case(f"{part} of a {dtype} in {zone}", ("C5",), {"t": dtype}, [], [], params=params, refused=code)


def _of_day(part: str, n: int) -> Case:
    """17:59:00.999999, null, midnight and the last time of the day."""
    rows: list[list[Scalar]] = [[64_740_999_999], [None], [0], [DAY_US - 1]]
    last = 23 if part == "hour" else 59
    return Case(f"{part} of the day", ("C5", "C7"), {"t": "time?"}, rows, [[n], [None], [0], [last]], {"part": part})


T, YORK = "timestamp", "America/New_York"
SPRING: dict[str | None, Any] = {"2019-03-10T06:59:59.999999": 1, "2019-03-10T07:00": 3}
AUTUMN: dict[str | None, Any] = {
    "2019-11-03T05:59:59.999999": 1,
    "2019-11-03T06:00": 1,
    "2019-11-03T07:00": 2,
}
CASES = (
    _case("hour in spring", "C1", "hour", SPRING, T, YORK),
    _case("hour in autumn", "C1", "hour", AUTUMN, T, YORK),
    _case("after the last listed change", "C1", "hour", {"2437-07-01": 20, "9999-07-01": 20}, T, YORK),
    _case("an offset of -4:56:02", "C1", "second", {"1800-01-01": 58}, T, YORK),
    _case(
        "a summer of 30 minutes",
        "C1",
        "minute",
        {"2020-01-01": 0, "2020-07-01": 30},
        T,
        "Australia/Lord_Howe",
    ),
    _case("a fixed offset", "C1", "day", {"2020-01-01T04:59:59": 31, "2020-01-01T05:00": 1}, T, "Etc/GMT+5"),
    _case("just before the epoch", "C2", "second", {"1969-12-31T23:59:59.999999": 59, "1970-01-01": 0}, T),
    _case("the year before the epoch", "C2", "year", {"1969-12-31T23:59:59.999999": 1969, "1970-01-01": 1970}, T),
    _case("a minute of 1969", "C2", "minute", {"1969-12-31T23:58:59.999999": 58, "1969-12-31T23:59": 59}, T),
    _case("weeks of January", "C3", "iso_week", {"2021-01-03": 53, "2021-01-04": 1, "2022-01-01": 52}),
    _case("weeks of December", "C3", "iso_week", {"2018-12-30": 52, "2018-12-31": 1, "2020-12-31": 53}),
    _case("Monday is 0", "C3", "weekday", {"2024-01-01": 0, "2024-01-07": 6, "1970-01-01": 3}),
    _case("weekend", "C3", "is_weekend", {"2024-01-05T23:59": False, "2024-01-06": True, "2024-01-08": False}, T),
    _case("ISO years of January", "C3", "iso_year", {"2021-01-03": 2020, "2021-01-04": 2021, "2022-01-01": 2021}),
    _case("ISO years of December", "C3", "iso_year", {"2018-12-30": 2018, "2018-12-31": 2019, "2020-12-31": 2020}),
    _case(
        "lengths of months",
        "C4",
        "days_in_month",
        {
            "1900-02-28": 28,
            "2000-02-01": 29,
            "2023-02-28": 28,
            "2024-02-29": 29,
            "2100-02-01": 28,
            "2024-04-30": 30,
            "2024-12-31": 31,
        },
    ),
    _case(
        "ends of months",
        "C8",
        "is_month_end",
        {
            "1900-02-28": True,
            "2000-02-28": False,
            "2000-02-29": True,
            "2100-02-28": True,
            "2024-04-30": True,
            "2024-01-30": False,
        },
    ),
    _case("starts of months", "C8", "is_month_start", {"2024-03-01": True, "2024-02-29": False, "2024-03-02": False}),
    _case(
        "starts of quarters",
        "C8",
        "is_quarter_start",
        {"2024-04-01": True, "2024-05-01": False, "2024-10-01": True, "2024-04-02": False},
    ),
    _case(
        "ends of quarters",
        "C8",
        "is_quarter_end",
        {"2024-03-31": True, "2024-04-30": False, "2024-12-31": True, "2024-06-29": False},
    ),
    _case("starts of years", "C8", "is_year_start", {"2024-01-01": True, "2024-04-01": False, "2023-12-31": False}),
    _case(
        "ends of years", "C8", "is_year_end", {"2023-12-31": True, "2024-12-30": False, "2024-12-31T23:59:59": True}, T
    ),
    _case(
        "the end of a local month",
        "C8",
        "is_month_end",
        {"2024-03-01T04:59:59": True, "2024-03-01T05:00": False},
        T,
        YORK,
    ),
    _case("29 February", "C4", "day", {"2000-02-29": 29, "1900-03-01": 1, "2004-02-29": 29, "2100-02-28": 28}),
    _case("months", "C4", "month", {"2024-02-29": 2, "2024-03-01": 3, "2023-12-31": 12}),
    _case("quarters", "C4", "quarter", {"2024-03-31": 1, "2024-04-01": 2, "2024-12-01": 4}),
    _case("day of the year", "C4", "day_of_year", {"2024-12-31": 366, "2023-12-31": 365, "0001-01-01": 1}),
    *[_of_day(part, n) for part, n in (("hour", 17), ("minute", 59), ("second", 0))],
    _refused("weekday", "time", "UTC", "SKC126"),
    _refused("hour", "time", YORK, "SKC126"),
    _refused("hour", "date", "UTC", "SKC126"),
    _refused("day", "date", YORK, "SKC126"),
    _refused("day", T, "America/Newyork", "SKC125"),
    _refused("day", "string", "UTC", "SKC120"),
    _case("local time before year 1", "C6", "year", {"0001-01-01": 0}, T, YORK),
    _case("the week before year 1", "C6", "iso_week", {"0001-01-01": 52}, T, YORK),
    _case("the ISO year before year 1", "C6", "iso_year", {"0001-01-01": 0}, T, YORK),
    _case("the last day of year 0", "C6", "is_year_end", {"0001-01-01": True, "0001-01-02": False}, T, YORK),
    _case("the first day of year 10000", "C6", "is_year_start", {"9999-12-31T23:00": True}, T, "Asia/Kolkata"),
    _case("local time after year 9999", "C6", "year", {"9999-12-31T23:00": 10000}, T, "Asia/Kolkata"),
    _case("null", "C7", "month", {None: None, "2024-05-01": 5}, "timestamp?"),
    _case("null is not a weekend", "C7", "is_weekend", {None: None, "2024-01-06": True}, "date?"),
    Case(
        name="two columns",
        shows=("C7",),
        columns={"s": "timestamp?", "t": "timestamp"},
        params={"part": "hour", "timezone": YORK},
        rows=[[None, 0], [3_600_000_000, -1]],
        expect=[[None, 19], [20, 18]],
    ),
)
