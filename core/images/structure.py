"""Check an image file's structure before decoding, and extract the part that makes its first picture.

Decoders parse everything in a file, some of them in Python and without limits: comments, texts, later frames, ten
thousand scans. Here the structure is walked once, with limits far above ordinary files, and the decoder gets only the
pixels of the first picture and its colour profile. All functions are pure and do not use Pillow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.errors import ImageRefused
from core.files.safe_open import MAX_IMAGE_BYTES
from core.images.orientation import EXIF, hexadecimal_exif, orientation

MAX_MEMORY = 488 * 1024 * 1024  # of 512 MiB; the rest is for small buffers, or for the process itself
MAX_CHUNKS = 100_000  # a PNG of 64 MiB with 1 KiB in each has 65,536
MAX_BLOCKS = 500_000  # a GIF of 64 MiB with full blocks has 263,172
MAX_SEGMENTS = 4_096  # a JPEG of 64 MiB with segments of 64 KiB has 1,024
MAX_SCANS = 1_000
MAX_SCANNED_PIXELS = 1 << 31  # all scans together: 33 scans of 64 megapixels; encoders write about 10
MAX_RUN_LENGTH = 4_000_000  # bytes; run-length coding is decoded in Python
MAX_RUN_PIXELS = 9_000_000
_MAX_JUNK = 65_536
_APART_PIXELS = 8_000_000

_PNG_KEPT = {b"PLTE", b"tRNS", b"iCCP", b"IDAT"}
_PNG_TEXTS = {b"iTXt", b"tEXt", b"zTXt"}
_PNG_XMP = b"iTXtXML:com.adobe.xmp\0"
_PLAIN_EXIF, _PACKED_EXIF = (name + b"Raw profile type exif\0" for name in (b"tEXt", b"zTXt"))
_PNG_FOUND = {b"iCCP", b"eXIf", _PNG_XMP, _PLAIN_EXIF, _PACKED_EXIF}
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"}
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])")
_JPEG_AFTER_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_JPEG_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT = {*range(0xC0, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE} - {0xC8}
_AVIF = {b"ftyp" + brand for brand in (b"avif", b"avis", b"mif1", b"msf1")}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True, slots=True)
class Structure:
    """The part of an image file that determines its pixels, and what is known before decoding.

    ``data`` is for the decoder. ``orientation`` is EXIF's, 1 to 8, or 0 if only the decoder knows it. ``beside`` is the
    memory in bytes that decoding takes besides the picture itself, including the file. ``apart`` means that counting
    cannot bound the decoder, which must run in a separate process with limits.
    """

    data: bytes
    orientation: int = 1
    beside: int = 0
    apart: bool = False


def structure(data: bytes) -> Structure:
    """Return the structure of the image in ``data``. Raises ImageRefused if it exceeds a limit or is cut short."""
    if not data:
        raise ImageRefused("an empty file")
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageRefused("larger than 64 MiB")
    made_of = _walked(data)
    copied = 0 if made_of.data is data else len(made_of.data)
    return replace(made_of, beside=made_of.beside + len(data) + copied)


def _walked(data: bytes) -> Structure:
    try:
        for magic, at, walk in _WALKS:
            if data.startswith(magic, at):
                return walk(data)
    except IndexError:
        raise ImageRefused("damaged or cut short") from None
    # AVIF's boxes can point anywhere in the file, and its frames cannot be counted without an AV1 parser.
    return Structure(data, orientation=0, apart=data[4:12] in _AVIF)


def _damaged(wrong: bool) -> None:
    if wrong:
        raise ImageRefused("damaged or cut short")


def _png(data: bytes) -> Structure:
    """Keep the chunks that make the pixels. (PNG, third edition, 5.3 and 11)"""
    _damaged(data[8:16] != b"\0\0\0\x0dIHDR")
    whole = memoryview(data)
    kept, at = [whole[:33]], 33
    found: dict[bytes, memoryview] = {}  # the first of each kind
    for _count in range(MAX_CHUNKS):
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        _damaged(not name or end > len(data))
        if name == b"IEND":
            data = data if sum(map(len, kept)) == at else b"".join([*kept, whole[at:end]])
            return Structure(data, _png_turn(found))
        if name in _PNG_KEPT and name not in found:
            kept.append(whole[at:end])
        if name in _PNG_TEXTS:
            name += data[at + 8 : min(end - 4, data.find(b"\0", at + 8, at + 88) + 1)]
        if name in _PNG_FOUND:
            found.setdefault(name, whole[at + 4 + len(name) : end - 4])
        at = end
    raise ImageRefused("too many chunks")


def _png_turn(found: dict[bytes, memoryview]) -> int:
    exif, xmp = bytes(found.get(b"eXIf", b"")), bytes(found.get(_PNG_XMP, b""))
    plain, packed = bytes(found.get(_PLAIN_EXIF, b"")), bytes(found.get(_PACKED_EXIF, b"")[1:])
    return orientation(exif or hexadecimal_exif(plain, packed), xmp)


def _gif(data: bytes) -> Structure:
    """Keep the first frame, and check that the file is complete up to its trailer. (GIF89a, 15 to 27)"""
    at = start = 13 + _colour_table(data[10])
    control, frame = b"", b""
    left = MAX_BLOCKS
    while (mark := data[at]) != 0x3B:
        begun, at, left = at, at + 1, left - 1
        if mark == 0x2C:
            at += 10 + _colour_table(data[at + 8])
        elif mark == 0x21:
            at += 1
        elif left:  # filler between blocks, which decoders skip
            continue
        while data[at] and left:
            at, left = at + data[at] + 1, left - 1
        if not left:
            raise ImageRefused("too many blocks")
        at += 1
        if mark == 0x2C and not frame:
            frame = data[begun:at]
        elif data[begun + 1] == 0xF9 and not frame:
            control = data[begun:at]
    return Structure(data[:start] + control + frame + b";")


def _colour_table(flags: int) -> int:
    """Return the size in bytes of the colour table that a GIF's flags declare."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _bmp(data: bytes) -> Structure:
    run_length = int.from_bytes(data[14:18], "little") >= 40 and data[30:34] in (b"\1\0\0\0", b"\2\0\0\0")
    if run_length:
        width, height = (abs(int.from_bytes(data[at : at + 4], "little", signed=True)) for at in (18, 22))
        if len(data) > MAX_RUN_LENGTH or width * height > MAX_RUN_PIXELS:
            raise ImageRefused("too much run-length coding")
    return Structure(data, apart=run_length)


