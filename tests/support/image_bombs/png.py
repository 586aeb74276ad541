"""PNG files made to cost far more than their size."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from tests.support.image_bombs.pieces import FULL, MIB, filled, overlapping_exif, profile_of_elements


def chunk(name: bytes, body: bytes = b"") -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    size: tuple[int, int], depth: int, colour: int, *before: bytes, interlaced: int = 0, after: bytes = b""
) -> bytes:
    """Return a PNG whose pixels are all 0, with chunks before and after them."""
    width, height = size
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" + bytes((width * bits + 7) // 8)
    pack = zlib.compressobj(1)
    many = max(1, MIB // len(row))
    lines = height * (1 + interlaced)  # the seven passes have more lines
    parts = [pack.compress(row * min(many, lines - at)) for at in range(0, lines, many)]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    pixels = chunk(b"IDAT", b"".join(parts) + pack.flush())
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + pixels + after + chunk(b"IEND")


def packed(size: int, piece: bytes = b" ") -> bytes:
    """Return ``piece`` repeated to ``size`` bytes, deflated."""
    return zlib.compress(filled(piece, size), 9)


PNG: dict[str, Callable[[], bytes]] = {
    "png 1 x 64,000,000": lambda: png((1, 64_000_000), 8, 0),
    "png 64,000,000 x 1": lambda: png((64_000_000, 1), 8, 0),
    "png of 5 million chunks": lambda: png((9, 9), 8, 2, filled(chunk(b"IDAT"))),
    "png of 5 million chunks behind": lambda: png((9, 9), 8, 2, after=filled(chunk(b"teSt"))),
    "png of 4 million texts": lambda: png((9, 9), 8, 2, filled(chunk(b"tEXt", b"a\0b"))),
    "png with packed texts": lambda: png((9, 9), 8, 2, filled(chunk(b"zTXt", b"a\0\0" + packed(60 * MIB)))),
    "png with one text": lambda: png((9, 9), 8, 2, chunk(b"tEXt", b"a\0" + bytes([200]) * FULL)),
    "png with a packed text of emoji": lambda: png(
        (8000, 8000), 1, 0, chunk(b"iTXt", b"a\0\1\0\0\0" + packed(60 * MIB, "😀".encode()))
    ),
    "png with many packed profiles": lambda: png((9, 9), 8, 2, filled(chunk(b"iCCP", b"a\0\0" + packed(8 * MIB)))),
    "png with a large packed profile": lambda: png((9, 9), 8, 2, chunk(b"iCCP", b"a\0\0" + packed(900 * MIB))),
    "png with a profile of 500,000 elements": lambda: png(
        (9, 9), 8, 2, chunk(b"iCCP", b"a\0\0" + zlib.compress(profile_of_elements(500_000)))
    ),
    "png with overlapping exif": lambda: png((9, 9), 8, 2, chunk(b"eXIf", overlapping_exif(60_000, 40 * MIB))),
    "png with a raw exif profile": lambda: png(
        (9, 9), 8, 2, chunk(b"zTXt", b"Raw profile type exif\0\0" + packed(900 * MIB, b"00"))
    ),
    "png of many frames": lambda: png((9, 9), 8, 2, chunk(b"acTL", bytes(8)), filled(chunk(b"fcTL", bytes(26)))),
    "png rgba, 64 megapixels": lambda: png((8000, 8000), 8, 6),
    "png rgba of 16 bits, interlaced": lambda: png((8000, 8000), 16, 6, interlaced=1),
    "png grey of 16 bits, one see-through": lambda: png((8000, 8000), 16, 0, chunk(b"tRNS", b"\0\0")),
    "png grey and alpha of 16 bits": lambda: png((8000, 8000), 16, 4),
    "png palette, see-through": lambda: png((8000, 8000), 8, 3, chunk(b"PLTE", bytes(768)), chunk(b"tRNS", b"\0")),
    "png of 1 bit, see-through": lambda: png((8000, 8000), 1, 0, chunk(b"tRNS", b"\0\0")),
    "png 65,535 x 976": lambda: png((65_535, 976), 8, 6),
    "png 976 x 65,535": lambda: png((976, 65_535), 8, 6),
    "png rgba, 32 megapixels": lambda: png((8000, 3999), 8, 6),
}
