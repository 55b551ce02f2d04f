"""A serving process leaves no file and opens no socket: ONNX Runtime is loaded with its telemetry off.

Each language serves an artifact on the ONNX Runtime of this environment, with a home and a temporary folder of its own.
That the check sees what it looks for is shown by the variable set to 0.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import toolchains
from executors import LANGUAGES, Executor, Language
from forged_artifacts import GOLDEN_RIDES, compile_pipeline, rides

import skc
from skc_runtime.telemetry import VARIABLE, sends_telemetry, switch_off

ROOT = Path(__file__).parents[1]
FOUND = version("onnxruntime")
STRACE = ("strace", "-f", "-qq", "-e", "trace=bind,connect,sendto,sendmmsg", "-o") if shutil.which("strace") else ()
SERVED = {"distance": 2.5, "fare": 11.75, "passengers": {"int": "2"}, "member": True, "payment": "card"}
RECORD = {**SERVED, "pickup": {"int": "1709208000000001"}, "day": {"int": "19782"}}


def library() -> Path:
    onnxruntime = sys.modules["onnxruntime"].__file__
    assert onnxruntime is not None
    (found,) = (Path(onnxruntime).parent / "capi").glob("libonnxruntime.so.*")
    return found


def need(name: str) -> None:
    missing = toolchains.missing(name)
    if missing and toolchains.in_ci():
        pytest.fail(f"in CI: {', '.join(missing)}")
    if missing:
        pytest.skip(", ".join(missing))


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_pipeline(rides(), "columns", GOLDEN_RIDES).write(tmp_path_factory.mktemp("telemetry") / "rides")


def built(name: str, folder: Path) -> Language:
    """The program itself: what builds it keeps files in the home folder of its own."""
    language = LANGUAGES[name]
    need(name)
    if name == "python":
        return language
    with Executor(language, library(), {}):
        pass  # built, and started once
    if name != "java":
        program = {"go": "build/go/conformance", "cpp": "build/cpp/skc_conformance"}[name]
        return replace(language, command=(str(ROOT / program),))
    target = ROOT / "runtime/java/target"
    jars = (target / "conformance.classpath").read_text().strip()
    natives = f"-Donnxruntime.native.path={java_natives(jars, folder)}"
    path = f"{target}/test-classes:{target}/classes:{jars}"
    return replace(language, command=("java", natives, "-cp", path, "dev.skc.runtime.conformance.Executor"))


def java_natives(jars: str, folder: Path) -> Path:
    """The library of this environment under Java's binding, which asks for the very version that it was built with."""
    jar = next(path for path in jars.split(":") if re.search(r"/onnxruntime-[0-9.]+\.jar$", path))
    member = "ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so"
    shutil.copy(library(), folder / "libonnxruntime.so")
    binding = folder / "libonnxruntime4j_jni.so"
    with zipfile.ZipFile(jar) as packed:
        binding.write_bytes(packed.read(member))
    bound = f"VERS_{re.findall(r'onnxruntime-([0-9.]+)[.]jar', jar)[0]}"
    data, wanted = binding.read_bytes(), f"VERS_{FOUND}"
    assert len(bound) == len(wanted)
    assert data.count(bound.encode()) == data.count(elf_hash(bound)) == 1
    data = data.replace(bound.encode(), wanted.encode()).replace(elf_hash(bound), elf_hash(wanted))
    binding.write_bytes(data)
    return folder


