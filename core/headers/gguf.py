"""The header of a GGUF file, versions 2 and 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Every length in it is compared with what the file still holds before anything is read or allocated by it.
"""

from __future__ import annotations

import math
import struct
from typing import Any, BinaryIO

from core.headers.header import Header, HeaderUnreadable, Tensor

MAGIC = b"GGUF"
MAX_BYTES = 64 << 20  # vocabularies of language models are in it
_MAX_TEXT = 1 << 20  # bytes of a text that is kept; vocabularies are skipped
_MAX_ITEMS = 1000  # of a list that is kept
_MAX_ENTRIES = 100_000
_MAX_DIMENSIONS = 8
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_MAX_NESTING = 4
# Type number: name, elements of a block, bytes of a block. From ggml.c, type_traits.
_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
}  # fmt: skip


def read(file: BinaryIO, size: int) -> Header:
    """Read the header of a file of ``size`` bytes. Raises HeaderUnreadable, OSError."""
    if file.read(len(MAGIC)) != MAGIC:
        raise HeaderUnreadable("it does not begin as a GGUF file")
    reader = _Reader(file, size)
    version = reader.number("I")
    if version not in (2, 3):
        reader.order = ">"
        version = int.from_bytes(int(version).to_bytes(4, "little"), "big")
    if version not in (2, 3):
        raise HeaderUnreadable("a version of GGUF other than 2 and 3")
    tensors, entries = reader.count(_MAX_ENTRIES), reader.count(_MAX_ENTRIES)
    metadata = {}
    for _ in range(entries):
        name = reader.text()
        metadata[name] = reader.value(reader.number("I"))
    return _with_tensors(reader, metadata, tensors)


def _with_tensors(reader: _Reader, metadata: dict[str, Any], count: int) -> Header:
    found, end, known = {}, 0, True
    for _ in range(count):
        name = reader.text()
        shape = tuple(int(reader.number("Q")) for _ in range(reader.count(_MAX_DIMENSIONS, "I")))
        kind, offset = int(reader.number("I")), int(reader.number("Q"))
        dtype, block, nbytes = _TYPES.get(kind, (f"type {kind}", 1, 0))
        known = known and nbytes > 0
        found[name] = Tensor(dtype, shape)
        end = max(end, offset + math.ceil(math.prod(shape) / block) * nbytes)
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 0 < alignment <= 1 << 20:
        raise HeaderUnreadable("an alignment out of bounds")
    body = -(-reader.at // alignment) * alignment
    return Header(metadata, found, body, body + end if known else 0)


class _Reader:
    """Reads one value after another, and never beyond the end of the file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.at = len(MAGIC)
        self.order = "<"

    def _take(self, length: int) -> bytes:
        self._check(length)
        data = self._file.read(length)
        if len(data) < length:
            raise HeaderUnreadable("the file ends inside its header")
        self.at += length
        return data

    def _skip(self, length: int) -> None:
        self._check(length)
        self._file.seek(length, 1)
        self.at += length

    def _check(self, length: int) -> None:
        if length > self._size - self.at:
            raise HeaderUnreadable(f"the header claims {length} bytes, more than the file has left")
        if self.at + length > MAX_BYTES:
            raise HeaderUnreadable(
                f"a header of more than {MAX_BYTES >> 20} MiB, which is too large to be read", unread=True
            )

    def number(self, kind: str) -> int | float:
        (found,) = struct.unpack(self.order + kind, self._take(struct.calcsize("<" + kind)))
        return int(found) if not isinstance(found, float) else found

    def count(self, most: int, kind: str = "Q") -> int:
        found = int(self.number(kind))
        if found > most:
            raise HeaderUnreadable(f"the header claims {found} entries")
        return found

    def text(self) -> str:
        """Return a text; of a longer one than is kept, nothing."""
        length = int(self.number("Q"))
        if length > _MAX_TEXT:
            self._skip(length)
            return ""
        return self._take(length).decode("utf-8", "replace")

    def value(self, kind: int | float, depth: int = 0) -> Any:
        """Return a value; of a longer list than is kept, its beginning."""
        if kind == _TEXT:
            return self.text()
        if kind == _LIST and depth < _MAX_NESTING:
            inner, count = int(self.number("I")), int(self.number("Q"))
            if inner in _NUMBERS and count > _MAX_ITEMS:
                self._skip(count * struct.calcsize("<" + _NUMBERS[inner]))
                return []
            self._check(count)  # each entry has a byte at least
            kept: list[Any] = []
            for n in range(count):
                item = self.value(inner, depth + 1)
                if n < _MAX_ITEMS:
                    kept.append(item)
            return kept
        code = _NUMBERS.get(int(kind))
        if code is None:
            raise HeaderUnreadable(f"a value of the unknown type {kind}")
        found = self.number(code)
        return bool(found) if code == "?" else found
