"""Kinds of parameters that several ops on text have."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

MOST_CHARACTERS = 1000  # what RE2 counts to
OrError = Literal["null", "error"]


def _as_list(value: Any) -> Any:
    """One text as a list of one."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def named_null(value: Any) -> Any:
    """YAML reads `null` as None; here it is the name of a policy."""
    return "null" if value is None else value


Word = Annotated[str, Field(min_length=1)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
Policy = Annotated[OrError, BeforeValidator(named_null, json_schema_input_type=OrError | None)]
Longest = Annotated[int, Field(ge=1, le=MOST_CHARACTERS)]