def elf_hash(name: str) -> bytes:
    """As an ELF file keeps it beside the name of a symbol's version."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & ~0xF0000000
    return value.to_bytes(4, "little")


def traces(language: Language, artifact: Path, folder: Path, variables: Mapping[str, str]) -> list[str]:
    """What a process left and held that served a record: files in its folders, and sockets."""
    homes = [folder / name for name in ("home", "temporary", "cache")]
    for home in homes:
        home.mkdir()
    own = dict(zip(("HOME", "TMPDIR", "XDG_CACHE_HOME"), map(str, homes), strict=True))
    calls = folder / "calls"
    traced = replace(language, command=(*STRACE, str(calls), *language.command)) if STRACE else language
    with Executor(traced, library(), {**own, **variables}) as executor:
        answers = executor.ask_all(
            [
                {"do": "load", "artifact": str(artifact), "replay": "exact"},
                {"do": "rows", "rows": [RECORD]},
                {"do": "transform", "form": "record", "take": [0], "extra": "error"},
            ]
        )
        loaded, _, served = answers
        assert loaded == {"loaded": True}
        assert "outputs" in served
        time.sleep(1)  # what a thread would do a little later
        sockets = [] if STRACE else internet_sockets(executor.pid)
    if STRACE:
        sockets = [line for line in calls.read_text(errors="replace").splitlines() if "AF_INET" in line]
    files = [str(path.relative_to(folder)) for home in homes for path in home.rglob("*") if path.is_file()]
    return sorted([*files, *sockets])


def internet_sockets(pid: int) -> list[str]:
    """Those that are bound or connected; a JVM holds one that is neither."""
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6", "udp", "udp6")]
    known = {line.split()[9] for text in tables for line in text.splitlines()[1:]}
    links = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(descriptor))
        except FileNotFoundError:
            continue  # closed just now
    return [link for link in links if link.startswith("socket:[") and link[8:-1] in known]


@pytest.mark.skipif(not sends_telemetry(FOUND), reason=f"onnxruntime {FOUND} sends no telemetry here")
@pytest.mark.parametrize("name", LANGUAGES)
def test_serving_leaves_no_file_and_opens_no_socket(
    name: str, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    language = built(name, tmp_path)
    monkeypatch.delenv("CI", raising=False)  # with it ONNX Runtime sends nothing, whatever the variable says
    found = {}
    for setting, variables in {"unset": {}, "wanted": {VARIABLE: "0"}, "off": {VARIABLE: "1"}}.items():
        (tmp_path / setting).mkdir()
        capfd.readouterr()
        found[setting] = traces(language, artifact, tmp_path / setting, variables)
        warned = VARIABLE in capfd.readouterr().err
        assert not warned or (name, setting) == ("java", "unset")
    assert found["wanted"] != []  # the check sees what it looks for
    assert found["off"] == []
    if name != "java":  # it cannot set the variable
        assert found["unset"] == []


@pytest.mark.skipif(not sends_telemetry(FOUND), reason=f"onnxruntime {FOUND} sends no telemetry here")
def test_a_library_that_was_loaded_before_is_warned_of(tmp_path: Path) -> None:
    own = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    for variables, order, warns in (
        ({}, "import onnxruntime, skc_runtime, skc_runtime.loading", True),
        ({}, "import skc_runtime, onnxruntime", False),
        ({VARIABLE: "1"}, "import onnxruntime, skc_runtime", False),
        ({VARIABLE: "0"}, "import onnxruntime, skc_runtime", False),
    ):
        command = [sys.executable, "-c", order]
        done = subprocess.run(command, env={**own, **variables}, capture_output=True, text=True, check=True)
        assert done.stderr.count("RuntimeWarning") == int(warns), done.stderr
        assert not warns or f"set {VARIABLE}=1 for the process" in done.stderr


@pytest.mark.parametrize(("value", "after"), [(None, "1"), ("0", "0"), ("", ""), ("1", "1"), ("false", "false")])
def test_what_the_user_has_set_stays(value: str | None, after: str) -> None:
    environment = {} if value is None else {VARIABLE: value}
    switch_off(environment, {})
    assert environment == {VARIABLE: after}


def test_only_newer_builds_for_linux_send() -> None:
    assert [sends_telemetry(v, "linux") for v in ("1.18.0", "1.31.9", "1.32.0", "1.40.1", "2.0.0", "")] == [
        False, False, True, True, True, False,
    ]  # fmt: skip
    assert not sends_telemetry("1.32.0", "darwin")


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_no_benchmark_loads_the_library_before_the_runtime_does(path: Path) -> None:
    """In what it imports itself, in the order of the file: a warning would stand above its figures."""
    found = re.findall(r"^(?:import|from) (onnxruntime|skc_runtime|skc)\b", path.read_text(encoding="utf-8"), re.M)
    assert "onnxruntime" not in found or found.index("onnxruntime") > found.index("skc_runtime")


def test_the_compiler_never_loads_the_library_before_the_runtime_does() -> None:
    assert skc.__file__ is not None
    for path in Path(skc.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(import|from) onnxruntime", text, re.M), path
        assert "import numpy, onnxruntime" not in text.partition("import skc_runtime")[0], path
