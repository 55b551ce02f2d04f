"""Signing an artifact: manifest.sig, next to the files that it covers.

Why only the manifest is signed: it names the SHA-256 of every other file, and load checks them all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from skc.artifact import MANIFEST, Artifact
from skc.diagnostics import fail
from skc.publish import publish_file
from skc_runtime.identity import PREFIX, SIGNATURE, Key, Signature, key_bytes, key_id, need_cryptography

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_HINT = "`openssl genpkey -algorithm ed25519 -out private.pem` makes one; it must not be encrypted"


def sign(artifact: Artifact, key: Key) -> Signature:
    """The signature of an artifact. Raises SKC140 if `key` is not a private key, and SkcRuntimeError."""
    private = _private_key(key)
    return Signature(key_id(private.public_key()), private.sign(PREFIX + artifact.files[MANIFEST]))


def _private_key(key: Key) -> Ed25519PrivateKey:
    need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private_key = load_pem_private_key(key_bytes(key), None)
    except (ValueError, TypeError):  # the second for one that is encrypted; what the text holds must not be shown
        raise fail("SKC140", "the key is not a private key in PEM that can be read", hint=_HINT) from None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise fail("SKC140", f"the key is not an Ed25519 key but {type(private_key).__name__}", hint=_HINT)
    return private_key


def write(signature: Signature, directory: Path) -> None:
    """Write manifest.sig, whole or not at all. Raises SKC412."""
    text = json.dumps(signature.to_json(), indent=2) + "\n"
    try:
        publish_file(lambda file: file.write_text(text, encoding="utf-8"), directory / SIGNATURE)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{directory / SIGNATURE}`: {error.strerror}", hint=hint) from None
