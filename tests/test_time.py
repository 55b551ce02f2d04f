"""Time zones, the calendar and dates as text, against Python's datetime, strptime and zoneinfo, and against
pandas.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import onnxruntime
import op_harness as harness
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from spox import Tensor, Var, argument, build

from skc.diagnostics import SkcError
from skc.emit import calendar as calendar
from skc.emit.opset import finish
from skc.lower import lower
from skc.ops import OPS
from skc.ops.time import is_holiday
from skc.ops.time._datetime_text import zone_of
from skc.time.format import SHORTHANDS
from skc.time.zones import CYCLE_US, TZDATA_VERSION, Zone, load_zone, wall_clock, zone_names
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN

ZONES = (
    "UTC",
    "Etc/GMT+5",
    "Africa/Casablanca",  # twice a year, without a rule, after Ramadan
    "America/New_York",
    "America/Noronha",  # two changes within seven days
    "America/St_Johns",  # minutes past the hour, and changes at 00:01
    "Antarctica/Troll",  # two hours of daylight saving time
    "Asia/Gaza",  # a rule at 50 o'clock
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of daylight saving time
    "Europe/Dublin",  # negative daylight saving time
    "Europe/London",
    "Pacific/Apia",  # a day left out
)
CHANGING = tuple(name for name in ZONES if not load_zone(name).is_fixed)
EPOCH = datetime(1970, 1, 1)
US = timedelta(microseconds=1)


def us(moment: datetime) -> int:
    return (moment - EPOCH) // US


def run_graph(function: Callable[[Var], Sequence[Var]], x: Sequence[int]) -> list[list[int]]:
    """The outputs of a piece of graph on int64 [N, 1]."""
    values = argument(Tensor(np.int64, ("N", 1)))
    model = finish(build({"x": values}, {f"y{i}": y for i, y in enumerate(function(values))}))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [y[:, 0].tolist() for y in session.run(None, {"x": np.array(x, dtype=np.int64).reshape(-1, 1)})]


def python_local(name: str, instant: int) -> int:
    """By zoneinfo; near the ends of time 400 years away, which is a whole cycle of calendar and rules."""
    shift = (
        CYCLE_US if instant < TIMESTAMP_MIN + 2 * DAY_US else -CYCLE_US if instant > TIMESTAMP_MAX - 2 * DAY_US else 0
    )
    moment = EPOCH.replace(tzinfo=UTC) + (instant + shift) * US
    return us(moment.astimezone(zone_of(name)).replace(tzinfo=None)) - shift


def instants_of(zone: Zone, count: int) -> list[int]:
    """Every change in the table, a microsecond either way, some of them 400-year cycles later; and random
    instants.
    """
    rng = random.Random(zone.name)
    far = [t + cycles * CYCLE_US for t in zone.changes[-40:] for cycles in (1, 19)] if zone.cycle_from else []
    edges = [t + n for t in [*zone.changes, *far] for n in (-1, 0, 1)]
    edges += [rng.randint(TIMESTAMP_MIN, TIMESTAMP_MAX) for _ in range(count)]
    edges += [rng.randint(us(datetime(1900, 1, 1)), us(datetime(2050, 1, 1))) for _ in range(count)]
    edges += [TIMESTAMP_MIN, TIMESTAMP_MAX]
    return [t for t in edges if TIMESTAMP_MIN <= t <= TIMESTAMP_MAX]


def test_every_zone_of_tzdata() -> None:
    """The table of every zone agrees with zoneinfo at each of its changes and elsewhere."""
    assert TZDATA_VERSION
    assert len(zone_names()) > 550
    for name in sorted(zone_names()):
        zone = load_zone(name)
        assert list(zone.changes) == sorted(set(zone.changes))
        for t in [t + n for t in zone.changes[::5] for n in (-1, 0)] + instants_of(zone, 10)[-20:]:
            late = 0 if zone.cycle_from is None else max(0, (t - zone.cycle_from) // CYCLE_US * CYCLE_US)
            assert t + zone.offsets[bisect_right(zone.changes, t - late)] == python_local(name, t), (name, t)


@pytest.mark.parametrize("name", ["Europe/london", "EDT", "../etc/passwd", "", "Europe", "tzdata.zi"])
def test_unknown_zone(name: str) -> None:
    with pytest.raises(SkcError) as error:
        load_zone(name)
    assert error.value.code == "SKC125"


def test_a_near_name_is_offered() -> None:
    with pytest.raises(SkcError, match="did you mean `Europe/London`"):
        load_zone("Europe/Londn")


@pytest.mark.parametrize("name", ZONES)
def test_local_time(name: str) -> None:
    zone = load_zone(name)
    moments = instants_of(zone, 500)
    (got,) = run_graph(lambda t: [calendar.local_time(name, t, 0)], moments)
    assert got == [python_local(name, t) for t in moments]


def meanings(name: str, wall: int) -> list[int]:
    """The instants at which a clock of the zone shows `wall`, by trying both of Python's readings."""
    shift = CYCLE_US if wall < TIMESTAMP_MIN + 2 * DAY_US else -CYCLE_US if wall > TIMESTAMP_MAX - 2 * DAY_US else 0
    local = EPOCH + (wall + shift) * US
    found = set()
    for fold in (0, 1):
        moment = local.replace(tzinfo=zone_of(name), fold=fold).astimezone(UTC).replace(tzinfo=None)
        if python_local(name, us(moment)) == wall + shift:
            found.add(us(moment) - shift)
    return sorted(found)


