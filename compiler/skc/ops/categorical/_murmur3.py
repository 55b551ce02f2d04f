"""MurmurHash3 (x86, 32 bits) in plain Python: the reference for the ops that hash.

It is scikit-learn's `murmurhash3_32(positive=True)`.

Source: Austin Appleby's public domain MurmurHash3_x86_32.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import product
from string import ascii_lowercase

MASK = 0xFFFFFFFF


@lru_cache(maxsize=1 << 16, typed=True)  # values repeat, and 1 is not True
def hash_key(key: str | int | bool, seed: int) -> int:
    """0 .. 2^32 - 1: of a string's UTF-8 bytes, an integer's 8 bytes (little endian); a bool is 0 or 1."""
    data = key.encode() if isinstance(key, str) else struct.pack("<q", int(key))
    return murmur3_32(data, seed)


def signed_place(hashed: int, count: int) -> tuple[int, int]:
    """Which of so many columns a hash stands for, and its sign as a signed number of 32 bits."""
    signed = hashed if hashed < 1 << 31 else hashed - (1 << 32)
    return abs(signed) % count, -1 if signed < 0 else 1


def murmur3_32(data: bytes, seed: int) -> int:
    """The hash of some bytes."""
    block_end = len(data) // 4 * 4
    h = _blocks(data[:block_end], seed)
    h ^= _scramble(int.from_bytes(data[block_end:], "little"))
    h ^= len(data)
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def _blocks(data: bytes, seed: int = 0) -> int:
    """The state after whole blocks of 4 bytes."""
    h = seed
    for (block,) in struct.iter_unpack("<I", data):
        h = (_rotate(h ^ _scramble(block), 13) * 5 + 0xE6546B64) & MASK
    return h


def _scramble(k: int) -> int:
    return (_rotate((k * 0xCC9E2D51) & MASK, 15) * 0x1B873593) & MASK


def _rotate(x: int, bits: int) -> int:
    return ((x << bits) | (x >> (32 - bits))) & MASK


@lru_cache(maxsize=1 << 10)
def continued(prefix: str, hashed: int) -> str:
    """A text that begins with a prefix and has a given hash for seed 0.

    All steps of the hash can be undone, so for any state before the last 4 bytes there are 4 bytes that lead to the
    given hash. States are tried until these bytes are letters, which one of 10,000 gives.
    """
    start = prefix + "a" * (-len(prefix.encode()) % 4)
    for letters in product(ascii_lowercase, repeat=4):
        head = (start + "".join(letters)).encode()
        tail = _last_block(head, hashed).to_bytes(4, "little")
        if all(97 <= byte <= 122 for byte in tail):
            return (head + tail).decode()
    raise AssertionError(f"no continuation of {prefix!r} has the hash {hashed}")


def _last_block(head: bytes, hashed: int) -> int:
    """The block that gives the hash if it follows a head of whole blocks."""
    h = hashed ^ (hashed >> 16)
    h = (h * pow(0xC2B2AE35, -1, 1 << 32)) & MASK
    h ^= (h >> 13) ^ (h >> 26)
    h = (h * pow(0x85EBCA6B, -1, 1 << 32)) & MASK
    h ^= h >> 16
    h ^= len(head) + 4
    h = _rotate(((h - 0xE6546B64) * pow(5, -1, 1 << 32)) & MASK, 32 - 13) ^ _blocks(head)
    h = _rotate((h * pow(0x1B873593, -1, 1 << 32)) & MASK, 32 - 15)
    return (h * pow(0xCC9E2D51, -1, 1 << 32)) & MASK
