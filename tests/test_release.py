"""A stranger's project in each language, from what `make release` builds and what the runtimes' READMEs say alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
import release
from run import BUILD, onnxruntime_version, provide_onnxruntime
from toolchains import need

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime"
BODY = (
    '{"pickup": "2025-11-02 01:30:00", "zone": "北京街", "driver": "é", "distance_km": 3.2, "fare": 9.5, "night": true}'
)


@pytest.fixture(scope="module")
def artifact(rides_artifact: Path) -> Path:
    return rides_artifact


@pytest.fixture(scope="module")
def features(artifact: Path) -> list[float]:
    """What a stranger must be told for BODY."""
    import skc_runtime

    with skc_runtime.load(artifact) as transformer:
        return [float(x) for x in transformer.transform_json(BODY)["x"]]


def float32(told: str) -> list[float]:
    """Numbers of a JSON array, written with the digits that a float32 needs."""
    return [float(x) for x in np.array(json.loads(told), np.float32)]


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snippet(language: str, kind: str, holds: str) -> str:
    """The one block of a kind in a runtime's README that holds a text."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", (RUNTIME / language / "README.md").read_text("utf-8"), re.M | re.S)
    (found,) = (block for block in blocks if holds in block)
    return str(found)


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>stranger</groupId><artifactId>app</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<repositories>REPOSITORY</repositories><dependencies>DEPENDENCY</dependencies></project>
"""
MAIN_JAVA = """import dev.skc.runtime.Transformer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

class Main {
  public static void main(String[] arguments) {
    try (Transformer transformer = Transformer.load(Path.of(arguments[0]))) {
      byte[] body = arguments[1].getBytes(StandardCharsets.UTF_8);
      System.out.println(Arrays.toString(transformer.transformJson(body).floats("x")));
    }
  }
}
"""


def serve_in_java(project: Path, repository: Path | None, artifact: Path) -> list[float]:
    """What a project says whose one dependency is the README's; `repository` is where that is, if not installed."""
    where = f"<repository><id>dist</id><url>{repository.as_uri()}</url></repository>" if repository else ""
    (project / "src" / "main" / "java").mkdir(parents=True)
    (project / "src" / "main" / "java" / "Main.java").write_text(MAIN_JAVA)
    dependency = snippet("java", "xml", "skc-runtime")
    (project / "pom.xml").write_text(POM.replace("REPOSITORY", where).replace("DEPENDENCY", dependency))
    goals = ("compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath")
    run("mvn", "-q", "-B", MAVEN_CACHE, *goals, cwd=project)
    classpath = f"target/classes{os.pathsep}{(project / 'classpath').read_text().strip()}"
    told = run("java", "-cp", classpath, "Main", artifact, BODY, cwd=project)
    return float32(told)


# A local repository of the tests' own: what is installed for a test must not stay in the user's.
MAVEN_CACHE = f"-Dmaven.repo.local={BUILD / 'm2'}"


@pytest.fixture
def forgotten() -> None:
    """Nothing of an earlier run is found in the place of what this one builds."""
    shutil.rmtree(BUILD / "m2" / "dev" / "skc", ignore_errors=True)


@pytest.mark.usefixtures("forgotten")
def test_java_from_a_repository(artifact: Path, features: list[float], tmp_path: Path) -> None:
    need("java")
    release.release_java(tmp_path / "dist")
    inside = {"skc-runtime": "dev/skc/runtime/Transformer.", "skc-spark": "dev/skc/spark/SkcSpark."}
    for name, member in inside.items():
        folder = tmp_path / "dist" / "maven" / "dev" / "skc" / name / release.version()
        for kind in ("", "-sources", "-javadoc", *(["-all"] if name == "skc-spark" else [])):
            with zipfile.ZipFile(folder / f"{name}-{release.version()}{kind}.jar") as packed:
                names = packed.namelist()
            assert kind == "-javadoc" or "META-INF/LICENSE" in names
            assert any(member in name for name in names)
    assert any("dev/skc/shaded/jackson" in name for name in names)
    assert not any(name.startswith(("com/fasterxml", "org/apache/spark", "scala/")) for name in names)
    assert serve_in_java(tmp_path / "app", tmp_path / "dist" / "maven", artifact) == features


@pytest.mark.usefixtures("forgotten")
def test_java_copied_and_installed(artifact: Path, features: list[float], tmp_path: Path) -> None:
    """`runtime/java` by itself in another place."""
    need("java")
    shutil.copytree(RUNTIME / "java", tmp_path / "copy", ignore=shutil.ignore_patterns("target"))
    # Without CI: whoever copies it has no conformance suite, whose tests are skipped then.
    run("mvn", "-q", "-B", MAVEN_CACHE, "install", cwd=tmp_path / "copy", CI="false")
    assert serve_in_java(tmp_path / "app", None, artifact) == features


MAIN_GO = """package main

import (
	"encoding/json"
	"log"
	"os"

	skc "skc.dev/runtime"
)

func main() {
	transformer, err := skc.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer transformer.Close()
	features, err := transformer.TransformJSON([]byte(os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	x, _ := features.Float32("x")
	if err := json.NewEncoder(os.Stdout).Encode(x); err != nil {
		log.Fatal(err)
	}
}
"""