@pytest.mark.parametrize("name", CHANGING)
def test_wall_clock(name: str) -> None:
    zone = load_zone(name)
    breaks = wall_clock(zone).breaks
    far = [b + CYCLE_US * n for b in breaks[-40:] for n in (1, 19)] if zone.cycle_from else []
    walls = [b + n for b in [*breaks, *far] for n in (-1, 0, 1)] + instants_of(zone, 300)[-602:]
    walls = [wall for wall in walls if TIMESTAMP_MIN <= wall <= TIMESTAMP_MAX]

    def both(wall: Var) -> list[Var]:
        early, late = (calendar.instants(name, wall, latest=latest) for latest in (False, True))
        assert early.is_ambiguous is not None
        assert early.is_nonexistent is not None
        return [early.instant, late.instant, early.is_ambiguous, early.is_nonexistent]

    for wall, early, late, is_twice, is_never in zip(walls, *run_graph(both, walls), strict=True):
        want = meanings(name, wall)
        assert (is_twice, is_never) == (len(want) == 2, not want), (name, wall)
        if want:
            assert (early, late) == (want[0], want[-1]), (name, wall)
        else:  # the clock jumps over `wall` at this very instant
            assert early == late
            assert (
                python_local(name, early - 1) < wall < python_local(name, early)
                or wall == python_local(name, early - 1) + 1
            )


def calendar_parts(days: Var) -> list[Var]:
    x = calendar.year_day(days)
    return [
        calendar.year_number(x),
        calendar.month_of(x),
        calendar.day_of_month(x),
        x.day,
        calendar.quarter_of(x),
    ]


def test_calendar_of_every_day() -> None:
    """Every day of a 400-year cycle, and as far beyond the years 1 to 9999 as a zone can lead."""
    days = list(range(calendar.EPOCH_DAY, calendar.EPOCH_DAY + 146_097))
    rows = zip(*run_graph(calendar_parts, days), strict=True)
    for n, (year, month, day, day_of_year, quarter) in enumerate(rows):
        want = date.fromordinal(EPOCH.toordinal() + n)
        assert (year, month, day) == (want.year, want.month, want.day)
        assert day_of_year == want.toordinal() - date(want.year, 1, 1).toordinal()
        assert quarter == math.ceil(month / 3)
    ends = [DATE_MIN - 2, DATE_MIN - 1, DATE_MIN, DATE_MAX, DATE_MAX + 1, DATE_MAX + 2]
    years, months, month_days, *_ = run_graph(calendar_parts, [day + calendar.EPOCH_DAY for day in ends])
    assert years == [0, 0, 1, 9999, 10000, 10000]
    assert list(zip(months, month_days, strict=True)) == [
        (12, 30),
        (12, 31),
        (1, 1),
        (12, 31),
        (1, 1),
        (1, 2),
    ]


