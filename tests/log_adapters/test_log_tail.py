"""examples/log_adapters/log_tail.py: files that are renamed, torn, deleted, or whose names are used again."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "examples" / "log_adapters"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("log_tail", FOLDER / "log_tail.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["log_tail"] = module
    spec.loader.exec_module(module)
    return module


LogTail = load().LogTail


def header(writer: str, part: int) -> str:
    return json.dumps({"skc": "log", "writer": writer, "part": part, "name": "p", "plan": "0"}) + "\n"


def line(n: int) -> str:
    return json.dumps({"n": n, "id": str(n), "time_us": n, "request": {}}) + "\n"


def numbers(tail: Any, most: int = 100) -> list[int]:
    return [request.n for request in tail.take(most)]


def test_a_file_is_read_on_where_it_ended_also_under_its_new_name(tmp_path: Path) -> None:
    file, tail = tmp_path / "7-0.jsonl.open", LogTail(tmp_path)
    assert numbers(tail) == []
    file.write_text(header("a", 0)[:20])
    assert numbers(tail) == []
    file.write_text(header("a", 0) + line(1) + line(2)[:9])
    assert numbers(tail) == [1]
    file.write_text(header("a", 0) + line(1) + line(2) + line(4))
    assert numbers(tail, 1) == [2]
    file.write_text(header("a", 0) + line(1) + line(2) + line(4) + line(5) + '{"end":true,"n":5}\n')
    file.rename(tmp_path / "7-0.jsonl")
    assert numbers(tail) == [4, 5]
    assert numbers(tail) == []


def test_a_restart_goes_on_by_the_number(tmp_path: Path) -> None:
    (tmp_path / "7-0.jsonl").write_text(header("a", 0) + line(1) + line(2))
    (tmp_path / "7-1.jsonl.open").write_text(header("a", 1) + line(3))
    (tmp_path / "8-0.jsonl.open").write_text(header("b", 0) + line(1))
    tail = LogTail(tmp_path)
    assert [(r.writer, r.n) for r in tail.take(2)] == [("a", 1), ("a", 2)]
    assert [(r.writer, r.n) for r in LogTail(tmp_path, tail.shipped).take(9)] == [("a", 3), ("b", 1)]


def test_the_files_of_a_writer_are_read_in_order(tmp_path: Path) -> None:
    """Their names are not: the tenth file comes before the second."""
    for part in reversed(range(12)):
        (tmp_path / f"7-{part}.jsonl").write_text(header("a", part) + line(part + 1))
    assert numbers(LogTail(tmp_path)) == list(range(1, 13))


def test_a_name_that_is_used_again_is_another_file(tmp_path: Path) -> None:
    tail = LogTail(tmp_path)
    (tmp_path / "7-0.jsonl").write_text(header("a", 0) + line(1) + line(2))
    assert numbers(tail) == [1, 2]
    (tmp_path / "7-0.jsonl").unlink()
    (tmp_path / "7-0.jsonl").write_text(header("b", 0) + line(1) + line(2))  # of the same length
    assert numbers(tail) == [1, 2]


def test_what_follows_a_torn_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "7-0.jsonl.open").write_text(header("a", 0) + line(1) + line(2)[:9])
    (tmp_path / "7-1.jsonl").write_text(header("a", 1) + line(3))
    (tmp_path / "notes.txt").write_text("not a log")
    assert numbers(LogTail(tmp_path)) == [1, 3]
