"""Run the conformance suite: `python tests/conformance/run.py --langs python,java,go,cpp`.

    --langs A,B          the languages (default: all)
    --environments A,B   usual, de_DE, tr_TR, C, Kolkata (default: all). `usual` runs everything; in the others each
                         row goes through once, in a batch and as columns, beside all refusals.
    --case PREFIX        only the cases whose id begins so
    --attacks            no cases: the table of what a forger may try, and what each language makes of it
    --suite DIR          a suite that exists already, instead of a new one in build/conformance

Prints a table: per language and environment the cases that passed, failed and were skipped. Exit code 0 if none failed.
A language whose tools are missing, and an environment whose locale cannot be made, are skipped by name; with CI=true
that is a failure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import attacks  # found by the line above
import toolchains
from artifact_checks import check_agreement, check_damaged, check_sources, check_tampered
from body_checks import check_bodies
from checks import (
    Baseline,
    Tally,
    check_contract,
    check_marshalling,
    check_vectors,
)
from environments import ENVIRONMENTS, needs_locales, variables
from executors import LANGUAGES, Executor, ExecutorError, Language
from log_checks import check_logs
from log_load import check_log_loads
from origin_checks import check_identity, check_signed
from reload_checks import check_reloads
from signal_checks import check_signals

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
TABLE = ROOT / "schemas" / "marshalling.v1.json"
RELEASED = HERE / "released"
SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    language: str
    environment: str
    passed: int
    failed: int
    skipped: int
    beyond: int  # lines of the marshalling table about values that the language cannot write down, or tables
    checks: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """What one language did in one environment: the line, the failures, and the bits that nobody had seen before."""

    row: Row
    lines: tuple[str, ...]
    added: Baseline


def main() -> int:
    given = arguments()
    version = onnxruntime_version()
    library = provide_onnxruntime(version)
    languages, missing = installed(given.langs.split(","))
    with ThreadPoolExecutor(1) as pool:  # the executors are built while the suite is made
        built = pool.map(partial(build, library=library), languages)
        suite = given.suite or make_suite(library)
        list(built)
    if given.attacks:
        index = json.loads((suite / "index.json").read_bytes())
        print("\n".join(attacks.table(suite, index, languages, library)))
        return 0
    environments, unmade = possible(given.environments.split(","))
    jobs = [(language, name) for name in environments for language in languages]
    rows = run_jobs(jobs, library, suite, given.case)
    print_table(rows, version)
    for name in missing:
        print(f"skipped: {name} ({', '.join(toolchains.missing(name))})", file=sys.stderr)
    for name in unmade:
        print(f"skipped: environment {name} ({', '.join(toolchains.missing('locales'))})", file=sys.stderr)
    if (missing or unmade) and toolchains.in_ci():
        return 1
    return int(any(row.failed or row.skipped for row in rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--langs", default=",".join(LANGUAGES))
    parser.add_argument("--environments", default=",".join(ENVIRONMENTS))
    parser.add_argument("--case", default="")
    parser.add_argument("--attacks", action="store_true")
    parser.add_argument("--suite", type=Path)
    return parser.parse_args()


def onnxruntime_version() -> str:
    """The one version that all languages run: the one the Java runtime is built with, which brings its own."""
    tree = ET.parse(ROOT / "runtime" / "java" / "pom.xml")
    version = tree.findtext(".//{*}properties/{*}onnxruntime.version")
    assert version is not None, "runtime/java/pom.xml has no property onnxruntime.version"
    return version


def provide_onnxruntime(version: str) -> Path:
    """The shared library of that version, out of the wheel of Python, which is installed beside everything else."""
    folder = BUILD / "onnxruntime" / version
    library = folder / "onnxruntime" / "capi" / f"libonnxruntime.so.{version}"
    if not library.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, f"onnxruntime=={version}"], check=True)
    return library


def make_suite(library: Path) -> Path:
    """A new suite, made with the ONNX Runtime that will serve it."""
    suite = BUILD / "conformance"
    shutil.rmtree(suite, ignore_errors=True)
    environment = {**os.environ, "PYTHONPATH": str(library.parents[2])}
    subprocess.run([sys.executable, str(HERE / "suite.py"), str(suite)], check=True, env=environment)
    return suite


def installed(names: Sequence[str]) -> tuple[list[Language], list[str]]:
    """The languages that can be built here, and the names of those that cannot."""
    missing = [name for name in names if toolchains.missing(name)]
    return [LANGUAGES[name] for name in names if name not in missing], missing


def possible(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The environments that can be had here, and those that need a locale that cannot be made."""
    unmade = [name for name in names if needs_locales(name) and toolchains.missing("locales")]
    return [name for name in names if name not in unmade], unmade


def run_jobs(jobs: Sequence[tuple[Language, str]], library: Path, suite: Path, prefix: str) -> list[Row]:
    """As many jobs at once as there are cores: those that come first, then the others, which must give the same bits.

    The first ones see nothing of each other, and a later one may see what failed before it: that is compared here.
    """
    if not jobs:
        return []
    cores, job = os.cpu_count() or 1, partial(_run_job, library=library, suite=suite, prefix=prefix)
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(job, jobs[:cores]))
    base: Baseline = {}
    for result in reversed(results):  # the very first one has the last word
        base.update(result.added)
    with ProcessPoolExecutor(initializer=_keep, initargs=(base,)) as pool:
        results += pool.map(job, jobs[cores:])
    late: Baseline = {}
    rows = []
    for result in results:
        unequal = [key for key, seen in result.added.items() if late.setdefault(key, seen) != seen]
        lines = [*result.lines, *(f"{key}: another language says {late[key]}" for key in unequal)]
        for line in lines[:SHOWN]:
            print(f"FAILED {result.row.language} ({result.row.environment}) {line}", file=sys.stderr)
        rows.append(replace(result.row, failed=result.row.failed + len(unequal)))
    return rows


