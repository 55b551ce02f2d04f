"""The texts of the lowered graphs are current, and show what there is."""

from __future__ import annotations

import graph_text
import pytest

from skc.op import AnyOp
from skc.ops import OPS


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_the_graphs_of_an_op_are_those_written_down(op: AnyOp) -> None:
    """Where this is meant: `make generated`, and read the diff."""
    path = graph_text.FOLDER / f"{op.name}.txt"
    assert path.exists(), f"`make generated` writes {path.name}"
    assert graph_text.graphs_text(op) == path.read_text(encoding="utf-8")


def test_no_text_is_left_of_an_op_that_is_gone() -> None:
    assert {path.stem for path in graph_text.FOLDER.iterdir()} == {*OPS}
