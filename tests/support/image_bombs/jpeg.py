"""JPEG files made to cost far more than their size."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

from tests.support.image_bombs.pieces import FULL, MIB, encoded, filled, overlapping_exif, profile_of_elements


def segment(marker: int, body: bytes = b"") -> bytes:
    """Return one segment of a JPEG."""
    return struct.pack(">BBH", 255, marker, 2 + len(body)) + body


def with_segments(*segments: bytes, jpeg: bytes = b"") -> bytes:
    """Return a JPEG with ``segments`` inserted after its first two bytes."""
    jpeg = jpeg or encoded("JPEG")
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def _header(jpeg: bytes) -> tuple[int, int]:
    """Return the offsets of a JPEG's frame header and first scan."""
    at, frame = 2, 0
    while jpeg[at + 1] != 0xDA:
        frame = at if jpeg[at + 1] in (0xC0, 0xC2) else frame
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return frame, at


def of_many_scans(size: tuple[int, int], scans: int, mode: str = "RGB") -> bytes:
    """Return a progressive JPEG whose last scan, which refines a whole component, is repeated ``scans`` times."""
    jpeg = encoded("JPEG", mode, size, progressive=True, subsampling=0)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * scans + b"\xff\xd9"


def claiming(jpeg: bytes, size: tuple[int, int], marker: int = 0) -> bytes:
    """Return a JPEG that claims another size, or another coding process."""
    frame, _scan = _header(jpeg)
    width, height = size
    head = bytes([255, marker or jpeg[frame + 1]]) + jpeg[frame + 2 : frame + 5] + struct.pack(">HH", height, width)
    return jpeg[:frame] + head + jpeg[frame + 9 :]


def _many_scans_of_one_pass() -> bytes:
    jpeg = encoded("JPEG", "L", (2000, 2000))
    return jpeg[:-2] + filled(jpeg[_header(jpeg)[1] : -2], 20 * MIB) + b"\xff\xd9"


def _exif_segments(count: int) -> Iterable[bytes]:
    return [segment(0xE1, b"Exif\0\0" + overlapping_exif(4000, 16_000)[:65_000])] * count


def _icc_segments(profile: bytes) -> bytes:
    parts = [profile[at : at + 65_000] for at in range(0, len(profile), 65_000)]
    return b"".join(
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number % 255 + 1, len(parts) % 256]) + part)
        for number, part in enumerate(parts)
    )


JPEG: dict[str, Callable[[], bytes]] = {
    "jpeg of 11,000 scans": lambda: of_many_scans((2000, 2000), 11_000),
    "jpeg of 11,000 scans, small": lambda: of_many_scans((99, 99), 11_000),
    "jpeg full of scans": lambda: of_many_scans((500, 500), 1_000_000),
    "jpeg of as many scans as are taken": lambda: of_many_scans((8000, 8000), 22),
    "jpeg of many scans of one pass": _many_scans_of_one_pass,
    "jpeg of 15 million app segments": lambda: with_segments(filled(segment(0xE1))),
    "jpeg of 15 million comments": lambda: with_segments(filled(segment(0xFE))),
    "jpeg of 15 million comments behind its scan": lambda: encoded("JPEG")[:-2] + filled(segment(0xFE)) + b"\xff\xd9",
    "jpeg of comments between scans": lambda: of_many_scans((99, 99), 2000)[:-2] + filled(segment(0xFE)),
    "jpeg of restart markers": lambda: with_segments(filled(b"\xff\xd0")),
    "jpeg of junk": lambda: encoded("JPEG")[:20] + bytes(FULL) + encoded("JPEG")[20:],
    "jpeg of fill bytes": lambda: with_segments(b"\xff" * FULL),
    "jpeg of stuffed bytes": lambda: with_segments(filled(b"\xff\0")),
    "jpeg of stuffed bytes in its scan": lambda: encoded("JPEG")[:-2] + filled(b"\xff\0") + b"\xff\xd9",
    "jpeg of restarts in its scan": lambda: encoded("JPEG")[:-2] + filled(b"\xff\xd3") + b"\xff\xd9",
    "jpeg of table segments": lambda: with_segments(filled(segment(0xDB, bytes(1) + b"\1" * 64))),
    "jpeg with overlapping exif": lambda: with_segments(*_exif_segments(1)),
    "jpeg with 900 times overlapping exif": lambda: with_segments(*_exif_segments(900)),
    "jpeg with a profile of 16 MiB": lambda: with_segments(_icc_segments(bytes(16 * MIB))),
    "jpeg with a profile of 500,000 elements": lambda: with_segments(_icc_segments(profile_of_elements(500_000))),
    "jpeg of scan marks in a segment": lambda: with_segments(filled(segment(0xE5, filled(b"\xff\xda", 65_000)))),
    "jpeg progressive cmyk, 64 megapixels": lambda: encoded(
        "JPEG", "CMYK", (8000, 8000), progressive=True, subsampling=0
    ),
    "jpeg progressive, 64 megapixels": lambda: encoded("JPEG", "RGB", (8000, 8000), progressive=True, subsampling=0),
    "jpeg that claims 64 megapixels": lambda: claiming(encoded("JPEG", progressive=True), (8000, 8000)),
    "jpeg that claims arithmetic coding": lambda: claiming(encoded("JPEG"), (8000, 8000), 0xC9),
    "jpeg that claims lossless coding": lambda: claiming(encoded("JPEG"), (8000, 8000), 0xC3),
}
