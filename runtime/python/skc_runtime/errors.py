"""The errors of a runtime: a code that every language shares, the location, and a suggested fix.

Why codes: a service decides how to answer by the code, never by the text. `schemas/errors.v1.json` holds the
same table for every language; a test keeps the two equal. Codes are only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Kind = Literal["artifact", "record", "runtime"]

CODES: Mapping[str, Kind] = {
    "artifact-not-found": "artifact",
    "artifact-file-missing": "artifact",
    "artifact-malformed": "artifact",
    "artifact-too-new": "artifact",
    "artifact-unsafe": "artifact",
    "artifact-too-large": "artifact",
    "artifact-hash-mismatch": "artifact",
    "artifact-inconsistent": "artifact",
    "model-refused": "artifact",
    "onnxruntime-too-old": "artifact",
    "identity-mismatch": "artifact",
    "signature-missing": "artifact",
    "signature-invalid": "artifact",
    "golden-mismatch": "artifact",
    "host-arithmetic": "artifact",
    "missing-key": "record",
    "unknown-key": "record",
    "duplicate-column": "record",
    "null": "record",
    "nan": "record",
    "wrong-type": "record",
    "not-exact": "record",
    "not-integral": "record",
    "int64-overflow": "record",
    "float32-overflow": "record",
    "naive-datetime": "record",
    "aware-datetime": "record",
    "nul-in-string": "record",
    "invalid-utf8": "record",
    "unsupported-type": "record",
    "unsupported-data": "record",
    "wrong-shape": "record",
    "unequal-lengths": "record",
    "malformed-json": "record",
    "request-too-large": "record",
    "unknown-category": "record",
    "invalid-value": "record",
    "out-of-range": "record",
    "ambiguous-time": "record",
    "nonexistent-time": "record",
    "not-finite": "record",
    "rounding-noise": "record",
    "tie": "record",
    "closed": "runtime",
    "invalid-option": "runtime",
    "run-failed": "runtime",
    "log-failed": "runtime",
}


# The codes of guards, which a policy of `error` in a pipeline may raise.
GUARD_CODES = frozenset(
    {
        "unknown-category",
        "invalid-value",
        "out-of-range",
        "ambiguous-time",
        "nonexistent-time",
        "not-finite",
        "rounding-noise",
        "tie",
    }
)


class SkcRuntimeError(Exception):
    """Any refusal by a runtime. `code` is stable; the text is for people and may change.

    `input` is the name of the input (or, if a step refused, of that step's input column), `row` the
    0-based row of a batch (None for a single record), `step` the step whose policy is `error`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        input: str | None = None,  # noqa: A002  # the public name, the same in every language
        row: int | None = None,
        hint: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(code, message, input, row, hint, step)  # all of them, so that the error can be pickled
        self.code = code
        self.message = message
        self.input = input
        self.row = row
        self.hint = hint
        self.step = step

    def __str__(self) -> str:
        places = [f"input `{self.input}`"] if self.input is not None else []
        places += [f"row {self.row}"] if self.row is not None else []
        where = f" ({', '.join(places)})" if places else ""
        hint = f"\n\nhint: {self.hint}" if self.hint else ""
        return f"error[{self.code}]: {self.message}{where}{hint}"


class ArtifactError(SkcRuntimeError):
    """The artifact cannot be served: it is damaged, tampered with, too new, or does not reproduce here."""


class RecordError(SkcRuntimeError):
    """The request cannot be served: it breaks the contract, or a policy of `error` of the pipeline."""

    def at(self, name: str | None = None, row: int | None = None) -> RecordError:
        """The same error, with the location filled in if it has none."""
        return RecordError(
            self.code,
            self.message,
            self.input if name is None else name,
            self.row if row is None else row,
            self.hint,
            self.step,
        )


def shown(value: object, limit: int = 60) -> str:
    """A value as shown in a message: its repr, cut to a reasonable length."""
    try:
        text = repr(value)
    except Exception as error:  # a foreign __repr__ must not hide the refusal
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
