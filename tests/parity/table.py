"""The parity table: every transformer of scikit-learn and its main parameters, as skc and skl2onnx answer.

    python tests/parity/table.py [--only REGEX] [--json] [--skc] [--update]

It prints a line for each case whose verdict is not `equal` (all of them with `--all`), and one that counts. `--skc`
leaves skl2onnx out; `--update` writes the list of what skc refuses, which the tests hold it to. It fails if a case is
silent with skc, crashes it, or if it refuses a row that scikit-learn serves.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import one_thread  # noqa: E402, F401

import skc_runtime  # noqa: E402, F401

# isort: split
from parity.cases import CASES  # noqa: E402
from parity.expected import NARROW  # noqa: E402
from parity.judge import TOOLS, Line, judge  # noqa: E402
from parity.refusals import write_refusals  # noqa: E402

PROCESSES = 2
FAILURES = ("silent", "crash", "narrow")


def lines(names: Sequence[str], tools: Sequence[str]) -> Iterator[Line]:
    """The table, case by case, made by several processes."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        yield from pool.map(_line, names, [tools] * len(names), chunksize=4)


def _line(name: str, tools: Sequence[str]) -> Line:
    logging.disable(logging.WARNING)
    return judge(CASES[name], tools)


def shown(line: Line, *, is_all: bool) -> str:
    """The line of a case, empty if there is nothing to say about it."""
    verdicts = [
        f"{tool}: {v.kind}{f' {v.error:.1e}' if v.rows else ''} {v.reason}" for tool, v in line.verdicts.items()
    ]
    if is_all or len(line.verdicts) > 1 or line.verdicts["skc"].kind != "equal":
        return "\n    ".join([line.case, *verdicts])
    return ""


def summary(table: Sequence[Line]) -> str:
    """How often each tool got each verdict."""
    rows = []
    for tool in dict.fromkeys(tool for line in table for tool in line.verdicts):
        found = [line.verdicts[tool] for line in table]
        kinds = Counter(v.kind for v in found)
        guarded: Counter[str] = sum((Counter(v.guarded) for v in found), Counter())
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ("equal", "refused", *FAILURES))
        bits, served = sum(v.bits for v in found if v.kind == "equal"), sum(v.served for v in found)
        rows.append(f"{tool}: {counts} of {len(found)} cases; {bits} of the equal ones to the bit")
        rows.append(f"    of {sum(v.rows for v in found)} rows {served} are served that scikit-learn refuses,")
        rows.append(
            f"    {sum(v.unstable for v in found)} are unstable in scikit-learn itself, "
            f"{sum(v.excused for v in found)} excused because skc refuses them, guarded {dict(guarded)}"
        )
    return "\n".join(rows)


@contextmanager
def locale_of_skl2onnx() -> Iterator[None]:
    """ONNX Runtime lowers text by this locale, and does not load a model that does where the machine has none."""
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("localedef"):
            subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", f"{folder}/en_US.UTF-8"], check=True)
            os.environ["LOCPATH"] = folder  # for the processes that are started below
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="cases whose name this regular expression finds")
    parser.add_argument("--json", action="store_true", help="one JSON object for each case, instead of text")
    parser.add_argument("--all", action="store_true", help="cases that are equal as well")
    parser.add_argument("--skc", action="store_true", help="without skl2onnx")
    parser.add_argument("--update", action="store_true", help="write the list of refusals of skc")
    options = parser.parse_args()
    names = [name for name in CASES if re.search(options.only, name)]
    table, began = [], time.monotonic()
    with locale_of_skl2onnx():
        for line in lines(names, TOOLS[:1] if options.skc or options.update else TOOLS):
            table.append(line)
            text = json.dumps(asdict(line)) if options.json else shown(line, is_all=options.all)
            if text:
                print(text, flush=True)
    print(summary(table), f"{time.monotonic() - began:.0f} s", sep="\n", file=sys.stderr)
    if options.update:
        verdicts = {line.case: line.verdicts["skc"] for line in table}
        refused = {name: verdict.reason for name, verdict in verdicts.items() if verdict.kind == "refused"}
        write_refusals(refused, names, CASES)
    if any(line.verdicts["skc"].kind in FAILURES and line.case not in NARROW for line in table):
        sys.exit(1)


if __name__ == "__main__":
    main()
