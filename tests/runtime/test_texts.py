"""Texts of a batch as bytes: what Arrow tables hold reaches the graph as it is, or is refused at its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skc_runtime import RecordError, Transformer, arrow
from skc_runtime.session import GraphSession
from skc_runtime.texts import FEW, PADDING, WIDEST, Texts, concatenated, of_strings, packed

Identity = Callable[..., Transformer]
ROWS = 2 * FEW
LENGTHS = [0, 1, 11, 12, 13, WIDEST - 1, WIDEST, WIDEST + 1, 5000]
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string())]
plain = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def served(identity_of: Identity, column: Any) -> list[str | None]:
    transformer = identity_of([{"name": "v", "type": "string", "nullable": True, "nan": "null"}])
    found = transformer.transform(pa.table({"v": column}))
    values, valid = found["out.v"][:, 0].tolist(), found["out.v.valid"][:, 0].tolist()
    return [value if ok else None for value, ok in zip(values, valid, strict=True)]


@given(texts=st.lists(plain, min_size=1), seed=st.integers(0, 9))
@settings(max_examples=100, deadline=None)
@example(texts=["é", "\u007f\u0080", "😀" * 63, "x" * WIDEST], seed=0)
def test_texts_are_those_of_the_strings(texts: list[str], seed: int) -> None:
    made = of_strings(texts)
    assert made is not None
    assert made.are_sound()
    assert made.objects().tolist() == texts
    assert made.longest == max(len(text.encode()) for text in texts)
    chosen = np.random.default_rng(seed).integers(0, len(texts), 70)
    want = [texts[i] for i in chosen]
    both = concatenated([made, made[chosen], made[1:]])
    assert both.objects().tolist() == [*texts, *want, *texts[1:]]
    if made.longest <= WIDEST:
        assert [text.decode() for text in made[chosen].fixed(made.longest + 1).tolist()] == want
    assert packed([made[chosen], made[chosen]])[:, 1].tolist() in (want, [text.encode() for text in want])


@pytest.mark.parametrize("text", ["a\0", "\0", "é\0é", "x" * 300 + "\0", "\ud800", "a" * 300 + "\udfff"])
def test_texts_that_no_graph_can_read_are_not_sound(text: str) -> None:
    assert of_strings(["a", text, "b"]) is None
    data = "".join(["a", text, "b", "ö"]).encode("utf-8", "surrogatepass")
    ends = np.cumsum([1, len(text.encode("utf-8", "surrogatepass")), 1, 2])
    texts = Texts(np.frombuffer(data + bytes(256), np.uint8), np.array([0, *ends[:-1]]), np.diff([0, *ends]))
    assert not texts.are_sound()
    assert texts[np.array([0, 2, 3])].are_sound()


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_every_length_in_every_layout(kind: Any, length: int, letter: str, identity_of: Identity) -> None:
    texts = [None, "", letter * length, "a", "é" * (length // 2)] * (ROWS // 5)
    assert served(identity_of, pa.array(texts).cast(kind) if kind != KINDS[2] else pa.array(texts, kind)) == texts


def garbled(bad: bytes, kind: Any) -> Any:
    """An array whose row 70 has bytes that are no text, without saying that it is null."""
    good = [b"abc"] * 70 + [bad] + [b"def"] * 30 + [bad]
    offsets = np.cumsum([0, *map(len, good)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(good))]
    array = pa.Array.from_buffers(pa.string(), len(good), buffers)
    return array.cast(kind) if kind != pa.string_view() else pa.array(good, pa.binary_view()).view(kind)


BAD = [b"\xff", b"a\0", b"\xc3", b"\xa9", b"x" * 20 + b"\xe2\x82", b"y" * 400 + b"\xff"]


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()], ids=str)
@pytest.mark.parametrize("bad", BAD)
def test_the_first_row_that_is_not_a_text_is_named(bad: bytes, kind: Any, identity_of: Identity) -> None:
    with pytest.raises(RecordError) as caught:
        served(identity_of, garbled(bad, kind))
    code = "nul-in-string" if b"\0" in bad else "invalid-utf8"
    assert (caught.value.code, caught.value.input, caught.value.row) == (code, "v", 70)


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()], ids=str)
@pytest.mark.parametrize("bad", BAD)
def test_the_memory_under_a_null_is_not_read(bad: bytes, kind: Any, identity_of: Identity) -> None:
    array = garbled(bad, kind)
    valid = np.ones(len(array), bool)
    valid[[70, 101]] = False
    bits = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    nulled = pa.Array.from_buffers(kind, len(array), [bits, *array.buffers()[1:]])
    want = ["abc"] * 70 + [None] + ["def"] * 30 + [None]
    assert served(identity_of, nulled) == want
    assert served(identity_of, nulled.slice(5, 96)) == want[5:101]


def test_a_view_under_a_null_may_refer_to_any_memory(identity_of: Identity) -> None:
    texts = ["short", "a text of more than twelve bytes"] * 50
    _, views, *buffers = pa.array(texts, pa.string_view()).buffers()
    broken = np.frombuffer(views, "V16").copy()
    broken[7] = np.array([1000, 0, -3, 2**30], np.int32).view("V16")[0]
    broken[8] = np.array([-5, 0, -1, -1], np.int32).view("V16")[0]
    bits = np.ones(len(texts), bool)
    bits[[7, 8]] = False
    memory = [pa.py_buffer(np.packbits(bits, bitorder="little").tobytes()), pa.py_buffer(broken.tobytes()), *buffers]
    array = pa.Array.from_buffers(pa.string_view(), len(texts), memory)
    assert served(identity_of, array) == [*texts[:7], None, None, *texts[9:]]
    assert served(identity_of, array.slice(5, 20)) == [*texts[5:7], None, None, *texts[9:25]]


def test_a_character_is_not_put_together_from_two_rows(identity_of: Identity) -> None:
    """Together the bytes of the column are UTF-8."""
    pieces = [b"a"] * 80 + [b"\xc3", b"\xa9"] + [b"b"] * 20
    offsets = np.cumsum([0, *map(len, pieces)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(pieces))]
    with pytest.raises(RecordError) as caught:
        served(identity_of, pa.Array.from_buffers(pa.string(), len(pieces), buffers))
    assert (caught.value.code, caught.value.row) == ("invalid-utf8", 80)


def test_few_rows_of_a_large_table_do_not_copy_it(identity_of: Identity) -> None:
    """A filtered table of views may refer to all buffers of the table that it comes from."""
    texts = [f"a text of more than twelve bytes {k}" for k in range(20_000)]
    rows = [*range(0, 20_000, 200), 3]
    _, views, *buffers = pa.array(texts, pa.string_view()).buffers()
    chosen = np.frombuffer(views, "V16")[rows].tobytes()
    array = pa.Array.from_buffers(pa.string_view(), len(rows), [None, pa.py_buffer(chosen), *buffers])
    column = arrow.read_column(array)
    assert isinstance(column.values, Texts)
    assert len(column.values.data) < 60 * len(rows)
    whole = arrow.read_column(pa.array(texts[:200], pa.string_view())).values
    assert isinstance(whole, Texts)
    assert len(whole.data) < 60 * 200
    assert served(identity_of, array) == [texts[row] for row in rows]


def test_few_rows_are_objects_and_many_have_a_fixed_width(
    identity_of: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is quicker to hand over; both are the same texts to the graph."""
    kinds = []
    run = GraphSession.run

    def noted(session: GraphSession, feeds: Any) -> Any:
        kinds.append(feeds["v"].dtype.str)
        return run(session, feeds)

    monkeypatch.setattr(GraphSession, "run", noted)
    for column in (["ab"] * (FEW - 1), ["ab"] * FEW, ["ab"] * FEW + ["x" * WIDEST], ["ab"] * FEW + ["x" * PADDING]):
        assert served(identity_of, column) == column
    assert kinds == ["|O", "|S3", "|S256", "|O"]
