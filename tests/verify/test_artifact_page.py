"""The page of an artifact: complete, safe whatever the names and values are, and drawn by a real browser."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image
from typer.testing import CliRunner
from verify.test_html import FLAGS, HOSTILE, SCHEMES, Page, chromium

import skc
from skc.artifact import PROFILE
from skc.cli import app
from skc.inspection import Inspected, inspect_closely
from skc.profile.document import Categories, ColumnProfile, Numbers
from skc.reports.artifact_page import page
from skc.reports.distribution import BARS, picture

PIPELINE = f"""
skc: 1
name: shop
inputs:
  price: {{type: float64, nullable: true, null_values: [-1.0]}}
  units: int64
  {json.dumps(HOSTILE)}: {{type: string, nullable: true}}
  day: date
  empty: {{type: float64, nullable: true}}
features:
  amount: {{expr: "coalesce(price, 0) * units", apply: [standard_scale]}}
  city: {{from: [{json.dumps(HOSTILE)}], apply: [{{one_hot: {{unknown: zeros}}}}]}}
  empty: {{from: empty, apply: [{{impute: {{value: 0}}}}]}}
  month: {{from: day, apply: [{{datetime_part: {{part: month}}}}]}}
outputs: {{x: {{features: [amount, city, empty, month], dtype: float64}}}}
profile: {{minimum: 1}}
"""
ROWS = pa.table(
    {
        "price": pa.array([-1.0, 2.5, None, 1e9, 3.25] * 20),
        "units": pa.array([1, 2, 2, 3, 50] * 20),
        HOSTILE: pa.array([HOSTILE, "Oslo", None, "北京", "Oslo"] * 20),
        "day": pa.array([0, 20_000, 20_001, 20_002, 10] * 20, pa.date32()),
        "empty": pa.array([None] * 100, pa.float64()),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page")
    (made / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    skc.compile(made / "pipeline.yaml", ROWS, made / "artifact", rows=20)
    return made / "artifact"


@pytest.fixture(scope="module")
def inspected(folder: Path) -> Inspected:
    return inspect_closely(folder)


def words(text: str) -> str:
    return " ".join(" ".join(Page(text).words).split())


def test_it_has_every_input_step_column_and_file(inspected: Inspected) -> None:
    said = words(page(inspected))
    for value in inspected.pipeline.inputs:
        assert value.name in said
    for step in inspected.pipeline.steps:
        assert step.name in said or step.op in ("source", "narrow", "stand_in")
    for output in inspected.facts["outputs"]:
        assert all(name in said for name in output["columns"])
    assert all(name in said for name in inspected.facts["files"])
    assert inspected.facts["identity"] in said
    assert "The distributions are of the 100 rows that it was fitted on." in said
    assert "40 %" in said  # of price is null, sentinels included
    assert "price, units → amount/0:expr → amount/1:standard_scale" in said
    assert "1970-01-01" in said
    assert "2024-10-06" in said
    assert "from 2.5 to 1,000,000,000" in said or "from 2.5 to 1e+09" in said
    assert "0 distinct values" in said  # of the empty column


def test_it_is_safe(inspected: Inspected) -> None:
    text = page(inspected)
    parsed = Page(text)
    assert parsed.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(parsed.tags)
    attributes = parsed.attributes
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("src", "action")]
    assert all(value is not None and value.startswith("#") for name, value in attributes if name == "href")
    assert "url(" not in text
    assert "@import" not in text
    assert HOSTILE in words(text)


def test_without_a_profile_it_says_so(inspected: Inspected) -> None:
    said = words(page(replace(inspected, profile=None)))
    assert "no profile, so that no distributions are shown" in said
    sample = replace(inspected.profile, of="sample") if inspected.profile else None
    assert "given as a sample: it was fitted elsewhere" in words(page(replace(inspected, profile=sample)))


def test_the_command_writes_it_and_refuses_what_is_damaged(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["inspect", str(folder), "--format", "html"])
    assert done.exit_code == 0
    assert done.stdout.startswith("<!doctype html>")
    copy = tmp_path / "artifact"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / PROFILE).write_bytes(b"{}")
    refused = CliRunner().invoke(app, ["inspect", str(copy), "--format", "html"])
    assert refused.exit_code != 0
    assert not refused.stdout.startswith("<!doctype")


def numbers(edges: tuple[float, ...], counts: tuple[int, ...]) -> Numbers:
    return Numbers(0, (0, 0), None, None, None, None, edges, counts)


def test_a_histogram_keeps_every_row() -> None:
    spread = ColumnProfile("x", "float64", 0, 1000, numbers((0.0, 1.0, 8.0, 16.0), (10, 400, 80, 500, 10)), None)
    drawn = picture(spread, 1000)
    assert len(drawn.bars) == BARS
    assert max(bar.height for bar in drawn.bars) == 100
    assert abs(sum(bar.rows for bar in drawn.bars) - 1000) <= BARS / 2  # each is rounded
    # [0, 1] is two bars of 0.5 with 200 rows each; (8, 16] has 31.25 a bar: density, not the count of a bin, is drawn
    assert [bar.rows for bar in drawn.bars[:2]] == [210, 200]
    assert drawn.bars[20].rows == 31
    few = ColumnProfile("x", "int64", 0, 3, numbers((1, 2, 9), (70, 20, 10, 0)), None)
    bars = picture(few, 100).bars
    assert [(k, bar.rows) for k, bar in enumerate(bars) if bar.rows] == [(0, 70), (4, 20), (31, 10)]


@pytest.mark.parametrize(
    "edges", [(1.0,), (float("-inf"), 0.0, float("inf")), (-1.7e308, 1.7e308), (5e-324, 1e-323), (float("inf"),)]
)
def test_a_picture_is_drawn_of_any_numbers(edges: tuple[float, ...]) -> None:
    column = ColumnProfile("x", "float64", 5, 90, numbers(edges, (1000,) * (len(edges) + 1)), None)
    bars = picture(column, 1000 * (len(edges) + 1) + 5).bars
    assert bars
    assert all(0 <= bar.height <= 100 for bar in bars)
    assert abs(sum(bar.rows for bar in bars) - 1000 * (len(edges) + 1)) <= BARS / 2  # each is rounded


def test_categories_add_up() -> None:
    counts = tuple((f"c{k}", 100 - k) for k in range(10))
    column = ColumnProfile("s", "string", 50, 14, None, Categories(counts, 4, 6))
    bars = picture(column, 50 + sum(n for _, n in counts) + 6).bars
    assert [bar.label for bar in bars] == ['"c0"', '"c1"', '"c2"', '"c3"', '"c4"', '"c5"', "8 others"]
    assert sum(bar.rows for bar in bars) == sum(n for _, n in counts) + 6
    assert abs(sum(bar.height for bar in bars) - 100) < 1e-9


@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_browser_draws_it(inspected: Inspected, tmp_path: Path, scheme: str, width: int) -> None:
    """In the colours of the scheme, with bars, and nothing beyond the edge."""
    background, number = SCHEMES[scheme]
    (tmp_path / "page.html").write_text(page(inspected), encoding="utf-8")
    shot = tmp_path / "page.png"
    command = [chromium(), *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1500"]
    command += [f"--blink-settings=preferredColorScheme={number}", f"--screenshot={shot}"]
    subprocess.run([*command, (tmp_path / "page.html").as_uri()], check=True, capture_output=True, timeout=120)
    image = Image.open(shot).convert("RGB")
    assert {image.getpixel((width - 2, y)) for y in range(0, 1500, 7)} == {background}
    colours = {colour: amount for amount, colour in image.getcolors(1 << 24) or ()}
    assert colours[(59, 111, 182) if scheme == "light" else (122, 167, 232)] > 200
