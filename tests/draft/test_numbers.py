"""Numbers as people write them: what a draft proposes reads exactly the texts that `parse_number` reads, as it does."""

from __future__ import annotations

import random

import numpy as np
import pytest

from skc.draft.numbers import has_groups, marks_of, written_number
from skc.ops.text import parse_number
from skc.values.types import Block

CASES: list[tuple[list[str], dict[str, object] | None]] = [
    (["19M", "201k", "1.5M", "17"], {"multipliers": {"M": 1e6, "k": 1e3}}),
    (["10,000+", "5+", "1,000,000+"], {"thousands": ",", "suffix": ["+"]}),
    (["$4.99", "$0", "-$3.00", "$-3"], {"prefix": ["$"]}),
    (["7.47%", "12 %", "0%"], {"percent": True}),
    (["1.234,56 €", "12,00 €", "-1 €"], {"decimal": ",", "thousands": ".", "suffix": ["€"]}),
    (["$962,498.36", "$1"], {"thousands": ",", "prefix": ["$"]}),
    (["EUR 5", "EUR 1 234,50"], {"decimal": ",", "thousands": " ", "prefix": ["EUR"]}),
    (["1.5 kg", "2 kg"], {"suffix": ["kg"]}),
    (["1.5 kg", "200 g"], None),  # other units
    (["€5", "$5"], None),
    (["c295", "c1"], None),  # codes
    (["note 5", "note 6"], None),
    (["Room 1", "Room 2"], None),
    (["1st", "2nd"], None),
    (["2025-05-01"], None),
    (["1:30", "2:45"], None),
    (["12/5"], None),
    ([""], None),
    (["1,5", "1.5"], None),  # decimals of two kinds
]


@pytest.mark.parametrize(("texts", "parameters"), CASES, ids=[repr(texts) for texts, _ in CASES])
def test_what_is_proposed(texts: list[str], parameters: dict[str, object] | None) -> None:
    written = written_number(texts)
    assert (written and dict(written.parameters)) == parameters
    if written is not None:
        assert all(written.form.fits(text) for text in texts)


@pytest.mark.parametrize("texts", [texts for texts, parameters in CASES if parameters], ids=repr)
def test_the_form_is_that_of_the_op(texts: list[str]) -> None:
    """On texts made of the same characters: those that fit are read, and no others."""
    written = written_number(texts)
    assert written is not None
    source = random.Random(5)
    characters = sorted({*"".join(texts), *"0123456789+-., %"})
    tried = texts + ["".join(source.choices(characters, k=source.randint(0, 9))) for _ in range(4000)]
    for text in texts:  # near misses
        tried += [text[:k] + c + text[k:] for k in range(len(text) + 1) for c in " +-,.0%€$kM"]
        tried += [text[:k] + text[k + 1 :] for k in range(len(text))]
    params = parse_number.Params(**{"invalid": None, **written.parameters})
    result = parse_number.apply(params, None, Block("string", np.array(tried, dtype=object)[:, None]))  # type: ignore[arg-type]
    is_read = result.values[:, 0] == result.values[:, 0]
    differing = [text for text, read in zip(tried, is_read, strict=True) if written.form.fits(text) != read]
    assert differing == []


@pytest.mark.parametrize(
    ("columns", "marks"),
    [
        ([["1,5"], ["1,234"]], (",", "", False)),
        ([["1,234", "5"]], (".", ",", True)),
        ([["1.5", "2"]], (".", "", False)),
        ([["1.234,5"], ["1,2"]], (",", ".", False)),
        ([["1.234"], ["1.234,56 €"]], (",", ".", False)),
        ([["1'234"]], (".", "'", False)),
        ([["a"], ["b"]], (".", "", False)),
        ([[]], (".", "", False)),
    ],
)
def test_the_marks_of_a_file(columns: list[list[str]], marks: tuple[str, str, bool]) -> None:
    assert marks_of(columns) == marks


def test_groups() -> None:
    assert has_groups(["1.234", "21.500", "3.100"])
    assert not has_groups(["1.234", "21.500", "3.1"])
    assert not has_groups(["0.234", "0.500", "0.100"])
    assert not has_groups(["1.234", "5"]), "too few to tell"
