"""Which artifact is loaded, and who made it: see `signed.py`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checks import SIGNATURES, Tally, identity_of, rides, short
from executors import Executor, Message

_NO_IDENTITIES = ("", "0" * 63, "0" * 65, "g" * 64, "sha256:" + "0" * 57, "é" * 64)


def check_signed(executor: Executor, suite: Path, index: Mapping[str, Any]) -> list[Tally]:
    """An artifact is loaded with the key of who signed it, and refused with its code in every other case."""
    tallies = [Tally(f"signed/{entry['id']}") for entry in index["signed"]]
    if "keys" in executor.hello["cannot"]:
        return tallies
    requests = [
        {"do": "load", "artifact": str(suite / e["artifact"]), "replay": "exact", "key": e["key"]}
        for e in index["signed"]
    ]
    for tally, entry, answer in zip(tallies, index["signed"], executor.ask_all(requests), strict=True):
        code = answer.get("error", {}).get("code")
        tally.expect(code == entry["expect"], f"{entry['expect']} is wanted, not {short(answer)}")
    return tallies


def check_identity(executor: Executor, suite: Path, index: Mapping[str, Any]) -> Tally:
    """Only the artifact that is expected is loaded."""
    tally = Tally("identity/expected")
    (load, _), (other, _) = (rides(suite, index, signature) for signature in SIGNATURES)
    identity, another = identity_of(load), identity_of(other)
    requests: list[tuple[Message, str | None]] = [
        ({**load, "expect": identity}, None),
        ({**load, "expect": another}, "identity-mismatch"),
        ({**other, "expect": another}, None),
        ({**load, "expect": "0" * 64}, "identity-mismatch"),
        *(({**load, "expect": wrong}, "invalid-option") for wrong in _NO_IDENTITIES),
        ({**load, "expect": identity.upper()}, "invalid-option"),
        ({**load, "expect": f"{identity}\n"}, "invalid-option"),
        ({**load, "artifact": str(suite / "nowhere"), "expect": identity}, "artifact-not-found"),
    ]
    for (request, want), answer in zip(requests, executor.ask_all([r for r, _ in requests]), strict=True):
        code = answer.get("error", {}).get("code")
        tally.expect(code == want, f"{request}: {want} is wanted, not {short(answer)}")
    return tally
