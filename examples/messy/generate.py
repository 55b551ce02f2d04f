"""Writes sales.csv, a file as an office in Germany exports it; seeded, so it is the same every time.

Semicolons, decimal commas, cp1252, two lines above the header and a sum below, `1.234,56 €`, `12 %`, `3. Mai 2025`,
`ja` and `nein`, `k. A.` and -999 for what is not known. What the columns mean has nothing to do with real sales.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

ROWS = 2410
FILE = Path(__file__).parent / "sales.csv"
MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
HEADER = (
    *("Auftrag", "Bestellt am", "Kunde", "Land", "Artikel", "Menge", "Preis", "Rabatt", "Gewicht (kg)"),
    *("Lagertage", "Express", "Währung", "Retoure"),
)
ARTICLES = ("Stühle", "Tische", "Regale", "Lampen", "Teppiche", "Körbe", "Spiegel", "Türgriffe", "Übertöpfe")
COUNTRIES = ("Deutschland", "Deutschland", "Deutschland", "Österreich", "Schweiz", "Frankreich", "k. A.")
NAMES = ("Müller", "Schmidt", "Groß", "Jäger", "Weiß", "Köhler", "Böhm", "Lange")


def german(value: float, digits: int = 2) -> str:
    """A number with groups of three and a decimal comma."""
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def record(source: random.Random, number: int) -> list[str]:
    """One line of the table."""
    day = date(2023, 1, 1) + timedelta(days=source.randrange(1000))
    price = source.lognormvariate(5, 1.2)
    weight = "k. A." if source.random() < 0.2 else german(source.uniform(0.1, 80), source.choice((1, 2)))
    discount = german(source.choice((5, 7.5, 10, 12, 15)), source.choice((0, 1)))
    returned = source.random() < (0.3 if price > 300 else 0.1)
    return [
        str(700_000 + number * 3 + source.randrange(3)),
        f"{day.day}. {MONTHS[day.month - 1]} {day.year}",
        f"{source.choice(NAMES)}, {source.choice('ABCDEFGHJKLMN')}. ({number})",
        source.choice(COUNTRIES),
        source.choice(ARTICLES),
        str(source.randint(1, 12)),
        f"{german(price)} €",
        "" if source.random() < 0.3 else f"{discount} %",
        weight,
        str(-999 if source.random() < 0.05 else source.randint(0, 120)),
        source.choice(("ja", "nein")),
        "EUR",
        "ja" if returned else "nein",
    ]


def main() -> None:
    """Write the file."""
    source = random.Random(2025)
    records = [record(source, k) for k in range(ROWS)]
    lines = ["Auswertung Verkäufe", "Stand: 30. September 2025", ";".join(HEADER), *map(";".join, records)]
    lines.append(f"Summe{';' * 5}{sum(int(fields[5]) for fields in records)}{';' * 7}")
    FILE.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp1252"))


if __name__ == "__main__":
    main()
