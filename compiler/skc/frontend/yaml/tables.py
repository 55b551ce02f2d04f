"""A parameter that is a mapping, read from a file: `values_from` in place of `values`.

Why here: a plan holds what was read, never the name of a file that may change. The file is read as training rows are,
with the same options and the same refusals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from skc.diagnostics import SkcError, Span, fail
from skc.frontend.problems import shown
from skc.frontend.yaml.data import OPTIONS, read_data
from skc.frontend.yaml.fields import as_choice, as_map, as_text, check_keys
from skc.frontend.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from skc.ir import Input
from skc.op import AnyOp
from skc.values.types import Scalar
from skc_runtime.kinds import DType

if TYPE_CHECKING:
    from skc.data.typed_rows import Rows

FROM = "_from"
KEYS, VALUES = ("string", "int64", "bool"), ("float64", "int64", "bool", "string")  # the types of their columns
MOST_ROWS = 100_000
AT_ONCE = 4096
HINT = "write {path: FILE, key: COLUMN, columns: {COLUMN: float64}}"


def with_table(op: AnyOp, node: Node | None, base_dir: Path | None) -> Node | None:
    """The parameters of a step, with the one that it reads from a file written out. Raises SkcError."""
    if op.from_file is None or not isinstance(node, MapNode):
        return node
    name = f"{op.from_file}{FROM}"
    body = node.get(name)
    if body is None:
        return node
    for key, _ in node.entries:
        if key.text in (op.from_file, "columns"):
            message = f"`{op.name}` has both `{key.text}` and `{name}`"
            raise fail("SKC106", message, span=key.span, hint="write one of the two")
    others = tuple(entry for entry in node.entries if entry[0].text != name)
    return MapNode((*others, *_read(op.from_file, as_map(body, f"`{name}`", HINT), base_dir)), node.span)


def _read(parameter: str, body: MapNode, base_dir: Path | None) -> Iterator[tuple[ScalarNode, Node]]:
    """The parameter, and the names of its columns where there are several."""
    subject = f"`{parameter}{FROM}`"
    check_keys(body, subject, ["path", "key", "columns"], ["table", *OPTIONS])
    entries = {key.text: value for key, value in body.entries}
    key, columns = _key(entries["key"]), _columns(entries["columns"])
    if key.name in {column.name for column in columns}:
        message = f"the column `{shown(key.name)}` is the key, and one of `columns`"
        raise fail("SKC105", message, span=entries["columns"].span, hint="remove it from `columns`")
    of_file = MapNode(tuple(e for e in body.entries if e[0].text not in ("key", "columns")), body.span)
    rows = _rows((key, *columns), of_file, base_dir)
    yield _text(parameter, body.span), _mapping(rows, body.span)
    if len(columns) > 1:
        yield _text("columns", body.span), ListNode(tuple(_text(c.name, body.span) for c in columns), body.span)


def _key(node: Node) -> Input:
    """`key: COLUMN`, of text, or `key: {COLUMN: int64}`."""
    if not isinstance(node, MapNode):
        return Input(as_text(node, "`key`"), "string", span=node.span)
    ((name, kind),) = node.entries if len(node.entries) == 1 else ((None, node),)
    if name is None:
        raise fail("SKC107", "`key` must be one column", span=node.span, hint="write `key: COLUMN`")
    return Input(name.text, cast(DType, as_choice(kind, "the type of the key", KEYS)), span=name.span)


def _columns(node: Node) -> tuple[Input, ...]:
    columns = as_map(node, "`columns`", "write {COLUMN: float64}, with the type of each")
    if not columns.entries:
        raise fail("SKC107", "`columns` must not be empty", span=node.span, hint="name a column and its type")
    return tuple(
        Input(name.text, cast(DType, as_choice(kind, f"the type of `{shown(name.text)}`", VALUES)), span=name.span)
        for name, kind in columns.entries
    )


def _rows(inputs: tuple[Input, ...], file: MapNode, base_dir: Path | None) -> dict[str, list[Scalar]]:
    """The values of every key. Raises SkcError, with the place in the file and in the pipeline."""
    from skc.data.typed_rows import open_rows  # the engine is loaded where a pipeline has such a table

    try:
        with open_rows(inputs, None, read_data(file, base_dir)) as opened:
            if opened.total > MOST_ROWS:
                hint = "join such a table before skc, and give its columns as inputs"
                raise fail("SKC107", f"the table has {opened.total:,} rows, more than {MOST_ROWS:,}", hint=hint)
            return _by_key(inputs, opened)
    except SkcError as error:
        raise SkcError(*(replace(d, span=d.span or file.span) for d in error.diagnostics)) from None


def _by_key(inputs: Sequence[Input], opened: Rows) -> dict[str, list[Scalar]]:
    from skc.data.engine import AnyRow

    rows: dict[str, list[Scalar]] = {}
    places: dict[str, int] = {}
    twice: tuple[str, int] | None = None
    number = 0
    with closing(opened.data.batches([i.name for i in inputs], AT_ONCE)) as batches:
        for batch in batches:
            for values in zip(*(batch.column(k).to_pylist() for k in range(len(inputs))), strict=True):
                key = str(values[0]).lower() if isinstance(values[0], bool) else str(values[0])
                twice = twice or ((key, number) if key in places else None)
                places.setdefault(key, number)
                rows.setdefault(key, [*values[1:]])
                number += 1
    if twice is not None:
        key, again = twice
        first, second = (opened.data.find(AnyRow(), skip=n).place for n in (places[key], again))
        message = f"the key `{shown(key)}` is there twice: {first}, and {second}"
        raise fail("SKC105", message, span=inputs[0].span, hint="remove one of the two rows")
    return rows


def _mapping(rows: dict[str, list[Scalar]], span: Span) -> MapNode:
    entries = []
    for key, values in rows.items():
        nodes = tuple(ScalarNode(value, str(value), span, plain=False) for value in values)
        entries.append((_text(key, span), nodes[0] if len(nodes) == 1 else ListNode(nodes, span)))
    return MapNode(tuple(entries), span)


def _text(text: str, span: Span) -> ScalarNode:
    return ScalarNode(text, text, span, plain=False)
