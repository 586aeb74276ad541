"""Tiers: sizes, bytes, and what is kept out of them; adding one image to a sequence."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from core.domain.enums import Tier
from core.errors import ImageError, ImageRefused
from core.images.processor import ImageProcessor
from core.images.scanner import ImageScanner
from core.images.tasks import Tiers, check_image, encode_tiers, thumbnail

SHA = "ab" * 32
MARK = b"SecretMark"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(width: int, height: int, colour: Any = "red", mode: str = "RGB", kind: str = "PNG") -> bytes:
    return encoded(Image.new(mode, (width, height), colour), kind)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["WEBP"])
    image.load()
    return image


def sizes(data: bytes) -> list[tuple[int, int]]:
    tiers = encode_tiers(data)
    return [opened(tiers.data[tier]).size for tier in Tier]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1000, 500, [(1000, 500), (660, 330), (330, 165)]),
        (2000, 1000, [(2000, 1000), (1320, 660), (660, 330)]),
        (4000, 2000, [(2000, 1000), (1320, 660), (660, 330)]),
        (1, 1, [(1, 1), (1, 1), (1, 1)]),
        (1, 20_000, [(1, 16_383), (1, 10_813), (1, 5_406)]),
        (20_000, 2, [(16_383, 2), (10_813, 1), (5_406, 1)]),
        (40_000, 100, [(16_383, 41), (10_813, 27), (5_406, 14)]),
    ],
)
def test_sizes_of_the_tiers(width: int, height: int, expected: list[tuple[int, int]]) -> None:
    assert sizes(plain(width, height, 1, "1")) == expected


@pytest.mark.parametrize("size", [(1415, 1414), (1999, 1001), (3001, 1999), (1733, 2311)])
def test_high_never_has_more_than_two_million_pixels_and_keeps_its_shape(size: tuple[int, int]) -> None:
    (width, height), *_ = sizes(plain(*size, 1, "1"))
    assert 0.995 * 2_000_000 < width * height <= 2_000_000
    assert width / height == pytest.approx(size[0] / size[1], rel=0.002)


def test_the_sides_of_an_image_that_is_turned_are_limited_as_if_it_were_not() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert sizes(encoded(Image.new("L", (4000, 2000)), "JPEG", exif=exif.tobytes()))[0] == (1000, 2000)


def test_tiers_show_the_image_in_falling_quality() -> None:
    source = Image.merge("RGB", [Image.effect_noise((300, 200), 60) for _ in range(3)])
    tiers = encode_tiers(encoded(source))
    lengths = [len(tiers.data[tier]) for tier in Tier]
    assert lengths == sorted(lengths, reverse=True)
    assert list(Tier) == [Tier.HIGH, Tier.MEDIUM, Tier.LOW]
    solid = encode_tiers(plain(64, 64, (10, 200, 30)))
    for tier in Tier:
        red, green, blue = opened(solid.data[tier]).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        assert abs(red - 10) < 6 and abs(green - 200) < 6 and abs(blue - 30) < 6


def test_digests_are_those_of_the_bytes() -> None:
    tiers = encode_tiers(plain(8, 8))
    assert tiers.digests == {tier: hashlib.sha256(tiers.data[tier]).hexdigest() for tier in Tier}


def test_transparency_stays_in_every_tier_and_is_added_to_none() -> None:
    half = encode_tiers(plain(30, 30, (255, 0, 0, 128), "RGBA"))
    whole = encode_tiers(plain(30, 30, (255, 0, 0, 255), "RGBA"))
    for tier in Tier:
        picture = opened(half.data[tier])
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getextrema() == (128, 128)
        assert opened(whole.data[tier]).mode == "RGB"


def marked_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    for key in ("prompt", "workflow", "parameters"):
        text.add_text(key, MARK.decode())
    text.add_itxt("note", MARK.decode())
    text.add(b"prVt", MARK)
    text.add(b"zTXt", b"packed\0\0" + zlib.compress(MARK))
    text.add(b"prVu", MARK, after_idat=True)
    image = Image.new("RGBA", (20, 20), (9, 9, 9, 99))
    return encoded(image, pnginfo=text, exif=marked_exif(), icc_profile=SRGB + MARK) + MARK


def marked_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    exif[0x9286] = MARK
    return exif.tobytes()


def marked() -> dict[str, bytes]:
    image = Image.new("RGB", (20, 20), "blue")
    everything: dict[str, Any] = {"exif": marked_exif(), "xmp": b"<x>" + MARK + b"</x>", "icc_profile": SRGB + MARK}
    return {
        "png": marked_png(),
        "jpeg": encoded(image, "JPEG", comment=MARK, **everything) + MARK,
        "webp": encoded(image, "WEBP", **everything),
        "gif": encoded(image, "GIF", comment=MARK) + MARK,
        "bmp": encoded(image, "BMP") + MARK,
        "avif": encoded(image, "AVIF", **everything),
    }


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "avif"])
def test_nothing_but_pixels_gets_into_a_tier(kind: str) -> None:
    source = marked()[kind]
    assert MARK in source
    for tier_bytes in encode_tiers(source).data.values():
        assert MARK not in tier_bytes
        assert set(chunks(tier_bytes)) <= {b"VP8X", b"VP8 ", b"ALPH"}


def chunks(webp: bytes) -> list[bytes]:
    """Return the names of the chunks of a WebP file, and hold its outermost length to its real one."""
    assert webp[:4] == b"RIFF" and webp[8:12] == b"WEBP"
    assert struct.unpack("<I", webp[4:8])[0] == len(webp) - 8
    found, at = [], 12
    while at < len(webp):
        found.append(webp[at : at + 4])
        length = struct.unpack("<I", webp[at + 4 : at + 8])[0]
        at += 8 + length + length % 2
    return found


def test_two_threads_make_what_one_makes() -> None:
    images = [encoded(Image.effect_noise((200, 150), 40 + step)) for step in range(4)]
    images += [plain(120, 90, (255, 0, 0, 90 + step), "RGBA") for step in range(4)]
    alone = [encode_tiers(data) for data in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(encode_tiers, images * 3))
    assert together == alone * 3


@pytest.mark.parametrize("data", [b"", b"text", plain(9, 9)[:-20], plain(9, 9, kind="GIF")[:-3]])
def test_check_and_encode_refuse_alike(data: bytes) -> None:
    with pytest.raises(ImageRefused) as checked:
        check_image(data)
    with pytest.raises(ImageRefused) as tried:
        encode_tiers(data)
    with pytest.raises(ImageRefused) as drawn:
        thumbnail(data, 9, 9)
    assert str(checked.value) == str(tried.value) == str(drawn.value)


def test_check_takes_a_sound_image() -> None:
    check_image(plain(9, 9))


Calls = list[tuple[str, int, str, Tiers]]


def processor(root: Path, calls: Calls) -> ImageProcessor:
    scanner = ImageScanner(root, lambda: (0, []))
    return ImageProcessor(scanner, lambda *call: calls.append(call))


def test_promoting_hands_the_tiers_to_one_operation_and_returns_their_paths(tmp_path: Path) -> None:
    calls: Calls = []
    data = plain(9, 9)
    (tmp_path / "7_0.png").write_bytes(data)
    paths = processor(tmp_path, calls).promote_pending_image(tmp_path / "7_0.png", SHA, 3)
    assert calls == [(SHA, 3, hashlib.sha256(data).hexdigest(), encode_tiers(data))]
    assert paths == {
        tier: tmp_path / "images" / "ab" / SHA / f"{SHA}_3_{tier}.webp" for tier in ("high", "medium", "low")
    }
    assert not (tmp_path / "images").exists()


def test_what_the_operation_refuses_reaches_the_caller(tmp_path: Path) -> None:
    def taken(*_call: object) -> None:
        raise ImageError("seq 3 is taken")

    (tmp_path / "a.png").write_bytes(plain(9, 9))
    with pytest.raises(ImageError, match="taken"):
        ImageProcessor(ImageScanner(tmp_path, lambda: (0, [])), taken).promote_pending_image(
            str(tmp_path / "a.png"), SHA, 3
        )


@pytest.mark.parametrize("seq", [-1, True, 1.0, "1", None, 10**15])
def test_a_bad_seq_is_refused_before_anything_is_read(tmp_path: Path, seq: Any) -> None:
    with pytest.raises(ValueError):
        processor(tmp_path, []).promote_pending_image(tmp_path / "absent.png", SHA, seq)


@pytest.mark.parametrize("sha256", ["", SHA[:-1], SHA.upper(), f"{SHA}_1", "../" + SHA, "\u0661" * 64, None])
def test_a_bad_sha256_is_refused_before_anything_is_read(tmp_path: Path, sha256: Any) -> None:
    with pytest.raises(ValueError):
        processor(tmp_path, []).promote_pending_image(tmp_path / "absent.png", sha256, 0)


def test_a_link_half_a_file_or_none_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    calls: Calls = []
    (tmp_path / "real.png").write_bytes(plain(9, 9))
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    (tmp_path / "half.png").write_bytes(plain(9, 9)[:40])
    (tmp_path / "folder.png").mkdir()
    for name in ("link.png", "half.png", "folder.png", "absent.png", "\ud800.png"):
        with pytest.raises(ImageRefused):
            processor(tmp_path, calls).promote_pending_image(tmp_path / name, SHA, 0)
    assert calls == []


def test_staging_writes_each_tier_under_its_position(tmp_path: Path) -> None:
    tiers = processor(tmp_path, []).stage(plain(9, 9), tmp_path, 2)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "2_high": tiers.data[Tier.HIGH],
        "2_medium": tiers.data[Tier.MEDIUM],
        "2_low": tiers.data[Tier.LOW],
    }


def test_staging_writes_nothing_of_what_it_refuses_and_never_over_a_file(tmp_path: Path) -> None:
    with pytest.raises(ImageRefused):
        processor(tmp_path, []).stage(b"text", tmp_path, 0)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "0_high").write_bytes(b"other")
    with pytest.raises(FileExistsError):
        processor(tmp_path, []).stage(plain(9, 9), tmp_path, 0)
    assert (tmp_path / "0_high").read_bytes() == b"other"
