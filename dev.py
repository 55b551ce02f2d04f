"""One way to set everything up: `python3.11 dev.py example` and `python3.11 dev.py test`, on a bare machine.

Each command makes `.venv` beside this file when it is missing or out of date, installs what it needs into it and runs.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
EXAMPLE = ROOT / "examples" / "rides"


def run(*command: str | Path) -> None:
    """Run a command of the environment; stop when it fails."""
    print("+", *command, flush=True)
    path = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def install() -> None:
    """Make `.venv` hold the project, editable, with what its tests and checks need."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--editable", ".[compile]", *groups("test", "check", "bench"))
    stamp.write_text(wanted)


def groups(*names: str) -> list[str]:
    """pip's options for dependency groups of pyproject.toml."""
    return [word for name in names for word in ("--group", name)]


def example() -> None:
    """The main job on the bundled example: compile and verify, train on its features, serve one record."""
    run("skc", "compile", EXAMPLE / "pipeline.yaml", "--out", EXAMPLE / "artifact", "--force")
    run(PYTHON, EXAMPLE / "train.py")
    run(PYTHON, EXAMPLE / "serve.py", "--demo")


def test(*arguments: str) -> None:
    """All tests, of every language whose tools are there; with arguments, those of pytest that they choose."""
    run(PYTHON, "-m", "pytest", *(arguments or ("-n", "auto", "--dist", "loadfile")))
    if not arguments:
        conformance()
        run(PYTHON, "tests/run_runtimes.py")
        run(PYTHON, "tests/mutation/run.py", "--per-kind", "2")


def conformance(*arguments: str) -> None:
    """One artifact, one row, one answer: the same suite in every language."""
    run(PYTHON, "tests/conformance/run.py", *arguments)


def check() -> None:
    """Style, types, and the laws of who imports whom."""
    run("ruff", "format", "--check", ".")
    run("ruff", "check", ".")
    run("mypy")
    run("lint-imports")


COMMANDS = {"example": example, "test": test, "conformance": conformance, "check": check}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python3.11 dev.py {{{'|'.join(COMMANDS)}}}")
    if sys.version_info < (3, 11):
        sys.exit("skc needs Python 3.11 or newer")
    install()
    COMMANDS[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
