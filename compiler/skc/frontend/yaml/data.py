"""Parses `data`: where training rows come from, and how files of text are read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from skc.diagnostics import did_you_mean, fail
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import as_bool, as_choice, as_list, as_map, as_text, check_keys, wrong_type
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, parse
from skc.ir import WHITESPACE, DataSource, Input, ReadOptions
from skc_runtime.kinds import INT64_MAX, DType

PLACE = ("path", "where", "table")
TARGET, EVENT_TIME = "target", "event_time"
TARGET_TYPES: tuple[DType, ...] = ("float64", "int64", "bool", "string")
OPTIONS = tuple(f.name for f in fields(ReadOptions))
ENCODINGS = (  # of which a misspelt name may be meant
    *("utf-8", "utf-16", "utf-32", "cp1252", "cp1250", "cp1251", "cp437", "cp850", "latin-1", "iso8859-15"),
    *("mac_roman", "koi8-r", "shift_jis", "cp932", "euc_jp", "gb18030", "gbk", "big5", "euc_kr"),
)
HEADER_HINT = "write true, false, the number of the row that has the names (from 1), or a list of names"
LONGEST_SEPARATOR = 8  # characters
MOST_SKIPPED = 1_000_000  # lines


def read_data(node: Node, base_dir: Path | None) -> DataSource:
    """A path, or a mapping. `path` may be missing, since the command line can give it."""
    if not isinstance(node, MapNode):
        return DataSource(located(as_text(node, "`data`"), base_dir), span=node.span)
    check_keys(node, "`data`", [], [*PLACE, *OPTIONS, TARGET, EVENT_TIME])
    if not node.entries:
        raise fail("SKC106", "`data` is empty", span=node.span, hint="add `path:`, or remove `data`")
    entries = {key.text: value for key, value in node.entries}
    texts = {name: as_text(entries[name], f"`{name}` of `data`") for name in PLACE if name in entries}
    path = texts.get("path")
    return DataSource(
        None if path is None else located(path, base_dir),
        texts.get("where"),
        texts.get("table"),
        _read_options({name: entries[name] for name in OPTIONS if name in entries}),
        node.span,
        _read_target(entries[TARGET]) if TARGET in entries else None,
        as_text(entries[EVENT_TIME], f"`{EVENT_TIME}` of `data`") if EVENT_TIME in entries else None,
    )


def _read_target(node: Node) -> Input:
    """A column that training rows have and requests do not: in every row it has a value."""
    hint = "write `target: {column: NAME, type: float64}`"
    body = as_map(node, "`target` of `data`", hint)
    check_keys(body, "`target` of `data`", ["column", "type"])
    entries = {key.text: value for key, value in body.entries}
    name = as_text(entries["column"], "`column` of `target`")
    choice = as_choice(entries["type"], "`type` of `target`", TARGET_TYPES)
    return Input(name, cast(DType, choice), span=entries["column"].span)  # as_choice returns one of them


def located(path: str, base_dir: Path | None) -> str:
    """A relative path is relative to the pipeline file; a URL, and a path in a home folder, is unchanged."""
    is_url = path.startswith("~") or re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path)
    return path if is_url or base_dir is None else str(base_dir / path)


def read_options_text(text: str, file: str) -> ReadOptions:
    """The options in a text, as `options_to_json` writes them. Raises SkcError."""
    node = parse(text, file)
    if not isinstance(node, MapNode):
        raise wrong_type(node, f"`{file}`", "a mapping", "compile the pipeline again")
    check_keys(node, f"`{file}`", [], OPTIONS)
    return _read_options({key.text: value for key, value in node.entries})


def options_to_json(options: ReadOptions) -> dict[str, Any]:
    """The options that are not the default, under their names in YAML."""
    values = {f.name: (getattr(options, f.name), f.default) for f in fields(options)}
    different = {name: value for name, (value, default) in values.items() if repr(value) != repr(default)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in different.items()}


def _read_options(entries: Mapping[str, Node]) -> ReadOptions:
    options = ReadOptions(**{name: READERS[name](node, f"`{name}` of `data`") for name, node in entries.items()})
    _check_together(options, entries)
    return options


def _check_together(options: ReadOptions, entries: Mapping[str, Node]) -> None:
    """Refuse options of which each is possible, but not both."""
    if options.decimal == options.thousands:
        hint = 'a number like 1.234,56 has `decimal: ","` and `thousands: "."`'
        raise _contradiction("`decimal` and `thousands` are the same", entries, ("thousands", "decimal"), hint)
    if options.separator is not None and options.separator in (options.quote, options.comment):
        hint = "the separator is what stands between two fields"
        raise _contradiction("`separator` is also the quote or the comment", entries, ("separator",), hint)
    listed: dict[str, str] = {}
    for name in ("null_values", "true_values", "false_values"):
        for text in getattr(options, name):
            if text in listed:
                message = f"`{shown(text)}` is in `{listed[text]}` and in `{name}`"
                raise _contradiction(message, entries, (name,), "remove it from one of them")
            listed[text] = name


def _contradiction(message: str, entries: Mapping[str, Node], names: tuple[str, ...], hint: str) -> Exception:
    node = next(entries[name] for name in names if name in entries)
    return fail("SKC112", message, span=node.span, hint=hint)


def _text(node: Node, subject: str) -> str:
    """A text, which may be empty."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        raise wrong_type(node, subject, "text", "put it in quotes")
    return node.value


