"""Fuzz one reader, guided by coverage: `python tests/fuzz/target.py NAME [-max_total_time=60] [-runs=N] [CORPUS]`.

Needs `pip install atheris`. NAME is one of `readers.READERS`. Without a corpus it begins with the seeds, in
build/fuzz/NAME, and keeps there what reaches new code. What breaks a reader is written to crash-…
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import atheris

with atheris.instrument_imports(include=["skc", "skc_runtime"]):
    from fuzz.readers import READERS, ROOT


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        sys.exit(f"usage: python tests/fuzz/target.py {{{'|'.join(READERS)}}} [options of libFuzzer] [CORPUS]")
    name = sys.argv.pop(1)
    reader = READERS[name]
    if all(argument.startswith("-") for argument in sys.argv[1:]):
        corpus = ROOT / "build" / "fuzz" / name
        corpus.mkdir(parents=True, exist_ok=True)
        for seed in reader.seeds():
            (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        sys.argv.append(str(corpus))
    atheris.Setup(sys.argv, reader.try_it)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
