"""Colours: 16 bits, transparency, palettes, CMYK and embedded profiles all become the right 8-bit sRGB pixels."""

from __future__ import annotations

import struct

import pytest
from PIL import Image, ImageCms

from core.images.colours import in_srgb
from tests.unit.images.test_decoder import GREEN, RED, SRGB, WHITE, close, decoded, encoded, noise, png


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    ramp = Image.frombytes("I;16", (256, 1), b"".join(struct.pack("<H", value * 257) for value in range(256)))
    picture = decoded(encoded(ramp, "PNG"))
    assert picture.tobytes() == bytes(value for value in range(256) for _band in range(3))


def test_16_bit_colour_is_scaled_not_clipped() -> None:
    rows = b"".join(struct.pack(">HHH", value * 257, 0, 65535) for value in range(256))
    picture = decoded(png(256, 1, 16, 2, rows))
    assert [picture.getpixel((x, 0)) for x in range(256)] == [(x, 0, 255) for x in range(256)]


def test_transparency_is_kept_in_every_way_a_png_can_say_it() -> None:
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 128))
    assert decoded(encoded(half, "PNG")).getpixel((0, 0)) == (255, 0, 0, 128)
    assert decoded(encoded(Image.new("LA", (2, 1), (200, 9)), "PNG")).getpixel((0, 0)) == (200, 200, 200, 9)
    colour = png(2, 1, 8, 2, bytes([1, 2, 3, 4, 5, 6]), (b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    assert alphas(decoded(colour)) == [0, 255]
    deep = struct.pack(">HHHHHH", 0x8000, 0, 0, 0x9000, 0, 0)
    assert alphas(decoded(png(2, 1, 16, 2, deep, (b"tRNS", struct.pack(">HHH", 0x8000, 0, 0))))) == [0, 255]
    palette = ((b"PLTE", bytes([255, 0, 0, 0, 0, 255])), (b"tRNS", bytes([77, 255])))
    assert decoded(png(2, 1, 8, 3, bytes([0, 1]), *palette)).getpixel((0, 0)) == (255, 0, 0, 77)


@pytest.mark.parametrize(
    ("depth", "row", "key"),
    [(1, b"\x80", 1), (2, b"\x90", 2), (4, b"\x3b", 3), (8, b"\x07\x08", 7), (16, b"\x12\x34\x12\x35", 0x1234)],
)
def test_a_see_through_grey_is_met_at_every_depth(depth: int, row: bytes, key: int) -> None:
    data = png(2, 1, depth, 0, row, (b"tRNS", struct.pack(">H", key)))
    assert alphas(decoded(data)) == [0, 255]


def alphas(image: Image.Image) -> list[int]:
    return list(image.getchannel("A").tobytes())


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_alpha_channel_that_lets_nothing_through_is_dropped(mode: str) -> None:
    assert decoded(encoded(Image.new(mode, (3, 3), "white"), "PNG")).mode == "RGB"


def test_a_see_through_gif_keeps_its_hole() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    picture = decoded(encoded(image, "GIF", transparency=1))
    assert picture.getpixel((0, 0)) == (255, 0, 0, 255)
    assert alphas(picture)[1] == 0


def test_bilevel_grey_and_palette_become_rgb() -> None:
    assert decoded(encoded(Image.new("1", (9, 9), 1), "PNG")).getpixel((4, 4)) == WHITE
    assert decoded(encoded(Image.new("1", (9, 9), 1), "BMP")).getpixel((4, 4)) == WHITE
    assert decoded(encoded(Image.new("L", (9, 9), 99), "PNG")).getpixel((4, 4)) == (99, 99, 99)
    assert decoded(encoded(Image.new("RGB", (9, 9), RED).quantize(4), "PNG")).getpixel((4, 4)) == RED


def test_cmyk_comes_out_as_printed_not_inverted() -> None:
    for ink, colour in (((0, 0, 0, 0), WHITE), ((0, 255, 255, 0), RED), ((0, 0, 0, 255), (0, 0, 0))):
        data = encoded(Image.new("CMYK", (32, 32), ink), "JPEG", quality=100)
        assert close(decoded(data).getpixel((16, 16)), colour, 4)


def swapped_profile() -> bytes:
    """Return a profile in which the first band is green and the second is red."""
    return SRGB.replace(b"rXYZ", b"_XYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"_XYZ", b"gXYZ", 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_an_embedded_profile_is_converted_to_srgb(kind: str) -> None:
    data = encoded(Image.new("RGB", (32, 32), RED), kind, icc_profile=swapped_profile(), quality=100)
    assert close(decoded(data).getpixel((16, 16)), GREEN, 8)


def test_a_profile_leaves_transparency_alone_and_serves_palettes_too() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 100))
    assert close(decoded(encoded(image, "PNG", icc_profile=swapped_profile())).getpixel((1, 1)), (0, 255, 0, 100), 2)
    palette = Image.new("RGB", (4, 4), RED).quantize(2)
    assert close(decoded(encoded(palette, "PNG", icc_profile=swapped_profile())).getpixel((1, 1)), GREEN, 2)


def test_srgb_pixels_with_an_srgb_profile_stay_as_they_are() -> None:
    image = noise()
    with_profile = decoded(encoded(image, "PNG", icc_profile=SRGB))
    pairs = zip(with_profile.tobytes(), image.tobytes(), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= 1


def ink_profile() -> bytes:
    """Return a CMYK profile: no ink is white, full ink of the second colour alone is the green of Lab 46, -47, 48.

    An ICC version 2 lut8 from 4 inks over 2 grid points to Lab (ICC.1:2001-04, 6.5.7).
    """
    nodes = bytearray()
    for node in range(16):  # the last ink runs fastest
        lab = {0: (100, 0, 0), 0b0100: (46, -47, 48)}.get(node, (0, 0, 0))
        nodes += bytes([round(lab[0] * 2.55), lab[1] + 128, lab[2] + 128])
    identity = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    line = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + line * 4 + bytes(nodes) + line * 3
    table += bytes(-len(table) % 4)
    header = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", header, 0, 128 + 16 + len(table), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header[36:40] = b"acsp"
    struct.pack_into(">3i", header, 68, 63190, 65536, 54061)  # D50
    return bytes(header) + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


def test_a_cmyk_profile_is_used() -> None:
    for ink, colour in (((0, 0, 0, 0), WHITE), ((0, 255, 0, 0), (20, 128, 0))):
        image = Image.new("CMYK", (32, 32), ink)
        picture = decoded(encoded(image, "JPEG", quality=100, icc_profile=ink_profile()))
        assert close(picture.getpixel((16, 16)), colour, 20)


def grey_profile() -> bytes:
    return SRGB.replace(b"RGB ", b"GRAY", 1).replace(b"rTRC", b"kTRC", 1)


@pytest.mark.parametrize("profile", [b"broken", SRGB[:200], grey_profile(), ink_profile()], ids=len)
def test_a_profile_that_does_not_fit_leaves_the_pixels_as_they_are(profile: bytes) -> None:
    image = noise()
    assert decoded(encoded(image, "PNG", icc_profile=profile)).tobytes() == image.tobytes()


@pytest.mark.parametrize("profile", [SRGB, grey_profile()], ids=["rgb", "grey"])
def test_grey_pixels_take_a_grey_or_a_colour_profile(profile: bytes) -> None:
    data = encoded(Image.new("L", (4, 4), 99), "PNG", icc_profile=profile)
    assert close(decoded(data).getpixel((1, 1)), (99, 99, 99), 2)


def test_a_profile_whose_colour_space_has_no_name_is_passed_over() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"\xff\xc9\xff\xc9"
    assert in_srgb(Image.new("L", (1, 1), 200), bytes(profile)).getpixel((0, 0)) == (200, 200, 200)


def test_a_mistake_of_ours_is_not_taken_for_a_broken_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise TypeError("called in the wrong way")

    monkeypatch.setattr(ImageCms, "profileToProfile", mistaken)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with pytest.raises(TypeError, match="wrong way"):
        in_srgb(Image.new("RGB", (1, 1)), profile)
