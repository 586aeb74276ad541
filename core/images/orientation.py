"""Image orientation from EXIF or XMP metadata, which is not parsed for anything else."""

from __future__ import annotations

import re
import zlib

EXIF = b"Exif\0\0"
_MAX_HEX = 1 << 20
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def orientation(exif: bytes, xmp: bytes) -> int:
    """Return the orientation, 1 to 8 or a meaningless number, from EXIF data or else an XMP packet; 1 by default."""
    match = _XMP.search(xmp)
    return exif_orientation(exif) or (int(match[1]) if match else 1)


def hexadecimal_exif(text: bytes, packed: bytes) -> bytes:
    """Return the EXIF data that old ImageMagick wrote to PNGs as hex ``text``, or ``packed`` by zlib; at most 1 MiB."""
    try:
        if packed:
            text = zlib.decompressobj().decompress(packed, _MAX_HEX)
        return bytes.fromhex("".join(text[:_MAX_HEX].decode("latin-1").split("\n")[3:]))
    except (zlib.error, ValueError):
        return b""


def exif_orientation(exif: bytes) -> int:
    """Return the orientation in EXIF data, with or without the ``Exif`` prefix, or 0. (EXIF 2.32, 4.6.2)"""
    tiff = exif.removeprefix(EXIF).removeprefix(EXIF)
    order = "little" if tiff.startswith(b"II") else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)  # type: ignore[arg-type]

    first = number(4, 4) + 2
    found = 0
    for at in range(first, min(first + 12 * number(first - 2, 2), len(tiff) - 11), 12):
        if number(at, 2) == 0x0112:
            found = number(at + 8, {1: 1, 4: 4}.get(number(at + 2, 2), 2))
    return found