def _webp(data: bytes) -> Structure:
    """Keep the first frame and the profile. (RFC 9649, 2)"""
    whole, at, stop = memoryview(data), 12, 8 + int.from_bytes(data[4:8], "little")
    _damaged(stop > len(data))
    kept: list[bytes | memoryview] = []
    names: set[bytes] = set()
    exif = xmp = b""
    for _count in range(MAX_CHUNKS):
        if at + 8 > stop:
            break
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        _damaged(end > stop)
        if name == b"EXIF":
            exif = data[at + 8 : end]
        elif name == b"XMP ":
            xmp = data[at + 8 : end]
        elif name in _WEBP_KEPT and name not in names:
            kept.append(whole[at:end])
            names.add(name)
        at = end
    else:
        raise ImageRefused("too many chunks")
    return _webp_of(data, kept, orientation(exif, xmp))


def _webp_of(data: bytes, kept: list[bytes | memoryview], turn: int) -> Structure:
    pixels = _webp_pixels(bytes(kept[0][:30]))
    # Two canvases and the lossless decoder's own, at 4 bytes per pixel each; the picture replaces the last one.
    if 12 * pixels + 2 * len(data) > MAX_MEMORY:
        raise ImageRefused("larger than 512 MiB in memory")
    # The tables of a lossless image may be as large as many pixels, and its decoder cannot be interrupted.
    apart = pixels > _APART_PIXELS
    size = 4 + sum(map(len, kept))
    if size + 8 != len(data):
        if kept[0][:4] == b"VP8X":  # clear its flags for EXIF and XMP, whose chunks are removed
            kept[:1] = [bytes(kept[0][:8]) + bytes([kept[0][8] & ~0x0C]), kept[0][9:]]
        data = b"".join([b"RIFF", size.to_bytes(4, "little"), b"WEBP", *kept])
    return Structure(data, turn, apart=apart)


