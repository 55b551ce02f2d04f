"""How a system writes a key: `user:{user_id}`, `{user_id:upper}`, `{user_id:0>8}`, `{user_id}|*`.

A template has one field, the key, and a `*` at its beginning or end for whatever is added there. Both sides are
brought into one form, the text of the field: the key as the template writes it, and the other without what is around
it. In `{user_id:~lower}` both are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skc.data.duckdb.connection import literal
from skc.diagnostics import fail
from skc.skew.keys.forms import ANY, AS_IT_IS, BOTH, FORMS, Form, read_form

FIELD = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
EXAMPLES = {"0>": "0>8", "after ": "after :", "before ": "before |"}  # of forms with an argument


@dataclass(frozen=True)
class KeyTemplate:
    """How keys are written: text before them, the key in a form, text after it. An end may be anything."""

    before: str = ""
    form: Form = AS_IT_IS
    after: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a part of the key is not known, so that none can be written."""
        return self.form.of_both or ANY in (self.before[:1], self.after[-1:])

    def text(self, name: str) -> str:
        """The template as an option says it."""
        return f"{self.before}{{{name}{':' if self.form.text else ''}{self.form.text}}}{self.after}"

    @property
    def words(self) -> str:
        """What keys are that it writes: "in lower case, with `user:` before them"."""
        ends = [_end(self.before, "before"), _end(self.after, "after")]
        return ", ".join(part for part in (self.form.words, *ends) if part)

    def offline(self, key: str) -> str:
        """SQL: a key, a text, in the form of the template."""
        return self.form.sql(key)

    def online(self, key: str) -> str:
        """SQL: the text of the field in a written key, a text; null where it is not of the template."""
        field = self._field(key)
        return self.form.sql(field) if self.form.of_both else field

    def _field(self, key: str) -> str:
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
        """A key in the form of the template, as the system has it."""
        return f"{self.before}{key}{self.after}"


def read_template(text: str, name: str) -> KeyTemplate:
    """Raises SKC140 for anything but one field, of that name and of a known form, with text around it."""
    fields = list(FIELD.finditer(text))
    hint = f"write it as user:{{{name}}}, with {_forms(name)}"
    if len(fields) != 1 or fields[0][1] != name or set("{}") & set(FIELD.sub("", text)):
        raise fail("SKC140", f"`{text}` is not a template with the field {{{name}}}", hint=hint)
    (field,) = fields
    form = read_form(field[2] or "")
    if form is None:
        raise fail("SKC140", f"`{field[2]}` is not a form of a key", hint=hint)
    before, after = text[: field.start()], text[field.end() :]
    if ANY in before[1:] or ANY in after[:-1] or (before == after == ANY):
        raise fail("SKC140", f"`{text}` has a * that is not at one end", hint=f"write {{{name}}}|* or *:{{{name}}}")
    if (before.startswith(ANY) and len(before) == 1) or (after.endswith(ANY) and len(after) == 1):
        raise fail("SKC140", f"`{text}` does not say where the key ends", hint=f"write {{{name}}}|* or *:{{{name}}}")
    return KeyTemplate(before, form, after)


def _forms(name: str) -> str:
    """Every form in a template, the last of them one of both sides."""
    forms = [EXAMPLES.get(kind.name, kind.name) for kind in FORMS if kind.name]
    *most, last = [f"{{{name}:{form}}}" for form in (*forms, f"{BOTH}lower")]
    return f"{', '.join(most)} or {last}"


def _end(text: str, place: str) -> str:
    fixed = text.replace(ANY, "")
    return "" if not text else f"with {'something and ' if fixed != text else ''}`{fixed}` {place} them"
