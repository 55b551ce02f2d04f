"""Everything of skc that reads what somebody else wrote, as functions of bytes: a typed error, or nothing at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import planted
from archives import zipped

from skc import plan
from skc.artifact import GOLDEN, MANIFEST, MODEL, PLAN, Artifact
from skc.data.typed_rows import open_rows
from skc.diagnostics import SkcError
from skc.expression.parse import parse
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import DataSource, ReadOptions
from skc.verification.record import read_record
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.manifest import Manifest
from skc_runtime.marshal import Marshaller
from skc_runtime.model_scan import scan_model
from skc_runtime.sources import source_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reader:
    """`read` takes bytes, and raises nothing but typed errors; `seeds` are right ones to begin with."""

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]

    def try_it(self, data: bytes) -> None:
        """Read; whatever is not a typed error of the user's kind comes through."""
        try:
            self.read(data)
        except SkcRuntimeError:
            return
        except SkcError as error:
            if error.code.startswith("SKC9"):
                raise


@cache
def artifact() -> Artifact:
    """A small one with every kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        return planted.compiled(Path(folder), rows=0)


def _read_golden(data: bytes) -> None:
    for case in golden.loads(data):
        golden.decode_record(artifact().manifest, case.record)


def _read_archive(data: bytes) -> None:
    source = source_of(data)
    for name in artifact().files:
        source.read(name)


def _read_rows(name: str, **options: Any) -> Callable[[bytes], None]:
    """Reads a file of that name."""

    def read(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            with open_rows(artifact().pipeline.inputs, DataSource(str(path), options=ReadOptions(**options))) as rows:
                for _ in rows.batches():
                    pass

    return read


def _pipelines() -> list[bytes]:
    found = [*ROOT.glob("examples/*/pipeline.yaml"), *ROOT.glob("tests/real/*.yaml")]
    return [planted.PIPELINE.encode(), *(path.read_bytes() for path in sorted(found))]


def _records() -> list[bytes]:
    lines = artifact().files[GOLDEN].splitlines()[1:]
    return [json.dumps(json.loads(line)["record"]).encode() for line in lines[:5]]


def _requests() -> list[bytes]:
    record = b'{"at": "2024-01-15 10:00:00", "amount": 1.5, "kind": "a"}'
    columns = b'{"columns": {"at": ["2024-01-15 10:00:00"], "amount": [1e0], "kind": ["\\ud83d\\ude00"]}}'
    return [record, b"[" + record + b", " + record + b"]", columns]


RECORD = b'{"at": "2024-01-15 10:00:00", "amount": 1.5, "kind": "a"}'
OPTIONS: dict[str, Any] = {
    "thousands": "'",
    "encoding": "cp1252",
    "skip_rows": 1,
    "skip_footer": 1,
    "comment": "#",
    "trim": True,
    "null_values": ("?",),
}
READERS = {
    "pipeline": Reader(lambda data: read_pipeline_text(data.decode("utf-8", "replace"), "p.yaml"), _pipelines),
    "expression": Reader(
        lambda data: parse(data.decode("utf-8", "replace")),
        lambda: [b"fare / max(distance, 0.1)", b"1 if a < b and c in ['x', 'y'] else round(-x ** 2)"],
    ),
    "manifest": Reader(Manifest.from_json, lambda: [artifact().files[MANIFEST]]),
    "plan": Reader(plan.loads, lambda: [artifact().files[PLAN]]),
    "golden": Reader(_read_golden, lambda: [artifact().files[GOLDEN]]),
    "model": Reader(scan_model, lambda: [artifact().files[MODEL]]),
    "archive": Reader(_read_archive, lambda: [zipped(artifact().files)]),
    "record": Reader(lambda data: read_record(artifact(), data.decode("utf-8", "replace")), _records),
    "request": Reader(lambda data: Marshaller(artifact().manifest).json(data, "error"), _requests),
    "csv": Reader(_read_rows("rows.csv"), lambda: [planted.ROWS.encode()]),
    "text": Reader(_read_rows("rows.csv", **OPTIONS), lambda: [f"\n{planted.ROWS}\n# no\nTotal\n".encode("cp1252")]),
    "jsonl": Reader(_read_rows("rows.jsonl"), lambda: [RECORD + b"\n" + RECORD]),
    "json": Reader(_read_rows("rows.json"), lambda: [b"[" + RECORD + b"," + RECORD + b"]"]),
}
SLOW = ("csv", "text", "jsonl", "json")  # an engine is started for every input
