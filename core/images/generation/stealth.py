"""Read the texts that NovelAI hides in a picture's pixels: one bit in the alpha of each, column by column.

First come 15 characters, then the number of bits as 4 bytes, then JSON, packed with gzip: the texts by keyword, as they
are in the PNG's own chunks until somebody removes those. (NovelAI/novelai-image-metadata, nai_meta.py)
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from PIL import Image

from core.errors import ImageRefused
from core.images.decoder import load, open_source
from core.images.generation import values
from core.images.structure import structure

_SIGN = b"stealth_pngcomp"
_HEAD = 8 * (len(_SIGN) + 4)  # bits
_RGBA = b"\x08\x06"  # bit depth and colour type in a PNG's header
_MOST_PIXELS = 4 << 20  # of what NovelAI makes, and of what is decoded for this
_MAX_TEXT = 4 << 20  # bytes
_BITS = bytes(48 + value % 2 for value in range(256))  # the lowest bit, as a digit
_GZIP = 31  # zlib's name for that format


def hidden_texts(data: bytes) -> Mapping[str, str]:
    """Return the texts hidden in a PNG with transparency, by keyword; none if there are none.

    The picture is decoded for it, unless it is larger than what NovelAI makes.
    """
    size = [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)]
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[24:26] != _RGBA or size[0] * size[1] > _MOST_PIXELS:
        return {}
    try:
        alpha = _alpha(data)
    except ImageRefused:
        return {}
    return {} if alpha is None else _texts(alpha)


def _alpha(data: bytes) -> Image.Image | None:
    """Return a picture's alpha with rows and columns exchanged; None if it cannot be decoded in this process."""
    made_of = structure(data)
    if made_of.apart:
        return None
    source = open_source(made_of)
    load(source)
    image: Image.Image = source.image
    return image.getchannel("A").transpose(Image.Transpose.TRANSPOSE) if image.mode == "RGBA" else None


def _texts(alpha: Image.Image) -> Mapping[str, str]:
    columns = -(-_HEAD // alpha.width)  # that hold the beginning
    head = _bytes(alpha.crop((0, 0, alpha.width, min(columns, alpha.height))).tobytes()[:_HEAD])
    bits = int.from_bytes(head[len(_SIGN) :], "big")
    if not head.startswith(_SIGN) or bits > alpha.width * alpha.height - _HEAD:
        return {}
    try:
        packed = _bytes(alpha.tobytes()[_HEAD : _HEAD + bits])
        said = values.json_object(zlib.decompressobj(_GZIP).decompress(packed, _MAX_TEXT).decode())
    except (zlib.error, UnicodeDecodeError):
        return {}
    return {key: text for key, text in (said or {}).items() if isinstance(text, str)}


def _bytes(pixels: bytes) -> bytes:
    """Return what the lowest bits of pixels say."""
    digits = pixels.translate(_BITS)
    whole = len(digits) // 8
    return int(digits[: 8 * whole], 2).to_bytes(whole, "big") if whole else b""
