"""A small suite that the tests of the harness share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import checks
import pytest
import suite
from sharing import Share

SOME_OPS = ("ops/vocabulary/", "ops/cyclical/", "ops/one_hot/un", "ops/cast/", "ops/log1p/large")


@pytest.fixture(autouse=True)
def one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that lie are told from one round as from ten."""
    monkeypatch.setattr(checks, "ROUNDS", 1)


@pytest.fixture(scope="session")
def small(share: Share) -> Path:
    """A suite of a few cases."""
    return share("suite", write_small)


def write_small(out: Path) -> None:
    out.mkdir()
    chosen = [v for v in suite.op_vectors() if v.id.startswith(SOME_OPS)]
    entries = [suite.write_vectors(out, vectors) for vectors in (*chosen, *suite.example_vectors())]
    index = {
        "skc": "conformance",
        "version": 1,
        "onnxruntime": "1.0.0",
        "vectors": entries,
        "marshalling": [
            suite.write_identity(out, f"{k:02}", inputs) for k, inputs in enumerate(suite.marshalled_inputs())
        ],
        "damaged": suite.write_damaged(out),
        "agreement": suite.write_agreement(out),
        "logs": suite.write_logs(out),
        "signals": suite.write_signals(out),
        "bodies": suite.write_bodies(out),
        "reloads": suite.write_reloads(out),
        "signed": suite.write_signed(out),
        "sources": suite.write_sources(out),
        "tampered": suite.write_tampered(out),
    }
    (out / "index.json").write_text(json.dumps(index))


@pytest.fixture(scope="session")
def index(small: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((small / "index.json").read_bytes())
    return found
