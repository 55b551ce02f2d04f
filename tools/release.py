"""Build every package into `dist/`: `python tools/release.py [python] [java] [go] [cpp]`, or `make release`.

    dist/*.whl, *.tar.gz             Python: wheel and source
    dist/maven/                      Java: a Maven repository with jar, sources, javadoc and pom, also of that for Spark
    dist/go/                         Go: a module proxy as files, which GOPROXY=file://… reads
    dist/skc-runtime-cpp-*.tar.gz    C++: sources for FetchContent, find_package and add_subdirectory

`tests/test_release.py` installs each from there. CONTRIBUTING says what publishes them.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = ROOT / "runtime"
MODULE = "skc.dev/runtime"
NOT_SOURCES = {"build", "target", "__pycache__", ".cache"}
DATED = "2026-01-01T00:00:00Z"  # the same sources give the same bytes, whenever they are packed


def version() -> str:
    """The one version: that of pyproject.toml. A test says that the others are it."""
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return found


def release_python(dist: Path) -> None:
    run(sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", dist, cwd=ROOT)
    (dist / ".gitignore").unlink(missing_ok=True)


def release_java(dist: Path) -> None:
    """From a copy: `target` may be in use, and what lies there must not get into a package."""
    repository = dist / "maven"
    shutil.rmtree(repository, ignore_errors=True)
    target = f"-DaltDeploymentRepository=dist::file:{repository}"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(RUNTIME / "pom.xml", folder)
        for module in ("java", "java-spark"):
            for path, name in sources(RUNTIME / module):
                copy = Path(folder, module, name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
        run("mvn", "-q", "-B", "-Prelease", "-Dmaven.test.skip", "deploy", target, cwd=Path(folder))


def release_go(dist: Path) -> None:
    """A module as a proxy serves it: https://go.dev/ref/mod#goproxy-protocol."""
    folder = dist / "go" / MODULE / "@v"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tag = f"v{version()}"
    (folder / "list").write_text(f"{tag}\n")
    (folder / f"{tag}.info").write_text(json.dumps({"Version": tag, "Time": DATED}))
    shutil.copy(RUNTIME / "go" / "go.mod", folder / f"{tag}.mod")
    with zipfile.ZipFile(folder / f"{tag}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path, name in sources(RUNTIME / "go"):
            packed.writestr(zipfile.ZipInfo(f"{MODULE}@{tag}/{name}", (2026, 1, 1, 0, 0, 0)), path.read_bytes())


def release_cpp(dist: Path) -> None:
    name = f"skc-runtime-cpp-{version()}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, inner in sources(RUNTIME / "cpp"):
            member = tarfile.TarInfo(f"{name}/{inner}")
            member.size, member.mode = path.stat().st_size, path.stat().st_mode & 0o755 | 0o644
            archive.addfile(member, io.BytesIO(path.read_bytes()))
    (dist / f"{name}.tar.gz").write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def sources(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files of a package and their names in it, in the order of the names."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not NOT_SOURCES & set(inner.parts):
            yield path, inner.as_posix()


def run(*command: str | Path, cwd: Path) -> None:
    print("+", *command, flush=True, file=sys.stderr)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


RELEASES = {"python": release_python, "java": release_java, "go": release_go, "cpp": release_cpp}


def main() -> None:
    wanted = sys.argv[1:] or list(RELEASES)
    if unknown := set(wanted) - set(RELEASES):
        sys.exit(f"no package {', '.join(sorted(unknown))}: {', '.join(RELEASES)}")
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    for name in wanted:
        try:
            RELEASES[name](dist)
        except subprocess.CalledProcessError as error:
            sys.exit(f"failed: {name}: {error}")
    print(f"built {', '.join(wanted)} {version()} into {dist}")


if __name__ == "__main__":
    main()