def _webp_pixels(first: bytes) -> int:
    """Return the number of pixels of the canvas, read from the beginning of the first chunk."""
    if first.startswith(b"VP8X"):
        return (int.from_bytes(first[12:15], "little") + 1) * (int.from_bytes(first[15:18], "little") + 1)
    if first.startswith(b"VP8L"):
        bits = int.from_bytes(first[9:13], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    return (int.from_bytes(first[14:16], "little") & 0x3FFF) * (int.from_bytes(first[16:18], "little") & 0x3FFF)


def _jpeg(data: bytes) -> Structure:
    """Keep the tables, the profile and the scans; count the scans. (T.81, B.1)"""
    whole = memoryview(data)
    kept, exif, xmp, frame = [whole[:2]], b"", b"", b""
    at, junk = 2, 0
    for _count in range(MAX_SEGMENTS):
        found = _JPEG_MARKER.search(data, at)
        _damaged(found is None or found[1] == b"\xd9")
        assert found is not None
        begun, start, marker = found.start(), found.end(), found[1][0]
        junk, at = junk + begun - at, start
        if junk > _MAX_JUNK:
            raise ImageRefused("too much that does not belong to an image")
        if marker in _JPEG_STANDALONE:
            continue
        at += int.from_bytes(data[start : start + 2], "big")
        _damaged(not start + 2 <= at <= len(data))
        if marker == 0xDA:
            kept.append(whole[begun:])
            data = data if sum(map(len, kept)) == len(data) else b"".join(kept)
            return _jpeg_of(data, frame, len(data) - len(kept[-1]), orientation(exif, xmp))
        body = data[start + 2 : at]
        if marker in _JPEG_KEPT or (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0")):
            kept.append(whole[begun:at])
        if marker in _JPEG_FRAMES:
            frame = bytes([marker]) + body
        elif marker == 0xE1 and body.startswith(EXIF):
            exif = exif or body
        elif marker == 0xE1 and body.startswith(_XMP):
            xmp = body
    raise ImageRefused("too many segments")


def _jpeg_of(data: bytes, frame: bytes, scans: int, turn: int) -> Structure:
    """Return the structure of a JPEG with the frame header ``frame``, marker first, and its first scan at ``scans``."""
    _damaged(len(frame) < 10)
    height, width, components = (int.from_bytes(frame[at:end], "big") for at, end in ((2, 4), (4, 6), (6, 7)))
    scanned = width * height * _scans(data, scans, MAX_SCANNED_PIXELS // max(1, width * height))
    if scanned > MAX_SCANNED_PIXELS:
        raise ImageRefused("too many scans")
    buffered = frame[0] in (0xC2, 0xCA) or data[scans + 4] < components
    sampling = frame[8 : 7 + 3 * components : 3]
    full = max(1, *(one >> 4 for one in sampling)) * max(1, *(one & 15 for one in sampling))
    blocks = sum((one >> 4) * (one & 15) for one in sampling)
    beside = 2 * width * height * blocks // full if buffered else 0
    return Structure(data, turn, beside, apart=frame[0] >= 0xC9)


def _scans(data: bytes, at: int, limit: int) -> int:
    """Return the number of scans from ``at`` on, or some number above ``limit`` if there are more."""
    limit = min(limit, MAX_SCANS)
    counted = data.count(b"\xff\xda", at)
    if counted <= limit:  # slightly too high if a segment contains these bytes
        return counted
    scans = 0
    for _count in range(MAX_SEGMENTS):
        found = _JPEG_AFTER_SCAN.search(data, at)
        if found is None or found[1] == b"\xd9":
            return scans
        scans += found[1] == b"\xda"
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
        if scans > limit:
            break
    return MAX_SCANNED_PIXELS + 1


_WALKS: tuple[tuple[bytes, int, Callable[[bytes], Structure]], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, _png),
    (b"\xff\xd8\xff", 0, _jpeg),
    (b"GIF8", 0, _gif),
    (b"WEBP", 8, _webp),
    (b"BM", 0, _bmp),
)
