"""The snippets of README in Java, Go and C++ compile against the runtimes as they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from toolchains import need

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime"


def snippet(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    return str(found)


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_java(tmp_path: Path) -> None:
    need("java")
    sources = RUNTIME / "java" / "src" / "main" / "java"
    classpath = tmp_path / "classpath"
    goal = ("dependency:build-classpath", f"-Dmdep.outputFile={classpath}")
    run("mvn", "-q", "-B", *goal, cwd=RUNTIME / "java")
    (tmp_path / "Snippet.java").write_text(
        "import dev.skc.runtime.*;\nimport java.nio.charset.StandardCharsets;\n"
        "import java.nio.file.Path;\nimport java.util.Map;\n"
        f"class Snippet {{ static void run() throws Exception {{\n{snippet('java')}}} }}\n"
    )
    options = ("-proc:none", "-d", tmp_path / "out", "-cp", classpath.read_text().strip())
    run("javac", *options, "-sourcepath", sources, "Snippet.java", cwd=tmp_path)


def test_go(tmp_path: Path) -> None:
    need("go")
    required = re.findall(r"^\s*(?:require )?(github\.com\S+ v\S+)", (RUNTIME / "go" / "go.mod").read_text(), re.M)
    lines = [
        "module snippet",
        "go 1.22",
        "require skc.dev/runtime v0.0.0",
        *(f"require {r} // indirect" for r in required),
    ]
    (tmp_path / "go.mod").write_text("\n".join([*lines, f"replace skc.dev/runtime => {RUNTIME / 'go'}"]) + "\n")
    shutil.copy(RUNTIME / "go" / "go.sum", tmp_path)
    body = snippet("go").replace("x, _ :=", "x, ok :=").replace("\n", "\n\t")
    (tmp_path / "main.go").write_text(
        'package main\n\nimport skc "skc.dev/runtime"\n\n'
        f"func run() error {{\n\t{body}\n\t_, _ = x, ok\n\treturn nil\n}}\n\nfunc main() {{ _ = run() }}\n"
    )
    run("go", "vet", "-mod=mod", ".", cwd=tmp_path)


def test_cpp(tmp_path: Path) -> None:
    need("cpp")
    (tmp_path / "main.cpp").write_text(f"#include <skc/skc.hpp>\nfloat run() {{\n{snippet('cpp')}return first;\n}}\n")
    options = ("-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror")
    run("g++", *options, "-I", RUNTIME / "cpp" / "include", "main.cpp", cwd=tmp_path)
