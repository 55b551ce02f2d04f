"""The tests of each runtime by the tools of its language: `python tests/run_runtimes.py [java] [go] [cpp]`.

They cover what belongs to one language: its own types, threads, closing, errors. What is the same in all of them is
covered by `tests/conformance`, whose suite they use; run that first. A language whose tools are missing is skipped by
name; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "conformance"), str(ROOT / "tests")]

import toolchains  # noqa: E402  # found by the line above
from run import BUILD, onnxruntime_version, provide_onnxruntime  # noqa: E402


@dataclass(frozen=True)
class Runtime:
    """Where a runtime lies, and the commands that build and test it; `toolchains` knows the tools it needs."""

    name: str
    commands: tuple[tuple[str, ...], ...]

    @property
    def folder(self) -> Path:
        return ROOT / "runtime" / self.name


CPP = str(BUILD / "cpp")  # where the conformance suite has compiled the library already
RUNTIMES = (
    Runtime("java", (("mvn", "-q", "-B", "verify"),)),
    Runtime("go", (("gofmt", "-l", "."), ("go", "vet", "./..."), ("go", "test", "./..."))),
    Runtime(
        "cpp",
        (
            ("cmake", "-S", ".", "-B", CPP, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DSKC_TESTS=ON"),
            ("cmake", "--build", CPP),
            ("ctest", "--test-dir", CPP, "--output-on-failure", "--parallel", str(os.cpu_count() or 1)),
        ),
    ),
)
PROVIDING = Lock()  # the first to need it installs it


def main() -> int:
    wanted = sys.argv[1:] or [runtime.name for runtime in RUNTIMES]
    unknown = set(wanted) - {runtime.name for runtime in RUNTIMES}
    if unknown:
        sys.exit(f"no runtime {', '.join(sorted(unknown))}: java, go, cpp")
    chosen = [runtime for runtime in RUNTIMES if runtime.name in wanted]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Maven alone does not use two cores
        passed = list(pool.map(passes, chosen))
    failed = [runtime.name for runtime, has_passed in zip(chosen, passed, strict=True) if not has_passed]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def passes(runtime: Runtime) -> bool:
    """Whether all commands succeed. Without its tools a runtime passes, but not in CI."""
    if why := toolchains.missing(runtime.name):
        print(f"skipped: {runtime.name} ({', '.join(why)})", file=sys.stderr)
        return not toolchains.in_ci()
    return all(succeeds(runtime, command) for command in runtime.commands)


def succeeds(runtime: Runtime, command: tuple[str, ...]) -> bool:
    """gofmt fails by what it prints: the files that are not formatted."""
    print(f"+ {runtime.name}:", *command, flush=True)
    with PROVIDING:
        library = provide_onnxruntime(onnxruntime_version())
    suite = {"SKC_CONFORMANCE": str(BUILD / "conformance"), "SKC_ONNXRUNTIME_LIBRARY": str(library)}
    variables = {**os.environ, **suite}
    done = subprocess.run(command, cwd=runtime.folder, env=variables, check=False, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    return done.returncode == 0 and not (command[0] == "gofmt" and done.stdout)


if __name__ == "__main__":
    sys.exit(main())
