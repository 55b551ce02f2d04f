"""The table of planted faults: `python tests/mutation/run.py [--per-kind N]`. Without N every fault is tried.

With `--beyond-tests` the subjects of `test_self_check.py` are left out, which tries two of a kind in the first case of
each op on fewer rows, and all in the example.

It ends with 1 where a fault is not found that is not in `known.py`, or is said to be none and a row of `grid` shows it;
where every fault is tried, also for a rule of `known.py` that explains none.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.known import BLAMED, EQUIVALENT, MISSED, rule_of
from mutation.subjects import ROOT, compiled, op_subjects, shown
from toolchains import REAL, missing_real_data, real_data

from skc.reports.self_check import fates
from skc.selfcheck.report import MutantResult, SelfCheck
from skc.selfcheck.run import self_check
from skc.verification.run import Options

DATA = real_data()
NAMES = ["rides", *(name for name in REAL if (DATA / f"{name}.csv").exists()), *(s.name for s in op_subjects())]


def tried(name: str, per_kind: int | None) -> tuple[list[str], set[str | None], SelfCheck]:
    """What there is to say of the faults of an op's case, the example or real data (wrong is what begins with `!`), and
    the rules that explain them.
    """
    subject = next((s for s in op_subjects() if s.name == name), None)
    artifact = None if subject is None else subject.artifact()
    check = _whole(name, per_kind) if artifact is None else self_check(artifact, Options(rows=300), per_kind)
    left = (*check.survivors, *check.misplaced)
    rules = [rule_of(name, outcome) for outcome in left]
    lines = [f"{' ' if rule else '!'} {_line(name, outcome)}" for rule, outcome in zip(rules, left, strict=True)]
    by_row = () if subject is None or artifact is None else shown(artifact, subject, check)
    lines += [
        f"! {_line(name, outcome)} | a row shows it: {record}"
        for outcome, record in by_row
        if rule_of(name, outcome) not in MISSED  # which says so itself
    ]
    # how a mutant is made stays in the process that made it
    told = tuple(replace(o, mutant=replace(o.mutant, make=_not_here)) for o in check.outcomes)
    return lines, {*rules}, replace(check, outcomes=told)


def _whole(name: str, per_kind: int | None) -> SelfCheck:
    """Of a pipeline with its data, the larger subjects."""
    folder = ROOT / "examples" / "rides" if name == "rides" else ROOT / "tests" / "real"
    pipeline = folder / ("pipeline.yaml" if name == "rides" else f"{name}.yaml")
    with tempfile.TemporaryDirectory() as out:
        made = compiled(pipeline, None if name == "rides" else DATA / f"{name}.csv", Path(out))
    return self_check(made, None, per_kind)


def _not_here() -> bytes | None:
    raise AssertionError("a mutant is made in the process that tries it")


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant faults, and print which of them are found.")
    parser.add_argument("--per-kind", type=int, default=None)
    parser.add_argument("--only", default="", help="a regular expression: the subjects to try")
    parser.add_argument("--beyond-tests", action="store_true", help="leave out what the tests of pytest try")
    arguments = parser.parse_args()
    done: list[SelfCheck] = []
    used: set[str | None] = set()
    wrong, started = 0, time.perf_counter()
    tested = {"rides", *(s.name for s in op_subjects(most=1))} if arguments.beyond_tests else set()
    names = [name for name in NAMES if re.search(arguments.only, name) and name not in tested]
    with ProcessPoolExecutor() as pool:
        for lines, rules, check in pool.map(partial(tried, per_kind=arguments.per_kind), names):
            done.append(check)
            used |= rules
            wrong += sum(line.startswith("!") for line in lines)
            sys.stdout.writelines(f"{line}\n" for line in lines)
            sys.stdout.flush()
    is_whole = arguments.per_kind is None and names == NAMES and not missing_real_data()
    stale = ({*EQUIVALENT, *MISSED, *BLAMED} - used) if is_whole else set()
    sys.stdout.writelines(f"! a rule that explains nothing: {rule}\n" for rule in sorted(stale))
    wrong += len(stale)
    outcomes = tuple(outcome for check in done for outcome in check.outcomes)
    total, seconds = sum(check.candidates for check in done), time.perf_counter() - started
    sys.stdout.write(f"{fates(SelfCheck('all', outcomes, total, seconds))}\n")
    told = f"{len(outcomes):,} of {total:,} mutants, {seconds:.0f} s; not explained, or wrongly: {wrong}"
    sys.stdout.write(f"{told}\n")
    sys.exit(1 if wrong else 0)


def _line(name: str, outcome: MutantResult) -> str:
    where = ", ".join(sorted(outcome.mutant.steps)) or "outputs"
    fate = f"blamed on {outcome.step}" if outcome.fate == "found" else outcome.fate
    return f"{name} | {outcome.mutant.kind} | {outcome.mutant.what} | {where} | {fate}"


if __name__ == "__main__":
    main()
