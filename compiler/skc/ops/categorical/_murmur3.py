"""MurmurHash3 (x86, 32 bits) in plain Python: the reference for the ops that hash.

It is scikit-learn's `murmurhash3_32(positive=True)`.

Source: Austin Appleby's public domain MurmurHash3_x86_32.
"""

from __future__ import annotations

import struct
from functools import lru_cache

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
    h = seed
    block_end = len(data) // 4 * 4
    for (block,) in struct.iter_unpack("<I", data[:block_end]):
        h = (_rotate(h ^ _scramble(block), 13) * 5 + 0xE6546B64) & MASK
    h ^= _scramble(int.from_bytes(data[block_end:], "little"))
    h ^= len(data)
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def _scramble(k: int) -> int:
    return (_rotate((k * 0xCC9E2D51) & MASK, 15) * 0x1B873593) & MASK


def _rotate(x: int, bits: int) -> int:
    return ((x << bits) | (x >> (32 - bits))) & MASK
