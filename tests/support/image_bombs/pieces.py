"""Building blocks for image files of several formats."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import Any

from PIL import Image

MIB = 1 << 20
FULL = 60 * MIB  # of the 64 MiB that are read at most


@cache
def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Return a plain image in the format ``kind``."""
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode in ("RGB", "RGBA") else 77).save(out, kind, **options)
    return out.getvalue()


def filled(piece: bytes, size: int = FULL) -> bytes:
    """Return ``piece`` repeated to at most ``size`` bytes."""
    return piece * (size // len(piece))


def overlapping_exif(entries: int, each: int, order: str = "<") -> bytes:
    """Return EXIF data with many entries that all claim the same ``each`` bytes."""
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    return head + b"".join(struct.pack("<HHII", 1000 + tag, 7, each, 8) for tag in range(entries)) + bytes(each)


def profile_of_elements(count: int) -> bytes:
    """Return an ICC profile whose multi-process elements are all the same matrix."""
    element = b"matf\0\0\0\0" + struct.pack(">HH", 3, 3) + struct.pack(">12f", *[1.0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    table = struct.pack(">II", 16 + 8 * count, len(element)) * count
    body = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, count) + table + element
    tags = struct.pack(">I4sII", 1, b"D2B0", 144, len(body))
    size = 128 + len(tags) + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    return head.ljust(128, b"\0") + tags + body