_base: Baseline = {}  # of a process that runs jobs: what the first job gave


def _keep(base: Baseline) -> None:
    _base.update(base)


def _run_job(job: tuple[Language, str], library: Path, suite: Path, prefix: str) -> Result:
    return run(*job, library, suite, dict(_base), prefix)


def build(language: Language, library: Path) -> None:
    """Build an executor by starting it once. What goes wrong is reported by the jobs, which try again."""
    with contextlib.suppress(ExecutorError), Executor(language, library, {}):
        pass


def run(language: Language, environment: str, library: Path, suite: Path, base: Baseline, prefix: str) -> Result:
    """All cases of one language in one environment. Adds to `base` what nobody has seen before."""
    started = time.perf_counter()
    brief = environment != "usual"
    known_before = set(base)
    tallies: list[Tally] = []
    try:
        with Executor(language, library, variables(environment, BUILD)) as executor:
            for tally in cases(executor, suite, base, prefix, brief=brief):
                tallies.append(tally)
    except ExecutorError as error:
        tallies.append(Tally("executor", 1, [str(error)]))
    known = known_failures(language.name)
    failed = [t for t in tallies if bool(t.failures) != (t.id in known)]
    lines = [
        f"{t.id}: {t.failures[0] if t.failures else f'passes, but is listed as a known failure: {known[t.id]}'}"
        for t in failed
    ]
    empty = [t for t in tallies if not t.checks]
    beyond = [t for t in empty if t.id.startswith("marshalling/")]
    passed = len(tallies) - len(failed) - len(empty)
    checks = sum(t.checks for t in tallies)
    seconds = time.perf_counter() - started
    skipped = len(empty) - len(beyond)
    row = Row(language.name, environment, passed, len(failed), skipped, len(beyond), checks, seconds)
    return Result(row, tuple(lines), {key: base[key] for key in base.keys() - known_before})


def cases(executor: Executor, suite: Path, base: Baseline, prefix: str, *, brief: bool) -> Iterator[Tally]:
    """The suite that was made, then those of released versions."""
    table = json.loads(TABLE.read_bytes())
    for folder in (suite, *sorted(path for path in RELEASED.glob("*") if path.is_dir())):
        index: Mapping[str, Any] = json.loads((folder / "index.json").read_bytes())
        kept = "" if folder == suite else f"released/{folder.name}/"  # golden bits of another ONNX Runtime
        for entry in index["vectors"]:
            named = {**entry, "id": f"{kept}{entry['id']}", "replay": "tolerance" if kept else "exact"}
            if named["id"].startswith(prefix):
                yield check_vectors(executor, folder, named, base, brief=brief)
    index = json.loads((suite / "index.json").read_bytes())
    others: dict[str, Callable[[], Iterable[Tally]]] = {
        "marshalling/": lambda: check_marshalling(executor, suite, index, table),
        "agreement/": lambda: check_agreement(executor, suite, index),
        "logs/": lambda: [*check_logs(executor, suite, index), *check_log_loads(executor, suite, index)],
        "signals/": lambda: check_signals(executor, suite, index),
        "damaged/": lambda: check_damaged(executor, suite, index),
        "signed/": lambda: check_signed(executor, suite, index),
        "reloads/": lambda: check_reloads(executor, suite, index, brief=brief),
        "identity/": lambda: [check_identity(executor, suite, index)],
        "sources/": lambda: check_sources(executor, suite, index),
        "tampered/": lambda: check_tampered(executor, suite, index),
        "contract/": lambda: check_contract(executor, suite, index),
        "bodies/": lambda: check_bodies(executor, suite, index, base, brief=brief),
    }
    for family, check in others.items():
        if family.startswith(prefix[: len(family)]):
            yield from (tally for tally in check() if tally.id.startswith(prefix))


def known_failures(language: str) -> dict[str, str]:
    """Case id -> why it fails; a listed case that passes is a failure too."""
    file = HERE / "known_failures" / f"{language}.json"
    found: dict[str, str] = json.loads(file.read_bytes()) if file.exists() else {}
    return found


def print_table(rows: Sequence[Row], version: str) -> None:
    print(f"ONNX Runtime {version}")
    print(
        f"{'language':<10}{'environment':<13}{'passed':>8}{'failed':>8}{'skipped':>9}{'beyond':>8}{'checks':>9}{'seconds':>9}"
    )
    for row in rows:
        print(
            f"{row.language:<10}{row.environment:<13}{row.passed:>8}{row.failed:>8}{row.skipped:>9}{row.beyond:>8}{row.checks:>9}"
            f"{row.seconds:>9.1f}"
        )
    total, failed = sum(row.passed for row in rows), sum(row.failed for row in rows)
    print(f"conformance: {total} passed, {failed} failed, {sum(row.skipped for row in rows)} skipped")


if __name__ == "__main__":
    sys.exit(main())
