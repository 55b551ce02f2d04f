"""Whether an artifact as a whole is loaded or refused, in every language alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checks import Tally, short
from executors import Executor


def check_damaged(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """No damaged artifact is loaded, and each is refused with its code."""
    entries = index["damaged"]
    requests = [{"do": "load", "artifact": str(suite / e["artifact"]), "replay": "exact"} for e in entries]
    found = []
    for entry, answer in zip(entries, executor.ask_all(requests), strict=True):
        tally = Tally(f"damaged/{entry['id']}")
        code = answer.get("error", {}).get("code")
        tally.expect(code == entry["expect"], f"{entry['expect']} is wanted, not {short(answer)}")
        found.append(tally)
    return found


def check_agreement(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """Golden replay takes a value that agrees with the golden one, and no other."""
    found = []
    for entry in index["agreement"]:
        tally = Tally(f"agreement/{entry['id']}")
        load = {"do": "load", "artifact": str(suite / entry["artifact"])}
        answers = executor.ask_all([{**load, "replay": replay} for replay in entry["loads"]])
        for (replay, loads), answer in zip(entry["loads"].items(), answers, strict=True):
            want = {"loaded": True} if loads else "golden-mismatch"
            got = answer["error"]["code"] if "error" in answer else answer
            tally.expect(got == want, f"replay {replay}: {want} is wanted, not {short(answer)}")
        found.append(tally)
    return found


def check_sources(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """Wherever an artifact lies, it loads, or is refused with its code."""
    entries = [e for e in index["sources"] if e["from"] not in executor.hello["cannot"]]
    requests = [
        {"do": "load", "artifact": str(suite / e["artifact"]), "from": e["from"], "replay": "exact"} for e in entries
    ]
    found = []
    for entry, answer in zip(entries, executor.ask_all(requests), strict=True):
        tally = Tally(f"sources/{entry['id']}")
        want = {"loaded": True} if entry["expect"] is None else entry["expect"]
        got = answer["error"]["code"] if "error" in answer else answer
        tally.expect(got == want, f"{want} is wanted, not {short(answer)}")
        found.append(tally)
    return found


def check_tampered(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """What nothing in the artifact can tell loads; it is not the artifact that a caller expects."""
    wanted = untampered_identity(suite)
    found = []
    for entry in index["tampered"]:
        tally = Tally(f"tampered/{entry['id']}")
        load = {"do": "load", "artifact": str(suite / entry["artifact"]), "replay": "exact"}
        loaded, refused = executor.ask_all([load, {**load, "expect": wanted}])
        tally.expect(loaded == {"loaded": True}, f"it should load, but: {short(loaded)}")
        code = refused.get("error", {}).get("code")
        tally.expect(code == "identity-mismatch", f"identity-mismatch is wanted, not {short(refused)}")
        found.append(tally)
    return found


def untampered_identity(suite: Path) -> str:
    """Of the artifact that was tampered with, which the suite holds as files."""
    return hashlib.sha256((suite / "artifacts/sources/files/manifest.json").read_bytes()).hexdigest()
