"""BMP files made to cost far more than their size."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.support.image_bombs.pieces import MIB, filled


def bmp(size: tuple[int, int], bits: int, compression: int, pixels: bytes, colours: int = 0) -> bytes:
    """Return a BMP; up to 8 bits it has a palette whose entries are all the same."""
    head = struct.pack("<IiiHHIIiiII", 40, *size, 1, bits, compression, 0, 0, 0, colours, 0)
    table = bytes(range(4)) * (colours or 1 << bits) if bits <= 8 else b""
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + len(table)) + head + table + pixels


BMP: dict[str, Callable[[], bytes]] = {
    "bmp of 57 MiB of run lengths": lambda: bmp((8000, 8000), 8, 1, filled(b"\1\1", 57 * MIB)),
    "bmp of runs of nothing": lambda: bmp((9, 999), 8, 1, filled(b"\1\1", 3 * MIB)),
    "bmp of ends of lines": lambda: bmp((8_900, 1_000), 8, 1, filled(b"\1\1\0\0", MIB)),
    "bmp of runs of 4 bits": lambda: bmp((3_000, 2_990), 4, 2, filled(b"\xff\x12", 3 * MIB)),
    "bmp of moves": lambda: bmp((3_000, 2_990), 8, 1, filled(b"\0\2\1\0", 3 * MIB)),
    "bmp of run lengths, 64 megapixels": lambda: bmp((8000, 8000), 8, 1, b"\0\1"),
    "bmp 1 x 64,000,000": lambda: bmp((1, 64_000_000), 1, 0, bytes(MIB)),
    "bmp that claims 64 megapixels": lambda: bmp((8000, 8000), 32, 0, bytes(MIB)),
    "bmp of 1 bit": lambda: bmp((8000, 8000), 1, 0, bytes(8 * 1000 * 1000)),
    "bmp with 65,536 colours": lambda: bmp((8000, 8000), 8, 0, bytes(MIB), 65_536),
}
