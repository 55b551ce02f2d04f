"""The table of planted faults: `python tests/mutation/run.py [--per-kind N]`. Without N every fault is tried.

It ends with 1 where a fault is not found that is not in `known.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.known import is_known
from mutation.subjects import DATA, REAL, ROOT, compiled, op_subjects

from skc.selfcheck.report import Outcome, SelfCheck
from skc.selfcheck.run import self_check
from skc.verification.run import Options


def checks(per_kind: int | None, folder: Path) -> Iterator[tuple[str, SelfCheck]]:
    """Op by op, the example, and real data where it is there."""
    options = Options(rows=300)
    for subject in op_subjects():
        yield subject.name, self_check(subject.artifact(), options, per_kind)
    rides = compiled(ROOT / "examples" / "rides" / "pipeline.yaml", None, folder / "rides")
    yield "rides", self_check(rides, None, per_kind)
    for name in REAL:
        if (DATA / f"{name}.csv").exists():
            made = compiled(ROOT / "tests" / "real" / f"{name}.yaml", DATA / f"{name}.csv", folder / name)
            yield name, self_check(made, None, per_kind)


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant faults, and print which of them are found.")
    parser.add_argument("--per-kind", type=int, default=None)
    arguments = parser.parse_args()
    done: list[SelfCheck] = []
    strangers = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, check in checks(arguments.per_kind, Path(folder)):
            done.append(check)
            for outcome in (*check.survivors, *check.misplaced):
                is_stranger = not is_known(name, outcome)
                strangers += is_stranger
                _say(f"{'!' if is_stranger else ' '} {_told(name, outcome)}")
    outcomes = tuple(outcome for check in done for outcome in check.outcomes)
    total, seconds = sum(check.candidates for check in done), sum(check.seconds for check in done)
    _say(SelfCheck("all", outcomes, total, seconds).table())
    _say(f"{len(outcomes):,} of {total:,} mutants, {seconds:.0f} s; not found or misplaced, and not known: {strangers}")
    sys.exit(1 if strangers else 0)


def _told(name: str, outcome: Outcome) -> str:
    where = ", ".join(sorted(outcome.mutant.steps)) or "outputs"
    fate = "not found" if outcome.fate == "not found" else f"blamed on {outcome.step}"
    return f"{name} | {outcome.mutant.kind} | {outcome.mutant.what} | {where} | {fate}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
