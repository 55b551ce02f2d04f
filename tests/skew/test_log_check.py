"""`skc log check`: what a log lost is found and counted, and what is not a log is refused, whatever the file."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forged_artifacts import GOLDEN_RIDES, RIDE, compile_pipeline, rides
from request_logs import counts_by_kind, files

import skc_runtime
from skc import cli
from skc.diagnostics import SkcError
from skc.skew import log_reader
from skc.skew.check import LogReport, check_log
from skc.skew.log_plans import LogPlan
from skc.skew.log_reader import LoggedRequest, open_lines, parsed_request, read_file
from skc_runtime import Log, RecordError, Transformer

PARTS = 4
EACH = 10  # requests of a file


@pytest.fixture(scope="session")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Transformer:
    artifact = compile_pipeline(rides(), "columns", GOLDEN_RIDES)
    return skc_runtime.load(artifact.write(tmp_path_factory.mktemp("artifacts") / "rides"))


@pytest.fixture(scope="session")
def written(transformer: Transformer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 4 files of 10 requests, of which one was refused."""

    def write(folder: Path, number: int, rotate_bytes: int) -> Path:
        with Log.open(folder, transformer, rotate_bytes=rotate_bytes, flush=0.001, on_full="wait") as log:
            for n in range(number):
                error = RecordError("null", "it is null", "fare") if n % EACH == 9 else None
                features = None if error else transformer.transform_record(RIDE)
                log.add(f"request {n:02}", RIDE, features, error=error, time_us=10 + n)
                while n % EACH == 9 and log.counts().waiting:
                    time.sleep(0.001)
        return folder

    (one,) = files(write(tmp_path_factory.mktemp("logs") / "one", EACH, 1 << 20))
    folder = write(tmp_path_factory.mktemp("logs") / "log", PARTS * EACH, one.stat().st_size - 100)
    assert [len(path.read_bytes().splitlines()) for path in files(folder)] == [EACH + 2] * PARTS
    return folder


@pytest.fixture
def log(written: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "log"))


def findings(*paths: Path) -> dict[str, int]:
    return counts_by_kind(check_log(paths))


def edit(path: Path, change: Callable[[list[bytes]], None]) -> None:
    """Change the lines of a file."""
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_a_whole_log(log: Path) -> None:
    report = check_log([log])
    assert report == LogReport(
        files=PARTS, writers=1, plans=report.plans, requests=40, served=36, dropped=0, sampled_out=0, first_us=10,
        last_us=49, findings=(),
    )  # fmt: skip
    assert report.is_whole
    assert check_log([*files(log), log]) == report  # each file once
    (log / "notes.txt").write_text("not a log")
    assert check_log([log]) == report


