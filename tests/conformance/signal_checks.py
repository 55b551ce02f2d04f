"""Whether every language counts the same, and writes the same text of it: `schemas/signals.v1.json`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checks import Tally, short
from executors import Executor
from forged_artifacts import Artifact

import skc
from skc.frontend.yaml.reader import read_pipeline_text

LIST = Path(__file__).parents[2] / "schemas" / "signals.v1.json"
PLAN = "PLAN"  # stands for the first digits of the plan's hash
# What depends on the clock: all of a histogram but the number of calls.
TIMED = ("skc_transform_seconds_bucket", "skc_transform_seconds_sum")


def signal_artifacts() -> Iterator[tuple[Mapping[str, Any], Artifact]]:
    """Each case of the list, and its artifact."""
    for case in json.loads(LIST.read_bytes())["cases"]:
        pipeline, _ = read_pipeline_text("\n".join(case["pipeline"]), case["id"])
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder) / "rows.jsonl"
            rows.write_text("".join(json.dumps(row) + "\n" for row in case["fit"]), encoding="utf-8")
            made = skc.compile(pipeline, rows, signals=True, verify=False, profile=False)
        artifact = Artifact(made.artifact.files)
        yield case, artifact.with_document({**artifact.document, **case["manifest"]})


def check_signals(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """Every case: its calls made, whatever their answers, and then the text."""
    tallies = []
    for entry in index["signals"]:
        tally, folder = Tally(f"signals/{entry['id']}"), suite / entry["artifact"]
        load = {"do": "load", "artifact": str(folder), "replay": "exact", "observe": True}
        rows = {"do": "rows", "rows": entry["rows"]}
        with tempfile.TemporaryDirectory() as log:
            signals = {"do": "signals", **({"folder": log} if entry["log"] else {})}
            loaded, _, *answers = executor.ask_all([load, rows, *entry["calls"], signals])
        if all(call["do"] == "transform" for call in entry["calls"]):
            wanted = [_seen(answer) for answer in answers[:-1]]
            tally.expect(answers[-1].get("calls") == wanted, f"the observer got {short(answers[-1].get('calls'))}")
        tally.expect(loaded == {"loaded": True}, f"it does not load: {short(loaded)}")
        plan = json.loads((folder / "manifest.json").read_bytes())["plan"][:8]
        text = answers[-1].get("signals", "")
        tally.expect(text.endswith("\n"), f"there is no text: {short(answers[-1])}")
        lines = [line.replace(f'plan="{plan}"', f'plan="{PLAN}"') for line in text.split("\n")[:-1]]
        lines = [line for line in lines if not line.startswith(TIMED)]
        for number, (got, want) in enumerate(zip(lines, entry["text"], strict=False), start=1):
            tally.expect(got == want, f"line {number}: {want!r} is wanted, not {got!r}")
        tally.expect(len(lines) == len(entry["text"]), f"{len(entry['text'])} lines are wanted, not {len(lines)}")
        tallies.append(tally)
    return tallies


def _seen(answer: Mapping[str, Any]) -> list[Any]:
    """What an observer gets of a call with this answer: the rows served, and the code of a refusal."""
    if "error" in answer:
        return [0, answer["error"]["code"]]
    shape = next(iter(answer["outputs"].values()))["shape"]
    return [shape[0] if len(shape) == 2 else 1, None]
