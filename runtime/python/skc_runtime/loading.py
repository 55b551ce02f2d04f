"""Load an artifact: from its files to a transformer that reproduces its golden records.

Why this order: the manifest is read first and strictly, since everything else is checked against it. Every file is
read once, hashed, and only then passed to ONNX Runtime, so that nothing can change between check and use.
"""

from __future__ import annotations

import hashlib
import os
import re

import onnxruntime

from skc_runtime import golden
from skc_runtime.errors import ArtifactError, SkcRuntimeError, shown
from skc_runtime.golden import Replay
from skc_runtime.identity import SIGNATURE, Key, check_identity, check_signature
from skc_runtime.manifest import FORMAT, Manifest
from skc_runtime.model_scan import scan_model
from skc_runtime.signals import Observer
from skc_runtime.sources import MANIFEST, RECOMPILE, Given, Source, source_of
from skc_runtime.transformer import Origin, Transformer


def load(
    artifact: Given,
    *,
    replay: Replay = "exact",
    expect: str | None = None,
    key: Key | None = None,
    observer: Observer | None = None,
    threads: int | None = None,
) -> Transformer:
    """The transformer of an artifact, after every check of the runtime contract.

    `artifact` is the path of its folder, a mapping of file names to bytes, or the bytes of a zip archive of its files.
    `replay="tolerance"` allows columns that are not exact to differ by 1e-6, for another processor
    architecture. `expect` is the identity that the artifact must have, `key` the public key that must have signed it
    (the text of a PEM file, or its path). `observer` is called after each call with a `Call`: identity, rows, code and
    seconds. `threads` compute a batch, one for each processor if it is None. Raises ArtifactError with a code of
    `schemas/errors.v1.json`.
    """
    if replay not in ("exact", "tolerance"):
        raise SkcRuntimeError("invalid-option", f"replay={shown(replay)}", hint='"exact" or "tolerance"')
    _check_arithmetic()
    files, transformer = open_artifact(artifact, expect=expect, key=key, threads=threads)
    golden.replay_cases(transformer, golden.loads(files["golden.jsonl"]), replay)
    transformer.watch(observer)  # from 0: replaying is not serving
    if isinstance(artifact, str | os.PathLike):  # an artifact in memory cannot be loaded again
        transformer.origin = Origin(os.path.abspath(os.fspath(artifact)), replay)
    return transformer


def reload(folder: str, identity: str, replay: Replay) -> Transformer:
    """Restore a pickled transformer. Raises ArtifactError if the folder has a different artifact by now."""
    return load(folder, replay=replay, expect=identity)


def _check_arithmetic(one: float = 1.0, tiny: float = 5e-324, half_ulp: float = 2.0**-53) -> None:
    """Refuse a thread whose floats do not follow IEEE 754: a library built for speed may have changed its mode.

    A denormal that becomes zero was flushed; 1 + 2^-53 is a tie, and 1 + 1.5·2^-53 is above the tie, so rounding to
    nearest even gives 1 and the next float. These are arguments so that Python cannot fold the constants.
    """
    is_flushed = tiny * one == 0.0 or 2.0**-1022 / (one + one) == 0.0
    is_nearest = one + half_ulp == one and one + 1.5 * half_ulp > one and -one - half_ulp == -one
    if is_flushed or not is_nearest:
        what = "flushes denormals to zero" if is_flushed else "does not round to nearest"
        hint = (
            "a library changed this setting, often one built with -ffast-math: load the artifact before or without it"
        )
        raise ArtifactError("host-arithmetic", f"this thread {what}", hint=hint)


def open_artifact(
    artifact: Given, *, expect: str | None = None, key: Key | None = None, threads: int | None = None
) -> tuple[dict[str, bytes], Transformer]:
    """The bytes of every file, and the transformer, after every check except the replay of the golden records.

    For code that examines an artifact rather than serving it. Raises ArtifactError.
    """
    source = source_of(artifact)
    manifest_bytes = source.read(MANIFEST)
    identity = check_identity(manifest_bytes, expect)
    check_signature(manifest_bytes, key, lambda: source.read(SIGNATURE))
    manifest = Manifest.from_json(manifest_bytes)
    manifest.verify_files()
    _check_onnxruntime(manifest)
    files = {name: _read(source, name, digest) for name, digest in sorted(manifest.files.items())}
    scan_model(files["model.onnx"])
    transformer = Transformer(manifest, files["model.onnx"], identity, threads=threads)
    _check_metadata(manifest, transformer)
    return {MANIFEST: manifest_bytes, **files}, transformer


def _read(source: Source, name: str, digest: str) -> bytes:
    data = source.read(name)
    if hashlib.sha256(data).hexdigest() != digest:
        message = f"`{name}` does not have the hash given in manifest.json"
        raise ArtifactError("artifact-hash-mismatch", message, hint=RECOMPILE)
    return data


def _check_onnxruntime(manifest: Manifest) -> None:
    minimum, installed = manifest.onnx.minimum_onnxruntime, onnxruntime.__version__
    if _version(installed) < _version(minimum):
        raise ArtifactError(
            "onnxruntime-too-old",
            f"the artifact needs ONNX Runtime {minimum}, this is {installed}",
            hint=f"pip install 'onnxruntime>={minimum}'",
        )


def _version(text: str) -> tuple[int, int, int]:
    """The first three numbers: `1.31.0.dev1+cpu` is 1.31.0."""
    numbers = [int(n) for n in re.findall(r"[0-9]+", text.partition("+")[0])[:3]]
    major, minor, patch = numbers + [0] * (3 - len(numbers))
    return major, minor, patch


def _check_metadata(manifest: Manifest, transformer: Transformer) -> None:
    """Check that the model's metadata names the frozen pipeline it was compiled from."""
    for key, expected in (("skc.format", str(FORMAT)), ("skc.plan", manifest.plan)):
        actual = transformer.model_metadata.get(key)
        if actual != expected:
            raise ArtifactError(
                "artifact-inconsistent",
                f"model.onnx has {key} {shown(actual)}, manifest.json says {shown(expected, 80)}",
                hint="the files come from different compilations: compile the pipeline again",
            )
