"""The error codes: one table for every language."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

import skc_runtime
from skc.ops import OPS
from skc_runtime import ArtifactError, RecordError, SkcRuntimeError
from skc_runtime.errors import CODES, GUARD_CODES, shown

SOURCES = sorted(Path(skc_runtime.__file__).parent.glob("*.py"))


def test_the_constants_are_those_of_the_schema(schemas: Path) -> None:
    table = json.loads((schemas / "errors.v1.json").read_bytes())
    assert (table["skc"], table["version"]) == ("errors", 1)
    assert [(row["code"], row["kind"]) for row in table["codes"]] == list(CODES.items())
    assert {row["code"] for row in table["codes"] if row["guard"]} == GUARD_CODES
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["code"]) and row["meaning"] for row in table["codes"])


def test_every_code_that_the_source_raises_is_in_the_table_and_the_other_way_round() -> None:
    text = "".join(path.read_text() for path in SOURCES if path.name != "errors.py")
    classes = {"ArtifactError": "artifact", "RecordError": "record", "SkcRuntimeError": "runtime"}
    raised = re.findall(r"\b(ArtifactError|RecordError|SkcRuntimeError)\(\s*\"([a-z0-9-]+)\"", text)
    ours = GUARD_CODES - {"invalid-value"}  # raised by the graph alone; a text may be invalid too
    assert {(code, classes[name]) for name, code in raised} == {
        (code, kind) for code, kind in CODES.items() if code not in ours
    }


def test_every_guard_of_an_op_has_a_code_in_the_table() -> None:
    for op in OPS.values():
        for case in op.cases:
            assert {code for code, _, _ in case.guards} <= GUARD_CODES, (op.name, case.name)


@pytest.mark.parametrize("kind", [SkcRuntimeError, ArtifactError, RecordError])
def test_an_error_survives_a_process_boundary(kind: type[SkcRuntimeError]) -> None:
    error = kind("null", "the input is null", "fare", 3, "send a value", "a step")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)


def test_the_text_says_code_place_and_way_out() -> None:
    assert str(RecordError("null", "it is null", "fare", 3, "send a value")) == (
        "error[null]: it is null (input `fare`, row 3)\n\nhint: send a value"
    )
    assert str(SkcRuntimeError("closed", "it is closed")) == "error[closed]: it is closed"


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError("no")


def test_any_value_can_be_shown() -> None:
    assert shown("a" * 100) == "'" + "a" * 58 + "…"
    assert shown("\ud800") == "'\\ud800'"
    assert shown(Unprintable()) == "<Unprintable whose repr raises ValueError>"
