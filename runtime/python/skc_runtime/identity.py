"""Which artifact this is, and who made it.

Why only the manifest: it has the SHA-256 of every other file that is read, and load checks them all, so the hash of its
bytes is a hash of the artifact. `sha256sum artifact/manifest.json` prints it. A signature covers the same bytes after a
prefix, so that it cannot be used as a signature of anything else; it is stored next to the other files, in manifest.sig
(`schemas/signature.v1.schema.json`), and changes none of them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skc_runtime.errors import ArtifactError, SkcRuntimeError, shown
from skc_runtime.strict_json import Fields, malformed, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE = "manifest.sig"
FORMAT = 1
PREFIX = b"skc manifest signature 1\n"
Key = str | bytes | os.PathLike[str]
_IDENTITY = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_KEY_HINT = "a public key in PEM, as `openssl pkey -in private.pem -pubout` writes it: its text, or a pathlib.Path"


@dataclass(frozen=True)
class Signature:
    """The contents of manifest.sig. `key` is the id of the signing key: the SHA-256 of its DER form."""

    key: str
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, as `read_signature` reads it."""
        return {
            "skc": "signature",
            "format": FORMAT,
            "algorithm": "ed25519",
            "key": self.key,
            "signature": self.signature.hex(),
        }


def identity_of(manifest: bytes) -> str:
    """The identity of the artifact with this manifest.json."""
    return hashlib.sha256(manifest).hexdigest()


def check_identity(manifest: bytes, expect: str | None) -> str:
    """The identity, which must equal `expect` unless that is None. Raises `identity-mismatch`, `invalid-option`."""
    actual = identity_of(manifest)
    if expect is not None and (type(expect) is not str or not _IDENTITY.fullmatch(expect)):
        raise SkcRuntimeError("invalid-option", f"expect={shown(expect)}", hint="64 lower-case hexadecimal digits")
    if expect is not None and expect != actual:
        raise ArtifactError(
            "identity-mismatch",
            f"the artifact is {actual}, not {expect}",
            hint="deploy the artifact that was reviewed; `skc inspect` prints an artifact's identity",
        )
    return actual


def check_signature(manifest: bytes, key: Key | None, read: Callable[[], bytes]) -> None:
    """Check that manifest.sig (`read` returns its bytes) is a signature of the manifest by `key`, unless `key` is None.

    Raises `signature-missing`, `signature-invalid`, and `invalid-option` if `key` is not a key.
    """
    if key is None:
        return
    public = public_key(key)
    try:
        data = read()
    except ArtifactError as error:
        if error.code != "artifact-file-missing":
            raise
        raise ArtifactError(
            "signature-missing",
            f"the artifact {identity_of(manifest)} has no `{SIGNATURE}`",
            hint="sign it with `skc sign ARTIFACT --key PRIVATE.pem`, or load it without a key",
        ) from None
    signature, expected = read_signature(data), key_id(public)
    if signature.key != expected:
        raise _invalid(manifest, f"is signed with the key {signature.key}, not with {expected}")
    if not _verifies(public, signature.signature, PREFIX + manifest):
        raise _invalid(manifest, "is not what was signed")


def _invalid(manifest: bytes, problem: str) -> ArtifactError:
    hint = "use the artifact that was signed with this key, or the key that this artifact was signed with"
    return ArtifactError("signature-invalid", f"the artifact {identity_of(manifest)} {problem}", hint=hint)


def _verifies(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def read_signature(data: bytes) -> Signature:
    """Read manifest.sig. Raises `artifact-malformed`, `artifact-too-new`."""
    fields = Fields(parse(data, SIGNATURE), SIGNATURE)
    if fields.take("skc") != "signature":
        raise malformed(f"{SIGNATURE}.skc", "this is not a signature")
    if fields.number("format", 1, 2**53) > FORMAT:
        raise ArtifactError("artifact-too-new", f"{SIGNATURE} has a newer format", hint="install a newer `skc`")
    fields.one_of("algorithm", "ed25519")
    key, signature = fields.text("key"), fields.text("signature")
    fields.done()
    if not _IDENTITY.fullmatch(key):
        raise malformed(f"{SIGNATURE}.key", "expected 64 lower-case hexadecimal digits")
    if not _SIGNATURE.fullmatch(signature):
        raise malformed(f"{SIGNATURE}.signature", "expected 128 lower-case hexadecimal digits")
    return Signature(key, bytes.fromhex(signature))


def public_key(key: Key) -> Ed25519PublicKey:
    """The key of a PEM text or file. Raises `invalid-option`."""
    need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(key_bytes(key))
    except Exception:  # cryptography raises ValueError, UnsupportedAlgorithm and others; the key must not be shown
        raise SkcRuntimeError("invalid-option", "key= is not a public key", hint=_KEY_HINT) from None
    if not isinstance(public, Ed25519PublicKey):
        raise SkcRuntimeError(
            "invalid-option", f"key= is not an Ed25519 key but {type(public).__name__}", hint=_KEY_HINT
        )
    return public


def key_bytes(key: Key) -> bytes:
    """The text of a key. Raises `invalid-option` for a file that cannot be read, or for neither a text nor a path."""
    if isinstance(key, str):
        return key.encode("utf-8", "replace")
    if isinstance(key, bytes):
        return key
    if not isinstance(key, os.PathLike):
        raise SkcRuntimeError("invalid-option", f"key= is of type {type(key).__name__}", hint=_KEY_HINT)
    try:
        with open(key, "rb") as file:
            return file.read(1 << 20)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SkcRuntimeError("invalid-option", f"the key {shown(os.fspath(key))} cannot be read: {reason}") from None


def key_id(public: Ed25519PublicKey) -> str:
    """The id of a key: `openssl pkey -pubin -in public.pem -outform DER | sha256sum` prints it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def need_cryptography() -> None:
    """Raise `invalid-option` if the package is missing: serving without a key does not need it."""
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    except ImportError:
        message = "signatures need the package `cryptography`"
        raise SkcRuntimeError("invalid-option", message, hint="pip install 'skc[sign]'") from None
