"""Find the texts in an image file that tools write generation data into, without decoding the image.

Nothing in a file is trusted: what is cut short or too long is passed over.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.images.generation.avif import avif_exif
from core.images.orientation import EXIF

MAX_TEXT = 4 << 20  # bytes of one text; a graph of ComfyUI has some hundred KiB
_MAX_ENTRIES = 512  # in one directory of EXIF data
_USER_COMMENT = 0x9286
_EXIF_DIRECTORY = 0x8769
_BEFORE_PICTURE = 0xDA  # a JPEG's scans begin here
_HEADS = 8  # bytes that name a comment's encoding


@dataclass(frozen=True, slots=True)
class ImageTexts:
    """The texts of one image: a PNG's by keyword, the EXIF user comment, and EXIF's texts about camera and maker."""

    by_keyword: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    others: tuple[str, ...] = ()


def image_texts(data: bytes) -> ImageTexts:
    """Return the texts in a PNG, JPEG, WebP or AVIF; none for other formats."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        texts, exif = _png(data)
    elif data.startswith(b"\xff\xd8\xff"):
        texts, exif = {}, _jpeg_exif(data)
    elif data[8:12] == b"WEBP":
        texts, exif = {}, next((body for name, body in _webp_chunks(data) if name == b"EXIF"), b"")
    elif data[4:12] in (b"ftypavif", b"ftypavis"):
        texts, exif = {}, avif_exif(data)
    else:
        return ImageTexts()
    comment, others = _exif_texts(exif)
    return ImageTexts(texts, comment, others)


def _png(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return the first text of each keyword, and the EXIF data. (PNG, third edition, 11.3.3 and 11.3.4)"""
    texts: dict[str, str] = {}
    exif, at = b"", 8
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name in (b"tEXt", b"zTXt", b"iTXt") and size <= MAX_TEXT:
            keyword, _, rest = data[at + 8 : at + 8 + size].partition(b"\0")
            texts.setdefault(keyword.decode("latin-1"), _png_text(name, rest))
        elif name == b"eXIf":
            exif = data[at + 8 : at + 8 + size]
        at += 12 + size
    return texts, exif


def _png_text(name: bytes, rest: bytes) -> str:
    packed = name == b"zTXt"
    if packed:
        rest = rest[1:]
    elif name == b"iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]  # without language and translated keyword
    return _decoded(_unpacked(rest) if packed else rest)


def _unpacked(data: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(data, MAX_TEXT)
    except zlib.error:
        return b""
    return text if inflater.eof else b""


def _decoded(data: bytes) -> str:
    """Return a text that should be Latin-1, but is UTF-8 where tools do not care."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _jpeg_exif(data: bytes) -> bytes:
    """Return the EXIF data of a JPEG. (T.81, B.1.1.4; EXIF 2.32, 4.7.2)"""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _BEFORE_PICTURE:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xE1 and data.startswith(EXIF, at + 4):
            return data[at + 4 : at + 2 + size]
        at += 2 + size
    return b""


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield names and bodies of a WebP's chunks. (RFC 9649, 2)"""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _exif_texts(exif: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the user comment, and all texts of the first directory. (EXIF 2.32, 4.6)"""
    tiff = exif.removeprefix(EXIF)
    order = "little" if tiff.startswith(b"II") else "big"
    main = dict(_entries(tiff, _number(tiff, 4, 4, order), order))
    texts = tuple(_decoded(value.rstrip(b"\0")) for kind, value in main.values() if kind == 2)
    _, pointer = main.get(_EXIF_DIRECTORY, (0, b""))
    inner = dict(_entries(tiff, _number(pointer, 0, 4, order), order)) if pointer else {}
    _, comment = inner.get(_USER_COMMENT) or main.get(_USER_COMMENT) or (0, b"")
    return _comment(comment), texts


def _entries(tiff: bytes, at: int, order: str) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Yield tag, type and bytes of each entry of the directory at ``at``; those of whole numbers are 4 bytes."""
    for n in range(min(_number(tiff, at, 2, order), _MAX_ENTRIES)):
        entry = at + 2 + 12 * n
        kind, count = _number(tiff, entry + 2, 2, order), _number(tiff, entry + 4, 4, order)
        if kind in (1, 2, 7) and 4 < count <= MAX_TEXT:
            start = _number(tiff, entry + 8, 4, order)
            yield _number(tiff, entry, 2, order), (kind, tiff[start : start + count])
        elif kind == 4:
            yield _number(tiff, entry, 2, order), (kind, tiff[entry + 8 : entry + 12])


def _number(data: bytes, at: int, size: int, order: str) -> int:
    return int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]


def _comment(data: bytes) -> str:
    """Return a user comment by the encoding that its first 8 bytes name. (EXIF 2.32, 4.6.5, UserComment)"""
    head, body = data[:_HEADS], data[_HEADS:]
    if head.startswith(b"UNICODE"):
        # Neither the standard nor the order of the file decides: piexif writes big-endian into files of either order.
        order = "utf-16-be" if body[::2].count(0) >= body[1::2].count(0) else "utf-16-le"
        return body.decode(order, errors="replace").strip("\0\ufeff")
    if head.startswith(b"ASCII") or not head.strip(b"\0"):
        return _decoded(body.strip(b"\0"))
    return _decoded(data.strip(b"\0"))