@pytest.mark.parametrize("way", ["proxy", "replace"])
def test_go(way: str, artifact: Path, features: list[float], tmp_path: Path) -> None:
    """As a module of a proxy that is a folder, and as a copy that `replace` names: both as the README says."""
    need("go")
    (tmp_path / "main.go").write_text(MAIN_GO)
    (tmp_path / "go.mod").write_text("module stranger\n\ngo 1.24\n")
    library = provide_onnxruntime(onnxruntime_version())
    variables = {"GOFLAGS": "-mod=mod -modcacherw", "SKC_ONNXRUNTIME_LIBRARY": str(library)}
    if way == "proxy":
        release.release_go(tmp_path / "dist")
        usual = run("go", "env", "GOPROXY", "GOMODCACHE", cwd=tmp_path).split()
        cached = (Path(usual[1]) / "cache" / "download").as_uri()  # so that nothing is fetched twice
        proxies = f"{(tmp_path / 'dist' / 'go').as_uri()},{cached},{usual[0]}"
        variables |= {"GOPROXY": proxies, "GONOSUMDB": "skc.dev", "GOMODCACHE": str(tmp_path / "modules")}
        run("go", "get", f"skc.dev/runtime@v{release.version()}", cwd=tmp_path, **variables)
    else:
        shutil.copytree(RUNTIME / "go", tmp_path / "skc-runtime-go")
        for line in snippet("go", "sh", "-replace").splitlines():
            run(*line.partition("#")[0].split(), cwd=tmp_path, **variables)
    told = run("go", "run", ".", artifact, BODY, cwd=tmp_path, **variables)
    assert float32(told) == features


MAIN_CPP = """#include <cstdio>
#include <skc/skc.hpp>

int main(int, char** arguments) {
  const auto transformer = skc::Transformer::load(arguments[1]);
  const auto features = transformer.transform_json(arguments[2]);
  const char* before = "[";
  for (const float x : features["x"].values<float>()) {
    std::printf("%s%.9g", before, double{x});
    before = ", ";
  }
  std::puts("]");
}
"""


def test_cpp(artifact: Path, features: list[float], tmp_path: Path) -> None:
    """FetchContent from the archive, then find_package in what was installed from there."""
    need("cpp")
    release.release_cpp(tmp_path)
    fetched, found = tmp_path / "fetched", tmp_path / "found"
    options = ("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug")
    archive = tmp_path / f"skc-runtime-cpp-{release.version()}.tar.gz"
    lines = snippet("cpp", "cmake", "FetchContent_Declare").replace(archive.name, str(archive))
    assert str(archive) in lines
    cpp_project(fetched, lines)
    run("cmake", "-S", ".", "-B", "build", "-DSKC_INSTALL=ON", *options, cwd=fetched)
    run("cmake", "--build", "build", cwd=fetched)
    run("cmake", "--install", "build", "--prefix", tmp_path / "prefix", cwd=fetched)
    cpp_project(found, snippet("cpp", "cmake", "find_package"))
    run("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}", *options, cwd=found)
    run("cmake", "--build", "build", cwd=found)
    library = provide_onnxruntime(onnxruntime_version())
    for project in (fetched, found):
        told = run("build/app", artifact, BODY, cwd=project, SKC_ONNXRUNTIME_LIBRARY=str(library))
        assert float32(told) == features
    licences = {path.name for path in (tmp_path / "prefix" / "share" / "licenses" / "skc_runtime").iterdir()}
    assert licences >= {"LICENSE", "NOTICE", "nlohmann-LICENSE", "onnxruntime-LICENSE", "libcperciva-LICENSE"}


def cpp_project(folder: Path, lines: str) -> None:
    """A program `app`, and the README's lines below it."""
    folder.mkdir()
    (folder / "main.cpp").write_text(MAIN_CPP)
    head = "cmake_minimum_required(VERSION 3.18)\nproject(stranger LANGUAGES C CXX)\nadd_executable(app main.cpp)\n"
    (folder / "CMakeLists.txt").write_text(head + lines)


def test_one_version_everywhere() -> None:
    version = release.version()
    for folder in (".", "java", "java-spark"):
        assert ET.parse(RUNTIME / folder / "pom.xml").getroot().findtext("{*}version") == version
    assert f"project(skc_runtime VERSION {version} " in (RUNTIME / "cpp" / "CMakeLists.txt").read_text()
    for file in ("go/log.go", "java/src/main/java/dev/skc/runtime/Log.java", "cpp/src/log_lines.cpp"):
        assert re.search(f'(?i)version = "{version}"', (RUNTIME / file).read_text()), file
    for file in (
        "README.md",
        "runtime/java/README.md",
        "runtime/java-spark/README.md",
        "runtime/go/README.md",
        "runtime/cpp/README.md",
    ):
        named = re.findall(r"(?:@v|<version>|runtime-cpp-)(\d+\.\d+\.\d+)", (ROOT / file).read_text(encoding="utf-8"))
        assert set(named) == {version}, file


def test_what_is_vendored_has_its_licence_and_is_noticed() -> None:
    notice = (ROOT / "NOTICE").read_text()
    vendored = [path for path in RUNTIME.rglob("third_party/*") if path.is_dir()]
    assert len(vendored) >= 4
    for folder in vendored:
        assert (folder / "LICENSE").is_file(), folder
        assert folder.relative_to(ROOT).as_posix() in notice
    for language in ("java", "java-spark", "go", "cpp"):
        assert (RUNTIME / language / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (RUNTIME / "cpp" / "NOTICE").read_text() == notice
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
