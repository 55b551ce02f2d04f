"""Sets everything up on a bare machine: `python3.11 dev.py example` and `python3.11 dev.py test`.

Each command creates `.venv` next to this file if it is missing or out of date, installs what it needs there, and runs.
What it cannot install is listed as skipped at the end; with CI=true that is a failure. When run as root on Debian,
`test` also installs the Debian packages that some tests need (a browser, locales, and where PyPI has none for this
Python or processor, Redis and Postgres).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# A file to a process, in the order of tests/conftest.py: left to itself the plugin begins with files of many tests.
IN_PARALLEL = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
VENV_LOWEST = ROOT / ".venv-lowest"
WITH_LOWEST = (
    *("tests/test_fit.py", "tests/test_ops.py", "tests/stats", "tests/cli"),
    *("tests/sklearn_front_end/test_small_steps.py", "tests/sklearn_front_end/test_load.py"),
    # what scikit-learn and pandas once did otherwise
    *("tests/sklearn_front_end/test_dicts.py", "tests/sklearn_front_end/test_against.py"),
    "tests/sklearn_front_end/test_imputers.py::test_none_is_not_nan",
    "tests/sklearn_front_end/test_imputers.py::test_text",
    "tests/sklearn_front_end/test_curves.py::test_the_period_of_a_constant_column",
    "tests/sklearn_front_end/test_multiclass.py::test_a_row_that_every_classifier_denies",
    "tests/sklearn_front_end/test_linear_models.py::test_regressors_of_several_targets",
    "tests/sklearn_front_end/test_codes.py::test_one_atom",
    "tests/sklearn_front_end/test_neighbours.py::test_a_graph_of_neighbours_within_a_radius",
    *("tests/spark/test_spark.py", "tests/spark/test_transform_frame.py"),  # Spark 3, where the others run on Spark 4
    *("--ignore=tests/cli/test_environments.py", "--ignore=tests/stats/test_csv_alike.py"),  # slow; one library each
)
EXAMPLE = ROOT / "examples" / "rides"
sys.path.insert(0, str(ROOT / "tests"))
os.environ["PATH"] = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"  # as in an activated environment
# Or each of the hundreds of processes that the checks start would compile every module that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import toolchains  # noqa: E402  # on the path set above


def succeeds(*command: str | Path) -> bool:
    """Whether a command, run in the environment, succeeds."""
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode == 0


def run(*command: str | Path) -> None:
    """Run a command in the environment; stop if it fails."""
    if not succeeds(*command):
        sys.exit(f"failed: {' '.join(str(part) for part in command)}")


def install() -> None:
    """Install the project into `.venv`, editable, with what its tests and checks need."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        provide_ensurepip()
        venv.create(VENV, with_pip=True)
    pip = (PYTHON, "-m", "pip", "install", "--quiet")
    run(*pip, "--upgrade", "pip>=25.1", "uv>=0.8")
    packages = ("--editable", ".[compile]", *groups("test", "build", "check", "bench"))
    # uv takes a third of the time of pip; where only pip knows the index or the proxy, pip installs.
    if not succeeds("uv", *pip[2:], "--compile-bytecode", "--python", PYTHON, *packages):
        run(*pip, *packages)
    stamp.write_text(wanted)


def provide_ensurepip() -> None:
    """Debian ships half of Python's module venv in a separate package."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if not debian_installs(package):
        sys.exit(f"this Python cannot make environments: install ensurepip (on Debian: apt-get install {package})")


def debian_installs(*packages: str) -> bool:
    """Whether these packages are installed now: only as root, on Debian and its derivatives."""
    if not packages or os.name == "nt" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        print("+ apt-get", *words, flush=True)
        done = subprocess.run(["apt-get", *words], env=variables, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            return False
    return True


def groups(*names: str) -> list[str]:
    """pip's options for dependency groups in pyproject.toml."""
    return [word for name in names for word in ("--group", name)]


def example() -> None:
    """The main workflow on the bundled example (compile and verify, train, serve one record), and the tour of skew."""
    run("skc", "compile", EXAMPLE / "pipeline.yaml", "--out", EXAMPLE / "artifact", "--force")
    run(PYTHON, EXAMPLE / "train.py")
    run(PYTHON, EXAMPLE / "serve.py", "--demo")
    run(PYTHON, EXAMPLE.parent / "skew" / "run.py", "--check")


def test(*arguments: str) -> None:
    """All tests, in every language whose tools are installed; with arguments, only pytest with those arguments."""
    if arguments:
        return run(PYTHON, "-m", "pytest", *arguments)
    debian_installs(*(n.debian for name, n in toolchains.NEEDS.items() if n.debian and toolchains.missing(name)))
    parts: dict[str, tuple[str | Path, ...]] = {
        "pytest": (PYTHON, "-m", "pytest", *IN_PARALLEL),
        "conformance": (PYTHON, "tests/conformance/run.py"),
        "runtimes": (PYTHON, "tests/run_runtimes.py"),
        "mutation": (PYTHON, "tests/mutation/run.py", "--per-kind", "2", "--beyond-tests"),
    }
    failed, seconds = [], {}
    for name, command in parts.items():  # a failure does not hide the next
        started = time.monotonic()
        if not succeeds(*command):
            failed.append(name)
        seconds[name] = time.monotonic() - started
    print_seconds(seconds)
    return report(failed)


def print_seconds(seconds: Mapping[str, float]) -> None:
    """Where the time goes: each part, and all of them."""
    for name, spent in {**seconds, "together": sum(seconds.values())}.items():
        print(f"time: {name:<16}{spent:>8.0f} s")


def report(failed: list[str]) -> None:
    """The last lines of `test`: what was skipped and what failed, by name. Exits with 1 if something failed."""
    skipped = toolchains.skipped()
    for line in skipped:
        print(f"skipped: {line}")
    if skipped and toolchains.in_ci():
        failed = [*failed, "CI must not skip anything"]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    print("passed" + (", except for what was skipped" if skipped else ""))


def conformance(*arguments: str) -> None:
    """Run the conformance suite: the same artifacts and rows in every language."""
    run(PYTHON, "tests/conformance/run.py", *arguments)


def lowest(*arguments: str) -> None:
    """The tests that depend most on libraries, with the lowest versions that pyproject.toml allows."""
    venv.create(VENV_LOWEST, clear=True)
    python = VENV_LOWEST / PYTHON.relative_to(VENV)
    options = ("--compile-bytecode", "--resolution", "lowest-direct", "--group", "test", "--editable", ".[compile]")
    run("uv", "pip", "install", "--quiet", "--python", python, *options)
    run(python, "tests/lowest.py")
    run(python, "-m", "pytest", *(arguments or (*IN_PARALLEL, *WITH_LOWEST)))


def release(*names: str) -> None:
    """Build every package, or those named, into `dist/`."""
    run(PYTHON, "tools/release.py", *names)


def check() -> None:
    """Check style, types and import rules."""
    run("ruff", "format", "--check", ".")
    run("ruff", "check", ".")
    run("mypy")
    run("lint-imports")


COMMANDS = {
    "example": example,
    "test": test,
    "conformance": conformance,
    "lowest": lowest,
    "check": check,
    "release": release,
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python3.11 dev.py {{{'|'.join(COMMANDS)}}}")
    if sys.version_info < (3, 11):
        sys.exit("skc needs Python 3.11 or newer")
    install()
    COMMANDS[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
