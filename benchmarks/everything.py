"""All benchmarks, one after the other, each with what it prints; their ratios are kept in results.json.

    python benchmarks/everything.py [batch latency …]

Run them on a machine that does nothing else. A benchmark that is not named keeps its ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import results

HERE = Path(__file__).parent
HELPERS = {"counts", "everything", "results", "tables"}
NAMES = sorted({file.stem for file in HERE.glob("*.py")} - HELPERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    failed = [name for name in names if not measure(name)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def measure(name: str) -> bool:
    """Whether a benchmark ran to its end; then its ratios are kept."""
    print(f"\n{name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratios.json"
        done = subprocess.run([sys.executable, HERE / f"{name}.py", "--json", file], check=False)
        if done.returncode != 0:
            return False
        ratios = {**results.read().get("ratios", {}), name: {"on": machine(), **json.loads(file.read_text())}}
    results.write(ratios=dict(sorted(ratios.items())))
    return True


def machine() -> str:
    """What the ratios still depend on."""
    libraries = [f"{library} {version(library)}" for library in ("onnxruntime", "duckdb", "numpy")]
    return (
        f"{os.cpu_count()} {platform.machine()} processors, Python {platform.python_version()}, {', '.join(libraries)}"
    )


if __name__ == "__main__":
    main()
