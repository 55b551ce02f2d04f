"""How long commands and imports take to begin, beside bare Python and the libraries that they load.

    python benchmarks/start.py [--repeat 10]

Each is a process of its own: the fastest of `repeat` in wall time, and in processor time. The artifact is
that of a pipeline of four steps. Byte code is written once before, into the cache folder, as an installation does. The
machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
PIPELINE = """\
skc: 1
name: small
inputs:
  age: {type: float64, nullable: true}
  town: {type: string, nullable: true}
features:
  age: {from: age, apply: [{impute: {strategy: median}}, standard_scale, {clip: {min: -3, max: 3}}]}
  town: {from: town, apply: [vocabulary]}
outputs:
  x: {features: [age], dtype: float32}
  ids: {features: [town], dtype: int64}
"""
ROWS = "age,town\n" + "".join(f"{20 + k % 50},{('Cork', 'Rome', 'Oslo')[k % 3]}\n" for k in range(200))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=10, help="runs of each; the fastest counts")
    results.add_flag(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "p.yaml").write_text(PIPELINE)
        (folder / "rows.csv").write_text(ROWS)
        skc = [sys.executable, "-m", "skc"]
        run([*skc, "compile", str(folder / "p.yaml"), "--data", str(folder / "rows.csv"), "-o", str(folder / "a")])
        subjects = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "import numpy": [sys.executable, "-c", "import numpy"],
            "import onnxruntime": [sys.executable, "-c", "import onnxruntime"],
            "import sklearn": [sys.executable, "-c", "import sklearn.pipeline"],
            "skc_runtime.load": [sys.executable, "-c", f"import skc_runtime; skc_runtime.load({str(folder / 'a')!r})"],
            "skc --help": [*skc, "--help"],
            "skc check": [*skc, "check", str(folder / "p.yaml")],
            "skc verify": [*skc, "verify", str(folder / "a")],
        }
        best: dict[str, tuple[float, float]] = {}
        for _ in range(given.repeat + 1):  # the first writes byte code, and is never the fastest
            for subject, command in subjects.items():
                best[subject] = min(best.get(subject, (1e9, 1e9)), run(command))
    bare = best["python -c pass"][0]
    print(f"{'':<22}{'seconds':>9}{'processor':>11}{'x bare':>9}")
    for subject, (seconds, processor) in best.items():
        print(f"{subject:<22}{seconds:>9.3f}{processor:>11.3f}{seconds / bare:>9.1f}")
    results.save(given.json, {f"{subject}, to python": seconds / bare for subject, (seconds, _) in best.items()})


def run(command: list[str]) -> tuple[float, float]:
    """The wall time of a process, and its processor time."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    variables["PYTHONPYCACHEPREFIX"] = str(CACHE / "bytecode")
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
