"""Make `data.csv`: 5,000 invented taxi rides around the autumn clock change of 2025 in New York.

The same seed gives the same file. It has what real files have: missing values, sentinels, names in many scripts,
one name in two Unicode forms, local times that occur twice, rare categories, and a mistyped fare.
"""

from __future__ import annotations

import csv
import math
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ROWS = 5_000
HERE = Path(__file__).parent
NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2025, 10, 20, 4, tzinfo=ZoneInfo("UTC"))
ZONES = [
    "Midtown",
    "Harlem",
    "SoHo",
    "Flushing",
    "Coney Island",
    "Nolita",
    "Peña Station",
    "Café Row",
    "北京街",
    "Åsgård",
]
DRIVERS = ["Ana", "Björn", "Chloé", "Chloe\u0301", "Дмитрий", "İpek", "José", "王芳", "Zoë", "Ngũgĩ", "😀 Max"]
PAYMENTS = ["card", "cash", "app", "voucher"]
COLUMNS = ["ride_id", "pickup", "zone", "driver", "passengers", "distance_km", "fare", "payment", "night", "tipped"]


def main() -> None:
    source = random.Random(20251102)
    with (HERE / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(ride(source, number) for number in range(ROWS))


def ride(source: random.Random, number: int) -> list[object]:
    """One row of the file."""
    instant = START + timedelta(seconds=source.randrange(28 * 86_400))
    if number % 100 == 0:  # the hour that happened twice
        instant = datetime(2025, 11, 2, 5, tzinfo=ZoneInfo("UTC")) + timedelta(seconds=source.randrange(7200))
    local = instant.astimezone(NEW_YORK)
    distance = round(math.exp(source.gauss(1.1, 0.8)), 2)
    fare = round(3.5 + 2.1 * distance + source.random() * 4, 2)
    payment = source.choices(PAYMENTS, [60, 25, 14, 1])[0]
    night = local.hour < 6 or local.hour >= 22
    eager = 0.25 + 0.45 * (payment != "cash") + 0.15 * night - 0.02 * min(distance, 10)
    if number == 4321:
        fare = 11_111.11
    return [
        f"R{number:05}",
        local.strftime("%Y-%m-%d %H:%M:%S"),
        "" if source.random() < 0.03 else source.choices(ZONES, [30, 20, 15, 10, 8, 6, 4, 3, 2, 2])[0],
        source.choice(DRIVERS),
        "" if source.random() < 0.05 else source.choices([1, 2, 3, 4, 6], [70, 15, 8, 5, 2])[0],
        distance,
        "" if source.random() < 0.04 else -1 if source.random() < 0.01 else fare,
        "NA" if source.random() < 0.02 else "" if source.random() < 0.03 else payment,
        str(night).lower(),
        int(source.random() < eager),
    ]


if __name__ == "__main__":
    main()
