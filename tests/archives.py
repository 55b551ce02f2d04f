"""Zip archives of an artifact: sound ones, and those that an honest tool would not write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

from forged_artifacts import Artifact

MEGABYTE = 1 << 20
ENCRYPTED = 1  # a bit of the flags of an entry


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with an entry per file, in their order; the same bytes whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def archives(sound: Artifact) -> Iterator[tuple[str, bytes, str | None]]:
    """(name, the archive, the code of its refusal, None for a sound one)."""
    files = sound.files
    whole = zipped(files)
    yield "deflated", whole, None
    yield "stored", zipped(files, zipfile.ZIP_STORED), None
    yield "with-one-more-file", zipped({**files, "verified.json": b"{}"}), None
    yield "with-a-comment", _commented(whole), None
    for name in files:
        rest = {key: data for key, data in files.items() if key != name}
        yield f"without-{name}", zipped(rest), "artifact-file-missing"
    yield "of-another-plan", zipped({**files, "plan.json": b"{}"}), "artifact-hash-mismatch"
    for k, name in enumerate(("../plan.json", "/etc/passwd", "..", "a/b", "a/", "a\\b", "C:x", ".hidden", "é", "a b")):
        yield f"with-a-path-{k}", zipped({**files, name: b""}), "artifact-unsafe"
    yield "with-a-nul", _renamed(zipped({**files, "a_nul": b""}), b"a_nul", b"a\0nul"[:5]), "artifact-unsafe"
    yield "in-a-folder", zipped({f"rides/{name}": data for name, data in files.items()}), "artifact-unsafe"
    yield (
        "twice-the-same-name",
        _renamed(zipped({**files, "plan.jsox": b"{}"}), b"plan.jsox", b"plan.json"),
        "artifact-unsafe",
    )
    yield "encrypted", _flagged(whole, ENCRYPTED), "artifact-unsafe"
    yield "bomb", zipped({**files, "model.onnx": bytes(100 * MEGABYTE)}), "artifact-too-large"
    yield "bomb-of-golden-records", zipped({**files, "golden.jsonl": bytes(65 * MEGABYTE)}), "artifact-too-large"
    lying = zipped({**files, "plan.json": bytes(MEGABYTE + 7)})
    yield "lying-about-a-size", _replaced(lying, MEGABYTE + 7, 5), "artifact-malformed"
    yield "cut-off", whole[:-30], "artifact-malformed"
    yield "half", whole[: len(whole) // 2], "artifact-malformed"
    yield "empty", b"", "artifact-malformed"
    yield "without-entries", zipped({}), "artifact-malformed"
    yield "text", b"no archive", "artifact-malformed"
    yield "behind-text", b"#!/bin/sh\n" + whole, "artifact-malformed"
    yield "damaged-data", _damaged(whole), "artifact-malformed"
    yield "packed-otherwise", zipped(files, zipfile.ZIP_BZIP2), "artifact-malformed"


def _commented(data: bytes) -> bytes:
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"rides"
    return buffer.getvalue()


def _renamed(data: bytes, name: bytes, other: bytes) -> bytes:
    assert data.count(name) == 2  # of the entry and of the directory
    return data.replace(name, other)


def _replaced(data: bytes, size: int, other: int) -> bytes:
    old, new = size.to_bytes(4, "little"), other.to_bytes(4, "little")
    assert data.count(old) == 2
    return data.replace(old, new)


def _flagged(data: bytes, bit: int) -> bytes:
    """With a flag of every entry set, at the entry and in the directory."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            changed[place + offset] |= bit
            place = data.find(signature, place + 4)
    return bytes(changed)


def _damaged(data: bytes) -> bytes:
    """With a block of a type that deflate does not have, as the first of the first file."""
    changed = bytearray(data)
    start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    changed[start] |= 0b110
    return bytes(changed)
