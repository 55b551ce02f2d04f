"""The rows of the examples: synthetic, from a seed, with the faults that raw data has.

    python rows.py NAME PATH      # writes 1,000 rows of an example as Parquet, for `skc compile --data PATH`

`rows(name, count, seed)` gives the features and the target. Example 4 takes a dict for each row, the others a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Rows = tuple[pd.DataFrame, Any]


def customers(source: np.random.Generator, count: int) -> Rows:
    """Examples 1 to 3: customers of a telephone company, and whether they leave."""
    tenure = source.integers(0, 73, count)
    charges = source.normal(65, 30, count).clip(18, 120).round(2)
    frame = pd.DataFrame(
        {
            "tenure": tenure,
            "monthly": charges,
            "total": np.where(source.random(count) < 0.05, np.nan, (tenure * charges).round(2)),
            "joined": source.integers(1_400_000_000, 1_750_000_000, count),
            "calls": source.poisson(2, count).astype(float),
            "senior": source.integers(0, 2, count),
            "contract": source.choice(["Month-to-month", "One year", "Two year"], count, p=[0.55, 0.21, 0.24]),
            "payment": _holes(
                source, source.choice(["Electronic check", "Mailed check", "Card", "Überweisung"], count), 0.03
            ),
            "internet": source.choice(["DSL", "Fibre", "None"], count),
            "partner": source.choice(["Yes", "No"], count),
            "state": source.choice(["NO-03", "SE-AB", "DK-84", "FI-18", "IS-1"], count, p=[0.4, 0.3, 0.2, 0.09, 0.01]),
        }
    )
    score = 1.2 * (frame["contract"] == "Month-to-month") - tenure / 30 + charges / 80 + source.normal(0, 0.7, count)
    return frame, np.where(score > 0.5, "leaves", "stays")


def taxis(source: np.random.Generator, count: int) -> Rows:
    """Example 4: taxi rides, and how many minutes they take."""
    pickup, dropoff = source.integers(1, 13, (2, count))
    distance = source.gamma(2, 1.8, count).round(2)
    frame = pd.DataFrame(
        {"PU_DO": [f"{p}_{d}" for p, d in zip(pickup, dropoff, strict=True)], "trip_distance": distance}
    )
    return frame, 4 + 3.1 * distance + source.normal(0, 2, count)


def districts(source: np.random.Generator, count: int) -> Rows:
    """Example 5: districts, and the price of their median house."""
    households = source.integers(2, 1500, count).astype(float)
    rooms = (households * source.normal(5.4, 1, count).clip(1.5, 12)).round()
    frame = pd.DataFrame(
        {
            "longitude": source.uniform(-124, -114, count).round(2),
            "latitude": source.uniform(32.5, 42, count).round(2),
            "housing_median_age": source.integers(1, 53, count).astype(float),
            "total_rooms": rooms,
            "total_bedrooms": np.where(source.random(count) < 0.03, np.nan, (rooms / 5).round() + 1),
            "population": (households * source.uniform(1.5, 5, count)).round(),
            "households": households,
            "median_income": source.lognormal(1.2, 0.45, count).round(4),
            "ocean_proximity": source.choice(["<1H OCEAN", "INLAND", "NEAR OCEAN", "NEAR BAY", "ISLAND"], count),
        }
    )
    price = 50_000 * frame["median_income"] - 40_000 * (frame["ocean_proximity"] == "INLAND")
    return frame, price + source.normal(0, 20_000, count)


GOOD = (
    "wonderful",
    "great acting",
    "a café of joy",
    "beautifully shot",
    "I loved it",
    "10/10",
    "😀😀",
    "naïve but charming",
)
BAD = ("dull", "not good", "a waste of time", "the plot isn't there", "boring", "2/10", "😡", "overlong and flat")
FILLER = (
    "the film",
    "this movie",
    "it was",
    "in the end",
    "the director's",
    "Ein Film",
    "東京 story",
    "İstanbul",
    "well-made",
)


def reviews(source: np.random.Generator, count: int) -> Rows:
    """Example 6: reviews of films, and whether they are good."""
    is_good = source.random(count) < 0.5
    texts = []
    for good in is_good:
        words = [
            *source.choice(GOOD if good else BAD, source.integers(0, 4)),
            *source.choice(FILLER, source.integers(0, 6)),
        ]
        source.shuffle(words)
        texts.append(" ".join(words))
    return pd.DataFrame({"review": texts}), is_good.astype(int)


def courses(source: np.random.Generator, count: int) -> Rows:
    """Example 7: courses with a city, a title and ratings, and whether they are booked out."""
    frame = pd.DataFrame(
        {
            "city": source.choice(["Oslo", "Bergen", "Tromsø", "Ålesund"], count),
            "title": [
                " ".join(source.choice(["data", "science", "for", "nurses", "yoga", "advanced", "C++", "cooking"], 4))
                for _ in range(count)
            ],
            "teacher_rating": np.where(source.random(count) < 0.2, np.nan, source.uniform(1, 5, count).round(1)),
            "course_rating": np.where(source.random(count) < 0.1, np.nan, source.uniform(1, 5, count).round(1)),
        }
    )
    score = frame["course_rating"].fillna(3) + frame["title"].str.contains("yoga") + source.normal(0, 0.5, count)
    return frame, (score > 3.4).astype(int)


def diamonds(source: np.random.Generator, count: int) -> Rows:
    """Examples 8 and 9: diamonds with categories and numbers, and their price."""
    carat = source.gamma(2, 0.4, count).round(2) + 0.2
    cut = source.choice(["Fair", "Good", "Very Good", "Premium", "Ideal"], count)
    frame = pd.DataFrame(
        {
            "carat": carat,
            "depth": np.where(source.random(count) < 0.05, np.nan, source.normal(61.7, 1.4, count).round(1)),
            "table": source.normal(57, 2, count).round(),
            "cut": _holes(source, cut, 0.02),
            "colour": source.choice([*"DEFGHIJ"], count),
            "seller": [f"shop-{k}" for k in source.zipf(1.6, count).clip(1, 60)],
        }
    )
    return frame, 3800 * carat**1.5 * (1 + 0.1 * (cut == "Ideal")) + source.normal(0, 200, count)


def bikes(source: np.random.Generator, count: int) -> Rows:
    """Example 10: hours, and how many bikes were rented in them."""
    hour, weekday = source.integers(0, 24, count), source.integers(0, 7, count)
    frame = pd.DataFrame(
        {
            "hour": hour.astype(float),
            "weekday": weekday.astype(float),
            "temperature": source.normal(12, 9, count).round(2),
            "humidity": source.uniform(0.1, 1, count).round(2),
            "workingday": (weekday < 5).astype(float),
            "weather": source.choice(["clear", "misty", "rain"], count, p=[0.6, 0.3, 0.1]),
        }
    )
    rush = 40 + 120 * np.exp(-((hour - 8) ** 2) / 4) * (weekday < 5) + 150 * np.exp(-((hour - 18) ** 2) / 8)
    return frame, (rush * (1 + frame["temperature"] / 40).clip(0.1) * source.lognormal(0, 0.2, count)).round()


def flowers(source: np.random.Generator, count: int) -> Rows:
    """Example 11: flowers that are measured in four ways, not always all of them, and their species."""
    species = source.integers(0, 3, count)
    means = np.array([[5.0, 3.4, 1.5, 0.25], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])[species]
    values = (means + source.normal(0, 0.35, (count, 4))).round(1).clip(0.1)
    frame = pd.DataFrame(values, columns=["sepal_length", "sepal_width", "petal_length", "petal_width"])
    return frame.mask(source.random(frame.shape) < 0.05), np.array(["setosa", "versicolor", "virginica"])[species]


def _holes(source: np.random.Generator, values: Any, share: float) -> list[str | None]:
    """The texts, some of them missing."""
    return [
        None if hole else str(value) for value, hole in zip(values, source.random(len(values)) < share, strict=True)
    ]


MADE_BY: dict[str, Callable[[np.random.Generator, int], Rows]] = {
    "churn": customers,
    "churn_forest": customers,
    "churn_strict": customers,
    "taxi": taxis,
    "housing": districts,
    "reviews": reviews,
    "courses": courses,
    "boosting": diamonds,
    "target_encoding": diamonds,
    "bikes": bikes,
    "flowers": flowers,
}


def rows(name: str, count: int = 1000, seed: int = 1) -> Rows:
    """Features and target of an example: the same for the same seed."""
    return MADE_BY[name](np.random.default_rng(seed), count)


if __name__ == "__main__":
    rows(sys.argv[1])[0].to_parquet(sys.argv[2])