def part_graph(part: str, dtype: str, timezone: str = "UTC") -> Callable[[Sequence[int]], list[Any]]:
    pipeline = harness.fit(harness.build(OPS["datetime_part"], {"part": part, "timezone": timezone}, {"t": dtype}), [])
    graph = harness.Graph(pipeline)
    return lambda values: [row[0] for row in graph.run([[value] for value in values]).rows]


IS_PARTS = [f"is_{period}_{edge}" for period in ("month", "quarter", "year") for edge in ("start", "end")]


@pytest.mark.parametrize(
    "part", ["iso_week", "iso_year", "weekday", "day_of_year", "days_in_month", "is_weekend", *IS_PARTS]
)
def test_date_parts_of_every_day(part: str) -> None:
    days = list(range(DATE_MIN, DATE_MIN + 146_097 // 4)) + list(range(DATE_MAX - 20_000, DATE_MAX + 1))
    dates = [date.fromordinal(day + EPOCH.toordinal()) for day in days]
    wants: dict[str, Callable[[date], Any]] = {
        "iso_week": lambda d: d.isocalendar().week,
        "weekday": lambda d: d.weekday(),
        "day_of_year": lambda d: d.timetuple().tm_yday,
        "is_weekend": lambda d: d.weekday() >= 5,
        "iso_year": lambda d: d.isocalendar().year,
        "days_in_month": lambda d: monthrange(d.year, d.month)[1],
        "is_month_start": lambda d: d.day == 1,
        "is_month_end": lambda d: d.day == monthrange(d.year, d.month)[1],
        "is_quarter_start": lambda d: d.day == 1 and d.month in (1, 4, 7, 10),
        "is_quarter_end": lambda d: (d.month, d.day) in ((3, 31), (6, 30), (9, 30), (12, 31)),
        "is_year_start": lambda d: (d.month, d.day) == (1, 1),
        "is_year_end": lambda d: (d.month, d.day) == (12, 31),
    }
    assert part_graph(part, "date")(days) == [wants[part](d) for d in dates]


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Kathmandu"])
def test_parts_as_pandas_has_them(name: str) -> None:
    rng = np.random.default_rng(0)
    instants = rng.integers(us(datetime(1800, 1, 1)), us(datetime(2200, 1, 1)), 2000)
    local = pd.Series(instants.astype("datetime64[us]")).dt.tz_localize("UTC").dt.tz_convert(zone_of(name)).dt
    iso = {"iso_week": local.isocalendar()["week"], "iso_year": local.isocalendar()["year"]}
    for part in (
        "year",
        "quarter",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "weekday",
        "day_of_year",
        "iso_week",
        "iso_year",
        "days_in_month",
        *IS_PARTS,
    ):
        name_there = "day_of_week" if part == "weekday" else part
        want = iso[part] if part in iso else getattr(local, name_there)
        assert part_graph(part, "timestamp", name)(instants.tolist()) == [int(v) for v in want], part


class Parser:
    """`parse_datetime` as reference and graph, with invalid texts as null; both must always agree."""

    def __init__(self, **params: Any) -> None:
        params = {"invalid": "null"} | params
        self._pipeline = harness.fit(harness.build(OPS["parse_datetime"], params, {"s": "string"}), [])
        self._graph = harness.Graph(self._pipeline)

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        rows = [[text] for text in texts]
        got, want = self._graph.run(rows), harness.run_reference(self._pipeline, rows)
        for text, a, b in zip(texts, got.rows, want.rows, strict=True):
            assert a == b, text
        assert got.guards == want.guards
        return [row[0] for row in got.rows]


FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%m/%d/%Y",
    "%d.%m.%Y, %H:%M",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%f us, %S s, %M min, %H h, day %j of %Y",
    "%d %b %Y",
    "%b-%d-%Y %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S.%f%z",
    "%Y/%j",
    "%m/%d/%y",
    "%d.%m.%y %R",
    "%d %B %Y",
    "%A, %B %d, %Y %I:%M:%S %p",
    "%a %b %d %T %Y",
    "%p %I, %a %d %B %y",
    "%D %I:%M %p",
    "%F %T.%f%z",
)
TOUCHING = (
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M%S%f",
    "%H%M%S%f%d%m%Y",
    "%Y%jT%H%M%S.%f",
    "%d%b%Y",
    "%Y%m%dT%H%M%z",
    "%y%m%d",
    "%y%m%d%I%M%p",
    "%I%M%S%f%p%y%j",
    "%A%d%B%y",
    "%p%b%a%d/%y %I",
)


def written(layout: str, moment: datetime, rng: random.Random) -> str:
    """As strftime, with the year in four digits and, where that is allowed, some zeros left out."""
    year, two_digits = f"{moment.year:04}", f"{moment.year % 100:02}"
    text = layout.replace("%Y", year).replace("%z", rng.choice(["Z", "+0000", "-1130", "+05:45", "-00:01"]))
    text = text.replace("%D", "%m/%d/%y").replace("%F", f"{year}-%m-%d").replace("%y", "@")
    for directive in ("%b", "%B", "%a", "%A", "%p"):
        text = text.replace(directive, rng.choice([str.upper, str.lower, str.title])(moment.strftime(directive)))
    text = moment.strftime(text)
    if layout in TOUCHING or rng.random() < 0.5:
        return text.replace("@", two_digits)
    short = "".join(
        run.lstrip("0") or "0" if run.isdigit() and len(run) < 4 else run
        for run in ("".join(group) for _, group in itertools.groupby(text, key=str.isdigit))
    )
    return short.replace("@", two_digits)


def strptime(text: str, layout: str) -> int | None:
    """By Python, which knows no shorthands, and takes six digits of a fraction; the op takes nine and cuts them."""
    for shorthand, meaning in SHORTHANDS.items():
        layout = layout.replace(f"%{shorthand}", meaning)
    if "%f us" in layout or ".%f" in layout:
        text = re.sub(rf"({'^' if layout[:2] == '%f' else '[.]'}\d{{6}})\d{{1,3}}(?!\d)", r"\1", text)
    try:
        moment = datetime.strptime(text, layout)
    except (ValueError, OverflowError):
        return None
    offset = moment.utcoffset() or timedelta(0)
    instant = us(moment.replace(tzinfo=None)) - offset // US
    return instant if TIMESTAMP_MIN <= instant <= TIMESTAMP_MAX else None


def random_moments(count: int, seed: int) -> list[datetime]:
    rng = random.Random(seed)
    found = [EPOCH + rng.randint(TIMESTAMP_MIN, TIMESTAMP_MAX) * US for _ in range(count)]
    return [
        *found,
        datetime.min,
        datetime.max,
        datetime(2000, 2, 29),
        datetime(2024, 12, 31, 23, 59, 59, 999_999),
    ]


def damaged(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text) + 1)
    return text[:i] + rng.choice(["", *"0123456789-/:.TZ+"]) + text[i + rng.randint(0, 2) :]


