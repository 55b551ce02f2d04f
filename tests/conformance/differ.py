"""Damaged bodies of JSON, answered by every language: `python tests/conformance/differ.py --bodies 20000 --seed 1`.

Wants a suite in build/conformance (`make conformance` leaves one). Prints each body that is not answered alike, and how
many were tried. Exit code 0 if all were answered alike.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections import Counter
from contextlib import ExitStack

import bodies
from executors import LANGUAGES, Executor
from run import BUILD, installed, onnxruntime_version, provide_onnxruntime

SHOWN = 20
AT_ONCE = 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--langs", default=",".join(LANGUAGES))
    given = parser.parse_args()
    library = provide_onnxruntime(onnxruntime_version())
    suite = BUILD / "conformance"
    entry = json.loads((suite / "index.json").read_bytes())["bodies"]
    load = {"do": "load", "artifact": str(suite / entry["artifacts"]["packed"]), "replay": "exact"}
    languages, _ = installed(given.langs.split(","))
    different, outcomes = 0, Counter[str]()
    with ExitStack() as stack:
        executors = [stack.enter_context(Executor(language, library, {})) for language in languages]
        for executor in executors:
            executor.ask(load)
        drawn = list(bodies.damaged(given.seed, given.bodies))
        for start in range(0, len(drawn), AT_ONCE):
            chunk = drawn[start : start + AT_ONCE]
            requests = [
                {"do": "transform", "form": "json", "body": [[base64.b64encode(body).decode(), 1]], "extra": extra}
                for body, extra in chunk
            ]
            answers = [list(executor.ask_all(requests)) for executor in executors]
            for (body, extra), *told in zip(chunk, *answers, strict=True):
                outcomes[told[0].get("error", {}).get("code", "served")] += 1
                if any(answer != told[0] for answer in told):
                    different += 1
                    if different <= SHOWN:
                        print(f"{body!r} (extra={extra})")
                        for language, answer in zip(languages, told, strict=True):
                            print(f"    {language.name}: {json.dumps(answer)[:300]}")
    print(
        f"{len(drawn)} bodies, {different} not answered alike by {', '.join(x.name for x in languages)}; of the first:"
    )
    print("   ", ", ".join(f"{code} {count}" for code, count in outcomes.most_common()))
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
