"""WebP files made to cost far more than their size."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from tests.support.image_bombs.pieces import FULL, encoded, filled, overlapping_exif


def riff(*chunks: bytes) -> bytes:
    """Return a WebP file made of chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def part(name: bytes, body: bytes = b"") -> bytes:
    """Return one chunk of a WebP file."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    """Return the chunk that declares a canvas."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return part(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def _still(**options: Any) -> bytes:
    return encoded("WEBP", **options)[12:]


def frame(times: int) -> bytes:
    """Return an animation frame repeated ``times`` times."""
    return part(b"ANMF", bytes(6) + b"\x3f\0\0\x2f\0\0\1\0\0\0" + _still()) * times


WEBP: dict[str, Callable[[], bytes]] = {
    "webp lossless, 64 megapixels": lambda: encoded("WEBP", size=(16_383, 3_900), lossless=True, method=0),
    "webp lossless, 40 megapixels": lambda: encoded("WEBP", size=(8_000, 5_000), lossless=True, method=0),
    "webp lossy, 42 megapixels": lambda: encoded("WEBP", size=(7_000, 6_000), method=0),
    "webp with alpha, 40 megapixels": lambda: encoded("WEBP", "RGBA", (8_000, 5_000), method=0),
    "webp of 7 million chunks": lambda: riff(_still(), filled(part(b"JUNK"))),
    "webp of 7 million chunks before": lambda: riff(canvas(64, 48), filled(part(b"JUNK")), _still()),
    "webp of frames": lambda: riff(canvas(64, 48, 2), part(b"ANIM", bytes(6)), frame(FULL // (24 + len(_still())))),
    "webp whose frame is small": lambda: riff(canvas(16_384, 16_384, 2), part(b"ANIM", bytes(6)), frame(2)),
    "webp of a canvas of 2^48 pixels": lambda: riff(canvas(1 << 24, 1 << 24), _still()),
    "webp with exif of 60 MiB": lambda: riff(
        canvas(64, 48, 8), _still(), part(b"EXIF", overlapping_exif(60_000, FULL))
    ),
    "webp with a profile of 60 MiB": lambda: riff(canvas(64, 48, 32), part(b"ICCP", bytes(FULL)), _still()),
}
