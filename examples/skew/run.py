"""Causes of training-serving skew, each as people write it, and what skc does about each.

    python examples/skew/run.py              # runs every folder and prints the table
    python examples/skew/run.py CAUSE        # runs one and prints its transcript
    python examples/skew/run.py --check      # also compares the transcripts and README.md with the committed ones
    python examples/skew/run.py --write      # writes them again

A folder's expected.txt is a transcript. Its lines that begin with `$` are the commands, which are run here in a copy of
the folder; what is between them is what they print. So the last column of the table is observed: it comes from the
exit codes of the commands after the first, which is `python skewed.py`. A command or an op that skc does not have yet
is written alone (`$ skc freshness`), and says so until it exists; then `--check` fails until the transcript uses it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import skc.cli
from skc.ops import OPS

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
# These commands exit with 1 if they find something.
FINDING = ("verify", "diff", "replay", "drift", "freshness", "parity", "shadow")
# How a stop begins: the rows of the table are in this order.
WORDS = (*("cannot be written", "refused at", "warned at", "refused in serving", "found by", "not found by skc today"),)
VARIABLE = (  # what differs between two runs, machines, or versions of skc with more parameters
    (re.compile(r"\b[0-9a-f]{64}\b|(?<=plan )[0-9a-f]{12}\b"), "…"),
    (re.compile(r" in \d+\.\d s\b"), ""),
    (re.compile(r"^(   (?:keys|parameters): (?:`\w+`, ){3}).*$", re.MULTILINE), r"\1…"),
    (re.compile(r"\btzdata \d{4}[a-z]\b"), "tzdata …"),
    (re.compile(r"^stage +rows +seconds\n(?s:.*)", re.MULTILINE), ""),  # of a compile, all but its warnings
)


@dataclass(frozen=True)
class Result:
    """A command of a transcript, what it printed, and its exit code; None if it does not exist yet."""

    command: str
    printed: str
    code: int | None

    def stop(self) -> str | None:
        """How this command stopped or found the skew, in the words of the table."""
        program, *arguments = shlex.split(self.command)
        if self.code is None:
            return None
        if program == "python":
            where = {1: "refused in serving", 2: "refused at load"}.get(self.code)
            return where and f"{where} ({self._first_code()})"
        command = arguments[0]
        if self.code == 0:
            return f"warned at {command} ({self._first_code()})" if "warning[" in self.printed else None
        if command in FINDING and self.code == 1:
            return f"found by {command}"
        code = self._first_code()
        if self.command == f"skc {command}":
            raise AssertionError(f"`skc {command}` exists now: write its arguments into the transcript, then `--write`")
        if command == "parity" and code == "SKC677":  # it says how the keys are written
            return f"found by parity ({code})"
        if command not in ("check", "compile") or self.code != 2:
            raise AssertionError(f"`{self.command}` ended with {self.code}:\n{self.printed}")
        is_reading = code.startswith("SKC1") and "pipeline.yaml" not in arguments
        return f"cannot be written ({code})" if is_reading else f"refused at {command} ({code})"

    def missing(self) -> str | None:
        """The command or op that this needs."""
        return None if self.code is not None else self.printed.strip()

    def _first_code(self) -> str:
        found = re.search(r"(?:error|warning)\[([\w-]+)\]", self.printed)
        if found is None:
            raise AssertionError(f"no code in what `{self.command}` printed:\n{self.printed}")
        return found[1]


@dataclass(frozen=True)
class Cause:
    """A folder, run."""

    name: str
    results: tuple[Result, ...]

    def transcript(self) -> str:
        return "\n".join(f"$ {r.command}\n{r.printed}" for r in self.results)

    def skewed(self) -> tuple[str, str]:
        """The value in training and in serving, the last two lines of skewed.py."""
        values = re.search(r"^training: +(.+)\nserving: +(.+)\n\Z", self.results[0].printed, re.MULTILINE)
        if values is None or values[1] == values[2]:
            raise AssertionError(f"{self.name}: skewed.py shows no skew:\n{self.results[0].printed}")
        return values[1], values[2]

    def stopped_by(self) -> str:
        stops = dict.fromkeys(stop for r in self.results[1:] if (stop := r.stop()))
        missing = ", ".join(dict.fromkeys(gap for r in self.results if (gap := r.missing())))
        if not stops:
            return f"not found by skc today: {missing}"
        return " · ".join(stops) + (f", but not its cause: {missing}" if missing else "")

    def title(self) -> str:
        """The first line of skewed.py, for Markdown."""
        first = (HERE / self.name / "skewed.py").read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix('"""').removesuffix(".").replace("|", r"\|")


