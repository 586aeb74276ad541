"""Thumbnails: they fit, are upright, are never enlarged, and show a dark background through transparency."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from core.domain.records import Thumbnail
from core.errors import ImageRefused
from core.images.tasks import GROUND, thumbnail


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(width: int, height: int, colour: Any = "red", mode: str = "RGB", kind: str = "PNG") -> bytes:
    return encoded(Image.new(mode, (width, height), colour), kind)


def pixel(picture: Thumbnail, x: int, y: int) -> tuple[int, ...]:
    at = 3 * (y * picture.width + x)
    return tuple(picture.pixels[at : at + 3])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((400, 200), (80, 80), (80, 40)),
        ((200, 400), (80, 80), (40, 80)),
        ((30, 20), (80, 80), (30, 20)),
        ((3000, 10), (80, 50), (80, 1)),
    ],
)
def test_a_thumbnail_fits_and_is_never_enlarged(
    kind: str, size: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]
) -> None:
    picture = thumbnail(plain(*size, kind=kind), *box)
    assert (picture.width, picture.height) == expected
    assert len(picture.pixels) == 3 * picture.width * picture.height
    assert pixel(picture, picture.width // 2, 0)[0] > 240


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_thumbnail_is_upright(kind: str) -> None:
    stored = Image.new("RGB", (400, 200), "blue")
    stored.paste("red", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left of what is stored is the top
    picture = thumbnail(encoded(stored, kind, exif=exif.tobytes()), 100, 60)
    assert (picture.width, picture.height) == (30, 60)
    assert pixel(picture, 15, 5)[0] > 240
    assert pixel(picture, 15, 55)[2] > 240


def test_a_png_that_says_behind_its_pixels_how_to_turn_it_is_upright_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    body = exif.tobytes()[6:]
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
    data = plain(400, 200)
    end = data.index(b"IEND") - 4
    picture = thumbnail(data[:end] + chunk + data[end:], 100, 60)
    assert (picture.width, picture.height) == (30, 60)


def test_the_dark_ground_shows_through_a_thumbnail() -> None:
    assert pixel(thumbnail(plain(9, 9, (255, 255, 255, 0), "RGBA"), 5, 5), 2, 2) == GROUND == (0x15, 0x1A, 0x21)
    half = pixel(thumbnail(plain(9, 9, (255, 255, 255, 128), "RGBA"), 5, 5), 2, 2)
    assert all(abs(found - (ground + 255) / 2) <= 2 for found, ground in zip(half, GROUND, strict=True))


def test_half_a_jpeg_gives_no_thumbnail_even_when_decoded_small() -> None:
    data = encoded(Image.effect_noise((800, 600), 50), "JPEG")
    with pytest.raises(ImageRefused, match="damaged or cut short"):
        thumbnail(data[: len(data) // 2], 40, 40)


@pytest.mark.parametrize("box", [(0, 5), (5, 0), (-1, 5)])
def test_a_box_without_pixels_is_an_error(box: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no picture fits"):
        thumbnail(plain(9, 9), *box)
