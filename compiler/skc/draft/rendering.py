"""A draft as the text of a pipeline.yaml, with comments that say why."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from skc.draft.column_draft import ColumnDraft
from skc.draft.drafting import Draft
from skc.draft.features import Feature, features_of
from skc.draft.writing import WIDTH, comment, commented, flow, scalar, wrapped
from skc.frontend.names import PIPELINE_NAME
from skc.frontend.yaml.data import options_to_json

OUTPUT = "x"


def text_of(draft: Draft, path: str | None) -> str:
    """The pipeline; `path` is that of the data, as `data` has it. It is None for a table in memory."""
    features = features_of(draft.columns, draft.rows)
    lines = [
        comment(f"# A first pipeline for {_source(draft)}, drafted by `skc init` from all of its {draft.rows:,} rows."),
        "# A guess is marked as one: check it. `skc ops NAME` shows what a step does.",
        "skc: 1",
        f"name: {scalar(name_of(draft))}",
        *_data(draft, path),
        "",
        "inputs:",
        *(line for column in draft.columns for line in _input(column, draft.target)),
        "",
        "features:",
        *(line for feature in features for line in _feature(feature)),
        "",
        "outputs:",
        *_output(draft, features),
    ]
    return "\n".join(lines) + "\n"


def _source(draft: Draft) -> str:
    """The data, whichever folder it is in."""
    files = [Path(file).name for file in draft.source.files]
    return "the table" if not files else files[0] + (f" and {len(files) - 1} more" if files[1:] else "")


def name_of(draft: Draft) -> str:
    """The name of the file, as far as a pipeline may have it."""
    stem = Path(draft.source.files[0]).name.partition(".")[0] if draft.source.files else "table"
    stem = draft.source.table or stem
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", stem)[:128]
    return name if PIPELINE_NAME.fullmatch(name) else f"_{name}"[:128]


def _data(draft: Draft, path: str | None) -> Iterator[str]:
    if path is None:
        return
    options = options_to_json(draft.source.options)
    yield "data:"
    yield f"  path: {scalar(path)}"
    for option, value in options.items():
        why = draft.reading.comments.get(option)
        remark = f"guess: {why}" if option in draft.reading.guesses else why
        yield from commented(f"  {option}: {flow(value)}", [remark or ""], 2)


def _input(column: ColumnDraft, target: str | None) -> list[str]:
    """The line of a column: a comment, if it is left out."""
    value = column.value
    entries: dict[str, Any] = {"type": value.dtype}
    if value.nullable:
        entries["nullable"] = True
    if value.null_values:
        entries["null_values"] = list(value.null_values)
    line = f"{scalar(value.name)}: {flow(entries) if len(entries) > 1 else value.dtype}"
    guesses = {guess for guess in column.guesses if guess not in column.facts}
    remarks = [f"guess: {fact}" if fact in column.guesses else fact for fact in column.facts]
    remarks += [f"guess: {guess}" for guess in column.guesses if guess in guesses]
    if value.name == target:
        return [f"  # {scalar(value.name)}: {remarks[0]}"]
    if column.role is not None:
        return commented(f"  {line}", remarks, 2)
    return commented(f"  # {line}", ["left out: " + "; ".join(remarks)], 2)


def _feature(feature: Feature) -> list[str]:
    of = scalar(feature.of[0]) if len(feature.of) == 1 else flow(feature.of)
    apply = f", apply: {flow(feature.apply)}" if feature.apply else ""
    one = f"  {scalar(feature.name)}: {{from: {of}{apply}}}"
    if len(one) <= WIDTH:
        return commented(one, feature.remarks, 2)
    of = of if len(feature.of) == 1 else wrapped(feature.of, 6, len("    from: "))
    lines = [f"  {scalar(feature.name)}:", f"    from: {of}"]
    if feature.apply:
        lines += ["    apply:", *(f"      - {wrapped(step, 10, 8)}" for step in feature.apply)]
    return [*(line for line in commented("", feature.remarks, 2) if line), *lines]


def _output(draft: Draft, features: Sequence[Feature]) -> list[str]:
    taken = {column.name for column in draft.columns if column.role is not None}
    name = OUTPUT
    while name in taken:
        name += "_"
    names = [feature.name for feature in features if feature.is_output]
    return [f"  {name}: {wrapped({'features': names, 'dtype': 'float32'}, 4, 5)}"]


def data_path(draft: Draft, out: Path | None) -> str | None:
    """The path of the data from the folder of the pipeline."""
    if draft.path is None:
        return None
    if "://" in draft.path or draft.path.startswith("~") or os.path.isabs(draft.path):
        return draft.path
    path, separator, table = draft.path.partition("::")
    folder = Path(".") if out is None else out.parent
    return os.path.relpath(path, folder) + separator + table
