"""Whatever the text, reading gives a pipeline or an `SkcError` that says where: never another exception."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline_text

FOLDER = Path(__file__).parent
SEEDS = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(FOLDER.glob("**/*.yaml"))]
VOCABULARY = r"""
{ } [ ] : , - # &a *a !!str | > ' " \ ~ null true 1e999 .nan -.inf -0 0x1 ? --- ... <<: a expr: from: apply:
inputs. skc.guards standard_scale quantile_bin float64 string 😀 "\UFFFFFFFF" "\xd8"
"""
WORDS = VOCABULARY.split()
BLANKS = [": ", "- ", ", ", "\n", "\n  ", "\t", " ", "%YAML 1.1\n", "---\n"]
STRANGE = ["\x00", "\ud800", "\ufeff", "\u2028", "\x85", "9" * 25, "9" * 5000]
PIECES = st.sampled_from([*WORDS, *BLANKS, *STRANGE])
SETTINGS = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def check(text: str) -> None:
    try:
        read_pipeline_text(text, "p.yaml")
    except SkcError as error:
        for diagnostic in error.diagnostics:
            assert diagnostic.code.startswith("SKC1"), diagnostic
            assert diagnostic.span is not None, diagnostic
            diagnostic.text().encode("utf-8", "surrogatepass")


@SETTINGS
@given(st.data())
def test_mutated_pipelines(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SEEDS))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 0, 1, 2, 5, 20, 100]))
        text = text[:start] + data.draw(PIECES | st.text(max_size=3)) + text[start + length :]
    check(text)


@SETTINGS
@given(st.lists(PIECES, max_size=40).map("".join))
def test_soup(text: str) -> None:
    check(text)


@SETTINGS
@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@settings(SETTINGS, max_examples=15)
@given(st.sampled_from("[{"), st.integers(1, 5000))
def test_deep_nesting(bracket: str, depth: int) -> None:
    check(bracket * depth)
    check("skc: 1\nname: " + "- " * depth)