@pytest.mark.parametrize("layout", FORMATS + TOUCHING)
def test_parse_as_strptime(layout: str) -> None:
    rng = random.Random(layout)
    texts = [written(layout, moment, rng) for moment in random_moments(250, 1)]
    parse = Parser(format=layout)
    assert parse(texts) == [strptime(text, layout) for text in texts]
    wrong = [damaged(text, rng) for text in texts for _ in range(3)]
    for text, value in zip(wrong, parse(wrong), strict=True):
        if layout in FORMATS:
            expected = None if "j" in layout and is_odd(text) else strptime(text, layout)
            assert value == expected or is_odd(text), (layout, text)
        elif value is not None:  # numbers that touch: strptime takes more, but what both take is the same
            assert value == strptime(text, layout), (layout, text)


def is_odd(text: str) -> bool:
    """What strptime takes and the op does not, by its page: an offset with seconds."""
    return bool(pd.Series([text]).str.contains(r"[+-]\d\d:?\d\d:?\d\d").iloc[0])


def test_parse_is_stricter_than_strptime() -> None:
    """The documented differences: blanks, case of literals, digits of other scripts, short numbers that
    touch.
    """
    pairs = [("%Y %m %d", "2019  03 09"), ("%YT%m", "2019t03"), ("%Y-%m", "٢٠١٩-03"), ("%Y%m%d", "2019039")]
    for layout, text in pairs:
        assert strptime(text, layout) is not None
        assert Parser(format=layout)([text]) == [None]


