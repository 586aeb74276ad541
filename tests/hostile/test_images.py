"""Invalid or hostile image files all the way from the old database: each is refused by name, without side effects."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from core import Library
from core.domain.enums import Status, Tier
from tests.support.audit import Watched, audited_process
from tests.support.builders import (
    OldRow,
    digest,
    files,
    half_png,
    model_file,
    old_database,
    pending_of,
    png,
    sources,
    trash,
)

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
LIBRARY_SHA = "ab" * 32
SECRET = b"what nobody was asked to read"
MEMORY_MIB = 80  # that much the sound image and the tiers may take; 169 megapixels would be 169 at the very least


def bomb() -> bytes:
    """A PNG of 20 kB that would be 169 megapixels."""
    side = 13_000
    rows = zlib.compress((b"\0" + b"\0" * (side // 8)) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def eps() -> bytes:
    """An EPS, which Pillow hands to Ghostscript where it is let."""
    out = io.BytesIO()
    Image.frombytes("RGB", (8, 8), random.Random(1).randbytes(192)).save(out, "EPS")
    return out.getvalue()


@dataclass(frozen=True)
class BadImage:
    """A bad image: how it is made, why Stage 1 or a promotion refuses it, and whether it has bytes to bring along."""

    make: Callable[[Path], object]
    reason: str
    comes: bool = False


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _link_out(path: Path) -> None:
    path.symlink_to(path.parents[1] / "outside" / "secret.png")


def _fifo_out(path: Path) -> None:
    path.symlink_to(path.parents[1] / "outside" / "fifo")


def _half_jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 60).save(out, "JPEG")
    return out.getvalue()[: out.tell() // 2]


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)


BAD = {
    "link.png": BadImage(_link_out, "a symbolic link"),
    "fifo-link.png": BadImage(_fifo_out, "a symbolic link"),
    "proc.png": BadImage(lambda path: path.symlink_to("/proc/self/environ"), "a symbolic link"),
    "folder.png": BadImage(lambda path: path.mkdir(), "not a regular file"),
    "fifo.png": BadImage(os.mkfifo, "not a regular file"),
    "missing.png": BadImage(lambda path: None, "its file is missing"),
    "text.png": BadImage(_bytes(b"no image at all"), "not a known image format", comes=True),
    "half.png": BadImage(_bytes(half_png(4)), "damaged or cut short", comes=True),
    "half.jpg": BadImage(lambda path: path.write_bytes(_half_jpeg()), "damaged or cut short", comes=True),
    "bomb.png": BadImage(lambda path: path.write_bytes(bomb()), "more than 64 megapixels", comes=True),
    "eps.png": BadImage(lambda path: path.write_bytes(eps()), "not a known image format", comes=True),
    "zero.png": BadImage(lambda path: path.touch(), "an empty file", comes=True),
    "huge.png": BadImage(_sparse, "larger than 64 MiB"),
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An old manager's folder: two rows that name every bad image, and one sound one in the middle of them."""
    media, outside = tmp_path / "media", tmp_path / "outside"
    media.mkdir()
    outside.mkdir()
    (outside / "secret.png").write_bytes(png(99) + SECRET)
    os.mkfifo(outside / "fifo")
    for name, bad in BAD.items():
        bad.make(media / name)
    (media / "sound.png").write_bytes(png(1))
    stored = [f"../outside/{name}" for name in ("secret.png", "fifo")]
    stored += [f"/media/{name}" for name in BAD]
    stored.insert(len(stored) // 2, "sound.png")
    weights = model_file(tmp_path, "m.safetensors", WEIGHTS)
    rows = [OldRow(1, "/m/in-library", {"images": stored}, LIBRARY_SHA), OldRow(2, str(weights), {"images": stored})]
    return old_database(tmp_path / "old.sqlite3", rows)


PROMOTE = """
with Library.open(args[0]) as library:
    report = library.import_legacy(args[1], images_dir=args[2])
    look = library.queue.preview(2, None)
    outcome = library.processor.process_single_import(2)
    library.pictures.of_model(outcome.images[0].removesuffix(".webp"), 40, 40)
    answer = {
        "problems": [[problem.row, problem.reason] for problem in report.problems],
        "models": report.models, "pending": report.pending, "images": report.images,
        "status": outcome.status, "shown": list(outcome.images), "error": outcome.error,
        "refused": {one.image: one.reason for one in outcome.refused},
    }
"""


def worked_off(old: Path) -> Watched:
    """Take the old folder through Stage 1 and promote what it brought, watched."""
    return audited_process(PROMOTE, old.parent / "library", old, old.parent / "media")


def test_bad_images_are_refused_by_name_and_the_model_is_promoted_without_them(old: Path) -> None:
    answer = worked_off(old).answer
    assert (answer["models"], answer["pending"], answer["status"]) == (1, 1, "success"), answer
    for row in (1, 2):
        told = [reason for number, reason in answer["problems"] if number == row]
        for name, bad in BAD.items():
            wanted = bad.reason if not bad.comes or row == 1 or "half" not in name else ""
            if wanted:
                assert [reason.rpartition("/")[2] for reason in told].count(f"{name}: {wanted}") == 1, (name, told)
        assert not any("sound" in reason for reason in told)
    comes = [name for name, bad in BAD.items() if bad.comes]
    assert answer["images"] == 1 + 1 + len(comes)
    assert sorted(answer["refused"].values()) == sorted(BAD[name].reason for name in comes)
    with Library.open(old.parent / "library", readonly=True) as library:
        for sha256 in (SHA, LIBRARY_SHA):
            assert sources(library, sha256) == [(0, digest(png(1)))]
        assert answer["shown"] == [f"{SHA}_0.webp"]
        (kept,) = trash(library).values()
        assert len(kept) == 1 + len(comes), "what was refused is in the trash, with what was taken"


def test_nothing_outside_is_opened_nothing_started_and_memory_stays_bounded(old: Path) -> None:
    done = worked_off(old)
    assert done.started == []
    assert done.opened_below(old.parent / "outside") == set()
    media = old.parent / "media"
    assert {"sound.png", "half.png", "link.png"} <= done.opened_below(media)
    for path, flags in done.opened:
        if path.startswith(str(media)):  # of a stored "../outside/fifo" only the last component counts
            assert flags & os.O_NOFOLLOW and flags & os.O_NONBLOCK, path
            assert os.path.dirname(path) == str(media)
        assert path != "/proc/self/environ" and not path.endswith("outside/secret.png")
    for file in (old.parent / "library").rglob("*"):
        assert not file.is_file() or SECRET not in file.read_bytes(), file
    assert done.grown_mib < MEMORY_MIB


def test_the_watch_hears_what_it_is_there_for(tmp_path: Path) -> None:
    script = """
import subprocess, pickle
subprocess.run(["true"], check=True)
open(args[0], "wb").write(pickle.dumps(Library))
pickle.load(open(args[0], "rb"))
held = bytearray(200 * 1024 * 1024)
"""
    done = audited_process(script, tmp_path / "file")
    assert done.opened_below(tmp_path) == {"file"}
    assert done.started and done.unpickled == [["core.library", "Library"]]
    assert done.grown_mib > 150


def test_the_bomb_is_one(tmp_path: Path) -> None:
    data = bomb()
    assert len(data) < 25_000
    script = """
Image.MAX_IMAGE_PIXELS = None
Image.open(args[0]).load()
"""
    (tmp_path / "bomb.png").write_bytes(data)
    assert audited_process(script, tmp_path / "bomb.png").grown_mib > MEMORY_MIB


# Row 4 of the table: what must not be in any tier.
MARKS = {
    "prompt": b"a castle on a cliff, best quality, seed 1207",
    "workflow": b'{"nodes": [{"type": "KSampler", "id": 77}]}',
    "gps": b"GPS-area-of-home",
    "xmp": b"<x:xmpmeta>rating of mine</x:xmpmeta>",
    "icc": b"profile of a certain monitor",
}


def _marked(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x9286] = MARKS["prompt"]  # UserComment, where AUTOMATIC1111 keeps it
    exif[0x010F] = MARKS["workflow"].decode()  # Make, where ComfyUI keeps it in a WebP
    exif.get_ifd(0x8825)[28] = MARKS["gps"]
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MARKS["icc"]
    options: dict[str, object] = {"exif": exif.tobytes(), "icc_profile": icc}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("parameters", MARKS["prompt"].decode())
        text.add_text("workflow", MARKS["workflow"].decode())
        text.add_itxt("XML:com.adobe.xmp", MARKS["xmp"].decode())
        options["pnginfo"] = text
    else:
        options["xmp"] = MARKS["xmp"]
    out = io.BytesIO()
    Image.frombytes("RGB", (90, 60), random.Random(3).randbytes(90 * 60 * 3)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_what_an_image_says_beside_its_pixels_is_in_no_tier(library: Library, tmp_path: Path, kind: str) -> None:
    media = tmp_path / "media"
    media.mkdir()
    data = _marked(kind)
    assert kind == "PNG" or all(mark in data for mark in MARKS.values()), "an ICC profile is packed in a PNG"
    (media / "a.img").write_bytes(data)
    weights = model_file(tmp_path, "m", WEIGHTS)
    rows = [OldRow(1, "/m/a", {"images": ["a.img"]}, LIBRARY_SHA), OldRow(2, str(weights), {"images": ["a.img"]})]
    library.import_legacy(old_database(tmp_path / "old.sqlite3", rows), images_dir=media)
    assert [image.sha256 for image in pending_of(library, 2).images] == [digest(data)], "as it came, until promoted"
    assert library.processor.process_single_import(2).status is Status.SUCCESS
    names = files(library.root / "images")
    assert sum(name.endswith(".webp") for name in names) == 2 * len(Tier)
    for name in names:
        path = library.root / "images" / name
        if path.is_file():
            tier = path.read_bytes()
            assert not any(mark in tier for mark in MARKS.values())
            assert not any(chunk in tier for chunk in (b"EXIF", b"XMP ", b"ICCP", b"KSampler", b"castle")), name