def _separator(node: Node, subject: str) -> str:
    text = as_text(node, subject)
    if text != WHITESPACE and (len(text) > LONGEST_SEPARATOR or re.search('[\\w"\r\n\0]', text)):
        hint = r'write one such as ";" or "|", "\t" for a tab, or `whitespace` for one blank or more'
        raise wrong_type(node, subject, "what stands between two fields", hint)
    return text


def _mark(node: Node, subject: str) -> str:
    """What may be in a number: one character that is not a digit, a sign or a letter."""
    text = as_text(node, subject)
    if len(text) != 1 or text.isalnum() or text in '+-"\r\n\0':
        raise wrong_type(node, subject, "one character", 'write one such as "," or "."')
    return text


def _quote(node: Node, subject: str) -> str:
    text = _text(node, subject)
    if len(text) > 1 or text.isalnum() or text in ("\r", "\n", "\0", " "):
        raise wrong_type(node, subject, "one character", """write one such as "'", or "" if no field is quoted""")
    return text


def _comment(node: Node, subject: str) -> str:
    text = as_text(node, subject)
    if "\n" in text or "\r" in text:
        raise wrong_type(node, subject, "the start of a line", 'write one such as "#"')
    return text


def _encoding(node: Node, subject: str) -> str:
    """The name of a codec of Python that decodes bytes into text."""
    name = as_text(node, subject)
    if not is_text_encoding(name):
        hint = did_you_mean(name, ENCODINGS) or f"write one that Python knows, such as {', '.join(ENCODINGS[:4])}"
        raise fail("SKC110", f"{subject} cannot be `{shown(name)}`", span=node.span, hint=hint)
    return name


def is_text_encoding(name: str) -> bool:
    """Whether Python has a codec of that name that decodes bytes into text, piece by piece."""
    try:
        codec = codecs.lookup(name)
        "".encode(name)  # a codec of bytes to bytes, such as `hex`, cannot
        return codec.incrementaldecoder is not None
    except (LookupError, ValueError):
        return False


def _whole(node: Node, subject: str, least: int = 0) -> int:
    value = node.value if isinstance(node, ScalarNode) else None
    if type(value) is not int or not least <= value <= MOST_SKIPPED:
        raise wrong_type(node, subject, f"a number from {least} to {MOST_SKIPPED}", f"write {least} or more")
    return value


def _header(node: Node, subject: str) -> bool | int | tuple[str, ...]:
    if not isinstance(node, ScalarNode):
        return _texts(node, subject)
    if isinstance(node.value, bool):
        return node.value
    if type(node.value) is int and 1 <= node.value <= INT64_MAX:
        return _whole(node, subject, 1)
    raise wrong_type(node, subject, "true, false, a number or a list", HEADER_HINT)


def _texts(node: Node, subject: str) -> tuple[str, ...]:
    items = as_list(node, subject, 'write a list of texts, such as ["NA", "?"]').items
    texts = [_text(item, f"a value in {subject}") for item in items]
    for k, (text, item) in enumerate(zip(texts, items, strict=True)):
        if text in texts[:k]:
            message = f"{subject} lists `{shown(text)}` twice"
            raise fail("SKC105", message, span=item.span, hint="remove one of them")
    return tuple(texts)


READERS: dict[str, Callable[[Node, str], Any]] = {
    "separator": _separator,
    "decimal": _mark,
    "thousands": _mark,
    "encoding": _encoding,
    "quote": _quote,
    "header": _header,
    "skip_rows": _whole,
    "skip_footer": _whole,
    "comment": _comment,
    "trim": as_bool,
    "null_values": _texts,
    "true_values": _texts,
    "false_values": _texts,
    "sheet": as_text,
}
