"""How the online store writes a key: `user:{user_id}`, `{user_id:upper}`, `{user_id:0>8}`, `{user_id}|*`.

A template has one field, the key, and a `*` at its beginning or end for whatever a store adds there. Both sides are
brought into one form, the text of the field: the offline key as the template writes it, the online key without what
is around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skc.data.duckdb.connection import literal
from skc.diagnostics import fail
from skc_runtime.kinds import DType

FIELD = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
PADDED = re.compile(r"0>([1-9][0-9]?)")
ANY = "*"
KEYS: tuple[DType, ...] = ("string", "int64")
# By form: the SQL of an offline key in it.
FORMS: dict[str, Callable[[str], str]] = {
    "": lambda k: k,
    "lower": lambda k: f"lower({k})",
    "upper": lambda k: f"upper({k})",
    "trim0": lambda k: f"CASE WHEN ltrim({k}, '0') = '' AND {k} <> '' THEN '0' ELSE ltrim({k}, '0') END",
    "hex": lambda k: f"lower(replace({k}, '-', ''))",
    "uuid": lambda k: _with_dashes(f"lower(replace({k}, '-', ''))"),
}
HINT = "write it as user:{KEY}, with {KEY:upper}, {KEY:lower}, {KEY:0>8}, {KEY:trim0}, {KEY:hex} or {KEY:uuid}"


@dataclass(frozen=True)
class KeyTemplate:
    """How the store writes a key: text before it, the key in a form, text after it. An end may be anything."""

    before: str = ""
    form: str = ""
    after: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a part of the online key is not known, so that no key can be written."""
        return ANY in (self.before[:1], self.after[-1:])

    def text(self, name: str) -> str:
        """The template as an option says it."""
        return f"{self.before}{{{name}{':' if self.form else ''}{self.form}}}{self.after}"

    def offline(self, key: str) -> str:
        """SQL: an offline key, a text, in the form of the template."""
        padded = PADDED.fullmatch(self.form)
        if padded is None:
            return FORMS[self.form](key)
        width = int(padded[1])
        return f"CASE WHEN length({key}) >= {width} THEN {key} ELSE lpad({key}, {width}, '0') END"

    def online(self, key: str) -> str:
        """SQL: the text of the field in an online key, a text; null where it is not of the template."""
        if not self.before and not self.after:
            return key
        begin = ".*?" if self.before[:1] == ANY else ""
        end = ".*" if self.after[-1:] == ANY else ""
        before = re.escape(self.before.removeprefix(ANY) if begin else self.before)
        after = re.escape(self.after.removesuffix(ANY) if end else self.after)
        lazy = "*?" if after else "*"
        pattern = literal(f"^{begin}{before}(.{lazy}){after}{end}$")
        return f"CASE WHEN regexp_matches({key}, {pattern}, 's') THEN regexp_extract({key}, {pattern}, 1, 's') END"

    def written(self, key: str) -> str:
        """A key in the form of the template as the store has it."""
        return f"{self.before}{key}{self.after}"


def read_template(text: str, name: str) -> KeyTemplate:
    """Raises SKC140 for anything but one field, of that name and of a known form, with text around it."""
    fields = list(FIELD.finditer(text))
    hint = HINT.replace("KEY", name)
    if len(fields) != 1 or fields[0][1] != name or set("{}") & set(FIELD.sub("", text)):
        raise fail("SKC140", f"`{text}` is not a template with the field {{{name}}}", hint=hint)
    (field,) = fields
    form = field[2] or ""
    if form not in FORMS and PADDED.fullmatch(form) is None:
        raise fail("SKC140", f"`{form}` is not a form of a key", hint=hint)
    before, after = text[: field.start()], text[field.end() :]
    if ANY in before[1:] or ANY in after[:-1] or (before == after == ANY):
        raise fail("SKC140", f"`{text}` has a * that is not at one end", hint=f"write {{{name}}}|* or *:{{{name}}}")
    if (before.startswith(ANY) and len(before) == 1) or (after.endswith(ANY) and len(after) == 1):
        raise fail("SKC140", f"`{text}` does not say where the key ends", hint=f"write {{{name}}}|* or *:{{{name}}}")
    return KeyTemplate(before, form, after)


def read_key(text: str) -> tuple[str, str]:
    """`user_id` or `user_id=uid`: the column of the offline table, and that of the online one. Raises SKC140."""
    offline, equals, online = text.partition("=")
    if not offline or (equals and not online):
        raise fail("SKC140", f"`{text}` does not name a key", hint="write --key user_id, or --key user_id=uid")
    return offline, online or offline


def key_for_store(key: str, dtype: DType, template: KeyTemplate | None) -> Any:
    """A key as a store is asked for it: a number only where its column is one, and no template writes it."""
    if template is not None:
        return template.written(key)
    return int(key) if dtype == "int64" else key


def _with_dashes(digits: str) -> str:
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return f"concat_ws('-', {', '.join(f'substr({digits}, {start}, {length})' for start, length in cuts)})"
