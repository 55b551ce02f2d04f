"""A full disk is not the fault of a file: it is told as what it is, with what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from skc.data.duckdb.connection import engine_errors
from skc.diagnostics import SkcError

MESSAGES: list[Exception] = [
    duckdb.IOException('IO Error: Could not write file "/tmp/skc-fit-x/fit.duckdb": No space left on device'),
    duckdb.IOException('IO Error: Could not write file "/tmp/skc-fit-x/fit.duckdb": Disk quota exceeded'),
    OSError(28, "Error writing bytes to file. Detail: [errno 28] No space left on device"),
    pa.ArrowException("Error writing bytes to file. Detail: [errno 28] No space left on device"),
]


@pytest.mark.parametrize("error", MESSAGES, ids=lambda error: str(error)[-30:])
@pytest.mark.parametrize("code", ["SKC203", "SKC220"])
def test_every_library_that_finds_the_disk_full_is_understood(error: Exception, code: str) -> None:
    with pytest.raises(SkcError) as told, engine_errors("`rows.csv` cannot be read", code=code):
        raise error
    (diagnostic,) = told.value.diagnostics
    assert diagnostic.code == "SKC226"
    assert "no space for temporary files" in diagnostic.message
    assert "TMPDIR" in str(diagnostic.hint)


PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from skc.data.duckdb.connection import open_database
from skc.data.typed_rows import open_rows
from skc.ir import Input
with open_rows((Input("a", "string"),), sys.argv[1]) as rows:
    print(rows.total)
"""


def test_a_file_that_cannot_grow(tmp_path: Path) -> None:
    """The real engine, where the system refuses to write more."""
    (tmp_path / "rows.csv").write_text("a\n" + "".join(f"{k * 7919:050}{k}\n" for k in range(60_000)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "rows.csv")], capture_output=True, text=True, check=False
    )
    assert "error[SKC226]: no space for temporary files: `" in done.stderr, done.stderr
    assert "File too large" in done.stderr
