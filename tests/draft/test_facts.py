"""What a draft says of columns, with the counts that it rests on; and what it leaves out, and why."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

import skc

ROWS = 200
SOURCE = random.Random(3)
SHUFFLED = SOURCE.sample(range(10_000, 10_000 + ROWS * 3), ROWS)
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "then", "some", "more", "of", "it"]


def texts(cell: Callable[[int], object]) -> list[str]:
    return [str(cell(k)) for k in range(ROWS)]


# the name of a column, its values, and what the draft says of it
COLUMNS: list[tuple[str, list[str], str]] = [
    ("m", texts(lambda k: k % 17), "  m: int64  # 0 to 16"),
    (
        "n",
        texts(lambda k: -999 if k % 50 == 3 else k % 17),
        "[-999]}  # 0 to 16; guess: 4 of 200 are -999",
    ),
    (
        "n",
        texts(lambda k: 9999 if k % 50 == 3 else k % 17),
        "[9999]}  # 0 to 16; guess: 4 of 200 are 9999",
    ),
    ("m", texts(lambda k: -999 if k == 3 else k % 17), "  m: int64  # -999 to 16"),
    ("m", texts(lambda k: -999 if k % 50 == 3 else k % 17 - 900), "  m: int64  # -999 to -884"),
    (
        "m",
        texts(lambda k: "?" if k % 4 == 0 else k % 17 / 2),
        '  m: {type: float64, nullable: true, null_values: ["?"]}',
    ),
    ("m", texts(lambda k: "?" if k % 4 == 0 else k % 17 / 2), '0 to 8; 50 of 200 are "?"'),
    ("m", texts(lambda k: "n/a" if k % 4 == 0 else "" if k % 4 == 1 else k), '100 of 200 are null: 50 empty, 50 "n/a"'),
    ("m", texts(lambda k: "broken" if k % 4 == 0 else k % 17), 'guess: 50 "broken" may mean null'),
    ("m", texts(lambda k: "broken" if k % 2 == 0 else k % 17), 'guess: 100 "broken" may mean null'),
    ("s", texts(lambda k: "broken" if k < 101 else k % 17), '  s: string  # 18 categories: "broken" 101, '),
    ("s", texts(lambda k: ["yes", "no", "YES", "", "0"][k % 5]), "4 categories: "),
    ("s", texts(lambda k: "2024-02-03" if k % 5 == 0 else ["late", "soon"][k % 2]), "3 categories: "),
    ("s", texts(lambda k: "NA" if k % 4 == 0 else "ab"[k % 2]), '2 categories: "b" 100, "a" 50; 50 of 200 are "NA"'),
    ("s", texts(lambda k: f"c{k % 60}"), "60 categories: "),
    ("s", texts(lambda k: " " if k % 4 == 0 else "ab"[k % 2]), 'null_values: [" "]'),
    ("s", texts(lambda k: "ab"[k % 2] + " " * (k % 3 == 0)), "  # there are blanks around its texts"),
    ("s", texts(lambda k: k), "  # s: int64  # left out: guess: an id: 0 to 199, and no number is there twice"),
    ("year", texts(lambda k: 1800 + k), "  year: int64  # 1,800 to 1,999"),
    ("s", [str(k) for k in SHUFFLED], "left out: guess: an id: "),
    ("user_id", texts(lambda k: k * 1000), "left out: guess: an id: another number in every row"),
    ("s", texts(lambda k: f"{k:08x}-0000-4000-8000-{k:012x}"), "left out: guess: an id: 200 different UUIDs"),
    ("s", texts(lambda k: f"name{k} x"), "left out: guess: an id or a name: another text in every row"),
    ("s", texts(lambda k: " ".join(SOURCE.choices(WORDS, k=8)) + f" {k}"), "left out: guess: free text: "),
    ("s", texts(lambda k: f"ticket {chr(97 + k % 26)}{k // 26 % 5}x"), "left out: guess: "),
    ("s", texts(lambda k: "one"), "  # s: string  # left out: it is the same in every row"),
    ("s", texts(lambda k: ""), "left out: it has no value"),
    ("s", texts(lambda k: ["yes", "no"][k % 2]), "  s: bool"),
    ("s", texts(lambda k: ["1", "0"][k % 2]), "  s: int64"),
    ("t", texts(lambda k: f"{k % 24}:30"), 't_time: {from: t, apply: [{parse_datetime: {format: "%H:%M", to: time}}]}'),
    ("d", texts(lambda k: f"2024-02-{k % 29 + 1:02}"), "  d: date"),
    ("d", texts(lambda k: f"0{k % 9 + 1}/02/24"), "guess: two digits are a year from 1969 to 2068"),
]


@pytest.mark.parametrize(
    ("name", "values", "says"), COLUMNS, ids=[f"{k} {says}" for k, (_, _, says) in enumerate(COLUMNS)]
)
def test_what_is_said(name: str, values: list[str], says: str, tmp_path: Path) -> None:
    lines = [f"other,{name}", *(f"{k % 3},{value}" for k, value in enumerate(values))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    drafted = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml")
    assert says in drafted.text, drafted.text
    assert skc.compile(tmp_path / "pipeline.yaml", rows=10).is_equal


def test_one_of_several_sheets(tmp_path: Path) -> None:
    import pandas as pd

    with pd.ExcelWriter(tmp_path / "a.xlsx") as writer:
        pd.DataFrame().to_excel(writer, sheet_name="empty", index=False)
        pd.DataFrame({"v": [1, 2, 3]}).to_excel(writer, sheet_name="rows", index=False)
        pd.DataFrame({"w": [1, 2, 3]}).to_excel(writer, sheet_name="others", index=False)
    drafted = skc.init(tmp_path / "a.xlsx", tmp_path / "pipeline.yaml")
    assert "  sheet: rows  # guess: there is also `empty`, `others`" in drafted.text
    assert skc.compile(tmp_path / "pipeline.yaml", rows=10).is_equal


def test_an_order_of_dates_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(skc.SkcError, match="`year-first` is not an order of dates") as error:
        skc.init(tmp_path / "a.csv", dates="year-first")  # type: ignore[arg-type]
    assert error.value.code == "SKC140"
