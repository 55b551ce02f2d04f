"""Artifacts with a signature: those that must be loaded with a key, and every way in which they must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ed25519
from forged_artifacts import GOLDEN_RIDES, Artifact, compile_pipeline, rides

MAKER, STRANGER = bytes(range(32)), bytes(range(100, 132))
PREFIX = b"skc manifest signature 1\n"
PUBLIC, STRANGERS = ed25519.public_pem(MAKER), ed25519.public_pem(STRANGER)
RSA = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALu4exVfSI0pbxW4/+R0jA8PIPdhSRcJ
AgMBAAE=
-----END PUBLIC KEY-----
"""  # cut short, and not of Ed25519 in any case
NO_KEYS = ("", "a key", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", RSA, ed25519.private_pem(MAKER))


@dataclass(frozen=True)
class Signed:
    """An artifact, the key it is loaded with, and the code of the refusal, None where it is loaded."""

    id: str
    artifact: Artifact
    key: str
    code: str | None

    def write(self, folder: Path) -> None:
        self.artifact.write(folder)


def signature_document(manifest: bytes, secret: bytes = MAKER) -> dict[str, Any]:
    """manifest.sig as plain data."""
    signature = ed25519.sign(secret, PREFIX + manifest)
    return {
        "skc": "signature",
        "format": 1,
        "algorithm": "ed25519",
        "key": ed25519.key_id(secret),
        "signature": signature.hex(),
    }


def signed_artifacts() -> Iterator[Signed]:
    """All of them."""
    sound = compile_pipeline(rides(), "columns", GOLDEN_RIDES)
    manifest = sound.files["manifest.json"]
    good = signature_document(manifest)
    signature = bytes.fromhex(good["signature"])
    yield Signed("good", _with(sound, good), PUBLIC, None)
    yield Signed("key-without-line-ends", _with(sound, good), PUBLIC.rstrip("\n"), None)
    yield Signed("key-with-carriage-returns", _with(sound, good), PUBLIC.replace("\n", "\r\n"), None)
    yield Signed("of-a-stranger", _with(sound, good), STRANGERS, "signature-invalid")
    yield Signed("missing", sound, PUBLIC, "signature-missing")
    for k, key in enumerate(NO_KEYS):
        yield Signed(f"no-key-{k}", _with(sound, good), key, "invalid-option")
    for name, forged in {
        "one-bit": bytes([signature[0] ^ 1]) + signature[1:],
        "last-bit": signature[:-1] + bytes([signature[-1] ^ 1]),
        "zeros": bytes(64),
        "ones": b"\xff" * 64,
        "malleated": ed25519.malleated(signature),
        "without-the-prefix": ed25519.sign(MAKER, manifest),
        "of-another-manifest": ed25519.sign(MAKER, PREFIX + manifest + b" "),
        "by-a-stranger": ed25519.sign(STRANGER, PREFIX + manifest),
    }.items():
        yield Signed(f"wrong-{name}", _with(sound, {**good, "signature": forged.hex()}), PUBLIC, "signature-invalid")
    yield from _changed(sound, good)
    yield from _malformed(sound, good)


def _changed(sound: Artifact, good: Mapping[str, Any]) -> Iterator[Signed]:
    """What a forger can do who mends every hash: the signature is that of the artifact before."""
    document = sound.document
    columns = document["outputs"][0]["columns"]
    document["outputs"][0]["columns"] = columns[::-1]
    assert columns != columns[::-1]
    yield Signed("output-names-reversed", _with(sound.with_document(document), good), PUBLIC, "signature-invalid")
    golden = sound.files["golden.jsonl"].splitlines(keepends=True)
    shorter = sound.with_file("golden.jsonl", b"".join(golden[:-1]))
    yield Signed("golden-record-removed", _with(shorter, good), PUBLIC, "signature-invalid")
    unhashed = Artifact({**sound.files, "plan.json": b"{}"})
    yield Signed("plan-changed", _with(unhashed, good), PUBLIC, "artifact-hash-mismatch")


def _malformed(sound: Artifact, good: Mapping[str, Any]) -> Iterator[Signed]:
    for name, change in {
        "another-file": {"skc": "golden"},
        "format-0": {"format": 0},
        "algorithm": {"algorithm": "rsa"},
        "key-upper-case": {"key": good["key"].upper()},
        "key-short": {"key": good["key"][:-2]},
        "key-null": {"key": None},
        "signature-upper-case": {"signature": good["signature"].upper()},
        "signature-short": {"signature": good["signature"][:-2]},
        "signature-long": {"signature": good["signature"] + "00"},
        "signature-line-end": {"signature": good["signature"] + "\n"},
        "unknown-key": {"comment": ""},
    }.items():
        yield Signed(f"malformed-{name}", _with(sound, {**good, **change}), PUBLIC, "artifact-malformed")
    for name in good:
        left = {key: value for key, value in good.items() if key != name}
        yield Signed(f"malformed-without-{name}", _with(sound, left), PUBLIC, "artifact-malformed")
    for name, data in {
        "empty": b"",
        "text": b"signed",
        "array": b"[]",
        "two-keys": b'{"skc": "signature", "skc": 1}',
    }.items():
        yield Signed(f"malformed-{name}", Artifact({**sound.files, "manifest.sig": data}), PUBLIC, "artifact-malformed")
    yield Signed("newer", _with(sound, {**good, "format": 2}), PUBLIC, "artifact-too-new")


def _with(artifact: Artifact, document: Any) -> Artifact:
    return Artifact({**artifact.files, "manifest.sig": json.dumps(document).encode()})
