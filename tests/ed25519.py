"""Ed25519 as RFC 8032 writes it down, slowly: an oracle for the libraries of four languages, and a forger's tool.

Why our own: a suite of signed artifacts is made wherever tests run, and some of its signatures no library would make.
"""

from __future__ import annotations

import base64
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
PREFIX_DER = bytes.fromhex("302a300506032b6570032100")
Point = tuple[int, int, int, int]  # extended coordinates


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def _times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _base() -> Point:
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


BASE = _base()


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expanded(secret: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def public_key(secret: bytes) -> bytes:
    """The 32 bytes of the public key of 32 secret bytes."""
    return _encoded(_times(_expanded(secret)[0], BASE))


def sign(secret: bytes, message: bytes) -> bytes:
    """The 64 bytes of a signature."""
    scalar, prefix = _expanded(secret)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    commitment = _encoded(_times(nonce, BASE))
    challenge = hashlib.sha512(commitment + public_key(secret) + message).digest()
    response = (nonce + int.from_bytes(challenge, "little") * scalar) % ORDER
    return commitment + response.to_bytes(32, "little")


def malleated(signature: bytes) -> bytes:
    """The same equation with another number: RFC 8032 has it refused."""
    response = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + response.to_bytes(32, "little")


def key_id(secret: bytes) -> str:
    return hashlib.sha256(PREFIX_DER + public_key(secret)).hexdigest()


def public_pem(secret: bytes) -> str:
    """As `openssl pkey -pubout` writes it."""
    text = base64.b64encode(PREFIX_DER + public_key(secret)).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"


def private_pem(secret: bytes) -> str:
    """As `openssl genpkey -algorithm ed25519` writes it."""
    text = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + secret).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"
