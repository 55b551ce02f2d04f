"""The report as a page: one file, safe whatever the names are, and drawn by a real browser in light and dark."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planted import compiled, nudge, with_model
from sharing import Share
from toolchains import browser, need
from typer.testing import CliRunner

from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.cli import app
from skc.reports import html
from skc.reports.verification import blame
from skc.verification.report import Report
from skc.verification.run import Options, verify

HOSTILE = "<script>alert(1)</script>&\"'"
SCHEMES = {"light": ((251, 251, 250), "1"), "dark": ((22, 22, 22), "0")}  # the page's colour; Blink's number of it
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def artifact(share: Share) -> Artifact:
    return artifacts.read(share("planted", compiled) / "artifact")


@pytest.fixture(scope="module")
def red(artifact: Artifact) -> Report:
    wrong = with_model(artifact, nudge(10.0, float(np.nextafter(10.0, 11.0))))
    return verify(wrong, Path("artifact"), options=Options(rows=100))


def test_it_says_what_the_text_says(red: Report) -> None:
    page = Page(html.page(red))
    assert page.open == []
    words = " ".join(" ".join(page.words).split())
    assert red.verdict() in words
    difference = red.first_differences()[0]
    assert difference.reproduce in words
    assert blame(difference) in words
    for row in red.walks[0].rows:
        assert row.reference in words
    assert all(check.about in words for check in red.checks)
    assert all(step.step in words for step in red.coverage)
    assert "category 3 of 3" in words


def test_it_loads_nothing_and_runs_nothing(red: Report) -> None:
    page = Page(html.page(red))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "action")]
    assert "url(" not in html.page(red)
    assert "@import" not in html.page(red)


def test_names_and_values_are_escaped(red: Report) -> None:
    first = red.differences[0]
    hostile = replace(first, column=HOSTILE, record={HOSTILE: HOSTILE}, got=HOSTILE, step=HOSTILE)
    columns = tuple(replace(c, column=HOSTILE) for c in red.columns)
    page = Page(html.page(replace(red, name=HOSTILE, differences=(hostile,), columns=columns)))
    assert "script" not in page.tags
    assert page.open == []
    assert HOSTILE in "".join(page.words)


def test_many_columns_are_counted(red: Report) -> None:
    many = tuple(replace(red.columns[0], column=f"c{i}") for i in range(1000))
    text = html.page(replace(red, columns=many))
    assert "and 800 more columns" in text
    assert len(text) < 300_000


def test_the_command_writes_it(artifact: Artifact, tmp_path: Path) -> None:
    for name, data in artifact.files.items():
        (tmp_path / name).write_bytes(data)
    done = CliRunner().invoke(app, ["verify", str(tmp_path), "--rows", "50", "--format", "html"])
    assert done.exit_code == 0
    assert done.stdout.startswith("<!doctype html>")
    assert "verified: `planted` equals its reference" in done.stdout


def chromium() -> str:
    need("browser")
    return browser() or ""


@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_browser_draws_it(red: Report, tmp_path: Path, scheme: str, width: int) -> None:
    """In the colours of the scheme, with the verdict's red and the bars' blue on it, and nothing beyond the edge."""
    background, number = SCHEMES[scheme]
    (tmp_path / "page.html").write_text(html.page(red), encoding="utf-8")
    shot = tmp_path / "page.png"
    command = [chromium(), *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1500"]
    command += [f"--blink-settings=preferredColorScheme={number}", f"--screenshot={shot}"]
    subprocess.run([*command, (tmp_path / "page.html").as_uri()], check=True, capture_output=True, timeout=120)
    image = Image.open(shot).convert("RGB")
    assert image.size == (width, 1500)
    colours = {colour: amount for amount, colour in image.getcolors(1 << 24) or ()}
    assert colours[background] > 0.05 * width * 1500
    assert image.getpixel((2, 2)) == background
    assert {image.getpixel((width - 2, y)) for y in range(0, 1500, 7)} == {background}
    verdict_back = (251, 233, 231) if scheme == "light" else (58, 26, 24)
    assert colours[verdict_back] > 1000
