"""The table of planted faults: `python tests/mutation/run.py [--per-kind N]`. Without N every fault is tried.

It ends with 1 where a fault is not found that is not in `known.py`, or is said to be none and a row of `grid` shows it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.known import is_known
from mutation.subjects import DATA, REAL, ROOT, Subject, compiled, op_subjects, shown

from skc.selfcheck.report import Outcome, SelfCheck
from skc.selfcheck.run import self_check
from skc.verification.run import Options


def checks(per_kind: int | None, folder: Path) -> Iterator[tuple[str, Subject | None, SelfCheck]]:
    """Op by op, the example, and real data where it is there."""
    options = Options(rows=300)
    for subject in op_subjects():
        yield subject.name, subject, self_check(subject.artifact(), options, per_kind)
    rides = compiled(ROOT / "examples" / "rides" / "pipeline.yaml", None, folder / "rides")
    yield "rides", None, self_check(rides, None, per_kind)
    for name in REAL:
        if (DATA / f"{name}.csv").exists():
            made = compiled(ROOT / "tests" / "real" / f"{name}.yaml", DATA / f"{name}.csv", folder / name)
            yield name, None, self_check(made, None, per_kind)


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant faults, and print which of them are found.")
    parser.add_argument("--per-kind", type=int, default=None)
    arguments = parser.parse_args()
    done: list[SelfCheck] = []
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, subject, check in checks(arguments.per_kind, Path(folder)):
            done.append(check)
            for outcome in (*check.survivors, *check.misplaced):
                is_wrong = not is_known(name, outcome)
                wrong += is_wrong
                _say(f"{'!' if is_wrong else ' '} {_told(name, outcome)}")
            for outcome, record in () if subject is None else shown(subject, check):
                wrong += 1
                _say(f"! {_told(name, outcome)} | a row shows it: {record}")
    outcomes = tuple(outcome for check in done for outcome in check.outcomes)
    total, seconds = sum(check.candidates for check in done), sum(check.seconds for check in done)
    _say(SelfCheck("all", outcomes, total, seconds).table())
    _say(f"{len(outcomes):,} of {total:,} mutants, {seconds:.0f} s; not explained, or explained and shown: {wrong}")
    sys.exit(1 if wrong else 0)


def _told(name: str, outcome: Outcome) -> str:
    where = ", ".join(sorted(outcome.mutant.steps)) or "outputs"
    fate = f"blamed on {outcome.step}" if outcome.fate == "found" else outcome.fate
    return f"{name} | {outcome.mutant.kind} | {outcome.mutant.what} | {where} | {fate}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