def test_numbers_of_one(transformer: Transformer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Log.open(tmp_path / "log", transformer) as log:
        log.add("a", RIDE, transformer.transform_record(RIDE))
    assert cli.run(["log", "check", str(tmp_path / "log")]) == cli.EQUAL
    assert capsys.readouterr().out.startswith("1 request in 1 file of 1 writer, ")


def test_a_compressed_log(log: Path) -> None:
    plain = check_log([log])
    for path in files(log):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert check_log([log]) == plain
    last = files(log)[-1]
    data = last.read_bytes()
    for end in (len(data) // 2, len(data) - 4, 11):
        last.write_bytes(data[:end])
        found = findings(log)
        assert found.pop("cut-short") == 1
        requests: list[LoggedRequest] = []
        read_file(last, requests.append)
        with open_lines(last) as (_, lines):
            assert len([*filter(None, map(parsed_request, lines))]) == len(requests)
        assert set(found) <= {"torn"}
    last.write_bytes(data[:-20] + b"\xff" * 12 + data[-8:])
    assert findings(log)["cut-short"] == 1


def lose(lines: list[bytes]) -> None:
    del lines[3:5]


def tear(lines: list[bytes]) -> None:
    del lines[5:]
    lines[4] = lines[4][:-1]


def scribble(lines: list[bytes]) -> None:
    lines[2] = b"\0" * 100 + b"\n"
    lines[3] = b"{}\n"
    lines[4] = lines[4].replace(b'"n":', b'"N":')


def repeat(lines: list[bytes]) -> None:
    lines.insert(3, lines[2])


def drop(lines: list[bytes]) -> None:
    """As the service writes it if it drops two requests."""
    del lines[3:5]
    total = json.loads(lines[-1])
    lines[-1] = json.dumps({**total, "logged": total["logged"] - 2, "dropped": 2}).encode() + b"\n"


def go_back(lines: list[bytes]) -> None:
    lines[2] = lines[2].replace(b'"time_us":', b'"time_us":90000')


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lose, {"lost": 2}),
        (scribble, {"damaged": 3, "lost": 3}),
        (repeat, {"overlap": 1, "repeated-ids": 1}),
        (drop, {"dropped": 2}),
        (go_back, {"clock": 1}),
        (lambda lines: lines.__delitem__(slice(1, -1)), {"lost": EACH}),
        (lambda lines: lines.__delitem__(-1), {"open": 1}),
    ],
    ids=["lost", "scribbled", "repeated", "dropped", "clock", "empty", "no-end"],
)
def test_a_damaged_file(change: Any, found: dict[str, int], log: Path) -> None:
    """The last one, so that nothing after it depends on it."""
    last = files(log)[-1]
    edit(last, change)
    assert findings(log) == found
    assert check_log([log]).is_whole is (not {"lost", "damaged", "overlap", "dropped"} & set(found))


def test_a_torn_file_whose_end_the_next_one_knows(log: Path) -> None:
    first = files(log)[0]
    edit(first, tear)
    report = check_log([log])
    assert counts_by_kind(report) == {"torn": 1, "open": 1, "lost": EACH - 3}
    assert report.dropped == 0
    last = files(log)[-1]
    edit(last, tear)
    assert findings(last) == {"torn": 1, "open": 1, "missing": PARTS - 1}  # what followed is not known


@pytest.mark.parametrize("cut", [0, 1, 30, -1])
def test_a_file_that_ends_in_its_first_line(cut: int, log: Path) -> None:
    last = files(log)[-1]
    last.write_bytes(last.read_bytes().splitlines()[0][: None if cut < 0 else cut])
    assert findings(log) == {"open": 1} | ({"torn": 1} if cut else {})


def test_missing_files(log: Path) -> None:
    one, two, three, four = files(log)
    assert findings(one, two, four) == {"missing": 1}
    assert findings(one, four) == {"missing": 2}
    assert findings(three, four) == {"missing": 2}
    (finding,) = check_log([one, two, four]).findings
    assert finding.message == "1 files with 10 requests are missing between part 1 and this"
    edit(two, tear)
    assert set(findings(one, two, four)) == {"missing", "torn", "open"}


def test_logs_that_overlap(log: Path, tmp_path: Path) -> None:
    first = files(log)[0]
    (tmp_path / "copy.jsonl").write_bytes(first.read_bytes())
    assert findings(log, tmp_path / "copy.jsonl") == {"overlap": EACH, "repeated-ids": EACH}
    edit(first, tear)  # the whole copy counts
    assert findings(log, tmp_path / "copy.jsonl") == {"overlap": 3, "torn": 1, "open": 1, "repeated-ids": 3}


