"""Find the EXIF data in an AVIF, without decoding the image. (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, A.2.1)"""

from __future__ import annotations

from collections.abc import Iterator

_MOST_ITEMS = 256  # a picture has a handful; grids of tiles have dozens
_IN_FILE = 0  # how an item's place is given: by its offset in the file


def avif_exif(data: bytes) -> bytes:
    """Return the EXIF data of an AVIF, from its TIFF header on; empty if it has none, or it cannot be found."""
    meta = next((data[start + 4 : end] for kind, start, end in _boxes(data) if kind == b"meta"), b"")
    inside = {kind: meta[start:end] for kind, start, end in _boxes(meta)}
    wanted = _exif_item(inside.get(b"iinf", b""))
    start, size = _place(inside.get(b"iloc", b""), wanted) if wanted is not None else (0, 0)
    item = data[start : start + size]
    return item[4 + int.from_bytes(item[:4], "big") :]  # its first four bytes say how far the header is from there


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box, and where its content starts and ends."""
    at = 0
    for _ in range(_MOST_ITEMS):
        size, kind, head = _number(data, at, 4), data[at + 4 : at + 8], 8
        if size == 1:  # the size is in 8 bytes that follow
            size, head = _number(data, at + 8, 8), 16
        end = min(at + size, len(data)) if size else len(data)
        if len(kind) < 4 or end < at + head:
            return
        yield kind, at + head, end
        at = end


def _exif_item(iinf: bytes) -> int | None:
    """Return the id of the item that holds EXIF data."""
    entries = iinf[6 if iinf[:1] == b"\0" else 8 :]
    for kind, start, end in _boxes(entries):
        entry = entries[start:end]
        wide = 4 if entry[:1] == b"\3" else 2  # bytes of an id
        if kind == b"infe" and entry[4 + wide + 2 : 4 + wide + 6] == b"Exif":
            return _number(entry, 4, wide)
    return None


def _place(iloc: bytes, wanted: int) -> tuple[int, int]:
    """Return offset and size of an item that lies in one piece in the file; (0, 0) for any other."""
    version = _number(iloc, 0, 1)
    offset_size, length_size = divmod(_number(iloc, 4, 1), 16)
    base_size, index_size = divmod(_number(iloc, 5, 1), 16)
    wide, at = (4, 10) if version == 2 else (2, 8)
    for _ in range(min(_number(iloc, at - wide, wide), _MOST_ITEMS)):
        item, at = _number(iloc, at, wide), at + wide
        method = _number(iloc, at, 2) & 15 if version else _IN_FILE
        at += 4 if version else 2  # with the number of the file that it lies in
        base, at = _number(iloc, at, base_size), at + base_size
        pieces, at = _number(iloc, at, 2), at + 2
        first = at + (index_size if version else 0)
        offset, size = _number(iloc, first, offset_size), _number(iloc, first + offset_size, length_size)
        if item == wanted:
            return (base + offset, size) if pieces == 1 and method == _IN_FILE else (0, 0)
        at += pieces * ((index_size if version else 0) + offset_size + length_size)
    return 0, 0


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
