"""Whether a day is a holiday: one of a list of dates, or of the public holidays of a country.

Why: demand on a holiday is not that of its weekday. The list is frozen in the plan, and covers certain years: a later
day is refused or null, and never taken for a working day because the list has ended.

Example: `is_off: {from: day, apply: [{is_holiday: {country: DE, subdivision: BE, years: [2015, 2030]}}]}`

Parameters
----------
years : [first, last]
    The calendar years that the list covers.
dates : list of str
    The holidays, as `YYYY-MM-DD`, each in one of the years.
country : str
    Instead of `dates`: the holidays that the package `holidays` (extra `holidays`) has for an ISO 3166 code such as DE,
    in its category `public`, days observed in lieu included. Fitting reads them; the plan names the version.
subdivision : str
    A part of the country, such as BE for Berlin.
outside : null | error, default error
    What happens to a day in any other year.
timezone : str, default UTC
    The IANA name of the zone whose local day counts. Only for a timestamp: a date has no zone.

Input: date or timestamp. Output: bool. Null stays null. State: of each column the holidays, in days since 1970-01-01,
and where they come from.

Critical points
---------------
C1  A holiday is a whole day: from local midnight to the last microsecond before the next.
C2  A day in a year that the list does not cover follows `outside`: guard `out-of-range`, or null.
C3  Null stays null, and is not outside.
C4  Refused are dates that do not exist, that repeat or are in no covered year (SKC112); both or neither of `dates` and
    `country` (SKC124); and a zone for a date (SKC126), or an unknown one (SKC125).
C5  Refused is a country, a part of it or a year that the package does not have (SKC112): for a year before its first or
    after its last, it would name no holidays.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, all_of, lookup, masked
from skc.emit.opset import op
from skc.op import Op, parameters, refuse, require
from skc.ops.text._parameters import Policy
from skc.ops.time._datetime_text import local_time, zone_of
from skc.ops.time._is_holiday_cases import CASES
from skc.stats.requests import ColumnStats
from skc.time.zones import CYCLE_US, load_zone, transitions
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TICKS_US, TIMESTAMP_MAX, TIMESTAMP_MIN

if TYPE_CHECKING:
    from spox import Var

EPOCH = date(1970, 1, 1)
PACKAGE = "holidays"
MOST_TRIED = 100  # holidays among the boundaries
Year = Annotated[int, Field(ge=1, le=9999)]


@parameters
class Params:
    years: tuple[Year, Year]
    dates: tuple[str, ...] | None = None
    country: str | None = None
    subdivision: str | None = None
    outside: Policy = "error"
    timezone: str | None = None


@dataclass(frozen=True)
class State:
    """For each column its holidays in days since 1970-01-01, ascending, and `given` or the package with its version."""

    days: tuple[tuple[int, ...], ...]
    source: tuple[str, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "date", "timestamp", op="is_holiday")
    load_zone(params.timezone or "UTC")
    if x.dtype == "date" and params.timezone is not None:
        raise refuse("SKC126", "a date has no time zone", hint="leave out `timezone`")
    if params.years[0] > params.years[1]:
        raise refuse("SKC112", f"the years {[*params.years]} are not in order", hint="write the first year first")
    if (params.dates is None) == (params.country is None):
        raise refuse("SKC124", "`is_holiday` takes either `dates` or `country`", hint="give one of the two")
    if params.subdivision is not None and params.country is None:
        raise refuse("SKC124", "`subdivision` is part of a `country`", hint="give the country, or leave it out")
    _given(params)
    return x.with_(dtype="bool", nullable=x.nullable or params.outside == "null")


def _given(params: Params) -> tuple[int, ...]:
    """The dates of the parameters, ascending."""
    days: set[int] = set()
    for text in params.dates or ():
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = EPOCH
        if day.isoformat() != text:
            raise refuse("SKC112", f"`{text}` in `dates` is not a date", hint="write YYYY-MM-DD")
        if not params.years[0] <= day.year <= params.years[1]:
            raise refuse("SKC112", f"`{text}` is in none of the `years`", hint="extend `years`, or leave the date out")
        if (day - EPOCH).days in days:
            raise refuse("SKC112", f"`{text}` is in `dates` twice", hint="leave one of the two out")
        days.add((day - EPOCH).days)
    return tuple(sorted(days))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    days, source = (_given(params), "given") if params.country is None else _of_country(params, params.country)
    return State((days,) * len(columns), (source,) * len(columns))


def _of_country(params: Params, country: str) -> tuple[tuple[int, ...], str]:
    """The holidays that the package has, and its name and version."""
    try:
        with warnings.catch_warnings():  # it announces changes of its own interface
            warnings.simplefilter("ignore")
            package: Any = importlib.import_module(PACKAGE)
    except ModuleNotFoundError:
        message = f"the holidays of `{country}` cannot be read: the package `{PACKAGE}` is not installed"
        raise refuse("SKC112", message, hint='pip install "skc[holidays]"') from None
    first, last = params.years
    try:
        table = package.country_holidays(country, subdiv=params.subdivision, years=range(first, last + 1))
    except NotImplementedError:
        where = country if params.subdivision is None else f"{country}, {params.subdivision}"
        hint = "use ISO 3166 codes, such as DE and BE; the package's page lists what it has"
        raise refuse("SKC112", f"the package `{PACKAGE}` does not have `{where}`", hint=hint) from None
    known = (max(first, table.start_year), min(last, table.end_year))
    if known != (first, last):
        message = f"for `{country}` the package `{PACKAGE}` has the years {table.start_year} to {table.end_year}"
        raise refuse("SKC112", message, hint="choose `years` among these, or give `dates`")
    days = {(day - EPOCH).days for day in table if first <= day.year <= last}
    return tuple(sorted(days)), f"{PACKAGE} {package.__version__}"


def _bounds(params: Params) -> tuple[int, int]:
    """The first and the last day that the list covers."""
    first, last = date(params.years[0], 1, 1), date(params.years[1], 12, 31)
    return (first - EPOCH).days, (last - EPOCH).days


def apply(params: Params, state: State, x: Block) -> Block:
    first, last = _bounds(params)
    zone = zone_of(params.timezone or "UTC")
    distinct, inverse = np.unique(x.values, return_inverse=True)
    local = [local_time(t, zone) for t in (distinct * TICKS_US[x.dtype]).tolist()]
    days = [moment.toordinal() - EPOCH.toordinal() - CYCLE_US // DAY_US * cycles for moment, cycles in local]
    day = np.array(days, dtype=np.int64)[inverse].reshape(x.values.shape)
    values = np.zeros(day.shape, dtype=bool)
    for k, holidays in enumerate(state.days):
        values[:, k] = np.isin(day[:, k], np.array(holidays, dtype=np.int64))
    outside = x.present() & ((day < first) | (day > last))
    if params.outside == "null":
        return make_block("bool", values, x.present() & ~outside)
    return make_block("bool", values, x.valid).guard("out-of-range", outside)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    first, last = (calendar.constant(day) for day in _bounds(params))
    day = GraphBlock("date", x.width, _days(params, x))
    ones = [[1] * len(column) for column in state.days]
    values = op.equal(lookup(day, state.days, ones, 0), calendar.constant(1))
    covered = op.and_(op.greater_or_equal(day.values, first), op.less_or_equal(day.values, last))
    if params.outside == "null":
        return masked("bool", x.width, values, all_of(x.valid, covered))
    outside = op.not_(covered)
    outside = outside if x.valid is None else op.and_(x.valid, outside)
    return masked("bool", x.width, values, x.valid).guard("out-of-range", outside)


def _days(params: Params, x: GraphBlock) -> Var:
    """Local days since 1970-01-01."""
    if x.dtype == "date":
        return x.values
    local = calendar.local_time(params.timezone or "UTC", x.values, calendar.EPOCH_DAY * DAY_US)
    return op.sub(op.div(local, calendar.constant(DAY_US)), calendar.constant(calendar.EPOCH_DAY))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    """The ends of the years, and holidays with the days on either side; of timestamps the local midnights."""
    holidays = state.days[k]
    spread = holidays if len(holidays) <= MOST_TRIED else holidays[:: -(-len(holidays) // MOST_TRIED)]
    days = [day + n for day in (*_bounds(params), *spread, *holidays[-1:]) for n in (-1, 0, 1)]
    days = [day for day in dict.fromkeys((*days, 0, DATE_MIN, DATE_MAX)) if DATE_MIN <= day <= DATE_MAX]
    if x.dtype == "date":
        return [*days, None]
    zone = load_zone(params.timezone or "UTC")
    midnights = [day * DAY_US - offset for day in days for offset in dict.fromkeys((0, *zone.offsets[-2:]))]
    moments = [t + n for t in midnights for n in (-1, 0)] + [t + n for t in transitions(zone) for n in (-1, 0, 1)]
    moments = [t for t in dict.fromkeys(moments) if TIMESTAMP_MIN <= t <= TIMESTAMP_MAX]
    return [*moments, TIMESTAMP_MIN, TIMESTAMP_MAX, None]


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"zone change": transitions(load_zone(params.timezone or "UTC"))}


OP = Op(
    name="is_holiday",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    marks=marks,
    cases=CASES,
    uses_timezone=True,
)
