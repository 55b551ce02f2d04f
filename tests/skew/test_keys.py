"""Keys that match nowhere: what is proposed, by `skc replay` and by `skc parity`, for every form of a key."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from key_cases import WRITTEN

from skc.data.duckdb.connection import open_database
from skc.diagnostics import SkcError
from skc.skew.keys.forms import FORMS, Form, KeyForm, read_form
from skc.skew.keys.template import FIELD, KeyTemplate, read_template
from skc.skew.replay.keys import Keys, none_in_common
from skc.skew.replay.rules import Key

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
WAYS = [(name, is_written) for name in WRITTEN for is_written in (True, False)]


def form_of(template: str) -> Form:
    """The form of the field of a template."""
    field = FIELD.search(template)
    assert field is not None
    form = read_form(field[2] or "")
    assert form is not None
    return form


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name or "as it is")
def test_a_form_has_a_case(form: KeyForm) -> None:
    assert form in {form_of(template).kind for _, _, template in WRITTEN.values()}, f"tests/key_cases.py: {form}"


@pytest.mark.parametrize("form", [form for form in FORMS if form.name], ids=lambda form: form.name)
def test_a_form_is_on_the_page(form: KeyForm) -> None:
    forms = [row.split(" | ")[0] for row in PAGE.read_text().splitlines() if row.startswith("| `")]
    assert any(f"`{form.name}" in forms_of_row for forms_of_row in forms), f"docs/parity.md does not list {form}"


@pytest.mark.parametrize("template", [template for _, _, template in WRITTEN.values()])
def test_a_template_is_read_as_it_is_written(template: str) -> None:
    assert read_template(template, "user_id").text("user_id") == template


@pytest.mark.parametrize("text", ["~", "~~lower", "0>", "after", "after ::", "lower ", "zzz"])
def test_what_is_not_a_form(text: str) -> None:
    with pytest.raises(SkcError, match="is not a form of a key"):
        read_template(f"{{id:{text}}}", "id")


@pytest.mark.parametrize(("name", "is_written"), WAYS, ids=[f"{n}{'' if w else ', reversed'}" for n, w in WAYS])
def test_replay_proposes_what_matches(name: str, is_written: bool) -> None:
    """In both directions: a table of training may write the keys of the log, or the log those of the table."""
    keys, write, template = WRITTEN[name]
    of_log, of_training = [write(key) for key in keys], keys
    if not is_written:
        of_log, of_training = of_training, of_log
    hint = proposal(of_log, of_training)
    log, table = ("log", "table") if is_written else ("table", "log")
    words = re.escape(read_template(template, "user_id").words)
    said = [rf"the keys of the {log} are those of the {table}, {words}"]
    said.append(rf"the keys of the {table} are those of the {log}, (?!both).*")  # what adds, for what takes away
    if not is_written and re.search("~|fold", template):
        said.append("the keys of the log are those of the table, both .*")  # the same in both directions
    assert re.fullmatch(f"({'|'.join(said)}): write them the same way in the table", hint), hint


def proposal(of_log: list[str], of_training: list[str]) -> str:
    """The hint that a replay gives for keys that match nowhere."""
    with open_database(1) as database:
        database.register("log", pa.table({"k": of_log}))
        database.register("training", pa.table({"k": of_training}))
        keys = Keys("SELECT k FROM log", "SELECT k FROM training", {})
        return none_in_common(database, Key("id", "user_id"), keys).diagnostics[0].hint or ""


def test_a_small_table_of_training_gets_a_proposal() -> None:
    """Its keys are few of those of the log."""
    of_log = [f"user:{k}" for k in range(50_000)]
    hint = proposal(of_log, [f"{k}" for k in range(40_000, 40_030)])
    assert hint.startswith("the keys of the table are those of the log, without what is before the last `:`: ")


def test_a_form_in_which_two_keys_are_one_is_not_proposed() -> None:
    """Which of both a request is of would not be known."""
    of_training = [f"{chr(97 + (7 * k + other) % 26)}{k}" for k in range(100) for other in (0, 3)]
    assert proposal([f"{k}" for k in range(100)], of_training).startswith("give the column of the training table")


def test_keys_with_what_a_template_reserves_get_no_broken_proposal() -> None:
    of_training = [f"{k}" for k in range(100)]
    for write in ("{{{}}}".format, "*{}".format, "{}*".format):
        assert "before them" not in proposal([write(key) for key in of_training], of_training)


def test_the_words_of_a_template() -> None:
    template = read_template("*:{id:0>8}|*", "id")
    words = "with zeros in front, 8 characters long, with something and `:` before them, "
    assert template.words == words + "with something and `|` after them"
    assert KeyTemplate().words == ""
