"""Valid but odd images all the way from the old database: the library's tiers have the right pixels."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import Library
from core.domain.enums import Status, Tier
from tests.support.builders import OldRow, digest, model_file, old_database, sources
from tests.unit.images.test_decoder import BLUE, GREEN, OPPOSITE, RED, SIDES, SRGB, WHITE, close, encoded, png

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
LOSS = {Tier.HIGH: 6, Tier.MEDIUM: 10, Tier.LOW: 14}  # what WebP's compression may change
Colour = tuple[int, ...]


def flat(mode: str, colour: Any) -> Image.Image:
    return Image.new(mode, (40, 30), colour)


def palette_with_alpha() -> bytes:
    chunks = ((b"PLTE", bytes([255, 0, 0])), (b"tRNS", bytes([77])))
    return png(40, 30, 8, 3, bytes(40 * 30), *chunks)


def wide_gamut() -> bytes:
    """A profile with the primaries of Display P3 (adapted to D50), and sRGB's curve."""
    primaries = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    primaries[b"bXYZ"] = (0.15710, 0.06657, 0.78407)
    profile = bytearray(SRGB)
    (count,) = struct.unpack_from(">I", profile, 128)
    for at in range(132, 132 + 12 * count, 12):
        name, offset, _ = struct.unpack_from(">4sII", profile, at)
        if name in primaries:
            struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in primaries[name]))
    return bytes(profile)


def animated(kind: str) -> bytes:
    frames = [flat("RGB", colour) for colour in (RED, GREEN, BLUE)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


# The file's name, its bytes, and the colour of all of it in the library. (200, 100, 50) in Display P3 is, by the two
# standards' matrices and curve, (215, 93, 31) in sRGB.
ODD: dict[str, tuple[bytes, Colour]] = {
    "wrong-suffix.png": (encoded(flat("RGB", GREEN), "JPEG", quality=95), GREEN),
    "no-suffix": (encoded(flat("RGB", GREEN), "PNG"), GREEN),
    "picture.exe": (encoded(flat("RGB", GREEN), "WEBP", lossless=True), GREEN),
    "animated.gif": (animated("GIF"), RED),
    "animated.png": (animated("PNG"), RED),
    "animated.webp": (animated("WEBP"), RED),
    "cmyk.jpg": (encoded(flat("CMYK", (0, 255, 255, 0)), "JPEG", quality=100), RED),
    "sixteen.png": (png(40, 30, 16, 0, struct.pack(">H", 0x8000) * 1200), (128, 128, 128)),
    "sixteen-colour.png": (png(40, 30, 16, 2, struct.pack(">HHH", 0x4000, 0x8000, 0xC000) * 1200), (64, 128, 192)),
    "la.png": (encoded(flat("LA", (200, 90)), "PNG"), (200, 200, 200, 90)),
    "palette.png": (palette_with_alpha(), (255, 0, 0, 77)),
    "wide.png": (encoded(flat("RGB", (200, 100, 50)), "PNG", icc_profile=wide_gamut()), (215, 93, 31)),
    "wide.jpg": (encoded(flat("RGB", (200, 100, 50)), "JPEG", quality=98, icc_profile=wide_gamut()), (215, 93, 31)),
}


def promoted(library: Library, folder: Path, images: dict[str, bytes]) -> None:
    """Import one row with these images, and promote it."""
    media = folder / "media"
    media.mkdir()
    for name, data in images.items():
        (media / name).write_bytes(data)
    row = OldRow(1, str(model_file(folder, "m", WEIGHTS)), {"images": [f"/media/{name}" for name in images]})
    report = library.import_legacy(old_database(folder / "old.sqlite3", [row]), images_dir=media)
    assert (report.images, report.problems) == (len(images), ())
    outcome = library.processor.process_single_import(1)
    assert (outcome.status, outcome.refused, len(outcome.images)) == (Status.SUCCESS, (), len(images))
    assert sources(library, SHA) == [(seq, digest(data)) for seq, data in enumerate(images.values())]


def tier(library: Library, seq: int, quality: Tier) -> Image.Image:
    with library.image_scanner.open_image(f"{SHA}_{seq}", quality) as file:
        image = Image.open(file, formats=["WEBP"])
        image.load()
    return image


def test_odd_images_have_the_right_pixels_in_every_tier(library: Library, tmp_path: Path) -> None:
    promoted(library, tmp_path, {name: data for name, (data, _) in ODD.items()})
    for seq, (name, (_, colour)) in enumerate(ODD.items()):
        for quality in Tier:
            image = tier(library, seq, quality)
            assert image.mode == ("RGBA" if len(colour) == 4 else "RGB"), name
            for at in ((1, 1), (image.width // 2, image.height // 2), (image.width - 2, image.height - 2)):
                assert close(image.getpixel(at), colour, LOSS[quality]), (name, quality, image.getpixel(at))
        assert tier(library, seq, Tier.HIGH).size == (40, 30)


def test_every_orientation_is_upright_in_the_library(library: Library, tmp_path: Path) -> None:
    corners = {(0, 0): RED, (0, 1): GREEN, (1, 0): BLUE, (1, 1): WHITE}  # (row, column) as stored
    stored = Image.new("RGB", (64, 32))
    for (row, column), colour in corners.items():
        stored.paste(colour, (column * 32, row * 16, column * 32 + 32, row * 16 + 16))
    images = {}
    for orientation in SIDES:
        exif = Image.Exif()
        exif[0x0112] = orientation
        images[f"{orientation}.jpg"] = encoded(stored, "JPEG", quality=98, exif=exif.tobytes())
    promoted(library, tmp_path, images)
    for seq, (orientation, (first_row, first_column)) in enumerate(SIDES.items()):
        image = tier(library, seq, Tier.HIGH)
        assert image.size == ((32, 64) if orientation >= 5 else (64, 32))
        for (row, column), colour in corners.items():
            at = {first_row if row == 0 else OPPOSITE[first_row]}
            at.add(first_column if column == 0 else OPPOSITE[first_column])
            x = image.width // 4 if "L" in at else image.width * 3 // 4
            y = image.height // 4 if "T" in at else image.height * 3 // 4
            assert close(image.getpixel((x, y)), colour, 24), (orientation, at)


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1)])
def test_a_line_of_an_image_fits_into_a_tier(library: Library, tmp_path: Path, size: tuple[int, int]) -> None:
    promoted(library, tmp_path, {"line.png": encoded(Image.new("RGB", size, RED), "PNG")})
    for quality, longest in ((Tier.HIGH, 16_383), (Tier.MEDIUM, 10_813), (Tier.LOW, 5_406)):
        image = tier(library, 0, quality)
        assert (max(image.size), min(image.size)) == (longest, 1)
        assert close(image.getpixel((image.width // 2, image.height // 2)), RED, 8)
    picture = library.pictures.of_model(f"{SHA}_0", 80, 80)
    assert (max(picture.width, picture.height), min(picture.width, picture.height)) == (80, 1)