def test_parse_iso_8601() -> None:
    rng = random.Random(3)
    texts = []
    for moment in random_moments(800, 2):
        text = moment.isoformat(rng.choice("T "), rng.choice(["minutes", "seconds", "milliseconds", "microseconds"]))
        texts.append(rng.choice([text[:10], text + rng.choice(["", "Z", "+05", "-1130", "+05:45", "-00:01"])]))
    parse = Parser(format="iso8601")
    wants = [datetime.fromisoformat(text) for text in texts]
    instants = [us(w.replace(tzinfo=None)) - (w.utcoffset() or timedelta(0)) // US for w in wants]
    assert parse(texts) == [t if TIMESTAMP_MIN <= t <= TIMESTAMP_MAX else None for t in instants]
    for text, value in zip(wrong := [damaged(text, rng) for text in texts], parse(wrong), strict=True):
        if value is not None:
            assert datetime.fromisoformat(text)
    Parser(format="iso8601", to="date")(texts + wrong)


@pytest.mark.parametrize("name", CHANGING)
def test_parse_every_change(name: str) -> None:
    """Texts on either side of each edge of the wall clock, by all policies; reference and graph agree."""
    listed = [b for b in wall_clock(load_zone(name)).breaks if b < us(datetime(2050, 1, 1))]
    breaks = [b + n for b in [*listed[:80], *listed[-80:]] for n in (-1, 0, 1)]
    texts = [(EPOCH + wall * US).isoformat(" ", "microseconds") for wall in breaks]
    policies = [
        ("earliest", "shift_forward"),
        ("latest", "null"),
        ("null", "error"),
        ("error", "shift_forward"),
    ]
    for ambiguous, nonexistent in policies if name == "America/New_York" else policies[:2]:
        parse = Parser(format="iso8601", timezone=name, ambiguous=ambiguous, nonexistent=nonexistent)
        values = parse(texts)
        for wall, value in zip(breaks, values, strict=True):
            want = meanings(name, wall)
            if len(want) == 1 or (want and ambiguous in ("earliest", "latest")):
                assert value == want[-1 if ambiguous == "latest" else 0], wall


def test_parse_as_pandas_localizes() -> None:
    hours = pd.date_range("2019-01-01", "2020-01-01", freq="30min", unit="us")
    texts = hours.strftime("%Y-%m-%d %H:%M").tolist()
    for ambiguous, is_first in (("earliest", True), ("latest", False)):
        want = hours.tz_localize(
            zone_of("America/New_York"), ambiguous=np.full(len(hours), is_first), nonexistent="shift_forward"
        )
        parse = Parser(
            format="%Y-%m-%d %H:%M",
            timezone="America/New_York",
            ambiguous=ambiguous,
            nonexistent="shift_forward",
        )
        assert parse(texts) == want.tz_convert("UTC").tz_localize(None).astype("int64").tolist()


@pytest.mark.parametrize(
    "params", [{"format": f} for f in ("iso8601", "%Y%m%d", "%d/%b/%Y:%H:%M:%S.%f %z", "%m/%d/%Y %H:%M")]
)
def test_no_rows_and_several_columns(params: dict[str, Any]) -> None:
    columns = dict.fromkeys("abc", "string")
    pipeline = harness.fit(harness.build(OPS["parse_datetime"], params | {"invalid": None}, columns), [])
    graph = harness.Graph(pipeline)
    assert graph.run([]).values.shape == (0, 3)
    good = Parser(**params)
    texts = ["2019-03-09", "20190309", "09/Mar/2019:00:00:00.5 Z", "3/9/2019 1:02", "x", ""]
    for row in itertools.islice(itertools.permutations(texts, 3), 60):
        assert graph.run([row]).rows[0] == good(row)


def test_same_bytes() -> None:
    params = {"format": "iso8601", "timezone": "Europe/London"}
    models = [
        lower(harness.fit(harness.build(OPS["parse_datetime"], params, {"s": "string"}), [])).model.SerializeToString()
        for _ in range(2)
    ]
    assert models[0] == models[1]
    assert len(models[0]) < 400_000


def pairs_of_days(count: int) -> list[tuple[date, date]]:
    """Random pairs, most of them near each other or near a whole number of years; and all kinds of ends of February."""
    rng = random.Random(5)
    first = [
        date(y, m, d) for y in (1899, 1900, 1999, 2000, 2023, 2024) for m, d in ((1, 31), (2, 28), (3, 1), (12, 31))
    ]
    first += [date(2000, 2, 29), date(2024, 2, 29)]
    pairs = [(a, b) for a in first for b in first]
    for _ in range(count):
        start = date.fromordinal(rng.randint(date(1850, 1, 1).toordinal(), date(2150, 1, 1).toordinal()))
        days = rng.choice((rng.randint(-40, 40), 365 * rng.randint(-90, 90) + rng.randint(-30, 30)))
        pairs.append((start, start + timedelta(days=days)))
    return pairs


def elapsed_graph(unit: str, dtype: str, timezone: str | None = None) -> Callable[[Sequence[Any]], list[Any]]:
    params = {"unit": unit, "timezone": timezone}
    pipeline = harness.fit(harness.build(OPS["elapsed"], params, {"s": dtype, "e": dtype}), [])
    graph = harness.Graph(pipeline)
    return lambda rows: [row[0] for row in graph.run(rows).rows]


def birthdays(start: date, end: date) -> int:
    """The age of a person in years, as people write it in Python."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def test_elapsed_years_are_birthdays() -> None:
    pairs = pairs_of_days(3000)
    rows = [[day.toordinal() - EPOCH.toordinal() for day in pair] for pair in pairs]
    want = [birthdays(a, b) if a <= b else -birthdays(b, a) for a, b in pairs]
    assert elapsed_graph("years", "date")(rows) == want


def test_elapsed_months_are_those_of_dateutil() -> None:
    """Where the day of the month exists in every month; elsewhere dateutil counts its last day for it, as C6 says."""
    pairs = [(a, b) for a, b in pairs_of_days(3000) if max(a.day, b.day) <= 28]
    rows = [[day.toordinal() - EPOCH.toordinal() for day in pair] for pair in pairs]
    deltas = [relativedelta(b, a) for a, b in pairs]
    assert elapsed_graph("months", "date")(rows) == [12 * delta.years + delta.months for delta in deltas]
    leap, day_after = date(2000, 2, 29), date(2001, 3, 1)
    assert relativedelta(date(2001, 2, 28), leap).years == 1
    assert [birthdays(leap, date(2001, 2, 28)), birthdays(leap, day_after)] == [0, 1]


@pytest.mark.parametrize("name", ["America/New_York", "Pacific/Apia", "Asia/Kathmandu"])
def test_elapsed_months_by_a_clock(name: str) -> None:
    rng = random.Random(name)
    moments = [rng.randint(us(datetime(1950, 1, 1)), us(datetime(2050, 1, 1))) for _ in range(1500)]
    rows = [[t, t + rng.randint(-400, 400) * DAY_US + rng.choice((0, 0, -1, 1, 3_600_000_000))] for t in moments]
    local = [[EPOCH + python_local(name, t) * US for t in row] for row in rows]
    kept = [(row, a, b) for row, (a, b) in zip(rows, local, strict=True) if max(a.day, b.day) <= 28]
    deltas = [relativedelta(b, a) for _, a, b in kept]
    got = elapsed_graph("months", "timestamp", name)([row for row, _, _ in kept])
    assert got == [12 * delta.years + delta.months for delta in deltas]


def test_make_date_is_pythons_date() -> None:
    """Of "make_date", over all days of some years, and one more of each month."""
    params = {"invalid": "null"}
    pipeline = harness.fit(harness.build(OPS["make_date"], params, dict.fromkeys("ymd", "int64")), [])
    rows = [(y, m, d) for y in (1, 1900, 2000, 2023, 2024, 9999) for m in range(14) for d in range(33)]

    def day(*row: int) -> int | None:
        try:
            return date(*row).toordinal() - EPOCH.toordinal()
        except ValueError:
            return None

    assert [row[0] for row in harness.Graph(pipeline).run(rows).rows] == [day(*row) for row in rows]


def holidays_of(dtype: str, **params: Any) -> tuple[Any, Callable[[Sequence[int]], list[Any]]]:
    """The state, and the graph."""
    pipeline = harness.fit(harness.build(OPS["is_holiday"], params, {"t": dtype}), [])
    graph = harness.Graph(pipeline)
    return pipeline.steps[-1].state, lambda values: [row[0] for row in graph.run([[value] for value in values]).rows]


def test_is_holiday_as_the_package_says() -> None:
    """Of every day of the years, by the list that the package makes again; and the plan names its version."""
    package = pytest.importorskip("holidays")
    for country, subdivision in (("DE", "BE"), ("US", None), ("IN", None), ("JP", None)):
        state, graph = holidays_of("date", country=country, subdivision=subdivision, years=[2015, 2025])
        table = package.country_holidays(country, subdiv=subdivision)
        days = range((date(2015, 1, 1) - EPOCH.date()).days, (date(2025, 12, 31) - EPOCH.date()).days + 1)
        assert graph(days) == [EPOCH.date() + timedelta(days=day) in table for day in days]
        assert state.source == (f"holidays {package.__version__}",)
    for params, words in (
        ({"country": "DE", "years": [1800, 2000]}, "has the years 1991 to"),
        ({"country": "DE", "subdivision": "XX", "years": [2000, 2001]}, "does not have `DE, XX`"),
    ):
        with pytest.raises(SkcError, match=words):
            holidays_of("date", **params)


def test_is_holiday_by_a_clock() -> None:
    dates = ["2019-03-10", "2019-11-03", "2019-12-25"]
    _, graph = holidays_of("timestamp", dates=dates, years=[2019, 2019], timezone="America/New_York")
    hours = pd.date_range("2019-01-01", "2019-12-31 23:30", freq="30min", tz=zone_of("America/New_York"))
    want = [str(day) in dates for day in hours.date]
    assert graph((hours.tz_convert("UTC").tz_localize(None).astype("datetime64[us]").astype("int64")).tolist()) == want


def test_is_holiday_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(is_holiday, "PACKAGE", "holidays_of_nowhere")
    with pytest.raises(SkcError, match="is not installed") as error:
        holidays_of("date", country="DE", years=[2015, 2025])
    assert error.value.diagnostics[0].hint == 'pip install "skc[holidays]"'


def test_combine_datetime_as_pandas_localizes() -> None:
    """Every half hour of a year in New York, both readings of those that a clock shows twice."""
    hours = pd.date_range("2019-01-01", "2020-01-01", freq="30min", unit="us")
    days = ((hours.normalize() - pd.Timestamp(EPOCH)) // pd.Timedelta(days=1)).tolist()
    clocks = ((hours - hours.normalize()) // pd.Timedelta(microseconds=1)).tolist()
    for ambiguous, is_first in (("earliest", True), ("latest", False)):
        params = {"timezone": "America/New_York", "ambiguous": ambiguous, "nonexistent": "shift_forward"}
        pipeline = harness.fit(harness.build(OPS["combine_datetime"], params, {"d": "date", "t": "int64"}), [])
        want = hours.tz_localize(
            zone_of("America/New_York"), ambiguous=np.full(len(hours), is_first), nonexistent="shift_forward"
        )
        got = [row[0] for row in harness.Graph(pipeline).run(list(zip(days, clocks, strict=True))).rows]
        assert got == want.tz_convert("UTC").tz_localize(None).astype("int64").tolist()
