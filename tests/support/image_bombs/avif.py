"""AVIF files made to cost far more than their size."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.support.image_bombs.pieces import FULL, MIB, encoded, filled, overlapping_exif


def box(name: bytes, *parts: bytes) -> bytes:
    """Return one box of an ISO file."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def _changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


def _avif(**options: Any) -> bytes:
    return encoded("AVIF", speed=10, **options)


def _size_in_avif(width: int, height: int) -> bytes:
    return b"ispe" + bytes(4) + struct.pack(">II", width, height)


def _sequence() -> bytes:
    out = io.BytesIO()
    still = Image.new("RGB", (64, 48))
    still.save(out, "AVIF", save_all=True, append_images=[still] * 300, speed=10)
    return out.getvalue()


def _avif_with_overlapping_exif() -> bytes:
    # Pillow parses the EXIF data it writes, so it gets data of the same size without entries
    exif = overlapping_exif(60_000, 20 * MIB)
    empty = (b"II*\0" + struct.pack("<I", 8)).ljust(len(exif), b"\0")
    return _changed(_avif(exif=b"Exif\0\0" + empty), empty, exif)


AVIF: dict[str, Callable[[], bytes]] = {
    "avif, 64 megapixels": lambda: _avif(size=(8000, 8000)),
    "avif, 45 megapixels": lambda: _avif(size=(9000, 5000)),
    "avif with alpha, 40 megapixels": lambda: _avif(mode="RGBA", size=(8000, 5000)),
    "avif that claims to be small": lambda: _changed(
        _avif(size=(8000, 8000)), _size_in_avif(8000, 8000), _size_in_avif(64, 48)
    ),
    "avif that claims to be large": lambda: _changed(_avif(), _size_in_avif(64, 48), _size_in_avif(8000, 7000)),
    "avif with overlapping exif": _avif_with_overlapping_exif,
    "avif of empty boxes": lambda: _avif()[:32] + filled(box(b"free")) + _avif()[32:],
    "avif of empty boxes behind": lambda: _avif() + filled(box(b"free")),
    "avif of item entries": lambda: (
        box(b"ftyp", b"avif", bytes(4), b"avif")
        + box(
            b"meta", bytes(4), box(b"iinf", bytes(4), b"\xff\xff", filled(box(b"infe", b"\2\0\0\0\0\1\0\0av01\0"), MIB))
        )
    ),
    "avif nested 100,000 times": lambda: (
        box(b"ftyp", b"avif", bytes(4), b"avif")
        + struct.pack(">I", FULL)
        + b"meta"
        + bytes(4)
        + filled(b"\3\0\0\0iprp", MIB)
    ),
    "avif of a sequence": _sequence,
    "avif with a profile of 50 MiB": lambda: _avif(icc_profile=bytes(50 * MIB)),
}
