"""Texts of a batch as UTF-8 in one buffer, without an object of Python for each.

Why: Python makes an object for every string that it reads, and ONNX Runtime's binding makes two more of each to copy
it, which takes longer than the graph does. Arrow tables have their texts as UTF-8 already, and ONNX Runtime copies an
array of fixed width (NumPy's `S`) without objects, up to the first NUL, which no text of a request may contain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from skc_runtime.errors import RecordError
from skc_runtime.kinds import Array

WIDEST = (
    255  # bytes of a text in an array of fixed width; longer ones become objects, which need no room for the others
)
PADDING = WIDEST + 1  # bytes behind the last text
FEW = 64  # rows of which the objects cost less than arrays do
_AT_ONCE = 16_384  # texts that are checked at once


@dataclass(frozen=True)
class Texts:
    """N texts: text i is the UTF-8 bytes `starts[i]` to `starts[i] + sizes[i]` of `data` (uint8), behind which there
    are PADDING more.
    """

    data: Array
    starts: Array
    sizes: Array

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, rows: slice | Array) -> Texts:
        """Some of the texts, in any order, over the same buffer."""
        return Texts(self.data, self.starts[rows], self.sizes[rows])

    def where(self, valid: Array) -> Texts:
        """The same texts, but "" where `valid` [N] is False."""
        return Texts(self.data, self.starts, self.sizes * valid)

    @property
    def longest(self) -> int:
        """The bytes of the longest text."""
        return int(self.sizes.max(initial=0))

    def fixed(self, width: int) -> Array:
        """[N] of NumPy's type `S{width}`. `width` is more than that of any text, and at most PADDING: ONNX Runtime
        reads each up to its NUL.
        """
        windows = np.ndarray((len(self.data) - width + 1,), f"V{width}", self.data, strides=(1,))
        kept = _masks(width).take(self.sizes)
        texts: Array = windows[self.starts].view(np.uint8) & kept.view(np.uint8)
        return texts.view(f"S{width}")

    def objects(self) -> Array:
        """[N] str objects. Raises RecordError with the row for bytes that are not UTF-8."""
        return decoded(self._pieces())

    def _pieces(self) -> list[bytes]:
        if len(self) == 0:
            return []
        first = int(self.starts.min())
        data = self.data[first : int((self.starts + self.sizes).max())].tobytes()
        starts, sizes = (self.starts - first).tolist(), self.sizes.tolist()
        return [data[start : start + size] for start, size in zip(starts, sizes, strict=True)]

    def are_sound(self) -> bool:
        """Whether every text is UTF-8 and without NUL, as ONNX Runtime needs it."""
        whole = self.data[: len(self.data) - PADDING]
        if len(whole) == 0 or (whole.min() > 0 and whole.max() < 0x80):  # nearly always, and at memory's speed
            return True
        return all(self[start : start + _AT_ONCE]._have_sound_bytes() for start in range(0, len(self), _AT_ONCE))

    def _have_sound_bytes(self) -> bool:
        """One after the other with a NUL between, which completes no character: so all are UTF-8 only if each is."""
        longest = self.longest
        if longest <= WIDEST:
            data = self.fixed(longest + 1).view(np.uint8)
            has_nul, is_ascii = np.count_nonzero(data) != self.sizes.sum(), data.max(initial=0) < 0x80
            return not has_nul and bool(is_ascii or _is_utf8(data.tobytes()))
        joined = b"\0".join(self._pieces())
        return joined.count(0) == len(self) - 1 and _is_utf8(joined)


def decoded(pieces: Iterable[bytes]) -> Array:
    """[N] str objects. Raises RecordError with the row for bytes that are not UTF-8."""
    texts: list[str] = []
    try:
        for piece in pieces:
            texts.append(piece.decode("utf-8"))  # their number is the row of an error
    except UnicodeDecodeError as error:
        message = f"bytes {error.object[:60]!r} are not UTF-8"
        raise RecordError("invalid-utf8", message, row=len(texts)) from None
    return np.array(texts, dtype=object)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=16)
def _masks(width: int) -> Array:
    """[width]: entry n keeps the first n bytes of a text."""
    kept = np.arange(width) < np.arange(width)[:, None]
    return (kept * np.uint8(0xFF)).view(f"V{width}")[:, 0]


def of_strings(texts: Sequence[str]) -> Texts | None:
    """The texts of strings; None if one of them is not sound."""
    joined = "".join(texts)
    try:
        data = joined.encode()
    except UnicodeEncodeError:
        return None
    if b"\0" in data:
        return None
    sizes = np.fromiter(map(len, texts if joined.isascii() else map(str.encode, texts)), np.int64, len(texts))
    return Texts(padded(data), np.cumsum(sizes) - sizes, sizes)


def of_objects(texts: Array) -> Texts:
    """The texts of str objects without a lone surrogate, sound or not."""
    pieces = [text.encode() for text in texts.tolist()]
    sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
    return Texts(padded(b"".join(pieces)), np.cumsum(sizes) - sizes, sizes)


def blank(rows: int) -> Texts:
    """[rows] empty texts."""
    nothing = np.zeros(rows, dtype=np.int64)
    return Texts(padded(b""), nothing, nothing)


def padded(*parts: bytes | Array) -> Array:
    """Bytes one after the other, with PADDING behind them."""
    arrays = [np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part for part in parts]
    data = np.empty(sum(map(len, arrays)) + PADDING, dtype=np.uint8)
    np.concatenate([*arrays, np.zeros(PADDING, np.uint8)], out=data)
    return data


def concatenated(parts: Sequence[Texts]) -> Texts:
    """The texts of each part, one part after the other."""
    sizes = [len(part.data) - PADDING for part in parts]
    starts = np.cumsum([0, *sizes])
    return Texts(
        padded(*(part.data[:size] for part, size in zip(parts, sizes, strict=True))),
        np.concatenate([part.starts + start for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.sizes for part in parts]),
    )


def packed(columns: Sequence[Array | Texts]) -> Array:
    """K columns [N] of texts or of str objects as a tensor [N, K] that ONNX Runtime reads."""
    rows = len(columns[0])
    longest = max(column.longest if isinstance(column, Texts) else PADDING for column in columns)
    if longest > WIDEST:
        tensor = np.empty((rows, len(columns)), dtype=object)
        for k, column in enumerate(columns):
            tensor[:, k] = column.objects() if isinstance(column, Texts) else column
        return tensor
    tensor = np.empty((rows, len(columns)), dtype=f"S{longest + 1}")
    for k, column in enumerate(columns):
        assert isinstance(column, Texts)
        tensor[:, k] = column.fixed(longest + 1)
    return tensor
