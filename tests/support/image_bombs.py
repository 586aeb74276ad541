"""Image files made to cost far more than their size: of each how it is made. Most were ideas, some were found."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from PIL import Image

MIB = 1 << 20
FULL = 60 * MIB  # of the 64 MiB that are read at most


@cache
def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Return a plain image in a format."""
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode in ("RGB", "RGBA") else 77).save(out, kind, **options)
    return out.getvalue()


def filled(piece: bytes, size: int = FULL) -> bytes:
    """Return ``piece`` again and again, ``size`` bytes at most."""
    return piece * (size // len(piece))


def overlapping_exif(entries: int, each: int, order: str = "<") -> bytes:
    """Return EXIF data of many entries, each of which claims the same ``each`` bytes."""
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    return head + b"".join(struct.pack("<HHII", 1000 + tag, 7, each, 8) for tag in range(entries)) + bytes(each)


def profile_of_elements(count: int) -> bytes:
    """Return an ICC profile whose multi-process elements are all one and the same matrix."""
    element = b"matf\0\0\0\0" + struct.pack(">HH", 3, 3) + struct.pack(">12f", *[1.0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    table = struct.pack(">II", 16 + 8 * count, len(element)) * count
    body = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, count) + table + element
    tags = struct.pack(">I4sII", 1, b"D2B0", 144, len(body))
    size = 128 + len(tags) + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    return head.ljust(128, b"\0") + tags + body


# PNG


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
    lines = height * (1 + interlaced)  # the seven passes have more
    parts = [pack.compress(row * min(many, lines - at)) for at in range(0, lines, many)]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    pixels = chunk(b"IDAT", b"".join(parts) + pack.flush())
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + pixels + after + chunk(b"IEND")


def packed(size: int, piece: bytes = b" ") -> bytes:
    """Return ``size`` bytes of the same, deflated."""
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


# JPEG


def segment(marker: int, body: bytes = b"") -> bytes:
    """Return one segment of a JPEG."""
    return struct.pack(">BBH", 255, marker, 2 + len(body)) + body


def with_segments(*segments: bytes, jpeg: bytes = b"") -> bytes:
    """Return a JPEG with bytes put in behind its first two."""
    jpeg = jpeg or encoded("JPEG")
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def _header(jpeg: bytes) -> tuple[int, int]:
    """Return where the frame header of a JPEG is, and its first scan."""
    at, frame = 2, 0
    while jpeg[at + 1] != 0xDA:
        frame = at if jpeg[at + 1] in (0xC0, 0xC2) else frame
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return frame, at


def of_many_scans(size: tuple[int, int], scans: int, mode: str = "RGB") -> bytes:
    """Return a progressive JPEG whose last scan, which refines all of a component, is there again and again."""
    jpeg = encoded("JPEG", mode, size, progressive=True, subsampling=0)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * scans + b"\xff\xd9"


def claiming(jpeg: bytes, size: tuple[int, int], marker: int = 0) -> bytes:
    """Return a JPEG that claims another size, or another process of coding."""
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


# GIF


def gif(size: tuple[int, int], *before: bytes, pixels: bytes | None = None, after: bytes = b"") -> bytes:
    """Return a GIF of two colours; ``pixels`` are its blocks of data without their end."""
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


# WebP


def riff(*chunks: bytes) -> bytes:
    """Return a WebP file of chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def part(name: bytes, body: bytes = b"") -> bytes:
    """Return one chunk of a WebP file."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    """Return the chunk that announces a canvas."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return part(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def _still(**options: Any) -> bytes:
    return encoded("WEBP", **options)[12:]


def frame(times: int) -> bytes:
    """Return a frame of an animation again and again."""
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


# AVIF


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
    # Pillow reads what it is to write, so it gets data without entries, of the same size
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


# BMP


def bmp(size: tuple[int, int], bits: int, compression: int, pixels: bytes, colours: int = 0) -> bytes:
    """Return a BMP with a palette of nothing."""
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

BOMBS = {**PNG, **JPEG, **GIF, **WEBP, **AVIF, **BMP}
