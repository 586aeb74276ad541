"""GIF files made to cost far more than their size."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.support.image_bombs.pieces import FULL, encoded, filled


def gif(size: tuple[int, int], *before: bytes, pixels: bytes | None = None, after: bytes = b"") -> bytes:
    """Return a GIF of two colours; ``pixels`` are its data blocks without the terminator."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\2"
    return head + b"".join(before) + frame + (b"\3\x44\1\5" if pixels is None else pixels) + b"\0" + after + b";"


def _frames(count: int) -> bytes:
    return (b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0") * count


GIF: dict[str, Callable[[], bytes]] = {
    "gif of 61 MiB in blocks of 1 byte": lambda: gif((9, 9), pixels=filled(b"\1\4")),
    "gif with a comment in blocks of 1 byte": lambda: gif((1, 1), b"!\xfe" + filled(b"\1a") + b"\0"),
    "gif of filler": lambda: gif((1, 1), bytes(FULL)),
    "gif of controls": lambda: gif((1, 1), filled(b"!\xf9\4\1\0\0\0\0")),
    "gif of frames": lambda: gif((1, 1), after=_frames(FULL // 15)),
    "gif of clear codes": lambda: gif((8000, 8000), pixels=filled(b"\xff" + b"\x24\x49\x92" * 85)),
    "gif of 65,535 x 65,535": lambda: gif((65_535, 65_535)),
    "gif 8,000 x 8,000, see-through": lambda: encoded("GIF", "P", (8000, 8000), transparency=77),
    "gif whose frame is larger than it": lambda: gif((9, 9)).replace(
        b"," + struct.pack("<HHHH", 0, 0, 9, 9), b"," + struct.pack("<HHHH", 65_535, 65_535, 65_535, 65_535)
    ),
}
