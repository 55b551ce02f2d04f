"""What `skc shadow` says of services that are alike, of one that is wrong, and of noise.

    python benchmarks/shadow.py languages   # 10,000 generated requests to the rides in Python and in Go: 0 differ
    python benchmarks/shadow.py null        # 0 in place of the median of a fare: diverges, first cause `fare null`
    python benchmarks/shadow.py noise       # ±2e-4 of a score of 3 %: agrees; a pure rule of 5 % finds every eighth
    python benchmarks/shadow.py verdicts    # 200 runs of 1,000 requests for each of six shares: right in 95 %
    python benchmarks/shadow.py size        # two logs of 200,000 requests: CPU seconds, and the peak of memory

Without an argument, all of them. Exits with 1 if one is not as this says. `languages` needs Go.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import results

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "conformance")]

from run import onnxruntime_version, provide_onnxruntime  # noqa: E402
from shadow_services import answers, command, log_file, requests_file, rides  # noqa: E402

import skc  # noqa: E402
from skc.skew.shadow.differing import Rules  # noqa: E402
from skc.skew.shadow.verdict import share_of  # noqa: E402

EXAMPLE = ROOT / "examples" / "rides"
REQUESTS = 10_000
WITHOUT_IMPUTING = """\
import json, sys
import serve

def zeros(line):
    record = json.loads(line)
    if isinstance(record, dict) and "fare" in record and record["fare"] in (None, -1.0):
        record["fare"] = 0.0
    return json.dumps(record).encode()

model = json.loads((serve.HERE / "model.json").read_text())
with serve.skc_runtime.load(serve.HERE / "artifact") as transformer:
    for line in sys.stdin.buffer:
        print(json.dumps(serve.answer(transformer, model, zeros(line))), flush=True)
"""


@cache
def example() -> Path:
    """The rides with an artifact and a model."""
    folder = Path(tempfile.mkdtemp(prefix="skc-shadow-")) / "rides"
    shutil.copytree(EXAMPLE, folder)
    skc.compile(folder / "pipeline.yaml", None, folder / "artifact", rows=1000)
    subprocess.run([sys.executable, "train.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "zeros.py").write_text(WITHOUT_IMPUTING)
    return folder


def python(program: str) -> str:
    return shlex.join([sys.executable, str(example() / program)])


def seen(name: str, is_right: bool, *texts: Any) -> bool:
    print(f"{name}: {'ok' if is_right else 'WRONG'}")
    for text in texts:
        print(f"  {text}")
    return is_right


def in_languages() -> bool:
    """Python and Go answer 10,000 generated requests alike."""
    program = example() / "go" / "serve"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=EXAMPLE / "go", check=True)
    library = provide_onnxruntime(onnxruntime_version())
    os.environ["SKC_ONNXRUNTIME_LIBRARY"] = str(library)
    go = shlex.join([str(program), str(example())])
    report = skc.shadow(
        left=python("serve.py"),
        right=go,
        artifact=example() / "artifact",
        synthetic=REQUESTS,
        ignore=["message"],
        compare="all",
    )
    is_right = report.outcome == "agrees" and report.share.differing == 0 and report.rows == REQUESTS
    refused = f"refused: {report.refused[0]:,} by Python, {report.refused[1]:,} by Go, with the same codes"
    return seen("languages", is_right, report.verdict(), refused, *(f"latency {side}" for side in report.latency))


def of_null() -> bool:
    """A service that puts 0 in place of a null fare, where the pipeline has the median."""
    report = skc.shadow(
        left=python("serve.py"), right=python("zeros.py"), artifact=example() / "artifact", synthetic=REQUESTS
    )
    causes = [
        f"{one.text}: {one.share:.1%} of {one.rows:,} differ, {one.other_share:.1%} of the others"
        for one in report.inputs
    ]
    is_right = report.outcome == "diverges" and bool(report.inputs) and report.inputs[0].text == "fare null"
    return seen("null", is_right, report.verdict(), *causes)


def of_noise() -> bool:
    """Two scorers that are equal but for ±2e-4, of which the mean is 3 %."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = requests_file(folder, rides(2000))
        asked = {"left": command(folder), "right": command(folder, noise=2e-4), "requests": requests}
        report = skc.shadow(**asked)
    random = np.random.default_rng(3)
    scores = random.beta(1, 32, 100_000)
    other = scores + random.choice([-2e-4, 2e-4], len(scores))
    found = {}
    for label, rules in (("5 % alone", Rules(absolute=0.0)), ("with the floor of 0.001", Rules())):
        found[label] = sum(rules.is_far(a, b) for a, b in zip(scores.tolist(), other.tolist(), strict=True)) / len(
            scores
        )
    texts = [f"of scores of {scores.mean():.1%}, {label}: {share:.2%} differ" for label, share in found.items()]
    return seen("noise", report.outcome == "agrees" and report.share.differing == 0, report.verdict(), *texts)


def of_verdicts() -> bool:
    """The verdicts of 200 runs of 1,000 requests, against a share of 10 %."""
    random = np.random.default_rng(14)
    texts, is_right, least = [], True, 1.0
    for share, right in (
        (0.0, "agrees"),
        (0.05, "agrees"),
        (0.07, "agrees"),
        (0.14, "diverges"),
        (0.2, "diverges"),
        (0.5, "diverges"),
    ):
        verdicts = [share_of(1000, int(k)).verdict(0.10) for k in random.binomial(1000, share, 200)]
        rate = verdicts.count(right) / len(verdicts)
        is_right, least = is_right and rate >= 0.95, min(least, rate)
        texts.append(f"{share:.0%} differ: {right} in {rate:.1%}")
    wrong = [share_of(1000, int(k)).verdict(0.10) == "diverges" for k in random.binomial(1000, 0.10, 2000)]
    texts.append(f"10% differ, which is allowed: diverges in {sum(wrong) / len(wrong):.1%} of 2,000 runs")
    RATIOS["verdicts, the least share that is right"] = least
    return seen("verdicts", is_right and sum(wrong) <= 0.06 * len(wrong), *texts)


def of_size() -> bool:
    """Two logs, in a process of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = rides(200_000, nulls=0.05)
        for side, fare in (("a", 12.5), ("b", 0.0)):
            log_file(folder / f"{side}.jsonl", records, answers(fare_of_null=fare))
        program = "import skc, sys; print(skc.shadow(*sys.argv[1:]).verdict())"
        started = time.perf_counter()
        paths = [str(folder / f"{side}.jsonl") for side in "ab"]
        done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
        size = sum(Path(path).stat().st_size for path in paths)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, wall = usage.ru_utime + usage.ru_stime, time.perf_counter() - started
    text = f"{size / 1e6:.0f} MB, {cpu:.1f} CPU s, {wall:.1f} s (busy)"
    peak = usage.ru_maxrss * 1024
    RATIOS["two logs of 200,000 requests, memory to 1 GB"] = peak / 1e9
    return seen("size", peak < 10**9, done.stdout.strip(), text, f"peak {peak / 1e6:.0f} MB")


RATIOS: dict[str, float] = {}  # what is kept
PARTS: dict[str, Callable[[], bool]] = {
    "size": of_size,  # first: the peak is that of all children
    "languages": in_languages,
    "null": of_null,
    "noise": of_noise,
    "verdicts": of_verdicts,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="one or more; all by default")
    results.add_flag(parser)
    given = parser.parse_args()
    wrong = [part for part in given.parts or PARTS if not PARTS[part]()]
    results.save(given.json, RATIOS)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
