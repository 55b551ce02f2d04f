"""What the functions of `skc.api` return that is made of the results of several stages."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc.artifact import Artifact
from skc.diagnostics import Diagnostic
from skc.environment_matrix import Matrix, record_of
from skc.verification.report import Report
from skc.verification.shown import OneLine, count

if TYPE_CHECKING:
    from skc.draft.column_draft import ColumnDraft


@dataclass(frozen=True)
class Stage:
    """One line of the table `skc compile` prints."""

    name: str
    rows: int
    seconds: float


class Clock:
    """Times the stages of one compilation."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._last = time.perf_counter()

    def lap(self, name: str, rows: int) -> None:
        now = time.perf_counter()
        self.stages.append(Stage(name, rows, now - self._last))
        self._last = now


@dataclass(frozen=True, repr=False)
class Compiled(OneLine):
    """The result of compiling. `path` is None if nothing was written; `report` is None if it was not verified.

    `against` is the report of the comparison with the estimator that was compiled, if one was.
    """

    artifact: Artifact
    path: Path | None
    report: Report | None
    warnings: tuple[Diagnostic, ...]
    stages: tuple[Stage, ...]
    against: Report | None = None

    @property
    def reports(self) -> tuple[Report, ...]:
        """Those that there are."""
        return tuple(report for report in (self.report, self.against) if report is not None)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, as far as it was verified."""
        return all(report.is_equal for report in self.reports)

    def verdict(self) -> str:
        """One line: where it is, and whether it was verified."""
        where = "in memory" if self.path is None else f"in {self.path}"
        verdict = "; ".join(report.verdict() for report in self.reports) or "not verified"
        return f"{where}, plan {self.artifact.manifest.plan[:12]}: {verdict}"

    def to_json(self) -> dict[str, Any]:
        """The facts of the printed table."""
        return {
            "name": self.artifact.pipeline.name,
            "identity": self.artifact.identity,
            "plan": self.artifact.manifest.plan,
            "path": None if self.path is None else str(self.path),
            "bytes": self.artifact.size,
            "stages": [{"name": s.name, "rows": s.rows, "seconds": round(s.seconds, 3)} for s in self.stages],
            "outputs": [
                {"name": o.name, "dtype": o.dtype, "columns": list(o.columns)} for o in self.artifact.manifest.outputs
            ],
            "report": None if self.report is None else self.report.to_json(),
            "against": None if self.against is None else self.against.to_json(),
            "warnings": [w.to_json() for w in self.warnings],
        }


@dataclass(frozen=True, repr=False)
class Collected(OneLine):
    """The result of `fit_state` and `merge_states`: the state of `rows` rows of `sources`, in a file of `bytes` bytes.

    `path` is None if nothing was written. `cannot` has the statistics that cannot be merged, as `merge` refuses them.
    """

    name: str
    path: Path | None
    rows: int
    bytes: int
    sources: tuple[str, ...]
    cannot: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]

    def verdict(self) -> str:
        """One line: where it is, and of how many rows."""
        where = "nothing was written" if self.path is None else f"wrote {self.path}"
        of = f"{where}: the state of {count(self.rows, 'row')} of `{self.name}`, {self.bytes:,} bytes"
        return f"{of}; {count(len(self.cannot), 'statistic')} cannot be merged" if self.cannot else of

    def to_json(self) -> dict[str, Any]:
        """The facts."""
        return {
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "rows": self.rows,
            "bytes": self.bytes,
            "sources": list(self.sources),
            "cannot": [one.to_json() for one in self.cannot],
            "warnings": [w.to_json() for w in self.warnings],
        }


@dataclass(frozen=True, repr=False)
class Drafted(OneLine):
    """The result of `init`: the text of a pipeline.yaml, and what it says of each column.

    `path` is None if nothing was written.
    """

    name: str
    text: str
    path: Path | None
    rows: int
    columns: tuple[ColumnDraft, ...]
    warnings: tuple[Diagnostic, ...]

    @property
    def inputs(self) -> int:
        """How many columns are inputs."""
        return sum(column.role is not None for column in self.columns)

    @property
    def guesses(self) -> tuple[tuple[int, str], ...]:
        """The lines of the text with a guess, from 1."""
        from skc.draft.writing import MARK

        lines = enumerate(self.text.splitlines(), start=1)
        return tuple((number, line.strip()) for number, line in lines if MARK in line)

    def verdict(self) -> str:
        """One line: what it was made of."""
        of = f"{count(len(self.columns), 'column')} of {count(self.rows, 'row')}"
        return f"`{self.name}`, {of}: {count(self.inputs, 'input')}, {len(self.columns) - self.inputs} left out"

    def to_json(self) -> dict[str, Any]:
        """The facts, and the text."""
        return {
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "rows": self.rows,
            "columns": [column.to_json() for column in self.columns],
            "guesses": [{"line": number, "text": text} for number, text in self.guesses],
            "warnings": [w.to_json() for w in self.warnings],
            "text": self.text,
        }


@dataclass(frozen=True, repr=False)
class Verified(OneLine):
    """The result of a verification here, and under the other requested versions of ONNX Runtime."""

    report: Report
    environments: Matrix | None = None

    @property
    def is_equal(self) -> bool:
        return self.report.is_equal and (self.environments is None or self.environments.is_equal)

    def verdict(self) -> str:
        """One line, of both."""
        parts = [self.report, *([] if self.environments is None else [self.environments])]
        return "; ".join(part.verdict() for part in parts)

    def to_json(self) -> dict[str, Any]:
        """The report; with `environments` the document of verified.json."""
        return self.report.to_json() if self.environments is None else self.record()

    def record(self) -> dict[str, Any]:
        """What `save` writes."""
        return record_of(self.report.to_json(), self.environments)