def names() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/skewed.py"))


def run_cause(name: str, copies: Path) -> Cause:
    """Run the commands of a transcript in a copy of its folder."""
    shutil.copytree(
        HERE / name, copies / name, ignore=shutil.ignore_patterns("artifact", "log", "training.*", "__pycache__")
    )
    lines = (HERE / name / "expected.txt").read_text(encoding="utf-8").splitlines()
    with inside(copies / name):
        return Cause(name, tuple(run_command(line[2:]) for line in lines if line.startswith("$ ")))


def run_command(command: str) -> Result:
    """Run one command in this process, which takes a tenth of the time of its own."""
    program, *arguments = shlex.split(command)
    if program == "skc" and (gap := not_yet(arguments)):
        return Result(command, f"{gap}\n", None)
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = run_python(arguments) if program == "python" else skc.cli.run(arguments)
    text = printed.buffer.getvalue().decode()
    for pattern, replacement in VARIABLE:
        text = pattern.sub(replacement, text)
    return Result(command, f"{text.strip()}\n" if text.strip() else "", code)


def not_yet(arguments: Sequence[str]) -> str | None:
    """What skc does not have yet, if the command needs it."""
    match arguments:
        case [name, *_] if name not in skc.cli.COMMANDS:
            return f"skc has no `{name}` yet"
        case ["ops", name] if name not in OPS:
            return f"skc has no op `{name}` yet"
    return None


def run_python(arguments: Sequence[str]) -> int:
    before, sys.argv = sys.argv, list(arguments)
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    return 0


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def table(causes: Sequence[Cause]) -> str:
    """The table as Markdown."""
    ordered = sorted(
        causes, key=lambda c: (next(i for i, w in enumerate(WORDS) if c.stopped_by().startswith(w)), c.name)
    )
    rows = [(c.name, c.title(), "{} → {}".format(*c.skewed()), c.stopped_by()) for c in ordered]
    lines = [f"| [{name}]({name}) | {title} | {skewed} | {stop} |" for name, title, skewed, stop in rows]
    return "\n".join(("| cause | what differs | training → serving | stopped by |", "|---|---|---|---|", *lines))


def files(causes: Sequence[Cause]) -> dict[Path, str]:
    """The committed files and what they should hold."""
    before, _, rest = README.read_text(encoding="utf-8").partition("<!-- table -->\n")
    readme = f"{before}<!-- table -->\n{table(causes)}\n<!-- /table -->{rest.partition('<!-- /table -->')[2]}"
    return {README: readme} | {HERE / c.name / "expected.txt": c.transcript() for c in causes}


def run_all(chosen: Sequence[str], processes: int = 1) -> list[Cause]:
    with tempfile.TemporaryDirectory() as folder:
        for script in ("serve.py", "log_requests.py"):
            shutil.copy(HERE / script, folder)
        if processes == 1:
            return [run_cause(name, Path(folder)) for name in chosen]
        with ProcessPoolExecutor(processes) as pool:
            return list(pool.map(run_cause, chosen, repeat(Path(folder))))


def main(*arguments: str) -> int:
    chosen = [name for name in arguments if not name.startswith("--")]
    causes = run_all(chosen or names(), 1 if len(chosen) == 1 else os.cpu_count() or 1)
    if chosen and "--write" not in arguments:
        print("\n".join(cause.transcript() for cause in causes))
        return 0
    print(table(causes))
    wanted = {} if chosen else files(causes)
    if "--write" in arguments:
        wanted = wanted or {HERE / c.name / "expected.txt": c.transcript() for c in causes}
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
    stale = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if "--check" not in arguments or not stale:
        return 0
    for path in stale:
        print(f"{path.relative_to(HERE)} is out of date: see `run.py CAUSE`, then `run.py --write`")
    return 1


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # the locale may be ASCII, and the table has arrows
        sys.stdout.reconfigure(encoding=None if sys.stdout.isatty() else "utf-8", errors="backslashreplace")
    sys.exit(main(*sys.argv[1:]))
