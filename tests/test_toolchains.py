"""What a machine lacks is skipped by name, fails in CI, and hides nothing else: `toolchains` and `dev.py test`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import toolchains

ROOT = Path(__file__).parents[1]
Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put a program that prints a text on a PATH where there is no other."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, text: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{text}'\n")
        (tmp_path / name).chmod(0o755)

    return put


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_machine_with_python_alone_names_what_it_skips(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchains, "LOCALE_SOURCES", Path("/nowhere"))
    monkeypatch.setattr(toolchains, "POSTGRES_OF_DEBIAN", Path("/nowhere"))
    monkeypatch.setenv("SKC_REAL_DATA", "/nowhere")
    assert toolchains.skipped() == [
        "java (java is not installed, javac is not installed, mvn is not installed)",
        "go (go is not installed, gofmt is not installed, gcc is not installed)",
        "cpp (g++ is not installed, gcc is not installed, cmake is not installed, ninja is not installed)",
        "browser (chromium is not installed)",
        "locales (the sources of locales are not installed)",
        "redis (redis-server is not installed)",
        "postgres (postgres is not installed)",
        "kafka (java is not installed, javac is not installed, mvn is not installed, confluent_kafka is not installed)",
        "spark (java is not installed, pyspark is not installed)",
        "opentelemetry (opentelemetry.sdk is not installed, opentelemetry.exporter.otlp.proto.http is not installed)",
        "dask (dask is not installed)",
        "ray (ray is not installed)",
        "real data (there is no /nowhere/taxis.csv, there is no /nowhere/titanic.csv)",
    ]
    assert toolchains.missing("python") == []


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("javac 17.0.15", []),
        ("javac 21", []),
        ("javac 11.0.2", ["javac is 11.0.2, and 17 is the least"]),
        ("javac 1.8.0_392", ["javac is 1.8.0, and 17 is the least"]),
        ("no number", ["javac -version fails: no number"]),
    ],
)
def test_a_java_that_is_too_old(answer: str, missing: list[str], program: Program) -> None:
    for name in ("java", "mvn"):
        program(name, "")
    program("javac", answer)
    assert toolchains.missing("java") == missing


@pytest.mark.parametrize(("version", "fits"), [("go1.19.8", False), ("go1.24", True), ("go1.26.8", True)])
def test_a_go_that_is_too_old(version: str, fits: bool, program: Program) -> None:
    for name in ("gofmt", "gcc"):
        program(name, "")
    program("go", version)
    assert toolchains.missing("go") == ([] if fits else ["go is 1.19.8, and 1.24 is the least"])


def test_real_data_are_inside_the_repository_unless_a_variable_names_their_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SKC_REAL_DATA", raising=False)
    assert toolchains.real_data() == ROOT / "tests" / "real" / "data"
    monkeypatch.setenv("SKC_REAL_DATA", str(tmp_path))
    (tmp_path / "taxis.csv").touch()
    assert toolchains.missing("real data") == [f"there is no {tmp_path / 'titanic.csv'}"]


def test_a_need_skips_at_home_and_fails_in_ci(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="browser: chromium is not installed"):
        toolchains.need("browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="browser: chromium is not installed, and CI must"):
        toolchains.need("browser")
    program("google-chrome", "")
    toolchains.need("browser")


class Parts:
    """Stands for the commands of `dev.py test`: notes each, and lets some fail."""

    def __init__(self, *failing: str) -> None:
        self.failing, self.run = failing, list[str]()

    def succeeds(self, *command: str | Path) -> bool:
        self.run.append(" ".join(str(part) for part in command[1:]))
        return not any(name in self.run[-1] for name in self.failing)


def end_of_test(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, parts: Parts, skipped: list[str]) -> str | int | None:
    """What `dev.py test` ends with."""
    monkeypatch.setattr(dev, "succeeds", parts.succeeds)
    monkeypatch.setattr(dev, "debian_installs", lambda *packages: True)
    monkeypatch.setattr(dev.toolchains, "skipped", lambda: skipped)
    try:
        dev.test()
    except SystemExit as end:
        return end.code
    return 0


ALL = ["-m pytest", "conformance/run.py", "run_runtimes.py", "mutation/run.py"]


@pytest.mark.parametrize(
    ("failing", "code"),
    [
        ((), 0),
        (("pytest",), "failed: pytest"),
        (("mutation",), "failed: mutation"),
        (("pytest", "conformance", "run_runtimes"), "failed: pytest, conformance, runtimes"),
    ],
)
def test_one_part_that_fails_hides_no_other(
    failing: tuple[str, ...], code: str | int, dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Parts(*failing)
    assert end_of_test(dev, monkeypatch, parts, []) == code
    assert [part for part in ALL if any(part in command for command in parts.run)] == ALL


def test_the_time_of_each_part_is_printed(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 540.2, 540.2, 790.0, 790.0, 870.0, 870.0, 915.0])  # begin and end of each part
    monkeypatch.setattr(dev.time, "monotonic", lambda: next(now))
    end_of_test(dev, monkeypatch, Parts("pytest"), [])
    told = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("time: ")]
    assert [(name, int(seconds)) for _, name, seconds, _ in told] == [
        ("pytest", 540),
        ("conformance", 250),
        ("runtimes", 80),
        ("mutation", 45),
        ("together", 915),
    ]


def test_what_is_skipped_is_said_last_and_fails_in_ci(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert end_of_test(dev, monkeypatch, Parts(), ["java (mvn is not installed)"]) == 0
    assert capsys.readouterr().out.endswith(
        "skipped: java (mvn is not installed)\npassed, except for what was skipped\n"
    )
    monkeypatch.setenv("CI", "true")
    assert end_of_test(dev, monkeypatch, Parts("mutation"), ["x (y)"]) == "failed: mutation, CI must not skip anything"


def test_it_needs_the_standard_library_alone(dev: ModuleType) -> None:
    """dev.py runs before anything is installed."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "dev.py")], capture_output=True, text=True, check=False
    )
    assert done.stderr.startswith("usage: "), done.stderr


@pytest.mark.parametrize("failing", [(), ("uv",)])
def test_pip_installs_what_uv_cannot(
    failing: tuple[str, ...], dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where only pip knows the index."""
    ran: list[str] = []

    def succeeds(*command: str | Path) -> bool:
        ran.append(f"{Path(command[0]).name} {' '.join(map(str, command[1:]))}")
        return command[0] not in failing

    monkeypatch.setattr(dev, "VENV", tmp_path)
    monkeypatch.setattr(dev, "PYTHON", tmp_path / "python")
    (tmp_path / "python").touch()
    monkeypatch.setattr(dev, "succeeds", succeeds)
    dev.install()
    dev.install()  # what is up to date is left alone
    _, *installs = [command for command in ran if " install " in command]
    assert [command.partition(" ")[0] for command in installs] == ["uv", *(["python"] if failing else [])]
    packages = "--editable .[compile] --group test --group build --group check --group bench"
    assert all(command.endswith(packages) for command in installs)
