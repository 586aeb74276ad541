"""Images with generation data, written as the tools write it."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Mapping

from PIL import Image, PngImagePlugin

USER_COMMENT = 0x9286
EXIF = 0x8769
A1111 = """ink wash, harbour at dusk, (paper texture:1.2) <lora:ink wash:0.8>
second line
Negative prompt: blurry, photo
Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4294967295, Size: 512x768, \
Model hash: 0123456789, Model: some_model_v1, Lora hashes: "ink wash: 0123456789ab, clay: ba9876543210", \
Version: v1.10.1"""


def picture(seed: int = 1) -> Image.Image:
    """Return a small picture, a different one for each seed."""
    return Image.frombytes("RGB", (24, 16), random.Random(seed).randbytes(24 * 16 * 3))


def png_saying(texts: Mapping[str, str], *, seed: int = 1, packed: bool = False) -> bytes:
    """Return a PNG with these texts by keyword: ``tEXt``, or ``iTXt`` where they are not Latin-1."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text, zip=packed)
    out = io.BytesIO()
    picture(seed).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def png_hiding(
    texts: Mapping[str, str],
    *,
    size: tuple[int, int] = (96, 64),
    sign: bytes = b"stealth_pngcomp",
    packed: bytes = b"",
    more: int = 0,
) -> bytes:
    """Return a PNG with texts in the lowest bits of its alpha only, as NovelAI writes them.

    ``packed`` takes their place; ``more`` is added to the number of bits that is stated.
    """
    packed = packed or gzip.compress(json.dumps(texts).encode())
    hidden = sign + (8 * len(packed) + more).to_bytes(4, "big") + packed
    bits = [byte >> shift & 1 for byte in hidden for shift in range(7, -1, -1)]
    image = picture(1).resize(size).convert("RGBA")
    for n, bit in enumerate(bits):
        column, row = divmod(n, size[1])
        red, green, blue, _ = image.getpixel((column, row))  # type: ignore[misc]
        image.putpixel((column, row), (red, green, blue, 254 | bit))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def saying(kind: str, comment: bytes = b"", others: Mapping[int, str] | None = None) -> bytes:
    """Return a JPEG, WebP or PNG with an EXIF user comment, and texts in EXIF's first directory."""
    exif = Image.Exif()
    exif.update(others or {})
    if comment:
        exif.get_ifd(EXIF)[USER_COMMENT] = comment
    out = io.BytesIO()
    picture().save(out, kind, exif=exif.tobytes())
    return out.getvalue()