def test_two_pipelines_and_two_writers(log: Path, transformer: Transformer, tmp_path: Path) -> None:
    for name, change in (("same", None), ("other", "0" * 64)):
        with Log.open(tmp_path / name, transformer) as other:
            other.add("x", RIDE)
        if change:
            path = files(tmp_path / name)[0]
            path.write_text(path.read_text().replace(transformer.manifest.plan, change))
    report = check_log([log, tmp_path / "same"])
    assert (report.writers, report.findings) == (2, ())
    report = check_log([log, tmp_path / "other"])
    assert counts_by_kind(report) == {"plans": 2}
    assert report.is_whole
    with pytest.raises(SkcError, match=f"is of the pipeline {'0' * 64}, not of {transformer.manifest.plan}") as caught:
        check_log([log, tmp_path / "other"], LogPlan(transformer.manifest.plan))
    assert caught.value.code == "SKC604"


def test_a_line_that_is_too_long(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reader, "LONGEST_LINE", 1000)
    edit(files(log)[-1], lambda lines: lines.insert(1, b"x" * 5000 + b"\n"))
    assert findings(log) == {"damaged": 1}


HEAD = {
    "skc": "log", "format": 1, "name": "a", "plan": "b", "writer": "c", "part": 0, "after": 0, "logged": 0,
    "sample": 1.0, "sample_by": "id", "features": "digest", "omit": [], "hash": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe\0", "SKC602"),
        (b"hello\nworld\n", "SKC602"),
        (b"[" * 100_000 + b"\n", "SKC602"),
        (b'{"skc":"golden","format":1}\n', "SKC602"),
        (json.dumps({**HEAD, "format": 2}).encode() + b"\n", "SKC603"),
        (json.dumps({**HEAD, "format": 0}).encode() + b"\n", "SKC602"),
        *[(json.dumps({k: v for k, v in HEAD.items() if k != key}).encode() + b"\n", "SKC602") for key in HEAD],
        *[(json.dumps({**HEAD, key: {}}).encode() + b"\n", "SKC602") for key in HEAD],
    ],
)
def test_what_is_not_a_log(data: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    for path in (tmp_path / "a.jsonl", tmp_path):
        with pytest.raises(SkcError) as caught:
            check_log([path])
        assert caught.value.code == code
        assert "a.jsonl" in str(caught.value)
        assert caught.value.diagnostics[0].hint


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path, Path("a\0b")):
        with pytest.raises(SkcError) as caught:
            check_log([path])
        assert caught.value.code == "SKC601"


def test_a_command_that_follows_the_hint(log: Path, tmp_path: Path) -> None:
    def hint(*paths: Path) -> str | None:
        with pytest.raises(SkcError) as caught:
            check_log(paths)
        return caught.value.diagnostics[0].hint

    (tmp_path / "notes.txt").write_text("hello")
    assert hint(tmp_path / "notes.txt") == (
        "a log is written by `Log.open` of a runtime; its files end in .jsonl, .jsonl.open, .jsonl.gz"
    )
    assert hint(tmp_path) == "give a folder that has files ending in .jsonl, .jsonl.open, .jsonl.gz"
    assert check_log([log]).findings == ()
    assert hint(tmp_path / "nowhere") == "give the files of a log, or its folder"
    assert check_log(files(log)).findings == ()


def test_the_command(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["log", "check", str(log)]) == cli.EQUAL
    out = capsys.readouterr().out
    assert "requests in 4 files of 1 writer, " in out
    assert out.endswith("nothing is missing\n")
    last = files(log)[-1]
    edit(last, lose)
    assert cli.run(["log", "check", str(log)]) == cli.DIFFERENT
    assert f"lost: 2 requests that the service wrote are not in the file ({last})" in capsys.readouterr().out
    assert cli.run(["log", "check", str(log), "--format", "json"]) == cli.DIFFERENT
    document = json.loads(capsys.readouterr().out)
    assert (document["skc"], document["whole"]) == ("log-check", False)
    assert [finding["kind"] for finding in document["findings"]] == ["lost"]
    assert cli.run(["log", "check", "nowhere"]) == cli.USER
    assert "SKC601" in capsys.readouterr().err
    assert cli.run(["log"]) == cli.USER
    assert "Missing command" in capsys.readouterr().err
