"""Which images are opened, which are refused and why, and whether the pixels are right."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from core.errors import ImageRefused
from core.images.decoder import FORMATS, load, open_source, render
from core.images.structure import structure

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int = 61, height: int = 43) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 70) for _ in range(3)])


def decoded(data: bytes) -> Image.Image:
    source = open_source(structure(data))
    load(source)
    return render(source, source.size)


def reason(data: bytes) -> str:
    with pytest.raises(ImageRefused) as caught:
        load(open_source(structure(data)))
    return str(caught.value)


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG written by hand; ``rows`` without the filter bytes, ``chunks`` come before the pixels."""
    step = len(rows) // height if height else 0
    pixels = b"".join(b"\0" + rows[at : at + step] for at in range(0, len(rows), step or 1))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


SOUND = {
    "png": encoded(noise(), "PNG"),
    "jpeg": encoded(noise(), "JPEG"),
    "progressive jpeg": encoded(noise(), "JPEG", progressive=True),
    "webp": encoded(noise(), "WEBP"),
    "gif": encoded(noise(), "GIF"),
    "bmp": encoded(noise(), "BMP"),
    "avif": encoded(noise(), "AVIF"),
    "animated gif": encoded(noise(), "GIF", save_all=True, append_images=[noise(), noise()]),
    "animated png": encoded(noise(), "PNG", save_all=True, append_images=[noise(), noise()]),
    "animated webp": encoded(noise(), "WEBP", save_all=True, append_images=[noise(), noise()]),
}


@pytest.mark.parametrize("name", SOUND)
def test_every_known_kind_is_opened(name: str) -> None:
    assert decoded(SOUND[name]).size == (61, 43)


@pytest.mark.parametrize("name", SOUND)
def test_part_of_a_file_is_refused_wherever_it_is_cut(name: str) -> None:
    data = SOUND[name]
    # Two bytes at the end of a BMP may be mere padding of its last row.
    for cut in [*range(1, 40), *range(40, len(data), len(data) // 60), len(data) - 4]:
        assert reason(data[:cut]) in ("damaged or cut short", "not a known image format"), cut


@pytest.mark.parametrize("name", ["png", "gif", "animated gif", "animated png"])
def test_what_lacks_only_its_end_mark_is_refused_but_bytes_after_it_do_no_harm(name: str) -> None:
    assert reason(SOUND[name][:-1]) == "damaged or cut short"
    assert decoded(SOUND[name] + b"\0\0more").size == (61, 43)


def test_reasons_say_what_is_wrong() -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    assert reason(b"") == "an empty file"
    assert reason(b"\0" * (64 * 1024 * 1024 + 1)) == "larger than 64 MiB"
    assert reason(b"hello") == "not a known image format"
    assert reason(svg) == "not a known image format"
    assert reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "not a known image format"
    assert reason(encoded(noise(), "TIFF")) == "not a known image format"
    assert reason(encoded(noise(), "PPM")) == "not a known image format"
    assert reason(png(0, 9, 8, 2, b"")) in ("an image without pixels", "not a known image format")


def test_the_suffix_plays_no_part_and_only_the_named_formats_are_tried() -> None:
    assert set(FORMATS) == {"PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF"}


@pytest.mark.parametrize("side", [8001, 9500, 13000, 40000])
def test_a_bomb_is_refused_before_it_is_decoded_and_without_a_warning(side: int) -> None:
    # 40,000 x 40,000 x 3 bytes would be 4.8 GB; there is next to no pixel data behind the header
    bomb = png(side, side, 8, 2, b"")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert reason(bomb) == "more than 64 megapixels"
    assert heard == []


def test_exactly_64_megapixels_are_taken() -> None:
    rows = bytes(8000 // 8) * 8000
    source = open_source(structure(png(8000, 8000, 1, 0, rows)))
    load(source)
    assert source.size == (8000, 8000)


def test_damaged_bytes_end_in_pixels_or_a_refusal_and_nothing_else() -> None:
    chance = random.Random(7)
    for data in SOUND.values():
        for _round in range(60):
            damaged = bytearray(data)
            for _flip in range(chance.randint(1, 12)):
                # half of them near the beginning, where the structure is
                end = len(damaged) if chance.random() < 0.5 else 64
                damaged[chance.randrange(end)] = chance.randrange(256)
            try:
                decoded(bytes(damaged))
            except ImageRefused as refusal:
                assert 0 < len(str(refusal)) < 60


# Where the stored first row and first column belong on screen, from the EXIF standard (tag 0x0112).
SIDES = {
    1: ("T", "L"),
    2: ("T", "R"),
    3: ("B", "R"),
    4: ("B", "L"),
    5: ("L", "T"),
    6: ("R", "T"),
    7: ("R", "B"),
    8: ("L", "B"),
}
OPPOSITE = {"T": "B", "B": "T", "L": "R", "R": "L"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", SIDES)
def test_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    corners = {(0, 0): RED, (0, 1): GREEN, (1, 0): BLUE, (1, 1): WHITE}  # (row, column) as stored
    stored = Image.new("RGB", (64, 32))
    for (row, column), colour in corners.items():
        stored.paste(colour, (column * 32, row * 16, column * 32 + 32, row * 16 + 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decoded(encoded(stored, kind, exif=exif.tobytes()))

    assert picture.size == ((32, 64) if orientation >= 5 else (64, 32))
    first_row, first_column = SIDES[orientation]
    for (row, column), colour in corners.items():
        at = {first_row if row == 0 else OPPOSITE[first_row], first_column if column == 0 else OPPOSITE[first_column]}
        x = picture.width // 4 if "L" in at else picture.width * 3 // 4
        y = picture.height // 4 if "T" in at else picture.height * 3 // 4
        assert close(picture.getpixel((x, y)), colour, 12), (at, colour)


def close(found: Any, expected: tuple[int, ...], by: int) -> bool:
    return len(found) == len(expected) and all(abs(a - b) <= by for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x01"]
)
def test_damaged_exif_does_not_cost_the_image(exif: bytes) -> None:
    assert decoded(encoded(noise(), "JPEG", exif=exif)).size == (61, 43)


def test_an_orientation_that_does_not_exist_changes_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 9
    assert decoded(encoded(noise(), "JPEG", exif=exif.tobytes())).size == (61, 43)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert close(decoded(data).getpixel((16, 16)), RED, 8)


def test_a_large_packed_text_does_not_cost_the_image() -> None:
    text = b"workflow\0\0" + zlib.compress(b'{"nodes": 1}' * 200_000)
    assert decoded(png(1, 1, 8, 0, b"\x05", (b"zTXt", text))).getpixel((0, 0)) == (5, 5, 5)
