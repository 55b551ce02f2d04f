"""Whatever is written is read back by the reader of pipelines, and comments are comments."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from skc.draft.writing import WIDTH, commented, flow, scalar, wrapped
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, parse

WORDS = [
    *(
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "Null",
        "~",
        "",
        " ",
        "1e3",
        "0x1F",
        "1_000",
        "007",
        ".5",
        "-",
        "- x",
    ),
    *("a: b", "a #b", "#a", "a,b", "[a]", "{a}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "'", '"', "?", ": "),
    *(
        "größe",
        "Ȁ",
        "😀",
        "a\nb",
        "\t",
        "\u2028",
        "\x85",
        "\x7f",
        "\ufeff",
        "\\",
        "\\n",
        "2025-05-01",
        "12:30",
        ".inf",
        "nan",
    ),
    *("a b", "a  b", "a ", " a", "a.b", "a/b", "a-b", "a - b", "<<", "=", "null.x", "1.5.2"),
]
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=30), st.dictionaries(TEXTS.filter(lambda t: t != "null"), inner, max_size=5)
    ),
    max_leaves=40,
)


def value_of(node: Node) -> Any:
    if isinstance(node, ListNode):
        return [value_of(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key.text: value_of(value) for key, value in node.entries}
    return node.value


def same(got: Any, want: Any) -> bool:
    if isinstance(want, list):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, dict):
        return list(got) == list(want) and all(same(got[key], want[key]) for key in want)
    if isinstance(want, float):
        return type(got) is float and (got == want and math.copysign(1, got) == math.copysign(1, want))
    return type(got) is type(want) and bool(got == want)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert same(value_of(parse(f"v: {flow(value)}\n", "a.yaml")), {"v": value})
    text = f"  v: {wrapped({'k': value}, 6, 5)}\n"
    assert same(value_of(parse(text, "a.yaml")), {"v": {"k": value}})


@given(TEXTS, TEXTS, SCALARS)
def test_a_key_with_remarks(key: str, remark: str, value: Any) -> None:
    lines = commented(f"  {scalar(key)}: {scalar(value)}", [remark, "x" * 60], 2)
    assert all(line.isprintable() or "\t" not in line for line in lines)
    if key != "null" or scalar(key) != "null":
        assert same(value_of(parse("\n".join(lines) + "\n", "a.yaml")), {key: value})


@given(st.lists(TEXTS, min_size=1, max_size=200))
def test_long_lists_are_on_several_lines(names: list[str]) -> None:
    text = f"    from: {wrapped(names, 6, 10)}"
    assert same(value_of(parse(text + "\n", "a.yaml")), {"from": names})
    longest = max(len(scalar(name)) for name in names)
    assert all(len(line) <= max(WIDTH, longest + 20) for line in text.split("\n"))
