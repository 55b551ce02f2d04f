"""What goes wrong between a request and its features, planted in logs of the rides: each with the columns that it
changes, and words of the cause that a replay names.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from served_rides import Own

from skc_runtime import Transformer
from skc_runtime.kinds import Array

Records = Sequence[Mapping[str, Any]]
FARE, DISTANCE, ZONE = ("x", 1), ("x", 0), ("ids", 0)
NEW_YORK = ZoneInfo("America/New_York")
CLOCK = {"hour.pickup_sin", "hour.pickup_cos", "weekend"}


@dataclass(frozen=True)
class Planted:
    """A fault: how it makes features of its own, the columns that differ, and words of the causes that are right."""

    own: Callable[[Transformer], Own]
    columns: frozenset[str]
    words: frozenset[str]


def _of_requests(change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Callable[[Transformer], Own]:
    """The features of changed requests."""

    def make(transformer: Transformer) -> Own:
        def own(features: Mapping[str, Array], records: Records) -> Mapping[str, Array]:
            return transformer.transform_records([change(record) for record in records])

        return own

    return make


def _of_column(place: tuple[str, int], change: Callable[[Array], Array]) -> Callable[[Transformer], Own]:
    """A changed column."""

    def make(transformer: Transformer) -> Own:
        def own(features: Mapping[str, Array], records: Records) -> Mapping[str, Array]:
            output, k = place
            changed = features[output].copy()
            changed[:, k] = change(changed[:, k])
            return {**features, output: changed}

        return own

    return make


def _swapped(transformer: Transformer) -> Own:
    def own(features: Mapping[str, Array], records: Records) -> Mapping[str, Array]:
        return {**features, "x": features["x"][:, [1, 0, *range(2, 13)]]}

    return own


def _without_scaler(transformer: Transformer) -> Own:
    """log1p of the distance, as it is before the scaler."""

    def own(features: Mapping[str, Array], records: Records) -> Mapping[str, Array]:
        changed = features["x"].copy()
        changed[:, 0] = np.log1p([record["distance_km"] for record in records])
        return {**features, "x": changed}

    return own


def _earlier(hours: int) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def change(record: Mapping[str, Any]) -> Mapping[str, Any]:
        at = datetime.datetime.fromisoformat(record["pickup"]) - datetime.timedelta(hours=hours)
        return {**record, "pickup": at.strftime("%Y-%m-%d %H:%M:%S")}

    return change


def _utc(transformer: Transformer) -> Own:
    """The hour and the day of the week in UTC in place of New York."""

    def own(features: Mapping[str, Array], records: Records) -> Mapping[str, Array]:
        local = [datetime.datetime.fromisoformat(r["pickup"]).replace(tzinfo=NEW_YORK) for r in records]
        times = [time.astimezone(datetime.UTC) for time in local]
        turns = np.array([time.hour for time in times]) * (2 * np.pi / 24)
        changed = features["x"].copy()
        changed[:, 2], changed[:, 3] = np.sin(turns), np.cos(turns)
        changed[:, 4] = [time.weekday() >= 5 for time in times]
        return {**features, "x": changed}

    return own


def _noise(values: Array) -> Array:
    rows = np.arange(len(values))
    return (values + np.random.default_rng(11).normal(0, 0.01, len(values)) * (rows % 3 == 0)).astype(values.dtype)


def _float16(values: Array) -> Array:
    return values.astype(np.float16).astype(values.dtype)


def _rounded(values: Array) -> Array:
    return np.round(values.astype(np.float64), 2).astype(values.dtype)


def _floored(values: Array) -> Array:
    return (np.floor(values.astype(np.float64) * 100) / 100).astype(values.dtype)


def _refitted(values: Array) -> Array:
    return (values.astype(np.float64) * 1.07 + 0.2).astype(values.dtype)


def _exchanged(values: Array) -> Array:
    """Another order of the vocabulary."""
    order = np.array([3, 0, 4, 1, 2, *range(5, 64)])
    return order[values]


def _planted(own: Callable[[Transformer], Own], columns: set[str], *words: str) -> Planted:
    return Planted(own, frozenset(columns), frozenset(words))


FARES = {"amounts.fare", "fare_per_km"}
DISTANCES = {"amounts.distance_km", "fare_per_km"}
PLANTED: Mapping[str, Planted] = {
    "0 in place of a null fare": _planted(
        _of_requests(lambda r: {**r, "fare": 0.0 if r["fare"] is None else r["fare"]}),
        FARES,
        "in place of nulls (where input `fare` is null)",
    ),
    "a look-up that answers 0": _planted(_of_column(FARE, np.zeros_like), {"amounts.fare"}, "0 in place of the value"),
    "two columns swapped": _planted(
        _swapped, {"amounts.distance_km", "amounts.fare"}, "the value of feature `amounts."
    ),
    "the scaler forgotten": _planted(_without_scaler, {"amounts.distance_km"}, "the value of step `amounts/1:log1p"),
    "float16": _planted(_of_column(FARE, _float16), {"amounts.fare"}, "the value as float16"),
    "rounded to 2 decimals": _planted(_of_column(FARE, _rounded), {"amounts.fare"}, "rounded to 2 decimals"),
    "floored to 2 decimals": _planted(_of_column(FARE, _floored), {"amounts.fare"}, "floored to 2 decimals"),
    "a scaler refitted": _planted(_of_column(FARE, _refitted), {"amounts.fare"}, "1.07·x + 0.2"),
    "ids off by one": _planted(_of_column(ZONE, lambda ids: ids + 1), {"zone"}, "the value + 1"),
    "one hour earlier": _planted(_of_requests(_earlier(1)), CLOCK, "the time 1 h earlier"),
    "UTC for New York": _planted(_utc, CLOCK, "zone UTC in place of America/New_York", "the time 5 h later"),
    "ids of another vocabulary": _planted(_of_column(ZONE, _exchanged), {"zone"}, "codes of the same categories"),
}
BEFORE: Mapping[str, Planted] = {  # before steps that are not linear; bins tell less than what is named
    "cents for dollars": _planted(
        _of_requests(lambda r: {**r, "fare": None if r["fare"] in (None, -1.0) else r["fare"] * 100}), FARES, "unit"
    ),
    "miles for kilometres": _planted(
        _of_requests(lambda r: {**r, "distance_km": r["distance_km"] / 1.609}), DISTANCES, "unit"
    ),
    "rounded before the logarithm": _planted(
        _of_requests(lambda r: {**r, "distance_km": float(round(r["distance_km"]))}), DISTANCES, "rounded"
    ),
}
NOISE = _planted(_of_column(FARE, _noise), {"amounts.fare"})
